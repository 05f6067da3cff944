"""The reference terminal and the real server: a fleet, a clone, a hole, and a database put back from an old copy."""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import pytest

from ops import fleet
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, World, enrol
from ops.terminal.queue_file import Draft, Queue, Tick
from ops.terminal.transport import HttpTransport
from ops.terminal.trust import Paper
from tests.support.server import Bureau, ServerProcess, bureau
from tests.support.terminals import Clock, Hand, no_wait, world

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "examples" / "terminal.py"


@asynccontextmanager
async def hand(made: Bureau, server: ServerProcess, folder: Path, *, limit: int = 60_000) -> AsyncIterator[Hand]:
    """A terminal of the real server; `folder` may hold one that is enrolled already."""
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test has nothing else to do meanwhile
    clock = Clock()
    pair = key_files.load_or_create(folder / "keys.json")
    with Queue(folder / "queue.sqlite", limit=limit) as queue:
        async with HttpTransport(server.url, seconds=20.0) as way:
            if not queue.enrolled:
                paper = Paper.read(asdict(await made.code()))
                await enrol(queue, pair, way, paper, url=server.url, info={"model": "示例终端"})
            client = Client(queue, pair, way, world=world(clock), patience=Patience(tries=3), encoding="gzip")
            queue.move_to(server.url)
            yield Hand(queue, client, clock, folder)


async def test_a_fleet_reaches_its_goal_on_the_real_server(
    city: Bureau, city_server: ServerProcess, tmp_path: Path
) -> None:
    papers = [asdict(await city.code()) for _ in range(4)] + [asdict(await city.code("210521")) for _ in range(2)]
    plan = fleet.Plan(terminals=6, events=60, seed=11, mischief=0.4, deadline=40.0)
    outcome = await fleet.run(plan, city_server.url, tmp_path, papers)
    told = outcome.summary()
    assert outcome.reached, told
    assert (told["receipted"], told["waiting"]) == (360, 0)
    assert {crew.authority for crew in outcome.crews} == {"210500", "210521"}
    assert all(crew.private_waiting == 0 for crew in outcome.crews), "every private value was opened"
    assert (await city.verify()).clean


async def test_the_example_of_the_help_page_works_on_the_real_server(
    city: Bureau, city_server: ServerProcess, tmp_path: Path
) -> None:
    (tmp_path / "paper.json").write_text(json.dumps(asdict(await city.code())), "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(EXAMPLE), city_server.url, "paper.json", cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(30):
        out, _ = await process.communicate()
    assert process.returncode == 0, out.decode()
    assert b"proven up to 3" in out


async def test_an_oversize_record_becomes_a_hole_and_the_terminal_goes_on_held(
    city: Bureau, city_server: ServerProcess, tmp_path: Path
) -> None:
    async with hand(city, city_server, tmp_path / "t1", limit=100_000) as terminal:
        terminal.record(2, private={"person_met_name": "林某某"})
        big = Draft("custom.filler.v1", ["task:1"], {"data": bytes(70_000)}, ["officer-1"], 1_000)
        terminal.queue.record(big, terminal.clock())
        terminal.record(1)
        report = await terminal.client.sync()
        assert (report.stopped, report.declared_lost, report.waiting) == (None, 1, 0)
        assert terminal.queue.lost_parts() == [(3, 3)]
        assert terminal.queue.private_waiting() == 0
        assert (await terminal.client.head())["held"] is True


async def test_a_copied_terminal_learns_that_it_forked(
    city: Bureau, city_server: ServerProcess, tmp_path: Path
) -> None:
    async with hand(city, city_server, tmp_path / "t1") as original:
        original.record(2)
        await original.client.sync()
        shutil.copytree(original.folder, tmp_path / "t2")
        original.record(1)
        assert not (await original.client.sync()).alarm
        async with hand(city, city_server, tmp_path / "t2") as copy:
            copy.record(2)
            report = await copy.client.sync()
            assert (report.forked, report.alarm, report.waiting) == (2, True, 0)
        original.record(1)
        assert (await original.client.sync()).stopped is None
        assert original.queue.state.forked is None


async def test_a_terminal_with_a_wrong_clock_asks_for_its_head(
    city: Bureau, city_server: ServerProcess, tmp_path: Path
) -> None:
    async with hand(city, city_server, tmp_path / "t1") as terminal:
        terminal.record(1)
        await terminal.client.sync()
        terminal.client.world = World(tick=lambda: Tick(1, 1, bytes(16)), jitter=lambda: 0.5, sleep=no_wait)
        assert (await terminal.client.head())["head"]["seq"] == 1


@pytest.mark.slow
async def test_after_a_restore_terminals_follow_the_new_epoch_and_offer_again_what_is_missing(tmp_path: Path) -> None:
    with bureau() as made:
        server = await made.started()
        async with hand(made, server, tmp_path / "t1") as terminal:
            terminal.record(3)
            await terminal.client.sync()
        await asyncio.to_thread(server.stop)
        made.cluster.stop()
        shutil.copytree(made.cluster.data, made.folder / "old", symlinks=True)
        made.cluster.start()
        server = await made.started()
        async with hand(made, server, tmp_path / "t1") as terminal:
            terminal.record(4, private={"person_met_name": "林某某"})
            await terminal.client.sync()
            assert terminal.queue.private_waiting() == 0
        await asyncio.to_thread(server.stop)
        # Somebody puts the old copy back.
        made.cluster.stop()
        owner = made.cluster.data.stat()
        shutil.rmtree(made.cluster.data)
        shutil.copytree(made.folder / "old", made.cluster.data, symlinks=True)
        for path in (made.cluster.data, *made.cluster.data.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        made.cluster.start()
        begun = made.command("epoch", "new", "--authority", "210500", "--json")
        assert begun.returncode == 0, begun.stderr
        server = await made.started()
        async with hand(made, server, tmp_path / "t1") as terminal:
            terminal.record(1)
            report = await terminal.client.sync()
            assert (report.stopped, report.gaps, report.new_epochs, report.alarm) == (None, 1, 1, False)
            assert report.recorded == 5, "seq 4 .. 7 again, and 8"
            assert terminal.queue.epoch.number == 2
            assert terminal.queue.receipted() == 8
            assert terminal.queue.private_waiting() == 0
        # The register remembers the larger log of epoch 1; leaf 0 of epoch 2 names what is missing: nothing is wrong.
        report = await made.verify()
        assert report.clean, [each.sentence("en") for each in report.ordered()]
        ((_, lost),) = [remark for remark in report.remarks if remark[0] == "restored"]
        assert (lost["epoch"], lost["size"] > lost["have"] > 0) == (1, True)
