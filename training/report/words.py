"""What the pages of both kinds of runs say in Chinese: actions, and facts of their heads."""

from typing import NamedTuple


class Note(NamedTuple):
    """What an analyst should look into before the figures are believed, in both languages."""

    en: str
    zh: str


ACTIONS_ZH = {
    "allow": "放行",
    "limit_quantity": "限购",
    "challenge": "挑战验证",
    "review": "人工审核",
    "deny": "拒绝",
}
FACTS_ZH = {
    "Data set": "数据集",
    "From": "起",
    "Until": "止",
    "Currency": "币种",
    "Feature schema": "特征版本",
    "Model inputs": "模型输入",
    "Bundle": "模型包",
    "Data set digest": "数据摘要",
    "Seed": "随机种子",
    "Label": "标签",
    "Label delay": "标签延迟",
    "Training": "训练时段",
    "Test": "测试时段",
    "Test events": "测试事件",
    "Kept model": "保留的模型",
}
