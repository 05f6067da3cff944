"""Late sync told apart from late entry (及时上传 and 补录): when a record was made, as far as others can prove it.

A terminal offline for days uploads late what it wrote in time; that is no fault. What was written days after the act is
another matter, whatever its own clock says. Two instants bound when a record was made: it was made after the newest
checkpoint that it cites and after the terminal last said, in a signed seal, that it held fewer records; and before the
first seal in which the terminal said that it held this one (only the count came in, the record stayed outside). The
invariant: what is proven is never softened by the terminal's own clock, and what only its clock says is called so.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Class: TypeAlias = Literal["in_time", "late_sync", "late_sync_unproven", "late_entry"]

CLASSES: Final[tuple[Class, ...]] = ("in_time", "late_sync", "late_sync_unproven", "late_entry")
"""`in_time`: received within the limit. `late_sync`: made in time, which a seal of the terminal proves, and uploaded
late. `late_sync_unproven`: the same by the terminal's clock alone. `late_entry`: made later than the limit allows."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal as the server received it: at `received` (ms) a terminal said that its newest record was `declared`."""

    received: int
    declared: int


@dataclass(frozen=True, slots=True)
class Bounds:
    """Between which instants (ms) a record was made; None where nobody can say."""

    not_before: int | None
    not_after: int | None


def bounds(seq: int, seals: Iterable[Sealed], anchored: int | None) -> Bounds:
    """When record `seq` of a terminal was made. `anchored`: the instant (ms) of the checkpoint that it cites."""
    before = [one.received for one in seals if one.declared < seq]
    after = [one.received for one in seals if one.declared >= seq]
    earliest = [instant for instant in (max(before, default=None), anchored) if instant is not None]
    return Bounds(max(earliest, default=None), min(after, default=None))


def classify(occurred: int, captured: int, received: int, made: Bounds, limit: int) -> Class:
    """The class of a record of an act at `occurred`, captured by its own clock at `captured`; `limit` in ms.

    A bound that contradicts the clock wins over it: both bounds rest on signatures and on the server's own time.
    """
    if received - occurred <= limit:
        return "in_time"
    if made.not_before is not None and made.not_before - occurred > limit:
        return "late_entry"
    if made.not_after is not None and made.not_after - occurred <= limit:
        return "late_sync"
    return "late_entry" if captured - occurred > limit else "late_sync_unproven"
