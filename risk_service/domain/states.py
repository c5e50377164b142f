"""What people read of kinds and states that programs write: of versions, lists, changes, entries.

English readers get the word itself, which ``--state`` takes.
"""

from collections.abc import Mapping

from risk_service.domain.text import LocalizedText

_CHINESE: Mapping[str, str] = {
    "rules": "规则",
    "limits": "限购策略",
    "allow": "白名单",
    "deny": "黑名单",
    "grey": "灰名单",
    "shadow": "影子",
    "proposed": "待审批",
    "active": "生效",
    "retired": "已替换",
    "approved": "已批准",
    "applied": "已生效",
    "rejected": "已驳回",
    "failed": "失败",
    "live": "生效",
    "removed": "已移除",
    "expired": "已到期",
}


def state_name(word: str) -> LocalizedText:
    """Return a state or kind in both languages; one without a word as it is."""
    return LocalizedText(zh=_CHINESE.get(word, word), en=word)
