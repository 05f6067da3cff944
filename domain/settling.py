"""What may be shown of a verdict, a signal or a deadline while terminals still hold events that were not uploaded.

A judge says what the facts say. What rests on something *not* being there is only as sure as the uploads are complete:
while a terminal of the matter has more, the answer is "cannot be decided yet". The invariant: what rests on facts that
are there is never softened, and nothing here looks at more than its arguments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal

from domain.matter import Deadline, Reason, Signal, Verdict

State = Literal["open", "disputed", "resolved", "withdrawn", "undecided", "pending"]


@dataclass(frozen=True, slots=True)
class Outstanding:
    """A terminal that has more than it uploaded: `waiting` events not uploaded yet, `lost` in holes that stand open."""

    terminal: bytes
    waiting: int
    lost: int = 0


def signal_id(rule: str, kind: str, key: str, about: str) -> str:
    """The name of a signal, 16 hex digits: the same in every rebuild, so that a dispute goes on pointing at it."""
    return sha256(f"{rule}\n{kind}:{key}\n{about}".encode()).hexdigest()[:16]


def stood(acts: Sequence[Mapping[str, Any]], closes: int | None, as_of: int) -> State:
    """How a signal stood at an instant (ms): what was said of it by then, and whether the facts had taken it away.

    `acts`: what was said, in order, each with its instant `at` and the `state` that it brought about.
    """
    said = [one["state"] for one in acts if one["at"] <= as_of]
    if said:
        return "disputed" if said[-1] == "disputed" else "resolved"
    return "withdrawn" if closes is not None and closes <= as_of else "open"


def undecided(missing: Sequence[Outstanding]) -> Reason | None:
    """Why nothing can be said yet, None where every terminal is complete. Terminals are named by their id."""
    open_ones = [one for one in sorted(missing, key=lambda one: one.terminal) if one.waiting > 0 or one.lost > 0]
    if not open_ones:
        return None
    return Reason(
        "暂不能判定：" + "；".join(_zh(one) for one in open_ones),
        "cannot be decided yet: " + "; ".join(_en(one) for one in open_ones),
    )


def verdict(one: Verdict, missing: Sequence[Outstanding]) -> Verdict:
    """The verdict as it may be shown."""
    why = undecided(missing) if one.absent and one.outcome != "unknown" else None
    return one if why is None else replace(one, outcome="unknown", reason=why)


def signal(one: Signal, state: State, as_of: int, missing: Sequence[Outstanding]) -> tuple[State, Reason]:
    """(state, reason) of a signal as of an instant (ms).

    "pending": the instant from which it stands is not there yet. "undecided": it rests on an absence that may be none.
    """
    if as_of < one.opens:
        return "pending", one.reason
    why = undecided(missing) if one.absent and state == "open" else None
    return (state, one.reason) if why is None else ("undecided", why)


def deadline(
    one: Deadline, as_of: int, missing: Sequence[Outstanding]
) -> tuple[Literal["running", "ended", "due", "met", "met_late", "cancelled", "undecided"], Reason]:
    """(state, reason) of a deadline as of an instant (ms). "due": its last day has passed without the act.

    What was done only after that instant was not done yet.

    "ended": the same of a period that is not binding, which is no fault.
    """
    if one.cancelled:
        return "cancelled", one.text
    if one.met is not None and one.met <= as_of:
        return ("met" if one.met < one.due else "met_late"), one.text
    if as_of < one.due:
        return "running", one.text
    if not one.binding:
        return "ended", one.text
    why = undecided(missing) if one.absent else None
    return ("due", one.text) if why is None else ("undecided", why)


def _name(one: Outstanding) -> str:
    return one.terminal.hex()[-12:]


def _zh(one: Outstanding) -> str:
    parts = [f"{one.waiting} 条事件未上传"] if one.waiting else []
    parts += [f"{one.lost} 条事件申报丢失"] if one.lost else []
    return f"终端 {_name(one)} 有 {'，'.join(parts)}"


def _en(one: Outstanding) -> str:
    parts = [f"{one.waiting} events not uploaded"] if one.waiting else []
    parts += [f"{one.lost} events declared lost"] if one.lost else []
    return f"terminal {_name(one)} has {' and '.join(parts)}"
