"""Faults of policy files in Chinese: a catalogue over the English words, which are the contract.

The service answers in English; an analyst who checks a file reads either. What the catalogue
does not know stays English; a test holds it to every fault that there is.
"""

import re

from risk_service.domain.grant import Measure

MEASURES_ZH = {
    Measure.UNITS: "件",
    Measure.ORDERS: "单",
    Measure.AMOUNT: "分（金额）",
    Measure.DISCOUNT: "分（优惠）",
    Measure.REDEMPTIONS: "次核销",
    Measure.DRAWS: "次抽奖",
    Measure.REWARDS: "次奖励",
}
_OWNER = re.compile(r"policy `(?P<id>[^`]*)`(?:, tier (?P<tier>\d+))?: ")
# Words with places, in the order in which they are tried: English pattern, Chinese text.
_CATALOGUE = (
    (r'`id` must be lower-case letters, digits and "-": (.*)',
     r'`id` 只能含小写字母、数字和 "-"：\1'),
    (r"(`[^`]*`) must be a text of 1 to (\d+) characters: (.*)",
     r"\1 须为 1 至 \2 个字符的文本：\3"),
    (r"(`[^`]*`) must be a text or list of texts: (.*)", r"\1 须为文本或文本列表：\2"),
    (r"(`[^`]*`) must be a whole number, (\d+) to (\d+), is (.*)",
     r"\1 须为 \2 至 \3 的整数，现为 \4"),
    (r"(`[^`]*`) must be a whole number, (\d+) to (\d+): (.*)", r"\1 须为 \2 至 \3 的整数：\4"),
    (r"(`[^`]*`) must be a time with its offset: (.*)", r"\1 须为带时区偏移的时间：\2"),
    (r"(`[^`]*`) must be a list: (.*)", r"\1 须为列表：\2"),
    (r"(`[^`]*`) must be a table: (.*)", r"\1 须为表：\2"),
    (r"(`[^`]*`) must list 1 to (\d+) subjects: (.*)", r"\1 须列出 1 至 \2 个主体：\3"),
    (r"(`[^`]*`) must list 1 to (\d+) texts; leave it out for all",
     r"\1 须列出 1 至 \2 个文本；不限则删除"),
    (r"(`[^`]*`) must be one of ([a-z_, ]*): (.*)", r"\1 须为 \2 之一：\3"),
    (r"(`[^`]*`) must hold both languages: (.*)", r"\1 须含中英文：\2"),
    (r"(`[^`]*`) must lie after (`[^`]*`)", r"\1 须晚于 \2"),
    (r"(`[^`]*`) must be (1[^:]*): (.*)", r"\1 须为 \2：\3"),
    (r"(`[^`]*`) is not known here; policies are written as \[\[policy\]\](.*)",
     r"此处没有 \1；策略写作 [[policy]]\2"),
    (r"(`[^`]*`) is not known in a calendar window; (.*)", r"日历窗口中没有 \1；\2"),
    (r"(`[^`]*`) is not known in (`[^`]*`); (.*)", r"\2 中没有 \1；\3"),
    (r"(`[^`]*`) is not known; (.*)", r"没有 \1 这个键；\2"),
    (r"(`[^`]*`) is not among the subjects; (.*)", r"\1 不在主体中；\2"),
    (r"(`[^`]*`) is of no goods: .*",
     r"\1 不是商品计量：按 spu 或 category 计数或限定范围时，请用 units、orders 或 amount"),
    (r"(`[^`]*`) is no subject; (.*)", r"\1 不是主体；\2"),
    (r"(`[^`]*`) is no trait; (.*)", r"\1 不是分层条件；\2"),
    (r"(`[^`]*`) is no promotion type; (.*)", r"\1 不是活动类型；\2"),
    (r"(`[^`]*`) is no IANA time zone, such as (.*) or (.*)", r"\1 不是 IANA 时区，例如 \2 或 \3"),
    (r"(`[^`]*`) is the owner; .*", r"\1 与负责人相同；须由另一人或团队审批"),
    (r"(`[^`]*`) is above (`[^`]*`): nobody could buy", r"\1 大于 \2：谁也买不了"),
    (r"(`[^`]*`) is (.*); a time up to (\w+): (.*)", r"\1 为 \2；须为不超过 \3 的时长：\4"),
    (r"(`[^`]*`) is (.*); a time of day: (.*)", r"\1 为 \2；须为时刻：\3"),
    (r"(`[^`]*`) is (.*); true or false: (.*)", r"\1 为 \2；须为 true 或 false：\3"),
    (r"(`[^`]*`) is (.*); ((?:one of|did you mean).*)", r"\1 为 \2；\3"),
    (r"(.*) releases nothing; (.*)", r"\1 不是退还条件；\2"),
    (r"(`[^`]*`) names a subject twice", r"\1 中主体重复"),
    (r"(`[^`]*`) names a part twice", r"\1 中组成部分重复"),
    (r"(`[^`]*`) goes with rolling windows only", r"\1 只用于滚动窗口"),
    (r"(`[^`]*`) goes with k_of_n only", r"\1 只用于 k_of_n"),
    (r"(`[^`]*`) goes with the measures (.*) and (.*) only", r"\1 只用于计量 \2 和 \3"),
    (r"(`[^`]*`) stands alone: .*", r"\1 须单独使用：身份簇会合并，计数随之合并"),
    (r"an active policy names who approved it: (.*)", r"生效的策略须写明审批人：\1"),
    (r"a limit on money names its currency: (.*)", r"金额限制须写明币种：\1"),
    (r"a calendar window names its time zone: (.*)", r"日历窗口须写明时区：\1"),
    (r"a tier says for whom it is: (.*)", r"分层须写明适用于谁：\1"),
    (r"tiers are written as \[\[policy\.tier\]\], at most (\d+)",
     r"分层写作 [[policy.tier]]，最多 \1 个"),
    (r"policies are written as tables: \[\[policy\]\]", r"策略写作表：[[policy]]"),
    (r"policy id (`[^`]*`) is used in line (\d+) too; ids differ",
     r"策略编号 \1 在第 \2 行已使用；编号不得重复"),
    (r"(missing_dimension = .*), or (.*)", r"请写 \1，或 \2"),
    (r"one line of (\w+)(.*) would be counted in (\d+) counters by (\d+) policies; "
     r"at most (\d+): .*",
     r"\1 的一个订单行\2 将被 \4 条策略计入 \3 个计数器，最多 \5 个："
     r"请停用部分策略、缩小范围或有效期，或减少主体"),
    (r"is larger than (\d+) bytes; split the campaigns", r"超过 \1 字节；请按活动拆分"),
    (r"holds tables too deep; one level is enough", r"表嵌套过深；一层即可"),
    (r"holds (\d+) policies; at most (\d+)", r"含 \1 条策略；最多 \2 条"),
    (r"cannot be read: (.*)", r"无法读取：\1"),
    (r"is no TOML: (.*); texts stand in quotes", r"不是有效的 TOML：\1；文本须加引号"),
)  # fmt: skip
_PATTERNS = tuple((re.compile(english, re.DOTALL), chinese) for english, chinese in _CATALOGUE)
_ADVICE = (
    (re.compile(r"did you mean (`[^`]*`)\?"), r"是不是 \1？"),
    (re.compile(r"\bone of: "), "可选："),
    (re.compile(r"； *; *"), "；"),
)


def in_chinese(words: str) -> str:
    """Return the words of a fault in Chinese; what is not in the catalogue stays as it is."""
    owner = _OWNER.match(words)
    body = words[owner.end() :] if owner else words
    for pattern, chinese in _PATTERNS:
        found = pattern.fullmatch(body)
        if found:
            body = found.expand(chinese)
            break
    for advice, chinese in _ADVICE:
        body = advice.sub(chinese, body)
    if owner is None:
        return body
    tier = f"第 {owner['tier']} 个分层" if owner["tier"] else ""
    return f"策略 `{owner['id']}`{tier}：{body}"
