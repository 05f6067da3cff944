"""The changes feed on a real log and real tables: to exactly the terminals that need them, and nothing missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from domain.judges import series
from schemas import canonical
from schemas.entries import Who
from schemas.problems import Problem
from server.log import epochs, store
from server.log.ids import uuid_text
from server.log.number_acts import NumberActs
from server.log.terminal_acts import TerminalActs
from server.sync.changes import MAX_ITEMS, Changes, Cursor, limit_of, superiors
from tests.support.judges import JUDGES
from tests.support.log import AUTHORITY, HOST, Log, PaperTerminal, enrol, now, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge, remake
from tests.support.projections import body, fold

HEAD = Who(officer="officer-0002", session=bytes(32), via="console")
ALL = {**JUDGES, "series": series.JUDGE}
MONTH = 30 * 86_400_000


@dataclass
class Place:
    """A log, its tables and the feed."""

    log: Log
    database: TestDatabase
    changes: Changes

    async def terminal(self, info: dict[str, Any] | None = None, authority: str = AUTHORITY) -> PaperTerminal:
        made = PaperTerminal(authority)
        await enrol(self.log, made, info)
        return made

    async def visit(self, terminal: PaperTerminal, task: int, by: list[str]) -> str:
        """A visit of some officers, handed in and judged. Returns the task's key."""
        key = str(UUID(int=task))
        told = {**body("site.entered.v1"), "task_id": UUID(int=task).bytes}
        envelope = terminal.envelope("site.entered.v1", told, about=[f"task:{key}"], by=by)
        await send(self.log, terminal.batch([envelope]), authority=terminal.authority)
        return key

    async def judge(self) -> None:
        await judge(self.database, judges=ALL)

    async def ask(self, terminal: PaperTerminal, after: str | None = None, limit: int = MAX_ITEMS) -> dict[str, Any]:
        answer = canonical.decode(await self.changes.answer(terminal.id, after, limit))
        assert isinstance(answer, dict)
        return answer


@pytest.fixture
async def place(database: TestDatabase, short_folder: Path) -> AsyncIterator[Place]:
    async with (
        open_log(database.dsn("liuhen_writer"), short_folder, authorities=("210000", AUTHORITY, "210600")) as log,
        pool_of(database) as console,
    ):
        yield Place(log, database, Changes(console, log.pool))


@asynccontextmanager
async def pool_of(database: TestDatabase) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database.dsn("liuhen_console"), min_size=1, max_size=2) as pool:
        yield pool


def keys(answer: dict[str, Any]) -> set[tuple[str, str]]:
    return {(item["kind"], item["key"]) for item in answer["items"] if not item["gone"]}


async def test_each_terminal_gets_the_matters_of_its_officers_and_of_nobody_else(place: Place) -> None:
    one, two, other = await place.terminal(), await place.terminal(), await place.terminal(authority="210600")
    mine = await place.visit(one, 1, ["lin", "zhao"])
    theirs = await place.visit(two, 2, ["wang", "sun"])
    foreign = await place.visit(other, 3, ["lin", "zhao"])
    await place.judge()
    assert keys(await place.ask(one)) == {("task", mine)}
    assert keys(await place.ask(two)) == {("task", theirs)}
    assert keys(await place.ask(other)) == {("task", foreign)}, "officers of another authority are other people"


async def test_whom_the_enrolment_names_gets_changes_before_the_first_record(place: Place) -> None:
    writer, named = await place.terminal(), await place.terminal({"holders": ["lin"], "model": "x"})
    nobody, one = await place.terminal({"model": "x"}), await place.terminal({"holder": "zhao, wang"})
    task = await place.visit(writer, 1, ["lin", "zhao"])
    await place.judge()
    assert keys(await place.ask(named)) == keys(await place.ask(one)) == {("task", task)}
    assert (await place.ask(nobody))["items"] == []


async def test_an_item_is_the_present_state_with_deadlines_signals_and_what_is_to_be_put_right(place: Place) -> None:
    terminal = await place.terminal()
    await place.visit(terminal, 1, ["lin", "zhao"])
    await place.judge()
    (item,) = (await place.ask(terminal))["items"]
    assert (item["stage"], item["gone"], item["columns"]["number"]) == ("seen", False, 1)
    (deadline,) = item["deadlines"]
    assert deadline["rule"] == "DL-01"
    three, one = deadline["warn"]
    assert deadline["start"] < three < one < deadline["due"]
    assert {(s["rule"], s["state"]) for s in item["signals"]} >= {("SIG-01", "open"), ("SIG-02", "pending")}
    assert {c["rule"] for c in item["corrections"]} == {"INV-01", "INV-02"}
    assert item["page"]["types"] == ["site.entered.v1"]


async def test_what_rests_on_an_absence_is_undecided_while_a_terminal_has_more(place: Place) -> None:
    terminal = await place.terminal()
    told = {**body("site.entered.v1"), "task_id": UUID(int=1).bytes}
    envelope = terminal.envelope("site.entered.v1", told, about=[f"task:{UUID(int=1)}"], by=["lin"])
    await send(place.log, terminal.batch([envelope], declared=9))
    await place.judge()
    await fold(place.database)
    (item,) = (await place.ask(terminal))["items"]
    assert {s["rule"]: s["state"] for s in item["signals"]}["SIG-01"] == "undecided"
    assert {c["rule"] for c in item["corrections"]} == {"INV-02"}


async def test_the_cursor_goes_on_behind_what_was_given_and_misses_nothing(place: Place) -> None:
    terminal = await place.terminal()
    tasks = {await place.visit(terminal, n, ["lin", "zhao"]) for n in range(1, 8)}
    await place.judge()
    seen: list[str] = []
    answer = await place.ask(terminal, limit=2)
    assert answer["reset"] is True, "the first page begins anew"
    while True:
        seen += [item["key"] for item in answer["items"]]
        if not answer["more"]:
            break
        answer = await place.ask(terminal, answer["next"], limit=2)
        assert "reset" not in answer
    assert sorted(seen) == sorted(tasks)
    assert (await place.ask(terminal, answer["next"]))["items"] == []
    changed = await place.visit(terminal, 3, ["lin", "zhao"])
    await place.judge()
    later = await place.ask(terminal, answer["next"])
    assert keys(later) == {("task", changed)}, "only what changed since"


async def test_a_cursor_survives_a_rebuild_that_changes_nothing(place: Place) -> None:
    terminal = await place.terminal()
    await place.visit(terminal, 1, ["lin", "zhao"])
    await place.judge()
    cursor = (await place.ask(terminal))["next"]
    await remake(place.database, judges=ALL)
    assert (await place.ask(terminal, cursor))["items"] == []


async def test_an_officer_who_takes_up_a_terminal_gets_everything_again(place: Place) -> None:
    one, two = await place.terminal(), await place.terminal()
    mine, theirs = await place.visit(one, 1, ["lin"]), await place.visit(two, 2, ["wang"])
    await place.judge()
    cursor = (await place.ask(one))["next"]
    joint = await place.visit(one, 3, ["lin", "wang"])
    await place.judge()
    answer = await place.ask(one, cursor)
    assert answer["reset"] is True
    assert keys(answer) == {("task", mine), ("task", theirs), ("task", joint)}


async def test_what_concerned_an_officer_who_left_the_terminal_goes(place: Place) -> None:
    place.changes.recent = 2
    terminal = await place.terminal()
    mine = await place.visit(terminal, 1, ["lin"])
    await place.judge()
    before = await place.ask(terminal)
    assert keys(before) == {("task", mine)}
    theirs = {await place.visit(terminal, n, ["wang"]) for n in (2, 3)}
    await place.judge()
    answer = await place.ask(terminal, before["next"])
    assert answer["reset"] is True
    assert keys(answer) == {("task", task) for task in theirs}


async def test_a_reader_in_small_steps_ends_with_what_is_there_however_much_changes_meanwhile(place: Place) -> None:
    terminal = await place.terminal({"holder": "lin"})
    known: dict[str, int] = {}
    cursor: str | None = None
    for number in range(1, 13):
        await place.visit(terminal, 1 + number % 5, ["lin"])
        await place.judge()
        if number % 2 or number == 12:
            while True:
                answer = await place.ask(terminal, cursor, limit=1)
                known.update({item["key"]: item["columns"]["number"] for item in answer["items"]})
                cursor = answer["next"]
                if number != 12 or not answer["more"]:
                    break
    fresh = await place.ask(terminal)
    assert known == {item["key"]: item["columns"]["number"] for item in fresh["items"]}


async def test_a_bad_cursor_is_an_error_and_never_an_empty_success(place: Place) -> None:
    terminal, other = await place.terminal(), await place.terminal()
    await place.visit(terminal, 1, ["lin"])
    await place.judge()
    good = (await place.ask(terminal))["next"]
    ahead = Cursor(1, 10**6, Cursor.read(good, terminal.id).audiences).text(terminal.id)
    strange = [good[:-2], good[:9] + ("B" if good[9] == "A" else "A") + good[10:], "x", "…", "A" * 2_000, ahead]
    for cursor in strange:
        with pytest.raises(Problem) as refused:
            await place.ask(terminal, cursor)
        assert refused.value.code == "bad_cursor", cursor
    with pytest.raises(Problem) as refused:
        await place.ask(other, good)
    assert refused.value.code == "bad_cursor", "it was given to another terminal"
    connection = await store.connect(place.log.dsn)
    try:
        log = place.log
        await epochs.begin_epoch(
            connection, log.book.queries, log.keyring, log.register, authority=AUTHORITY, host=HOST, received=now()
        )
    finally:
        await connection.close()
    with pytest.raises(Problem) as refused:
        await place.ask(terminal, good)
    assert refused.value.code == "bad_cursor", "after a restore an old cursor would miss what came anew"


async def test_a_revoked_terminal_gets_nothing(place: Place) -> None:
    terminal = await place.terminal()
    await TerminalActs(place.log.committer, place.log.pool).revoke(AUTHORITY, terminal.id, "lost", HEAD)
    with pytest.raises(Problem) as refused:
        await place.ask(terminal)
    assert refused.value.code == "revoked"


async def test_a_block_of_numbers_reaches_its_terminal_and_no_other(place: Place) -> None:
    one, two = await place.terminal({"holder": "lin"}), await place.terminal({"holder": "lin"})
    acts = NumberActs(place.log.committer, place.log.pool)
    key = f"{AUTHORITY}/责改/2026"
    await acts.reserve(key, 50, now() + MONTH, "（辽本）应急", HEAD, terminal=one.id)
    await acts.reserve(key, 10, now() + MONTH, "（辽本）应急", HEAD, terminal=two.id)
    await acts.reserve(key, 5, now() + MONTH, "（辽本）应急", HEAD, holder="lin")
    await place.judge()
    (item,) = (await place.ask(one))["items"]
    assert [(b["first"], b["last"], b["terminal"]) for b in item["blocks"]] == [
        (1, 50, uuid_text(one.id)), (61, 65, ""),
    ]  # fmt: skip
    assert "page" not in item, "the rest of the sequence is not for terminals"
    (item,) = (await place.ask(two))["items"]
    assert [(b["first"], b["last"]) for b in item["blocks"]] == [(51, 60), (61, 65)]


async def test_a_name_like_a_device_opens_no_other_devices_blocks(place: Place) -> None:
    one, thief = await place.terminal(), await place.terminal()
    acts = NumberActs(place.log.committer, place.log.pool)
    await acts.reserve(f"{AUTHORITY}/责改/2026", 50, now() + MONTH, "（辽本）应急", HEAD, terminal=one.id)
    await place.visit(thief, 9, [f"terminal:{uuid_text(one.id)}"])
    await place.judge()
    assert [item["kind"] for item in (await place.ask(thief))["items"]] == []


async def test_rule_sets_of_the_authority_and_of_those_above_reach_every_terminal(place: Place) -> None:
    from server.log.acts import Act, OfficeActs
    from server.log.ids import uuid7
    from tests.support.event_vectors import FULL

    below, elsewhere = await place.terminal(), await place.terminal(authority="210600")
    for authority in ("210000", AUTHORITY):
        fields = {**FULL["rule_set.published.v1"], "ruleset_id": f"limits-{authority}"}
        fields.pop("authority", None)
        act = Act("rule_set.published.v1", [f"authority:{authority}"], fields, uuid7(), 1, uuid7())
        await place.log.committer.submit(OfficeActs(authority, [act], HEAD, now()))
    await place.judge()
    answer = await place.ask(below)
    assert keys(answer) == {("rules", "210000"), ("rules", AUTHORITY)}
    named = {s["ruleset_id"] for item in answer["items"] for s in item["sets"]}
    assert named == {"limits-210000", f"limits-{AUTHORITY}"}
    assert keys(await place.ask(elsewhere)) == {("rules", "210000")}


def test_limits_and_superiors() -> None:
    assert (limit_of(None), limit_of("1"), limit_of(str(MAX_ITEMS))) == (MAX_ITEMS, 1, MAX_ITEMS)
    for wrong in ("0", str(MAX_ITEMS + 1), "-1", "x", "", "１"):
        with pytest.raises(Problem) as refused:
            limit_of(wrong)
        assert refused.value.code == "bad_request"
    assert superiors("210521") == ["210500", "210000", "000000"]
    assert superiors("210000") == ["000000"]
