"""Invented addresses and IP blocks: real cities, made-up streets, many spellings.

An address is a row of numbers; it becomes text only when the world is written. The
same door is typed in several ways, as customers do.
"""

import numpy as np

from training.simulate.arrays import Array, chance, mix

# (region, city, districts, first digits of the postcode, weight)
CITIES: tuple[tuple[str, str, tuple[str, ...], str, float], ...] = (
    ("北京市", "北京市", ("朝阳区", "海淀区", "丰台区", "通州区"), "1000", 7.0),
    ("上海市", "上海市", ("浦东新区", "徐汇区", "闵行区", "杨浦区"), "2000", 8.0),
    ("广东省", "广州市", ("天河区", "白云区", "番禺区", "越秀区"), "5100", 7.0),
    ("广东省", "深圳市", ("南山区", "宝安区", "龙岗区", "福田区"), "5180", 8.0),
    ("浙江省", "杭州市", ("西湖区", "余杭区", "滨江区", "萧山区"), "3100", 6.0),
    ("浙江省", "义乌市", ("稠城街道", "北苑街道", "江东街道"), "3220", 2.0),
    ("浙江省", "宁波市", ("鄞州区", "海曙区", "江北区"), "3150", 3.0),
    ("江苏省", "南京市", ("鼓楼区", "江宁区", "秦淮区"), "2100", 4.0),
    ("江苏省", "苏州市", ("姑苏区", "吴中区", "虎丘区"), "2150", 5.0),
    ("四川省", "成都市", ("武侯区", "锦江区", "郫都区", "双流区"), "6100", 6.0),
    ("重庆市", "重庆市", ("渝北区", "沙坪坝区", "南岸区"), "4000", 4.0),
    ("湖北省", "武汉市", ("洪山区", "江汉区", "武昌区"), "4300", 4.0),
    ("湖南省", "长沙市", ("岳麓区", "雨花区", "开福区"), "4100", 3.0),
    ("陕西省", "西安市", ("雁塔区", "碑林区", "长安区"), "7100", 3.5),
    ("河南省", "郑州市", ("金水区", "二七区", "中原区"), "4500", 3.5),
    ("山东省", "青岛市", ("市南区", "崂山区", "黄岛区"), "2660", 3.0),
    ("山东省", "济南市", ("历下区", "市中区", "历城区"), "2500", 2.5),
    ("福建省", "厦门市", ("思明区", "湖里区", "集美区"), "3610", 2.5),
    ("福建省", "莆田市", ("荔城区", "城厢区"), "3511", 1.5),
    ("安徽省", "合肥市", ("蜀山区", "包河区", "庐阳区"), "2300", 2.5),
    ("辽宁省", "沈阳市", ("和平区", "沈河区", "铁西区"), "1100", 2.0),
    ("天津市", "天津市", ("南开区", "河西区", "滨海新区"), "3000", 2.5),
    ("云南省", "昆明市", ("五华区", "盘龙区", "官渡区"), "6500", 2.0),
    ("黑龙江省", "哈尔滨市", ("南岗区", "道里区", "香坊区"), "1500", 2.0),
)
CITY_WEIGHT: Array = np.array([row[4] for row in CITIES]) / sum(row[4] for row in CITIES)
STREETS = tuple(
    head + tail
    for head in (
        *("人民", "中山", "解放", "建设", "和平", "文化", "学院", "东风", "长江", "黄河"),
        *("新华", "光明", "胜利", "花园", "湖滨", "江南", "文三", "科技", "创业", "迎宾"),
        *("滨河", "育才", "青年", "朝晖", "友谊", "团结", "金桥", "国泰", "兴业", "翠园"),
    )
    for tail in ("路", "东路", "西路", "大道", "街")
)
HOUSE, DORMITORY, OFFICE = 0, 1, 2
SPELLINGS = 6

_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_TRADITIONAL = str.maketrans(
    "号楼单东学园华宾兴业创设国桥寓阳厦结", "號樓單東學園華賓興業創設國橋寓陽廈結"
)
_FIRST_OCTETS: Array = np.array(
    [36, 39, 42, 58, 59, 60, 61, 101, 106, *range(110, 126), 171, 175, 180, 182, 183, 202, 220]
)
V6_FLAG = 1 << 40
MOBILE_EXITS = 40


class AddressBook:
    """All addresses of the world; an address is its row number."""

    FIELDS = ("city", "district", "street", "number", "building", "unit", "room", "kind")

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._parts: list[Array] = []
        self.size = 0

    def new(self, city: Array, kind: int = HOUSE) -> Array:
        """Add one new place in each given city; return the new rows."""
        n, rng = city.size, self._rng
        floor, flat = rng.integers(1, 19, n), rng.integers(1, 5, n)
        rows = np.stack(
            [
                city,
                rng.integers(0, 12, n),
                rng.integers(0, len(STREETS), n),
                rng.integers(1, 999, n),
                rng.integers(1, 31, n),
                rng.integers(1, 5, n),
                floor * 100 + flat,
                np.full(n, kind),
            ],
            axis=1,
        )
        return self._append(rows)

    def rooms(self, address: Array) -> Array:
        """Add for each address another room of the same building; return the new rows."""
        rows = self.table()[address].copy()
        n = address.size
        rows[:, 6] = self._rng.integers(1, 19, n) * 100 + self._rng.integers(1, 40, n)
        return self._append(rows)

    def _append(self, rows: Array) -> Array:
        self._parts.append(rows.astype(np.int32))
        self.size += rows.shape[0]
        return np.arange(self.size - rows.shape[0], self.size)

    def table(self) -> Array:
        """Return all rows, shape (n, 8), columns as in ``FIELDS``."""
        self._parts = [np.concatenate(self._parts)]
        return self._parts[0]


def spelled(row: Array, spelling: int) -> str:
    """Return the detail text of one address row in one of the spellings."""
    _, _, street, number, building, unit, room, kind = (int(value) for value in row)
    place = f"{STREETS[street]}{number}号"
    if kind == DORMITORY:
        text = f"{place}大学城学生公寓{building}号楼{room}室"
        short = f"{place}大学城学生公寓{building}-{room}"
    elif kind == OFFICE:
        text = f"{place}国际大厦{building}号楼{room}室"
        short = f"{place}国际大厦{building}-{room}"
    else:
        text = f"{place}{building}号楼{unit}单元{room}室"
        short = f"{place}{building}-{unit}-{room}"
    if spelling == 1:
        return short
    if spelling == 2:
        return text.translate(_FULL_WIDTH)
    if spelling == 3:
        return text.translate(_TRADITIONAL)
    if spelling == 4:
        return text.replace("号楼", "栋 ").replace("单元", "单元 ")
    return text.removesuffix("室") if spelling == 5 else text


def home_block(seed: int, household: Array) -> Array:
    """Return a /24 (as int, last octet 0) for each household; one in twelve is IPv6."""
    word = mix(seed, "home block", household)
    first = _FIRST_OCTETS[(word % np.uint64(_FIRST_OCTETS.size)).astype(np.int64)]
    middle = ((word >> np.uint64(8)) % np.uint64(65536)).astype(np.int64)
    v6 = (word >> np.uint64(32)) % np.uint64(12) == 0
    block: Array = (first << 24 | middle << 8) + np.where(v6, V6_FLAG, 0)
    return block


def home_ip(seed: int, block: Array, day: Array) -> Array:
    """Return today's address inside the block: providers renew it every few weeks."""
    period = (day + (block >> 8) % 37) // 37
    last = 1 + (chance(seed, "home last octet", block * 64 + period) * 253).astype(np.int64)
    ip: Array = block + last
    return ip


def mobile_ip(rng: np.random.Generator, city: Array) -> Array:
    """Return an exit of the city's mobile carrier, shared by everybody there (CGNAT)."""
    pool = city * MOBILE_EXITS + (rng.beta(0.8, 1.6, city.size) * MOBILE_EXITS).astype(np.int64)
    word = mix(0, "carrier exits", pool)
    # One /24 for each quarter of a city's exits, in the carrier's own ranges.
    block = mix(0, "carrier block", pool // 10)
    ip: Array = (
        (np.int64(223) << 24)
        | ((block % np.uint64(65536)).astype(np.int64) << 8)
        | (word % np.uint64(254)).astype(np.int64)
    )
    return ip


def ip_text(ip: int) -> str:
    """Return the address as text: IPv4, or IPv6 when the flag is set."""
    low = ip & 0xFFFFFFFF
    if ip & V6_FLAG:
        prefix = f"2409:8a{low >> 24:02x}:{low >> 16 & 0xFF:x}:{(low >> 8 & 0xFF) << 8:x}"
        return f"{prefix}::{low & 0xFF:x}"
    return f"{low >> 24}.{low >> 16 & 0xFF}.{low >> 8 & 0xFF}.{low & 0xFF}"
