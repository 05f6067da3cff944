"""What the office may do with one sequence of document numbers: reserve a block, issue, void, take back (E08).

One sequence for each authority, token and year, beginning at 1 (handbook 8.9). `decide` looks at the acts so far
(`Series`) and at what stands on paper that never asked for a number (`Standing`). The invariant (INV-33): no number is
given out twice, to a document or to a block, and none that is voided or given back is given out again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias, assert_never

from msgspec import UNSET

from domain.document_numbers import MAX_SEQUENCE, printed_as, series_key, split_key
from domain.printed import Refused
from domain.workdays import day_of
from schemas.events import Body
from schemas.events.document_number import (
    DocumentNumberIssued,
    DocumentNumbersReserved,
    DocumentNumbersReturned,
    DocumentNumberVoided,
)
from schemas.problems import Problem

MAX_BLOCK: Final = 1_000
"""Numbers of one block."""
MAX_DAYS: Final = 400
"""Days for which a block is reserved at most."""
MAX_REASON: Final = 500
MAX_TAG: Final = 128
"""Bytes of a tag (wire protocol, section 2): a document is found in the log by its number."""
MAX_OPEN_BLOCKS: Final = 500
DAY_MS: Final = 86_400_000

ReturnReason: TypeAlias = Literal["year_end", "terminal_replaced", "expired", "other"]
RETURN_REASONS: Final[tuple[ReturnReason, ...]] = ("year_end", "terminal_replaced", "expired", "other")


@dataclass(frozen=True, slots=True)
class Block:
    """Numbers `first` … `last` for a terminal or an officer's book of forms; `returned`: the first one given back."""

    id: bytes
    first: int
    last: int
    expires_at: int
    terminal: bytes = b""
    holder: str = ""
    prefix: str = ""
    returned: int | None = None

    def holds(self, n: int) -> bool:
        """Whether a number belongs to the block and was not given back."""
        return self.first <= n <= (self.last if self.returned is None else self.returned - 1)


@dataclass(frozen=True, slots=True)
class Series:
    """The office's acts on one sequence so far. `high` is the newest number given out, 0 before the first."""

    authority: str
    token: str
    year: int
    prefix: str = ""
    high: int = 0
    issued: int = 0
    blocks: tuple[Block, ...] = ()
    voided: frozenset[int] = frozenset()

    @property
    def key(self) -> str:
        """The key of the matter and of the aggregate."""
        return series_key(self.authority, self.token, self.year)

    def block_of(self, n: int) -> Block | None:
        """The block that holds a number."""
        return next((block for block in self.blocks if block.holds(n)), None)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the log holds of the sequence beside the office's acts.

    `highest`: the newest number that stands on any document; `used`: whether the number of the command stands on one or
    was voided by a terminal; `last_used`: the newest number used out of the block of the command, 0 if none.
    """

    highest: int = 0
    used: bool = False
    last_used: int = 0


@dataclass(frozen=True, slots=True)
class Reserve:
    """Set `count` numbers aside until `expires_at` (ms), for a terminal or for an officer's book of forms."""

    block_id: bytes
    count: int
    expires_at: int
    prefix: str
    terminal: bytes = b""
    holder: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    """Give out the next number, for a document of a case or of a task."""

    prefix: str
    issued_to: str
    case_id: bytes = b""
    task_id: bytes = b""
    draft_hash: bytes = b""


@dataclass(frozen=True, slots=True)
class Void:
    """Declare a spoiled number: why, who approved, and photos of the form (SHA-256)."""

    n: int
    reason: str
    approver: str
    photo_hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Return:
    """Take the rest of a block back, from `from_n` on."""

    block_id: bytes
    from_n: int
    reason: ReturnReason


Command: TypeAlias = Reserve | Issue | Void | Return
Fact: TypeAlias = DocumentNumbersReserved | DocumentNumberIssued | DocumentNumberVoided | DocumentNumbersReturned


def begin(key: str) -> Series:
    """A sequence of which nothing is known yet. Raises Problem bad_request for a key that is none."""
    try:
        authority, token, year = split_key(key)
    except ValueError as fault:
        raise Problem("bad_request", str(fault)) from None
    return Series(authority, token, year)


def next_number(state: Series, standing: Standing) -> int:
    """The number that comes next: behind all that was given out and all that stands on paper."""
    return max(state.high, standing.highest) + 1


def decide(state: Series, standing: Standing, command: Command, now: int) -> Fact:
    """The fact that a command brings about. `now` in ms. Raises Problem bad_request, conflict or not_found."""
    match command:
        case Reserve():
            return _reserve(state, standing, command, now)
        case Issue():
            return _issue(state, standing, command)
        case Void():
            return _void(state, standing, command, now)
        case Return():
            return _return(state, standing, command)
        case _:
            assert_never(command)


def evolve(state: Series, fact: Body) -> Series:
    """The state after one more act of the office."""
    match fact:
        case DocumentNumbersReserved():
            prefix = "" if fact.prefix is UNSET else fact.prefix
            block = Block(
                fact.block_id,
                fact.from_n,
                fact.to_n,
                fact.expires_at,
                b"" if fact.terminal_id is UNSET else fact.terminal_id,
                "" if fact.holder is UNSET else fact.holder,
                prefix,
            )
            high = max(state.high, fact.to_n)
            return replace(state, blocks=(*state.blocks, block), high=high, prefix=prefix or state.prefix)
        case DocumentNumberIssued():
            return replace(state, high=max(state.high, fact.n), issued=state.issued + 1)
        case DocumentNumberVoided():
            return replace(state, voided=state.voided | {fact.n}, high=max(state.high, fact.n))
        case DocumentNumbersReturned():
            blocks = tuple(
                replace(block, returned=fact.from_n) if block.id == fact.block_id else block for block in state.blocks
            )
            return replace(state, blocks=blocks)
        case _:
            return state


def _reserve(state: Series, standing: Standing, command: Reserve, now: int) -> Fact:
    if bool(command.terminal) == bool(command.holder):
        raise Problem("bad_request", "expected a terminal or an officer who holds the book of forms, one of both")
    if not 1 <= command.count <= MAX_BLOCK:
        raise Problem("bad_request", f"expected 1 to {MAX_BLOCK} numbers", limit=MAX_BLOCK)
    if not now < command.expires_at <= now + MAX_DAYS * DAY_MS:
        raise Problem("bad_request", f"expected an end within the next {MAX_DAYS} days", limit=MAX_DAYS)
    if sum(block.returned is None and block.expires_at > now for block in state.blocks) >= MAX_OPEN_BLOCKS:
        raise Problem("conflict", f"the series has {MAX_OPEN_BLOCKS} open blocks: take some back first")
    first = next_number(state, standing)
    last = first + command.count - 1
    prefix = _printable(state, command.prefix or state.prefix, last)
    return DocumentNumbersReserved(
        block_id=command.block_id,
        agency=state.authority,
        token=state.token,
        year=state.year,
        from_n=first,
        to_n=last,
        prefix=prefix or UNSET,
        terminal_id=command.terminal or UNSET,
        holder=command.holder or UNSET,
        expires_at=command.expires_at,
    )


def _issue(state: Series, standing: Standing, command: Issue) -> Fact:
    if not command.issued_to:
        raise Problem("bad_request", "expected who asks for the number")
    n = next_number(state, standing)
    prefix = _printable(state, command.prefix or state.prefix, n)
    return DocumentNumberIssued(
        document_no=printed_as(prefix, state.token, state.year, n),
        agency=state.authority,
        token=state.token,
        year=state.year,
        n=n,
        case_id=command.case_id or UNSET,
        task_id=command.task_id or UNSET,
        draft_hash=command.draft_hash or UNSET,
        issued_to=command.issued_to,
    )


def _void(state: Series, standing: Standing, command: Void, now: int) -> Fact:
    reason = command.reason.strip()
    if not 1 <= len(reason) <= MAX_REASON or "\0" in reason:
        raise Problem("bad_request", f"expected a reason of 1 to {MAX_REASON} characters", limit=MAX_REASON)
    if not command.approver or not 1 <= len(command.photo_hashes) <= 8:
        raise Problem("bad_request", "expected an approver and one to eight photos of the spoiled form")
    if command.n in state.voided:
        raise Problem("conflict", "the number is void already")
    if standing.used:
        raise Problem(
            "conflict", "a document with this number is in the record: alter or withdraw the document instead"
        )
    if not 1 <= command.n < next_number(state, standing):
        raise Problem("not_found", "this number was never given out")
    if any(block.returned is not None and block.returned <= command.n <= block.last for block in state.blocks):
        raise Problem("conflict", "the number was given back with its block")
    block = state.block_of(command.n)
    prefix = (block.prefix if block is not None else "") or state.prefix
    try:
        printed = printed_as(prefix, state.token, state.year, command.n) if prefix else None
    except Refused:
        printed = None
    return DocumentNumberVoided(
        document_no=printed if printed is not None else UNSET,
        agency=state.authority,
        token=state.token,
        year=state.year,
        n=command.n,
        reason=reason,
        approver=command.approver,
        photo_hashes=command.photo_hashes,
        voided_on=day_of(now),
    )


def _return(state: Series, standing: Standing, command: Return) -> Fact:
    block = next((each for each in state.blocks if each.id == command.block_id), None)
    if block is None:
        raise Problem("not_found", "the series has no such block")
    if block.returned is not None:
        raise Problem("conflict", "the rest of this block was given back already")
    if not block.first <= command.from_n <= block.last:
        raise Problem("bad_request", f"expected a number from {block.first} to {block.last}")
    newest = max([standing.last_used, *(n for n in state.voided if block.holds(n))])
    if command.from_n <= newest:
        raise Problem("conflict", f"numbers up to {newest} of the block are used or void", expected=newest + 1)
    return DocumentNumbersReturned(
        block_id=block.id,
        agency=state.authority,
        token=state.token,
        year=state.year,
        from_n=command.from_n,
        to_n=block.last,
        reason=command.reason,
    )


def _printable(state: Series, prefix: str, last: int) -> str:
    if last > MAX_SEQUENCE:
        raise Problem("conflict", f"the series ends at {MAX_SEQUENCE}")
    try:
        printed = printed_as(prefix, state.token, state.year, last)
    except Refused as refused:
        raise Problem("bad_request", f"the front cannot be used: {refused.en}") from None
    if len(f"document:{printed}".encode()) > MAX_TAG:
        raise Problem("bad_request", "front and document word are too long for a tag", limit=MAX_TAG)
    return prefix
