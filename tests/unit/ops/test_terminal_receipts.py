"""Every lie that a server could tell a terminal, and the step of the check that catches it."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops.terminal import trust, words
from ops.terminal.client import Refused
from ops.terminal.trust import Distrusted, Paper
from schemas import canonical, entries, merkle, notes
from schemas.keys import Signer
from tests.support.paper_server import AUTHORITY, HOST, PaperServer, serving
from tests.support.terminals import Hand, hand, server_and_hand

Spoil = Callable[[PaperServer, dict[str, Any]], dict[str, Any]]


def _flip(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def _smaller(server: PaperServer, fields: dict[str, Any]) -> dict[str, Any]:
    """An honest old checkpoint: the log as it was before this terminal's newest entries."""
    keys = server.epoch
    old = notes.Checkpoint(keys.log.name, 1, keys.tree.root(1))
    del fields["consistency"]
    return {**fields, "checkpoint": notes.sign_checkpoint(old, keys.log)}


def _another_history(server: PaperServer, fields: dict[str, Any]) -> dict[str, Any]:
    """A log with the same first and last leaves, but one in the middle changed."""
    keys = server.epoch
    leaves = list(keys.tree.leaves)
    leaves[1] = entries.disclosure(bytes(32), bytes(16), "published", 1)
    tree = merkle.CompactRange()
    nodes: dict[tuple[int, int], bytes] = {}
    for index, leaf in enumerate(leaves):
        nodes[0, index] = merkle.leaf_hash(leaf)
        tree.append(merkle.leaf_hash(leaf), lambda level, at, node: nodes.__setitem__((level, at), node))
    forged = notes.Checkpoint(keys.log.name, tree.size, tree.root())
    at = fields["proof"]["index"]
    proof = merkle.inclusion_proof(at, tree.size, lambda level, index: nodes[level, index])
    consistency = merkle.consistency_proof(2, tree.size, lambda level, index: nodes[level, index])
    return {
        **fields, "checkpoint": notes.sign_checkpoint(forged, keys.log), "proof": {"hashes": proof, "index": at},
        "consistency": consistency,
    }  # fmt: skip


def _forged_seal(server: PaperServer, fields: dict[str, Any]) -> dict[str, Any]:
    """A seal that truly stands in the log, but that the terminal never signed."""
    keys = server.epoch
    seal: Any = canonical.decode(fields["seal"])
    index = keys.tree.append(canonical.encode({**seal, "s": bytes(64)}))
    fresh = {
        "checkpoint": server.note(), "seal": keys.tree.leaves[index],
        "proof": {"hashes": keys.tree.inclusion(index), "index": index},
        "consistency": merkle.consistency_proof(2, keys.tree.size, keys.tree.node),
    }  # fmt: skip
    return {**fields, **fresh}


def _field_as_seal(server: PaperServer, fields: dict[str, Any]) -> dict[str, Any]:
    tree = server.epoch.tree
    return {**fields, "seal": tree.leaves[2], "proof": {"hashes": tree.inclusion(2), "index": 2}}


def _results(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Spoil:
    return lambda server, fields: {**fields, "results": change([dict(each) for each in fields["results"]])}


LIES: dict[str, tuple[Spoil, int]] = {
    "for another terminal": (lambda s, f: {**f, "terminal": bytes(16)}, 1),
    "a checkpoint of another log": (
        lambda s, f: {**f, "checkpoint": f["checkpoint"].replace(f"/{AUTHORITY}/1", f"/{AUTHORITY}/2")}, 4),
    "a checkpoint with another root": (
        lambda s, f: {**f, "checkpoint": s.note().replace("\n6\n", "\n7\n").replace("\n5\n", "\n9\n")}, 4),
    "an older checkpoint": (_smaller, 5),
    "no consistency proof": (lambda s, f: {k: v for k, v in f.items() if k != "consistency"}, 5),
    "a broken consistency proof": (
        lambda s, f: {**f, "consistency": [_flip(f["consistency"][0]), *f["consistency"][1:]]}, 5),
    "another history of the same size": (_another_history, 5),
    "a result too few": (_results(lambda r: r[:-1]), 6),
    "results in another order": (_results(lambda r: [r[1], r[0], *r[2:]]), 6),
    "a position beyond the checkpoint": (_results(lambda r: [{**r[0], "position": 10**6}, *r[1:]]), 6),
    "two envelopes in one place": (_results(lambda r: [r[0], {**r[1], "position": r[0]["position"]}, *r[2:]]), 6),
    "a result of an epoch to come": (_results(lambda r: [{**r[0], "epoch": 2}, *r[1:]]), 6),
    "a broken inclusion proof": (
        lambda s, f: {**f, "proof": {**f["proof"], "hashes": [_flip(x) for x in f["proof"]["hashes"]]}}, 7),
    "a seal at another place": (lambda s, f: {**f, "proof": {**f["proof"], "index": f["proof"]["index"] - 1}}, 7),
    "another leaf as the seal": (lambda s, f: {**f, "seal": s.epoch.tree.leaves[2]}, 7),
    "a field entry with its own true proof as the seal": (_field_as_seal, 7),
    "a seal that the terminal never signed": (_forged_seal, 7),
    "no seal at all": (lambda s, f: {k: v for k, v in f.items() if k not in {"seal", "proof"}}, 7),
    "a seal without proof": (lambda s, f: {k: v for k, v in f.items() if k != "proof"}, 7),
    "epochs without proof": (lambda s, f: {**f, "epochs": [s.epoch.leaf]}, 4),
    "an unknown key": (lambda s, f: {**f, "surprise": 1}, 0),
    "a negative watermark": (lambda s, f: {**f, "watermark": -1}, 0),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
async def test_every_lie_is_caught_at_its_step_and_changes_nothing(name: str, tmp_path: Path) -> None:
    spoil, step = LIES[name]
    async with server_and_hand(tmp_path) as (server, terminal):
        server.watermark = 3
        server.spoil = lambda fields: spoil(server, fields)
        terminal.record(3)
        report = await terminal.client.sync()
        assert report.stopped == "distrusted"
        assert f"step {step}:" in str(report.detail)
        assert report.receipts == 0
        assert terminal.queue.receipt_count() == 0
        assert terminal.queue.seen is not None
        assert terminal.queue.seen.size == 2  # still that of the enrolment
        assert [each.data is None for each in terminal.queue.kept(1, 10)] == [False] * 3
        # The control: without the lie the same terminal is content.
        server.spoil = None
        assert (await terminal.client.sync()).stopped is None
        assert terminal.queue.receipted() == 3


@pytest.mark.parametrize("name", ["unsigned", "by another key", "cut off", "not canonical", "empty"])
async def test_a_receipt_that_is_not_signed_as_it_stands_is_worthless(name: str, tmp_path: Path) -> None:
    def spoil(data: bytes) -> bytes:
        fields: Any = canonical.decode(data)
        match name:
            case "unsigned":
                return canonical.encode({**fields, "sig": bytes(64)})
            case "by another key":
                return canonical.encode({**fields, "sig": Signer(secrets.token_bytes(32)).sign(b"anything")})
            case "cut off":
                return data[:-1]
            case "not canonical":
                return b"\xde\x00" + data[2:] + b"\x00" if data[0] == 0xDE else b"\xc0" + data
            case _:
                return b""

    async with server_and_hand(tmp_path) as (server, terminal):
        server.spoil_signed = spoil
        terminal.record(2)
        report = await terminal.client.sync()
        assert report.stopped == "distrusted"
        assert terminal.queue.receipt_count() == 0
        assert terminal.queue.unsent() == 2


async def test_a_log_of_equal_size_and_another_root_is_an_alarm(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(2)
        await terminal.client.sync()

        def forked(fields: dict[str, Any]) -> dict[str, Any]:
            keys = server.epoch
            checkpoint = notes.Checkpoint(keys.log.name, keys.tree.size, secrets.token_bytes(32))
            return {**fields, "checkpoint": notes.sign_checkpoint(checkpoint, keys.log)}

        server.spoil = forked
        report = await terminal.client.sync()  # a heartbeat: the log has not grown
        assert report.alarm
        assert "another root than was seen" in str(report.detail)
        assert terminal.queue.state.trouble == "distrusted"
        (line,) = words.explain(terminal.queue)
        assert line.weight == "alarm", "nothing waits, but people must be told"
        assert "管理员" in line.todo


@pytest.mark.parametrize("what", ["head", "beyond"])
async def test_a_head_that_is_not_ours_tells_of_a_fork_and_nothing_is_deleted(what: str, tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        server.watermark = 3
        wrong = {"hash": bytes(32), "seq": 3} if what == "head" else {"hash": bytes(32), "seq": 9}
        server.spoil = lambda fields: {**fields, "head": wrong}
        terminal.record(3)
        report = await terminal.client.sync()
        assert report.alarm
        assert report.receipts == 1  # valid all the same: keys and checkpoint are taken over
        assert terminal.queue.seen is not None
        assert terminal.queue.seen.size == server.epoch.tree.size
        assert terminal.queue.state.forked is not None
        assert all(each.data is not None for each in terminal.queue.kept(1, 10))
        # It goes on uploading by `results`, and still deletes nothing.
        terminal.record(2)
        await terminal.client.sync()
        assert terminal.queue.unsent() == 0
        assert all(each.data is not None for each in terminal.queue.kept(1, 10))


async def test_what_may_be_deleted_is_the_smaller_of_watermark_and_proof(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(4)
        await terminal.client.sync()
        assert all(each.data is not None for each in terminal.queue.kept(1, 10)), "watermark 0: nothing is deleted"
        server.watermark = 1_000
        await terminal.client.sync()
        terminal.record(1)
        gone = [each.seq for each in terminal.queue.kept(1, 10) if each.data is None]
        assert gone == [1, 2, 3, 4], "never beyond what a seal proves"
        assert terminal.queue.hash_at(3)


def _enrolment_lies() -> dict[str, tuple[Callable[[PaperServer, dict[str, Any]], dict[str, Any]], int]]:
    other = Signer(secrets.token_bytes(32))

    def entry(change: Callable[[Any], Any]) -> Callable[[PaperServer, dict[str, Any]], dict[str, Any]]:
        def spoil(server: PaperServer, answer: dict[str, Any]) -> dict[str, Any]:
            tree = server.epoch.tree
            index = tree.append(canonical.encode(change(canonical.decode(answer["entry"]))))
            return {
                **answer, "entry": tree.leaves[index], "checkpoint": server.note(),
                "epoch_proof": tree.inclusion(0), "proof": {"hashes": tree.inclusion(index), "index": index},
            }  # fmt: skip

        return spoil

    def epoch(server: PaperServer, answer: dict[str, Any]) -> dict[str, Any]:
        fake = PaperServer()
        return {**answer, "epochs": [fake.epoch.leaf]}

    return {
        "another event key in the log": (entry(lambda e: {**e, "b": {**e["b"], "event_key": other.public}}), 5),
        "another request key in the log": (entry(lambda e: {**e, "b": {**e["b"], "request_key": other.public}}), 5),
        "another authority in the log": (entry(lambda e: {**e, "b": {**e["b"], "authority": "999999"}}), 5),
        "another info in the log": (entry(lambda e: {**e, "b": {**e["b"], "info": {}}}), 5),
        "said to replace another": (entry(lambda e: {**e, "b": {**e["b"], "replaces": bytes(16)}}), 5),
        "another type of entry": (entry(lambda e: {**e, "y": "terminal.released.v1"}), 5),
        "another genesis": (lambda s, a: {**a, "genesis": bytes(32)}, 5),
        "another terminal id": (lambda s, a: {**a, "terminal": bytes(16)}, 5),
        "another authority": (lambda s, a: {**a, "authority": "999999"}, 2),
        "an entry that is not in the log": (lambda s, a: {**a, "entry": _flip(a["entry"][::-1])[::-1]}, 4),
        "the keys of another log": (epoch, 2),
        "a forged checkpoint": (lambda s, a: {**a, "checkpoint": a["checkpoint"].replace("\n2\n", "\n3\n")}, 3),
        "no proof of the epoch": (lambda s, a: {**a, "epoch_proof": []}, 3),
        "no epochs": (lambda s, a: {**a, "epochs": []}, 1),
    }


@pytest.mark.parametrize("name", _enrolment_lies())
async def test_an_enrolment_with_a_lie_in_it_is_refused_and_nothing_is_kept(name: str, tmp_path: Path) -> None:
    spoil, step = _enrolment_lies()[name]
    server = PaperServer()
    server.spoil_enrolment = lambda answer: spoil(server, answer)
    async with serving(server) as url:
        with pytest.raises(Distrusted) as caught:
            async with hand(server, url, tmp_path / "t1"):
                pass
    assert caught.value.step == step


async def test_the_same_enrolment_twice_gets_the_same_id(tmp_path: Path) -> None:
    from ops.terminal import keys as key_files
    from ops.terminal.client import enrol
    from ops.terminal.queue_file import Queue
    from ops.terminal.transport import HttpTransport

    server = PaperServer()
    async with serving(server) as url:
        paper = Paper.read(server.paper())
        pair = key_files.load_or_create(tmp_path / "keys.json")
        with Queue(tmp_path / "queue.sqlite") as queue:
            async with HttpTransport(url) as way:
                first = await enrol(queue, pair, way, paper, url=url, info={})
                second = await enrol(queue, pair, way, paper, url=url, info={})
                assert first.terminal == second.terminal
                wrong = Paper.read({**server.paper(), "code": "not-a-code"})
                with pytest.raises(Refused, match="enrolment_code_invalid"):
                    await enrol(queue, pair, way, wrong, url=url, info={})


@pytest.mark.parametrize("change", [{"code": ""}, {"host": "other.example"}, {"log": "x"}, {"recovery": "zz"}])
def test_a_paper_that_does_not_agree_with_itself_is_refused(change: dict[str, str]) -> None:
    good = PaperServer().paper()
    assert Paper.read(good).authority == AUTHORITY
    assert Paper.read(good).host == HOST
    with pytest.raises(trust.PaperRefused):
        Paper.read({**good, **change})


# -- new epochs --


async def _restored(folder: Path, server: PaperServer, terminal: Hand) -> None:
    terminal.record(3)
    await terminal.client.sync()
    backup = server.snapshot()
    terminal.record(4, private={"person_met_name": "林某"})
    await terminal.client.sync()
    server.restore(backup)


async def test_after_a_restore_the_terminal_offers_again_what_is_missing(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        await _restored(tmp_path, server, terminal)
        assert len(server.opened) == 0
        terminal.record(1)
        report = await terminal.client.sync()
        assert report.stopped is None
        assert report.gaps == 1
        assert report.new_epochs == 1
        assert report.recorded == 5  # seq 4 .. 7 again, and 8
        assert terminal.queue.epoch.number == 2
        assert len(server.opened) == 4, "private values come again, sealed to the new data key"
        assert not report.alarm


@pytest.mark.parametrize("name", ["signed by a stranger", "number skipped", "no previous", "another root at our size"])
async def test_a_new_epoch_that_does_not_follow_is_refused(name: str, tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(2)
        await terminal.client.sync()
        before = server.epoch
        match name:
            case "signed by a stranger":
                server.begin_epoch(sign_with=Signer(secrets.token_bytes(32)))
            case "number skipped":
                server.begin_epoch()
                server.begin_epoch()
                server.spoil = lambda f: {**f, "epochs": f["epochs"][1:]}
            case "no previous":
                server.begin_epoch(previous="")
            case _:
                lie = notes.Checkpoint(before.log.name, before.tree.size, secrets.token_bytes(32))
                server.begin_epoch(previous=notes.sign_checkpoint(lie, before.log))
        report = await terminal.client.sync()
        assert report.stopped == "distrusted"
        assert "step 2:" in str(report.detail)
        assert report.alarm == (name == "another root at our size")
        assert terminal.queue.epoch.number == 1


async def test_the_recovery_key_may_begin_an_epoch(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        server.begin_epoch(sign_with=server.recovery)
        terminal.record(1)
        report = await terminal.client.sync()
        assert report.stopped is None
        assert terminal.queue.epoch.number == 2


async def test_levels_of_an_old_epoch_let_nobody_delete_in_the_new_one(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(3)
        await terminal.client.sync()
        server.begin_epoch()
        server.watermark = 3
        await terminal.client.sync()  # a heartbeat; nothing of ours is sealed in the new epoch yet
        assert terminal.queue.state.proven == 0
        assert all(each.data is not None for each in terminal.queue.kept(1, 10))
        terminal.record(1)
        await terminal.client.sync()
        gone = [each.seq for each in terminal.queue.kept(1, 10) if each.data is None]
        assert gone == [1, 2, 3]
