"""The reference terminal brings its files: through cuts, over a restart of its own, and told when it cannot."""

from __future__ import annotations

import json
import random
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from ops.stories.event import Enclosure
from ops.stories.files import Brought, NotBrought, bring, lay_down
from ops.terminal import keys as key_files
from ops.terminal.client import Client, Patience, enrol
from ops.terminal.queue_file import Queue, describe_file
from ops.terminal.transport import Answer, HttpTransport, NoAnswer, Transport
from ops.terminal.trust import Paper
from ops.terminal.uploads import CHANGED, CHUNK, GONE, PATH, Uploads
from tests.acceptance.test_terminal_command import run
from tests.support.fault_proxy import FINE, Fault, FaultProxy, proxying
from tests.support.server import Bureau, ServerProcess, bureau
from tests.support.terminals import Clock, entered, world
from tests.support.tus import blob_rows, check_blobs, picture

MB = 1_000_000


@pytest.fixture(scope="module")
def place() -> Iterator[Bureau]:
    with bureau() as made:
        yield made


class Cuts:
    """Faults for connections to come, set while the test runs; without any, all is well."""

    def __init__(self) -> None:
        self.coming: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return self

    def __next__(self) -> Fault:
        return self.coming.pop(0) if self.coming else FINE


@asynccontextmanager
async def network(place: Bureau) -> AsyncIterator[tuple[str, FaultProxy, Cuts, ServerProcess]]:
    """A server behind a proxy that cuts; requests are signed for the proxy, which is where terminals find it."""
    cuts = Cuts()
    async with proxying("http://127.0.0.1:1", cuts) as (url, proxy):
        server = await place.started(environment={"LIUHEN_SIGNED_FOR": url.removeprefix("http://")})
        proxy._host, proxy._port = "127.0.0.1", int(server.url.rpartition(":")[2])
        try:
            yield url, proxy, cuts, server
        finally:
            server.stop()


@asynccontextmanager
async def terminal(place: Bureau, url: str, folder: Path) -> AsyncIterator[Client]:
    folder.mkdir(exist_ok=True)  # noqa: ASYNC240 - a test has nothing else to do meanwhile
    pair = key_files.load_or_create(folder / "keys.json")
    with Queue(folder / "queue.sqlite") as queue:
        async with HttpTransport(url, seconds=10.0) as transport:
            if not queue.enrolled:
                code = await place.code()
                paper = {"code": code.code, "host": code.host, "log": code.log, "recovery": code.recovery}
                await enrol(queue, pair, transport, Paper.read(paper), url=url, info={"model": "示例终端"})
            yield Client(queue, pair, transport, world=world(Clock()), patience=Patience(tries=8))


def photograph(client: Client, folder: Path, size: int) -> bytes:
    """A photo on the terminal, declared by a record; its digest."""
    path = folder / f"{secrets.token_hex(4)}.jpg"
    path.write_bytes(picture(size))
    file = describe_file(path, "image/jpeg")
    client.queue.record(entered(files=[file]), Clock()())
    return file.sha256


async def test_files_come_whole_over_a_network_that_cuts(place: Bureau, tmp_path: Path) -> None:
    dice = random.Random(7)
    async with network(place) as (url, proxy, cuts, _):
        async with terminal(place, url, tmp_path / "t1") as client:
            digests = {photograph(client, tmp_path, dice.randrange(MB, 5 * MB)) for _ in range(4)}
            assert (await client.sync()).stopped is None
        # One connection carries many requests until it is cut.
        cuts.coming = [Fault(cut_request=dice.randrange(2_000, 2_000_000)) for _ in range(8)]
        cuts.coming[3:3] = [Fault(drop=True), Fault(cut_answer=20)]
        async with terminal(place, url, tmp_path / "t1") as client:
            assert len(client.queue.missing_blobs()) == 4
            total = sum(file.size for _, file in client.queue.missing_blobs())
            seen: list[int] = []
            report = await Uploads(client).run(seen.append)
            assert (report.files, report.left, report.refused) == (4, 0, [])
            assert report.cuts >= 4
            assert report.sent <= total + report.cuts * CHUNK
            assert seen[-1] == total
            assert len(client.queue.missing_blobs()) == 4, "only a receipt says what the server holds"
            await client.sync()
            assert client.queue.missing_blobs() == []
        assert digests <= (await blob_rows(place)).keys()
        assert proxy.cut >= 3
        await check_blobs(place)


async def test_an_upload_goes_on_in_another_process_where_it_was_cut(place: Bureau, tmp_path: Path) -> None:
    async with network(place) as (url, _, cuts, server):
        async with terminal(place, url, tmp_path / "t1") as client:
            digest = photograph(client, tmp_path, 4 * MB)
            await client.sync()
        cuts.coming = [Fault(cut_request=2_500_000)]
        async with terminal(place, url, tmp_path / "t1") as client:
            client.patience = Patience(tries=1)
            report = await Uploads(client).run()
            assert (report.files, report.left, report.refused[0].code) == (0, 1, "no_answer")
            assert client.queue.upload_of(digest) is not None
        server.kill()
    async with network(place) as (url, _, _, _), terminal(place, url, tmp_path / "t1") as client:
        client.queue.move_to(url)
        report = await Uploads(client).run()
        assert (report.files, report.resumed, report.refused) == (1, 1, [])
        assert report.sent < 4 * MB - MB
        await client.sync()
        assert client.queue.missing_blobs() == []


class SentTwice:
    """A network that delivers every POST twice and brings back what the second delivery was answered."""

    def __init__(self, way: Transport) -> None:
        self._way = way
        self.twice = 0

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if method == "POST" and target == PATH and self.twice < 3:
            self.twice += 1
            await self._way.send(method, target, headers, body)
        return await self._way.send(method, target, headers, body)


async def test_a_file_whose_beginning_was_delivered_twice_comes_all_the_same(place: Bureau, tmp_path: Path) -> None:
    async with network(place) as (url, _, _, _), terminal(place, url, tmp_path / "t1") as client:
        digest = photograph(client, tmp_path, MB)
        await client.sync()
        client.transport = twice = SentTwice(client.transport)
        report = await Uploads(client).run()
        assert (report.files, report.left, report.refused, twice.twice) == (1, 0, [], 3)
        assert digest in await blob_rows(place)


class Deaf:
    """A network on which nothing is answered for a number of requests, and which counts what was sent."""

    def __init__(self, way: Transport, requests: int) -> None:
        self._way = way
        self.left = requests

    async def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        if self.left:
            self.left -= 1
            raise NoAnswer("no network")
        return await self._way.send(method, target, headers, body)


async def test_stories_bring_every_file_though_patience_ended_and_receipts_lag(place: Bureau, tmp_path: Path) -> None:
    async with network(place) as (url, _, _, _), terminal(place, url, tmp_path / "t1") as client:
        digests = {photograph(client, tmp_path, 300_000) for _ in range(2)}
        await client.sync()
        client.transport = Deaf(client.transport, client.patience.tries + 1)
        done = Brought()
        await bring({"T-1": client}, url, done)
        assert (done.files, done.cut, done.late) == (2, 1, 0)
        assert digests <= (await blob_rows(place)).keys()
        with client.queue.transaction() as queue:  # as if the arrival had not been told yet
            queue.execute("UPDATE blob SET missing = 1")
        await bring({"T-1": client}, url, Brought())
        assert client.queue.missing_blobs() == []


async def test_stories_that_cannot_bring_a_file_say_so(place: Bureau, tmp_path: Path) -> None:
    async with network(place) as (url, _, _, _), terminal(place, url, tmp_path / "t1") as client:
        photograph(client, tmp_path, 20_000)
        [(_, file)] = client.queue.missing_blobs()
        await client.sync()
        Path(file.path).write_bytes(b"")  # noqa: ASYNC240 - a test has nothing else to do meanwhile
        with pytest.raises(NotBrought, match="T-1 could not bring 1 of 1 files: file_changed"):
            await bring({"T-1": client}, url, Brought())


def test_a_file_that_a_killed_process_left_short_is_laid_down_again(tmp_path: Path) -> None:
    content = picture(5_000)
    file = Enclosure("a.jpg", "image/jpeg", content)
    path = lay_down(tmp_path, file)
    path.write_bytes(content[:1_000])

    assert lay_down(tmp_path, file) == path
    assert path.read_bytes() == content
    assert [one.name for one in tmp_path.iterdir()] == [path.name]


async def test_a_file_that_was_changed_or_is_gone_is_told_and_the_others_go_on(place: Bureau, tmp_path: Path) -> None:
    async with network(place) as (url, _, _, _), terminal(place, url, tmp_path / "t1") as client:
        for _ in range(3):
            photograph(client, tmp_path, 20_000)
        (_, first), (_, second), (_, third) = client.queue.missing_blobs()
        Path(first.path).write_bytes(picture(20_000))  # noqa: ASYNC240 - a test has nothing else to do meanwhile
        Path(second.path).unlink()  # noqa: ASYNC240
        await client.sync()
        report = await Uploads(client).run()
        assert [turned.code for turned in report.refused] == [CHANGED, GONE]
        assert (report.files, report.left) == (1, 2)
        assert third.sha256 in await blob_rows(place)


async def test_a_file_whose_bytes_are_of_another_type_is_brought_as_what_it_is(place: Bureau, tmp_path: Path) -> None:
    async with network(place) as (url, _, _, _), terminal(place, url, tmp_path / "t1") as client:
        path = tmp_path / "photo.jpg"
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + secrets.token_bytes(9_000))
        client.queue.record(entered(files=[describe_file(path, "image/jpeg")]), Clock()())
        await client.sync()
        assert (await Uploads(client).run()).files == 1
        connection = await place.connect()
        try:
            digest = sha256(path.read_bytes()).digest()
            kind = await connection.fetchval("SELECT type FROM evidence.blobs WHERE digest = $1", digest)
        finally:
            await connection.close()
        assert kind == "image/png"


async def test_officer_lin_uploads_with_the_command(place: Bureau, tmp_path: Path) -> None:
    server = await place.started()
    home = tmp_path / "t1"
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(picture(300_000))
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"outcome": "entered", "place": "一号路 1 号"}), "utf-8")
    code = await place.code()
    paper = tmp_path / "paper.json"
    told = {"code": code.code, "host": code.host, "log": code.log, "recovery": code.recovery}
    paper.write_text(json.dumps(told), "utf-8")
    at = ("terminal", "--home", str(home))
    assert (await run(*at, "enrol", "--url", server.url, "--paper", str(paper)))[0] == 0
    made = ("--about", "task:T1", "--by", "officer-0017", "--by", "officer-0023", "--body", str(body))
    status, _, err = await run(*at, "record", "--type", "site.entered.v1", *made, "--attach", str(photo))
    assert (status, err) == (0, "")
    assert (await run(*at, "sync"))[0] == 0
    assert "liuhen terminal upload" in (await run(*at, "queue", "--lang", "en"))[1]
    status, out, err = await run(*at, "upload", "--json")
    assert (status, err) == (0, ""), out
    assert json.loads(out)["files"] == 1
    assert json.loads(out)["missing"] == 0
    assert (await run(*at, "queue"))[0] == 0
    server.stop()
