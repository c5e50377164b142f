"""The words of ``risk explain``, English and Chinese."""

from collections.abc import Mapping

LANGUAGES = ("en", "zh")
_EN, _ZH = 0, 1

_WORDS: Mapping[str, tuple[str, str]] = {
    "order": ("THE ORDER", "订单"),
    "steps": ("HOW IT CAME ABOUT", "决策过程"),
    "limits": ("PURCHASE LIMITS", "限购"),
    "reasons": ("REASONS, FOR ANALYSTS", "原因（分析师）"),
    "customer": ("WHAT THE CUSTOMER MAY BE TOLD", "可告知客户的内容"),
    "versions": ("VERSIONS", "版本"),
    "of_order": ("order {} · decision {} on it · request {}", "订单 {} · 第 {} 次决策 · 请求 {}"),
    "decided": ("decided {} · mode {}: {}", "决策时间 {} · 模式 {}：{}"),
    "after_challenge": (
        "after challenge {} was {}: the order was decided anew",
        "验证 {} 结果 {}：订单重新决策",
    ),
    "product": ("product {}", "商品 {}"),
    "category": ("category {}", "类目 {}"),
    "line": ("{} x {} at {} · seller {}", "{} x {}，单价 {} · 商家 {}"),
    "campaign": ("campaign {}", "活动 {}"),
    "discount": ("discount {}", "优惠 {}"),
    "coupon": ("coupon {}", "优惠券 {}"),
    "money": (
        "goods {}, discounts {}, shipping {}, to pay {} {}",
        "商品 {}，优惠 {}，运费 {}，应付 {} {}",
    ),
    "account_age": ("account opened {} days before", "账号注册 {} 天"),
    "account_unknown": ("age of the account unknown", "账号注册时间未知"),
    "member": ("member level {}", "会员等级 {}"),
    "level": ("verified level {}", "实名等级 {}"),
    "level_untold": ("verified level not told", "实名等级未提供"),
    "entry": ("entered by {}", "进入路径 {}"),
    "page": ("page open {} s", "页面停留 {} 秒"),
    "drop": ("drop {}", "开抢场次 {}"),
    "presale": ("deposit presale, balance due {}", "定金预售，尾款截止 {}"),
    "tokens": ("identities", "身份令牌"),
    "step_level": ("verification level", "实名等级"),
    "step_deny": ("deny lists", "黑名单"),
    "step_limits": ("purchase limits", "限购预检"),
    "step_allow": ("allow lists", "白名单"),
    "step_rules": ("rules", "规则"),
    "step_scores": ("scores", "模型评分"),
    "step_worst": ("the worst wins", "取最严"),
    "step_held": ("held", "预占"),
    "none_hit": ("no hit", "未命中"),
    "level_enough": ("no limit asks for more", "满足限购要求"),
    "level_unmet": ("{} is asked for", "需要 {}"),
    "list_hit": ("{} ({}): {}", "{}（{}）：{}"),
    "grey_hit": ("grey list {} ({}), seen by rules only", "灰名单 {}（{}），仅供规则使用"),
    "suppressed": ("suppressed by allow list {}", "被白名单 {} 豁免"),
    "no_limits": ("no limit is about this order", "无适用的限购"),
    "limits_free": ("{} in scope, none speaks against it", "{} 条适用，均未触发"),
    "limits_block": ("{} in scope, blocked by {}", "{} 条适用，受限于 {}"),
    "limits_down": ("could not be counted: the fail policy decides", "无法计数：按失败策略处理"),
    "rules_counted": (
        "{} matched, {} in shadow, {} could not be evaluated",
        "命中 {}，影子 {}，无法求值 {}",
    ),
    "in_shadow": ("shadow", "影子"),
    "fault": ("not evaluated: {}", "无法求值：{}"),
    "missing": ("(missing)", "（缺失）"),
    "from": ("{} from {}", "{} ≥ {}"),
    "asks": ("asks for {}", "要求 {}"),
    "asks_nothing": ("asks for nothing", "无要求"),
    "no_models": ("no model was there", "无模型"),
    "no_marks": ("thresholds were not stored", "未保存阈值"),
    "nothing_asked": ("ALLOW: nothing asked for more", "ALLOW：无任何要求"),
    "asked_by": ("{}, asked for by {}", "{}，来自 {}"),
    "held_line": ("{}: {} of {}", "{}：{} / {}"),
    "held_until": ("until {}", "至 {}"),
    "nothing_held": ("nothing", "无"),
    "use": (
        "{}: {} has used {} of {} {}, asked {}, granted {}, left {}",
        "{}：{} 已用 {} / {} {}，本单申请 {}，批准 {}，剩余 {}",
    ),
    "window": ("window {}", "窗口 {}"),
    "resets": ("resets {}", "重置 {}"),
    "blocks": ("blocks", "触发"),
    "sold": ("{}: {} of {} may be sold", "{}：可售 {} / {}"),
    "challenge": ("challenge {} ({}), open until {}", "验证 {}（{}），有效至 {}"),
    "no_reason": ("nothing: the order passes", "无：订单放行"),
    "contribution": ("{} log odds", "贡献 {}（对数几率）"),
    "features": (
        "The {} model inputs are in --json.",
        "{} 个模型输入见 --json。",
    ),
    "mode_FULL": ("everything was there", "全部可用"),
    "mode_STALE": ("history older than promised", "历史特征过旧"),
    "mode_NO_FEATURES": ("without history", "无历史特征"),
    "mode_RULES_ONLY": ("without models", "无模型"),
    "mode_STATIC": ("without models and rules", "无模型、无规则"),
    "mode_NO_LIMITS": ("limits could not be counted", "限购无法计数"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "evidence_PHOTOS": ("photos", "照片"),
    "evidence_WEIGHT": ("weight of the parcel", "包裹重量"),
    "evidence_RETURN_FIRST": ("the goods, sent back first", "先退货"),
    "evidence_TRANSACTION_PROOF": ("proof of the transactions", "交易凭证"),
    "evidence_SHIPPING_DOCUMENTS": ("shipping documents", "物流凭证"),
    "evidence_REAL_NAME": ("real name, verified", "实名认证"),
    "by_list": ("deny list {}", "黑名单 {}"),
    "by_rule": ("rule {}", "规则 {}"),
    "by_score": ("score of {}", "{} 评分"),
    "by_challenge": ("the failed challenge", "验证未通过"),
    "by_amount": ("the amount", "金额"),
    "by_limit": ("limit {}", "限购 {}"),
    "by_fail_policy": ("the fail policy", "失败策略"),
    "abuse_scalping": ("scalping", "黄牛"),
    "abuse_brushing": ("brushing", "刷单"),
    "abuse_refund": ("malicious refund", "恶意退款"),
}


class Words:
    """Says things in one language."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._place = _ZH if language == "zh" else _EN

    def __call__(self, key: str, *values: object) -> str:
        """Return the words, filled."""
        return _WORDS[key][self._place].format(*values)
