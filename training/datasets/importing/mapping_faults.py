"""Says what is wrong with a mapping in words that name the key and the way out."""

import difflib
import re
from collections.abc import Iterable, Sequence
from unicodedata import combining, normalize

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from risk_service.domain.text import LocalizedText
from training.words import NOTHING, fault, in_lines
from training.words.of_models import wrong_value

_MOST_SHOWN = 10
# What columns are called in Chinese, in the words that names are told by.
_CHINESE = {
    # The longer ones first: a word within a longer one would be taken out of it.
    "银行卡": "card", "信用卡": "card", "身份证": "person id", "收货人": "recipient",
    "订单号": "order id", "订单": "order", "交易": "transaction", "流水": "transaction",
    "对方": "counterparty",
    "编号": "id", "单号": "order id",
    "时间": "time", "日期": "date", "买家": "buyer", "卖家": "seller", "店铺": "shop",
    "商家": "merchant", "商户": "merchant", "用户": "user", "会员": "member", "客户": "customer",
    "设备": "device",
    "手机": "phone", "电话": "phone", "卡号": "card", "账号": "account", "账户": "account",
    "邮箱": "email", "地址": "address", "终端": "terminal", "金额": "amount", "价格": "price",
    "注册": "registration", "出生": "birth", "开户": "opening", "快递": "courier",
    "物流": "logistics", "类目": "category", "类别": "category", "品类": "category",
    "原因": "reason", "省份": "province", "城市": "city", "支付": "payment", "退款": "refund",
    "申请": "request", "商品": "goods", "数量": "quantity", "优惠券": "coupon",
    "渠道": "channel", "状态": "status", "公司": "company", "收货": "delivery",
    "标签": "label", "欺诈": "fraud", "刷单": "abuse", "作弊": "abuse", "违规": "abuse",
    "薅羊毛": "abuse", "恶意": "abuse", "虚假": "fake", "黄牛": "scalping", "拒付": "chargeback",
    "退货": "return", "取消": "cancel", "异常": "suspicious", "门店": "shop", "骑手": "courier",
    "优惠": "discount", "实付": "paid", "应付": "payable", "新客": "newcomer", "配送": "delivery",
    "时长": "duration", "分钟": "minutes", "下单": "order", "单价": "price", "姓名": "name",
    "酒店": "hotel", "客人": "guest", "旅客": "guest", "乘客": "passenger", "司机": "driver",
    "主播": "streamer", "观众": "viewer", "玩家": "player", "礼物": "gift", "房型": "room type",
    "间夜": "nights", "入住": "arrival", "离店": "departure", "总价": "total price",
    "总额": "total amount", "费用": "fee", "保单": "policy", "理赔": "claim", "积分": "points",
    "余额": "balance", "车牌": "plate", "投诉": "complaint", "代码": "code", "备注": "note",
    "币种": "currency", "货币": "currency",
    "邀请人": "inviter", "邀请": "invite", "指纹": "fingerprint", "券码": "coupon id",
    "面额": "amount", "领取": "received", "核销": "redeemed", "羊毛": "abuse", "主叫": "caller",
    "被叫": "callee", "结论": "verdict", "审核": "audit", "处理": "handling", "风险": "risk",
    "评分": "score", "评价": "review", "次数": "count", "年龄": "age", "性别": "sex",
}  # fmt: skip
# Keys of a time that people write beside `since`, whose own keys they are.
_OF_A_TIME = ("format", "unit", "origin", "zone")
_TABLE_TYPES = ("model_type", "model_attributes_type", "dict_type")


def explained(error: ValidationError, keys: Sequence[str]) -> LocalizedText:
    """Return one line per fault, at most ten, each naming its key.

    Parameters
    ----------
    keys
        Every key that may stand in the file.
    """
    # A union reports the fault once per alternative; one line per key is enough.
    lines: dict[str, LocalizedText] = {}
    for item in error.errors(include_url=False):
        where = _path(item["loc"])
        lines.setdefault(where, _line(where, item, keys))
    texts, more = list(lines.values()), len(lines) - _MOST_SHOWN
    return in_lines(texts[:_MOST_SHOWN] + ([fault("and_more", count=more)] if more > 0 else []))


def did_you_mean(name: str, known: Iterable[str]) -> LocalizedText:
    """Return "; did you mean 'x'?" for the nearest known name, or nothing."""
    folded = {other.strip().casefold(): other for other in known}
    near = difflib.get_close_matches(name.strip().casefold(), list(folded), n=1, cutoff=0.6)
    return fault("meant_value", value=folded[near[0]]) if near else NOTHING


def name_like(text: str) -> str:
    """Return the name of ours that is nearest to a text: ``e_mail`` for "E-Mail"."""
    name = "_".join(words_of(text))[:30].rstrip("_")
    return name if name[:1].isalpha() else f"x_{name}".rstrip("_")


def words_of(text: str) -> list[str]:
    """Return the words of a name, in lower case: ``customer id`` of "CustomerID" and "客户ID"."""
    for chinese, english in _CHINESE.items():
        text = text.replace(chinese, f" {english} ")
    # Letters without their marks: a name that loses them whole ("ger_te") is nobody's word.
    text = "".join(c for c in normalize("NFKD", text) if not combining(c)).replace("ß", "ss")
    parts = re.split(r"[^A-Za-z0-9]+|(?<=[a-z])(?=[A-Z])", text)
    return [part.lower() for part in parts if part]


def _line(where: str, item: ErrorDetails, keys: Sequence[str]) -> LocalizedText:
    kind, loc = item["type"], item["loc"]
    if kind == "extra_forbidden":
        return fault("no_such_key", where=where, advice=_meant(loc, keys))
    if kind == "missing":
        return fault("key_missing", where=where)
    if kind == "string_pattern_mismatch" and "[key]" in loc:
        return fault("name_form", where=where, near=name_like(str(loc[-2])))
    if kind in _TABLE_TYPES:
        return fault("no_table", where=where)
    text = wrong_value(item)
    return fault("at", where=where, text=text) if where else text


def _meant(loc: tuple[str | int, ...], keys: Sequence[str]) -> LocalizedText:
    name = str(loc[-1])
    if loc[0] == "numeric" and name in _OF_A_TIME:
        return fault("key_of_a_time", name=name)
    # Who wrote a key that there is needs no other spelling of it.
    return fault("key_of_another") if name in keys else did_you_mean(name, keys)


def _path(loc: tuple[str | int, ...]) -> str:
    names = [str(part) for part in loc if part != "[key]"]
    return ".".join(name for name in names if not name.startswith(("literal[", "function-")))
