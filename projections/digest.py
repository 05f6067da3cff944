"""What a run of entries adds to case files and ledgers, made without knowing what stands there already.

Most of the work of the projections is here, and it may be done anywhere: in the process that writes, or in several
others at once. Pure. Invariant: digests absorbed in the order of the log give the same rows, byte for byte, however
the log was cut into runs and whoever made them.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec import Struct

from projections import case_file, terminal_ledger
from projections.case_file import CaseFold, CaseHead
from projections.facts import Event, Reader
from projections.terminal_ledger import LedgerFold, Step
from schemas.events import Registry

PROJECTIONS: Final = {case_file.NAME: case_file.VERSION, terminal_ledger.NAME: terminal_ledger.VERSION}


@dataclass(frozen=True, slots=True)
class LogPlace:
    """A log as the runner sees it."""

    log_id: int
    authority: str
    epoch: int
    size: int


@dataclass(frozen=True, slots=True)
class Run:
    """Entries first … first+len-1 of a log, and (seq, notes) of those envelopes that have notes, by position."""

    log: LogPlace
    first: int
    entries: Sequence[bytes]
    noted: Mapping[int, tuple[int, int]]


class Digest(Struct, array_like=True):
    """Heads by tag and steps by terminal that entries `first` … `end`-1 add.

    `parked` = (projection, position, class of the error).
    """

    log_id: int
    authority: str
    first: int
    end: int
    heads: dict[str, CaseHead]
    ledgers: dict[bytes, list[Step]]
    parked: list[tuple[str, int, str]]


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DIGESTS: Final = msgspec.msgpack.Decoder(list[Digest])


class Digester:
    """Makes digests of runs with one registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._readers: dict[int, Reader] = {}

    def __call__(self, run: Run) -> Digest:
        """The digest of a run. Never raises for an entry: what cannot be digested is parked in it."""
        log = run.log
        reader = self._readers.get(log.log_id)
        if reader is None:
            reader = self._readers[log.log_id] = Reader(log.authority, log.epoch, self._registry.lookup)
        cases, ledger = CaseFold(self._registry), LedgerFold()
        parked: list[tuple[str, int, str]] = []
        noted, position = run.noted, run.first
        with uncollected():
            for entry in run.entries:
                try:
                    fact = reader(position, entry, noted.get(position) if noted else None)
                except Exception as fault:  # noqa: BLE001 - poison is parked, the others go on
                    parked.extend((name, position, type(fault).__name__) for name in PROJECTIONS)
                    fact = None
                if fact is not None:
                    if type(fact) is Event:
                        try:
                            cases.add(fact)
                        except Exception as fault:  # noqa: BLE001 - as above
                            parked.append((case_file.NAME, position, type(fault).__name__))
                    try:
                        ledger.add(fact)
                    except Exception as fault:  # noqa: BLE001 - as above
                        parked.append((terminal_ledger.NAME, position, type(fault).__name__))
                position += 1
            return Digest(log.log_id, log.authority, run.first, position, cases.heads(), ledger.steps(), parked)


def encode(digests: Sequence[Digest]) -> bytes:
    """Digests on their way between two processes of this program."""
    return _ENCODE(digests)


def decode(data: bytes) -> list[Digest]:
    """Digests that `encode` wrote."""
    with uncollected():
        return _DIGESTS.decode(data)


@contextmanager
def uncollected() -> Iterator[None]:
    """No cycle collection meanwhile: nothing made here has cycles, and looking for them costs half of the fold."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
