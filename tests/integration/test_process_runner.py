"""The process projection: every matter judged on all its facts, past poison, told of once, equal after a rebuild."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import islice
from typing import Any

import msgspec
import pytest

from domain.matter import Judgement, Matter
from domain.settling import signal_id
from ops.stories import histories
from projections.process import context
from projections.process import runner as runner_module
from projections.process.rebuild import rebuild
from projections.process.runner import Follower
from projections.rebuild import RebuildRefused
from projections.runner import connect
from schemas.events import REGISTRY, Registry
from schemas.events.task import TaskAssigned
from tests.support.judges import JUDGES, count, table
from tests.support.postgres import TestDatabase
from tests.support.process import Event, Writer, judge, judging, paper, process_tables, remake
from tests.support.projections import CASE, HAZARD, PROJECTOR, T0, TASK, body, eventually

DAY = 86_400_000


def told(number: int, seed: int = 7) -> list[Event]:
    """Some histories, each from a terminal of its own."""
    writer = Writer()
    stories = list(islice(histories(seed, start=T0), number))
    return [writer.story(event, terminal=f"T-{index}") for index, story in enumerate(stories) for event in story]


def visit(writer: Writer, at: int = T0, **more: Any) -> Event:
    return writer.field("site.entered.v1", body("site.entered.v1"), [f"task:{TASK}"], occurred=at, **more)


def find(writer: Writer, at: int = T0, **more: Any) -> Event:
    tags = [f"task:{TASK}", f"hazard:{HAZARD}"]
    return writer.field("hazard.found.v1", body("hazard.found.v1"), tags, occurred=at, **more)


def certify(writer: Writer, officer: str, at: int = T0) -> Event:
    full = {**body("officer_certificate.recorded.v1"), "officer_id": officer}
    return writer.office("officer_certificate.recorded.v1", full, [f"officer:{officer}"], received=at)


async def matters(database: TestDatabase) -> dict[str, Any]:
    """Rows of the live slot by `kind:key`, JSON read."""
    connection = await database.connect()
    try:
        slot = await connection.fetchval("SELECT slot FROM view.process")
        rows = await connection.fetch(f"SELECT * FROM view_{slot}.matters")
        return {
            f"{row['kind']}:{row['key']}": {
                **dict(row),
                "columns": msgspec.json.decode(row["columns"]),
                "page": msgspec.json.decode(row["page"]),
            }
            for row in rows
        }
    finally:
        await connection.close()


async def changes(database: TestDatabase) -> list[tuple[Any, ...]]:
    connection = await database.connect()
    try:
        rows = await connection.fetch("SELECT authority, officer, kind, key, change, gone FROM view.changes ORDER BY 5")
        return [tuple(row) for row in rows]
    finally:
        await connection.close()


@pytest.mark.parametrize("batch", [1, 13, 8_192])
async def test_rebuilt_tables_equal_the_live_ones_byte_for_byte(database: TestDatabase, batch: int) -> None:
    events = told(6)
    async with paper(database) as log:
        for start in range(0, len(events), 40):
            await log.append(events[start : start + 40])
            await judge(database, judges=JUDGES, batch=batch)
    done = await remake(database, judges=JUDGES)
    assert done.equal
    assert (done.swapped, done.entries) == (True, len(events))
    tables_a, tables_b = await process_tables(database, "a"), await process_tables(database, "b")
    assert tables_a == tables_b
    assert all(tables_a[name] for name in ("matters", "signals", "deadlines", "verdicts", "dependents"))
    assert not tables_a["dirty"]


async def test_a_check_compares_and_leaves_the_live_tables(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(told(2))
    await judge(database, judges=JUDGES)
    connection = await database.connect()
    try:
        await connection.execute("UPDATE view_a.verdicts SET zh = 'x' WHERE rule = 'INV-02'")
        await connection.execute("DELETE FROM view_a.matters WHERE kind = 'hazard'")
    finally:
        await connection.close()
    done = await remake(database, judges=JUDGES, swap=False)
    assert not done.equal
    assert set(done.different) == {"verdicts", "matters"}
    assert not (await process_tables(database, "b"))["filings"]


async def test_a_matter_has_the_facts_of_all_logs_and_is_owned_by_the_office_that_began_it(
    database: TestDatabase,
) -> None:
    city, county = Writer("210500"), Writer("210521")
    assigned = {**body("task.assigned.v1"), "task_id": bytes.fromhex(TASK.replace("-", ""))}
    async with paper(database) as log:
        await log.append([visit(county, T0 + 5)])
        await judge(database, judges=JUDGES)
        assert (await matters(database))[f"task:{TASK}"]["authority"] == "210521"
        await log.append([city.office("task.assigned.v1", assigned, [f"task:{TASK}"], received=T0 + 10)])
        await log.append([visit(city, T0 + 7)], epoch=2)
    await judge(database, judges=JUDGES)
    row = (await matters(database))[f"task:{TASK}"]
    assert row["authority"] == "210500"
    assert row["page"]["types"] == ["site.entered.v1", "site.entered.v1", "task.assigned.v1"]
    assert (row["first"], row["last"]) == (T0 + 5, T0 + 60_007)


async def test_an_event_that_two_epochs_hold_is_one_fact(database: TestDatabase) -> None:
    writer = Writer()
    once = visit(writer)
    async with paper(database) as log:
        await log.append([once])
        await log.append([once], epoch=2)
    await judge(database, judges=JUDGES)
    assert (await matters(database))[f"task:{TASK}"]["facts"] == 1


async def test_claims_and_side_chains_are_facts_that_satisfy_nothing(database: TestDatabase) -> None:
    writer = Writer()
    claim = writer.field("case.filed.v1", body("case.filed.v1"), [f"case:{CASE}"], occurred=T0)
    async with paper(database) as log:
        await log.append([claim, visit(writer, branch=bytes(32)), visit(writer, notes=["unlinked"])])
    await judge(database, judges=JUDGES)
    found = await matters(database)
    assert found[f"case:{CASE}"]["columns"]["claims"] == 1
    assert found[f"task:{TASK}"]["page"]["types"].count("site.entered.v1") == 1, "an unsound envelope says nothing"


async def test_poison_is_parked_and_its_matter_judged_without_it(database: TestDatabase) -> None:
    writer = Writer()
    broken = Event("210500", writer.terminal("T-1"), 99, writer.new_id(), b"\xc0 no entry")
    async with paper(database) as log:
        await log.append([visit(writer), broken, visit(writer, T0 + 1, raw=b"\xc0"), find(writer)])
    await judge(database, judges=JUDGES)
    tables = await process_tables(database)
    assert [row.rsplit(",", 1)[1] for row in tables["misfiled"]] == ["EntryRefused)", "ValidationError)"]
    assert (await matters(database))[f"task:{TASK}"]["facts"] == 2
    assert (await remake(database, judges=JUDGES)).equal


async def test_a_judge_that_fails_parks_its_matter_and_no_other(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    writer = Writer()
    failing = table(judge="fail")
    async with paper(database) as log:
        await log.append([visit(writer), find(writer), visit(writer, T0 + 9)])
        await judge(database, judges=failing)
        found = await matters(database)
        assert (found[f"task:{TASK}"]["stage"], found[f"task:{TASK}"]["error"]) == ("parked", "LookupError")
        assert found[f"hazard:{HAZARD}"]["error"] == "LookupError"
        assert "must not be in any log" not in caplog.text
        await log.append([find(writer, T0 + 10)])
        await judge(database, judges=failing)
    found = await matters(database)
    assert [found[key]["error"] for key in (f"task:{TASK}", f"hazard:{HAZARD}")] == ["", ""]
    assert (await remake(database, judges=failing)).equal


async def test_a_row_that_the_database_refuses_parks_its_matter_and_no_other(
    database: TestDatabase,
) -> None:
    writer = Writer()

    def spoiled(matter: Matter) -> Judgement:
        return replace(count(matter), page={"text": "a\0b"})

    judges = {**JUDGES, "task": replace(JUDGES["task"], judge=spoiled)}
    async with paper(database) as log:
        await log.append([visit(writer), find(writer)])
    await judge(database, judges=judges)
    found = await matters(database)
    assert found[f"task:{TASK}"]["error"] == "UntranslatableCharacterError"
    assert found[f"hazard:{HAZARD}"]["error"] == ""


async def test_a_matter_with_more_facts_than_its_judge_takes_is_set_aside_until_it_takes_them(
    database: TestDatabase,
) -> None:
    few = {kind: replace(one, most=2) for kind, one in JUDGES.items()}
    writer = Writer()
    async with paper(database) as log:
        await log.append([visit(writer), visit(writer, T0 + 1)])
        await judge(database, judges=few)
        assert (await matters(database))[f"task:{TASK}"]["error"] == ""
        await log.append([find(writer, T0 + 2)])
    await judge(database, judges=few)
    found = await matters(database)
    assert (found[f"task:{TASK}"]["error"], found[f"hazard:{HAZARD}"]["error"]) == ("TooManyFacts", "")
    assert (await remake(database, judges=few)).equal
    await remake(database, judges=JUDGES)
    assert (await matters(database))[f"task:{TASK}"]["facts"] == 3


async def test_a_slow_matter_rests_while_others_are_judged(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "SLOW_SECONDS", 0.0)
    monkeypatch.setattr(runner_module, "REST", 10**9)
    writer = Writer()

    async def facts(key: str) -> int:
        found = await matters(database)
        return int(found[key]["facts"]) if key in found else 0

    async with paper(database) as log, judging(database, judges=JUDGES):
        await log.append([visit(writer)])

        async def first() -> bool:
            return await facts(f"task:{TASK}") == 1

        await eventually(first)
        await log.append([find(writer)])

        async def second() -> bool:
            return await facts(f"hazard:{HAZARD}") == 1

        await eventually(second)
        assert await facts(f"task:{TASK}") == 1
        assert len((await process_tables(database))["dirty"]) == 1
    await judge(database, judges=JUDGES)
    assert await facts(f"task:{TASK}") == 2
    assert (await remake(database, judges=JUDGES)).equal


async def test_whoever_asked_for_a_key_is_judged_again_when_something_is_filed_there(database: TestDatabase) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append([visit(writer)])
        await judge(database, judges=JUDGES)
        assert (await matters(database))[f"task:{TASK}"]["columns"]["others"] == 0
        await log.append([certify(writer, "officer-0017"), certify(writer, "officer-9999")])
    await judge(database, judges=JUDGES)
    assert (await matters(database))[f"task:{TASK}"]["columns"]["others"] == 1
    assert (await remake(database, judges=JUDGES)).equal


async def test_rules_of_an_authority_judge_its_matters_and_those_below_it_again(database: TestDatabase) -> None:
    county, city, province = Writer("210521"), Writer("210500"), Writer("210000")
    elsewhere = Writer("220100")

    def publish(writer: Writer, days: int, at: int) -> Event:
        rules = {
            "ruleset_id": f"limits-{writer.authority}", "kind": "limits", "version": "1", "content_hash": bytes(32),
            "effective_from": "2026-01-01", "source_document": "示例〔2026〕1号",
            "entries": [{"key": "hearing.request_days", "value": days, "since": "2026-01-01", "source": "示例"}],
        }  # fmt: skip
        return writer.office("rule_set.published.v1", rules, [f"authority:{writer.authority}"], received=at)

    async with paper(database) as log:
        await log.append([visit(county)])
        await log.append([elsewhere.field("hazard.found.v1", body("hazard.found.v1"), [f"case:{CASE}"], occurred=T0)])
        await judge(database, judges=JUDGES)
        assert {row["columns"]["days"] for row in (await matters(database)).values()} == {5}
        await log.append([publish(province, 9, T0)])
        await judge(database, judges=JUDGES)
        found = await matters(database)
        assert [found[f"{k}"]["columns"]["days"] for k in (f"task:{TASK}", f"case:{CASE}")] == [9, 5]
        await log.append([publish(city, 7, T0 - 5)])
    await judge(database, judges=JUDGES)
    assert (await matters(database))[f"task:{TASK}"]["columns"]["days"] == 7
    assert [one[:4] for one in await changes(database) if one[2] == "rules"] == [
        ("210000", "", "rules", "210000"),
        ("210500", "", "rules", "210500"),
    ]
    assert (await remake(database, judges=JUDGES)).equal


async def test_disputes_and_resolutions_change_the_signal_they_name_and_survive_a_rebuild(
    database: TestDatabase,
) -> None:
    writer = Writer()
    name = signal_id("SIG-01", "task", TASK, "")
    act = {"signal_id": name, "rule": "SIG-01", "matter": f"task:{TASK}", "officer": "officer-0017"}
    dispute = {**body("signal.disputed.v1"), **act}
    resolve = {**body("signal.resolved.v1"), **{k: v for k, v in act.items() if k != "officer"}}

    async def states() -> dict[str, str]:
        connection = await database.connect()
        try:
            slot = await connection.fetchval("SELECT slot FROM view.process")
            rows = await connection.fetch(f"SELECT rule, state FROM view_{slot}.signals WHERE kind = 'task'")
            return {row["rule"]: row["state"] for row in rows}
        finally:
            await connection.close()

    async with paper(database) as log:
        await log.append([visit(writer)])
        await judge(database, judges=JUDGES)
        assert await states() == {"SIG-01": "open", "SIG-02": "open", "SIG-03": "withdrawn"}
        await log.append([writer.field("signal.resolved.v1", resolve, ["officer:officer-0017"], occurred=T0)])
        await judge(database, judges=JUDGES)
        assert (await states())["SIG-01"] == "open", "a terminal cannot resolve what it is about"
        await log.append([writer.office("signal.disputed.v1", dispute, ["officer:officer-0017"], received=T0 + DAY)])
        await judge(database, judges=JUDGES)
        assert await states() == {"SIG-01": "disputed", "SIG-02": "open", "SIG-03": "withdrawn"}
        await log.append([writer.office("signal.resolved.v1", resolve, ["officer:x"], received=T0 + 2 * DAY)])
    await judge(database, judges=JUDGES)
    assert (await states())["SIG-01"] == "resolved"
    assert (await remake(database, judges=JUDGES)).equal
    assert (await states())["SIG-01"] == "resolved"


async def test_officers_hear_of_each_change_once_and_of_none_after_a_rebuild_that_changed_nothing(
    database: TestDatabase,
) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append([visit(writer, by=["officer-1", "officer-2"])])
        await judge(database, judges=JUDGES)
        first = await changes(database)
        assert [one[1:4] for one in first] == [("officer-1", "task", TASK), ("officer-2", "task", TASK)]
        await judge(database, judges=JUDGES)
        await remake(database, judges=JUDGES)
        assert await changes(database) == first
        await log.append([find(writer, by=["officer-3"])])
        await judge(database, judges=JUDGES)
    second = await changes(database)
    assert [one[4] for one in second] == sorted({one[4] for one in second})
    assert min(one[4] for one in second) > max(one[4] for one in first)
    assert {one[1] for one in second if one[2] == "task"} == {"officer-1", "officer-2", "officer-3"}


async def test_a_rebuild_by_a_judge_that_says_otherwise_tells_whom_it_concerns(database: TestDatabase) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append([visit(writer, by=["officer-1"])])
    await judge(database, judges=JUDGES)
    before = await changes(database)
    done = await remake(database, judges=table(version=2, judge="fail"))
    assert (done.compared, done.expected) == (False, True)
    assert [one[-1] for one in await changes(database) if one not in before] == [True]
    assert (await matters(database))[f"task:{TASK}"]["stage"] == "parked"


async def test_a_runner_makes_the_tables_anew_for_a_newer_judge_and_for_newer_types(database: TestDatabase) -> None:
    writer = Writer()
    fewer = Registry(tuple(cls for cls in REGISTRY.classes if cls is not TaskAssigned))
    assigned = body("task.assigned.v1")
    async with paper(database) as log:
        await log.append([writer.office("task.assigned.v1", assigned, [f"task:{TASK}"], received=T0), visit(writer)])
    await judge(database, judges=JUDGES, registry=fewer)
    for judges in (JUDGES, table(version=2)):
        async with judging(database, judges=judges) as runner:
            await eventually(lambda runner=runner: runner.leading)  # type: ignore[misc]
        connection = await database.connect()
        try:
            row = await connection.fetchrow("SELECT generation, versions FROM view.process")
        finally:
            await connection.close()
        assert row["versions"] == context.versions(judges)
    assert row["generation"] == 3


async def test_a_second_runner_waits_and_takes_over(database: TestDatabase) -> None:
    writer = Writer()

    async def seen(number: int) -> bool:
        found = await matters(database)
        return f"task:{TASK}" in found and found[f"task:{TASK}"]["facts"] == number

    async with paper(database) as log:
        async with judging(database, judges=JUDGES) as first:
            await eventually(lambda: first.leading)
            async with judging(database, judges=JUDGES) as second:
                await log.append([visit(writer)])
                await eventually(lambda: seen(1))
                assert not second.leading
        async with judging(database, judges=JUDGES) as second:
            await eventually(lambda: second.leading)
            await log.append([visit(writer, T0 + 1)])
            await eventually(lambda: seen(2))
            connection = await database.connect()
            try:
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'liuhen process'"
                )
            finally:
                await connection.close()
            await log.append([visit(writer, T0 + 2)])
            await eventually(lambda: seen(3))


async def test_a_rebuild_beside_a_runner_misses_nothing(database: TestDatabase) -> None:
    events = told(12)
    async with paper(database) as log, judging(database, judges=JUDGES) as runner:
        await eventually(lambda: runner.leading)
        for start in range(0, len(events), 60):
            await log.append(events[start : start + 60])
            done = await rebuild(database.dsn(PROJECTOR), judges=JUDGES)
            assert done.equal or not done.compared
            await asyncio.sleep(0)

        async def quiet() -> bool:
            tables = await process_tables(database)
            filed = sum(int(row.strip("()").split(",")[1]) for row in tables["filed_up_to"])
            return filed == len(events) and not tables["dirty"]

        await eventually(quiet)
    assert (await remake(database, judges=JUDGES)).equal


async def test_only_one_rebuild_runs_at_a_time(database: TestDatabase) -> None:
    connection = await connect(database.dsn(PROJECTOR), "test")
    try:
        assert await connection.fetchval("SELECT pg_try_advisory_lock(7151204310000006)")
        with pytest.raises(RebuildRefused, match="another rebuild"):
            await remake(database, judges=JUDGES)
    finally:
        await connection.close()


async def test_what_was_filed_and_not_judged_is_judged_by_the_next_one(database: TestDatabase) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append([visit(writer), find(writer)])
    connection = await connect(database.dsn(PROJECTOR), "test")
    try:
        # A runner that dies between the two transactions of a batch: filed, and nothing judged.
        follower = Follower(connection, judges=JUDGES)
        stop = asyncio.Event()
        store = await follower._current()
        assert await follower._file(store, stop) == 2
    finally:
        await connection.close()
    assert not await matters(database)
    await judge(database, judges=JUDGES)
    assert {row["facts"] for row in (await matters(database)).values()} == {1, 2}
    assert (await remake(database, judges=JUDGES)).equal


async def test_a_runner_whose_commit_was_lost_begins_again_where_the_tables_stand(database: TestDatabase) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append([visit(writer)])
        connection = await connect(database.dsn(PROJECTOR), "test")
        try:
            follower = Follower(connection, judges=JUDGES)
            await follower.catch_up()
            await log.append([visit(writer, T0 + 1)])
            await judge(database, judges=JUDGES)  # somebody else was quicker, as after a commit that was not heard of
            await log.append([visit(writer, T0 + 2)])
            await follower.catch_up()
        finally:
            await connection.close()
    assert (await matters(database))[f"task:{TASK}"]["facts"] == 3
    assert (await remake(database, judges=JUDGES)).equal
