"""What an officer did, or what was done about an enterprise, act by act, out of the log (履职留痕).

For whoever has to show that duties were done: each act with when it took place, when it was recorded and received, its
matter and its place in the log, so that anybody who has the log can look it up. Runs as `projections.process.past`. The
invariant: only records of the logs of authorities that are seen; nothing is counted, weighed or ranked, and the same
cut gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

import asyncpg
import msgspec
from msgspec import UNSET

from domain.matter import Fact
from projections import statements
from projections.process.figures import Cut
from projections.process.off_system import shown
from projections.process.reading import Reading
from projections.sheets import Row, Sheet
from schemas import entries
from schemas.entries import OfficeEntry
from schemas.events import REGISTRY
from schemas.events.custody import TrailForm, TrailRead
from schemas.outline import places

Of: TypeAlias = Literal["officer", "enterprise"]
MOST: Final = 20_000
"""Acts of one trail: a year of an officer has some thousand."""
CHUNK: Final = 5_000
"""Records that are in memory at once: an officer's matters have many more than those of the period."""
FILE: Final = "trail"
READ: Final = TrailRead.SPEC.name
SOURCES: Final[Mapping[str, tuple[str, str]]] = {
    "field": ("现场", "in the field"),
    "office": ("内业", "at the office"),
    "branch": ("分叉链", "on a side chain"),
}
"""Where an act was recorded: (zh, en)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One act: when (ms), what, in which matter, by whom, where it stands in the log."""

    occurred: int
    captured: int | None
    received: int
    type: str
    step: str
    zh: str
    en: str
    kind: str
    key: str
    subject: str
    by: tuple[str, ...]
    source: str
    counts: bool
    backfilled: bool
    id: str
    log_id: int
    position: int


@dataclass(frozen=True, slots=True)
class Trail:
    """The acts of an officer or about an enterprise as of a cut, the oldest first. `whole`: nothing was left out."""

    of: Of
    id: str
    cut: Cut
    steps: tuple[Step, ...]
    whole: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """That somebody looked at a trail or took it away: when (ms), who in which role; a `service` where nobody did."""

    at: int
    reader: str
    service: str
    role: str
    authority: str
    period: str
    form: TrailForm
    log_id: int
    position: int


async def looked(
    conn: asyncpg.Connection, authorities: Sequence[str], of: Of, name: str
) -> tuple[tuple[Looked, ...], bool]:
    """Who looked at a trail, the newest first, as the logs of these authorities have it now; and whether that is all.

    A reading stands in the log of the reader's authority.
    """
    queries = await statements.of_process(conn, FILE)
    tagged: list[tuple[int, int]] = []
    whose: dict[int, str] = {}
    for row in await conn.fetch(queries["tagged"], sorted(authorities), f"{of}:{name}"):
        whose[row["log_id"]] = row["authority"]
        tagged += [(row["log_id"], place) for place in places(row["position"], bytes(row["offsets"]))]
    tagged.sort(reverse=True)
    found: list[Looked] = []
    for log_id, authority in whose.items():
        mine = [place for log, place in tagged[:MOST] if log == log_id]
        for row in await conn.fetch(queries["of_type"], log_id, mine, READ.encode()):
            entry = entries.decode(bytes(row["entry"]))
            body = REGISTRY.decode_body(entry.y, entry.b) if isinstance(entry, OfficeEntry) else None
            if isinstance(entry, OfficeEntry) and isinstance(body, TrailRead) and (body.of, body.subject) == (of, name):
                found.append(_looked(entry, body, authority, log_id, row["position"]))
    found.sort(key=lambda one: (one.at, one.log_id, one.position), reverse=True)
    return tuple(found), len(tagged) <= MOST


def _looked(entry: OfficeEntry, body: TrailRead, authority: str, log_id: int, position: int) -> Looked:
    return Looked(
        at=entry.r, reader="" if body.reader is UNSET else body.reader,
        service="" if entry.w.service is UNSET else entry.w.service, role="" if body.role is UNSET else body.role,
        authority=authority, period=body.period, form=body.form, log_id=log_id, position=position,
    )  # fmt: skip


async def trail(
    conn: asyncpg.Connection, cut: Cut, authorities: Sequence[str], of: Of, name: str, first: int, last: int
) -> Trail | None:
    """The trail from `first` to `last` (ms, by when acts took place); None where nothing is known of that name."""
    queries = await statements.of_process(conn, FILE)
    rows = await conn.fetch(queries[f"of_{of}"], sorted(authorities), name)
    if not rows:
        return None
    matters = {f"{row['kind']}:{row['key']}": row for row in rows}
    own = sorted(log for log in cut.logs if cut.authorities[log] in set(authorities))
    found: dict[bytes, Step] = {}
    read = Reading(REGISTRY)
    cursor = await conn.cursor(queries["places"], own, [cut.logs[log] for log in own], sorted(matters))
    while len(found) <= MOST and (rows := await cursor.fetch(CHUNK)):
        keys: dict[tuple[int, int], str] = {}
        for row in rows:
            keys.setdefault((row["log_id"], row["position"]), row["key"])
        for log_id in sorted({log for log, _ in keys}):
            positions = sorted(position for log, position in keys if log == log_id)
            for row in await conn.fetch(queries["entries"], log_id, positions):
                noted = None if row["notes"] is None else (row["seq"], row["notes"])
                filed = read(cut.authorities[log_id], bytes(row["entry"]), noted)
                if filed is None or not first <= filed.fact.occurred <= last:
                    continue
                if of == "officer" and not concerns(filed.fact, name):
                    continue
                key = keys[log_id, row["position"]]
                found.setdefault(filed.fact.id, _step(filed.fact, key, matters[key], log_id, row["position"]))
    steps = sorted(list(found.values())[:MOST], key=lambda one: (one.occurred, one.log_id, one.position))
    return Trail(of, name, cut, tuple(steps), len(found) <= MOST)


def concerns(fact: Fact, officer: str) -> bool:
    """Whether an officer did an act, took part in it, or is named by it."""
    if officer in fact.by:
        return True
    return fact.body is not None and officer in _texts(msgspec.to_builtins(fact.body, builtin_types=(bytes,)))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for one in value.values():
                yield from _texts(one)
        case list() | tuple():
            for one in value:
                yield from _texts(one)
        case _:
            return


def _step(fact: Fact, key: str, matter: Mapping[str, Any], log_id: int, position: int) -> Step:
    kind, _, name = key.partition(":")
    columns = msgspec.json.decode(matter["columns"])
    known = REGISTRY.lookup(fact.type)
    return Step(
        occurred=fact.occurred, captured=fact.captured, received=fact.received, type=fact.type,
        step="" if known is None else known.step, zh=fact.type if known is None else known.title_zh,
        en=fact.type if known is None else known.title_en, kind=kind, key=name,
        subject=str(columns.get("enterprise_id") or columns.get("enterprise") or ""), by=fact.by,
        source=fact.source, counts=fact.counts,
        backfilled=getattr(fact.body, "backfill", UNSET) is not UNSET, id=fact.id.hex(), log_id=log_id,
        position=position,
    )  # fmt: skip


# -- as documents --


def as_dict(made: Trail, readings: Sequence[Looked] | None = None) -> dict[str, Any]:
    """The trail as plain values; `readings`: who looked at it, for whoever may know."""
    more = {} if readings is None else {"readings": [msgspec.to_builtins(one) for one in readings]}
    return {
        "of": made.of,
        "id": made.id,
        "as_of": {"cut": made.cut.name},
        "whole": made.whole,
        "steps": [msgspec.to_builtins(one) for one in made.steps],
        **more,
    }


def sheet(made: Trail, chosen: str) -> Sheet:
    """The trail as a table."""
    place = 0 if chosen == "zh" else 1
    words = [
        ("发生时刻", "took place"), ("记录时刻", "recorded"), ("到达时刻", "received"), ("步骤", "step"),
        ("行为", "act"),
        ("事项", "matter"), ("单位", "enterprise"), ("人员", "by"), ("来源", "where"), ("说明", "remark"),
        ("日志位置", "place in the log"), ("事件编号", "event id"),
    ]  # fmt: skip
    rows: list[Row] = [
        [
            shown(one.occurred), "–" if one.captured is None else shown(one.captured), shown(one.received), one.step,
            (one.zh, one.en)[place], f"{one.kind}:{one.key}", one.subject, " ".join(one.by),
            SOURCES.get(one.source, (one.source, one.source))[place], remark(one, place),
            f"{one.log_id}:{one.position}", one.id,
        ]
        for one in made.steps
    ]  # fmt: skip
    above: list[Row] = [
        [("履职留痕", "Trail of acts")[place], made.id],
        [("统计时点", "as of")[place], made.cut.name],
        [] if made.whole else [("记录过多，未全部列出：请缩短期间", "some are left out: ask for less")[place]],
    ]  # fmt: skip
    return Sheet(("履职留痕", "Trail")[place], above, [word[place] for word in words], rows)


def remark(one: Step, place: int) -> str:
    """What has to be said of an act: that it was declared later, or that it satisfies nothing."""
    if one.backfilled:
        return ("申报补录", "declared later")[place]
    return "" if one.counts else ("主张，不作数", "a claim, counts for nothing")[place]
