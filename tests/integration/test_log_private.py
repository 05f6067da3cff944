"""Private values beside the log: what opens has arrived, whatever else comes stays missing, four are kept at most."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from schemas import private, receipt
from schemas.batch import Private
from schemas.entries import Who
from schemas.problems import Problem
from schemas.receipt import Receipt
from server.log.acts import Act, OfficeActs
from server.log.private_values import PrivateValues, sealed
from tests.support.event_vectors import FULL
from tests.support.log import AUTHORITY, Log, PaperTerminal, enrol, now, open_log, send, uuid7
from tests.support.postgres import TestDatabase


class Value:
    """A private value with its commitment, sealed anew at every call."""

    def __init__(self, log: Log, value: object = "门卫王某") -> None:
        self.salt, self.value = secrets.token_bytes(32), value
        self.h = private.commitment(self.salt, value)
        self.key = log.keyring.epoch(AUTHORITY, 1).data_public

    def sealed(self) -> Private:
        return Private(private.seal(self.value, self.salt, self.h, self.key), self.h)


def met(terminal: PaperTerminal, value: Value) -> bytes:
    return terminal.envelope(body={"person_met_name": value.h})


def decoded(data: bytes) -> Receipt:
    return receipt.decode(data)[0]


async def stored(log: Log, h: bytes) -> list[tuple[bytes, bool]]:
    rows = await log.pool.fetch("SELECT sealed, opened FROM log.private WHERE digest = $1 ORDER BY arrived", h)
    return [(bytes(row["sealed"]), row["opened"]) for row in rows]


async def test_a_value_is_missing_until_it_opens(database: TestDatabase, short_folder: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        value, other = Value(log), Value(log, {"phone": 1})
        told = decoded(await send(log, t1.batch([met(t1, value), met(t1, other)])))
        assert told.missing_private == [value.h, other.h], "oldest first"
        sealed = value.sealed()
        told = decoded(await send(log, t1.batch([], declared=2, private=[sealed])))
        assert told.missing_private == [other.h]
        told = decoded(await send(log, t1.batch([met(t1, Value(log))], private=[other.sealed()])))
        assert len(told.missing_private) == 1
        assert await stored(log, value.h) == [(sealed.c, True)]


async def test_a_value_that_comes_with_its_envelope_is_never_missing(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        value = Value(log)
        told = decoded(await send(log, t1.batch([met(t1, value)], private=[value.sealed()])))
        assert told.missing_private == []


async def test_a_value_that_has_arrived_is_not_missing_when_it_is_cited_again(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        value = Value(log)
        await send(log, t1.batch([met(t1, value)], private=[value.sealed()]))
        told = decoded(await send(log, t1.batch([met(t1, value)])))
        assert told.missing_private == []
        waiting = await log.pool.fetchval("SELECT waiting FROM log.terminals")
        assert waiting == 0


async def test_what_does_not_open_to_the_commitment_stays_missing(database: TestDatabase, short_folder: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        value, other = Value(log), Value(log)
        await send(log, t1.batch([met(t1, value)]))
        good = value.sealed().c
        wrong = [
            b"",
            b"garbage",
            other.sealed().c,
            b"\x02" + good[1:],
            good[:1] + bytes(4) + good[5:],
            good[:-1] + bytes([good[-1] ^ 1]),
            good[:37] + bytes(len(good) - 37),
            good[:5] + bytes(32) + good[37:],
        ]
        for c in wrong:
            told = decoded(await send(log, t1.batch([], declared=1, private=[Private(c, value.h)])))
            assert told.missing_private == [value.h]
        assert [opened for _, opened in await stored(log, value.h)] == [False] * 4
        assert [c for c, _ in await stored(log, value.h)] == wrong[-4:], "the oldest is dropped"
        told = decoded(await send(log, t1.batch([], declared=1, private=[Private(good, value.h)])))
        assert told.missing_private == []
        assert len(await stored(log, value.h)) == 4


async def test_a_value_that_no_envelope_commits_to_is_not_kept(database: TestDatabase, short_folder: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        value = Value(log)
        await send(log, t1.batch([], declared=0, private=[value.sealed()]))
        assert await stored(log, value.h) == []


async def test_many_attempts_at_one_commitment_in_one_batch_leave_the_last_four(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        value = Value(log)
        attempts = [Private(b"try %d" % n, value.h) for n in range(1_999)]
        told = decoded(await send(log, t1.batch([met(t1, value)], private=[*attempts, attempts[0]])))
        assert told.missing_private == [value.h]
        assert len(await stored(log, value.h)) == 4
        told = decoded(await send(log, t1.batch([], declared=1, private=[*attempts[:5], value.sealed()])))
        assert told.missing_private == []


CLERK = Who(officer="he", session=bytes(32), via="session")


def tip(informant: dict[str, bytes]) -> Act:
    """A tip as the office registers it."""
    body = {**FULL["tip.received.v1"], "informant": informant}
    return Act("tip.received.v1", ["tip:019b77b0-0000-7000-8000-000000000017"], body, uuid7(), 1, uuid7())


async def test_a_value_that_the_office_enters_lies_sealed_and_is_shown_behind_an_act(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        commitment, closed = sealed("13904140718", log.keyring.epoch(AUTHORITY, 1).data_public)
        missing, _ = sealed("林晓", log.keyring.epoch(AUTHORITY, 1).data_public)
        act = tip({"phone": commitment, "person_name": missing})
        placed = await log.committer.submit(OfficeActs(AUTHORITY, [act], CLERK, now(), private={commitment: closed}))
        values = PrivateValues(log.committer, log.pool)
        place = (AUTHORITY, 1, placed.positions[0])

        found, value = await values.reveal(*place, commitment, "回访举报人", "unit_head", CLERK)

        assert (value, found.place, found.type) == ("13904140718", "$.informant.phone", "tip.received.v1")
        newest = await log.pool.fetchval("SELECT entry FROM log.entries ORDER BY position DESC LIMIT 1")
        assert b"private_value.revealed.v1" in newest
        assert "回访举报人".encode() in newest
        assert b"13904140718" not in newest
        assert await log.pool.fetchval("SELECT size FROM log.heads") == placed.positions[0] + 2
        with pytest.raises(Problem, match="has not arrived"):
            await values.reveal(*place, missing, "回访举报人", "unit_head", CLERK)
        with pytest.raises(Problem, match="not_found"):
            await values.reveal("210521", 1, placed.positions[0], commitment, "回访举报人", "unit_head", CLERK)
        with pytest.raises(Problem, match="expected a reason"):
            await values.reveal(*place, commitment, "", "unit_head", CLERK)
        assert await log.pool.fetchval("SELECT size FROM log.heads") == placed.positions[0] + 2, "nothing was recorded"
