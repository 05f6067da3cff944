"""The log's face over HTTP: an auditor recomputes the tree from tiles, a terminal asks for a proof of its own record,
and nobody else learns anything but hashes. Beside it the public copy, which never reaches beyond its own checkpoint.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import replace

import pytest

from ops.compose import Database, open_log
from ops.mirror import mirror
from schemas import entries, httpsig, merkle, notes, proof_file, tiles
from schemas.merkle import NodeReader
from schemas.notes import Checkpoint, VerifierKey
from schemas.proof_file import ProofRefused
from schemas.tiles import Tile
from tests.support.log import AUTHORITY, PaperTerminal
from tests.support.server import Answer, Bureau, Door, ServerProcess, door, enrolled, uuid_text

LOG = f"/log/v1/{AUTHORITY}/1"
OTHER = "210521"


@pytest.fixture(scope="module")
def tokens(city: Bureau) -> dict[tuple[str, str], dict[str, str]]:
    """Headers by (role, authority)."""
    made = {}
    for role, authority in [("auditor", AUTHORITY), ("auditor", OTHER), ("inspector", AUTHORITY)]:
        done = city.command("token", "create", "--role", role, "--authority", authority, "--json")
        assert done.returncode == 0, done.stderr
        made[role, authority] = {"Authorization": f"Bearer {json.loads(done.stdout)['token']}"}
    return made


@pytest.fixture
async def key(city: Bureau) -> VerifierKey:
    """The log key as it stands on paper."""
    return VerifierKey.parse((await city.code()).log)


@pytest.fixture
async def t1(city: Bureau, at: Door) -> PaperTerminal:
    return await enrolled(city, at)


async def upload(at: Door, terminal: PaperTerminal, count: int) -> list[bytes]:
    made = [terminal.envelope() for _ in range(count)]
    assert (await at.post(terminal.batch(made))).status == 200
    return made


async def checkpoint(at: Door, key: VerifierKey, log: str = LOG) -> Checkpoint:
    answer = await at.get(f"{log}/checkpoint")
    assert answer.status == 200, answer.body
    return notes.open_checkpoint(answer.body.decode(), key, key.name)


async def tile(at: Door, wanted: Tile, log: str = LOG, **options: dict[str, str]) -> Answer:
    return await at.get(f"{log}/{tiles.path_of(wanted)}", **options)


async def tree(at: Door, size: int, log: str = LOG) -> NodeReader:
    """Every hash tile of a tree of `size`, as a reader of nodes."""
    held: dict[Tile, bytes] = {}
    for wanted in tiles.tiles_between(0, size):
        answer = await tile(at, wanted, log)
        assert answer.status == 200, (wanted, answer.body)
        assert len(answer.body) == 32 * wanted.width
        held[wanted] = answer.body
    return tiles.reader(size, held.__getitem__)


def root(size: int, node: NodeReader) -> bytes:
    """Root of a tree from its largest nodes alone."""
    return merkle.root_from_frontier(size, [node(level, index) for level, index in merkle.frontier_nodes(size)])


def signed(at: Door, terminal: PaperTerminal, query: str, *, path: str = f"{LOG}/proof") -> dict[str, str]:
    return httpsig.sign_request(
        method="GET", authority=at.url.removeprefix("http://"), path=path, query=query,
        key_id=uuid_text(terminal.id), signer=terminal.request, created=int(time.time()),
    )  # fmt: skip


def asks(terminal: PaperTerminal, seq: int | str) -> str:
    return f"terminal={uuid_text(terminal.id)}&seq={seq}"


# -- checkpoint and tiles --


async def test_full_and_partial_tiles_hash_up_to_the_signed_checkpoint(
    at: Door, key: VerifierKey, t1: PaperTerminal
) -> None:
    await upload(at, t1, 300)
    signed_root = await checkpoint(at, key)
    size = signed_root.size
    wanted = list(tiles.tiles_between(0, size))
    assert {each.full for each in wanted} == {True, False}
    node = await tree(at, size)
    assert root(size, node) == signed_root.root
    leaves = [node(0, index) for index in range(size)]
    assert merkle.root_of(leaves) == signed_root.root, "the tiles of every level agree with those of level 0"
    for index in (0, 255, 256, size - 1):
        path = merkle.inclusion_proof(index, size, node)
        assert merkle.verify_inclusion(leaves[index], index, size, path, signed_root.root)


async def test_a_tile_that_was_served_once_never_changes(at: Door, key: VerifierKey, t1: PaperTerminal) -> None:
    await upload(at, t1, 3)
    before = await checkpoint(at, key)
    place = Tile(0, before.size // 256, before.size % 256 or 256)
    old = await tile(at, place)
    await upload(at, t1, 5)
    assert (await tile(at, place)).body == old.body
    assert "immutable" in old.headers["Cache-Control"]
    after = await checkpoint(at, key)
    path = merkle.consistency_proof(before.size, after.size, await tree(at, after.size))
    assert merkle.verify_consistency(before.size, after.size, before.root, after.root, path)


async def test_what_the_log_does_not_have_is_not_found(at: Door, key: VerifierKey, t1: PaperTerminal) -> None:
    await upload(at, t1, 1)
    size = (await checkpoint(at, key)).size
    ahead = tiles.path_of(Tile(0, size // 256, size % 256 + 1))
    beyond = tiles.path_of(Tile(0, size // 256 + 1, 256))
    for path in (
        f"{LOG}/{ahead}", f"{LOG}/{beyond}", f"{LOG}/tile/0/0", f"{LOG}/tile/0/000.p/256", f"{LOG}/tile/0/000.p/0",
        f"{LOG}/tile/9/000", f"{LOG}/tile/0/x000/000", f"{LOG}/tile/0/..%2fcheckpoint",
        f"/log/v1/{AUTHORITY}/0/checkpoint", f"/log/v1/{AUTHORITY}/2/checkpoint", f"/log/v1/{AUTHORITY}/1x/checkpoint",
        "/log/v1/999999/1/checkpoint",
        f"/log/v1/{AUTHORITY}/99999999999999999999/checkpoint", f"/log/v1/{AUTHORITY}/%C2%B2/checkpoint",
    ):  # fmt: skip
        answer = await at.get(path)
        assert (answer.status, answer.code) == (404, "not_found"), path


# -- entries --


async def test_an_auditor_reads_the_entries_that_the_tiles_hash(
    at: Door, key: VerifierKey, t1: PaperTerminal, tokens: dict[tuple[str, str], dict[str, str]]
) -> None:
    sent = await upload(at, t1, 300)
    size = (await checkpoint(at, key)).size
    node = await tree(at, size)
    read = []
    for wanted in tiles.bundles_between(0, size):
        answer = await tile(at, wanted, headers=tokens["auditor", AUTHORITY])
        assert answer.status == 200, answer.body
        assert "private" in answer.headers["Cache-Control"]
        read += tiles.decode_bundle(answer.body, wanted.width)
    assert [merkle.leaf_hash(each) for each in read] == [node(0, index) for index in range(size)]
    assert {entry.e for entry in map(entries.decode, read) if isinstance(entry, entries.FieldEntry)} >= set(sent)


@pytest.mark.parametrize(
    ("who", "status", "code"),
    [(None, 401, "unauthorized"), (("inspector", AUTHORITY), 403, "forbidden"), (("auditor", OTHER), 404, "not_found")],
)
async def test_nobody_but_an_auditor_of_the_authority_reads_entries(
    who: tuple[str, str] | None, status: int, code: str, at: Door, tokens: dict[tuple[str, str], dict[str, str]]
) -> None:
    answer = await tile(at, Tile(None, 0, 1), headers=tokens[who] if who else {})
    assert (answer.status, answer.code) == (status, code)


# -- proofs --


async def proven(
    city: Bureau, at: Door, key: VerifierKey, terminal: PaperTerminal, seq: int, headers: dict[str, str], sent: bytes
) -> None:
    """A proof verifies offline under the key from paper, for an entry that holds the very bytes that were sent."""
    answer = await at.get(f"{LOG}/proof?{asks(terminal, seq)}", headers)
    assert answer.status == 200, answer.body
    proof = proof_file.parse_proof(answer.body.decode())
    connection = await city.connect()
    try:
        held = await connection.fetchval(
            "SELECT entry FROM log.entries JOIN log.logs USING (log_id) WHERE authority = $1 AND position = $2",
            AUTHORITY, proof.index,
        )  # fmt: skip
    finally:
        await connection.close()
    entry = entries.decode(bytes(held))
    assert isinstance(entry, entries.FieldEntry)
    assert (entry.t, entry.e) == (terminal.id, sent)
    proof_file.verify_proof(proof, merkle.leaf_hash(bytes(held)), key, key.name)
    with pytest.raises(ProofRefused):
        proof_file.verify_proof(replace(proof, index=proof.index - 1), merkle.leaf_hash(bytes(held)), key, key.name)


async def test_a_terminal_gets_a_proof_of_its_own_record(
    city: Bureau, at: Door, key: VerifierKey, t1: PaperTerminal
) -> None:
    sent = await upload(at, t1, 3)
    await proven(city, at, key, t1, 2, signed(at, t1, asks(t1, 2)), sent[1])


async def test_an_auditor_gets_a_proof_of_any_record_of_the_authority(
    city: Bureau, at: Door, key: VerifierKey, t1: PaperTerminal, tokens: dict[tuple[str, str], dict[str, str]]
) -> None:
    sent = await upload(at, t1, 3)
    await proven(city, at, key, t1, 3, tokens["auditor", AUTHORITY], sent[2])


async def test_a_proof_is_refused_to_everybody_else(
    city: Bureau, at: Door, t1: PaperTerminal, tokens: dict[tuple[str, str], dict[str, str]]
) -> None:
    await upload(at, t1, 1)
    t2, t3 = await enrolled(city, at), await enrolled(city, at, OTHER)
    query = asks(t1, 1)
    foreign = f"/log/v1/{OTHER}/1/proof"
    for why, path, headers, status in (
        ("nobody", f"{LOG}/proof", {}, 401),
        ("another terminal", f"{LOG}/proof", signed(at, t2, query), 404),
        ("a terminal of another authority", f"{LOG}/proof", signed(at, t3, query), 404),
        ("its own record in a foreign log", foreign, signed(at, t1, query, path=foreign), 404),
        ("another role", f"{LOG}/proof", tokens["inspector", AUTHORITY], 404),
        ("an auditor of another authority", f"{LOG}/proof", tokens["auditor", OTHER], 404),
        ("that auditor in its own log", foreign, tokens["auditor", OTHER], 404),
        ("a signature for another question", f"{LOG}/proof", signed(at, t1, asks(t1, 2)), 401),
        ("a false token", f"{LOG}/proof", {"Authorization": "Bearer " + "0" * 43}, 401),
    ):
        answer = await at.get(f"{path}?{query}", headers)
        assert answer.status == status, (why, answer.status, answer.body)
        assert answer.problem["status"] == status


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("terminal={id}&seq=2", 404),
        ("terminal={id}&seq=9999999999999999", 404),
        ("terminal={id}&seq=99999999999999999", 400),
        ("terminal={id}&seq=-1", 400),
        ("terminal={id}&seq=%C2%B2", 400),
        ("terminal={id}", 400),
        ("seq=1", 400),
        ("terminal=zz&seq=1", 400),
        ("", 400),
    ],
)
async def test_an_odd_question_gets_a_clear_refusal(
    query: str, status: int, at: Door, t1: PaperTerminal, tokens: dict[tuple[str, str], dict[str, str]]
) -> None:
    await upload(at, t1, 1)
    path = f"{LOG}/proof?{query.format(id=uuid_text(t1.id))}"
    answer = await at.get(path, tokens["auditor", AUTHORITY])
    assert (answer.status, answer.code) == (status, "bad_request" if status == 400 else "not_found")


async def test_another_process_shows_what_the_first_has_just_recorded(
    city: Bureau, at: Door, key: VerifierKey, t1: PaperTerminal
) -> None:
    second = await city.started()
    try:
        sent = await upload(at, t1, 2)
        async with door(second) as beside:
            assert await checkpoint(beside, key) == await checkpoint(at, key)
            await proven(city, beside, key, t1, 2, signed(beside, t1, asks(t1, 2)), sent[1])
            await upload(beside, t1, 1)
        now = await checkpoint(at, key)
        assert root(now.size, await tree(at, now.size)) == now.root
    finally:
        await asyncio.to_thread(second.stop)


# -- the public copy --


@pytest.fixture(scope="module")
def county() -> str:
    """The county's log: nobody else in this file writes to it."""
    return f"/log/v1/{OTHER}/1"


async def renew(city: Bureau) -> int:
    """Renew the county's public copy, as the server does every ten minutes; returns its size."""
    settings = city.settings()
    assert settings.published is not None
    async with open_log(settings, Database(city.dsn, embedded=True)) as opened:
        state = opened.book.current(OTHER)
        assert state is not None
        return await mirror(state, settings.published)


async def test_the_public_copy_stays_behind_its_checkpoint_and_consistent_when_renewed(
    city: Bureau, city_server: ServerProcess, at: Door, county: str
) -> None:
    key = VerifierKey.parse((await city.code(OTHER)).log)
    terminal = await enrolled(city, at, OTHER)
    await upload(at, terminal, 200)
    async with door(city_server.public) as public:
        size = await renew(city)
        before = await checkpoint(public, key, county)
        old = await tree(public, size, county)
        assert (before.size, before.root) == (size, root(size, old))
        assert before == await checkpoint(at, key, county)
        await upload(at, terminal, 100)
        newest = await checkpoint(at, key, county)
        ahead = Tile(0, newest.size // 256, newest.size % 256)
        assert (await tile(at, ahead, county)).status == 200
        assert (await tile(public, ahead, county)).status == 404, "a tile beyond the public checkpoint"
        assert await checkpoint(public, key, county) == before
        assert await renew(city) == newest.size
        after = await checkpoint(public, key, county)
        assert after == newest
        new = await tree(public, after.size, county)
        assert root(after.size, new) == after.root
        path = merkle.consistency_proof(before.size, after.size, new)
        assert merkle.verify_consistency(before.size, after.size, before.root, after.root, path)
        assert [old(0, n) for n in range(size)] == [new(0, n) for n in range(size)]
        assert root(size, await tree(public, size, county)) == before.root, "partial tiles of before stay"


async def test_a_process_that_has_followed_less_does_not_turn_the_public_copy_back(
    city: Bureau, at: Door, county: str
) -> None:
    settings = city.settings()
    assert settings.published is not None
    terminal = await enrolled(city, at, OTHER)
    async with open_log(settings, Database(city.dsn, embedded=True)) as idle:
        state = idle.book.current(OTHER)
        assert state is not None
        await upload(at, terminal, 4)
        size = await renew(city)
        assert state.signed_size < size
        assert await mirror(state, settings.published) == size
    note = (settings.published / county.removeprefix("/") / "checkpoint").read_text("utf-8")
    assert notes.parse_checkpoint(notes.split_note(note)[0]).size == size


async def test_the_public_application_shows_no_entries_and_proves_nothing_about_terminals(
    city: Bureau, city_server: ServerProcess, county: str, tokens: dict[tuple[str, str], dict[str, str]]
) -> None:
    await renew(city)
    async with door(city_server.public) as public:
        for path in (
            f"{county}/tile/entries/000.p/1", f"{county}/proof?terminal={bytes(16).hex()}&seq=1",
            f"{county}/tile/0/..%2f..%2fcheckpoint", f"/log/v1/..%2f{OTHER}/1/checkpoint",
            f"/log/v1/{OTHER}/7/checkpoint", "/sync/v1/head", "/terminals",
        ):  # fmt: skip
            answer = await public.get(path, tokens["auditor", OTHER])
            assert answer.status == 404, (path, answer.status)
