"""What the faults of a policy file say, by code, in English and Chinese.

``{…}`` places are filled by whoever finds the fault.
"""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from risk_service.domain.text import LocalizedText, filled
from risk_service.domain.toml_value import as_toml

# code: en, zh
TEXTS: Mapping[str, tuple[str, str]] = {
    # The file
    "file_too_large": (
        "is larger than {most} bytes; split the campaigns",
        "超过 {most} 字节；请按活动拆分",
    ),
    "too_deep": ("holds tables too deep; one level is enough", "表嵌套过深；一层即可"),
    "no_toml": (
        "is not TOML: {error}; {hint}",
        "不是有效的 TOML：{error}；{hint}",
    ),
    "unknown_here": (
        "`{key}` is not known here; policies are written as [[policy]]{meant}",
        "此处没有 `{key}`；策略写作 [[policy]]{meant}",
    ),
    "meant": ("; did you mean `{word}`?", "；是不是 `{word}`？"),
    "format": ("`format` must be {number}: format = {number}",
               "`format` 须为 {number}：format = {number}"),
    "no_tables": ("policies are written as tables: [[policy]]", "策略写作表：[[policy]]"),
    "too_many_policies": ("holds {found} policies; at most {most}",
                          "含 {found} 条策略；最多 {most} 条"),
    "repeated_id": (
        "policy id `{id}` is used in line {line} too; ids differ",
        "策略编号 `{id}` 在第 {line} 行已使用；编号不得重复",
    ),
    "crowded": (
        "one line of {promotion}{where} would be counted in {counters} counters by {policies} "
        "policies; at most {most}: retire some, narrow their scope or validity, or count fewer "
        "subjects",
        "{promotion} 的一个订单行{where}将被 {policies} 条策略计入 {counters} 个计数器，"
        "最多 {most} 个：请停用部分策略、缩小范围或有效期，或减少主体",
    ),
    "crowded_where": (" ({where})", "（{where}）"),
    # Whose fault it is
    "of_policy": ("policy `{id}`: {words}", "策略 `{id}`：{words}"),
    "of_tier": ("policy `{id}`, tier {tier}: {words}", "策略 `{id}`第 {tier} 个分层：{words}"),
    # Keys and values
    "missing": ("missing", "空值"),
    "one_of": ("one of: {known}", "可选：{known}"),
    "did_you_mean": ("did you mean `{word}`?", "是不是 `{word}`？"),
    "unknown_key": ("`{key}` is not known; {advice}", "没有 `{key}` 这个键；{advice}"),
    "unknown_word": ("`{key}` is {value}; {advice}", "`{key}` 为 {value}；{advice}"),
    "text": ('`{key}` must be a text of 1 to {most} characters: {key} = "…"',
             '`{key}` 须为 1 至 {most} 个字符的文本：{key} = "…"'),
    "whole": ("`{key}` must be a whole number, {low} to {high}, is {value}",
              "`{key}` 须为 {low} 至 {high} 的整数，现为 {value}"),
    "time": ("`{key}` must be a time with its offset: {key} = 2026-11-11T00:00:00+08:00",
             "`{key}` 须为带时区偏移的时间：{key} = 2026-11-11T00:00:00+08:00"),
    "id": ('`id` must be lower-case letters, digits and "-": id = "flash-sale"',
           '`id` 只能含小写字母、数字和 "-"：id = "flash-sale"'),
    "name": ('`name` must hold both languages: name = {{ zh = "秒杀限购", en = "Flash sale" }}',
             '`name` 须含中英文：name = {{ zh = "秒杀限购", en = "Flash sale" }}'),
    "approver": ('an active policy names who approved it: approver = "…"',
                 '生效的策略须写明审批人：approver = "…"'),
    "approved_by_owner": ("`approver` is the owner; another person or team must approve",
                          "`approver` 与负责人相同；须由另一人或团队审批"),
    "validity": ("`valid_to` must lie after `valid_from`", "`valid_to` 须晚于 `valid_from`"),
    "tiles": ("`tiles` is {value}; true or false: tiles = true",
              "`tiles` 为 {value}；须为 true 或 false：tiles = true"),
    "tiles_only": ("`tiles` goes with rolling windows only", "`tiles` 只用于滚动窗口"),
    "back_from_tiles": (
        "its orders of the last {span} are counted in tiles of {tile_s} s, since its cap was above "
        "{exact}; with this cap they would be forgotten so much too early. Write tiles = true to "
        "go on with tiles, keep the larger cap until the window has passed, or take a new id",
        "此前上限大于 {exact}，最近 {span} 的订单按每格 {tile_s} 秒计数；"
        "改用此上限会使其提早这么久失效。"
        "请写 tiles = true 继续按时间格计数，或保留较大的上限直至窗口过去，或换一个新编号",
    ),
    "currency": ('a limit on money names its currency: currency = "CNY"',
                 '金额限制须写明币种：currency = "CNY"'),
    "currency_only": ("`currency` goes with the measures amount and discount only",
                      "`currency` 只用于计量 amount 和 discount"),
    "releases": ('`release_on` must be a list: release_on = ["refund"]',
                 '`release_on` 须为列表：release_on = ["refund"]'),
    "releases_nothing": ("{value} releases nothing; {advice}", "{value} 不是退还条件；{advice}"),
    "no_goods": (
        "`{measure}` is of no goods: count per spu or category, and include them, with units, "
        "orders or amount",
        "`{measure}` 不是商品计量：按 spu 或 category 计数或限定范围时，"
        "请用 units、orders 或 amount",
    ),
    # Subjects and scope
    "subject": (
        "`subject` must be one of any_of, all_of, k_of_n: {example}",
        "`subject` 须为 any_of、all_of、k_of_n 之一：{example}",
    ),
    "subject_example": (
        'subject = {{ any_of = ["account", "device", "account+address_door"] }}, or "GLOBAL"',
        'subject = {{ any_of = ["account", "device", "account+address_door"] }}，或 "GLOBAL"',
    ),
    "subjects": ("`{key}` must list 1 to {most} subjects: {example}",
                 "`{key}` 须列出 1 至 {most} 个主体：{example}"),
    "subject_twice": ("`{key}` names a subject twice", "`{key}` 中主体重复"),
    "part_twice": ("`{name}` names a part twice", "`{name}` 中组成部分重复"),
    "no_subject": ("`{name}` is not a subject; {advice}", "`{name}` 不是主体；{advice}"),
    "stands_alone": ("`{name}` stands alone: clusters merge, and their counters with them",
                     "`{name}` 须单独使用：身份簇会合并，计数随之合并"),
    "k_only": ("`k` goes with k_of_n only", "`k` 只用于 k_of_n"),
    "k": ("`k` must be 1 to {most}: subject = {{ k_of_n = [...], k = 2 }}",
          "`k` 须为 1 至 {most}：subject = {{ k_of_n = [...], k = 2 }}"),
    "filter": ('`{key}` must be a table: {key} = {{ skus = ["…"] }}',
               '`{key}` 须为表：{key} = {{ skus = ["…"] }}'),
    "unknown_in": ("`{name}` is not known in `{key}`; {advice}",
                   "`{key}` 中没有 `{name}`；{advice}"),
    "texts": ("`{name}` must list 1 to {most} texts; leave it out for all",
              "`{name}` 须列出 1 至 {most} 个文本；不限则删除"),
    "no_promotion": ("`{name}` is not a promotion type; {advice}",
                     "`{name}` 不是活动类型；{advice}"),
    "missing_dimension": (
        'missing_dimension = "challenge", or {{ payment = "account", "*" = "challenge" }}',
        '请写 missing_dimension = "challenge"，或 {{ payment = "account", "*" = "challenge" }}',
    ),
    "not_a_subject": ("`{name}` is not among the subjects; {advice}",
                      "`{name}` 不在主体中；{advice}"),
    # Tiers
    "tiers": ("tiers are written as [[policy.tier]], at most {most}",
              "分层写作 [[policy.tier]]，最多 {most} 个"),
    "when": ('a tier says for whom it is: when = {{ verification = "L2" }}',
             '分层须写明适用于谁：when = {{ verification = "L2" }}'),
    "no_trait": ("`{name}` is not a trait; {advice}", "`{name}` 不是分层条件；{advice}"),
    "trait": ('`{name}` must be a text or list of texts: {name} = "true"',
              '`{name}` 须为文本或文本列表：{name} = "true"'),
    "no_steps": (
        "nobody could buy: no multiple of `step` {step} lies from {low} to `cap` {cap}",
        "谁也买不了：{low} 至 `cap` {cap} 之间没有 `step` {step} 的倍数",
    ),
    "minimum": ("`minimum` is above `cap`: nobody could buy", "`minimum` 大于 `cap`：谁也买不了"),
    # Windows
    "rolling": (
        '`rolling` is {value}; a time up to 400d: rolling = "90s", "30m", "24h", "7d"',
        '`rolling` 为 {value}；须为不超过 400d 的时长：rolling = "90s"、"30m"、"24h"、"7d"',
    ),
    "unknown_in_calendar": ("`{key}` is not known in a calendar window; {example}",
                            "日历窗口中没有 `{key}`；{example}"),
    "time_zone": ('a calendar window names its time zone: time_zone = "Asia/Shanghai"',
                  '日历窗口须写明时区：time_zone = "Asia/Shanghai"'),
    "day_start": ('`day_start` is {value}; a time of day: day_start = "04:00"',
                  '`day_start` 为 {value}；须为时刻：day_start = "04:00"'),
    "no_zone": ("`{zone}` is not an IANA time zone, such as Asia/Shanghai or UTC",
                "`{zone}` 不是 IANA 时区，例如 Asia/Shanghai 或 UTC"),
}  # fmt: skip


def words(code: str, /, **values: object) -> LocalizedText:
    """Return the words of a code, filled; a value may be a text in both languages itself."""
    en, zh = TEXTS[code]
    return filled(LocalizedText(en=en, zh=zh), values)


def said(value: object) -> LocalizedText:
    """Return how a fault names a value of the file."""
    if value in (None, ""):
        return words("missing")
    shown = f"`{value}`" if isinstance(value, str) else as_toml(value)
    return LocalizedText(en=shown, zh=shown)


def one_of(word: object, known: Mapping[str, object] | Sequence[str]) -> LocalizedText:
    """Return the words of a closed list, or the one that was meant."""
    close = get_close_matches(word, list(known), 1) if isinstance(word, str) else []
    if close:
        return words("did_you_mean", word=close[0])
    return words("one_of", known=", ".join(known))
