"""What was counted, kept for a while: a count of a province is work for the whole database, and many ask for the same.

An answer of now shows its moment. Once it is older than FRESH_SECONDS it is counted anew behind whoever asks: they wait
PATIENCE at most and are then shown what is there. The invariants: one count at a time for one question, whoever goes
away meanwhile; nothing is kept that failed; an answer belongs to the authorities that were seen, and to no others.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import structlog

from schemas.problems import Problem
from server.log.ids import now_ms

FRESH_SECONDS: Final = 20.0
STALE_SECONDS: Final = 900.0
"""From which age on an answer is not shown any more, however long a new count takes."""
PATIENCE: Final = 0.05
"""Seconds for which somebody waits for a newer answer where there is one already: those of a small bureau are there."""
AT_ONCE: Final = 2
"""Counts at a time for all questions of a kind: whoever asks for something else has a connection left."""

Value = TypeVar("Value")
log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Question:
    """What is counted: for whom (the authorities that are seen, in order), what, and as of which cut ("" for now)."""

    authorities: tuple[str, ...]
    what: str
    cut: str = ""


@dataclass(frozen=True, slots=True)
class Answer(Generic[Value]):
    """What was counted. `as_of`: the instant (ms) at which the count began; `counted`: the same on the steady clock."""

    value: Value
    as_of: int
    counted: float

    def younger(self, seconds: float) -> bool:
        """Whether it was counted within so many seconds."""
        return time.monotonic() - self.counted < seconds


class Answers(Generic[Value]):
    """Answers of one kind, which together weigh `most` at most; the one that was looked at longest ago goes first.

    `named` gives the cut of an answer, by which it can be asked for: as of a cut it cannot change, and is kept as long
    as there is room. `weigh` is 1 or more, by default 1; the newest answer is kept whatever it weighs.
    """

    def __init__(
        self,
        most: int,
        named: Callable[[Value], str],
        weigh: Callable[[Value], int] = lambda _value: 1,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        self._most = most
        self._named = named
        self._weigh = weigh
        self._kept: OrderedDict[Question, Answer[Value]] = OrderedDict()
        self._counting: dict[Question, asyncio.Task[Answer[Value]]] = {}
        self._room = asyncio.Semaphore(at_once)
        self._closed = False

    async def get(self, question: Question, count: Callable[[int], Awaitable[Value]]) -> Answer[Value]:
        """What is kept, or what `count` counts as of the instant (ms) that it is given.

        Raises what `count` raises, where nothing is kept that could be shown; Problem overloaded at shut-down.
        """
        kept = self._kept.get(question)
        if kept is not None:
            self._kept.move_to_end(question)
            if question.cut or kept.younger(FRESH_SECONDS):
                return kept
        counting = self._count(question, count)
        if kept is not None and kept.younger(STALE_SECONDS):
            done, _ = await asyncio.wait([counting], timeout=PATIENCE)
            return kept if not done or counting.cancelled() or counting.exception() is not None else counting.result()
        # In a task of its own: whoever goes away ends the wait and not the count, for which others may wait as well.
        await asyncio.wait([counting])
        if counting.cancelled():
            raise Problem("overloaded", "the server is stopping: ask again in a moment")
        return counting.result()

    async def close(self) -> None:
        """End what is being counted; nothing is counted any more."""
        self._closed = True
        tasks = list(self._counting.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _count(self, question: Question, count: Callable[[int], Awaitable[Value]]) -> asyncio.Task[Answer[Value]]:
        """The count of a question that is under way, or a new one."""
        if self._closed:
            raise Problem("overloaded", "the server is stopping: ask again in a moment")
        counting = self._counting.get(question)
        if counting is None:
            counting = self._counting[question] = asyncio.create_task(self._counted(question, count))
            counting.add_done_callback(lambda task: self._ended(question, task))
        return counting

    async def _counted(self, question: Question, count: Callable[[int], Awaitable[Value]]) -> Answer[Value]:
        async with self._room:
            as_of, counted = now_ms(), time.monotonic()
            answer = Answer(await count(as_of), as_of, counted)
        for one in {question, Question(question.authorities, question.what, self._named(answer.value))}:
            self._kept[one] = answer
            self._kept.move_to_end(one)
        while self._weight() > self._most and next(iter(self._kept.values())) is not answer:
            self._kept.popitem(last=False)
        return answer

    def _weight(self) -> int:
        """What is kept weighs so much; an answer of now that is kept by its cut as well weighs once."""
        return sum(self._weigh(one.value) for one in {id(one): one for one in self._kept.values()}.values())

    def _ended(self, question: Question, task: asyncio.Task[Answer[Value]]) -> None:
        self._counting.pop(question, None)
        fault = None if task.cancelled() else task.exception()
        if fault is not None and not isinstance(fault, Problem):
            # What was kept stays, with its moment on it, and whoever asks next has it tried again.
            log.warning("count_failed", error=type(fault).__name__)
