"""Files that records cite by digest: pools and results of random draws, lists of officers; and a draw to repeat.

    GET /api/v1/disclosures/{id}/files/{digest}   the bytes whose SHA-256 the document holds
    GET /api/v1/draws/{id}                        all that repeats the draw that a record publishes

Invariant: what a page or an answer shows of a file is what the digest in the proven document says; a record that was
taken down has no file.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

import asyncpg
from aiohttp import web

from schemas.problems import Problem
from schemas.published_document import Document
from server.public import frame, store
from server.public.search import Search
from server.web.asked import id_of_address

PROGRAM: Final = "draw.py"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Officer:
    """An enforcement officer as published. Days of validity, both included."""

    name: str
    certificate_no: str
    categories: tuple[str, ...]
    valid_from: datetime.date
    valid_to: datetime.date

    def valid(self, day: datetime.date) -> bool:
        """Whether the certificate holds on a day, as far as the list says."""
        return self.valid_from <= day <= self.valid_to


@dataclass(frozen=True, slots=True)
class Officers:
    """The newest list of an authority: its record, the day that it states, who is on it."""

    record: store.Record
    as_of: datetime.date
    people: tuple[Officer, ...]


async def file(request: web.Request) -> web.Response:
    """One file of a record that stands."""
    digest = request.match_info["digest"]
    record = await _standing(request)
    if not _DIGEST.fullmatch(digest) or digest not in record.document.files():
        raise Problem("not_found", "the record cites no such file")
    data = await store.file(frame.pool_of(request), record.record, digest)
    if data is None:
        raise Problem("not_found")
    kind = "application/json" if data.startswith(b"{") else "text/plain; charset=utf-8"
    name = f"{digest[:16]}.{'json' if data.startswith(b'{') else 'txt'}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return frame.data(request, data, kind, headers=headers, changed=record.released)


async def draw_json(request: web.Request) -> web.Response:
    """`/api/v1/draws/{id}`: what `draw.py` repeats. 404 while the names were not told yet."""
    record = await _standing(request)
    found = await result(frame.pool_of(request), record)
    if found is None:
        raise Problem("not_found", "this record publishes no result of a draw")
    document, pool = record.document, frame.pool_of(request)
    told = dict(found)
    for name, code in (("objects", "SJ_DXMLZY"), ("officers", "SJ_RYMLZY")):
        data = await store.file(pool, record.record, document.value(code))
        told[name] = (data or b"").decode("utf-8").splitlines()
    return frame.answer_json(request, told, changed=record.released)


async def program(request: web.Request) -> web.Response:
    """`/help/draw.py`: thirty lines, Python and its standard library, that repeat a draw."""
    text = (resources.files("server.public") / "verifier" / PROGRAM).read_bytes()
    headers = {"Content-Disposition": f'attachment; filename="{PROGRAM}"'}
    return frame.data(request, text, "text/x-python; charset=utf-8", headers=headers)


async def result(pool: asyncpg.Pool, record: store.Record) -> Mapping[str, Any] | None:
    """The result of the draw that a record publishes, None where it publishes none."""
    return await _json_of(pool, record, "SJ_JGWJ")


async def officers_of(pool: asyncpg.Pool, record: store.Record) -> Officers | None:
    """Who stands on the list that a record publishes, None where it publishes none."""
    found = await _json_of(pool, record, "RY_MDWJ")
    if found is None:
        return None
    people: Sequence[Mapping[str, Any]] = found["officers"]
    return Officers(
        record,
        datetime.date.fromisoformat(record.document.value("RY_RQ")),
        tuple(
            Officer(
                one["name"], one["certificate_no"], tuple(one["categories"]),
                datetime.date.fromisoformat(one["valid_from"]), datetime.date.fromisoformat(one["valid_to"]),
            )
            for one in people
        ),
    )  # fmt: skip


async def newest_officers(pool: asyncpg.Pool, authority: str) -> Officers | None:
    """The newest list of an authority that stands."""
    found = await store.search(pool, Search(authority=authority, subject="officers", sort="decided"))
    record = await store.record(pool, found.rows[0].record) if found.rows else None
    return None if record is None or not record.stands else await officers_of(pool, record)


def shown_files(document: Document) -> tuple[tuple[str, str], ...]:
    """(header of its column, digest) of each file of a document, in the order of the columns."""
    wanted = document.files()
    return tuple((one.header, str(one.value)) for one in document.fields if one.value in wanted)


async def _json_of(pool: asyncpg.Pool, record: store.Record, code: str) -> Mapping[str, Any] | None:
    digest = record.document.value(code)
    data = await store.file(pool, record.record, digest) if digest else None
    if data is None:
        return None
    found: Mapping[str, Any] = json.loads(data)
    return found


async def _standing(request: web.Request) -> store.Record:
    """The record of the address. Raises Problem not_found; gone for one that was taken down."""
    record = await store.record(frame.pool_of(request), id_of_address(request))
    if record is None:
        raise Problem("not_found")
    if not record.stands:
        raise Problem("gone")
    return record
