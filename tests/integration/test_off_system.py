"""The report on enforcement off the system: as of a cut, the same again later, with the unknown shown as unknown."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import openpyxl
import pytest

from domain.quarterly import period
from projections import sheets
from projections.process import figures, off_system, overview, past
from projections.scope import look
from schemas.batch import Lost
from schemas.entries import Who
from server.log.past import made_at
from server.log.terminal_acts import TerminalActs
from tests.support.log import AUTHORITY, PaperTerminal, enrol, now, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge, paper
from tests.support.projections import HAZARD, TASK, act, enrolled, fold, officer
from tests.support.stories import story_events
from tests.support.web import NEIGHBOUR, open_house

SPAN = period("2026")


@asynccontextmanager
async def writer(
    database: TestDatabase, authorities: Sequence[str] = (AUTHORITY,)
) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the server has it for questions about the past."""
    connection = await database.connect("liuhen_writer")
    try:
        async with connection.transaction(isolation="repeatable_read"):
            await look(connection, authorities)
            yield connection
    finally:
        await connection.close()


async def test_a_report_is_the_same_bytes_at_its_cut_after_more_was_recorded(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = story_events()
    third = len(events) // 3
    async with paper(database) as log:
        await log.append(events[: 2 * third])
        await judge(database)
        async with writer(database) as conn:
            made = await made_at(conn, [AUTHORITY], SPAN)
            live = await past.signals(conn, made.cut, [AUTHORITY], 0, now())
            everything = await conn.fetch("SELECT id FROM view_a.signals UNION SELECT id FROM view_b.signals")
        await log.append(events[2 * third :])
        await judge(database)
    async with writer(database) as conn:
        again = await made_at(conn, [AUTHORITY], SPAN, made.name)
        rejudged = await past.signals(conn, made.cut, [AUTHORITY], 0, now())
        told: list[tuple[int, int]] = []
        monkeypatch.setattr(past, "CHUNK", 7)
        portions = await past.signals(
            conn, made.cut, [AUTHORITY], 0, now(), progress=lambda done, number: told.append((done, number))
        )
        number = told[-1][1]
        assert portions == rejudged, "however many are in memory at once"
        assert [done for done, _ in told] == [*range(7, number, 7), number]
        assert await past.signals(conn, made.cut, [AUTHORITY], 0, now(), most=number) == rejudged
        with pytest.raises(past.TooFarBack):
            await past.signals(conn, made.cut, [AUTHORITY], 0, now(), most=number - 1)
        later = await made_at(conn, [AUTHORITY], SPAN)

    assert len(live) == len(everything) > 5
    assert rejudged == live, "what is judged again on the facts before the cut is what was judged then"
    assert off_system.as_json(again) == off_system.as_json(made) != off_system.as_json(later)
    assert {one.id for one in live} != {one.signal.id for one in later.cases}
    for chosen in ("zh", "en"):
        assert sheets.as_csv(off_system.sheets(again, chosen)) == sheets.as_csv(off_system.sheets(made, chosen))
        assert sheets.as_xlsx(off_system.sheets(again, chosen)) == sheets.as_xlsx(off_system.sheets(made, chosen))


async def test_live_rows_of_a_later_moment_would_have_given_something_else(database: TestDatabase) -> None:
    """The control: read without judging again, the same cut shows what came since."""
    events = story_events()
    third = len(events) // 3
    async with paper(database) as log:
        await log.append(events[: 2 * third])
        await judge(database)
        async with writer(database) as conn:
            cut = await past.newest(conn)
            then = await past.signals(conn, cut, [AUTHORITY], 0, now())
        await log.append(events[2 * third :])
        await judge(database)
    async with writer(database) as conn:
        everything_now = await past.signals(conn, await past.newest(conn), [AUTHORITY], 0, now())
    assert everything_now != then


async def test_the_report_says_what_signals_are_held_against_and_what_is_unknown(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
        await judge(database)
    async with writer(database) as conn:
        made = await made_at(conn, [AUTHORITY], SPAN)
    told = off_system.as_dict(made)
    measured = told["measured"][AUTHORITY]
    assert measured["acts_on_site"] > 20
    assert sum(measured["by_lateness"].values()) + measured["declared_later"] == measured["acts_on_site"]
    states = {state: sum(rule[state] for rule in told["rules"]) for state in off_system.STATES}
    assert sum(states[one] for one in off_system.STATES if one != "withdrawn") == len(told["signals"]) > 5
    assert all(rule["per_hundred_acts"] is not None for rule in told["rules"])
    rows = list(csv.reader(io.StringIO(sheets.as_csv(off_system.sheets(made, "en")))))
    ids = {row[-1] for row in rows if row and len(row) == 11}
    assert {one["id"] for one in told["signals"]} <= ids
    book = openpyxl.load_workbook(io.BytesIO(sheets.as_xlsx(off_system.sheets(made, "zh"))))
    assert book.sheetnames == ["基数", "分类", "未知", "预警"]
    assert book["预警"].max_row == len(told["signals"]) + 1
    for fine in ("罚款", "fine"):
        assert fine not in " ".join(book[name].cell(1, n).value or "" for name in book.sheetnames for n in range(1, 12))


async def test_what_a_terminal_said_it_has_is_unknown_until_it_came_and_stays_so_at_the_earlier_cut(
    database: TestDatabase, tmp_path: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        terminal = await enrolled(log)

        async def made(name: str = "") -> dict[str, Any]:
            async with writer(database) as conn:
                return off_system.as_dict(await made_at(conn, [AUTHORITY], SPAN, name))

        silent = await made()
        first = act(terminal, "hazard.found.v1", f"hazard:{HAZARD}")
        rest = [act(terminal, "site.entered.v1", f"task:{TASK}") for _ in range(12)]
        await send(log, terminal.batch([first], first=1, declared=13))
        await judge(database)
        behind = await made()
        await send(log, terminal.batch(rest, first=2))
        await judge(database)
        whole = await made()
        then = await made(behind["as_of"]["name"])
        terminal.seq, terminal.prev = terminal.seq + 3, bytes(range(32))
        after = act(terminal, "site.entered.v1", f"task:{TASK}")
        await send(log, terminal.batch([after], lost=[Lost(first=14, hash=bytes(range(32)), last=16)]))
        await judge(database)
        gap = await made()

    assert silent["unknown"] == [], "nothing was judged yet: the cut is empty"
    (one,) = behind["unknown"]
    assert (one["why"], one["head"], one["declared"], one["waiting"]) == (["waiting"], 1, 13, 12)
    assert whole["unknown"] == []
    assert then == behind, "what came since does not make the earlier report know more"
    (one,) = gap["unknown"]
    assert (one["why"], one["lost"]) == (["gap"], 3)


async def test_a_revoked_terminal_is_named_with_its_day_and_never_called_silent(
    database: TestDatabase, tmp_path: Path
) -> None:
    later = now() + (off_system.SILENT_DAYS + 1) * 86_400_000
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        silent, holding, never = [await enrolled(log) for _ in range(3)]
        for terminal, declared in ((silent, 1), (holding, 6)):
            first = act(terminal, "hazard.found.v1", f"hazard:{HAZARD}")
            await send(log, terminal.batch([first], first=1, declared=declared))
        await judge(database)

        async def made(name: str = "") -> tuple[str, dict[str, list[str]], dict[str, int | None]]:
            async with writer(database) as conn:
                cut = (await made_at(conn, [AUTHORITY], SPAN, name)).cut
                told = await off_system.report(conn, [AUTHORITY], SPAN, cut, later)
            found = off_system.as_dict(told)["unknown"]
            return (
                cut.name,
                {one["terminal"]: one["why"] for one in found},
                {one["terminal"]: one["revoked"] for one in found},
            )

        name, before, _ = await made()
        who = Who(officer="officer-0001", session=bytes(32), via="console")
        acts = TerminalActs(log.committer, log.pool)
        for terminal in (silent, holding, never):
            await acts.revoke(AUTHORITY, terminal.id, "遗失", who)
        await judge(database)
        _, after, days = await made()
        _, then, none = await made(name)
    ids = [str(UUID(bytes=one.id)) for one in (silent, holding, never)]
    assert [before[one] for one in ids] == [["silent"], ["waiting", "silent"], ["never"]]
    assert [after[one] for one in ids] == [["revoked"], ["waiting", "revoked"], ["never", "revoked"]]
    assert all(day is not None and now() - day < 600_000 for day in days.values())
    assert (then, set(none.values())) == (before, {None}), "at the earlier cut nobody had revoked it"


async def test_a_terminal_that_was_replaced_is_named_with_its_successor_and_never_called_silent(
    database: TestDatabase, tmp_path: Path
) -> None:
    later = now() + (off_system.SILENT_DAYS + 1) * 86_400_000
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        whole, holding, in_use = [await enrolled(log) for _ in range(3)]
        for terminal, declared in ((whole, 1), (holding, 6), (in_use, 1)):
            first = act(terminal, "hazard.found.v1", f"hazard:{HAZARD}")
            await send(log, terminal.batch([first], first=1, declared=declared))
        await judge(database)

        async def made(name: str = "") -> tuple[str, dict[str, Any], str]:
            async with writer(database) as conn:
                cut = (await made_at(conn, [AUTHORITY], SPAN, name)).cut
                told = await off_system.report(conn, [AUTHORITY], SPAN, cut, later)
            found = off_system.as_dict(told)["unknown"]
            return cut.name, {one["terminal"]: one for one in found}, sheets.as_csv(off_system.sheets(told, "en"))

        async def health() -> overview.Health:
            async with officer(database) as conn:
                (one,) = await overview.health(conn, as_of=later, limit=1_000)
            return one

        await fold(database)
        name, before, _ = await made()
        every = await health()
        new = [PaperTerminal(AUTHORITY) for _ in range(2)]
        for successor, old in zip(new, (whole, holding), strict=True):
            await enrol(log, successor, replaces=old.id)
        await judge(database)
        await fold(database)
        _, after, table = await made()
        _, then, _ = await made(name)
        healthy = await health()
    ids = [str(UUID(bytes=one.id)) for one in (whole, holding, in_use)]
    successors = [str(UUID(bytes=one.id)) for one in new]
    assert [before[one]["why"] for one in ids] == [["silent"], ["waiting", "silent"], ["silent"]]
    assert [after[one]["why"] for one in ids] == [["replaced"], ["waiting", "replaced"], ["silent"]]
    assert [after[one]["replaced_by"] for one in ids] == [*successors, None]
    assert all(now() - after[one]["replaced"] < 600_000 for one in ids[:2])
    assert f"{successors[0]}" in table
    assert then == before, "at the earlier cut nobody had replaced it"
    assert (every.terminals, every.silent, every.replaced, every.holding) == (3, 3, 0, 1)
    assert (healthy.terminals, healthy.replaced, healthy.holding) == (3, 2, 1), "what it holds is still missing"
    assert healthy.silent == healthy.terminals, "of five terminals the three in use: one, and the two new ones by then"


async def test_a_cut_that_nobody_kept_and_a_name_of_another_form_are_said(database: TestDatabase) -> None:
    async with writer(database) as conn:
        with pytest.raises(figures.NoCut):
            await made_at(conn, [AUTHORITY], SPAN, "0123456789ab")
        with pytest.raises(ValueError, match="Invalid isoformat"):
            await made_at(conn, [AUTHORITY], SPAN, "0123456789ab@yesterday")


async def test_the_first_page_says_of_every_rule_what_the_report_says(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_house(database, short_folder, log=True) as house, house.program("supervisor") as program:
        terminal = await enrolled(house.log)
        acts = [act(terminal, "site.entered.v1", f"task:{TASK}") for _ in range(2)]
        await send(house.log, terminal.batch(acts, first=1, declared=13))
        await judge(database)
        await fold(database)
        report = await (await program.get("/api/v1/reports/off-system?period=2026")).json()
        first = await (await program.get("/api/v1/supervision?period=2026")).json()
    names = ("open", "undecided", "disputed", "confirmed")
    told, seen = ({one["rule"]: [one[name] for name in names] for one in some} for some in (
        report["rules"], first["signals"]
    ))  # fmt: skip
    assert sum(undecided for _, undecided, _, _ in told.values()) > 0, "the control: eleven records are held back"
    assert sum(opened for opened, *_ in told.values()) > 0
    assert seen == told


async def test_the_page_the_files_and_the_moment_of_the_report(database: TestDatabase, short_folder: Path) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    async with open_house(database, short_folder, log=True) as house:
        async with house.program("supervisor") as program, house.browser("he") as browser:
            address = "/api/v1/reports/off-system?period=2026"
            made = await (await program.get(address)).json()
            name = made["as_of"]["name"]
            again = await (await program.get(f"{address}&at={name}")).json()
            table = await (await program.get(f"{address}&at={name}&format=csv")).text()
            book = await program.get(f"{address}&at={name}&format=xlsx")
            page = await (await browser.get(f"/supervision/off-system?period=2026&at={name}&lang=en")).text()
            only = await (await browser.get("/supervision/off-system?period=2026&rule=SIG-09&lang=en")).text()
            odd = [
                (await program.get(f"{address}&{query}")).status
                for query in ("at=0123456789ab", "at=%00", "at=0123456789ab@x", "format=pdf", "from=x")
            ]
            cut = made["as_of"]["cut"]
            beyond = [
                (await program.get(f"{address}&at={cut}@{instant}&format=csv")).status
                for instant in ("999999999999999", "0001-01-01", "9999-12-31T23:59:59")
            ]
            before = await program.get("/api/v1/reports/off-system?period=2001")
        async with house.program("supervisor", NEIGHBOUR) as program:
            county = await (await program.get(address)).json()
        async with house.browser("lin") as inspector:
            refused = await inspector.get("/supervision/off-system")
    assert again == made
    assert made["authorities"] == list(made["as_of"]["positions"]) == [AUTHORITY, NEIGHBOUR]
    assert county["authorities"] == list(county["as_of"]["positions"]) == [NEIGHBOUR], "how far others are is theirs"
    assert table.startswith("\ufeff体外循环报告,2026")
    assert book.content_type == sheets.XLSX
    assert "an earlier moment" in page
    assert page.count('href="/signals/') == min(100, len(made["signals"]))
    assert "Late sync, proven" in page
    assert "SIG-09" in only
    assert odd == [404, 404, 400, 400, 200]
    assert beyond == [400, 400, 400]
    assert before.status == 400, "no rule of that year says what is late"
    assert refused.status == 403
