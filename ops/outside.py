"""Taking over a book that somebody else keeps: read, held against the log, its file kept, its new rows recorded.

The command and the page go through here, so that they cannot differ. Invariant: the file is durable before anything
cites it, and a dry run keeps and records nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import itertools
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Final

import asyncpg
import msgspec
from msgspec import UNSET

from domain import outside
from domain.imports import MAX_SHOWN, Fault
from domain.money import UNITS
from domain.outside import BOOKS, FIELDS, KINDS, Layout, Reading
from ops import tables
from ops.faces import who as who_of
from ops.tables import TableRefused
from schemas.entries import Who
from schemas.events.outside_ledger import (
    LedgerImported,
    LedgerKind,
    LedgerMappingSaved,
    LedgerMatchDecided,
    LedgerRow,
    MappedColumn,
)
from schemas.problems import Problem
from server.evidence.office_files import CSV, XLSX, OfficeFiles
from server.evidence.store import BlobStore
from server.identity.person import Person
from server.log import outside_acts
from server.log.committer import Committer
from server.log.ids import now_ms

MOST_FAULTS: Final = 2_000
"""Faults that are told of one file; beyond it the number alone."""
AT_ONCE: Final = 2_000
"""Rows that are read before others get their turn."""
TYPES: Final = {"xlsx": XLSX, "csv": CSV}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a file is to be read: kind, whose book it is, the mapping by name or its columns, unit of bare amounts."""

    kind: LedgerKind
    source: str
    mapping: str = ""
    columns: tuple[MappedColumn, ...] = ()
    unit: str = ""


@dataclass(slots=True)
class Told:
    """What a file would do, or did. `faults` are sorted by row; `more` how many are not among them."""

    kind: LedgerKind
    file: str = ""
    form: str = ""
    encoding: str = ""
    columns: tuple[MappedColumn, ...] = ()
    rows: int = 0
    new: int = 0
    known: int = 0
    recorded: int = 0
    persons: int = 0
    totals: int = 0
    months: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    more: int = 0

    @property
    def refused(self) -> int:
        """Rows that were not taken over."""
        return len({fault.row for fault in self.faults if fault.row > 1}) + self.more

    def counts(self) -> dict[str, int]:
        """Rows by what becomes of them."""
        return {"new": self.new, "known": self.known, "refused": self.refused}


@dataclass(slots=True)
class _Read:
    plan: Layout | None
    beside: outside_acts.Beside
    told: Told
    digest: bytes
    size: int


class OutsideLedgers:
    """Implements server.web.app.Ledgers on a log that is written here. `store` keeps the files."""

    def __init__(self, committer: Committer, pool: asyncpg.Pool, kept: BlobStore) -> None:
        self._committer = committer
        self._pool = pool
        self._folder = kept.folder
        self._files = OfficeFiles(kept, pool)

    async def take(
        self,
        authority: str,
        path: Path,
        wanted: Wanted,
        who: Who,
        *,
        name: str = "",
        dry_run: bool = False,
        skip_faulty: bool = False,
        progress: Callable[[int, int], None] = lambda _done, _all: None,
    ) -> Told:
        """Read a file, and record what is new in it unless a fault stands against it. Raises TableRefused, Problem."""
        saved = None
        if wanted.mapping and not wanted.columns:
            saved = await outside_acts.mapping_of(self._pool, authority, wanted.kind, wanted.mapping)
            if saved is None:
                raise Problem("not_found", "there is no mapping of that name for this kind of book")
            wanted = Wanted(wanted.kind, wanted.source, wanted.mapping, saved.columns, wanted.unit)
        read = await _read(self._pool, authority, path, wanted, name, progress)
        told, compared = read.told, read.beside.found
        if dry_run or read.plan is None or (told.faults and not skip_faulty):
            return told
        if not compared.new and await self._stands(authority, read):
            return told
        await self._keep(path, read, authority)
        imported = LedgerImported(
            import_id=outside_acts.import_origin(authority, wanted.kind, read.digest, told.columns),
            kind=wanted.kind,
            source=wanted.source,
            file=read.digest,
            size=read.size,
            form="xlsx" if told.form == "xlsx" else "csv",
            encoding=told.encoding or UNSET,
            mapping_id=UNSET if saved is None else saved.mapping_id,
            mapping_version=UNSET if saved is None else saved.version,
            columns=told.columns,
            rows=told.rows,
            taken=told.new,
            known=told.known,
            refused=told.refused,
            first_on=datetime.date.fromisoformat(compared.first) if compared.first else UNSET,
            last_on=datetime.date.fromisoformat(compared.last) if compared.last else UNSET,
            imported_by=who.officer or UNSET,
        )
        told.recorded = await outside_acts.append(
            self._committer, self._pool, authority, imported, compared, who, now_ms(), progress
        )
        return told

    async def import_ledger(
        self, person: Person, content: bytes, name: str, asked: Mapping[str, str], *, dry_run: bool, skip_faulty: bool
    ) -> Told:
        """As `take`, of bytes that a signed-in person sent. A file that cannot be read comes back as one fault."""
        wanted = wanted_of(asked)
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="book-", dir=self._folder))
        try:
            path = folder / "file"
            await asyncio.to_thread(path.write_bytes, content)
            return await self.take(
                person.authority, path, wanted, who_of(person), name=name, dry_run=dry_run, skip_faulty=skip_faulty
            )
        except TableRefused as fault:
            return Told(wanted.kind, name, faults=[Fault(0, "", fault.zh, fault.en)])
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, True)

    async def save_mapping(self, person: Person, kind: str, name: str, columns: str) -> LedgerMappingSaved:
        """A mapping, or its next version. Raises Problem."""
        wanted = wanted_of({"kind": kind, "source": "mapping", "mapping": name, "columns": columns})
        if not wanted.columns or not wanted.mapping:
            raise Problem("bad_request", "expected a name and at least one column")
        return await self.save_columns(person.authority, wanted.kind, wanted.mapping, wanted.columns, who_of(person))

    async def save_columns(
        self, authority: str, kind: LedgerKind, name: str, columns: Sequence[MappedColumn], who: Who
    ) -> LedgerMappingSaved:
        """As `save_mapping`, for whoever runs the command. Raises Problem."""
        mapping = LedgerMappingSaved(
            mapping_id=bytes(16), name=name, kind=kind, version=1, columns=tuple(columns), saved_by=who.officer or UNSET
        )
        return await outside_acts.save_mapping(self._committer, self._pool, authority, mapping, who, now_ms())

    async def decide(
        self, person: Person, kind: str, month: str, key: str, event: bytes, outcome: str, reason: str
    ) -> None:
        """Say whether a row and an act are one thing. Raises Problem."""
        known = kind_of(kind)
        if known is None or not 1 <= len(key) <= 128 or len(event) != 16 or not 1 <= len(reason) <= 500:
            raise Problem("bad_request", "expected a row, an act and a reason of 1 to 500 characters")
        decided = LedgerMatchDecided(
            kind=known, month=month, key=key, event=event,
            outcome="confirmed" if outcome == "confirmed" else "refused", reason=reason, officer=person.officer_id,
        )  # fmt: skip
        await outside_acts.decide_match(
            self._committer, self._pool, person.authority, decided, who_of(person), now_ms()
        )

    async def _stands(self, authority: str, read: _Read) -> bool:
        origin = outside_acts.import_origin(authority, read.told.kind, read.digest, read.told.columns)
        return bool(await outside_acts.acts_of(self._pool, authority, origin, 1))

    async def _keep(self, path: Path, read: _Read, authority: str) -> None:
        """The file under its digest, durable and with its row. Raises Problem conflict where it is another by now."""
        data = await asyncio.to_thread(path.read_bytes)
        if sha256(data).digest() != read.digest:
            raise Problem("conflict", "the file was changed while it was read: take it over again")
        await self._files.keep(authority, data, TYPES[read.told.form])


async def check(path: Path, wanted: Wanted, *, progress: Callable[[int, int], None] = lambda _d, _a: None) -> Told:
    """What can be said of a file without a log. Raises TableRefused."""
    return (await _read(None, "", path, wanted, "", progress)).told


def columns_of(text: str) -> tuple[MappedColumn, ...]:
    """Columns as people write them, one a line: `列名 = 字段` or `列名 = amount 万元`. Raises ValueError: the line."""
    found = []
    for line in text.splitlines():
        if not line.strip():
            continue
        title, sign, rest = line.rpartition("=")
        words = rest.split()
        if not sign or not title.strip() or not 1 <= len(words) <= 2 or words[0] not in FIELDS:
            raise ValueError(line.strip()[:MAX_SHOWN])
        if len(words) == 2 and words[1] not in UNITS:
            raise ValueError(line.strip()[:MAX_SHOWN])
        try:
            found.append(
                msgspec.convert(
                    {"title": title.strip(), "field": words[0], **({"unit": words[1]} if len(words) == 2 else {})},
                    type=MappedColumn,
                )
            )
        except msgspec.ValidationError:
            raise ValueError(line.strip()[:MAX_SHOWN]) from None
    if len(found) > 32 or len({one.field for one in found}) != len(found):
        raise ValueError("")
    return tuple(found)


def wanted_of(asked: Mapping[str, str]) -> Wanted:
    """How a form wants a file read. Raises Problem bad_request."""
    kind = kind_of(asked.get("kind", ""))
    if kind is None:
        raise Problem("bad_request", f"expected a kind of book: {', '.join(KINDS)}")
    source, mapping = asked.get("source", "").strip(), asked.get("mapping", "").strip()
    if not 1 <= len(source) <= 128 or len(mapping) > 128:
        raise Problem("bad_request", "expected whose book it is, in 1 to 128 characters")
    unit = asked.get("unit", "")
    if unit and unit not in UNITS:
        raise Problem("bad_request", "expected 元, 万元 or 亿元 as the unit")
    try:
        columns = columns_of(asked.get("columns", ""))
    except ValueError as fault:
        raise Problem(
            "bad_request",
            f"expected columns one a line, `title = field`, each field once; fields are {', '.join(FIELDS)}",
            line=str(fault),
        ) from None
    return Wanted(kind, source, mapping, columns, unit)


def kind_of(text: str) -> LedgerKind | None:
    """A kind of book by its name on the wire."""
    return next((kind for kind in KINDS if kind == text), None)


async def _read(
    pool: asyncpg.Pool | None,
    authority: str,
    path: Path,
    wanted: Wanted,
    name: str,
    progress: Callable[[int, int], None],
) -> _Read:
    digest, size = await asyncio.to_thread(tables.digest, path)
    beside = outside_acts.Beside(pool, authority, wanted.kind)
    told = Told(wanted.kind, name or path.name)
    with contextlib.ExitStack() as stack:
        # What a spreadsheet holds beside its rows is read before the first of them: others must have their turn.
        opened = await asyncio.to_thread(stack.enter_context, tables.book(path, name=name))
        told.form, told.encoding = opened.form, opened.encoding
        table = opened.tables[0]
        rows = enumerate(table.rows, 1)
        top = await asyncio.to_thread(list, itertools.islice(rows, outside.HEADER_WITHIN))
        plan = outside.layout(
            wanted.kind, [cells for _, cells in top], wanted.columns, unit=wanted.unit, serial_off=opened.serial_off
        )
        if not isinstance(plan, Layout):
            told.faults = plan
            return _Read(None, beside, told, digest, size)
        told.columns = plan.columns()
        reading = Reading()
        data = itertools.chain((one for one in top if one[0] > plan.header), rows)
        found = outside.read_rows(plan, data, reading)
        while batch := await asyncio.to_thread(_batch, found):
            await beside.put(batch)
            progress(batch[-1].n, max(table.whole, batch[-1].n))
    _tell(told, reading, beside)
    return _Read(plan, beside, told, digest, size)


def _batch(found: Iterator[LedgerRow]) -> list[LedgerRow]:
    return list(itertools.islice(found, AT_ONCE))


def _tell(told: Told, reading: Reading, beside: outside_acts.Beside) -> None:
    compared = beside.found
    faults = [
        *reading.faults,
        *(
            Fault(
                row, "", "这一记录以前导入过，内容不同：请核对后由来源单位更正，或在差异处说明",
                "this record was imported before with other content: have its keeper say which is right",
                key.partition(":")[2][:MAX_SHOWN],
            )
            for row, key in compared.changed
        ),
    ]  # fmt: skip
    if not reading.rows and not faults:
        faults.append(Fault(2, "", "表头之下应有数据行", "expected rows below the header"))
    faults.sort(key=lambda fault: fault.row)
    told.rows, told.persons, told.totals = reading.rows, reading.persons, reading.totals
    told.new, told.known = compared.taken, compared.known
    told.months = dict(sorted(Counter({month: len(rows) for month, rows in compared.new.items()}).items()))
    told.faults = faults[:MOST_FAULTS]
    told.more = len({fault.row for fault in faults[MOST_FAULTS:]} - {fault.row for fault in told.faults})


def known_books() -> dict[str, str]:
    """Kinds with their Chinese names, for options of the command."""
    return {kind: BOOKS[kind].zh for kind in KINDS}
