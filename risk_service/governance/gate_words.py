"""What a rule lacks before it may decide, in both languages; each follows the id of the rule."""

from risk_service.domain.text import LocalizedText
from risk_service.governance.backtests import SUFFIX
from risk_service.rules.rule import Rule

UNSIGNED = LocalizedText(
    en="has a backtest that nobody vouches for: run it where the data and signing.key are, with "
    f"--sign KEYS/signing.key, and publish FILE with FILE{SUFFIX} beside it",
    zh="的回测报告未签名：请在数据与 signing.key 所在处加 --sign KEYS/signing.key 重新运行，"
    f"发布时将 FILE{SUFFIX} 放在 FILE 旁边",
)
OF_ANOTHER = LocalizedText(
    en="has a backtest of another condition, scope or schedule: run it again for what is published",
    zh="的回测报告对应的条件、范围或时间安排与本次发布不同：请用本次发布的内容重新回测",
)


def too_new(rule: Rule, hours: float, need_hours: float) -> LocalizedText:
    """Return that a rule was not watched for long enough."""
    return LocalizedText(
        en=f"would {rule.outcome.name} after {hours:.1f} of {need_hours:g} hours in shadow: "
        'publish it just so with state = "shadow" first',
        zh=f"结果为 {rule.outcome.name}，影子运行 {hours:.1f} 小时，不足 {need_hours:g} 小时："
        '请先以 state = "shadow" 原样发布',
    )


def unproved(rule: Rule) -> LocalizedText:
    """Return that nobody held a rule against the past."""
    command = f"risk backtest {rule.id} --rules DIR --data DATA --json FILE --sign KEYS/signing.key"
    return LocalizedText(
        en=f"would {rule.outcome.name} without a backtest: {command}, and publish with "
        "--backtest FILE",
        zh=f"结果为 {rule.outcome.name}，缺少回测报告：请运行 {command}，发布时加 --backtest FILE",
    )


def forged(reason: str) -> LocalizedText:
    """Return that the signature of a report does not verify."""
    return LocalizedText(
        en=f"does not fit ({reason}): publish FILE and FILE{SUFFIX} as risk backtest wrote them, "
        "by a key that the service trusts, or leave this report out",
        zh=f"签名不符（{reason}）：请原样发布 risk backtest 写出的 FILE 与 FILE{SUFFIX}，"
        "并使用服务信任的密钥签名；或去掉该报告",
    )
