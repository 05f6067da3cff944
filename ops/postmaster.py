"""Whether a postmaster serves a data directory, told from stale files, zombies and strangers with its number.

Invariant: what `find` returns is alive, works inside the data directory, and is the process that postmaster.pid names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from ops.postgres import ClusterError


@dataclass(frozen=True, slots=True)
class Postmaster:
    pid: int
    ready: bool


def find(data: Path) -> Postmaster | None:
    """The postmaster that serves `data`, None when postmaster.pid is absent, stale or names some other process."""
    try:
        lines = (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        pid = int(lines[0])
    except (FileNotFoundError, NotADirectoryError, IndexError, ValueError):
        return None
    if pid <= 0 or not alive(pid):
        return None
    # The number may belong to another program by now. A postmaster works inside its data directory; a program that
    # took its number over does not.
    try:
        if not Path(f"/proc/{pid}/cwd").samefile(data):
            return None
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return None  # it ended just now
    except PermissionError as fault:
        raise ClusterError(
            f"process {pid} may be serving {data}, but it belongs to another user: run this as that user or as root"
        ) from fault
    return Postmaster(pid=pid, ready=len(lines) >= 8 and lines[7].strip() == "ready")


def disown_stale_pid(data: Path) -> None:
    """Let a new postmaster pass a postmaster.pid whose process is not one of ours (`find` said so).

    PostgreSQL refuses when the number in the file is in use, be it by another program or by a zombie that nobody waits
    for. It does not when the number is its parent's, so ours goes into the first line; the other lines stay, because
    by them it finds out whether backends of the old server still live.
    """
    path = data / "postmaster.pid"
    try:
        first, newline, rest = path.read_text("utf-8", "surrogateescape").partition("\n")
    except FileNotFoundError:
        return
    if first.strip().isdigit():
        with path.open("w", encoding="utf-8", errors="surrogateescape") as file:
            file.write(f"{os.getpid()}{newline}{rest}")


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and was not waited for by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return not Path("/proc/self").exists()
