"""The judging process killed while terminals upload: in the end every matter is judged on everything."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from projections.process.rebuild import rebuild
from projections.runner import LOST
from tests.support.projections import eventually
from tests.support.server import Bureau, bureau, until
from tests.support.uploads import uploading

FULL = os.environ.get("LIUHEN_FULL") == "1"
KILLS = 20 if FULL else 4
pytestmark = pytest.mark.fault


@pytest.fixture
def place() -> Iterator[Bureau]:
    with bureau(environment={"LIUHEN_PROJECTOR": "on"}) as made:
        made.start()
        made.start()
        yield made


def judges(place: Bureau) -> list[int]:
    """The judging processes of this folder's servers."""
    parents = {server.pid for server in place.servers}
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError, ValueError):
            words = (entry / "cmdline").read_bytes().split(b"\0")
            parent = int((entry / "stat").read_text("utf-8").rpartition(")")[2].split()[1])
            if b"ops.projector" in words and b"judge" in words and parent in parents:
                found.append(int(entry.name))
    return found


async def filed(place: Bureau) -> tuple[int, int]:
    """(entries filed, entries there are) of the live tables, matters that wait counted as an entry each."""
    connection = await place.connect("liuhen_projector")
    try:
        slot = await connection.fetchval("SELECT slot FROM view.process")
        done = await connection.fetchval(f"SELECT coalesce(sum(position), 0)::bigint FROM view_{slot}.filed_up_to")
        dirty = await connection.fetchval(f"SELECT count(*) FROM view_{slot}.dirty")
        whole = await connection.fetchval("SELECT sum(size)::bigint FROM log.heads")
        return done - dirty, whole
    finally:
        await connection.close()


async def test_kills_of_the_judging_process_lose_no_matter_and_judge_none_twice(place: Bureau) -> None:
    killed = 0
    async with uploading(place, [server.url for server in place.servers], terminals=6) as uploads:
        for number in range(KILLS):
            await uploads.answered(10 * (number + 1))
            await until(lambda: judges(place), 20)
            for process in judges(place):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
                    killed += 1
    assert killed >= KILLS
    assert all(server.running for server in place.servers)

    async def level() -> bool:
        with suppress(*LOST):
            done, whole = await filed(place)
            return done == whole
        return False

    await eventually(level, 60)
    done = await rebuild(place.dsn("liuhen_projector"), swap=False)
    assert done.equal, done.different
    assert done.entries > 0
