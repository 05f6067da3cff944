"""A scrub of the store: untouched it is clean; what is flipped or deleted is named, recorded and asked for again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest

from ops.verify.database import DatabaseSource
from ops.verify.run import verify
from schemas import entries
from server.evidence.scrub import Scrubbed, scrub
from server.log.arrivals import Arrivals
from tests.support import projections as stories
from tests.support.evidence import FILM, PAPER, PHOTO, Scene, scene
from tests.support.postgres import TestDatabase


@pytest.fixture
async def place(database: TestDatabase, short_folder: Path) -> AsyncIterator[Scene]:
    async with scene(database, short_folder) as made:
        yield made


async def run(place: Scene, **options: float) -> Scrubbed:
    pool = place.house.log.pool
    return await scrub(place.checker, pool, Arrivals(place.house.log.committer, pool), **options)  # type: ignore[arg-type]


async def incidents(place: Scene) -> list[tuple[str, bytes, bytes]]:
    """(kind, file, terminal) of every incident."""
    rows = await place.house.log.pool.fetch("SELECT entry FROM log.entries ORDER BY log_id, position")
    found = [entries.decode(bytes(row["entry"])) for row in rows]
    return [(one.y, one.b["sha256"], one.t) for one in found if isinstance(one, entries.IncidentEntry)]


def digest(data: bytes) -> bytes:
    return sha256(data).digest()


async def test_an_untouched_store_is_clean_and_leaves_no_entry(place: Scene) -> None:
    size = await place.house.log.pool.fetchval("SELECT sum(size) FROM log.heads")
    done = await run(place)
    assert done.in_order
    assert (done.files, done.sound, done.bytes) == (3, 3, len(PHOTO) + len(FILM) + len(PAPER))
    assert await place.house.log.pool.fetchval("SELECT sum(size) FROM log.heads") == size
    assert await place.missing() == []


@pytest.mark.parametrize("where", [0, 1_500_000, len(PHOTO) - 1])
async def test_a_flipped_byte_is_found_wherever_it_is(place: Scene, where: int) -> None:
    place.flip(PHOTO, where)
    done = await run(place)
    assert (done.corrupt, done.lost, done.sound) == ([digest(PHOTO).hex()], [], 2)
    assert await incidents(place) == [("blob_corrupt", digest(PHOTO), place.terminal.id)]
    assert await place.missing() == [digest(PHOTO)]


async def test_a_deleted_file_is_lost_asked_for_again_and_told_on_the_terminals_page(place: Scene) -> None:
    before = await place.house.log.pool.fetchval("SELECT waiting FROM log.terminals")
    place.path(FILM).unlink()
    done = await run(place)
    assert (done.corrupt, done.lost) == ([], [digest(FILM).hex()])
    assert await incidents(place) == [("blob_lost", digest(FILM), place.terminal.id)]
    assert await place.missing() == [digest(FILM)]
    waiting = await place.house.log.pool.fetchval("SELECT waiting FROM log.terminals")
    assert waiting == before + 1
    await place.fold()
    async with place.house.browser("lin") as browser, browser.get(f"/tasks/{stories.TASK}?lang=en") as page:
        html = await page.text()
    assert "1 of the declared files has not arrived." in html
    assert "File damaged" in html


async def test_a_second_scrub_records_nothing_twice_and_a_file_that_came_again_is_sound(place: Scene) -> None:
    place.flip(PHOTO, 3)
    await run(place)
    again = await run(place)
    assert again.corrupt == [digest(PHOTO).hex()]
    assert len(await incidents(place)) == 1
    await place.arrive(PHOTO)
    done = await run(place)
    assert done.in_order
    assert await place.missing() == []
    place.flip(PHOTO, 3)
    await run(place)
    assert len(await incidents(place)) == 2, "damaged anew, told anew"


async def test_a_file_that_was_put_back_by_hand_is_held_again(place: Scene) -> None:
    path = place.path(PAPER)
    kept = path.read_bytes()
    path.unlink()
    assert not (await run(place)).in_order
    path.write_bytes(kept)
    done = await run(place)
    assert (done.in_order, done.restored) == (True, [digest(PAPER).hex()])
    assert await place.missing() == []


async def test_a_blob_that_a_log_counts_as_arrived_and_the_store_never_heard_of_is_lost(place: Scene) -> None:
    connection = await place.house.database.connect()
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute("ALTER TABLE evidence.blobs DISABLE TRIGGER refuse_removal")
        await connection.execute("DELETE FROM evidence.blobs WHERE digest = $1", digest(PAPER))
        await connection.execute("ALTER TABLE evidence.blobs ENABLE ALWAYS TRIGGER refuse_removal")
    finally:
        await connection.close()
    place.path(PAPER).unlink()
    done = await run(place)
    assert done.lost == [digest(PAPER).hex()]
    assert await place.missing() == [digest(PAPER)]


async def test_the_rate_is_kept(place: Scene) -> None:
    begun = time.monotonic()
    whole = len(PHOTO) + len(FILM) + len(PAPER)
    await run(place, rate=whole / 0.4)
    assert 0.35 <= time.monotonic() - begun < 5


async def test_a_log_with_damage_in_it_verifies(place: Scene) -> None:
    place.flip(PHOTO, 3)
    place.path(FILM).unlink()
    await run(place)

    def look() -> list[str]:
        source = DatabaseSource(place.house.database.dsn())
        try:
            return [str(one) for one in verify(source, workers=1).findings]
        finally:
            source.close()

    assert await asyncio.to_thread(look) == []
