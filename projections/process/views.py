"""What the questions about matters return: frozen structs for pages and JSON alike.

Instants are ms, ids hex, texts in both languages (`projections.views.to_json` picks one). What a judge said of a matter
is in `columns` (what lists sort and filter by) and `page` (what its page shows). Invariant: a state is always one *as
of* an instant that the caller gave; nothing here knows what time it is.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from projections.views import Title

DeadlineState = Literal["running", "ended", "due", "met", "met_late", "cancelled", "undecided"]
SignalState = Literal["open", "disputed", "resolved", "withdrawn", "undecided", "pending"]
Outcome = Literal["kept", "broken", "unknown"]
Severity = Literal["serious", "medium", "weak"]


class Next(Struct, frozen=True):
    """The earliest open deadline of a matter. `last_day` None: a period in hours."""

    rule: str
    due: int
    last_day: str | None
    state: DeadlineState


class MatterRow(Struct, frozen=True, kw_only=True):
    """One line of a list. `stage` "parked" with `error`: a judge failed on it, and somebody must be told.

    `first` = when its first fact took place, `last` = when its newest was received. `signals` that stand open, `broken`
    verdicts. `columns` of an officer have `standing`: how the best certificate stood on the day of `as_of`.
    """

    authority: str
    kind: str
    key: str
    stage: str
    first: int
    last: int
    facts: int
    error: str
    officers: tuple[str, ...]
    columns: dict[str, Any]
    due: Next | None
    signals: int
    broken: int


class MatterPage(Struct, frozen=True):
    """A page of a list. `next` is the cursor for `after`, None on the last page."""

    rows: tuple[MatterRow, ...]
    next: str | None


class Earlier(Struct, frozen=True):
    """An end that a deadline had before, and why it changed."""

    due: int
    why: Title


class DeadlineRow(Struct, frozen=True, kw_only=True):
    """A deadline as of an instant. `ahead` = working days that are left (0: ends today), None unless it is running.

    `undecided`: it has ended without the act, but a terminal of the matter has events that were not uploaded; `text`
    then says which. `provisional`: the calendar of some year was not published yet.
    "ended": a period that is not `binding` is over, which is no fault.
    """

    authority: str
    kind: str
    key: str
    rule: str
    about: str
    version: str
    start: int
    due: int
    last_day: str | None
    state: DeadlineState
    ahead: int | None
    provisional: bool
    binding: bool
    met: int | None
    met_by: str | None
    officers: tuple[str, ...]
    inputs: tuple[str, ...]
    earlier: tuple[Earlier, ...]
    text: Title
    stage: str
    columns: dict[str, Any]


class DeadlinePage(Struct, frozen=True):
    """A page of the board, the next to end first."""

    rows: tuple[DeadlineRow, ...]
    next: str | None


class SignalRow(Struct, frozen=True, kw_only=True):
    """A signal as of an instant. `acts` are disputes and resolutions, in order: {act, at, by, state, said}."""

    id: str
    authority: str
    kind: str
    key: str
    rule: str
    about: str
    version: str
    severity: Severity
    score: int
    opens: int
    closes: int | None
    state: SignalState
    reason: Title
    inputs: tuple[str, ...]
    officers: tuple[str, ...]
    acts: tuple[dict[str, Any], ...]
    stage: str
    columns: dict[str, Any]


class SignalPage(Struct, frozen=True):
    """A page of the ledger, the newest first."""

    rows: tuple[SignalRow, ...]
    next: str | None


class VerdictRow(Struct, frozen=True, kw_only=True):
    """What a rule says of an act (`about`, hex) or of the matter as a whole (""). `gate`: it stops the server's act."""

    authority: str
    kind: str
    key: str
    rule: str
    about: str
    version: str
    outcome: Outcome
    gate: bool
    reason: Title
    inputs: tuple[str, ...]


class VerdictPage(Struct, frozen=True):
    """A page of verdicts over all matters."""

    rows: tuple[VerdictRow, ...]
    next: str | None


class Missing(Struct, frozen=True):
    """A terminal that has more than it uploaded: `waiting` events not uploaded yet, `lost` in holes that stand open."""

    terminal: str
    waiting: int
    lost: int


class Place(Struct, frozen=True):
    """Where an event stands."""

    log_id: int
    position: int


class MatterFile(Struct, frozen=True, kw_only=True):
    """Everything that is said of one matter. `places` maps ids (hex) of inputs to where they stand, as far as they are
    in logs of the own authority; `missing` are terminals because of which something is unknown.
    """

    row: MatterRow
    page: dict[str, Any]
    deadlines: tuple[DeadlineRow, ...]
    verdicts: tuple[VerdictRow, ...]
    signals: tuple[SignalRow, ...]
    missing: tuple[Missing, ...]
    places: dict[str, Place]


class Stages(Struct, frozen=True):
    """How many matters of a kind are at each stage."""

    kind: str
    stages: dict[str, int]

    @property
    def all(self) -> int:
        """All of them."""
        return sum(self.stages.values())


class Counts(Struct, frozen=True, kw_only=True):
    """For the header of every page: deadlines that have ended, or end within one or three working days; signals."""

    due: int
    ahead_1: int
    ahead_3: int
    signals: int
    serious: int


class ChainRow(Struct, frozen=True, kw_only=True):
    """One line of one of the four lists (四个清单). `id` of this line, `next` = ids of its lines in the next list."""

    list: str
    id: str
    kind: str
    key: str
    stage: str
    next: tuple[str, ...]
    columns: dict[str, Any]
    due: Next | None
    signals: int


class ChainPage(Struct, frozen=True):
    """A page of one of the four lists."""

    rows: tuple[ChainRow, ...]
    next: str | None


class Change(Struct, frozen=True):
    """A matter that changed for an officer, or (`officer` "") for everybody. `gone`: it concerns them no longer."""

    change: int
    officer: str
    kind: str
    key: str
    gone: bool


class Alert(Struct, frozen=True, kw_only=True):
    """What a sweeper noticed. `what`: ahead_3, ahead_1, due, signal. `noticed` in ms."""

    what: str
    kind: str
    key: str
    rule: str
    about: str
    instant: int
    officers: tuple[str, ...]
    noticed: int


class ProcessLag(Struct, frozen=True):
    """How far the judges are: entries not filed, matters not judged, matters and entries that are parked."""

    behind: int
    dirty: int
    parked: int
    misfiled: int
