"""What a history variable is, in words."""

from training.backtest.lengths import Edges, window_of
from training.backtest.names import HistoryName, Measure

_EN = {
    Measure.COUNT: "events",
    Measure.DISTINCT: "different {of}",
    Measure.SUM: "sum of {of}",
    Measure.MEAN: "mean {of}; missing when there is none",
    Measure.MIN: "smallest {of}; missing when there is none",
    Measure.MAX: "greatest {of}; missing when there is none",
    Measure.LAST: "{of} of the newest event that has one; missing when there is none",
    Measure.SINCE_LAST: "seconds since the newest event; missing when there is none",
    Measure.SINCE_FIRST: "seconds since the first event; missing when there is none",
    Measure.KNOWN: "labels {events} that became known",
    Measure.POSITIVE: "positive labels {events} that became known",
    Measure.RATE: "share of positive ones among known labels {events}, drawn to the share of all",
    Measure.SINCE_POSITIVE: "seconds since a positive label {events} became known",
}
_ZH = {
    Measure.COUNT: "事件数",
    Measure.DISTINCT: "不同 {of} 数",
    Measure.SUM: "{of} 之和",
    Measure.MEAN: "{of} 均值，无则缺失",
    Measure.MIN: "{of} 最小值，无则缺失",
    Measure.MAX: "{of} 最大值，无则缺失",
    Measure.LAST: "最近一次事件的 {of}，无则缺失",
    Measure.SINCE_LAST: "距最近一次事件的秒数，无则缺失",
    Measure.SINCE_FIRST: "距首次事件的秒数，无则缺失",
    Measure.KNOWN: "已知的 {events} 标签数",
    Measure.POSITIVE: "已知的 {events} 正标签数",
    Measure.RATE: "已知 {events} 标签的正例率（向总体收缩）",
    Measure.SINCE_POSITIVE: "距最近一次得知 {events} 正标签的秒数",
}
_LABELLED = (Measure.KNOWN, Measure.POSITIVE, Measure.RATE, Measure.SINCE_POSITIVE)


def english(name: HistoryName) -> str:
    """Return what the variable tells."""
    key = " and ".join(name.keys) if name.keys else "all events"
    chosen = f", {name.events} only" if name.events and name.measure not in _LABELLED else ""
    now = ", this event included" if name.with_now else ""
    window = window_of(name.window, Edges.LIVE) if name.window else None
    over = f", {_last(window.text_en)}" if window is not None else ""
    measured = _EN[name.measure].format(of=name.of, events=name.events)
    return f"{key}: {measured}{chosen}{over}{now}"


def chinese(name: HistoryName) -> str:
    """Return what the variable tells, in Chinese."""
    key = "、".join(name.keys) if name.keys else "全部事件"
    chosen = f"（仅 {name.events}）" if name.events and name.measure not in _LABELLED else ""
    now = "（含本次）" if name.with_now else ""
    window = window_of(name.window, Edges.LIVE) if name.window else None
    over = f"近 {window.text_zh} " if window is not None and window.length_us else ""
    measured = _ZH[name.measure].format(of=name.of, events=name.events)
    return f"{key}：{over}{measured}{chosen}{now}"


def _last(text: str) -> str:
    return text if text.startswith("since") else f"last {text}"
