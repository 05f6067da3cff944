"""What this process foresees of the logs: heads and terminals as its newest group leaves them.

While nobody else moves a log, the next group can be decided in memory before the lock of its head is given: the
statement that writes it holds what was foreseen against the head and refuses it otherwise. Invariant: a terminal that
is known here stands as the entries up to the foreseen head say, those of groups under way among them. Whoever finds a
head elsewhere calls `doubt`, and the log is decided under its lock until it was found where it was left for a while.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from server.log.book import LogState
from server.log.group import Terminal

MAX_KNOWN: Final = 20_000
"""Terminals of one log that are kept; far more than two groups can touch."""

WARY: Final = 32
"""Groups that are decided under the lock after a head was found elsewhere: another process writes the same log."""


@dataclass(slots=True)
class _Foreseen:
    epoch: int
    note: str
    wary: int = 0
    terminals: OrderedDict[bytes, Terminal] = field(default_factory=OrderedDict)


class Foresight:
    """By log: the note of the head that comes next, and the terminals that are known."""

    def __init__(self) -> None:
        self._logs: dict[int, _Foreseen] = {}

    def note(self, log: LogState) -> str | None:
        """The note of the head behind which the next group goes, None where it has to be decided under the lock."""
        known = self._logs.get(log.log_id)
        if known is None or known.wary or known.epoch != log.epoch or log.closed is not None or not log.loaded:
            return None
        return known.note

    def terminal(self, log: LogState, terminal: bytes) -> Terminal | None:
        """How a terminal stands behind the foreseen head, None where it is not known."""
        known = self._logs[log.log_id].terminals
        found = known.get(terminal)
        if found is not None:
            known.move_to_end(terminal)
        return found

    def learn(self, log: LogState, terminals: Iterable[Terminal]) -> None:
        """Terminals as they stand behind the foreseen head."""
        known = self._logs[log.log_id].terminals
        for terminal in terminals:
            known[terminal.terminal] = terminal
            known.move_to_end(terminal.terminal)
        while len(known) > MAX_KNOWN:
            known.popitem(last=False)

    def expect(self, log: LogState, note: str) -> None:
        """The next group goes behind this note: a group of ours was written, or is on its way."""
        known = self._logs.get(log.log_id)
        if known is None or known.epoch != log.epoch:
            self._logs[log.log_id] = _Foreseen(log.epoch, note)
            return
        known.note = note
        known.wary = max(0, known.wary - 1)

    def doubt(self, log: LogState) -> None:
        """Its head is elsewhere, or a group of ours was not written: nothing is known any more."""
        self._logs[log.log_id] = _Foreseen(log.epoch, "", WARY)

    def forget(self) -> None:
        """Nothing is known of any log."""
        self._logs.clear()
