"""The tables of the annual statistics of enforcement (行政执法统计年报, handbook 6.5), and what stands in each.

Licences, penalties, compulsion, levies, expropriation and inspections, with an explanation, by 31 January. What acts of
the log make is counted as in the quarterly table. The invariant: what no act of this system can make is no figure of
it: it is shown as not recorded here, or as it was handed in, and never as a nought.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A figure that only others can count. `code` is that of `periodic_report.submitted.v1`."""

    code: str
    zh: str
    en: str
    zh_how: str
    en_how: str
    unit: Literal["count", "fen"] = "count"


@dataclass(frozen=True, slots=True)
class StatTable:
    """One table: figures of the quarterly table that belong to it, in order, and those that others count."""

    code: str
    zh: str
    en: str
    counted: tuple[str, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()


_LICENCES: Final = (
    "许可在许可系统办理，本系统没有许可行为的记录",
    "Licences are dealt with elsewhere: no act here makes one",
)
_LEVIES: Final = (
    "征收由征收系统登记，本系统没有征收行为的记录",
    "Levies are recorded elsewhere: no act here makes one",
)
_EXPROPRIATION: Final = (
    "征用决定由政府作出，本系统没有征用行为的记录",
    "The government decides it: no act here makes one",
)

TABLES: Final[tuple[StatTable, ...]] = (
    StatTable(
        "licences", "行政许可", "Licences",
        elsewhere=(
            Elsewhere("licences_applied", "申请数", "applied for", *_LICENCES),
            Elsewhere("licences_accepted", "受理数", "taken up", *_LICENCES),
            Elsewhere("licences_granted", "准予许可数", "granted", *_LICENCES),
            Elsewhere("licences_refused", "不予许可数", "refused", *_LICENCES),
            Elsewhere("licences_revoked", "撤销许可数", "revoked", *_LICENCES),
        ),
    ),
    StatTable(
        "penalties", "行政处罚", "Penalties",
        ("decided", "decided_simple", "decided_general", "decided_persons", "decided_units",
         *(f"decided_P{n:02}" for n in (*range(1, 14), 99)), "fines", "collected"),
    ),
    StatTable("compulsion", "行政强制", "Compulsion", ("sealed", "seized", "power_cut", "stop_orders", "court")),
    StatTable(
        "levies", "行政征收", "Levies",
        elsewhere=(
            Elsewhere("levies", "征收次数", "levies", *_LEVIES),
            Elsewhere("levied", "征收金额", "amount levied", *_LEVIES, "fen"),
        ),
    ),
    StatTable(
        "expropriation", "行政征用", "Expropriation",
        elsewhere=(Elsewhere("expropriations", "征用次数", "expropriations", *_EXPROPRIATION),),
    ),
    StatTable(
        "inspections", "行政检查", "Inspections",
        ("visits", "visits_planned", "visits_triggered", "inspected", "general_found", "major_found"),
    ),
)  # fmt: skip
"""In the order in which they are handed in and published."""

ELSEWHERE: Final[Mapping[str, Elsewhere]] = {one.code: one for table in TABLES for one in table.elsewhere}
"""Figures that only others can count, by their codes."""
NOT_RECORDED: Final = ("本系统未记录", "not recorded in this system")
"""What stands in the place of a figure that nobody handed in: (zh, en)."""
