"""Claims about the register's file: it never goes back, whoever opens it reads one state, and no file is made anew."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from schemas.keys import Signer
from schemas.notes import Checkpoint, NoteSigner, sign_checkpoint
from server.log.register import NAME, SPARES, Register

ORIGINS = ("log.example/210500/1", "log.example/210100/1")


def note(size: int, origin: str = ORIGINS[0]) -> str:
    return sign_checkpoint(Checkpoint(origin, size, bytes(32)), NoteSigner(origin, Signer(b"\x01" * 32)))


def held(folder: Path) -> dict[str, str]:
    found: dict[str, str] = json.loads((folder / NAME).read_text("utf-8"))
    return found


def test_what_two_processes_write_in_turns_stays_and_nothing_goes_back(tmp_path: Path) -> None:
    one, two = Register(tmp_path), Register(tmp_path)
    one.create()
    for size in range(1, 3 * SPARES):
        one.advance({ORIGINS[0]: note(size)})
        two.advance({ORIGINS[1]: note(size, ORIGINS[1])})
        two.advance({ORIGINS[0]: note(max(1, size - 1))})
        assert held(tmp_path) == {ORIGINS[0]: note(size), ORIGINS[1]: note(size, ORIGINS[1])}
        assert Register(tmp_path).read() == held(tmp_path)


def test_whoever_has_opened_the_file_reads_what_it_held_however_often_it_is_written_meanwhile(tmp_path: Path) -> None:
    register = Register(tmp_path)
    register.create()
    register.advance({ORIGINS[0]: note(10**6)})
    before = (tmp_path / NAME).read_bytes()
    with (tmp_path / NAME).open("rb") as opened:
        for size in range(1, SPARES):
            register.advance({ORIGINS[0]: note(10**6 + size)})
        assert opened.read() == before


def test_after_the_first_writes_no_file_is_made_or_removed(tmp_path: Path) -> None:
    register = Register(tmp_path)
    register.create()

    def files() -> set[int]:
        return {path.stat().st_ino for path in tmp_path.iterdir()}

    for size in range(1, 2 * SPARES):
        register.advance({ORIGINS[0]: note(size)})
    before = files()
    for size in range(2 * SPARES, 5 * SPARES):
        register.advance({ORIGINS[0]: note(size)})
    assert files() == before
    assert held(tmp_path) == {ORIGINS[0]: note(5 * SPARES - 1)}


def test_a_file_system_without_links_and_what_a_killed_process_left_are_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = Register(tmp_path)
    register.create()
    (tmp_path / f".{NAME}.{os.getpid()}").write_text("half of a no", "utf-8")
    register.advance({ORIGINS[0]: note(1)})
    assert held(tmp_path) == {ORIGINS[0]: note(1)}

    def refuse(*_: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    register.advance({ORIGINS[0]: note(2)})
    assert held(tmp_path) == {ORIGINS[0]: note(2)}
