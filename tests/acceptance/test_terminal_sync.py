"""A terminal and its server over real HTTP: bad networks, every kind of refusal, restores, clones and holes."""

from __future__ import annotations

import asyncio
import secrets
import shutil
import signal
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ops.terminal import batches, words
from ops.terminal.batches import Limits
from ops.terminal.client import Client, Patience, Refused, World
from ops.terminal.keys import load
from ops.terminal.queue_file import Draft, Queue, QueueRefused
from ops.terminal.transport import HttpTransport, authority_of
from schemas import batch, canonical
from schemas.events import decode_body
from schemas.events.terminal import TerminalRecordLost
from schemas.problems import PROBLEMS, Problem
from tests.support.fault_proxy import FINE, Fault, proxying
from tests.support.paper_server import PaperServer, serving
from tests.support.terminals import Clock, entered, hand, server_and_hand

ROOT = Path(__file__).resolve().parents[2]

# -- the plain story --


async def test_officer_lin_works_offline_and_hands_everything_over_later(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(1_203)
        assert any(line.name == "records" and "1203" in line.what for line in words.explain(terminal.queue))
        steps: list[tuple[int, int]] = []
        report = await terminal.client.sync(lambda done, total: steps.append((done, total)))
        assert (report.recorded, report.receipts, report.waiting) == (1_203, 3, 0)
        assert steps == [(500, 1_203), (1_000, 1_203), (1_203, 1_203)]
        assert terminal.queue.state.server_seq == 1_203
        # Nothing waits: a heartbeat, which the log does not need.
        size = server.epoch.tree.size
        report = await terminal.client.sync()
        assert (report.requests, report.receipts, report.recorded) == (1, 1, 0)
        assert server.epoch.tree.size == size


@pytest.mark.parametrize("encoding", ["zstd", "gzip", ""])
async def test_every_compression_is_understood(encoding: str, tmp_path: Path) -> None:
    async with server_and_hand(tmp_path, encoding=encoding) as (_, terminal):
        terminal.record(3)
        assert (await terminal.client.sync()).recorded == 3


@pytest.mark.parametrize(
    "fault",
    [
        Fault(drop=True),
        Fault(cut_request=300),
        Fault(cut_request=0),
        Fault(cut_answer=0),
        Fault(cut_answer=400),
        Fault(latency=0.05),
        Fault(trickle=7),
        Fault(repeat=True),
    ],
    ids=repr,
)
async def test_whatever_the_network_does_each_record_is_there_once(fault: Fault, tmp_path: Path) -> None:
    server = PaperServer()
    async with serving(server) as url, proxying(url, [FINE, fault, fault]) as (bad, proxy):
        async with hand(server, url, tmp_path / "t1"):
            pass
        proxy._faults = iter([fault, fault])
        async with hand(server, bad, tmp_path / "t1") as terminal:
            terminal.record(20)
            report = await terminal.client.sync()
            assert report.stopped is None
            assert report.recorded + report.duplicates == 20
            assert terminal.queue.receipted() == 20
            places = {each.position for each in terminal.queue.kept(1, 100)}
            assert len(places) == 20
    assert server.epoch.tree.size == 2 + 20 + 1


async def test_without_a_network_patience_ends_and_words_say_why(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        pass
    waits: list[float] = []

    async def wait(seconds: float) -> None:
        waits.append(seconds)

    with Queue(terminal.folder / "queue.sqlite") as queue:
        queue.record(entered(), Clock()())
        async with HttpTransport(queue.state.url, seconds=5.0) as way:
            pair = load(terminal.folder / "keys.json")
            patience = Patience(tries=5, first=1.0, cap=5.0)
            client = Client(queue, pair, way, world=World(Clock(), jitter=lambda: 1.0, sleep=wait), patience=patience)
            report = await client.sync()
        assert report.stopped == "no_answer"
        assert report.retry == "later"
        assert waits == [1.0, 2.0, 4.0, 5.0]
        assert queue.unsent() == 1
        line = next(line for line in words.explain(queue, "en") if line.name == "records")
        assert "not reached" in line.why
        assert "again" in line.todo


CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from tests.support.paper_server import PaperServer
from tests.support.terminals import hand
async def main():
    async with hand(PaperServer(), sys.argv[1], Path(sys.argv[2])) as terminal:
        left = int(sys.argv[3])
        def count(statement):
            nonlocal left
            if statement.startswith("BEGIN") or left < int(sys.argv[3]):
                left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)
        terminal.queue._db.set_trace_callback(count)
        await terminal.client.sync()
asyncio.run(main())
"""


async def test_kill_9_while_a_receipt_is_taken_over_loses_and_doubles_nothing(tmp_path: Path) -> None:
    server = PaperServer()
    async with serving(server) as url:
        steps = (1, 4, 9, 14)
        for number in steps:
            async with hand(server, url, tmp_path / f"t{number}") as terminal:
                terminal.record(3, private={"person_met_name": "林某"})
        size = server.epoch.tree.size
        children = [
            await asyncio.create_subprocess_exec(
                sys.executable, "-c", CHILD, url, str(tmp_path / f"t{number}"), str(number), cwd=ROOT
            )
            for number in steps
        ]
        async with asyncio.timeout(30):
            ended = [await child.wait() for child in children]
        assert ended == [-signal.SIGKILL] * len(steps)
        assert server.epoch.tree.size == size + 4 * len(steps), "the server had taken every batch"
        taken_over = 0
        for number in steps:
            async with hand(server, url, tmp_path / f"t{number}") as terminal:
                terminal.queue.check()
                kept = terminal.queue.receipt_count()
                waiting = 0 if kept else 3
                assert terminal.queue.unsent() == waiting, "a receipt is taken over whole or not at all"
                taken_over += kept
                assert (await terminal.client.sync()).duplicates == waiting
                assert terminal.queue.private_waiting() == 0
        assert taken_over < len(steps), "some were killed before the commit point"
        assert server.epoch.tree.size == size + 4 * len(steps)


# -- refusals --


@pytest.mark.parametrize("code", sorted(PROBLEMS))
async def test_every_refusal_ends_in_its_own_way_and_leaves_the_records(code: str, tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        server.refuse = lambda sent: Problem(code)
        server.watermark = 100
        terminal.record(3)
        report = await terminal.client.sync()
        assert report.stopped == code
        assert report.receipts == 0
        tries = {"later": 3, "after_fix": 1, "never": 1}[PROBLEMS[code].retry]
        if code != "too_large":  # which is tried with ever smaller batches
            assert report.requests == tries
        assert [each.data is not None for each in terminal.queue.kept(1, 10)] == [True] * 3
        lines = words.explain(terminal.queue)
        assert next(line for line in lines if line.name == "records").why == PROBLEMS[code].detail_zh
        server.refuse = None
        assert (await terminal.client.sync()).recorded == 3


async def test_a_server_with_smaller_limits_gets_smaller_batches(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):

        def small(sent: batch.Batch) -> Problem | None:
            return Problem("too_large", limit=40) if len(sent.envelopes) > 40 else None

        server.refuse = small
        terminal.record(200)
        report = await terminal.client.sync()
        assert report.recorded == 200
        assert terminal.queue.unsent() == 0


@pytest.mark.parametrize("expected", [0, -1, 99, "three", 2**60])
async def test_a_forged_gap_sends_the_terminal_nowhere(expected: object, tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(3)
        await terminal.client.sync()
        server.refuse = lambda sent: Problem("gap", expected=expected)
        terminal.record(1)
        report = await terminal.client.sync()
        assert report.stopped == "gap"
        assert report.requests == 1
        assert terminal.queue.state.cursor == 4


async def test_a_gap_that_never_ends_is_given_up(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        server.refuse = lambda sent: Problem("gap", expected=sent.first - 1 or 1)
        terminal.record(30)
        terminal.queue._db.execute("UPDATE terminal SET cursor = 25")
        report = await terminal.client.sync()
        assert report.stopped == "gap"
        assert report.requests < 12


async def test_records_that_were_deleted_cannot_be_asked_back_without_an_alarm(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        server.watermark = 3
        terminal.record(3)
        await terminal.client.sync()
        assert terminal.queue.kept(1, 1)[0].data is None
        server.refuse = lambda sent: Problem("gap", expected=2)
        report = await terminal.client.sync()
        assert (report.stopped, report.alarm) == ("deleted", True)
        assert terminal.queue.lost_parts() == [], "a refusal alone makes nobody declare a loss"


async def test_a_wrong_clock_signs_with_the_time_of_the_server(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        server.skew = 5_000_000
        value = await terminal.client.head()
        assert value["held"] is False
        offset = terminal.queue.state.clock_offset
        assert offset is not None
        assert abs(offset - 5_000_000) < 60_000
        before = terminal.clock().wall
        terminal.record(1)
        envelope: Any = canonical.decode(terminal.queue.kept(1, 1)[0].data or b"")
        assert abs(envelope["at"] - before) < 60_000, "the time of the server is for signing only"
        assert envelope["clock"]["offset"] == offset


async def test_an_answer_that_is_no_problem_is_still_understood_as_one(tmp_path: Path) -> None:
    from aiohttp import web

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(status=502, text="<html>bad gateway</html>")

    async with server_and_hand(tmp_path) as (_, terminal):
        terminal.record(1)
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        async with hand(PaperServer(), url, terminal.folder) as again:
            report = await again.client.sync()
            assert (report.stopped, report.retry) == ("http_502", "later")
            with pytest.raises(Refused, match="http_502"):
                await again.client.head()
    finally:
        await runner.cleanup()


# -- holes and oversize --


async def test_an_oversize_record_is_declared_lost_by_its_own_size_and_the_rest_flows(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path, limit=100_000) as (server, terminal):
        terminal.record(2)
        big = Draft("custom.filler.v1", ["task:1"], {"data": bytes(70_000)}, ["officer-1"], 1_000)
        terminal.queue.record(big, terminal.clock())
        terminal.record(2)
        report = await terminal.client.sync()
        assert report.stopped is None
        assert report.declared_lost == 1
        assert terminal.queue.lost_parts() == [(3, 3)]
        assert terminal.queue.newest == 6
        says: Any = canonical.decode(terminal.queue.kept(6, 1)[0].data or b"")
        lost = decode_body(says["type"], says["body"])
        assert isinstance(lost, TerminalRecordLost)
        original = terminal.queue.kept(3, 1)[0].data or b""
        assert (lost.seq, lost.hash, lost.size) == (3, sha256(original).digest(), len(original))
        assert lost.type == "custom.filler.v1"
        known = server.terminals[terminal.queue.state.id]
        assert known.state.seq == 6
        assert known.state.held
        assert [each.outcome for each in terminal.queue.kept(1, 10)] == [
            "recorded", "recorded", None, "recorded", "recorded", "recorded",
        ]  # fmt: skip
        lines = [line.name for line in words.explain(terminal.queue)]
        assert {"lost", "held"} <= set(lines)
        assert terminal.queue.kept(3, 1)[0].data is not None, "the original stays on the terminal"


async def test_a_forged_too_large_makes_nobody_declare_a_loss(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        server.refuse = lambda sent: Problem("too_large", limit=60_000, seq=sent.first)
        terminal.record(2)
        report = await terminal.client.sync()
        assert report.stopped == "too_large"
        assert report.declared_lost == 0
        assert terminal.queue.lost_parts() == []
        assert terminal.queue.newest == 2


# -- clones and forks --


async def test_a_copied_terminal_forks_learns_of_it_and_loses_nothing(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, original):
        server.watermark = 1_000
        original.record(2)
        await original.client.sync()
        shutil.copytree(original.folder, tmp_path / "t2")
        original.record(2)
        await original.client.sync()
        async with hand(server, original.queue.state.url, tmp_path / "t2") as copy:
            copy.record(3)
            report = await copy.client.sync()
            assert report.alarm
            assert report.forked == 3
            assert report.waiting == 0, "a branch is recorded like everything else"
            assert copy.queue.state.forked is not None
            assert any(line.name == "forked" for line in words.explain(copy.queue))
            assert all(each.data is not None for each in copy.queue.kept(3, 10))
            copy.record(1)
            assert (await copy.client.sync()).forked == 1
            assert all(each.data is not None for each in copy.queue.kept(3, 10)), "a known fork: nothing is deleted"
        original.record(1)
        report = await original.client.sync()
        assert report.stopped is None
        assert original.queue.state.forked is None, "the honest one goes on"


# -- cutting batches --


async def test_a_batch_keeps_every_limit_exactly(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        random = [
            Draft("custom.filler.v1", ["task:1"], {"data": secrets.token_bytes(58_000)}, ["officer-1"], 1_000)
            for _ in range(90)
        ]
        terminal.queue.record_all([(each, terminal.clock()) for each in random])
        parcel = batches.cut(terminal.queue, terminal.client.keys.event, Limits(), "zstd")
        assert 30 <= len(parcel.offered.hashes) < 90, "what does not compress is cut by the bytes as sent"
        assert len(parcel.body) <= batch.MAX_BODY
        assert parcel.declared == 90
        report = await terminal.client.sync()
        assert report.recorded == 90
        assert report.receipts == 2 or report.receipts == 3


async def test_a_batch_is_never_larger_than_it_may_be_inflated(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        zeros = Draft("custom.filler.v1", ["task:1"], {"data": bytes(58_000)}, ["officer-1"], 1_000)
        terminal.queue.record_all([(zeros, terminal.clock()) for _ in range(300)])
        parcel = batches.cut(terminal.queue, terminal.client.keys.event, Limits(), "")
        assert len(parcel.body) <= batch.MAX_BODY
        squeezed = batches.cut(terminal.queue, terminal.client.keys.event, Limits(), "zstd")
        assert 280 <= len(squeezed.offered.hashes) < 300
        assert (await terminal.client.sync()).recorded == 300


async def test_two_processes_do_not_talk_at_once(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        with terminal.queue.talking(), pytest.raises(QueueRefused, match="another process"):
            await terminal.client.sync()
        assert (await terminal.client.sync()).stopped is None


async def test_many_private_values_arrive_however_many_batches_it_takes(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(2_500, private={"person_met_name": "林某"})
        report = await terminal.client.sync()
        assert report.stopped is None
        assert len(server.opened) == 2_500
        assert terminal.queue.private_waiting() == 0


async def test_a_clock_that_jumps_is_noted_and_nothing_stops(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        terminal.record(1)
        terminal.clock.offset = 3_600_000
        terminal.record(1)
        assert (await terminal.client.sync()).recorded == 2
        assert [each.notes for each in terminal.queue.kept(1, 2)] == [(), ("clock_jump",)]


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://Example.test", "example.test"),
        ("https://example.test:443/", "example.test"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_the_authority_that_is_signed_is_that_of_the_address(url: str, authority: str) -> None:
    assert authority_of(url) == authority


@pytest.mark.parametrize("url", ["ftp://x", "example.test", "http://x/path", "http://u@x", "http://x?y", ""])
def test_an_address_that_could_be_signed_in_two_ways_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        authority_of(url)
