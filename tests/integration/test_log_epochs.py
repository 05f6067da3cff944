"""The register, the watermark and new epochs, on the committer that production uses."""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg
import pytest
from msgspec import UNSET

from schemas import entries, merkle, notes, receipt
from schemas.envelope import Seen
from schemas.problems import Problem
from schemas.receipt import Receipt
from server.log import epochs, store
from server.log.register import RegisterRefused
from tests.support.log import AUTHORITY, HOST, Log, PaperTerminal, enrol, now, open_log, send
from tests.support.postgres import TestDatabase

ORIGIN = f"{HOST}/{AUTHORITY}/1"


def seen_of(told: Receipt) -> Seen:
    body = notes.split_note(told.checkpoint)[0]
    checkpoint = notes.parse_checkpoint(body)
    return Seen(int(checkpoint.origin.rpartition("/")[2]), checkpoint.root, checkpoint.size)


async def upload(log: Log, terminal: PaperTerminal, count: int = 1, seen: Seen | None = None) -> Receipt:
    sent = [terminal.envelope() for _ in range(count)]
    return receipt.decode(await send(log, terminal.batch(sent, seen=seen)))[0]


async def beat(log: Log, terminal: PaperTerminal, seen: Seen | None = None) -> Receipt:
    return receipt.decode(
        await send(log, terminal.batch([], first=terminal.seq + 1, declared=terminal.seq, seen=seen))
    )[0]


def signed(log: Log, size: int, root: bytes) -> str:
    key = log.keyring.epoch(AUTHORITY, 1).log
    return notes.sign_checkpoint(notes.Checkpoint(key.name, size, root), key)


def first_root(log: Log) -> bytes:
    leaf = log.keyring.leaf(AUTHORITY, 1)
    assert leaf is not None
    return merkle.leaf_hash(leaf)


async def begin_epoch(log: Log) -> epochs.Begun:
    """What `liuhen epoch new` does, from a connection of its own."""
    connection = await store.connect(log.dsn)
    try:
        log.register.read()
        return await epochs.begin_epoch(
            connection, log.book.queries, log.keyring, log.register, authority=AUTHORITY, host=HOST, received=now()
        )
    finally:
        await connection.close()


async def test_a_register_that_contradicts_the_log_keeps_it_closed(database: TestDatabase, short_folder: Path) -> None:
    dsn = database.dsn("liuhen_writer")
    async with open_log(dsn, short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        size = seen_of(await upload(log, t1)).size
        wrong = {
            "ahead": signed(log, size + 1, bytes(32)),
            "equal in size with another root": signed(log, size, bytes(32)),
            "behind with another root": signed(log, 1, bytes(32)),
            "with a signature of nobody": signed(log, size, bytes(32))[:-8] + "AAAAAA=\n",
        }
        right = signed(log, 1, first_root(log))
    register = short_folder / "register" / "register.json"
    whole = register.read_text("utf-8")
    for why, told in wrong.items():
        register.write_text(json.dumps({ORIGIN: told}), "utf-8")
        async with open_log(dsn, short_folder) as log:
            assert [state.authority for state in await log.committer.check_all()] == [AUTHORITY], why
            with pytest.raises(Problem) as refused:
                await upload(log, PaperTerminal(id=t1.id, event=t1.event, seq=t1.seq, prev=t1.prev))
            assert refused.value.code == "not_ready", why
            assert "liuhen" in refused.value.reason, why
        assert register.read_text("utf-8") == json.dumps({ORIGIN: told}), "a closed log leaves the register alone"
    # One behind, as a crash before the register leaves it, is proven consistent and brought up.
    register.write_text(json.dumps({ORIGIN: right}), "utf-8")
    async with open_log(dsn, short_folder) as log:
        await upload(log, t1)
        assert log.register.size_of(ORIGIN) > size
    assert register.read_text("utf-8") != whole


async def test_no_receipt_lets_a_terminal_delete_before_a_backup_has_confirmed(
    database: TestDatabase, short_folder: Path
) -> None:
    backup = await database.connect("liuhen_backup")
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        log_id = (await log.head())["log_id"]

        async def confirm(size: int) -> None:
            await backup.execute("SELECT log.confirm_backup($1, $2)", log_id, size)

        t1 = PaperTerminal()
        await enrol(log, t1)
        first = await upload(log, t1, 3)
        assert (first.watermark, first.blobs_safe) == (0, 0)
        await upload(log, t1, 2)
        size = seen_of(first).size
        await confirm(size - 1)  # the seal of the first batch is not among them
        assert (await upload(log, t1)).watermark == 0
        await confirm(size)
        assert (await upload(log, t1)).watermark == 3
        with pytest.raises(asyncpg.RaiseError, match="has no size"):
            await confirm(10_000)
        await confirm(1)
        assert (await beat(log, t1)).watermark == 3, "a confirmation is never taken back"
        # A branch is covered by nothing, the chain beside it is.
        clone = t1.clone()
        await upload(log, t1)
        forked = await upload(log, clone, 2)
        await confirm(seen_of(forked).size)
        assert (await beat(log, t1)).watermark == t1.seq
    await backup.close()


async def test_a_new_epoch_begins_with_a_watermark_of_nothing_and_new_keys(
    database: TestDatabase, short_folder: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        first = await upload(log, t1, 2)
        async with log.pool.acquire() as connection:
            log_id = (await log.head())["log_id"]
            await connection.execute(log.book.queries["confirm_backup"], log_id, seen_of(first).size)
        assert (await beat(log, t1)).watermark == 2
        await begin_epoch(log)
        after = await upload(log, t1, seen=seen_of(first))
        assert after.watermark == 0
        assert after.checkpoint.startswith(f"{HOST}/{AUTHORITY}/2\n")
        [leaf] = after.epochs or []
        entry = entries.decode_strict(leaf)
        assert isinstance(entry, entries.EpochEntry)
        assert entry.keys.receipt != log.keyring.epoch(AUTHORITY, 1).receipt.public
        # What stands in the old epoch is named with it; the seal of the new one is not of the old chain.
        again = receipt.decode(await send(log, t1.batch([], first=t1.seq + 1, declared=t1.seq, seen=seen_of(after))))[0]
        assert again.epochs is UNSET
        await begin_epoch(log)
        stale = await beat(log, t1, Seen(1, bytes(32), 1))
        assert len(stale.epochs or []) == 2
        assert len((await beat(log, t1, seen_of(after))).epochs or []) == 1


async def test_a_log_without_its_signing_key_takes_nothing_and_says_which_file_is_missing(
    database: TestDatabase, short_folder: Path
) -> None:
    dsn = database.dsn("liuhen_writer")
    async with open_log(dsn, short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
    key = short_folder / "keys" / AUTHORITY / "epoch-1.json"
    content = key.read_bytes()
    key.unlink()
    async with open_log(dsn, short_folder) as log:
        with pytest.raises(Problem) as refused:
            await send(log, t1.clone().batch([t1.clone().envelope()], first=1, declared=1))
        assert refused.value.code == "not_ready"
        assert "keys" in refused.value.reason
    key.write_bytes(content)
    key.chmod(0o600)
    async with open_log(dsn, short_folder) as log:
        await upload(log, t1)


async def test_a_head_that_was_altered_in_the_database_closes_the_log(
    database: TestDatabase, short_folder: Path
) -> None:
    dsn = database.dsn("liuhen_writer")
    async with open_log(dsn, short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        await upload(log, t1, 3)
    owner = await database.connect()
    changes = {
        "root": "UPDATE log.heads SET root = sha256('x')",
        "frontier": "UPDATE log.heads SET frontier = frontier || sha256('x')",
        "note": "UPDATE log.heads SET note = replace(note, '/1', '/2')",
        "size": "UPDATE log.heads SET size = size - 1, backed = 0",
    }
    kept = await owner.fetchrow("SELECT size, root, frontier, note FROM log.heads")
    for what, statement in changes.items():
        await owner.execute(statement)
        async with open_log(dsn, short_folder) as log:
            with pytest.raises(Problem) as refused:
                await upload(log, t1.clone())
            assert refused.value.code == "not_ready", what
        await owner.execute("UPDATE log.heads SET size = $1, root = $2, frontier = $3, note = $4", *kept)
    async with open_log(dsn, short_folder) as log:
        await upload(log, t1)
        # Under a running process as well.
        await owner.execute(changes["size"])
        with pytest.raises(Problem) as refused:
            await upload(log, t1.clone())
        assert refused.value.code == "not_ready"
    await owner.close()


async def test_a_register_that_vanishes_or_breaks_is_an_alarm_and_nothing_is_answered(
    database: TestDatabase, short_folder: Path
) -> None:
    dsn = database.dsn("liuhen_writer")
    register = short_folder / "register" / "register.json"
    async with open_log(dsn, short_folder) as log:
        t1 = PaperTerminal()
        await enrol(log, t1)
        content = register.read_bytes()
        register.unlink()
        batch = t1.batch([t1.envelope()])
        with pytest.raises(Problem) as refused:
            await send(log, batch)
        assert refused.value.code == "not_ready", "stored, but nobody is told that it is safe"
        register.write_bytes(content)
        again = receipt.decode(await send(log, batch))[0]
        assert [result.outcome for result in again.results] == ["duplicate"]
    for broken in (b"{", b"[]", b'{"x": 1}', b"\xff"):
        register.write_bytes(broken)
        with pytest.raises(RegisterRefused, match="cannot be read"):
            async with open_log(dsn, short_folder):
                pass
