"""Addresses: equal places, different doors."""

import pytest

from risk_service.identity.address import Address, parse_address

REFERENCE = "建国路88号3号楼2单元501室"


def _in_chaoyang(detail: str) -> Address:
    return parse_address("北京市", "北京市", "朝阳区", detail, "")


def _in_london(detail: str) -> Address:
    return parse_address("", "London", "", detail, "SW1A 1AA")


@pytest.mark.parametrize(
    "detail",
    [
        "建国路88号3栋2单元501室",
        "建国路88号3幢2单元501",
        "建国路88号3#楼2单元501室",
        "建国路88号3#2单元501室",
        "建国路88号院3号楼2单元501室",
        "建國路88號3號樓2單元501室",
        "建国路８８号３号楼２单元５０１室",
        "建国路88号三号楼二单元五〇一室",
        "建国路88号三号楼二单元五零一室",
        "建国路88号3号楼2单元五百零一室",
        "建国路88号3号楼2单元5层501室",
        "建国路88号3号楼2单元5楼501",
        "建国路88号3号楼2单元5F501",
        "建国路88号3-2-501",
        "建国路88号3—2—501室",
        "建国路88-3-2-501",
        "建国路 88号 3号楼 2单元 501室",
        "建国路88号，3号楼，2单元，501室",
        "建国路88号3号楼2-501",
        "建国路88号3号楼2门501",
        "建国路88号3号楼2单元501房",
        "建国路88号3号楼2单元501室（放门口）",
        "建国路88号3号楼2单元501室[请勿按铃]",
        "朝阳区建国路88号3号楼2单元501室",
        "北京市朝阳区建国路88号3号楼2单元501室",
        "北京朝阳建国路88号3号楼2单元501室",
        "北京朝阳区建国路88号3号楼2单元501室",
        "中国北京市朝阳区建国路88号3号楼2单元501室",
        "北京市朝阳区望京街道建国路88号3号楼2单元501室",
        "朝阳区望京街道办事处建国路88号3号楼2单元501室",
        "建国路88号\u200b3号楼\u202e2单元501室",
        "建国路88号\x003号楼2单元501室",
    ],
)
def test_spellings_of_one_door_are_one(detail: str) -> None:
    """Traditional, full-width, numerals, markers, prefixes, notes: the door stays the same."""
    assert _in_chaoyang(detail) == _in_chaoyang(REFERENCE)


@pytest.mark.parametrize(
    ("detail", "same"),
    [
        ("建国路88号3之501", "建国路88号3-501"),
        ("建国路88号8栋12f", "建国路88号8栋12层"),
        # A floor before a stairway was a building; so are a name and more than two digits.
        ("幸福小区3楼2单元501室", "幸福小区3栋2单元501室"),
        ("幸福小区南楼501室", "幸福小区南栋501室"),
        ("幸福小区325楼501室", "幸福小区325栋501室"),
        ("幸福小区1-2栋501室", "幸福小区1栋2栋501室"),
        ("幸福小区1-2单元501室", "幸福小区1栋2单元501室"),
        ("幸福小区3-2-5-801", "幸福小区3栋2单元5层801室"),
        # A number by itself: a room from three digits on, or behind a house; else a building.
        ("幸福小区501", "幸福小区501室"),
        ("幸福小区12", "幸福小区12栋"),
        ("建国路88", "建国路88号"),
        ("建国路88号12", "建国路88号12室"),
    ],
)
def test_short_forms_mean_what_is_written_out(detail: str, same: str) -> None:
    """Floor, building, stairway and room are told apart without their markers too."""
    assert _in_chaoyang(detail) == _in_chaoyang(same)


def test_short_forms_are_kept_apart() -> None:
    """A building alone has no door, and no two of them are one."""
    details = (
        "幸福小区12",
        "幸福小区13",
        "幸福小区12号",
        "幸福小区501",
        "幸福小区南楼",
        "幸福小区1-2栋",
    )
    found = [_in_chaoyang(one) for one in details]
    assert len({(one.building, one.door) for one in found}) == len(details)
    assert [bool(one.door) for one in found] == [False, False, False, True, False, False]


def test_a_city_is_learnt_from_the_text_and_never_the_province() -> None:
    """With or without it in its field or before the street, an address is one."""
    told = parse_address("广东省", "广州市", "天河区", "天河路1号2栋301室", "")
    learnt = parse_address("广东省", "", "", "广州市天河区天河路1号2栋301室", "")
    again = parse_address("广东省", "广州市", "天河区", "广东省广州市天河区天河路1号2栋301室", "")
    assert told == learnt == again
    capital = parse_address("上海市", "", "浦东新区", "世纪大道100号8栋1201室", "")
    assert capital == parse_address("上海市", "上海市", "浦东新区", "世纪大道100号8栋1201室", "")


@pytest.mark.parametrize(
    "detail",
    [
        "建国路88号3号楼2单元502室",
        "建国路88号3号楼1单元501室",
        "建国路88号4号楼2单元501室",
        "建国路89号3号楼2单元501室",
        "建国路8号83号楼2单元501室",
        "建国北路88号3号楼2单元501室",
        "建国路88号3号楼2单元15层01室",
        "建国路88号23号楼501室",
        "建国路88号A座2单元501室",
    ],
)
def test_other_doors_differ(detail: str) -> None:
    """No two doors share a key."""
    assert _in_chaoyang(detail).door != _in_chaoyang(REFERENCE).door


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("宿舍5楼501", "宿舍6楼501"),
        ("中山路100弄5号501室", "中山路100弄6号501室"),
        ("中山路5弄3号501室", "中山路53号501室"),
        ("阳光花园3-2-501", "阳光花园32-501"),
        ("甲3号楼501", "乙3号楼501"),
        ("国际大厦A座1201", "国际大厦B座1201"),
        ("十二号楼501", "二号楼501"),
        ("3号楼1层12室", "3号楼12室"),
    ],
)
def test_near_doors_differ(left: str, right: str) -> None:
    """Floors, lanes and letters tell doors apart."""
    assert _in_chaoyang(left).door != _in_chaoyang(right).door


def test_doors_of_one_building_share_it() -> None:
    """Two rooms are two doors of one building."""
    left, right = _in_chaoyang(REFERENCE), _in_chaoyang("建国路88号3-1-203")
    assert left.building == right.building
    assert left.door != right.door


@pytest.mark.parametrize("detail", ["建国路88号3号楼", "建国路88号", "丰巢快递柜"])
def test_an_address_without_a_room_has_no_door(detail: str) -> None:
    """A building alone is no door, so its inhabitants are not taken for one household."""
    assert _in_chaoyang(detail).door == ""
    assert _in_chaoyang(detail).building != ""


@pytest.mark.parametrize(
    ("structured", "detail"),
    [
        (("广东", "深圳", "南山"), "科技园路5号2栋301"),
        (("广东省", "深圳市", "南山区"), "深圳市南山区科技园路5号2栋301"),
        (("", "深圳市", "南山区"), "广东省深圳市南山区科技园路5号2栋301"),
        (("", "", ""), "广东省深圳市南山区科技园路5号2栋301"),
        (("廣東省", "深圳市", "南山區"), "科技園路5號2棟301"),
    ],
)
def test_places_may_stand_in_fields_or_in_the_detail(
    structured: tuple[str, str, str], detail: str
) -> None:
    """Shops fill the fields differently; the place is the same."""
    expected = parse_address("广东省", "深圳市", "南山区", "科技园路5号2号楼301室", "518000")
    found = parse_address(*structured, detail, "")
    assert (found.building, found.door) == (expected.building, expected.door)


@pytest.mark.parametrize("street", ["北京路", "上海中路", "朝阳北路", "河南南路"])
def test_a_street_named_after_a_place_keeps_its_name(street: str) -> None:
    """A province or district in a street's name is no prefix."""
    assert street in _in_chaoyang(f"{street}5号").building


@pytest.mark.parametrize(
    "detail",
    [
        "25 High St, Apt 3",
        "25 high street #3",
        "Apt #3, 25 High St.",
        "Unit 3, 25 High Street, London",
        "FLAT 3  25 HIGH STREET LONDON SW1A 1AA",
        "Ｆｌａｔ ３, 25 High Street",
        "25 High Street, Flat3",
    ],
)
def test_spellings_of_a_western_door_are_one(detail: str) -> None:
    """Abbreviations, order and repeated places do not change a western door."""
    assert _in_london(detail) == _in_london("Flat 3, 25 High Street")


@pytest.mark.parametrize(
    "detail", ["Flat 4, 25 High Street", "Flat 3, 26 High Street", "Flat 3, 25 Low Street"]
)
def test_other_western_doors_differ(detail: str) -> None:
    """Flat, house and street each tell doors apart."""
    assert _in_london(detail).door != _in_london("Flat 3, 25 High Street").door


def test_accents_and_german_streets_are_one() -> None:
    """``Müllerstr.`` is ``Mullerstraße``."""
    left = parse_address("", "Berlin", "", "Müllerstr. 12", "13353")
    assert left == parse_address("", "Berlin", "", "Mullerstraße 12", "13353")


@pytest.mark.parametrize(
    ("region", "city", "expected"),
    [
        ("北京市", "", "北京"),
        ("內蒙古自治區", "呼和浩特", "内蒙古"),
        ("Guangdong", "Shenzhen", "广东"),
        ("", "上海市", "上海"),
        ("Kent", "Dover", ""),
        ("建国路88号张三", "", ""),
    ],
)
def test_a_region_comes_from_the_closed_list(region: str, city: str, expected: str) -> None:
    """What a customer typed into the region is never passed on."""
    assert parse_address(region, city, "", "5 Road", "").region == expected


@pytest.mark.parametrize("detail", ["", " \u200b", "-", "\U0001b2fc", "北京市朝阳区", "501室"])
def test_nothing_to_key_gives_no_keys(detail: str) -> None:
    """A city alone, or a room of no building, would make strangers one household."""
    address = _in_chaoyang(detail)
    assert (address.building, address.door) == ("", "")


@pytest.mark.parametrize(
    "detail",
    [
        "世纪大道1**号8栋12**室",
        "***号***室",
        "世纪大道100号8栋＊＊室",
        "12** Main St",
        "1 Main St Apt 4**",
    ],
)
def test_masked_numbers_give_no_keys(detail: str) -> None:
    """All whose numbers are hidden alike would be one household."""
    address = parse_address("上海市", "上海市", "浦东新区", detail, "")
    assert (address.building, address.door) == ("", "")


def test_a_star_beside_the_numbers_hides_nothing() -> None:
    """Decoration does not take an address out of its household."""
    plain = parse_address("上海市", "上海市", "浦东新区", "世纪大道100号8栋1201室", "")
    starred = parse_address("上海市", "上海市", "浦东新区", "**世纪大道100号8栋1201室*急*", "")
    assert starred == plain
