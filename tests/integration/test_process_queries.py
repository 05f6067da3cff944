"""What pages ask of the judgements: as of an instant, settled by what terminals hold, and never another authority's."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest

from domain.judges import JUDGES as KINDS
from domain.matter import Deadline, Judge, Judgement, Matter
from domain.workdays import end_of
from projections.process import queries
from projections.process.names import names
from projections.views import to_json
from schemas.batch import Lost
from tests.support.judges import JUDGES
from tests.support.log import AUTHORITY, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import Event, Writer, judge, paper
from tests.support.projections import HAZARD, T0, TASK, act, body, enrolled, fold, officer
from tests.support.stories import START, story_events

DAY = 86_400_000
AS_OF = T0 + 10 * DAY


def hazards(writer: Writer, number: int, start: int = 0) -> list[Event]:
    """Hazards of one task, each found a minute after the one before."""
    full = body("hazard.found.v1")
    return [
        writer.field(
            "hazard.found.v1",
            {**full, "hazard_id": writer.new_id(start + index)},
            [f"task:{TASK}"],
            occurred=T0 + 60_000 * (start + index),
        )
        for index in range(number)
    ]


async def test_lists_go_on_where_a_page_ended_and_repeat_nothing(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(hazards(Writer(), 25))
    await judge(database, judges=JUDGES)
    async with officer(database) as conn:
        seen: list[str] = []
        after = None
        while True:
            page = await queries.list_matters(conn, "hazard", as_of=AS_OF, limit=7, after=after)
            seen += [row.key for row in page.rows]
            if page.next is None:
                break
            after = page.next
        assert len(seen) == len(set(seen)) == 25
        board: list[tuple[str, str]] = []
        after = None
        while True:
            found = await queries.deadlines(conn, as_of=AS_OF, limit=10, after=after)
            board += [(row.kind, row.key) for row in found.rows]
            if found.next is None:
                break
            after = found.next
        assert len(board) == len(set(board)) == 26
        ledger: list[str] = []
        after = None
        while True:
            some = await queries.signals(conn, as_of=AS_OF, states=None, limit=9, after=after)
            ledger += [row.id for row in some.rows]
            assert [row.opens for row in some.rows] == sorted((row.opens for row in some.rows), reverse=True)
            if some.next is None:
                break
            after = some.next
        assert len(ledger) == len(set(ledger)) == 52


@pytest.mark.parametrize("cursor", ["", "x", "kgE", "AAAA", "zzzzzzzzzz", "é", "k6FhoWI"])
async def test_a_cursor_of_somebody_else_is_refused(database: TestDatabase, cursor: str) -> None:
    async with officer(database) as conn:
        with pytest.raises(queries.BadCursor):
            await queries.list_matters(conn, "task", as_of=AS_OF, after=cursor)
        with pytest.raises(queries.BadCursor):
            await queries.deadlines(conn, as_of=AS_OF, after=cursor)
        with pytest.raises(queries.BadCursor):
            await queries.signals(conn, as_of=AS_OF, after=cursor)
        with pytest.raises(queries.BadCursor):
            await queries.verdicts(conn, "INV-01", after=cursor)


async def test_states_are_as_of_the_instant_that_was_asked_for(database: TestDatabase) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append(hazards(writer, 1))
    await judge(database, judges=JUDGES)
    async with officer(database) as conn:
        start = T0
        for as_of, state, left in (
            (start, "running", 61),
            (start + 89 * DAY, "running", 1),
            (start + 90 * DAY - 1, "running", 0),
            (start + 90 * DAY, "due", None),
        ):
            board = await queries.deadlines(conn, as_of=as_of, kind="task")
            (row,) = board.rows
            assert row.state == state
            if left is None or left < 5:
                assert row.ahead == left
            assert (row.earlier[0].due, row.text.en) == (start + 80 * DAY, "1 facts")
        assert [row.rule for row in (await queries.deadlines(conn, as_of=AS_OF, finished=True, kind="task")).rows] == [
            "DL-06",
            "DL-01",
        ]
        early = await queries.signals(conn, as_of=start, kind="task", states=None)
        late = await queries.signals(conn, as_of=start + 30 * DAY, kind="task", states=None)
        assert [row.rule for row in late.rows] == ["SIG-02", *(row.rule for row in early.rows)]
        assert {(row.rule, row.state) for row in early.rows} == {("SIG-01", "open"), ("SIG-03", "open")}
        assert {row.rule: row.state for row in late.rows}["SIG-03"] == "withdrawn", "taken away by what came since"
        assert (await queries.counts(conn, as_of=start)).due == 0
        told = await queries.counts(conn, as_of=start + 90 * DAY)
        assert (told.due, told.ahead_1, told.ahead_3, told.signals, told.serious) == (2, 0, 0, 4, 2)
        assert (await queries.counts(conn, as_of=start + 89 * DAY)).ahead_3 == 2
        assert (await queries.deadlines(conn, as_of=start, within=3)).rows == ()
        assert len((await queries.deadlines(conn, as_of=start + 89 * DAY, within=3)).rows) == 2
        assert (await queries.deadlines(conn, as_of=start + 89 * DAY, over=True)).rows == ()
        assert len((await queries.deadlines(conn, as_of=start + 90 * DAY, over=True)).rows) == 2


async def test_the_ledger_of_an_earlier_instant_shows_no_later_word_about_a_signal(database: TestDatabase) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append(hazards(writer, 1))
        await judge(database, judges=JUDGES)
        async with officer(database) as conn:
            (one, *_) = (await queries.signals(conn, as_of=AS_OF, kind="task", rule="SIG-01")).rows
        told = {"signal_id": one.id, "rule": "SIG-01", "matter": f"{one.kind}:{one.key}"}
        dispute = {**body("signal.disputed.v1"), **told, "officer": "officer-0017"}
        resolve = {**body("signal.resolved.v1"), **told, "resolution": "explained"}
        first, second = one.opens + DAY, one.opens + 2 * DAY
        await log.append([writer.office("signal.disputed.v1", dispute, ["officer:officer-0017"], received=first)])
        await log.append([writer.office("signal.resolved.v1", resolve, ["officer:x"], received=second)])
    await judge(database, judges=JUDGES)
    async with officer(database) as conn:
        for as_of, state, acts in ((first - 1, "open", 0), (first, "disputed", 1), (second, "resolved", 2)):
            for states in (None, (state,)):
                page = await queries.signals(conn, as_of=as_of, states=states, rule="SIG-01", kind="task", past=True)
                assert [(row.id, row.state, len(row.acts)) for row in page.rows] == [(one.id, state, acts)]
        assert (await queries.signals(conn, as_of=first - 1, states=("resolved",), past=True)).rows == ()


async def test_the_board_of_an_earlier_day_shows_what_ran_on_that_day(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    async with officer(database) as conn:
        every = (await queries.deadlines(conn, as_of=START + 400 * DAY, finished=True, limit=200)).rows
        done = [row for row in every if row.met is not None and row.start + DAY < row.met < row.due]
        assert len(done) > 10
        for row in done[:10]:
            assert row.met is not None
            for as_of, there in ((row.start - 1, False), (row.met - 1, True), (row.met, False)):
                board = await queries.deadlines(conn, as_of=as_of, past=True, rule=row.rule, kind=row.kind, limit=200)
                found = [one for one in board.rows if (one.key, one.about) == (row.key, row.about)]
                assert [one.state for one in found] == (["running"] if there else []), (row.rule, as_of - row.start)


async def test_a_certificate_is_shown_as_it_stood_on_the_day(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    async with officer(database) as conn:
        rows = (await queries.list_matters(conn, "officer", as_of=START, limit=200)).rows
        ended = [row for row in rows if str(row.columns["valid_to"]) < "2026-02-16"]
        assert ended, "the bad day has an officer whose certificate had run out"
        assert {row.columns["standing"] for row in ended} == {"expired"}
        assert "valid" in {row.columns["standing"] for row in rows}
        for row in ended:
            last = end_of(date.fromisoformat(str(row.columns["valid_to"])))
            for as_of, standing in ((last - 1, "valid"), (last, "expired")):
                file = await queries.matter(conn, "officer", row.key, as_of=as_of)
                assert file is not None
                assert file.row.columns["standing"] == standing


async def test_everything_said_of_a_matter_names_where_its_events_stand(database: TestDatabase) -> None:
    writer = Writer()
    async with paper(database) as log:
        await log.append(hazards(writer, 3))
    await judge(database, judges=JUDGES)
    async with officer(database) as conn:
        file = await queries.matter(conn, "task", TASK, as_of=AS_OF)
        assert file is not None
        assert [one.rule for one in file.verdicts] == ["INV-01", "INV-02"]
        assert sorted(place.position for place in file.places.values()) == [0, 1, 2]
        assert set(file.places) == set(file.verdicts[0].inputs) == set(file.page["ids"])
        assert (file.row.signals, file.row.broken) == (1, 2)
        plain = to_json(file, "en")
        assert plain["verdicts"][0]["reason"] == "3 facts"
        assert await queries.matter(conn, "task", "none", as_of=AS_OF) is None
        assert await queries.matter(conn, "task", "a\0b", as_of=AS_OF) is None
        one = await queries.signal(conn, file.signals[0].id, as_of=AS_OF)
        assert one is not None
        assert one == file.signals[0]
        assert (await queries.stages(conn, "hazard")).stages == {"seen": 3}
        verdicts = await queries.verdicts(conn, "INV-01", limit=2)
        assert [row.kind for row in verdicts.rows] == ["hazard", "hazard"]
        assert len((await queries.verdicts(conn, "INV-01", after=verdicts.next)).rows) == 2


async def test_another_authority_sees_nothing_and_one_above_what_its_face_names(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(hazards(Writer(), 2))
    await judge(database, judges=JUDGES)
    async with officer(database, "210600") as conn:
        assert (await queries.list_matters(conn, "task", as_of=AS_OF)).rows == ()
        assert await queries.matter(conn, "task", TASK, as_of=AS_OF) is None
        assert (await queries.deadlines(conn, as_of=AS_OF)).rows == ()
        assert (await queries.signals(conn, as_of=AS_OF)).rows == ()
        assert await queries.changes(conn, [AUTHORITY], ["officer-0017"], after=0) == ()
        slot = await conn.fetchval("SELECT slot FROM view.process")
        for name in ("matters", "deadlines", "verdicts", "signals"):
            assert await conn.fetchval(f"SELECT count(*) FROM view_{slot}.{name}") == 0
        await conn.execute("SELECT set_config('liuhen.below', '210500,210521', true)")
        assert await conn.fetchval(f"SELECT count(*) FROM view_{slot}.matters") == 3


async def test_officers_find_their_own_matters_and_hear_of_changes(database: TestDatabase) -> None:
    writer = Writer()
    full = body("site.entered.v1")
    async with paper(database) as log:
        await log.append(hazards(writer, 1))
        await log.append([writer.field("site.entered.v1", full, [f"task:{TASK}"], occurred=T0, by=["officer-1"])])
    await judge(database, judges=JUDGES)
    async with officer(database) as conn:
        mine = await queries.list_matters(conn, "task", as_of=AS_OF, officer="officer-1")
        assert [row.key for row in mine.rows] == [TASK]
        assert (await queries.list_matters(conn, "hazard", as_of=AS_OF, officer="officer-1")).rows == ()
        assert len((await queries.signals(conn, as_of=AS_OF, officer="officer-1")).rows) == 1
        heard = await queries.changes(conn, [AUTHORITY], ["officer-1"], after=0)
        assert [(one.kind, one.key, one.gone) for one in heard] == [("task", TASK, False)]
        assert await queries.changes(conn, [AUTHORITY], ["officer-1"], after=heard[-1].change) == ()


async def test_what_rests_on_an_absence_is_undecided_while_a_terminal_has_more(
    database: TestDatabase, tmp_path: Path
) -> None:
    late = T0 + 100 * DAY
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        terminal = await enrolled(log)

        async def said() -> tuple[set[str], str, str, str]:
            await fold(database)
            await judge(database, judges=JUDGES)
            async with officer(database) as conn:
                file = await queries.matter(conn, "hazard", HAZARD, as_of=late)
                assert file is not None
                verdict = {one.rule: one for one in file.verdicts}
                signal = {one.rule: one for one in file.signals}
                row = (await queries.list_matters(conn, "hazard", as_of=late)).rows[0]
                assert row.due is not None
                assert row.due.state == file.deadlines[-1].state
                outcomes = {verdict["INV-01"].outcome, verdict["INV-02"].outcome}
                return outcomes, signal["SIG-01"].state, row.due.state, verdict["INV-01"].reason.en

        first = act(terminal, "hazard.found.v1", f"hazard:{HAZARD}")
        rest = [act(terminal, "site.entered.v1", f"task:{TASK}") for _ in range(12)]
        await send(log, terminal.batch([first], first=1, declared=13))
        name = terminal.id.hex()[-12:]
        assert await said() == (
            {"unknown", "broken"},
            "undecided",
            "undecided",
            f"cannot be decided yet: terminal {name} has 12 events not uploaded",
        )
        await send(log, terminal.batch(rest, first=2))
        assert await said() == ({"broken"}, "open", "due", "1 facts")
        terminal.seq, terminal.prev = terminal.seq + 3, bytes(range(32))
        after = act(terminal, "site.entered.v1", f"task:{TASK}")
        await send(log, terminal.batch([after], lost=[Lost(first=14, hash=bytes(range(32)), last=16)]))
        assert (await said())[3] == f"cannot be decided yet: terminal {name} has 3 events declared lost"


async def test_each_row_of_the_four_lists_leads_to_its_rows_in_the_next(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    late = START + 400 * DAY
    async with officer(database) as conn:
        lists = {name: (await queries.chain(conn, name, as_of=late, limit=200)).rows for name in queries.CHAIN}
    assert all(lists.values())
    for name, following in pairwise(queries.CHAIN):
        there = {row.id for row in lists[following]}
        led = {one for row in lists[name] for one in row.next}
        assert led, name
        assert led <= there, f"{name} leads to rows that are not in {following}"
    hazards = {row.key for row in lists["hazards"]}
    assert hazards == {one for row in lists["tasks"] for one in row.next}
    assert all(row.key in hazards for name in ("rectifications", "reinspections") for row in lists[name])
    async with officer(database) as conn:
        for name, following in pairwise(queries.CHAIN):
            row = next(row for row in lists[name] if row.next)
            of = row.key if name == "tasks" else row.next[0]
            led = (await queries.chain(conn, following, as_of=late, of=of)).rows
            assert {one.id for one in led} == set(row.next), name
        assert (await queries.chain(conn, "hazards", as_of=late, of="nothing")).rows == ()
    with pytest.raises(ValueError, match="not in"):
        async with officer(database) as conn:
            await queries.chain(conn, "fifth", as_of=late)


async def test_every_story_answers_every_question(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    async with officer(database) as conn:
        lag = await queries.lag(conn)
        assert (lag.behind, lag.dirty, lag.parked, lag.misfiled) == (0, 0, 0, 0)
        assert list((await queries.cut(conn)).values()) == [len(story_events())]
        for kind in sorted(KINDS):
            page = await queries.list_matters(conn, kind, as_of=START + 60 * DAY, limit=200)
            assert (await queries.stages(conn, kind)).all == len(page.rows)
            for row in page.rows:
                file = await queries.matter(conn, kind, row.key, as_of=START + 60 * DAY)
                assert file is not None
                assert file.row == row
                assert all(place.position >= 0 for place in file.places.values())
                assert to_json(file, "zh")["row"]["key"] == row.key


async def test_nobody_is_told_that_a_right_of_the_party_has_ended(database: TestDatabase) -> None:
    def one(matter: Matter) -> Judgement:
        right = Deadline("DL-08", "1", T0, T0 + DAY, None, about="a", binding=False)
        duty = Deadline("DL-11", "1", T0, T0 + 2 * DAY, None, about="b")
        return Judgement("task", matter.key, matter.authority, "assigned", {}, {}, deadlines=(right, duty))

    async with paper(database) as log:
        await log.append(hazards(Writer(), 1))
    await judge(database, judges={"task": Judge("task", 1, one, lambda _facts: frozenset())})
    async with officer(database) as conn:
        later = T0 + 10 * DAY
        board = await queries.deadlines(conn, as_of=later)
        assert [(row.rule, row.state) for row in board.rows] == [("DL-08", "ended"), ("DL-11", "due")]
        assert [row.rule for row in (await queries.deadlines(conn, as_of=later, over=True)).rows] == ["DL-11"]
        assert (await queries.counts(conn, as_of=later)).due == 1
        (row,) = (await queries.list_matters(conn, "task", as_of=later)).rows
        assert row.due is not None
        assert row.due.rule == "DL-11"


async def test_plans_and_tips_have_names_of_their_own(database: TestDatabase) -> None:
    async with paper(database) as log:
        await log.append(story_events())
    await judge(database)
    async with officer(database) as conn:
        plans = [row.key for row in (await queries.list_matters(conn, "plan", as_of=AS_OF)).rows]
        tips = [row.key for row in (await queries.list_matters(conn, "tip", as_of=AS_OF)).rows]
        found = await names(conn, [*(("plan", key) for key in plans), *(("tip", key) for key in tips), ("day", "x")])

    assert [found["plan", key] for key in plans] == ["2026"]
    assert [found["tip", key] for key in tips] == ["2026-03-02 石门示例烟花批发站"]
    assert len(found) == len(plans) + len(tips) + 1, "what has no name is left out"
