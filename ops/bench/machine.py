"""The machine that figures were taken on, and the CPU seconds of its processes.

On a noisy machine events a second move with the neighbours; CPU seconds an event hardly do. They come from /proc, so
elsewhere than on Linux they are None and everything else works.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

PROC: Final = Path("/proc")
TRIES: Final = 64
QUIET: Final = 0.5
"""Load average above which somebody else is at work."""

BLOCK: Final = bytes(8_192)


@dataclass(frozen=True, slots=True)
class Machine:
    """What matters of a machine: `fsync_ms` is the median of writing 8 KiB and fdatasync in the bench's own folder."""

    cores: int
    processor: str
    system: str
    python: str
    postgresql: str
    filesystem: str
    fsync_ms: float
    load: float

    def line(self) -> str:
        """One line for people."""
        return (
            f"{self.cores} cores ({self.processor}), {self.system}, Python {self.python}, "
            f"PostgreSQL {self.postgresql}, {self.filesystem}, "
            f"fdatasync {self.fsync_ms:.2f} ms, load {self.load:.1f} at the start"
            + ("; 机器忙 busy with other work: read ratios and CPU only" if self.load > QUIET else "")
        )


def look(folder: Path, postgresql: str) -> Machine:
    """The machine as it is now; `folder` is where the database lies."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(
        usable,
        _processor(),
        f"{platform.system()} {platform.release()}",
        platform.python_version(),
        postgresql,
        _filesystem(folder),
        1000 * fsync_seconds(folder),
        os.getloadavg()[0],
    )


def fsync_seconds(folder: Path) -> float:
    """Median seconds of one durable write in `folder`."""
    sync = getattr(os, "fdatasync", os.fsync)
    path = folder / "fsync"
    took = []
    with path.open("wb", buffering=0) as file:
        for _ in range(TRIES):
            began = time.perf_counter()
            file.write(BLOCK)
            sync(file.fileno())
            took.append(time.perf_counter() - began)
    path.unlink()
    return statistics.median(took)


def cpu_seconds(pid: int, *, children: bool = False) -> float | None:
    """CPU seconds that a process has used; with `children` those of its children, living and ended, as well."""
    ticks = os.sysconf("SC_CLK_TCK")
    if not children:
        stat = _stat(pid)
        return None if stat is None else (stat[1] + stat[2]) / ticks
    if not PROC.is_dir():
        return None
    found = {
        int(entry.name): stat for entry in PROC.iterdir() if entry.name.isdigit() and (stat := _stat(int(entry.name)))
    }
    if pid not in found:
        return None
    family, grown = {pid}, True
    while grown:
        more = {number for number, stat in found.items() if stat[0] in family} - family
        family |= more
        grown = bool(more)
    return sum(sum(found[number][1:]) for number in family) / ticks


def used(before: Mapping[str, float | None], after: Mapping[str, float | None], events: int) -> dict[str, float | None]:
    """Microseconds of CPU an event, by name."""
    found: dict[str, float | None] = {}
    for name, first in before.items():
        last = after[name]
        found[name] = None if first is None or last is None else 1e6 * (last - first) / max(1, events)
    return found


def _stat(pid: int) -> tuple[int, int, int, int, int] | None:
    """(parent, user, system, children's user, children's system) in ticks; None where it is gone."""
    try:
        text = (PROC / str(pid) / "stat").read_text("ascii", "replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return None
    parts = text.rpartition(")")[2].split()  # the name before may hold blanks and parentheses
    return int(parts[1]), int(parts[11]), int(parts[12]), int(parts[13]), int(parts[14])


def _processor() -> str:
    try:
        for line in (PROC / "cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.machine()


def _filesystem(folder: Path) -> str:
    """Kind of the file system that a folder is on: a figure from one in memory says nothing about durability."""
    best, kind = "", "unknown file system"
    try:
        mounts = (PROC / "mounts").read_text("utf-8", "replace").splitlines()
    except OSError:
        return kind
    place = str(folder.resolve())
    for line in mounts:
        _, target, name, *_ = line.split(" ")
        inside = place == target or place.startswith(target.rstrip("/") + "/")
        if inside and len(target) >= len(best):
            best, kind = target, name
    return kind
