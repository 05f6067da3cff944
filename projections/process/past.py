"""Signals and terminals as they stood at a cut of all logs, however much was recorded since.

Live tables hold what the judges say of everything that is filed. Of a cut, most matters are still what they were: those
under whose keys nothing was filed since are read; the others, and those that wait, are judged again on the facts before
the cut alone. Nothing is written. Runs as role liuhen_writer, which reads the log, in a read-only transaction of one
moment whose caller has set the scope. The invariant: for one cut and one span the answer is the same for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import asyncpg
import msgspec

from domain.judges import JUDGES
from domain.lateness import Sealed
from domain.settling import Outstanding
from projections import statements
from projections.process.figures import Cut
from projections.process.judging import MatterId
from projections.process.store import Memory, Store
from schemas import entries
from schemas.entries import EntryRefused, FieldEntry, OfficeEntry, SealEntry
from schemas.events.terminal import TerminalRevoked

MOST_ANEW: Final = 50_000
"""Matters that are judged again at most for an answer of a server, behind which others wait; a command has no limit."""
CHUNK: Final = 500
"""Matters whose facts are in memory at once."""
FILE: Final = "past"
REVOKED: Final = TerminalRevoked.SPEC.name


class TooFarBack(Exception):
    """Too much was recorded since the cut: more matters would have to be judged again than the caller waits for."""


@dataclass(frozen=True, slots=True)
class Stood:
    """A signal as it was judged at a cut. `acts` are those before the cut, as `domain.settling.stood` takes them."""

    id: str
    authority: str
    kind: str
    key: str
    rule: str
    about: str
    version: str
    severity: str
    score: int
    opens: int
    closes: int | None
    absent: bool
    acts: tuple[Mapping[str, Any], ...]
    inputs: tuple[str, ...]
    zh: str
    en: str
    terminals: tuple[str, ...]
    subject: str


@dataclass(frozen=True, slots=True)
class Device:
    """A terminal at a cut: `head` its newest record there, `declared` the newest that it said it has (0: none sealed).

    `lost`: records below the head that are not there. `last`: when it last handed anything in (ms), None: never.
    `revoked`: when an officer ended its service (ms), None while nobody did. `replaced`: when the terminal
    `replaced_by` was enrolled in its place (ms); it may still hand in what it has.
    """

    authority: str
    terminal: str
    head: int
    declared: int
    lost: int
    last: int | None
    revoked: int | None = None
    replaced: int | None = None
    replaced_by: str | None = None

    @property
    def waiting(self) -> int:
        """Records that it said it has and that are not there."""
        return max(0, self.declared - self.head)

    @property
    def outstanding(self) -> Outstanding:
        """For what rests on an absence."""
        return Outstanding(UUID(self.terminal).bytes, self.waiting, self.lost)


@dataclass(frozen=True, slots=True)
class Late:
    """A record that came late, for `domain.lateness`. `anchor` is (epoch, size) of the checkpoint that it cites."""

    authority: str
    terminal: bytes
    seq: int
    occurred: int
    captured: int
    received: int
    anchor: tuple[int, int] | None


async def newest(conn: asyncpg.Connection) -> Cut:
    """The cut of now over the logs of every authority."""
    rows = await conn.fetch((await statements.of_process(conn, FILE))["logs"])
    return Cut({row["log_id"]: row["size"] for row in rows}, {row["log_id"]: row["authority"] for row in rows})


async def whole(conn: asyncpg.Connection, logs: Mapping[int, int]) -> Cut:
    """A kept cut with whose logs they are."""
    rows = await conn.fetch((await statements.of_process(conn, FILE))["logs"])
    own = {row["log_id"]: row["authority"] for row in rows}
    return Cut({log: size for log, size in logs.items() if log in own}, own)


async def last_received(conn: asyncpg.Connection, cut: Cut) -> int:
    """When the newest entry of a cut came in (ms); 0 for an empty one."""
    rows = await conn.fetch((await statements.of_process(conn, FILE))["last_received"], *cut.columns)
    return max((entries.decode(bytes(row["entry"])).r for row in rows), default=0)


async def signals(
    conn: asyncpg.Connection,
    cut: Cut,
    authorities: Sequence[str],
    first: int,
    last: int,
    memory: Memory | None = None,
    *,
    most: int | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> list[Stood]:
    """Signals of some authorities that opened from `first` to `last` (ms), as of the cut.

    Matters are judged again CHUNK by CHUNK, and only their signals are kept. Raises TooFarBack where more than `most`
    would have to be.
    """
    slot = await statements.process_slot(conn)
    queries = statements.load(FILE, slot)
    own = sorted(log for log, of in cut.authorities.items() if of in set(authorities) and log in cut.logs)
    moved = (*cut.columns, await conn.fetchval(queries["rules_changed"], *cut.columns))
    touched = (*moved, own, sorted(JUDGES))
    limit = None if most is None else most + 1
    number = await conn.fetchval(queries["moved"] + "\n" + queries["touched_count"], *touched, limit)
    if most is not None and number > most:
        raise TooFarBack
    found = [
        _stood(row, row["terminals"], msgspec.json.decode(row["columns"]), msgspec.json.decode(row["acts"]))
        for row in await conn.fetch(
            queries["moved"] + "\n" + queries["signals"], *moved, sorted(authorities), first, last
        )
    ]
    store = Store(conn, slot, dict(cut.authorities), quiet=True, memory=memory, upto=cut.logs)
    wanted, done = set(authorities), 0
    cursor = await conn.cursor(queries["moved"] + "\n" + queries["touched"], *touched)
    while rows := await cursor.fetch(CHUNK):
        anew: list[MatterId] = [(row["kind"], row["key"]) for row in rows]
        for one in (await store.rows(anew)).values():
            found += [
                _stood(row, one.matter["terminals"], one.matter["columns"], row["acts"])
                for row in one.signals
                if row["authority"] in wanted and first <= row["opens"] <= last
            ]
        done += len(rows)
        progress(done, number)
    return sorted(found, key=lambda one: (one.authority, one.rule, one.opens, one.id))


async def devices(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], others: Sequence[str] = ()
) -> dict[str, Device]:
    """Terminals of some authorities, and others by their ids, at a cut: {id: …}, by what their seals say."""
    queries = await statements.of_process(conn, FILE)
    rows = await conn.fetch(
        queries["terminals"], *cut.columns, sorted(authorities), [UUID(one) for one in sorted(set(others))]
    )
    ended: dict[str, int] = {}
    for row in await conn.fetch(queries["revocations"], *cut.columns, [row["terminal"] for row in rows]):
        act = entries.decode(bytes(row["entry"]))
        if isinstance(act, OfficeEntry) and act.y == REVOKED:
            ended.setdefault(str(row["terminal"]), act.r)
    replaced: dict[str, tuple[int, str]] = {}
    for row in await conn.fetch(queries["replacements"], *cut.columns, [row["terminal"] for row in rows]):
        replaced.setdefault(str(row["terminal"]), (entries.decode(bytes(row["entry"])).r, str(row["by"])))
    found: dict[str, Device] = {}
    for row in rows:
        seal = None if row["entry"] is None else entries.decode(bytes(row["entry"]))
        declared, last = (seal.d, seal.r) if isinstance(seal, SealEntry) else (0, None)
        name = str(row["terminal"])
        found[name] = Device(
            row["authority"], name, row["head"], declared, row["head"] - row["held"], last, ended.get(name),
            *replaced.get(name, (None, None)),
        )  # fmt: skip
    return found


async def acts(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], first: int, last: int
) -> list[Mapping[str, Any]]:
    """Acts on site received from `first` to `last` (ms): {authority, log_id, position, at, received, origin}."""
    rows: list[Mapping[str, Any]] = await conn.fetch(
        (await statements.of_process(conn, FILE))["acts"], *cut.columns, sorted(authorities), first, last
    )
    return rows


async def late(conn: asyncpg.Connection, places: Sequence[Mapping[str, Any]]) -> list[Late]:
    """The records behind some acts (`acts`), with what their envelopes say of when they were made."""
    queries = await statements.of_process(conn, FILE)
    by_log: dict[int, dict[int, Mapping[str, Any]]] = {}
    for one in places:
        by_log.setdefault(one["log_id"], {})[one["position"]] = one
    found = []
    for log_id, mine in sorted(by_log.items()):
        for row in await conn.fetch(queries["entries"], log_id, sorted(mine)):
            read = _late(mine[row["position"]], bytes(row["entry"]))
            if read is not None:
                found.append(read)
    return found


async def seals(conn: asyncpg.Connection, cut: Cut, terminals: Sequence[bytes]) -> dict[bytes, list[Sealed]]:
    """What some terminals said, seal by seal, before a cut."""
    rows = await conn.fetch(
        (await statements.of_process(conn, FILE))["seals"],
        *cut.columns,
        [UUID(bytes=one) for one in sorted(set(terminals))],
    )
    found: dict[bytes, list[Sealed]] = {}
    for row in rows:
        entry = entries.decode(bytes(row["entry"]))
        if isinstance(entry, SealEntry):
            found.setdefault(entry.t, []).append(Sealed(entry.r, entry.d))
    return found


async def checkpoints(
    conn: asyncpg.Connection, cited: Sequence[tuple[str, int, int]]
) -> dict[tuple[str, int, int], int]:
    """When checkpoints (authority, epoch, size) were made at the earliest: when their last entry came in (ms)."""
    wanted = sorted(set(cited))
    columns = [list(column) for column in zip(*wanted, strict=True)] if wanted else [[], [], []]
    rows = await conn.fetch((await statements.of_process(conn, FILE))["checkpoints"], *columns)
    return {(row["authority"], row["epoch"], row["size"]): entries.decode(bytes(row["entry"])).r for row in rows}


# -- the parts --


class _Clock(msgspec.Struct, frozen=True):
    offset: int


class _Anchor(msgspec.Struct, frozen=True):
    epoch: int
    size: int


class _Envelope(msgspec.Struct, gc=False):
    at: int
    seq: int
    clock: _Clock | msgspec.UnsetType = msgspec.UNSET
    anchor: _Anchor | msgspec.UnsetType = msgspec.UNSET


_ENVELOPES: Final = msgspec.msgpack.Decoder(_Envelope)


def _late(act: Mapping[str, Any], data: bytes) -> Late | None:
    try:
        entry = entries.decode(data)
        if not isinstance(entry, FieldEntry):
            return None
        read = _ENVELOPES.decode(entry.e)
    except (EntryRefused, msgspec.DecodeError):
        return None
    offset = 0 if isinstance(read.clock, msgspec.UnsetType) else read.clock.offset
    anchor = None if isinstance(read.anchor, msgspec.UnsetType) else (read.anchor.epoch, read.anchor.size)
    return Late(act["authority"], entry.t, read.seq, act["at"], read.at + offset, act["received"], anchor)


def _stood(row: Mapping[str, Any], terminals: Sequence[Any], columns: Mapping[str, Any], acts: Any) -> Stood:
    subject = columns.get("enterprise_id") or columns.get("enterprise") or ""
    return Stood(
        row["id"], row["authority"], row["kind"], row["key"], row["rule"], row["about"], row["version"],
        row["severity"], row["score"], row["opens"], row["closes"], row["absent"], tuple(acts),
        tuple(row["inputs"]), row["zh"], row["en"], tuple(sorted(str(one) for one in terminals)), str(subject),
    )  # fmt: skip
