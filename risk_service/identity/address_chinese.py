"""Grammar of Chinese addresses: prefix, base (street and number), building, unit, room.

The prefix (province, city, district, street office) is taken off the detail, because people
repeat it or not. What precedes the first building marker is the base. Kinds of marker are
dropped (``3栋`` = ``3幢`` = ``3号楼`` = ``3#``), and so is a floor that the room's number repeats.
"""

import re

from msgspec import Struct

from risk_service.identity.address_text import HAN, arabic_numerals, hyphenate, hyphenate_gaps
from risk_service.identity.regions import MUNICIPALITIES, leading_region

# No bracket inside a bracket: hostile rows of opening ones must not cost their square.
_BRACKETED = re.compile(r"[(\[【〔<{][^(\[【〔<{)\]】〕>}]*[)\]】〕>}]")
_CARRIES_PLACE = re.compile(r"[\da-z]|栋|幢|座|楼|区|院|期|单元|室|弄|号")
_NOISE = re.compile(r"[^\w#-]+|_+")
_COUNTRY = re.compile(r"中华人民共和国|中国")
_ETHNIC = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|拉祜|水|东乡|"
    "纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒|鄂温克|德昂|"
    "保安|裕固|独龙|鄂伦春|各"
)
_PLACE_SUFFIX = re.compile(
    f"(?<=[{HAN}][{HAN}])(?:(?:(?:{_ETHNIC})族)*自治[州县旗]|特别行政区|地区|林区|新区|[市区县盟旗州])$"
)
_NO_CITY = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"})
_CITY = re.compile(f"([{HAN}]{{2,8}}?)(?:市(?!场|口|民|政|中心)|自治州|地区|盟)")
_DISTRICT = re.compile(f"([{HAN}\\d]{{1,8}}?)(?:新区|区|县|旗|市(?!场|口|民|政|中心))")
_STREET_OFFICE = re.compile(f"[{HAN}]{{2,6}}?街道(?:办事处|办)?(?=.)")
_STREET_CHARS = re.compile(r"[路街道巷弄村号]")
_MARKER = re.compile(
    r"(?P<chain>[a-z]?\d+[a-z]?(?:[-#][a-z]?\d+[a-z]?)+)(?P<chain_mark>号楼|号|栋|幢|座|单元|室|房|户)?"
    r"|(?P<number>[a-z]?\d+[a-z]?|[a-z]|[东西南北中主副前后]|[甲乙丙丁戊])"
    r"(?P<mark>号楼|号栋|号院|号房|号室|#楼|号|栋|幢|座|#|单元|门|梯|层|楼|室|房|户|弄)"
    r"|(?P<bare>[a-z]?\d+[a-z]?)"
)
_BUILDING = frozenset({"号楼", "号栋", "栋", "幢", "座", "#", "#楼"})
_UNIT = frozenset({"单元", "门", "梯"})
_FLOOR = frozenset({"层", "楼"})
_ROOM = frozenset({"室", "房", "户", "号房", "号室"})
_HOUSE = frozenset({"号", "号院", "弄"})
# Street, house, building, unit and room with nothing else: most homes. The street may have a
# numeral in its name (文3路). One expression spares them the walk over the markers; a test holds
# both readings equal.
_NAME = r"[^\da-z#\-号楼栋幢座元门梯层室房户弄]"
_PLAIN = re.compile(
    rf"({_NAME}+(?:\d{{1,2}}{_NAME}*)?[路街道巷])(\d+)号院?"
    r"(\d+)(?:号楼|栋|幢|座)(?:(\d+)单元)?(\d{3,})室?"
)
_HOUSE_MARK = re.compile(r"(?<=[\da-z])(?:号院|号|弄)")
_STREET_END = ("路", "街", "道", "巷", "弄", "胡同", "段")
_FLOOR_LETTER = re.compile(r"(?<=\d)f(?![a-z])|(?<=\d)之(?=\d)")
_MAX_FLOOR_DIGITS = 2


class _Door(Struct):
    """What the markers behind the base say, while they are being read."""

    building: list[str] = []
    unit: str = ""
    floor: str = ""
    room: str = ""

    @property
    def begun(self) -> bool:
        return bool(self.building or self.unit or self.floor or self.room)


def chinese_keys(
    region: str, city: str, district: str, detail: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the parts of the building key and of the door key (empty without a room).

    Parameters
    ----------
    region
        Canonical name of the province, or the cleaned text when it is none.
    city, district
        Short names, see ``short_place``.
    detail
        Cleaned text, not empty.
    """
    text = _compact(detail)
    if not city and region in MUNICIPALITIES:
        city = region
    text, city, district = _strip_prefix(text, region, city, district)
    base, door = _parse_plain(text) or _parse(text)
    if city == region and city not in MUNICIPALITIES:
        city = ""
    building = (city or region, district, base, ".".join(door.building))
    if not door.room and not door.floor:
        return building, ()
    return building, (door.unit, _floor_unless_repeated(door), door.room)


def _compact(detail: str) -> str:
    if not detail.isalnum():  # most details are, and need none of this
        text = _BRACKETED.sub(_keep_place, detail)
        detail = _NOISE.sub("", hyphenate_gaps(hyphenate(text)))
    text = arabic_numerals(detail)
    return _FLOOR_LETTER.sub(_write_out, text) if "f" in text or "之" in text else text


def _write_out(match: re.Match[str]) -> str:
    return "层" if match.group() == "f" else "-"


def _keep_place(match: re.Match[str]) -> str:
    """Drop a bracket such as （放门口）, keep one such as （东区3号楼）."""
    inner = match.group()[1:-1]
    return inner if _CARRIES_PLACE.search(inner) else ""


def short_place(name: str) -> str:
    """Return the short name of a city or district: 朝阳区 and 朝阳 are one."""
    text = arabic_numerals(name if name.isalnum() else _NOISE.sub("", name))
    return "" if text in _NO_CITY else _PLACE_SUFFIX.sub("", text)


def _strip_prefix(text: str, region: str, city: str, district: str) -> tuple[str, str, str]:
    match = _COUNTRY.match(text) if text.startswith("中") else None
    if match:
        text = text[match.end() :]
    text = _strip_region(text, city, district)
    text, city = _strip_place(text, city, _CITY)
    if not city and region in MUNICIPALITIES:
        city = region
    text, district = _strip_place(text, district, _DISTRICT)
    match = _STREET_OFFICE.match(text) if "街道" in text else None
    if match and not _STREET_CHARS.search(match.group()[: match.group().index("街道")]):
        text = text[match.end() :]
    return text, city, district


def _strip_region(text: str, city: str, district: str) -> str:
    """Take a leading province off, unless it is the name of a street (北京路, 上海中路)."""
    name, spelling = leading_region(text)
    if not name:
        return text
    rest = text[len(spelling) :]
    if spelling != name or _begins_with(rest, city) or _begins_with(rest, district):
        return rest
    for pattern in (_CITY, _DISTRICT):
        match = pattern.match(rest)
        if match and not _STREET_CHARS.search(match.group()):
            return rest
    return text


def _begins_with(text: str, place: str) -> bool:
    return bool(place) and text.startswith(place)


def _strip_place(text: str, known: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    """Take a city or district off; learn it from the text only when the shop sent none."""
    match = pattern.match(text)
    found = match is not None and not _STREET_CHARS.search(match.group(1))
    if match is not None and found and known in ("", short_place(match.group())):
        return text[match.end() :], known or short_place(match.group())
    if len(known) > 1 and text.startswith(known) and not _names_street(text[len(known) :]):
        return text[len(known) :], known
    return text, known


def _names_street(rest: str) -> bool:
    """Tell whether the place's name goes on as the name of a street: 朝阳北路, 海淀南大街."""
    return re.match(r"[东西南北中前后内外新老]?(?:[大小]?[路街道巷]|胡同|\d)", rest) is not None


def _parse_plain(text: str) -> tuple[str, _Door] | None:
    match = _PLAIN.fullmatch(text)
    if match is None:
        return None
    street, house, building, unit, room = match.groups("")
    return street + house, _Door(building=[building], unit=unit, room=room)


def _parse(text: str) -> tuple[str, _Door]:
    door = _Door()
    base_end = 0
    for match in _MARKER.finditer(text):
        if door.room:
            break
        kind = match.lastgroup
        before = text[: match.start()]
        if match["chain"]:
            base_end = _read_chain(door, match, before, base_end)
        elif kind == "mark":
            base_end = _read_marked(door, match, base_end)
        else:
            base_end = _read_bare(door, match, before, base_end)
    return _base(text, base_end, door), door


def _base(text: str, base_end: int, door: _Door) -> str:
    base = text[:base_end] if door.begun or base_end else text
    # 88号 = 88号院 = 88; the hyphen keeps 5弄3号 apart from 53号.
    return _HOUSE_MARK.sub("-", base).strip("-#")


def _read_marked(door: _Door, match: re.Match[str], base_end: int) -> int:
    number, mark = match["number"], match["mark"]
    if not door.begun and mark in _HOUSE:
        return match.end()
    start = base_end if door.begun else match.start()
    if mark in _BUILDING:
        door.building.append(number)
    elif mark in _UNIT:
        _read_unit(door, number)
    elif mark in _FLOOR:
        _read_floor(door, number)
    elif mark in _ROOM or (mark in _HOUSE and door.begun):
        door.room = number
    return start


def _read_unit(door: _Door, number: str) -> None:
    """Stairways lead into buildings, so what looked like a floor before one was a building."""
    if door.floor and not door.building:
        door.building.append(door.floor)
        door.floor = ""
    door.unit = number


def _read_floor(door: _Door, number: str) -> None:
    """Tell a floor from a building: 南楼, a楼 and 325楼 are buildings."""
    if number.isdigit() and len(number) <= _MAX_FLOOR_DIGITS:
        door.floor = number
    else:
        door.building.append(number)


def _read_chain(door: _Door, match: re.Match[str], before: str, base_end: int) -> int:
    """Read ``3-2-501``: building, unit, room, as far as they are not known yet."""
    numbers = re.split(r"[-#]", match["chain"])
    start = base_end if door.begun else match.start()
    if not door.begun and before.endswith(_STREET_END):
        # Behind a street the first number is the house.
        start += len(numbers.pop(0))
    if match["chain_mark"] in _BUILDING:
        door.building.extend(numbers)
        return start
    if match["chain_mark"] == "单元":
        *buildings, door.unit = numbers
        door.building.extend(buildings)
        return start
    *front, door.room = numbers
    if front and not door.building:
        door.building.append(front.pop(0))
    if front and not door.unit:
        door.unit = front.pop(0)
    if front:
        door.floor = ".".join(front)
    return start


def _read_bare(door: _Door, match: re.Match[str], before: str, base_end: int) -> int:
    """Read a number without a marker: a house behind a street, else a room or a building."""
    number = match["bare"]
    if door.begun:
        door.room = number
        return base_end
    if before.endswith(_STREET_END) or match.end() != len(match.string):
        return base_end
    if (base_end == match.start() and base_end) or len(number) >= 3:
        door.room = number
    else:
        door.building.append(number)
    return match.start()


def _floor_unless_repeated(door: _Door) -> str:
    if not door.floor:
        return ""
    digits = re.sub(r"\D", "", door.room)
    return "" if len(digits) >= 3 and digits.startswith(door.floor) else door.floor
