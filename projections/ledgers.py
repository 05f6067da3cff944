"""From the folded state of a terminal to the ledger that an officer reads.

Invariant: nothing is judged here that the fold did not say; a revoked terminal counts as held, as admission has it.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import msgspec

from projections.terminal_ledger import OPEN, Merged
from projections.views import (
    BranchState,
    BranchView,
    ClockView,
    Enrolment,
    HoleView,
    IncidentView,
    TerminalLedger,
)
from schemas.envelope import NOTE_BITS
from schemas.events import body_json

_INFO: Final = msgspec.msgpack.Decoder()


def ledger(authority: str, name: str, merged: Merged, as_of: dict[int, int]) -> TerminalLedger:
    """The ledger of terminal `name`."""
    state = merged.state
    head = state.head or 0
    declared = max(state.declared, head)
    return TerminalLedger(
        authority=authority,
        id=name,
        head=head,
        declared=declared,
        waiting=declared - head,
        entries=state.entries,
        held=bool(state.held) or state.revoked is not None,
        revoked=state.revoked,
        open_branches=sum(branch.state == OPEN for branch in state.branches),
        holes=tuple(HoleView(hole.first, hole.last, hole.filled) for hole in state.holes),
        branches=tuple(BranchView(b.id.hex(), b.first, b.entries, branch_state(b.state)) for b in state.branches),
        incidents=tuple(IncidentView(*incident) for incident in merged.incidents),
        last_received=state.last_received,
        last_captured=state.last_captured,
        clock=None if state.clock is None else ClockView(*state.clock),
        notes={note: state.notes[bit.bit_length() - 1] for note, bit in sorted(NOTE_BITS.items())
               if state.notes[bit.bit_length() - 1]},
        enrolment=_enrolment(merged),
        as_of=as_of,
    )  # fmt: skip


def branch_state(state: str) -> BranchState:
    """The stored word for what was decided about a side chain; open until something was."""
    match state:
        case "continues" | "set_aside":
            return state
        case _:
            return "open"


def _enrolment(merged: Merged) -> Enrolment | None:
    found = merged.state.enrolled
    if found is None or merged.enrolled_in is None:
        return None
    info: dict[str, Any] = body_json(_INFO.decode(found.info))
    return Enrolment(
        log_id=merged.enrolled_in,
        position=found.position,
        received=found.received,
        event_key=found.event_key.hex(),
        request_key=found.request_key.hex(),
        replaces=str(UUID(bytes=found.replaces)) if found.replaces else None,
        info=info,
    )
