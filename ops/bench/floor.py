"""The floor: COPY of the very rows that the server wrote, into tables with the same constraints and indexes.

No server can be quicker than this on one connection: no HTTP, no check, no signature, no hash, no tag, rows encoded
beforehand. The rows are cut into as many transactions as the server made of them.
"""

from __future__ import annotations

import io
import itertools
import struct
import time
from collections.abc import Iterator
from typing import Final

import asyncpg

from ops.bench.load import Figure
from ops.bench.machine import cpu_seconds, used
from ops.bench.rig import BenchFault, Rig, Sample

HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
TAIL: Final = b"\xff\xff"
COLUMNS: Final = {
    "entries": ("log_id", "position", "entry"),
    "keys": ("log_id", "origin", "version", "chain", "position", "notes", "id"),
}


async def make_tables(rig: Rig) -> None:
    """Make the tables of the floor, empty."""
    await rig.admin.execute(rig.queries["floor_tables"])


async def groups(rig: Rig, log_id: int, first: int, end: int) -> int:
    """Into how many transactions the server put entries first .. end-1 of a log."""
    return int(await rig.admin.fetchval(rig.queries["groups"], log_id, first, end))


async def measure(rig: Rig, log_id: int, first: int, end: int, *, events: int, transactions: int) -> Sample:
    """COPY entries first .. end-1 of a log and their keys once more, in so many transactions. Each range only once."""
    parts = []
    for name in COLUMNS:
        rows = io.BytesIO()
        await rig.admin.copy_from_query(rig.queries[f"floor_{name}"], log_id, first, end, output=rows, format="binary")
        parts.append(_cut(rows.getvalue(), transactions))
    prepared = list(zip(*parts, strict=True))
    before = _cpu(rig)
    latencies = []
    began = time.perf_counter()
    for entries, keys in prepared:
        start = time.perf_counter()
        async with rig.admin.transaction():
            await _copy(rig.admin, "entries", entries)
            await _copy(rig.admin, "keys", keys)
        latencies.append(time.perf_counter() - start)
    seconds = time.perf_counter() - began
    return Sample(Figure(events, seconds, sorted(latencies), [len(prepared)]), used(before, _cpu(rig), events))


async def check(rig: Rig, entries: int) -> None:
    """Raise BenchFault where COPY brought other rows than so many entries and all their keys."""
    row = await rig.admin.fetchrow(rig.queries["floor_rows"])
    assert row is not None
    if (row["entries"], row["keys"]) != (entries, row["given"]):
        raise BenchFault(
            f"COPY was given {entries} entries and {row['given']} keys, and brought {row['entries']} and {row['keys']}"
        )


def _cpu(rig: Rig) -> dict[str, float | None]:
    return {"postgresql": cpu_seconds(rig.postmaster, children=True), "client": time.process_time()}


async def _copy(connection: asyncpg.Connection, table: str, rows: bytes) -> None:
    await connection.copy_to_table(
        table, schema_name="bench", columns=COLUMNS[table], source=io.BytesIO(rows), format="binary"
    )


def _cut(data: bytes, pieces: int) -> list[bytes]:
    """Binary COPY data as so many pieces, each whole in itself, with almost the same number of rows."""
    starts = list(_rows(data))
    count = len(starts) - 1
    bounds = [count * number // pieces for number in range(pieces + 1)]
    return [HEAD + data[starts[a] : starts[b]] + TAIL for a, b in itertools.pairwise(bounds)]


def _rows(data: bytes) -> Iterator[int]:
    """Where each row begins; the last one given is where the trailer begins."""
    at = len(HEAD) + struct.unpack_from(">i", data, 15)[0]
    while True:
        yield at
        (fields,) = struct.unpack_from(">h", data, at)
        if fields < 0:
            return
        at += 2
        for _ in range(fields):
            (length,) = struct.unpack_from(">i", data, at)
            at += 4 + max(0, length)
