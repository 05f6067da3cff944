"""What an officer did, act by act, out of the log: whole, scoped, looked up by its place, and handed over."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from domain.quarterly import period
from domain.workdays import day_of
from projections import sheets
from projections.process import trail as trails
from projections.process.reading import Reading
from schemas import entries
from schemas.entries import Who
from schemas.events import REGISTRY
from schemas.events.custody import TrailRead
from server.log.acts import Act, OfficeActs
from server.log.past import trail_now
from tests.integration.test_off_system import writer
from tests.support import projections as stories
from tests.support.log import AUTHORITY, now, uuid7
from tests.support.postgres import TestDatabase
from tests.support.process import judge, paper
from tests.support.stories import story_events
from tests.support.web import NEIGHBOUR, House, house_log, open_house

SPAN = period("2026")


async def test_a_trail_has_every_act_of_the_officer_and_each_stands_where_it_says(database: TestDatabase) -> None:
    events = story_events()
    async with paper(database) as log:
        await log.append(events)
    await judge(database)
    read = Reading(REGISTRY)
    facts = {
        filed.fact.id.hex(): filed.fact
        for one in events
        if one.authority == AUTHORITY and (filed := read(AUTHORITY, one.entry, None)) is not None
    }
    officer = Counter(name for fact in facts.values() if fact.source == "field" for name in fact.by).most_common(1)[0][
        0
    ]
    cases = ("case", "task", "hazard")
    own = {
        name
        for name, fact in facts.items()
        if officer in fact.by and fact.source == "field" and any(tag.partition(":")[0] in cases for tag in fact.about)
    }
    async with writer(database) as conn:
        made = await trail_now(conn, [AUTHORITY], "officer", officer, SPAN)
        nobody = await trail_now(conn, [AUTHORITY], "officer", "officer-none", SPAN)
        assert made is not None
        for one in made.steps[:20]:
            row = await conn.fetchrow(
                "SELECT entry FROM log.entries WHERE log_id = $1 AND position = $2", one.log_id, one.position
            )
            assert row is not None
            filed = read(AUTHORITY, bytes(row["entry"]), None)
            assert filed is not None
            assert filed.fact.id.hex() == one.id
    async with writer(database, ["210521"]) as conn:
        neighbour = await trail_now(conn, ["210521"], "officer", officer, SPAN)

    found = {one.id for one in made.steps}
    assert len(own) > 5
    assert own - found == set(), "no act of the officer is left out"
    assert all(trails.concerns(facts[name], officer) for name in found)
    assert [one.occurred for one in made.steps] == sorted(one.occurred for one in made.steps)
    assert nobody is None
    assert neighbour is None, "another authority is shown nothing"
    rows = list(csv.reader(io.StringIO(sheets.as_csv([trails.sheet(made, "en")]))))
    assert {row[-1] for row in rows if len(row) == 12} - {"event id"} == found


async def test_what_an_officer_did_before_a_period_takes_no_room_in_its_trail(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    monkeypatch.setattr(trails, "CHUNK", 7)
    async with writer(database) as conn:
        officer = await conn.fetchval(
            "SELECT one FROM view_a.matters m, unnest(m.officers) AS one WHERE m.authority = $1"
            " GROUP BY one ORDER BY count(*) DESC, one LIMIT 1",
            AUTHORITY,
        )
        year = await trail_now(conn, [AUTHORITY], "officer", officer, SPAN)
        assert year is not None
        months = [f"{day_of(one.occurred):%Y-%m}" for one in year.steps]
        last = [one.id for one, month in zip(year.steps, months, strict=True) if month == max(months)]
        assert 1 < len(last) < len(year.steps) // 2
        monkeypatch.setattr(trails, "MOST", len(last))
        whole = await trail_now(conn, [AUTHORITY], "officer", officer, period(max(months)))
        monkeypatch.setattr(trails, "MOST", len(last) - 1)
        cut = await trail_now(conn, [AUTHORITY], "officer", officer, period(max(months)))
    assert whole is not None
    assert cut is not None
    assert ([one.id for one in whole.steps], whole.whole) == (last, True)
    assert (len(cut.steps), cut.whole) == (len(last) - 1, False)


async def test_officers_see_the_own_trail_and_watchers_those_below(database: TestDatabase, short_folder: Path) -> None:
    name, who = "officer-0017", Who(officer="officer-0002", session=bytes(32), via="console")
    async with open_house(database, short_folder, log=True) as house:
        log = house_log(house.log)
        await stories.inspection(log, await stories.enrolled(log))
        tags = sorted((f"authority:{AUTHORITY}", f"task:{stories.TASK}", stories.ENTERPRISE))
        assigned = Act("task.assigned.v1", tags, stories.body("task.assigned.v1"), uuid7(), 1, uuid7())
        await log.committer.submit(OfficeActs(AUTHORITY, [assigned], who, now()))
        await judge(database)
        async with house.program("supervisor") as watcher, house.browser("lin") as inspector:
            made = await (await watcher.get(f"/api/v1/trails/officer/{name}?period=2026")).json()
            table = await (await watcher.get(f"/api/v1/trails/officer/{name}?period=2026&format=csv")).text()
            book = await watcher.get(f"/api/v1/trails/officer/{name}?period=2026&format=xlsx")
            firm = next(one["subject"] for one in made["steps"] if one["subject"])
            about = await (await watcher.get(f"/api/v1/trails/enterprise/{firm}?period=2026")).json()
            odd = [
                (await watcher.get(f"/api/v1/trails/{path}")).status
                for path in (
                    "officer/none",
                    "terminal/x",
                    f"officer/{name}?format=pdf",
                    f"officer/{name}?period=x",
                    "officer/%00",
                )
            ]
            refused = await inspector.get(f"/supervision/trail/officer/{name}?period=2026")
        before = await looked(house)
        async with house.browser("he") as head:
            page = await (await head.get(f"/supervision/trail/enterprise/{firm}?period=2026&lang=en")).text()
            await head.get(f"/supervision/trail/enterprise/{firm}?period=2026&from=0")
            await head.get(f"/supervision/trail/enterprise/{firm}?period=2025")
            for _ in range(2):
                await head.get(f"/api/v1/trails/enterprise/{firm}?period=2026&format=csv")
        after = (await looked(house))[len(before) :]
    assert made["whole"]
    assert len(made["steps"]) > 3
    assert table.startswith("\ufeff履职留痕")
    assert book.content_type == sheets.XLSX
    assert {one["subject"] for one in about["steps"]} <= {firm, ""}
    assert odd == [404, 404, 400, 400, 404]
    assert refused.status == 403
    assert "Trail of acts" in page
    shown = [
        ("officer", name, "json"),
        ("officer", name, "csv"),
        ("officer", name, "xlsx"),
        ("enterprise", firm, "json"),
    ]
    assert [(one["of"], one["subject"], one["form"]) for one in before] == shown, "what was refused was not looked at"
    assert before[0]["acts"] == len(made["steps"])
    assert [(one["form"], one["period"]) for one in after] == [
        ("page", "2026"), ("page", "2025"), ("csv", "2026"), ("csv", "2026"),
    ], "who leafs through a page is on record once, a file each time"  # fmt: skip
    assert {(one["reader"], one["subject"]) for one in after} == {("he", firm)}


async def test_the_page_of_a_trail_shows_who_looked_at_it_newest_first_to_who_may_see_trails_of_others(
    database: TestDatabase, short_folder: Path
) -> None:
    name, who = "officer-0017", Who(officer="officer-0002", session=bytes(32), via="console")
    async with open_house(database, short_folder, log=True, people=("he", name)) as house:
        log = house_log(house.log)
        for authority in (AUTHORITY, NEIGHBOUR):
            task = uuid7()
            body = {**stories.body("task.assigned.v1"), "task_id": task}
            tags = sorted((f"authority:{authority}", f"task:{UUID(bytes=task)}", stories.ENTERPRISE))
            assigned = Act("task.assigned.v1", tags, body, uuid7(), 1, uuid7())
            await log.committer.submit(OfficeActs(authority, [assigned], who, now()))
        other = TrailRead(reader="he", of="officer", subject="officer-0023", period="2026", form="page", acts=1)
        act = Act("trail.read.v1", sorted((f"authority:{AUTHORITY}", f"officer:{name}")),
                  msgspec.to_builtins(other, builtin_types=(bytes,)), uuid7(), 1, uuid7())  # fmt: skip
        await log.committer.submit(OfficeActs(AUTHORITY, [act], who, now()))
        await judge(database)
        place = f"/supervision/trail/officer/{name}?period=2026"
        api = f"/api/v1/trails/officer/{name}?period=2026"
        async with house.program("supervisor") as above:
            far = await (await above.get(f"{api}&authority={NEIGHBOUR}")).json()
            empty = await (await above.get(f"{place}&authority={NEIGHBOUR}&lang=en")).text()
            own = await (await above.get(api)).json()
        async with house.program("supervisor", NEIGHBOUR) as below:
            near = await (await below.get(api)).json()
        async with house.browser("he") as head:
            await head.get(f"/api/v1/trails/officer/{name}?period=2025&format=csv")
            page = await (await head.get(f"{place}&lang=zh")).text()
            told = (await (await head.get(f"/api/v1/trails/officer/{name}?period=2026")).json())["readings"]
        async with house.browser(name) as inspector:
            mine = await inspector.get(f"{place}&lang=zh")
            assert mine.status == 200
            assert "谁查看过这份履职留痕" not in await mine.text(), "an officer is not told of an inquiry"
            assert "readings" not in await (await inspector.get(f"/api/v1/trails/officer/{name}?period=2026")).json()
    assert far["readings"] == [], "what an authority above looked at stands in its own log"
    assert "Nobody of these authorities looked at it" in empty
    assert [(one["form"], one["authority"]) for one in own["readings"]] == [
        ("page", AUTHORITY), ("json", AUTHORITY),
    ], "JSON once for the quarter of an hour"  # fmt: skip
    assert [one["authority"] for one in near["readings"]] == [NEIGHBOUR], "and is not told below"
    assert [(one["reader"], one["period"], one["form"]) for one in told if one["reader"] == "he"] == [
        ("he", "2026", "json"), ("he", "2026", "page"), ("he", "2025", "csv"),
    ], "the newest first; a trail of somebody else that names this officer is none of this one"  # fmt: skip
    assert [one["at"] for one in told] == sorted((one["at"] for one in told), reverse=True)
    shown = page.partition("谁查看过这份履职留痕")[2]
    assert f"{len(told) - 1} 次查看" in shown, "all but the one that followed"
    assert shown.index("在页面查看") < shown.index("导出 CSV")
    rows = await house_log_entries(database, [(one["log_id"], one["position"]) for one in told])
    assert {one.y for one in rows} == {"trail.read.v1"}, "each stands where it says"


async def house_log_entries(database: TestDatabase, places: list[tuple[int, int]]) -> list[Any]:
    found = []
    async with writer(database) as conn:
        for log_id, position in places:
            entry = await conn.fetchval(
                "SELECT entry FROM log.entries WHERE log_id = $1 AND position = $2", log_id, position
            )
            found.append(entries.decode(bytes(entry)))
    return found


async def looked(house: House) -> list[dict[str, Any]]:
    """The acts that say that a trail was looked at, as they stand in the log."""
    rows = await house_log(house.log).pool.fetch("SELECT entry FROM log.entries ORDER BY log_id, position")
    read = [entries.decode(bytes(row["entry"])) for row in rows]
    return [one.b for one in read if isinstance(one, entries.OfficeEntry) and one.y == "trail.read.v1"]
