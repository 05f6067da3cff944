"""What the questions of this room return: case files, lists of them, terminals, and how far the projections are.

Frozen structs for pages and JSON alike. Instants are milliseconds since 1970-01-01T00:00Z, ids and digests text (UUID,
lower-case hex). Invariant: nothing here holds a personal value: where a body has one there is a `Withheld` mark, and
nothing depends on the time of day, so that the same cut of the logs always gives the same answer.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

SubjectKind = Literal["task", "case", "hazard"]
SUBJECT_KINDS: Final[tuple[SubjectKind, ...]] = ("task", "case", "hazard")
Language = Literal["zh", "en"]
BranchState = Literal["open", "continues", "set_aside"]
"""What an officer decided about a side chain: nothing yet, that it goes on, or that it does not."""
WITHHELD: Final = "withheld"
"""Key that marks a private field of a body: {"withheld": <commitment, hex>, "arrived": bool}."""


class Title(Struct, frozen=True):
    """One text in both languages."""

    zh: str
    en: str

    def text(self, lang: Language) -> str:
        """The text in `lang`."""
        return self.zh if lang == "zh" else self.en


class Step(Struct, frozen=True):
    """A step of the handbook's process: `code` "A5" or "B13" ("" for a type not understood), its place, its title."""

    code: str
    order: int
    title: Title


class BlobRef(Struct, frozen=True):
    """A file that an event declares, and whether the server holds it."""

    sha256: str
    size: int
    type: str
    arrived: bool


class Commitment(Struct, frozen=True):
    """A private value that an event commits to, and whether it has arrived sealed. Never the value."""

    digest: str
    arrived: bool


class Link(Struct, frozen=True):
    """Another subject that shares an event with this one: `kind` and value of its tag."""

    kind: str
    id: str


class Party(Struct, frozen=True):
    """A party of a case; persons have no name here, it is personal."""

    type: Literal["organisation", "person"]
    id: str
    name: str


class Counts(Struct, frozen=True):
    """How many items a file has, and how many of them need a second look."""

    items: int
    claims: int
    forked: int
    held: int
    not_understood: int
    blobs: int
    blobs_missing: int
    private_missing: int


class Item(Struct, frozen=True, kw_only=True):
    """One event of a case file.

    `at` and `occurred` are the terminal's word, `received` is the server's clock, `offset` what the terminal knew of
    its clock's distance to ours (server minus terminal, ms). `claim`: an act of the office that a terminal only claims.
    `understood` is False for a type or body that the registry does not know: `body` is then the bare map.
    `branch_state`: for an item of a side chain, what an officer decided about that chain (terminal_ledger).
    """

    log_id: int
    epoch: int
    position: int
    kind: Literal["field", "branch", "office"]
    outcome: Literal["recorded", "forked"]
    branch: str | None
    terminal: str | None
    seq: int | None
    id: str
    type: str
    family: str | None
    title: Title
    step: Step
    understood: bool
    claim: bool
    notes: tuple[str, ...]
    occurred: int
    at: int | None
    received: int
    offset: int | None
    by: tuple[str, ...]
    about: tuple[str, ...]
    body: dict[str, Any]
    blobs: tuple[BlobRef, ...]
    private: tuple[Commitment, ...]
    location: dict[str, Any] | None
    branch_state: BranchState | None = None


class Header(Struct, frozen=True, kw_only=True):
    """What stands on top of a case file. `title_claimed`: the title comes from a claim or a side chain alone.

    `step` is the furthest step reached by anything but claims and side chains. `closed` likewise.
    """

    authority: str
    kind: SubjectKind
    id: str
    title: str
    title_claimed: bool
    step: Step | None
    closed: bool
    parties: tuple[Party, ...]
    links: tuple[Link, ...]
    officers: tuple[str, ...]
    terminals: tuple[str, ...]
    counts: Counts
    first_occurred: int
    last_occurred: int
    last_received: int


class CaseFile(Struct, frozen=True, kw_only=True):
    """A case file in process order. `as_of` is {log_id: size}; `next` continues a long one (offset), else None.

    `beside`: items of the types that the caller wanted as well, of the whole file.
    """

    header: Header
    items: tuple[Item, ...]
    as_of: dict[int, int]
    next: int | None
    beside: tuple[Item, ...] = ()


class CaseRow(Struct, frozen=True, kw_only=True):
    """One line of a list of tasks, cases or hazards."""

    authority: str
    kind: SubjectKind
    id: str
    title: str
    title_claimed: bool
    step: Step | None
    closed: bool
    items: int
    claims: int
    forked: int
    not_understood: int
    last_received: int


class CasePage(Struct, frozen=True):
    """A page of a list, newest activity first. `next` is the cursor for `after`, None on the last page."""

    rows: tuple[CaseRow, ...]
    next: str | None


class HoleView(Struct, frozen=True):
    """Seqs `first`..`last` that the terminal declared lost; `filled` of them came in later after all."""

    first: int
    last: int
    filled: int


class BranchView(Struct, frozen=True):
    """A side chain: where it began, how many entries it has, and whether an officer's act let it go on."""

    id: str
    first: int
    entries: int
    state: BranchState


class IncidentView(Struct, frozen=True):
    """Something that the log noticed by itself about a terminal."""

    kind: str
    log_id: int
    position: int
    received: int


class ClockView(Struct, frozen=True):
    """Known distance of the terminal's clock to the server's, ms, over all its envelopes, and in the newest one."""

    least: int
    most: int
    last: int


class Enrolment(Struct, frozen=True):
    """What the enrolment entry says. `info` is the device's own word."""

    log_id: int
    position: int
    received: int
    event_key: str
    request_key: str
    replaces: str | None
    info: dict[str, Any]


class TerminalLedger(Struct, frozen=True, kw_only=True):
    """How a terminal stands: what arrived (`head`, `entries`), what it says exists (`declared`), and what is odd.

    `waiting` = declared - head, what is still on the device. `held` until an officer releases it.
    `revoked` is the newest seq declared at revocation, None if not revoked. `notes` counts envelopes per note.
    """

    authority: str
    id: str
    head: int
    declared: int
    waiting: int
    entries: int
    held: bool
    revoked: int | None
    open_branches: int
    holes: tuple[HoleView, ...]
    branches: tuple[BranchView, ...]
    incidents: tuple[IncidentView, ...]
    last_received: int
    last_captured: int | None
    clock: ClockView | None
    notes: dict[str, int]
    enrolment: Enrolment | None
    as_of: dict[int, int]

    @property
    def name(self) -> str:
        """What it called itself when it was enrolled, "" if nothing."""
        said = None if self.enrolment is None else self.enrolment.info.get("name")
        return said.strip() if isinstance(said, str) else ""


class TerminalPage(Struct, frozen=True):
    """A page of terminals by id. `next` is the cursor for `after`."""

    rows: tuple[TerminalLedger, ...]
    next: str | None


class Lag(Struct, frozen=True):
    """How far the projections are in one log: `size` entries exist, `position` of them are folded."""

    log_id: int
    epoch: int
    size: int
    position: int
    parked: int

    @property
    def behind(self) -> int:
        """Entries not folded yet."""
        return self.size - self.position


def to_json(view: Struct, lang: Language | None = None) -> Any:
    """A view as JSON values. With `lang`, texts in both languages become that one text; without, {"zh", "en"}."""
    plain = msgspec.to_builtins(view, str_keys=True)
    return plain if lang is None else _one_language(plain, lang)


def _one_language(value: Any, lang: Language) -> Any:
    match value:
        case {"zh": str(), "en": str()} if len(value) == 2:
            return value[lang]
        case dict():
            return {key: _one_language(item, lang) for key, item in value.items()}
        case list() | tuple():
            return [_one_language(item, lang) for item in value]
        case _:
            return value
