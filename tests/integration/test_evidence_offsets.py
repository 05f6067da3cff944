"""The true offset behind a cut: a question for it does not overtake the bytes that came before it."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

from schemas.problems import Problem
from server.evidence.uploads import Limits, Uploads
from server.log.arrivals import Arrivals
from server.log.terminals import Enrolled
from tests.support.evidence import scene
from tests.support.log import AUTHORITY
from tests.support.postgres import TestDatabase


async def test_a_question_for_the_offset_waits_for_the_bytes_that_came_before_it(
    database: TestDatabase, short_folder: Path
) -> None:
    photo = b"\xff\xd8\xff\xe0" + secrets.token_bytes(5_000)

    async def pieces() -> AsyncIterator[bytes]:
        yield photo[:1_000]

    async with scene(database, short_folder) as place:
        pool = place.house.log.pool
        uploads = Uploads(place.store, pool, Arrivals(place.house.log.committer, pool), Limits(file=1 << 20))
        terminal = Enrolled(place.terminal.id, AUTHORITY, bytes(32), bytes(32))
        upload = await uploads.begin(terminal, sha256(photo).digest(), len(photo), "image/jpeg")
        assert uploads.before(upload.id) == ()
        with uploads.coming(upload.id) as holds:
            asked = asyncio.create_task(uploads.look(terminal, upload.id, uploads.before(upload.id)))
            for _ in range(5):  # what is done of a request before it writes: its question would be answered by now
                await uploads.allow(terminal)
            assert not asked.done()
            with contextlib.suppress(Problem):  # it lets go for whoever asks; what came counts
                await uploads.append(terminal, upload.id, 0, 1_000, pieces(), holds=holds)
        assert (await asked).offset == 1_000
        assert uploads.before(upload.id) == ()
