"""Rules that an authority publishes from a file change what is due and what is judged, from the day they name."""

from __future__ import annotations

from pathlib import Path

from domain.import_rules import read_rules
from domain.workdays import day_of
from projections.rulefiles import load
from schemas.entries import Who
from server.log import import_acts
from tests.support.log import Log, now, open_log, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge, remake
from tests.support.projections import HAZARD, T0, act, enrolled

TEXT = """
version = "2026-1"
document = "示例市应急管理局〔2026〕12号"

[[rule]]
key = "reinspection.local_days"
value = {}
since = {}
source = "第三条"
"""


async def published(log: Log, text: str) -> tuple[list[str], int]:
    """What the rows of a file are beside the log, and how many acts were recorded."""
    book, calendar = load()
    table = read_rules(text.encode(), authority="210500", book=book, calendar=calendar)
    assert table.faults == []
    rows = [import_acts.Row(one.row, one.type, one.about, one.body, one.origin, one.once) for one in table.acts]
    compared = await import_acts.compare(log.pool, "210500", rows)
    who = Who(service="import", session=bytes(32), via="import")
    return [one.state for one in compared], await import_acts.append(log.committer, "210500", compared, who, now())


async def due(database: TestDatabase) -> str:
    """The last day of the re-inspection of the hazard."""
    await judge(database)
    connection = await database.connect()
    try:
        slot = await connection.fetchval("SELECT slot FROM view.process")
        instant = await connection.fetchval(
            f"SELECT due FROM view_{slot}.deadlines WHERE rule = 'DL-18' AND kind = 'hazard' AND key = $1", HAZARD
        )
        return str(day_of(instant - 1))
    finally:
        await connection.close()


async def test_a_published_period_moves_the_deadlines_of_its_days_and_no_other(
    database: TestDatabase, tmp_path: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        terminal = await enrolled(log)
        found = act(terminal, "hazard.found.v1", f"hazard:{HAZARD}", occurred=T0)
        order = act(terminal, "rectification.ordered.v1", f"hazard:{HAZARD}", occurred=T0 + 60_000)
        await send(log, terminal.batch([found, order]))
        # Ten local days after the order's own deadline, 15 January.
        assert await due(database) == "2026-01-25"

        later = TEXT.format(5, "2026-02-01")
        assert await published(log, later) == (["new"], 1)
        assert await due(database) == "2026-01-25"

        earlier = TEXT.format(5, "2026-01-01").replace("2026-1", "2026-2")
        assert await published(log, earlier) == (["new"], 1)
        assert await due(database) == "2026-01-20"
        assert await published(log, earlier) == (["unchanged"], 0)

        # A version that verdicts may have named never says something else.
        assert await published(log, earlier.replace("value = 5", "value = 3")) == (["refused"], 0)
        assert await due(database) == "2026-01-20"
    assert (await remake(database)).equal
