"""Random draws through the real acts on the real log: announced, published, the number entered, revealed.

    announced(acts)            pools frozen, secret committed to
    announcement(desk, acts)   the same, public
    revealed(desk, acts)       the same, drawn; `result` publishes that as well
    officers(desk)             the list of officers of the year, public

Names and numbers are invented.
"""

from __future__ import annotations

import datetime
from typing import Any, Final
from uuid import UUID

from domain import public_files
from domain.workdays import SHANGHAI
from schemas.entries import Who
from schemas.events.plan import RecusalEntered
from server.log.disclosure_acts import Done
from server.log.draw_acts import DrawActs
from server.log.ids import uuid7
from tests.support.disclosure import MONTHS, PREPARER, Desk, release
from tests.support.facts import ENTERPRISE
from tests.support.log import AUTHORITY

PLANNER: Final = Who(officer="officer-0050", session=bytes(32), via="console")
SECOND: Final = Who(officer="officer-0051", session=bytes(32), via="console")
TODAY: Final = datetime.datetime.now(SHANGHAI).date()
NUMBER: Final = "03 09 15 21 27 33 08"
OBJECTS: Final = [ENTERPRISE, *(f"ent-{n:03}" for n in range(30))]
OFFICERS: Final = ["officer-0017", "officer-0023", *(f"officer-9{n:02}" for n in range(6))]


async def announced(acts: DrawActs, **changes: Any) -> bytes:
    """A new draw; `changes` are those of the announcement. Returns its id."""
    draw: bytes = changes.pop("draw", None) or uuid7()
    authority: str = changes.pop("authority", AUTHORITY)
    wanted: dict[str, Any] = {
        "objects": OBJECTS, "officers": OFFICERS, "count": 4, "team": 2, "title": "第四季度双随机抽查",
        "public_number": "当日福利彩票双色球开奖号码", "draws_on": TODAY,
    } | changes  # fmt: skip
    objects, people = wanted.pop("objects"), wanted.pop("officers")
    await acts.announce(authority, draw, objects, people, PLANNER, **wanted)
    return draw


async def publish(desk: Desk, draw: bytes, event: bytes) -> Done:
    """The record of an announcement or a result, prepared by one and released by another."""
    key = str(UUID(bytes=draw))
    prepared = await desk.acts.prepare_publication(AUTHORITY, "draw", key, event, {}, MONTHS, PREPARER)
    return await release(desk, prepared)


async def announcement(desk: Desk, acts: DrawActs, **changes: Any) -> bytes:
    """A draw whose announcement is public. Returns its id."""
    draw = await announced(acts, **changes)
    await publish(desk, draw, (await acts.look(AUTHORITY, draw)).selection.announcement)
    return draw


async def revealed(desk: Desk, acts: DrawActs, *recused: RecusalEntered, **changes: Any) -> bytes:
    """A draw that was made. Returns its id."""
    draw = await announcement(desk, acts, **changes)
    await acts.enter(AUTHORITY, draw, NUMBER, recused, PLANNER)
    await acts.reveal(AUTHORITY, draw, await pending(acts, draw), SECOND)
    return draw


async def result(desk: Desk, acts: DrawActs, **changes: Any) -> Done:
    """A draw with its announcement and its result in public: the record of the result."""
    draw = await revealed(desk, acts, **changes)
    return await publish(desk, draw, (await acts.look(AUTHORITY, draw)).selection.result)


async def pending(acts: DrawActs, draw: bytes) -> bytes:
    """The event id of the number that was entered."""
    found = (await acts.look(AUTHORITY, draw)).selection.pending
    assert found is not None
    return found.id


async def officers(desk: Desk) -> Done:
    """The list of officers of this year, in public."""
    key = public_files.officers_key(AUTHORITY, TODAY.year)
    prepared = await desk.acts.prepare_publication(AUTHORITY, "officers", AUTHORITY, key, {}, MONTHS, PREPARER)
    return await release(desk, prepared)
