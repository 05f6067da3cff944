"""Claims about the register's files: they never go back, a write that was cut off leaves the one before, and nobody
misses what another process wrote.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import threading
from pathlib import Path

import pytest

from schemas.keys import Signer
from schemas.notes import Checkpoint, NoteSigner, sign_checkpoint
from schemas.register import SLOT_BYTES, SLOTS, newest, slot
from server.log import register as module
from server.log.register import NAME, NEWEST, Register, RegisterRefused

ORIGINS = ("log.example/210500/1", "log.example/210100/1")


def note(size: int, origin: str = ORIGINS[0], root: bytes = bytes(32)) -> str:
    return sign_checkpoint(Checkpoint(origin, size, root), NoteSigner(origin, Signer(b"\x01" * 32)))


def held(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / NAME).read_text("utf-8"))
    return found


def made(folder: Path) -> Register:
    register = Register(folder)
    register.create()
    return register


def persist(register: Register, *notes: dict[str, str]) -> None:
    async def run() -> None:
        for some in notes:
            await register.persist(some)

    asyncio.run(run())


def test_what_two_processes_write_in_turns_stays_and_nothing_goes_back(tmp_path: Path) -> None:
    one, two = made(tmp_path), Register(tmp_path)
    for size in range(1, 3 * SLOTS):
        persist(one, {ORIGINS[0]: note(size)})
        persist(two, {ORIGINS[1]: note(size, ORIGINS[1])}, {ORIGINS[0]: note(max(1, size - 1))})
        expected = {ORIGINS[0]: note(size), ORIGINS[1]: note(size, ORIGINS[1])}
        assert Register(tmp_path).read() == two.notes == expected
        if size == SLOTS:
            one.advance({ORIGINS[0]: note(size)})
            one.settle()
            assert held(tmp_path) == expected


def test_a_slow_disk_does_not_hold_up_the_loop_and_a_quick_one_needs_no_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register, mine = made(tmp_path), list[bool]()
    merge = register._merge

    def seen(pending: dict[str, str], *, whole: bool = False) -> dict[str, str]:
        mine.append(threading.current_thread() is threading.main_thread())
        return merge(pending, whole=whole)

    monkeypatch.setattr(register, "_merge", seen)
    monkeypatch.setattr(module, "SLOW_WRITES", 3)
    persist(register, {ORIGINS[0]: note(1)})
    monkeypatch.setattr(module, "QUICK_SECONDS", 3600.0)  # whatever it takes is quick
    persist(register, *({ORIGINS[0]: note(size)} for size in range(2, 5)))
    assert mine == [False, True, True, True], "the first one has to read the files"
    mine.clear()
    with (tmp_path / f"{NAME}.lock").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)  # another process is writing

        def ends(pending: dict[str, str], *, whole: bool = False) -> dict[str, str]:
            fcntl.flock(other, fcntl.LOCK_UN)
            return seen(pending, whole=whole)

        monkeypatch.setattr(register, "_merge", ends)
        persist(register, {ORIGINS[0]: note(5)})
        monkeypatch.setattr(register, "_merge", seen)
    assert mine == [False], "whoever waits for it does not hold up the loop"
    mine.clear()
    monkeypatch.setattr(module, "QUICK_SECONDS", -1.0)  # whatever it takes is slow
    persist(register, *({ORIGINS[0]: note(size)} for size in range(6, 14)))
    assert mine == [True, False, False, False, True, False, False, False]
    mine.clear()
    monkeypatch.setattr(module, "WHOLE_SECONDS", -1.0)
    monkeypatch.setattr(register, "_beside", 0)
    persist(register, {ORIGINS[0]: note(14)})
    assert mine == [False], "all of it goes into the map beside the loop"
    assert Register(tmp_path).read() == {ORIGINS[0]: note(14)}


def test_every_write_is_in_the_file_at_once_and_at_the_end_all_of_it_is_in_the_map(tmp_path: Path) -> None:
    register = made(tmp_path)
    persist(register, {ORIGINS[0]: note(1)})
    files = {path.name: path.stat().st_ino for path in tmp_path.iterdir()}
    for size in range(2, 2 * SLOTS):
        persist(register, {ORIGINS[0]: note(size)})
        assert newest((tmp_path / NEWEST).read_bytes()) == (size, {ORIGINS[0]: note(size)})
    assert {path.name: path.stat().st_ino for path in tmp_path.iterdir()} == files, "no file is made or removed"
    assert held(tmp_path) == {}
    register.settle()
    assert held(tmp_path) == {ORIGINS[0]: note(2 * SLOTS - 1)}
    assert newest((tmp_path / NEWEST).read_bytes())[1] == {}


def test_whoever_reads_while_it_is_written_finds_one_state(tmp_path: Path) -> None:
    register = made(tmp_path)
    persist(register, {ORIGINS[0]: note(10**6)})
    before = (tmp_path / NEWEST).read_bytes()
    for size in range(1, SLOTS):
        persist(register, {ORIGINS[0]: note(10**6 + size)})
        now = (tmp_path / NEWEST).read_bytes()
        # The first half was read before, the second half now.
        found = newest(before[: len(before) // 2] + now[len(now) // 2 :])[1][ORIGINS[0]]
        assert found in {note(10**6 + written) for written in range(size + 1)}


def test_a_write_that_was_cut_off_leaves_the_one_before(tmp_path: Path) -> None:
    register = made(tmp_path)
    persist(register, {ORIGINS[0]: note(7)}, {ORIGINS[0]: note(8)})
    data = (tmp_path / NEWEST).read_bytes()
    for cut in (1, 40, 70, 200):
        torn = bytearray(data)
        torn[2 * SLOT_BYTES + cut : 3 * SLOT_BYTES] = bytes(SLOT_BYTES - cut)
        (tmp_path / NEWEST).write_bytes(torn)
        assert Register(tmp_path).read() == {ORIGINS[0]: note(7)}
        again = Register(tmp_path)
        persist(again, {ORIGINS[0]: note(9)})
        assert Register(tmp_path).read() == {ORIGINS[0]: note(9)}


def test_more_notes_than_a_slot_takes_go_into_the_map(tmp_path: Path) -> None:
    many = {f"log.example/{number:06d}/1": note(3, f"log.example/{number:06d}/1") for number in range(400)}
    assert slot(1, many) is None
    register = made(tmp_path)
    persist(register, {ORIGINS[0]: note(2)}, many)
    assert Register(tmp_path).read() == held(tmp_path) == many | {ORIGINS[0]: note(2)}


def test_two_notes_of_one_size_are_refused(tmp_path: Path) -> None:
    register = made(tmp_path)
    persist(register, {ORIGINS[0]: note(7)})
    (tmp_path / NAME).write_text(json.dumps({ORIGINS[0]: note(7, root=b"\x01" * 32)}), "utf-8")
    with pytest.raises(RegisterRefused, match="hold two notes"):
        Register(tmp_path).read()


@pytest.mark.parametrize("name", [NAME, NEWEST])
def test_a_file_that_vanished_or_was_put_back_is_noticed(tmp_path: Path, name: str) -> None:
    register = made(tmp_path)
    persist(register, {ORIGINS[0]: note(3)})
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).unlink()
    if name == NAME:
        with pytest.raises(RegisterRefused, match="could not be written"):
            persist(register, {ORIGINS[0]: note(4)})
        (tmp_path / name).write_bytes(content)
    persist(register, {ORIGINS[0]: note(5)})
    assert Register(tmp_path).read() == {ORIGINS[0]: note(5)}


def test_what_a_killed_process_left_is_no_hindrance(tmp_path: Path) -> None:
    register = made(tmp_path)
    (tmp_path / f".{NAME}.{os.getpid()}").write_text("half of a no", "utf-8")
    register.advance({ORIGINS[0]: note(1)})
    assert held(tmp_path) == {ORIGINS[0]: note(1)}
