"""What the kinds of penalty are called (行政处罚的种类, PPL 9), by the codes that events and rules have.

The invariant: one name for each code in each language, wherever a person reads it: reasons, pages, lists.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.matter import Reason

KINDS: Final[Mapping[str, Reason]] = {
    "P01": Reason("警告", "warning"),
    "P02": Reason("通报批评", "circulated criticism"),
    "P03": Reason("罚款", "fine"),
    "P04": Reason("没收违法所得", "confiscation of illegal income"),
    "P05": Reason("没收非法财物", "confiscation of illegal property"),
    "P06": Reason("暂扣许可证件", "suspension of a licence"),
    "P07": Reason("降低资质等级", "lowered qualification"),
    "P08": Reason("吊销许可证件", "revocation of a licence"),
    "P09": Reason("限制开展生产经营活动", "restricted operations"),
    "P10": Reason("责令停产停业", "stop of production or business"),
    "P11": Reason("责令关闭", "closure"),
    "P12": Reason("限制从业", "practice restriction"),
    "P13": Reason("行政拘留", "detention"),
    "P99": Reason("其他处罚", "other penalty"),
}


def name(kind: str) -> Reason:
    """What a kind is called; a code that nobody knows is its own name."""
    return KINDS.get(kind, Reason(kind, kind))
