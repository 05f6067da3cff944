"""A database put back from an old copy: the server refuses to sign and says what to do; a new epoch ends it.

Terminal T-1 uploads, the operator copies the database folder, T-1 uploads more, the operator puts the copy back.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import UNSET

from schemas import entries, merkle, notes
from schemas.envelope import Seen
from schemas.keys import verify_ed25519
from schemas.notes import VerifierKey
from schemas.receipt import Receipt
from tests.support.log import AUTHORITY, PaperTerminal
from tests.support.server import ALONE, Answer, Bureau, Door, NotServing, bureau, copy_folder, door, enrolled

pytestmark = pytest.mark.fault


@pytest.fixture
def place() -> Iterator[Bureau]:
    with bureau(environment=ALONE) as made:
        yield made


def seen_of(receipt: Receipt) -> Seen:
    """The checkpoint of a receipt, as a terminal that verified it would name it."""
    origin = receipt.checkpoint.split("\n", 1)[0]
    told = notes.parse_checkpoint(notes.split_note(receipt.checkpoint)[0])
    return Seen(int(origin.rpartition("/")[2]), told.root, told.size)


def halt(place: Bureau) -> None:
    """Stop PostgreSQL however many use it: `stop` leaves a database to the others, an operator does not."""
    pid = place.cluster.pid
    assert pid is not None
    place.cluster._halt(pid)


def copy_of_the_database(place: Bureau) -> Path:
    """Stop PostgreSQL, copy its folder, start it again: the operator's backup."""
    halt(place)
    copy = place.folder / "copy"
    copy_folder(place.cluster.data, copy)
    place.cluster.start()
    return copy


def put_back(place: Bureau, copy: Path) -> None:
    """Stop PostgreSQL and start it on the copy."""
    halt(place)
    shutil.rmtree(place.cluster.data)
    copy_folder(copy, place.cluster.data)
    place.cluster.start()


def epoch_new(place: Bureau, *more: str) -> dict[str, object]:
    done = place.command("epoch", "new", "--authority", AUTHORITY, "--json", *more)
    assert done.returncode == 0, done.stderr
    value = json.loads(done.stdout)
    assert isinstance(value, dict)
    return value


async def refused(at: Door, terminal: PaperTerminal) -> Answer:
    """An upload that changes nothing on the terminal's side."""
    clone = terminal.clone()
    answer = await at.post(clone.batch([clone.envelope()]))
    assert (answer.status, answer.code) == (503, "not_ready"), answer.body
    return answer


async def test_after_a_rollback_nothing_is_signed_until_a_new_epoch_and_then_all_is_offered_again(
    place: Bureau,
) -> None:
    server = await place.started()
    async with door(server) as at:
        t1, t2 = await enrolled(place, at), await enrolled(place, at)
        code = await place.code()
        early = [t1.envelope() for _ in range(3)]
        kept = await at.post(t1.batch(early))
        t2_seen = seen_of((await at.post(t2.batch([t2.envelope()]))).receipt)
        copy = await asyncio.to_thread(copy_of_the_database, place)
        late = [t1.envelope() for _ in range(4)]
        lost = await at.post(t1.batch(late))
        assert lost.outcomes == ["recorded"] * 4
        seen = seen_of(lost.receipt)
    # A copy is put back while the server is down: the next start notices by the register ...
    await asyncio.to_thread(server.stop)
    await asyncio.to_thread(put_back, place, copy)
    server = await place.started()
    async with door(server) as at:
        told = await refused(at, t1)
        assert "epoch new" in told.problem["detail"]
        assert told.problem["retry"] == "later"
        beat = await at.post(t1.batch([], declared=t1.seq + 1))
        assert beat.status in (409, 503)
        # ... and says so to whoever enrols.
        stranger = PaperTerminal()
        assert (await at.enrol(code, stranger)).code == "not_ready"
    assert "log_closed" in server.log()
    # The operator begins a new epoch under the running server.
    begun = await asyncio.to_thread(epoch_new, place)
    assert begun["epoch"] == 2
    async with door(server) as at:
        # T-1 has seen a larger tree than the database holds: that is not held against it.
        gap = await at.post(t1.batch([t1.envelope()], seen=seen))
        assert (gap.code, gap.problem["expected"]) == ("gap", 4)
        everything = [*early, *late]
        again = await at.post(t1.batch(everything, first=1, declared=t1.seq, seen=seen))
        assert again.outcomes == ["duplicate"] * 3 + ["recorded"] * 4
        results = again.receipt.results
        assert [r.epoch for r in results] == [1, 1, 1, UNSET, UNSET, UNSET, UNSET]
        assert [r.position for r in results[:3]] == kept.positions
        assert again.receipt.consistency is UNSET
        follow(place, again.receipt, kept.receipt, seen)
        # T-2 has seen less than the copy held: nothing is wrong with that either.
        fine = await at.post(t2.batch([t2.envelope()], seen=t2_seen))
        assert fine.outcomes == ["recorded"]
        # Whoever claims another tree of the old epoch is told apart.
        liar = await at.post(t2.batch([t2.envelope()], seen=Seen(1, bytes(32), seen.size)))
        assert liar.status == 200
        rows = [entries.decode(e) for e in await stored(place, 2)]
        alarms = [e.t for e in rows if isinstance(e, entries.IncidentEntry)]
        assert alarms == [t2.id]
    report = await place.verify()
    assert report.clean, report.first()


def follow(place: Bureau, receipt: Receipt, before: Receipt, seen: Seen) -> None:
    """What a terminal does with `epochs`: from the key it knows to the key of the new epoch."""
    [leaf] = receipt.epochs or []
    entry = entries.decode_strict(leaf)
    assert isinstance(entry, entries.EpochEntry)
    assert (entry.a, entry.e) == (AUTHORITY, 2)
    old_origin = before.checkpoint.split("\n", 1)[0]
    pinned = VerifierKey.parse(place_key(place))
    assert verify_ed25519(pinned.public, entry.sig, entries.epoch_message_of(entry))
    quoted = notes.open_checkpoint(entry.previous, pinned, old_origin)
    assert (quoted.size, quoted.root) == (seen.size, seen.root), "the newest checkpoint that ever left"
    key = VerifierKey.parse(entry.keys.log)
    signed = notes.open_checkpoint(receipt.checkpoint, key, f"liuhen.local/{AUTHORITY}/2")
    proof = list(receipt.epoch_proof or ())
    assert merkle.verify_inclusion(merkle.leaf_hash(leaf), 0, signed.size, proof, signed.root)
    assert verify_ed25519(entry.keys.receipt, receipt.sig, _message(receipt))


def _message(receipt: Receipt) -> bytes:
    import msgspec

    from schemas import receipt as receipts

    return receipts.signed_message(msgspec.to_builtins(receipt, builtin_types=(bytes,)))


def place_key(place: Bureau) -> str:
    from server.log.keyring import Keyring

    return str(Keyring(place.data / "keys").epoch(AUTHORITY, 1).verifier)


async def stored(place: Bureau, epoch: int) -> list[bytes]:
    connection = await place.connect()
    try:
        rows = await connection.fetch(
            "SELECT e.entry FROM log.entries e JOIN log.logs l USING (log_id) WHERE l.authority = $1 AND l.epoch = $2"
            " ORDER BY e.position",
            AUTHORITY, epoch,
        )  # fmt: skip
        return [bytes(row["entry"]) for row in rows]
    finally:
        await connection.close()


async def test_a_rollback_under_a_running_server_closes_the_log_until_a_new_epoch(place: Bureau) -> None:
    server = await place.started()
    async with door(server) as at:
        t1 = await enrolled(place, at)
        await at.post(t1.batch([t1.envelope()]))
        copy = await asyncio.to_thread(copy_of_the_database, place)
        answer = await at.post(t1.batch([t1.envelope()]))
        seen = seen_of(answer.receipt)
        await asyncio.to_thread(put_back, place, copy)
        told = await refused(at, t1)
        assert "epoch new" in told.problem["detail"]
        await refused(at, t1)
        # A second process on the same database refuses as well.
        other = await place.started()
        async with door(other) as there:
            await refused(there, t1)
            await asyncio.to_thread(epoch_new, place)
            t1.seq -= 1
            for client in (at, there):
                mine = await client.post(t1.clone().batch([], first=2, declared=2, head=bytes(32), seen=seen))
                assert mine.status == 200
    assert server.running
    report = await place.verify()
    assert report.clean, report.first()


async def test_a_log_without_its_register_is_refused_with_the_way_out(place: Bureau) -> None:
    server = await place.started()
    async with door(server) as at:
        t1 = await enrolled(place, at)
        await at.post(t1.batch([t1.envelope()]))
    await asyncio.to_thread(server.stop)
    register = place.data / "register" / "register.json"
    register.unlink()
    with pytest.raises(NotServing, match=r"register .* is missing .* epoch new"):
        await place.started()
    refused_command = await asyncio.to_thread(place.command, "epoch", "new", "--authority", AUTHORITY)
    assert refused_command.returncode == 2
    assert "--lost-register" in refused_command.stderr
    assert not register.exists(), "none is made up"
