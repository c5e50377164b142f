"""How measures and windows of limits are called, in English and Chinese."""

from risk_service.domain.grant import Measure
from risk_service.limits.count_per import CountPer

_MEASURES_ZH = {
    Measure.UNITS: "件",
    Measure.ORDERS: "单",
    Measure.AMOUNT: "分（金额）",
    Measure.DISCOUNT: "分（优惠）",
    Measure.REDEMPTIONS: "次核销",
    Measure.DRAWS: "次抽奖",
    Measure.REWARDS: "次奖励",
}
_COUNT_PER_ZH = {
    CountPer.SKU: " SKU ",
    CountPer.SPU: "商品（SPU）",
    CountPer.CATEGORY: "类目",
    CountPer.SELLER: "商家",
    CountPer.CAMPAIGN: "活动",
    CountPer.PROMOTION_TYPE: "促销类型",
}
_WINDOW_ZH = {
    "per_order": "每单",
    "session": "开抢场次",
    "campaign": "活动",
    "lifetime": "终身",
    "rolling": "滚动",
    "calendar": "自然",
    "hour": "小时",
    "day": "日",
    "week": "周",
    "month": "月",
    "from": "起于",
}


def measure_text(measure: Measure, language: str) -> str:
    """Return what a limit counts."""
    return _MEASURES_ZH[measure] if language == "zh" else measure.name.lower()


def count_per_text(count_per: CountPer, language: str) -> str:
    """Return of what each value has a count of its own."""
    return _COUNT_PER_ZH[count_per] if language == "zh" else count_per.value


def window_text(window: str, language: str) -> str:
    """Return over which time a limit counts, as its policy says it."""
    if language != "zh":
        return window
    words = [_WINDOW_ZH.get(word, word) for word in window.split(" ")]
    return " ".join(words).replace("自然 ", "自然")
