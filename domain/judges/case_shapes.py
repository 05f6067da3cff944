"""The shapes that a case can have (handbook 9.4): one frozen class each, with its name and its rank on the way.

Decided in the general procedure or on the spot, with its side exits. The invariant: a shape holds the day on which it
was reached and what only it has; whether something is overdue is no shape, because that is for whoever reads.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import ClassVar, Final, TypeAlias

UNFILED: Final = 0
FILED: Final = 1
INVESTIGATING: Final = 2
CONCLUDED: Final = 3
NOTICED: Final = 4
DEFENDED: Final = 5
HEARD: Final = 6
REVIEWED: Final = 7
DISCUSSED: Final = 8
DECIDED: Final = 9
SERVED: Final = 10
EXECUTED: Final = 11
CLOSED: Final = 12
ARCHIVED: Final = 13


@dataclass(frozen=True, slots=True)
class Unfiled:
    """Facts of a case are there, its filing is not."""

    NAME: ClassVar[str] = "unfiled"
    RANK: ClassVar[int] = UNFILED


@dataclass(frozen=True, slots=True)
class NotFiled:
    """It was decided not to file a case."""

    NAME: ClassVar[str] = "not_filed"
    RANK: ClassVar[int] = CLOSED
    on: datetime.date
    ground: str


@dataclass(frozen=True, slots=True)
class Filed:
    """The head approved the filing."""

    NAME: ClassVar[str] = "filed"
    RANK: ClassVar[int] = FILED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Investigating:
    """Evidence is being collected, or collected again."""

    NAME: ClassVar[str] = "investigating"
    RANK: ClassVar[int] = INVESTIGATING
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Concluded:
    """The handlers concluded and proposed an outcome."""

    NAME: ClassVar[str] = "concluded"
    RANK: ClassVar[int] = CONCLUDED
    on: datetime.date
    proposal: str


@dataclass(frozen=True, slots=True)
class Noticed:
    """The intended penalty, or the hearing right, was told."""

    NAME: ClassVar[str] = "noticed"
    RANK: ClassVar[int] = NOTICED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Defended:
    """The party defended itself or waived it."""

    NAME: ClassVar[str] = "defended"
    RANK: ClassVar[int] = DEFENDED
    on: datetime.date
    waived: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """A hearing was held."""

    NAME: ClassVar[str] = "heard"
    RANK: ClassVar[int] = HEARD
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The legal review was concluded, with whatever outcome."""

    NAME: ClassVar[str] = "reviewed"
    RANK: ClassVar[int] = REVIEWED
    on: datetime.date
    outcome: str


@dataclass(frozen=True, slots=True)
class Discussed:
    """The heads discussed the case together."""

    NAME: ClassVar[str] = "discussed"
    RANK: ClassVar[int] = DISCUSSED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Decided:
    """A penalty was decided, in the general or the simple procedure."""

    NAME: ClassVar[str] = "decided"
    RANK: ClassVar[int] = DECIDED
    on: datetime.date
    document_no: str


@dataclass(frozen=True, slots=True)
class NoPenalty:
    """It was decided that there is no penalty."""

    NAME: ClassVar[str] = "no_penalty"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date
    ground: str


@dataclass(frozen=True, slots=True)
class Transferred:
    """The case was handed over to the police or another agency."""

    NAME: ClassVar[str] = "transferred"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date
    recipient: str


@dataclass(frozen=True, slots=True)
class Served:
    """The decision was served."""

    NAME: ClassVar[str] = "served"
    RANK: ClassVar[int] = SERVED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Paid:
    """The fine was paid in full."""

    NAME: ClassVar[str] = "paid"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Overdue:
    """A late fine was decided because the fine was not paid in time."""

    NAME: ClassVar[str] = "overdue"
    RANK: ClassVar[int] = SERVED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class Demanded:
    """The party was called on to pay."""

    NAME: ClassVar[str] = "demanded"
    RANK: ClassVar[int] = SERVED
    on: datetime.date


@dataclass(frozen=True, slots=True)
class InCourt:
    """The agency applied to the court for enforcement."""

    NAME: ClassVar[str] = "in_court"
    RANK: ClassVar[int] = SERVED
    on: datetime.date
    court: str


@dataclass(frozen=True, slots=True)
class Revoked:
    """The decision was revoked or declared invalid; a new one may follow."""

    NAME: ClassVar[str] = "revoked"
    RANK: ClassVar[int] = EXECUTED
    on: datetime.date
    by: str


@dataclass(frozen=True, slots=True)
class Closed:
    """The head approved the closing."""

    NAME: ClassVar[str] = "closed"
    RANK: ClassVar[int] = CLOSED
    on: datetime.date
    ground: str


@dataclass(frozen=True, slots=True)
class Archived:
    """The file lies in the archive."""

    NAME: ClassVar[str] = "archived"
    RANK: ClassVar[int] = ARCHIVED
    on: datetime.date


State: TypeAlias = (
    Unfiled | NotFiled | Filed | Investigating | Concluded | Noticed | Defended | Heard | Reviewed | Discussed | Decided
    | NoPenalty | Transferred | Served | Paid | Overdue | Demanded | InCourt | Revoked | Closed | Archived
)  # fmt: skip

TITLES: Final = {
    "unfiled": ("未立案", "Not filed yet"),
    "not_filed": ("不予立案", "Not filed"),
    "filed": ("已立案", "Filed"),
    "investigating": ("调查取证", "Investigating"),
    "concluded": ("调查终结", "Concluded"),
    "noticed": ("已告知", "Notice served"),
    "defended": ("已陈述申辩", "Defence heard or waived"),
    "heard": ("已听证", "Hearing held"),
    "reviewed": ("已法制审核", "Reviewed"),
    "discussed": ("已集体讨论", "Discussed"),
    "decided": ("已决定", "Decided"),
    "no_penalty": ("不予处罚", "No penalty"),
    "transferred": ("已移送", "Transferred"),
    "served": ("已送达", "Served"),
    "paid": ("已缴清", "Paid"),
    "overdue": ("已加处罚款", "Late fine decided"),
    "demanded": ("已催告", "Demand served"),
    "in_court": ("申请法院强制执行", "With the court"),
    "revoked": ("已撤销", "Revoked"),
    "closed": ("已结案", "Closed"),
    "archived": ("已归档", "Archived"),
}
"""Names of the shapes for people."""
