"""What arrives is read whole and examined once: a picture's own time, device and looks, in a process under limits."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from schemas import entries
from server.evidence import examiner as examiners
from server.evidence import picture
from server.evidence.examiner import Examiner, look
from tests.support import projections as stories
from tests.support.evidence import FILM, PAPER, PHOTO, Scene, declared, scene
from tests.support.log import send
from tests.support.postgres import TestDatabase

OTHER = "019b77b0-0000-7000-8000-0000000000b7"


def photo(*, quality: int = 90, mirrored: bool = False, **tags: str) -> bytes:
    """A JPEG of a slope with a bright corner, with EXIF."""
    image = Image.new("RGB", (320, 240))
    image.putdata([((x * 3 + y) % 256, (x * x // 400) % 256, y) for y in range(240) for x in range(320)])
    if mirrored:
        image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0131] = tags.get("make", "Demo"), "PD-2", tags.get("tool", "camera 1.0")
    inner = exif.get_ifd(0x8769)
    inner[0x9003] = tags.get("made", "2026:01:01 09:00:30")
    if "offset" in tags:
        inner[0x9011] = tags["offset"]
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality, exif=exif)
    return out.getvalue()


def bomb() -> bytes:
    """A PNG that says it has 50,000 x 50,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(64_000))) + chunk(b"IEND", b"")
    )


@pytest.fixture
async def place(database: TestDatabase, short_folder: Path) -> AsyncIterator[Scene]:
    async with scene(database, short_folder) as made:
        yield made


async def examined(place: Scene) -> list[dict[str, Any]]:
    rows = await place.house.log.pool.fetch("SELECT entry FROM log.entries ORDER BY log_id, position")
    found = [entries.decode(bytes(row["entry"])) for row in rows]
    return [dict(one.b) for one in found if isinstance(one, entries.OfficeEntry) and one.y == "blob.examined.v1"]


async def test_a_picture_says_its_time_device_and_looks() -> None:
    facts = await look(photo())
    assert facts is not None
    assert (facts["width"], facts["height"], facts["device"], facts["file_tool"]) == (
        320,
        240,
        "Demo PD-2",
        "camera 1.0",
    )
    assert facts["file_time"] == 1_767_229_230_000, "China Standard Time where the file names no offset"
    other = await look(photo(offset="+00:00"))
    assert other is not None
    assert other["file_time"] == facts["file_time"] + 8 * 3_600_000


async def test_looks_survive_another_compression_and_differ_for_another_picture() -> None:
    facts = [await look(data) for data in (photo(), photo(quality=40), photo(mirrored=True))]
    first, again, other = (int(one["looks_like"], 16) for one in facts if one is not None)
    assert (first ^ again).bit_count() <= 3
    assert (first ^ other).bit_count() > 16


@pytest.mark.parametrize(
    "data",
    [b"", b"no picture", PHOTO[:4_000], bomb(), b"GIF89a" + bytes(20), b"<svg xmlns='http://www.w3.org/2000/svg'/>"],
    ids=["nothing", "text", "broken", "bomb", "gif", "svg"],
)
async def test_what_cannot_be_read_within_the_limits_is_unreadable_and_nothing_worse(data: bytes) -> None:
    assert await look(data) is None


async def test_odd_words_of_a_file_stay_within_bounds() -> None:
    facts = await look(photo(make="M" * 900, tool="a\x01b\x7f", made="2026:13:45 99:00:00"))
    assert facts is not None
    assert len(facts["device"]) <= 200
    assert facts["file_tool"] == "ab"
    assert "file_time" not in facts


@pytest.mark.parametrize(
    "answer", [b"[]", b"{", b'{"x": 1}', b'{"width": -1}', b'{"looks_like": 5}', b'{"file_tool": null}']
)
def test_what_the_process_says_is_not_believed(answer: bytes) -> None:
    assert examiners._checked(answer) is None


async def test_what_arrived_is_examined_once_and_read_as_a_whole(place: Scene) -> None:
    pool = place.house.log.pool
    examiner = Examiner(place.checker, place.house.log.committer, pool)
    assert await examiner.catch_up() == 3
    found = await examined(place)
    assert [(one["sha256"], one["outcome"], one["examiner"]) for one in found] == [
        (sha256(PHOTO).digest(), "unreadable", picture.NAME)
    ], "the film and the paper are no pictures"
    assert len(found[0]["events"]) == 1
    assert (
        await pool.fetchval("SELECT count(*) FROM evidence.blobs WHERE checked IS NOT NULL AND pieces IS NOT NULL") == 3
    )
    assert await examiner.catch_up() == 0
    connection = await place.house.database.connect()
    try:
        await connection.execute(
            "UPDATE evidence.blobs SET examined = false"
        )  # as a crash between act and mark leaves it
    finally:
        await connection.close()
    assert await examiner.catch_up() == 3
    assert len(await examined(place)) == 1


async def test_damage_is_found_on_arrival_already(place: Scene) -> None:
    place.flip(FILM, 40)
    place.path(PAPER).unlink()
    await Examiner(place.checker, place.house.log.committer, place.house.log.pool).catch_up()
    assert sorted(await place.missing()) == sorted(sha256(data).digest() for data in (FILM, PAPER))


async def test_a_file_that_a_further_record_cites_is_told_of_there_as_well(place: Scene) -> None:
    examiner = Examiner(place.checker, place.house.log.committer, place.house.log.pool)
    await examiner.catch_up()
    for task in (OTHER, OTHER, stories.TASK):
        again = stories.act(place.terminal, "evidence.captured.v1", f"task:{task}", blobs=declared(PHOTO))
        await send(place.house.log, place.terminal.batch([again]))
        await place.arrive(PHOTO)
        await examiner.catch_up()
        await examiner.catch_up()
    found = await examined(place)
    assert [len(one["events"]) for one in found] == [1, 1, 1, 1]
    assert len({event for one in found for event in one["events"]}) == 4
