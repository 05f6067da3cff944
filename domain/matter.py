"""A matter: everything that was recorded under one key, as the rules see it, and what they say about it.

A task, a case, a hazard, an officer's certificate, a series of document numbers: each is judged by one pure function
from the set of its facts, never from the order in which they came in. So any interleaving of terminals and office gives
the same judgement, and a rebuild gives it again. The invariant: nothing here depends on a position in the log or on the
time of day; due instants are stored, and whoever reads gives the instant as of which something is overdue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, TypeVar

from domain.rulebook import Rulebook
from domain.workdays import Calendar
from schemas.events import Body

B = TypeVar("B", bound=Body)
Source: TypeAlias = Literal["field", "branch", "office"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One recorded event. `occurred`, `captured`, `received` are ms; `captured` has the clock offset applied.

    `id` is the event's id. `authority` is that of the log it stands in. `by` are officer ids. `body` is None for a type
    or a body that is not understood. `claim`: a field event of an office type; it is shown, and satisfies nothing.
    `blobs` are the SHA-256 of the files that its envelope declares.
    """

    id: bytes
    type: str
    body: Body | None
    about: tuple[str, ...]
    by: tuple[str, ...]
    source: Source
    authority: str
    occurred: int
    received: int
    captured: int | None = None
    terminal: bytes = b""
    claim: bool = False
    notes: tuple[str, ...] = ()
    location: Mapping[str, Any] | None = field(default=None, hash=False)
    blobs: tuple[bytes, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether the fact may satisfy a rule: understood, no claim, and not on a side chain."""
        return self.body is not None and not self.claim and self.source != "branch"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in both languages. The texts are made from facts of the matter only, never from personal values."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one invariant says of one act or of the matter as a whole.

    `rule` is "INV-01" … "INV-40", `version` that of the evaluator and of the rule data it used ("1", "1+ppl-2021").
    `inputs` are ids of the events that it rests on, sorted. `about` tells verdicts of one rule in one matter apart (an
    event id as hex, or ""). `absent`: the verdict rests on something not being there, so it is *unknown* as long as a
    terminal of the matter has events that were not uploaded. `gate`: it stops the server's own act (handbook 9.3).
    """

    rule: str
    version: str
    outcome: Literal["kept", "broken", "unknown"]
    reason: Reason
    inputs: tuple[bytes, ...] = ()
    about: str = ""
    absent: bool = False
    gate: bool = False


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that a person must look at (handbook 7): derived, never stored as an act, so a rebuild appends nothing.

    `rule` is "SIG-01" … "SIG-32", `about` tells signals of one rule in one matter apart. `opens` is the instant (ms)
    from which it stands: that of the act, or of the moment at which something became due without being done; before it
    the signal is not shown. `closes` is when the facts themselves took it away, None while they do not. `absent` as in
    Verdict. `score` 0–100: how sure, with declared backfill and imports counted off.
    """

    rule: str
    version: str
    severity: Literal["serious", "medium", "weak"]
    score: int
    opens: int
    reason: Reason
    inputs: tuple[bytes, ...] = ()
    about: str = ""
    absent: bool = False
    closes: int | None = None
    officers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """A value that a deadline had before its inputs changed, and why it changed (INV-39)."""

    due: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Deadline:
    """One running or finished period of the catalogue (handbook 2.5).

    `rule` is "DL-01" … "DL-26", `about` the id (hex) of the event that started it. `due` is the instant (ms) at which
    the last day ends in Asia/Shanghai, exclusive; `last_day` that day, None for periods in hours. `met` is when the act
    took place, None while it did not; met late if `met >= due`. `cancelled`: the period lost its object (case revoked).
    `provisional`: computed beyond the last published calendar year. `officers` are who must be told.
    `binding` False: the time in which somebody may do a thing (ask for a hearing, bring a suit), or must wait; its end
    is no fault, so nobody is told and nothing is overdue.
    """

    rule: str
    version: str
    start: int
    due: int
    last_day: str | None
    about: str = ""
    met: int | None = None
    met_by: bytes | None = None
    cancelled: bool = False
    provisional: bool = False
    binding: bool = True
    absent: bool = True
    inputs: tuple[bytes, ...] = ()
    officers: tuple[str, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    text: Reason = Reason("", "")


@dataclass(frozen=True, slots=True)
class Judgement:
    """All that is said of one matter.

    `stage` is the name of the shape of its state machine (handbook 9.4). `columns` are the values that lists sort and
    filter by; `page` is the document that its page shows (JSON values only). `terminals` are those whose events the
    matter rests on: while one of them has events that were not uploaded, what is `absent` is unknown.
    """

    kind: str
    key: str
    authority: str
    stage: str
    columns: Mapping[str, str | int | bool | None]
    page: Mapping[str, Any]
    deadlines: tuple[Deadline, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    signals: tuple[Signal, ...] = ()
    terminals: tuple[bytes, ...] = ()
    officers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Matter:
    """What a judge is given: the facts filed under `kind:key`, and those filed under the other keys that it asked for.

    `facts` are sorted by (occurred, received, id). `others` maps a filing key ("certificate:O-0001") to its facts.
    """

    kind: str
    key: str
    authority: str
    facts: tuple[Fact, ...]
    rules: Rulebook
    calendar: Calendar
    others: Mapping[str, tuple[Fact, ...]] = field(default_factory=dict)

    def of(self, cls: type[B]) -> list[tuple[Fact, B]]:
        """The facts of one type that count, in order, each with its body."""
        return [(fact, fact.body) for fact in self.facts if fact.counts and isinstance(fact.body, cls)]

    def first(self, cls: type[B]) -> tuple[Fact, B] | None:
        """The earliest fact of a type that counts."""
        found = self.of(cls)
        return found[0] if found else None

    def last(self, cls: type[B]) -> tuple[Fact, B] | None:
        """The latest fact of a type that counts."""
        found = self.of(cls)
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class Judge:
    """How matters of one kind are judged. `needs` names the filing keys of other facts that the judgement rests on.

    `needs` sees the matter's own facts only, and must be stable: the same facts, the same keys. Raise `version` with
    every change that could change a judgement: the tables are then rebuilt. A matter with more than `most` facts of its
    own is none that anybody could read: it is set aside with an alarm, so that judging it keeps no other one waiting.
    """

    kind: str
    version: int
    judge: Callable[[Matter], Judgement]
    needs: Callable[[Sequence[Fact]], frozenset[str]]
    most: int = 10_000


def order(fact: Fact) -> tuple[int, int, bytes]:
    """The order of facts in a matter: when it took place, when it was received, its id. No position anywhere."""
    return fact.occurred, fact.received, fact.id
