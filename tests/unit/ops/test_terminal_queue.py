"""The queue and the keys: what is recorded is whole or not there, whoever is killed when."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from ops import fleet, stories
from ops.terminal import forms, keys, words
from ops.terminal.queue_file import Draft, File, Queue, QueueRefused, RecordRefused, uuid7
from schemas import canonical, envelope, events
from tests.support.terminals import Clock, Hand, entered, server_and_hand

ROOT = Path(__file__).resolve().parents[3]


async def _with_terminal(folder: Path) -> Path:
    """A folder with an enrolled queue and nothing running."""
    async with server_and_hand(folder) as (_, terminal):
        return terminal.folder / "queue.sqlite"


# -- keys --


def test_keys_are_for_their_owner_alone_and_come_back(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    made = keys.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert keys.load(path).event.public == made.event.public
    assert keys.load(path).request.public != made.event.public
    with pytest.raises(keys.KeyFileRefused, match="never overwritten"):
        keys.create(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["keys.json"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o601])
def test_keys_that_others_could_touch_are_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "keys.json"
    keys.create(path)
    path.chmod(mode)
    with pytest.raises(keys.KeyFileRefused, match="revoke this terminal"):
        keys.load(path)


@pytest.mark.parametrize("content", [b"", b"{}", b'{"event": "00", "request": "00"}', b"[" * 5_000])
def test_a_damaged_key_file_is_refused_without_showing_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(keys.KeyFileRefused, match="damaged"):
        keys.load(path)


def test_a_link_in_place_of_the_key_file_is_not_followed(tmp_path: Path) -> None:
    keys.create(tmp_path / "real.json")
    (tmp_path / "keys.json").symlink_to("real.json")
    with pytest.raises(keys.KeyFileRefused, match="plain file"):
        keys.load(tmp_path / "keys.json")


# -- recording --


async def test_each_record_links_to_the_one_before_and_is_sound(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        terminal.record(3)
        before = terminal.queue.state.genesis
        for kept in terminal.queue.kept(1, 10):
            assert kept.data is not None
            reading = envelope.read(
                kept.data, terminal.queue.state.id, kept.seq, authority="210500", epoch=1, lookup=events.lookup
            )
            assert reading.notes == ()
            assert reading.envelope is not None
            assert reading.prev == before
            assert reading.envelope.clock
            assert reading.envelope.anchor == terminal.queue.seen
            before = reading.hash
        terminal.queue.check()


@pytest.mark.parametrize(
    "change",
    [
        {"about": []},
        {"about": ["nonsense"]},
        {"about": [f"task:{n}" for n in range(17)]},
        {"by": []},
        {"by": ["officer-1", "officer-1"]},
        {"by": ["x" * 129]},
        {"type": "Not A Type"},
        {"body": {"note": None}},
        {"body": {"note": 1.5}},
        {"body": {"outcome": "flew away"}},
        {"body": {"note": "长" * 30_000}},
        {"loc": {"lat": 1}},
        {"occurred": 2**60},
        {"private": {"nowhere.name": "林某"}},
        {"private": {"person_met_name": "长" * 9_000}},
        {"private": {"person_met_name": 1.5}},
    ],
)
async def test_a_faulty_record_is_refused_at_once_and_leaves_nothing(tmp_path: Path, change: dict[str, Any]) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        with pytest.raises(RecordRefused):
            terminal.queue.record_all([(entered(), terminal.clock()), (entered(**change), terminal.clock())])
        assert terminal.queue.newest == 0
        terminal.record(1)
        assert terminal.queue.newest == 1


async def test_the_largest_envelope_is_taken_and_one_byte_more_is_not(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):

        def sized(length: int) -> Draft:
            return Draft("custom.filler.v1", ["task:1"], {"data": bytes(length)}, ["officer-1"], 1_000)

        room = 60_000 - len(_bytes(terminal, sized(300))) + 300
        assert len(_bytes(terminal, sized(room))) == 60_000
        with pytest.raises(RecordRefused, match="60001 bytes"):
            terminal.queue.record(sized(room + 1), terminal.clock())


def _bytes(terminal: Hand, draft: Draft) -> bytes:
    seq = terminal.queue.record(draft, terminal.clock()).seq
    data = terminal.queue.kept(seq, 1)[0].data
    assert data is not None
    return data


async def test_private_values_are_not_in_the_envelope(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (server, terminal):
        terminal.record(1, private={"person_met_name": "林某某"})
        data = terminal.queue.kept(1, 1)[0].data
        assert data is not None
        assert "林某某".encode() not in data
        assert terminal.queue.private_waiting() == 1
        await terminal.client.sync()
        assert list(server.opened.values()) == ["林某某"]
        assert terminal.queue.private_waiting() == 0
        # Once the envelope may go, the value goes with it.
        server.watermark = 1
        await terminal.client.sync()
        terminal.queue.close()
        content = b"".join(each.read_bytes() for each in terminal.folder.glob("queue.sqlite*"))
        assert "林某某".encode() not in content


async def test_attached_files_are_declared_by_the_next_record(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        terminal.queue.attach(File("photo.jpg", bytes(32), 7, "image/jpeg"))
        terminal.record(2)
        first, second = (canonical.decode(each.data or b"") for each in terminal.queue.kept(1, 2))
        assert isinstance(first, dict)
        assert isinstance(second, dict)
        assert first["blobs"] == [{"sha256": bytes(32), "size": 7, "type": "image/jpeg"}]
        assert "blobs" not in second
        assert terminal.queue.waiting_files() == []
        await terminal.client.sync()
        assert [seq for seq, _ in terminal.queue.missing_blobs()] == [1]
        assert any(line.name == "files" for line in words.explain(terminal.queue))


CHILD = """
import os, signal, sys
from pathlib import Path
from ops.terminal.queue_file import Queue
from tests.support.terminals import Clock, entered
queue = Queue(Path(sys.argv[1]))
left = int(sys.argv[2])
def count(statement):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
queue._db.set_trace_callback(count)
clock = Clock()
for number in range(3):
    made = queue.record(entered(private={"person_met_name": "林某"}), clock())
    sys.stdout.write(f"{made.seq}\\n"); sys.stdout.flush()
"""


async def test_kill_9_between_any_two_steps_of_recording_leaves_an_unbroken_chain(tmp_path: Path) -> None:
    path = await _with_terminal(tmp_path)
    children = [
        subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", CHILD, str(_copy(path, tmp_path / f"q{steps}")), str(steps)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for steps in range(1, 24, 2)
    ]
    killed = 0
    for steps, child in zip(range(1, 24, 2), children, strict=True):
        told = child.communicate(timeout=30)[0].split()
        killed += child.returncode == -signal.SIGKILL
        with Queue(tmp_path / f"q{steps}" / "queue.sqlite") as queue:
            queue.check()
            assert queue.newest >= len(told), "what was told is on the disk"
            assert queue.private_waiting() == queue.newest, "a record and its private value come together"
            queue.record(entered(), Clock()())
            queue.check()
    assert killed >= 10


def _copy(path: Path, folder: Path) -> Path:
    folder.mkdir()
    target = folder / path.name
    target.write_bytes(path.read_bytes())
    return target


async def test_two_processes_record_into_one_chain(tmp_path: Path) -> None:
    path = await _with_terminal(tmp_path)
    children = [
        subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", CHILD, str(path), "1000000"], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        for _ in range(3)
    ]
    assert [child.wait(timeout=30) for child in children] == [0, 0, 0]
    with Queue(path) as queue:
        assert queue.newest == 9
        queue.check()


async def test_a_broken_chain_is_found(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        terminal.record(3)
        terminal.queue._db.execute("UPDATE envelope SET bytes = zeroblob(10) WHERE seq = 2")
        with pytest.raises((QueueRefused, canonical.NotCanonical)):
            terminal.queue.check()


def test_a_file_that_is_no_queue_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_bytes(b"something else" * 100)
    with pytest.raises(QueueRefused, match="not a queue"):
        Queue(path)


def test_a_queue_is_for_its_owner_alone(tmp_path: Path) -> None:
    with Queue(tmp_path / "queue.sqlite") as queue:
        assert stat.S_IMODE(queue.path.stat().st_mode) == 0o600
        assert not queue.enrolled
        with pytest.raises(QueueRefused, match="not enrolled"):
            _ = queue.state


def test_ids_are_uuids_of_version_7_in_order_of_time() -> None:
    from uuid import UUID

    early, late = (UUID(bytes=uuid7(at, os.urandom)) for at in (1_000, 2_000))
    assert early.version == late.version == 7
    assert early.variant == "specified in RFC 4122"
    assert early.bytes < late.bytes


# -- stories and forms --


def test_every_event_of_a_story_is_valid_and_time_runs_forward() -> None:
    types = set()
    for history in islice(stories.histories(3, start=1_790_000_000_000), 60):
        before = 0
        for event in history:
            body = {**event.body, **dict.fromkeys(event.private, bytes(32))}
            events.decode_body(event.type, body)
            assert len(event.about) <= 16
            assert event.occurred >= before
            before = event.occurred
            types.add(event.type)
    assert len(types) >= 18
    assert next(stories.histories(3, start=0)) == next(stories.histories(3, start=0))
    assert next(stories.histories(3, start=0)) != next(stories.histories(4, start=0))


async def test_a_story_can_be_recorded_without_a_note(tmp_path: Path) -> None:
    async with server_and_hand(tmp_path) as (_, terminal):
        told = islice(stories.field_events(5, start=1_790_000_000_000), 60)
        terminal.queue.record_all([(fleet.draft(event), terminal.clock()) for event in told])
        await terminal.client.sync()
        assert {each.notes for each in terminal.queue.kept(1, 100)} == {()}
        assert terminal.queue.receipted() == 60


def test_bodies_in_json_become_what_they_stand_for() -> None:
    hazard = "019b77b0-0000-7000-8000-000000000001"
    body = forms.from_json(
        "rectification.ordered.v1", {"hazard_ids": [hazard], "deadline": "2026-05-01", "document_hash": "ab" * 32}
    )
    decoded = events.decode_body("rectification.ordered.v1", body)
    assert events.body_json(decoded)["hazard_ids"] == [hazard]
    assert body["document_hash"] == b"\xab" * 32
    assert body["deadline"] == "2026-05-01"
    with pytest.raises(forms.FormRefused, match="no field"):
        forms.from_json("rectification.ordered.v1", {"hazards": []})
    with pytest.raises(forms.FormRefused, match="UUID or hexadecimal"):
        forms.from_json("rectification.ordered.v1", {"hazard_ids": ["nonsense"]})
