"""The words of commands that speak to a running service, English and Chinese."""

from collections.abc import Mapping

from risk_service.cli.language import Phrases

_WORDS: Mapping[str, tuple[str, str]] = {
    # What went wrong on the way.
    "unreachable": (
        "{}: {}; is the service running? See --server",
        "{}：连接不上服务（{}）；服务是否在运行？请检查 --server",
    ),
    "answered": ("{}: {}", "{}：{}"),
    "timed_out": (
        "{}: no answer in time; it may have been done all the same: look before you ask again",
        "{}：未在时限内应答；操作可能已经生效，请先查看再重试",
    ),
    "full": (
        "{}: the service takes no more right now; try again in a moment",
        "{}：服务繁忙，请稍后重试",
    ),
    "failed": (
        "{}: the service failed on this call; its log says why ({})",
        "{}：服务处理出错，原因见服务日志（{}）",
    ),
    "not_there": (
        "{}: the service does not know this call: it is of another version, "
        "or runs without this part",
        "{}：服务不支持该调用：版本不同，或未启用此部分",
    ),
    "give_token": ("Give your token as RISK_TOKEN.", "请通过 RISK_TOKEN 提供令牌。"),
    "none": ("nothing found", "没有记录"),
    # Lists and their changes.
    "no_list": ("there is no list {}; there are: {}", "没有名单 {}；现有：{}"),
    "file_there": ("{}: exists already; name another file", "{}：已存在；请指定其他文件"),
    "no_lists": ("none", "无"),
    "change": (
        "change {} ({} of {}) is {}: {} entries by {}",
        "变更 {}（{}，{}）{}：{} 个条目，提交人 {}",
    ),
    "repeated": (", {} were there already", "，其中 {} 个已存在"),
    "approved_by": (", approved by {}", "，审批人 {}"),
    "rejected_by": (", rejected by {}", "，驳回人 {}"),
    "by": ("by {}", "提交人 {}"),
    "approve_change": (
        "Another actor puts it in force: risk lists approve {}",
        "须由另一人审批生效：risk lists approve {}",
    ),
    "every_order": ("every order", "所有订单"),
    "until": (" until {}", "，到期 {}"),
    "list": ("{}: {}, {} entries in force, {} proposed", "{}：{}，生效 {} 条，待审批 {} 条"),
    "version": ("version {}", "版本 {}"),
    "exported": ("{}: {} entries", "{}：{} 个条目"),
    "sent": ("{:,} of {:,} entries sent", "已发送 {:,} / {:,} 个条目"),
    "wrong_entries": (
        "{} entries are wrong; nothing was written",
        "{} 个条目有误；未写入任何内容",
    ),
    "or_more": ("{} or more", "至少 {}"),
    "row": ("{}, row {}: {}", "{} 第 {} 行：{}"),
    # Versions of rules and limits.
    "note": ("note: {}", "注意：{}"),
    "proposed": (
        "{} is proposed as number {}. Another actor puts it in force: risk {} approve {}",
        "{} 已提交，编号 {}。须由另一人审批生效：risk {} approve {}",
    ),
    "in_force": ("number {}, {}, is in force", "第 {} 号 {} 已生效"),
    "rejected": ("number {}, {}, is rejected", "第 {} 号 {} 已驳回"),
    "in_force_again": ("number {}, {}, is in force again", "第 {} 号 {} 重新生效"),
    "number": ("# number {}, {}, {}", "# 第 {} 号，{}，{}"),
    "emergency": ("EMERGENCY: {}", "紧急发布：{}"),
    "backtest": (
        "backtest of {} on {}: {:,} of {:,} events flagged, {:,} abuse, {:,} honest; {}; sha256 {}",
        "{} 的回测（数据 {}）：命中 {:,} / {:,} 个事件，其中违规 {:,}、正常 {:,}；{}；sha256 {}",
    ),
    "signed": ("signed by key {}", "由密钥 {} 签名"),
    "unsigned": ("not signed", "未签名"),
    # Counters of limits.
    "nothing_used": ("nothing is used", "没有使用记录"),
    "shadow": (" (shadow)", "（影子）"),
    "used": (
        "{}{}: {} confirmed + {} held of {}, {}, {}",
        "{}{}：已确认 {} + 预占 {} / {}，{}，{}",
    ),
    "adjustment_proposed": (
        "{} is proposed as number {}. Another actor lets it count: "
        "risk limits adjustments approve {}",
        "{} 已提交，编号 {}。须由另一人审批生效：risk limits adjustments approve {}",
    ),
    "adjustment": ("{:<9} {}: {:+d} on {}, {}: {}{}", "{} {}：{:+d}，计数器 {}，{}：{}{}"),
    "reconciled": ("all counters equal the ledger", "全部计数与账本一致"),
    "drifted": ("{} counters differ", "{} 个计数器不一致"),
    # States of what is proposed, kinds of lists.
    "state_proposed": ("proposed", "待审批"),
    "state_active": ("active", "生效"),
    "state_retired": ("retired", "已替换"),
    "state_approved": ("approved", "已批准"),
    "state_applied": ("applied", "已生效"),
    "state_rejected": ("rejected", "已驳回"),
    "state_failed": ("failed", "失败"),
    "state_live": ("live", "生效"),
    "state_removed": ("removed", "已移除"),
    "state_expired": ("expired", "已到期"),
    "done_list.add": ("list.add", "新增"),
    "done_list.import": ("list.import", "导入"),
    "done_list.remove": ("list.remove", "移除"),
    "kind_allow": ("allow", "白名单"),
    "kind_deny": ("deny", "黑名单"),
    "kind_grey": ("grey", "灰名单"),
}


class RemoteWords(Phrases):
    """Says them; a state or kind that has no word is said as the service says it."""

    def __init__(self, language: str) -> None:
        super().__init__(language, _WORDS)

    def state(self, name: str) -> str:
        """Return the state of a proposal or entry."""
        return self(f"state_{name}") if f"state_{name}" in _WORDS else name

    def kind(self, name: str) -> str:
        """Return what a list is."""
        return self(f"kind_{name}") if f"kind_{name}" in _WORDS else name

    def done(self, name: str) -> str:
        """Return what a change of a list does."""
        return self(f"done_{name}") if f"done_{name}" in _WORDS else name
