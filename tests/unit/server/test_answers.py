"""What was counted is kept: one count at a time for a question, shown with its moment, renewed behind whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from schemas.problems import Problem
from server.supervision import answers
from server.supervision.answers import Answers, Question

NOW = Question(("210000", "210500"), "2026-Q3")


@dataclass
class Counting:
    """Counts on demand: each count waits until it is let go, then gives its number, as of a cut of its own."""

    begun: int = 0
    ended: int = 0
    failing: bool = False
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def count(self, as_of: int) -> int:
        self.begun += 1
        number = self.begun
        await self.gate.wait()
        if self.failing:
            raise ConnectionError("the database is away")
        self.ended += 1
        return number


def kept(most: int = 8, weigh: Callable[[int], int] = lambda _value: 1, at_once: int = 2) -> Answers[int]:
    return Answers(most, lambda value: f"cut-{value}", weigh, at_once=at_once)


def let_go() -> Counting:
    made = Counting()
    made.gate.set()
    return made


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - a condition of what is tested, which knows no event
            await asyncio.sleep(0)


async def asked_by_many(
    made: Answers[int], counting: Callable[[int], Awaitable[int]], many: int = 50
) -> list[asyncio.Task[answers.Answer[int]]]:
    tasks = [asyncio.create_task(made.get(NOW, counting)) for _ in range(many)]
    await asyncio.sleep(0)
    return tasks


async def test_many_who_ask_for_the_same_wait_for_one_count() -> None:
    made, counting = kept(), Counting()
    tasks = await asked_by_many(made, counting.count)
    counting.gate.set()
    found = {(await task).value for task in tasks}
    assert (found, counting.begun) == ({1}, 1)


async def test_whoever_goes_away_does_not_end_the_count_of_the_others() -> None:
    made, counting = kept(), Counting()
    first, second = await asked_by_many(made, counting.count, 2)
    await until(lambda: counting.begun == 1)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    counting.gate.set()
    assert (await second).value == 1
    assert first.cancelled()


async def test_what_others_see_or_another_cut_is_another_answer() -> None:
    made, counting = kept(), let_go()
    found = [
        (await made.get(question, counting.count)).value
        for question in (
            NOW, Question(("210000",), NOW.what), Question(NOW.authorities, "2026-Q2"),
            Question(NOW.authorities, NOW.what, "another"), NOW,
        )
    ]  # fmt: skip
    assert found == [1, 2, 3, 4, 1]


async def test_an_answer_of_now_is_found_by_its_cut_for_those_who_see_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, counting = kept(), let_go()
    await made.get(NOW, counting.count)
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(answers, "STALE_SECONDS", 0.0)
    assert (await made.get(Question(NOW.authorities, NOW.what, "cut-1"), counting.count)).value == 1, "it cannot age"
    assert (await made.get(Question(("210000",), NOW.what, "cut-1"), counting.count)).value == 2, "others see less"


async def test_one_that_ages_is_shown_with_its_moment_and_counted_anew_behind_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(answers, "PATIENCE", 0.0)
    made, counting = kept(), let_go()
    first = await made.get(NOW, counting.count)
    counting.gate.clear()
    shown = await made.get(NOW, counting.count)
    assert shown is first, "with the instant and the cut of its own count"
    await until(lambda: counting.begun == 2)
    assert await made.get(NOW, counting.count) is first
    assert counting.begun == 2, "one renewal at a time"
    counting.gate.set()
    await until(lambda: counting.ended == 2)
    renewed = await made.get(NOW, counting.count)
    assert renewed.value == 2
    assert renewed.as_of >= first.as_of
    await made.close()


async def test_a_quick_count_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(answers, "PATIENCE", 60.0)
    made, counting = kept(), let_go()
    assert [(await made.get(NOW, counting.count)).value for _ in range(3)] == [1, 2, 3]


async def test_what_is_too_old_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(answers, "STALE_SECONDS", 0.0)
    made, counting = kept(), let_go()
    assert [(await made.get(NOW, counting.count)).value for _ in range(2)] == [1, 2]


async def test_a_count_that_fails_is_told_to_all_who_wait_and_is_not_kept() -> None:
    made, counting = kept(), Counting(failing=True)
    tasks = await asked_by_many(made, counting.count, 3)
    counting.gate.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(one) for one in found] == [ConnectionError] * 3
    counting.failing = False
    assert (await made.get(NOW, counting.count)).value == 2


async def test_a_renewal_that_fails_leaves_the_answer_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "FRESH_SECONDS", 0.0)
    made, counting = kept(), let_go()
    first = await made.get(NOW, counting.count)
    counting.failing = True
    assert await made.get(NOW, counting.count) is first
    counting.failing = False
    assert (await made.get(NOW, counting.count)).value == 3


async def test_no_more_is_kept_than_there_is_room_for_and_the_newest_always() -> None:
    made, counting = kept(most=10, weigh=lambda value: 4 if value < 4 else 100), let_go()
    questions = [Question(("210000",), f"2026-0{month}") for month in range(1, 5)]
    for question in questions[:3]:
        await made.get(question, counting.count)
    assert (await made.get(questions[1], counting.count)).value == 2
    assert (await made.get(questions[2], counting.count)).value == 3
    assert (await made.get(questions[3], counting.count)).value == 4, "heavier than all that there is room for"
    assert (await made.get(questions[3], counting.count)).value == 4
    assert (await made.get(questions[2], counting.count)).value == 5, "and had to go"


async def test_so_many_counts_at_a_time_and_no_more() -> None:
    made, counting = kept(at_once=2), Counting()
    tasks = [
        asyncio.create_task(made.get(Question(("210000",), f"2026-0{month}"), counting.count)) for month in range(1, 6)
    ]
    await until(lambda: counting.begun == 2)
    for _ in range(20):
        await asyncio.sleep(0)
    assert counting.begun == 2
    counting.gate.set()
    assert sorted(one.value for one in await asyncio.gather(*tasks)) == [1, 2, 3, 4, 5]


async def test_at_shut_down_counts_end_and_nothing_is_begun() -> None:
    made, counting = kept(), Counting()
    [waiting] = await asked_by_many(made, counting.count, 1)
    await until(lambda: counting.begun == 1)
    await made.close()
    with pytest.raises(Problem) as refused:
        await waiting
    assert refused.value.code == "overloaded"
    with pytest.raises(Problem):
        await made.get(NOW, counting.count)
    assert counting.ended == 0
    assert not [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
