"""A superuser changes a log behind its back, in every way that we could think of; verify names each of them.

The log is a real one: written by the committer on real PostgreSQL, with forks, holes, incidents and office acts in it.
Every damage is done in a transaction on a database of its own, triggers disabled; the control is the untouched copy.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from ops.verify.database import DatabaseSource
from ops.verify.epochs import Anchors
from ops.verify.findings import Finding, Report
from ops.verify.run import verify
from schemas import canonical, entries, merkle
from schemas.batch import Lost
from schemas.entries import Who
from schemas.envelope import Seen
from schemas.keys import Signer
from schemas.notes import Checkpoint, NoteSigner, sign_checkpoint
from server.log import acts, epochs, store
from server.log.acts import Act, OfficeActs
from tests.support.log import AUTHORITY, HOST, Log, PaperTerminal, enrol, now, open_log, send, uuid7
from tests.support.postgres import TestDatabase, TestServer

pytestmark = pytest.mark.fault


@dataclass
class Scene:
    """A finished log in a database of its own, the keys of its operator, and a copy maker."""

    server: TestServer
    database: TestDatabase
    anchors: Anchors
    signer: NoteSigner
    register: Mapping[str, Sequence[str]]


def envelope(terminal: PaperTerminal, number: int, **changes: Any) -> bytes:
    about = [f"authority:{AUTHORITY}", f"case:c-{number % 5}", f"enterprise:e-{number % 3}"]
    return terminal.envelope(about=about, **changes)


async def upload(log: Log, terminal: PaperTerminal, count: int) -> None:
    await send(log, terminal.batch([envelope(terminal, n) for n in range(count)]))


async def act(log: Log, terminal: PaperTerminal, what: str, version: int, effect: acts.Effect, **body: Any) -> None:
    made = Act(f"terminal.{what}.v1", ["case:c-1"], {"terminal": terminal.id, **body}, terminal.id, version, uuid7())
    who = Who(officer="officer-0001", session=bytes(32), via="console")
    await log.committer.submit(OfficeActs(AUTHORITY, [made], who, now(), effects=[(terminal.id, effect)]))


async def write_log(dsn: str, folder: Path) -> tuple[Anchors, NoteSigner, Mapping[str, Sequence[str]]]:
    """Some 200 entries: three terminals, a fork and its end, a hole filled later, odd envelopes, heartbeats."""
    async with open_log(dsn, folder) as log:
        lin, zhao, qian = PaperTerminal(), PaperTerminal(), PaperTerminal()
        for terminal in (lin, zhao, qian):
            await enrol(log, terminal)
        for _ in range(6):
            for terminal in (lin, zhao, qian):
                await upload(log, terminal, 8)
        clone = zhao.clone()
        await upload(log, zhao, 2)
        await upload(log, clone, 3)
        await upload(log, clone, 2)
        row = await log.pool.fetchrow("SELECT entry FROM log.entries WHERE entry LIKE $1", b"%\xa1k\xa6branch%")
        side = entries.decode(row["entry"])
        assert isinstance(side, entries.BranchEntry)
        await act(log, zhao, "fork_resolved", 2, acts.resolve_effect(side.b), branch=side.b)
        await act(log, zhao, "released", 3, acts.release_effect, reason="已核实")
        await upload(log, clone, 3)
        known = [envelope(lin, n) for n in range(4)]
        await send(log, lin.batch(known))
        await send(log, lin.batch([*known[2:], envelope(lin, 9)]))
        repeated = uuid7()
        await send(log, lin.batch([envelope(lin, 1, id=repeated), envelope(lin, 2, id=repeated)]))
        lost = [envelope(lin, n) for n in range(3)]
        part = Lost(lin.seq - 2, sha256(lost[-1]).digest(), lin.seq)
        await send(log, lin.batch([envelope(lin, 1), lin.raw(b"\xc1"), envelope(lin, 2)], lost=[part]))
        await send(log, lin.batch(lost, first=part.first, declared=lin.seq))
        clocks = [{"boot": bytes(16), "mono": n, "offset": 0} for n in range(2)]
        jumped = [envelope(qian, n, clock=c, at=now() + n * 900_000) for n, c in enumerate(clocks)]
        await send(log, qian.batch(jumped))
        await send(log, qian.batch([], first=qian.seq + 1, declared=qian.seq + 4))
        await send(log, qian.batch([envelope(qian, 1)], declared=qian.seq + 4, seen=Seen(1, bytes(32), 40)))
        await act(log, qian, "revoked", 2, acts.revoke_effect, declared=qian.seq + 4, reason="遗失")
        await upload(log, qian, 2)
        key = log.keyring.epoch(AUTHORITY, 1)
        anchors = Anchors((key.verifier,), (log.keyring.recovery(AUTHORITY).public,))
        return anchors, key.log, {origin: [note] for origin, note in log.register.read().items()}


@pytest.fixture(scope="module")
def scene(postgres_server: TestServer, tmp_path_factory: pytest.TempPathFactory) -> Scene:
    async def make() -> Scene:
        database = await postgres_server.make_database()
        made = await write_log(database.dsn("liuhen_writer"), tmp_path_factory.mktemp("log"))
        return Scene(postgres_server, database, *made)

    return asyncio.run(make())


def check(database: TestDatabase, scene: Scene, **options: Any) -> Report:
    source = DatabaseSource(database.dsn("liuhen_auditor"))
    try:
        return verify(source, scene.anchors, workers=1, **options)
    finally:
        source.close()


def sentences(report: Report) -> list[str]:
    return [f.sentence("en") for f in report.ordered()]


async def test_the_untouched_log_is_clean_tables_included(scene: Scene) -> None:
    report = await asyncio.to_thread(check, scene.database, scene, register=scene.register)
    assert sentences(report) == []
    assert report.remarks == []
    assert report.counts["rows"] > 400


class Hand:
    """A superuser's hand in a copy of the log: reads and changes rows of the first epoch."""

    def __init__(self, connection: asyncpg.Connection, scene: Scene) -> None:
        self.sql = connection
        self.scene = scene
        self.all: list[bytes] = []

    async def open(self) -> None:
        for table in ("logs", "entries", "keys", "tags", "seals", "checkpoints", "heads", "terminals"):
            await self.sql.execute(f"ALTER TABLE log.{table} DISABLE TRIGGER ALL")
        await self.load()

    async def load(self) -> None:
        self.all = [r["entry"] for r in await self.sql.fetch("SELECT entry FROM log.entries ORDER BY position")]

    def places(self, kind: type) -> list[int]:
        return [n for n, e in enumerate(self.all) if isinstance(entries.decode(e), kind)]

    async def put(self, position: int, entry: bytes) -> None:
        await self.sql.execute("UPDATE log.entries SET entry = $2 WHERE position = $1", position, entry)

    async def change(self, position: int, **changes: Any) -> int:
        value = canonical.decode(self.all[position])
        assert isinstance(value, dict)
        await self.put(position, canonical.encode({**value, **changes}))
        return position

    async def change_envelope(self, position: int, **changes: Any) -> int:
        value = canonical.decode(self.all[position])
        assert isinstance(value, dict)
        inner = canonical.decode(value["e"])
        assert isinstance(inner, dict)
        return await self.change(position, e=canonical.encode({**inner, **changes}))

    async def shift(self, position: int, by: int) -> None:
        """Move everything behind `position`, through numbers that nobody uses."""
        for table in ("entries", "keys", "seals"):
            sql = f"UPDATE log.{table} SET position = position + $2 WHERE position >= $1"
            await self.sql.execute(sql, position, 1_000_000 + by)
            await self.sql.execute(f"UPDATE log.{table} SET position = position - 1000000 WHERE position >= 1000000")

    async def resign(self, signer: NoteSigner) -> None:
        """Tree, head and every checkpoint made anew over what stands there now."""
        await self.load()
        tree = merkle.CompactRange()
        sizes = {r["size"] for r in await self.sql.fetch("SELECT size FROM log.checkpoints")} | {len(self.all)}
        await self.sql.execute("DELETE FROM log.checkpoints WHERE size > $1", len(self.all))
        note = ""
        for size, entry in enumerate(self.all, 1):
            tree.append(merkle.leaf_hash(entry))
            if size in sizes:
                note = sign_checkpoint(Checkpoint(signer.name, size, tree.root()), signer)
                await self.sql.execute(
                    "INSERT INTO log.checkpoints (log_id, size, note) VALUES (1, $1, $2)"
                    " ON CONFLICT (log_id, size) DO UPDATE SET note = $2",
                    size,
                    note,
                )
        await self.sql.execute(
            "UPDATE log.heads SET size = $1, root = $2, frontier = $3, note = $4",
            len(self.all), tree.root(), tree.encode(), note,
        )  # fmt: skip


Damage = Callable[[Hand], Awaitable["int | tuple[int, int] | str"]]
"""Does one kind of harm. Returns the position (or range) or the table that verify must name first."""


async def edited_entry_of_the_office(hand: Hand) -> int:
    return await hand.change(hand.places(entries.OfficeEntry)[4], z=bytes(16))


async def edited_time_of_receipt(hand: Hand) -> int:
    return await hand.change(hand.places(entries.FieldEntry)[20], r=1_700_000_000_000)


async def edited_envelope(hand: Hand) -> int:
    return await hand.change_envelope(hand.places(entries.FieldEntry)[19], occurred=1)


async def edited_last_envelope_of_a_batch(hand: Hand) -> int:
    return await hand.change_envelope(hand.places(entries.SealEntry)[5] - 1, occurred=1)


async def edited_branch_envelope(hand: Hand) -> tuple[int, int]:
    place = await hand.change_envelope(hand.places(entries.BranchEntry)[0], occurred=1)
    return place, place + 4


async def deleted_envelope(hand: Hand) -> int:
    place = hand.places(entries.FieldEntry)[33]
    await hand.sql.execute("DELETE FROM log.entries WHERE position = $1", place)
    return place


async def deleted_office_act(hand: Hand) -> int:
    place = hand.places(entries.OfficeEntry)[3]
    await hand.sql.execute("DELETE FROM log.entries WHERE position = $1", place)
    return place


async def deleted_leaf_0(hand: Hand) -> int:
    await hand.sql.execute("DELETE FROM log.entries WHERE position = 0")
    return 0


async def closed_up_after_a_deletion(hand: Hand) -> tuple[int, int]:
    place = hand.places(entries.FieldEntry)[33]
    await hand.sql.execute("DELETE FROM log.entries WHERE position = $1", place)
    await hand.sql.execute("DELETE FROM log.keys WHERE position = $1", place)
    await hand.shift(place, -1)
    return place - 8, place + 8


async def swapped_envelopes(hand: Hand) -> tuple[int, int]:
    one, two = hand.places(entries.FieldEntry)[10:12]
    await hand.put(one, hand.all[two])
    await hand.put(two, hand.all[one])
    return one, two


async def swapped_acts(hand: Hand) -> tuple[int, int]:
    one, two = hand.places(entries.OfficeEntry)[:2]
    await hand.put(one, hand.all[two])
    await hand.put(two, hand.all[one])
    return one, two


async def inserted_envelope(hand: Hand) -> tuple[int, int]:
    place = hand.places(entries.FieldEntry)[12]
    await hand.shift(place, 1)
    await hand.sql.execute("INSERT INTO log.entries VALUES (1, $1, $2)", place, hand.all[place])
    return place - 8, place + 8


async def inserted_behind_the_end(hand: Hand) -> int:
    await hand.sql.execute("INSERT INTO log.entries VALUES (1, $1, $2)", len(hand.all), hand.all[3])
    return len(hand.all)


async def truncated_tail(hand: Hand) -> int:
    await hand.sql.execute("DELETE FROM log.entries WHERE position >= $1", len(hand.all) - 7)
    return len(hand.all) - 7


async def truncated_tail_with_an_older_head(hand: Hand) -> tuple[int, int]:
    size, note = await hand.sql.fetchrow("SELECT size, note FROM log.checkpoints ORDER BY size DESC OFFSET 4 LIMIT 1")
    tree = merkle.CompactRange()
    tree.extend(map(merkle.leaf_hash, hand.all[:size]))
    await hand.sql.execute("DELETE FROM log.entries WHERE position >= $1", size)
    await hand.sql.execute(
        "UPDATE log.heads SET size = $1, root = $2, frontier = $3, note = $4", size, tree.root(), tree.encode(), note
    )
    return size, len(hand.all)


async def not_canonical_entry(hand: Hand) -> int:
    place = hand.places(entries.FieldEntry)[2]
    await hand.put(place, hand.all[place] + b"\0")
    return place


async def entry_of_an_unknown_kind(hand: Hand) -> int:
    return await hand.change(hand.places(entries.IncidentEntry)[0], k="gossip")


async def altered_seal_signature(hand: Hand) -> int:
    return await hand.change(hand.places(entries.SealEntry)[3], s=bytes(64))


async def altered_seal_declared(hand: Hand) -> int:
    place = hand.places(entries.SealEntry)[3]
    value = entries.decode(hand.all[place])
    assert isinstance(value, entries.SealEntry)
    return await hand.change(place, d=value.d + 1)


async def dropped_incident(hand: Hand) -> tuple[int, int]:
    place = hand.places(entries.IncidentEntry)[0]
    await hand.put(place, entries.disclosure(bytes(32), bytes(16), "published", now()))
    return place - 4, place


async def root_of_a_checkpoint(hand: Hand) -> tuple[int, int]:
    size, note = await hand.sql.fetchrow("SELECT size, note FROM log.checkpoints ORDER BY size OFFSET 9 LIMIT 1")
    other = sign_checkpoint(Checkpoint(hand.scene.signer.name, size, bytes(32)), hand.scene.signer)
    await hand.sql.execute("UPDATE log.checkpoints SET note = $2 WHERE size = $1", size, other)
    assert other != note
    return size - 12, size - 1


async def checkpoint_of_a_stranger(hand: Hand) -> int:
    size = await hand.sql.fetchval("SELECT size FROM log.checkpoints ORDER BY size OFFSET 9 LIMIT 1")
    root = merkle.root_of(map(merkle.leaf_hash, hand.all[:size]))
    stranger = NoteSigner(hand.scene.signer.name, Signer(bytes(range(32))))
    other = sign_checkpoint(Checkpoint(stranger.name, size, root), stranger)
    await hand.sql.execute("UPDATE log.checkpoints SET note = $2 WHERE size = $1", size, other)
    return size - 1


async def deleted_newest_checkpoint(hand: Hand) -> tuple[int, int]:
    await hand.sql.execute("DELETE FROM log.checkpoints WHERE size = $1", len(hand.all))
    return len(hand.all) - 12, len(hand.all) - 1


async def tree_rebuilt_under_another_key(hand: Hand) -> tuple[int, int]:
    await hand.change(hand.places(entries.OfficeEntry)[0], z=bytes(16))
    await hand.resign(NoteSigner(hand.scene.signer.name, Signer(bytes(range(32)))))
    return 0, len(hand.all)


async def leaf_0_and_tree_rebuilt_under_another_key(hand: Hand) -> int:
    signer = NoteSigner(hand.scene.signer.name, Signer(bytes(range(32))))
    old = entries.decode(hand.all[0])
    assert isinstance(old, entries.EpochEntry)
    public: dict[str, Any] = {
        "authority": old.a, "epoch": 1, "host": old.host, "data": old.keys.data, "log": str(signer.verifier),
        "receipt": old.keys.receipt, "previous": "", "received": old.r,
    }  # fmt: skip
    await hand.put(0, entries.epoch_entry(**public, sig=signer.signer.sign(entries.epoch_message(**public))))
    await hand.resign(signer)
    return 0


async def root_of_the_head(hand: Hand) -> str:
    await hand.sql.execute("UPDATE log.heads SET root = $1", bytes(32))
    return "heads"


async def frontier_of_the_head(hand: Hand) -> str:
    await hand.sql.execute("UPDATE log.heads SET frontier = frontier || $1", bytes(32))
    return "heads"


async def note_of_the_head(hand: Hand) -> str:
    await hand.sql.execute("UPDATE log.heads SET note = (SELECT note FROM log.checkpoints ORDER BY size LIMIT 1)")
    return "heads"


def statement(table: str, sql: str) -> Damage:
    async def damage(hand: Hand) -> str:
        assert not (await hand.sql.execute(sql)).endswith(" 0"), "the statement changed nothing"
        return table

    return damage


FIELD_KEY = "(SELECT position FROM log.keys WHERE chain = 0 ORDER BY position OFFSET 30 LIMIT 1)"
ANY_TAG = "(SELECT min(position) FROM log.tags WHERE tag = 'case:c-2')"
# fmt: off
TABLES: Mapping[str, Damage] = {
    "a key deleted": statement("keys", f"DELETE FROM log.keys WHERE position = {FIELD_KEY}"),
    "a key at another seq": statement("keys", f"UPDATE log.keys SET version = 9999 WHERE position = {FIELD_KEY}"),
    "a key on another chain": statement("keys", f"UPDATE log.keys SET chain = 7 WHERE position = {FIELD_KEY}"),
    "a key with other notes": statement("keys", f"UPDATE log.keys SET notes = 1 WHERE position = {FIELD_KEY}"),
    "a held key let go": statement("keys", "UPDATE log.keys SET notes = notes - 1 WHERE notes & 1 = 1"),
    "a repeated id not noted": statement("keys", "UPDATE log.keys SET notes = notes - 1024 WHERE notes & 1024 > 0"),
    "a clock jump not noted": statement("keys", "UPDATE log.keys SET notes = notes - 16384 WHERE notes & 16384 > 0"),
    "a key with another id": statement("keys", f"UPDATE log.keys SET id = origin WHERE position = {FIELD_KEY}"),
    "a key invented": statement(
        "keys", f"INSERT INTO log.keys SELECT 1, id, 1, 0, position, 0 FROM log.keys WHERE position = {FIELD_KEY}"
    ),
    "an act's key deleted": statement("keys", "DELETE FROM log.keys WHERE chain = -1 AND version = 2"),
    "a tag deleted": statement("tags", f"DELETE FROM log.tags WHERE tag = 'case:c-2' AND position = {ANY_TAG}"),
    "a tag renamed": statement(
        "tags", f"UPDATE log.tags SET tag = 'case:x' WHERE tag = 'case:c-2' AND position = {ANY_TAG}"
    ),
    "a tag's offsets cut": statement("tags", "UPDATE log.tags SET offsets = '' WHERE octet_length(offsets) > 0"),
    "a tag invented": statement("tags", "INSERT INTO log.tags VALUES (1, 'case:invented', 5, '')"),
    "a tag behind the end": statement("tags", "INSERT INTO log.tags VALUES (1, 'case:c-1', 99999, '')"),
    "a seal row deleted": statement("seals", "DELETE FROM log.seals WHERE last = (SELECT min(last) FROM log.seals)"),
    "a seal row that covers more": statement("seals", "UPDATE log.seals SET last = last + 1"),
    "a seal row invented": statement("seals", "INSERT INTO log.seals SELECT 1, id, 0, 2, 9 FROM log.keys LIMIT 1"),
    **{
        f"a terminal's {column}": statement(
            "terminals", f"UPDATE log.terminals SET {column} = {value} WHERE rare IS NOT NULL"
        )
        for column, value in {
            "seq": "seq - 1", "hash": "sha256(hash)", "declared": "declared + 1", "chain": "(chain + 1)::smallint",
            "held": "NOT held", "revoked": "coalesce(revoked, 0) + 1", "version": "version + 1", "rare": "NULL",
            "event_key": "sha256(event_key)", "request_key": "sha256(request_key)", "replaces": "terminal",
            "position": "position + 1",
        }.items()
    },
    "a terminal deleted": statement("terminals", "DELETE FROM log.terminals WHERE revoked IS NOT NULL"),
}  # fmt: skip
ENTRIES: Sequence[Damage] = (
    edited_entry_of_the_office, edited_time_of_receipt, edited_envelope, edited_last_envelope_of_a_batch,
    edited_branch_envelope, deleted_envelope, deleted_office_act, deleted_leaf_0, closed_up_after_a_deletion,
    swapped_envelopes, swapped_acts, inserted_envelope, inserted_behind_the_end, truncated_tail,
    truncated_tail_with_an_older_head, not_canonical_entry, entry_of_an_unknown_kind, altered_seal_signature,
    altered_seal_declared, dropped_incident, root_of_a_checkpoint, checkpoint_of_a_stranger, deleted_newest_checkpoint,
    tree_rebuilt_under_another_key, leaf_0_and_tree_rebuilt_under_another_key, root_of_the_head, frontier_of_the_head,
    note_of_the_head,
)  # fmt: skip
SIGNED_AGAIN: Sequence[Damage] = (
    edited_envelope, edited_last_envelope_of_a_batch, edited_branch_envelope, closed_up_after_a_deletion,
    swapped_envelopes, inserted_envelope, altered_seal_signature, altered_seal_declared, dropped_incident,
)  # fmt: skip


async def damaged(
    scene: Scene, harm: Callable[[Hand], Awaitable[Any]], *, register: bool = False
) -> tuple[Any, Report, Report]:
    """What the harm said of itself; the report; and, if asked for, the report with the register."""
    copy = TestDatabase("t_" + secrets.token_hex(6), scene.server.cluster)
    admin = await asyncpg.connect(scene.server.cluster.dsn(), timeout=10)
    try:
        await admin.execute(f'CREATE DATABASE "{copy.name}" TEMPLATE "{scene.database.name}"')
        connection = await copy.connect()
        try:
            hand = Hand(connection, scene)
            await hand.open()
            said = await harm(hand)
        finally:
            await connection.close()
        report = await asyncio.to_thread(check, copy, scene)
        with_register = await asyncio.to_thread(check, copy, scene, register=scene.register) if register else report
        return said, report, with_register
    finally:
        await admin.execute(f'DROP DATABASE IF EXISTS "{copy.name}" WITH (FORCE)')
        await admin.close()


WIDEST = 16


def names(found: Finding | None, said: Any) -> bool:
    """Whether the first finding names the place: the exact one, or a range not wider than a batch that contains it."""
    if found is None:
        return False
    if isinstance(said, str):
        return found.table == said
    first, last = said if isinstance(said, tuple) else (said, said)
    return found.first <= last and first <= found.last and found.last - found.first < WIDEST


@pytest.mark.parametrize("harm", ENTRIES, ids=lambda harm: harm.__name__)
async def test_harm_to_the_entries_is_named_where_it_is(scene: Scene, harm: Damage) -> None:
    said, report, _ = await damaged(scene, harm)
    assert names(report.first(), said), (said, sentences(report))


@pytest.mark.parametrize("harm", SIGNED_AGAIN, ids=lambda harm: harm.__name__)
async def test_harm_that_was_signed_again_with_the_real_key_is_still_named(scene: Scene, harm: Damage) -> None:
    async def both(hand: Hand) -> Any:
        said = await harm(hand)
        await hand.resign(scene.signer)
        return said

    said, report, with_register = await damaged(scene, both, register=True)
    assert "tree" not in {f.code for f in report.findings}, "the signatures fit: only the content tells"
    assert names(report.first(), said), (said, sentences(report))
    assert "register_root" in {f.code for f in with_register.findings} or "register_ahead" in {
        f.code for f in with_register.findings
    }


KEPT = ("keys", "tags", "seals", "terminals")


@pytest.fixture(scope="module")
def table_copy(scene: Scene) -> TestDatabase:
    """One copy for all harm to derived tables: after each, the rows that were kept aside are put back."""

    async def make() -> TestDatabase:
        admin = await asyncpg.connect(scene.server.cluster.dsn(), timeout=10)
        await admin.execute(f'CREATE DATABASE "t_tables" TEMPLATE "{scene.database.name}"')
        await admin.close()
        copy = TestDatabase("t_tables", scene.server.cluster)
        connection = await copy.connect()
        await Hand(connection, scene).open()
        for table in KEPT:
            await connection.execute(f"CREATE TABLE public.kept_{table} AS TABLE log.{table}")
        await connection.close()
        return copy

    return asyncio.run(make())


@pytest.mark.parametrize("name", TABLES)
async def test_harm_to_a_derived_table_is_named_by_table(scene: Scene, table_copy: TestDatabase, name: str) -> None:
    connection = await table_copy.connect()
    try:
        said = await TABLES[name](Hand(connection, scene))
        report = await asyncio.to_thread(check, table_copy, scene)
        await connection.execute(f"TRUNCATE log.{said}; INSERT INTO log.{said} TABLE public.kept_{said}")
    finally:
        await connection.close()
    assert names(report.first(), said), (said, sentences(report))
    assert {f.table for f in report.findings} == {said}


async def test_what_was_put_back_is_clean_again(scene: Scene, table_copy: TestDatabase) -> None:
    assert sentences(await asyncio.to_thread(check, table_copy, scene)) == []


async def test_an_office_act_rewritten_and_signed_again_is_found_by_the_register_alone(scene: Scene) -> None:
    async def harm(hand: Hand) -> int:
        place = await edited_entry_of_the_office(hand)
        await hand.resign(scene.signer)
        return place

    _, report, with_register = await damaged(scene, harm, register=True)
    assert sentences(report) == [], "nothing inside the log tells"
    assert {f.code for f in with_register.findings} == {"register_root"}


async def test_a_second_epoch_carries_the_terminals_on(database: TestDatabase, tmp_path: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        terminal = PaperTerminal()
        await enrol(log, terminal)
        await upload(log, terminal, 3)
        known = [envelope(terminal, n) for n in range(2)]
        await send(log, terminal.batch(known))
        connection = await store.connect(database.dsn("liuhen_writer"))
        await epochs.begin_epoch(
            connection, log.book.queries, log.keyring, log.register, authority=AUTHORITY, host=HOST, received=now()
        )
        await connection.close()
        await send(log, terminal.batch([*known, envelope(terminal, 5)]))
        await upload(log, terminal, 2)
        anchors = Anchors((log.keyring.epoch(AUTHORITY, 1).verifier,))

    def run() -> Report:
        source = DatabaseSource(database.dsn("liuhen_auditor"))
        try:
            return verify(source, anchors, workers=1)
        finally:
            source.close()

    report = await asyncio.to_thread(run)
    assert sentences(report) == []
    assert [log["epoch"] for log in report.logs] == [1, 2]


async def test_a_role_that_may_not_read_the_tables_is_told_so(scene: Scene) -> None:
    def run() -> Report:
        source = DatabaseSource(scene.database.dsn("liuhen_projector"))
        try:
            return verify(source, scene.anchors, workers=1)
        finally:
            source.close()

    report = await asyncio.to_thread(run)
    assert report.clean
    assert report.remarks == [("tables_unread", {"tables": "terminals"})]
