"""What a terminal keeps of the changes feed, and the document numbers that it gives out offline."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ops.terminal import desk
from ops.terminal.desk import NoNumber, Page
from ops.terminal.queue_file import Queue, Tick
from ops.terminal.trust import id_text
from tests.support.terminals import server_and_hand

TICK = Tick(1_000, 1_000, bytes(16))
HOUR = 3_600_000
FRONT = "（辽本）应急"


@pytest.fixture
def queue(tmp_path: Path) -> Iterator[Queue]:
    async def enrolled() -> Path:
        async with server_and_hand(tmp_path) as (_, terminal):
            return terminal.folder / "queue.sqlite"

    with Queue(asyncio.run(enrolled())) as opened:
        yield opened


def page(*items: dict[str, Any], reset: bool = False, cursor: str = "c1") -> Page:
    return desk.read_page({"items": list(items), "more": False, "next": cursor, **({"reset": True} if reset else {})})


def series(queue: Queue, *blocks: dict[str, Any], key: str = "210500/责改/2026") -> dict[str, Any]:
    mine = {"terminal": id_text(queue.state.id), "holder": "", "prefix": FRONT, "expires_at": HOUR, "stopped": False}
    return {"kind": "series", "key": key, "gone": False, "blocks": [{**mine, **block} for block in blocks]}


def task(key: str, **more: Any) -> dict[str, Any]:
    return {"kind": "task", "key": key, "gone": False, "stage": "assigned", **more}


def refused(queue: Queue, as_of: int = 0, token: str = "责改") -> str:
    with pytest.raises(NoNumber) as none:
        desk.take_number(queue, token, 2026, as_of, TICK)
    return none.value.code


def test_the_newest_state_of_each_matter_is_kept_and_what_is_gone_goes(queue: Queue) -> None:
    desk.keep(queue, page(task("a"), task("b"), cursor="c1"), TICK)
    desk.keep(queue, page(task("a", stage="closed"), {"kind": "task", "key": "b", "gone": True}, cursor="c2"), TICK)
    assert [(item["key"], item["stage"]) for item in desk.items(queue)] == [("a", "closed")]
    assert desk.cursor_of(queue) == "c2"
    desk.keep(queue, page(task("c"), reset=True, cursor="c3"), TICK)
    assert [item["key"] for item in desk.items(queue, "task")] == ["c"]


def test_an_answer_of_another_form_is_refused_whole(queue: Queue) -> None:
    for wrong in ({}, {"items": [], "more": 1, "next": "x"}, {"items": [{"kind": "x"}], "more": False, "next": "x"}):
        with pytest.raises(desk.BadItems):
            desk.read_page(wrong)
    assert desk.cursor_of(queue) is None


def test_deadlines_are_shown_three_and_one_working_days_ahead_without_a_network(queue: Queue) -> None:
    deadline = {"rule": "DL-05", "start": 0, "due": 100, "warn": [40, 80], "zh": "听证", "en": "hearing"}
    desk.keep(queue, page(task("a", deadlines=[deadline, {"rule": "broken"}])), TICK)
    states = [desk.deadlines(queue, as_of)[0].state for as_of in (39, 40, 79, 80, 99, 100)]
    assert states == ["running", "ahead_3", "ahead_3", "ahead_1", "ahead_1", "due"]


def test_a_signal_is_shown_from_its_instant_on(queue: Queue) -> None:
    desk.keep(queue, page(task("a", signals=[{"rule": "SIG-02", "opens": 50, "zh": "", "en": ""}])), TICK)
    assert (len(desk.signals(queue, 49)), len(desk.signals(queue, 50))) == (0, 1)


def test_numbers_come_from_the_own_block_one_after_the_other_and_never_twice(queue: Queue) -> None:
    desk.keep(queue, page(series(queue, {"first": 51, "last": 53, "next": 51})), TICK)
    assert desk.take_number(queue, "责改", 2026, 0, TICK) == desk.Taken(
        f"{FRONT}责改〔2026〕51号", 51, "210500/责改/2026", 2
    )
    # The server does not know yet that 51 was taken: its old word changes nothing.
    desk.keep(queue, page(series(queue, {"first": 51, "last": 53, "next": 51}), cursor="c2"), TICK)
    path = queue.path
    queue.close()
    with Queue(path) as again:
        assert [desk.take_number(again, "责改", 2026, 0, TICK).n for _ in range(2)] == [52, 53]
        assert refused(again) == "used_up"
        desk.keep(again, page(series(again, {"first": 51, "last": 53}, {"first": 90, "last": 91})), TICK)
        assert desk.take_number(again, "责改", 2026, 0, TICK).n == 90
        assert len(desk.taken_numbers(again)) == 4


def test_what_the_server_saw_on_paper_is_passed_over(queue: Queue) -> None:
    desk.keep(queue, page(series(queue, {"first": 1, "last": 50, "next": 13})), TICK)
    assert desk.take_number(queue, "责改", 2026, 0, TICK).n == 13


@pytest.mark.parametrize(
    ("block", "as_of", "code"),
    [
        ({"first": 1, "last": 9}, HOUR, "expired"),
        ({"first": 1, "last": 9, "stopped": True}, 0, "stopped"),
        ({"first": 1, "last": 9, "returned": 1}, 0, "used_up"),
        ({"first": 1, "last": 9, "terminal": "", "holder": "officer-0017"}, 0, "no_block"),
        ({"first": 1, "last": 9, "terminal": "another"}, 0, "no_block"),
        ({"first": 9, "last": 1}, 0, "no_block"),
        ({"first": "1", "last": 9}, 0, "no_block"),
    ],
)
def test_no_number_is_taken_from_a_block_that_is_not_good(
    queue: Queue, block: dict[str, Any], as_of: int, code: str
) -> None:
    desk.keep(queue, page(series(queue, block)), TICK)
    assert refused(queue, as_of) == code
    assert refused(queue, token="罚") == "no_block"


def test_two_processes_of_one_terminal_never_take_the_same_number(queue: Queue) -> None:
    desk.keep(queue, page(series(queue, {"first": 1, "last": 40})), TICK)
    with Queue(queue.path) as other:
        got = [desk.take_number(each, "责改", 2026, 0, TICK).n for _ in range(10) for each in (queue, other)]
    assert got == list(range(1, 21))


def test_a_queue_of_an_earlier_version_gets_its_new_tables(queue: Queue) -> None:
    for table in ("change", "feed", "taken_number"):
        queue.db.execute(f"DROP TABLE {table}")
    path = queue.path
    queue.close()
    with Queue(path) as again:
        assert again.enrolled
        assert desk.items(again) == []
        with pytest.raises(sqlite3.OperationalError):
            again.db.execute("SELECT * FROM nothing")
