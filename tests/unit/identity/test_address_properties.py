"""Properties of addresses over many doors and many ways to write them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.identity.address import Address, parse_address
from risk_service.identity.address_chinese import _parse as _parse_markers
from risk_service.identity.address_chinese import _parse_plain

STREETS = ("建国路", "中山北路", "人民大街", "解放巷", "北京路", "三里屯路", "五一大道", "经三路")
NUMERALS = "零一二三四五六七八九"
Door = tuple[str, int, int, int, int]
doors = st.tuples(
    st.sampled_from(STREETS),
    st.integers(1, 999),
    st.integers(1, 40),
    st.integers(1, 6),
    st.integers(101, 3909),
)


def _parse(detail: str) -> Address:
    return parse_address("四川省", "成都市", "武侯区", detail, "")


def _plain(door: Door) -> str:
    street, number, building, unit, room = door
    return f"{street}{number}号{building}号楼{unit}单元{room}室"


def _chinese(number: int) -> str:
    """Return a number below 100 as people write it: 3 三, 12 十二, 30 三十."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else NUMERALS[tens] + "十")
    return head + (NUMERALS[ones] if ones or not tens else "")


def _spellings(door: Door) -> list[str]:
    street, number, building, unit, room = door
    plain = _plain(door)
    digits = "".join(NUMERALS[int(digit)] for digit in str(room))
    return [
        f"{street}{number}号{building}-{unit}-{room}",
        f"{street}{number}号院{building}栋{unit}单元{room}",
        f"{street}{number}号{_chinese(building)}幢{_chinese(unit)}单元{digits}室",
        f"成都市武侯区{plain}",
        f"四川成都武侯{plain}",
        plain.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        plain.replace("号", "號").replace("楼", "樓").replace("单", "單"),
        f"{plain}（送货前打电话）",
    ]


@settings(deadline=None, max_examples=150)
@given(door=doors)
def test_every_spelling_of_a_door_is_that_door(door: Door) -> None:
    """Eight ways to write a door give one key."""
    expected = _parse(_plain(door))
    assert expected.door
    for spelling in _spellings(door):
        assert _parse(spelling) == expected, spelling


@settings(deadline=None, max_examples=500)
@given(
    text=st.one_of(
        doors.map(_plain),
        st.lists(
            st.sampled_from(
                ("路", "街", "道", "建国", "文3路", "东", "甲", "a", "-", "8", "12", "501", "号",
                 "号院",
                 "号楼", "栋", "座", "单元", "室", "楼", "层", "3号楼", "2单元", "1203室",
                 "中山路88号")
            ),
            max_size=9,
        ).map("".join),
    )
)  # fmt: skip
def test_the_short_way_reads_what_the_long_way_reads(text: str) -> None:
    """An address that the one expression takes would be parsed the same without it."""
    short = _parse_plain(text)
    assert short is None or short == _parse_markers(text)


@settings(deadline=None, max_examples=300)
@given(left=doors, right=doors)
def test_two_doors_never_share_a_key(left: Door, right: Door) -> None:
    """Keys are equal only where street, number, building, unit and room are."""
    same = _parse(_plain(left)).door == _parse(_plain(right)).door
    assert same == (left == right)


@settings(deadline=None, max_examples=150)
@given(door=doors, position=st.integers(0, 30), noise=st.sampled_from(" \u200b\u202e\x00\ufe0f　"))
def test_invisible_characters_change_nothing(door: Door, position: int, noise: str) -> None:
    """Blanks and controls anywhere in front of the marks leave the door as it is."""
    plain = _plain(door)
    # Inside a number a visible blank parts it, as it would for a postman.
    position = min(position, len(door[0]))
    assert _parse(plain[:position] + noise + plain[position:]) == _parse(plain)


@settings(deadline=None, max_examples=150)
@given(number=st.integers(1, 300), flat=st.integers(1, 99))
def test_western_spellings_of_a_door_are_that_door(number: int, flat: int) -> None:
    """Five ways to write a flat give one key, another flat another."""
    spellings = (
        f"Flat {flat}, {number} High Street",
        f"{number} High St, Apt {flat}",
        f"{number} HIGH ST #{flat}",
        f"{number} High Street Unit {flat} London",
        f"{number} high street, apt. {flat}",
    )
    keys = {parse_address("", "London", "", text, "SW1A 1AA") for text in spellings}
    assert len(keys) == 1
    other = parse_address("", "London", "", f"Flat {flat + 1}, {number} High Street", "SW1A 1AA")
    assert other not in keys
