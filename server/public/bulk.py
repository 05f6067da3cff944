"""The whole of what is published, as files: a full table each month, what changed each day, digests beside them.

    data/2026-11/penalty-full-2026-11-01.csv     everything that stood when it was made
    data/2026-11/penalty-delta-2026-11-23.csv    records that were released, corrected or taken down that day, as they
                                                 stood when the file was made; those taken down without their party
    data/2026-11/SHA256SUMS                      digests of the files of the month
    data/2026-11/SHA256SUMS.note                 the same, signed by the keys of the logs (C2SP signed note; ops signs)

Days are those of Asia/Shanghai. Invariant: a file that is there is whole (temporary file, fsync, rename) and is never
made again, so its digest stays.
"""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from server.public import store, tables
from server.public.search import Search
from server.web.pages import CHINA

SUMS: Final = "SHA256SUMS"
SIGNED: Final = "SHA256SUMS.note"
MONTH: Final = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
NAME: Final = re.compile(r"[a-z_]{1,32}-(?:full|delta)-[0-9]{4}-[0-9]{2}-[0-9]{2}\.csv|SHA256SUMS(?:\.note)?")
LOOK_BACK: Final = 40
"""Days whose deltas are made up for after a pause."""
KEPT_MONTHS: Final = 12
"""Months that the page lists; files of earlier ones stay where they are."""


@dataclass(frozen=True, slots=True)
class BulkFile:
    """One file: its month and name, bytes, digest as hexadecimal text."""

    month: str
    name: str
    size: int
    sha256: str

    @property
    def path(self) -> str:
        """Where it is served."""
        return f"/data/{self.month}/{self.name}"

    @property
    def signed(self) -> str:
        """Where the signed digests of its month are served."""
        return f"/data/{self.month}/{SIGNED}"

    @property
    def subject(self) -> str:
        """What its records are about."""
        return self.name.partition("-")[0]

    @property
    def full(self) -> bool:
        """Whether it holds everything."""
        return "-full-" in self.name


async def write(pool: asyncpg.Pool, folder: Path, now: datetime.datetime) -> list[str]:
    """Make what is due and not there yet; returns the names. Repeating it makes nothing."""
    made: list[str] = []
    today = now.astimezone(CHINA).date()
    first = await store.first_release(pool)
    if first is None:
        return made
    begun = first.astimezone(CHINA).date()
    for subject, layout in tables.layouts().items():
        month = folder / "data" / f"{today:%Y-%m}"
        if not any(month.glob(f"{subject}-full-*.csv")):
            name = f"{subject}-full-{today.isoformat()}.csv"
            async with store.documents(pool, Search(subject=subject)) as chunks:
                await _put(month / name, tables.csv_chunks(chunks, layout, bom=False))
            made.append(name)
        for back in range(LOOK_BACK, 0, -1):
            day = today - datetime.timedelta(days=back)
            place = folder / "data" / f"{day:%Y-%m}" / f"{subject}-delta-{day.isoformat()}.csv"
            if day < begun or place.exists():
                continue
            since = datetime.datetime.combine(day, datetime.time(), CHINA)
            async with store.changed_between(pool, since, since + datetime.timedelta(days=1), subject) as chunks:
                await _put(place, tables.csv_chunks(chunks, layout, bom=False))
            made.append(place.name)
    if made:
        await asyncio.to_thread(_sum_up, folder)
    return made


def files(folder: Path) -> list[BulkFile]:
    """What there is, newest month first, as the digests say it."""
    found: list[BulkFile] = []
    months = sorted((folder / "data").glob("*/SHA256SUMS"), reverse=True)[:KEPT_MONTHS]
    for sums in months:
        for line in sums.read_text("utf-8").splitlines():
            digest, _, name = line.partition("  ")
            path = sums.with_name(name)
            if NAME.fullmatch(name) and path.exists():
                found.append(BulkFile(sums.parent.name, name, path.stat().st_size, digest))
    return found


async def _put(path: Path, pieces: AsyncIterator[bytes]) -> None:
    await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with beside.open("wb") as file:
        async for piece in pieces:
            file.write(piece)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    beside.replace(path)


def _sum_up(folder: Path) -> None:
    for month in sorted((folder / "data").iterdir()):
        lines = [f"{_digest(path)}  {path.name}\n" for path in sorted(month.glob("[a-z]*.csv"))]
        beside = month / f".{SUMS}.{os.getpid()}"
        beside.write_text("".join(lines), "utf-8")
        beside.replace(month / SUMS)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
