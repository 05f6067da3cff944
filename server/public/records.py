"""Published records: the search, one record, its tombstone, its proof; as pages and as JSON.

    GET /disclosures                     the search, all of it in the address
    GET /disclosures/{id}                one record for ever: the record, or 410 with reason and day
    GET /api/v1/disclosures              {items, next}
    GET /api/v1/disclosures/{id}         the document and all that happened to it
    GET /api/v1/disclosures/{id}/proof   what "verify this record" checks; `.tlog` as a C2SP file, `/entry` the leaf

Invariant: page and JSON of a record are made from the same bytes, those that the log's entry commits to.
"""

from __future__ import annotations

import asyncio
import base64
import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import segno
from aiohttp import web
from markupsafe import Markup
from msgspec import UNSET, structs

from schemas.problems import Problem
from schemas.published_document import Document, Field, wan_yuan
from server.public import files, frame, proofs, shapes, store
from server.public.search import PARTY_TYPES, ROWS, SORTS, STANDING, SUBJECTS, Search
from server.public.words import KINDS, PAPERS
from server.web.asked import id_of_address
from server.web.languages import language

ENDED_ROWS: Final = 50
NEWEST: Final = 5


@dataclass(frozen=True, slots=True)
class Line:
    """One column of a record as a page shows it: `text` is the value, `fen` the amount instead."""

    code: str
    header: str
    text: str = ""
    fen: int | None = None
    paper: bool = False


async def home(request: web.Request) -> web.Response:
    """The search box, what was published last, and where to go from here."""
    pool = request.app[frame.POOL]
    newest: Sequence[store.Row] = ()
    positions: Sequence[store.Position] = ()
    authorities: Sequence[store.Authority] = ()
    if pool is not None:
        state = await frame.state_of(request)
        newest = (await store.search(pool, Search(rows=ROWS[0]), state)).rows[:NEWEST]
        positions, authorities = state.positions, state.authorities
    logs = await asyncio.to_thread(public_logs, request.app[frame.FOLDER])
    return frame.page(
        request, "public_home.html", newest=newest, positions=positions, authorities=authorities, logs=logs,
        search=Search(), served=pool is not None, subjects=SUBJECTS,
    )  # fmt: skip


async def show_list(request: web.Request) -> web.Response:
    """The search as a page. What was typed wrongly is told beside the form."""
    pool = frame.pool_of(request)
    refused: Problem | None = None
    try:
        wanted = Search.of(request.query)
    except Problem as problem:
        refused, wanted = problem, Search()
    state = await frame.state_of(request)
    found = store.Found((), 0, None) if refused else await store.search(pool, wanted, state)
    told = frame.texts_of(request).gettext(refused.reason) if refused and refused.reason else ""
    answer = frame.page(
        request, "public_list.html", status=400 if refused else 200, changed=None if refused else state.newest,
        search=wanted, found=found, refused=refused, refused_text=told, q=request.query.get("q", "")[:200],
        authorities=state.authorities, positions=state.positions, subjects=SUBJECTS, party_types=PARTY_TYPES,
        standing=STANDING, sorts=SORTS, sizes=ROWS, kinds=KINDS, most=store.MOST_COUNTED,
        next=found.next.at("/disclosures") if found.next else "",
    )  # fmt: skip
    if refused is None:
        answer.headers["Link"] = _list_links(wanted, found, "/disclosures")
    return answer


async def list_json(request: web.Request) -> web.Response:
    """`/api/v1/disclosures`: {items, next}; `next` is the address of the next page, null on the last."""
    pool = frame.pool_of(request)
    wanted = Search.of(request.query)
    state = await frame.state_of(request)
    found = await store.search(pool, wanted, state)
    following = found.next.at("/api/v1/disclosures") if found.next else None
    answer = frame.answer_json(
        request,
        shapes.Items(items=tuple(item(row) for row in found.rows), next=following, count=found.count),
        changed=state.newest,
    )
    answer.headers["Link"] = _list_links(wanted, found, "/api/v1/disclosures")
    return answer


async def show_ended(request: web.Request) -> web.Response:
    """What was taken down, with its public reason."""
    rows, after = await _ended(request)
    return frame.page(
        request, "public_ended.html", rows=rows[:ENDED_ROWS], next=_ended_next(request, rows, "/disclosures/ended"),
        first=after is None, authority=request.query.get("authority", ""),
    )  # fmt: skip


async def ended_json(request: web.Request) -> web.Response:
    """`/api/v1/withdrawals`: {items, next}."""
    rows, _ = await _ended(request)
    following = _ended_next(request, rows, "/api/v1/withdrawals")
    items = tuple(
        shapes.Gone(
            record=str(row.record), url=f"/disclosures/{row.record}", api=f"/api/v1/disclosures/{row.record}",
            authority=row.authority, subject=row.subject, status=row.status, agency=row.agency,
            number=row.document_no or None, on=row.changed_on, reason=row.reason,
        )
        for row in rows[:ENDED_ROWS]
    )  # fmt: skip
    answer = frame.answer_json(request, shapes.Withdrawals(items=items, next=following or None))
    if following:
        answer.headers["Link"] = frame.links(("next", following))
    return answer


async def show_record(request: web.Request) -> web.Response:
    """One record, or the tombstone of one that was taken down (410)."""
    record, history = await _record(request)
    here = f"{frame.base_of(request)}/disclosures/{record.record}"
    names = {one.code: one.name for one in (await frame.state_of(request)).authorities}
    pool = frame.pool_of(request)
    draw = await files.result(pool, record) if record.stands else None
    officers = await files.officers_of(pool, record) if record.stands else None
    answer = frame.page(
        request, "public_record.html" if record.stands else "public_tombstone.html",
        status=200 if record.stands else 410, changed=record.released, record=record, document=record.document,
        lines=lines(record.document), history=history, here=here, code=qr(here),
        authority_name=names.get(record.authority, record.document.agency.name),
        changed_words=_changed(record.document), draw=draw, officers=officers,
        files=files.shown_files(record.document),
    )  # fmt: skip
    api = f"/api/v1/disclosures/{record.record}"
    answer.headers["Link"] = frame.links(("alternate", api), ("describedby", f"{api}/proof"))
    return answer


async def record_json(request: web.Request) -> web.Response:
    """`/api/v1/disclosures/{id}`: the document as it was hashed, its place in the log and its history.

    410 with the tombstone for a record that was taken down.
    """
    record, history = await _record(request)
    told = whole(record, history)
    if not record.stands:
        gone = Problem("gone")
        told = structs.replace(
            told,
            type=gone.type.urn,
            title=gone.type.title_zh if language(request) == "zh" else gone.type.title_en,
            status=gone.type.status,
            detail=_changed(record.document)["reason"],
            code=gone.code,
        )
    answer = frame.answer_json(
        request, told, changed=record.released, status=200 if record.stands else 410,
        content_type="application/json" if record.stands else "application/problem+json",
    )  # fmt: skip
    api = f"/api/v1/disclosures/{record.record}"
    answer.headers["Link"] = frame.links(
        ("alternate", f"/disclosures/{record.record}"), ("describedby", f"{api}/proof")
    )
    return answer


async def proof_json(request: web.Request) -> web.Response:
    """`/{id}/proof`: document, salt, entry, path, checkpoint and key. `?revision=` proves an older entry alone."""
    record, proof, newest = await _proof(request)
    told = proof.shape(record.data if newest else None, record.salt if newest else None)
    answer = frame.answer_json(request, told)
    answer.headers["Link"] = frame.links(
        ("alternate", f"/api/v1/disclosures/{record.record}/proof.tlog"),
        ("item", f"/api/v1/disclosures/{record.record}/entry"),
    )
    return answer


async def proof_tlog(request: web.Request) -> web.Response:
    """`/{id}/proof.tlog`: the same as a C2SP tlog-proof file, for programs that were not written here."""
    record, proof, _ = await _proof(request)
    headers = {"Content-Disposition": f'attachment; filename="{record.record}.tlog-proof"'}
    return frame.data(request, proof.file.text().encode("utf-8"), "text/plain; charset=utf-8", headers=headers)


async def entry_bytes(request: web.Request) -> web.Response:
    """`/{id}/entry`: the log's entry, the leaf that the proof is about. It holds a hash and nothing of the record."""
    record, _ = await _record(request)
    headers = {"Content-Disposition": f'attachment; filename="{record.record}.entry"'}
    return frame.data(request, record.entry, "application/octet-stream", headers=headers, changed=record.released)


async def document_bytes(request: web.Request) -> web.Response:
    """`/{id}/document`: the exact bytes that were hashed, with the salt in a header."""
    record, _ = await _record(request)
    headers = {
        "Content-Disposition": f'attachment; filename="{record.record}.json"',
        "Liuhen-Salt": record.salt.hex(),
    }
    return frame.data(request, record.data, "application/json", headers=headers, changed=record.released)


def item(row: store.Row) -> shapes.Item:
    """A record in a list."""
    return shapes.Item(
        record=str(row.record),
        url=f"/disclosures/{row.record}",
        api=f"/api/v1/disclosures/{row.record}",
        authority=row.authority,
        agency=row.agency,
        subject=row.subject,
        status=row.status,
        party=row.party,
        party_type=row.party_type or None,
        uscc=row.uscc or None,
        number=row.document_no or None,
        kinds=row.kinds,
        fine_fen=row.fine_fen,
        confiscated_fen=row.confiscated_fen,
        decided_on=row.decided_on,
        published_on=row.published_on,
        until=row.until,
        changed_on=row.changed_on,
    )


def whole(record: store.Record, history: Sequence[store.Revision]) -> shapes.Whole:
    """A record: its document, where it stands in the log, what happened to it."""
    return shapes.Whole(
        record=str(record.record),
        url=f"/disclosures/{record.record}",
        proof=f"/api/v1/disclosures/{record.record}/proof",
        authority=record.authority,
        state=record.status,
        document=record.document,
        log=shapes.LogPlace(
            epoch=record.epoch, index=record.position, entry=base64.b64encode(record.entry).decode("ascii")
        ),
        salt=record.salt.hex(),
        released=record.released.astimezone(datetime.UTC),
        history=tuple(
            shapes.Event(
                revision=one.revision, outcome=one.outcome, on=one.day, reason=one.reason, epoch=one.epoch,
                index=one.position,
            )
            for one in history
        ),
    )  # fmt: skip


def lines(document: Document) -> tuple[Line, ...]:
    """The columns of a document in their order."""
    return tuple(_line(field) for field in document.fields)


def amount(field: Field) -> str:
    """What a table prints of a column: the text, or 10,000 yuan."""
    if field.fen is not UNSET:
        return wan_yuan(field.fen)
    return "" if field.value is UNSET else field.value


def qr(text: str) -> Markup:
    """A QR code as SVG for the printed page: no style and no script in it."""
    made = segno.make(text, error="m", micro=False)
    drawn = made.svg_inline(scale=3, border=2, omitsize=True, svgclass="qr", lineclass=None)
    return Markup(drawn)  # noqa: S704 - squares


def public_logs(folder: Path) -> list[tuple[str, str, int]]:
    """(authority, epoch, size of the public checkpoint) of every log that is mirrored."""
    found = []
    for path in sorted((folder / "log" / "v1").glob("*/*/checkpoint")):
        told = path.read_text("utf-8").split("\n")
        found.append((path.parent.parent.name, path.parent.name, int(told[1])))
    return found


async def _record(request: web.Request) -> tuple[store.Record, tuple[store.Revision, ...]]:
    wanted = id_of_address(request)
    pool = frame.pool_of(request)
    record = await store.record(pool, wanted)
    if record is None:
        raise Problem("not_found")
    return record, await store.revisions(pool, wanted)


async def _proof(request: web.Request) -> tuple[store.Record, proofs.Proof, bool]:
    """The record, the proof of one of its entries, and whether that is the newest."""
    record, history = await _record(request)
    epoch, position, entry, newest = record.epoch, record.position, record.entry, True
    asked = request.query.get("revision", "")
    if asked:
        chosen = next((one for one in history if str(one.revision) == asked), None)
        if chosen is None:
            raise Problem("not_found", "this record has no such revision")
        epoch, position, entry = chosen.epoch, chosen.position, chosen.entry
        newest = chosen.position == record.position and chosen.epoch == record.epoch
    place = proofs.Place(record.authority, epoch, position)
    try:
        made = await asyncio.to_thread(proofs.make, request.app[frame.FOLDER], place, entry)
    except proofs.NotYet:
        raise Problem("proof_pending", retry_after=60) from None
    return record, made, newest


async def _ended(request: web.Request) -> tuple[tuple[store.Ended, ...], object]:
    authority = Search.of({"authority": request.query.get("authority", "")}).authority
    after = None
    if text := request.query.get("after", ""):
        instant, _, last = text.partition("~")
        try:
            moment = datetime.datetime.fromisoformat(instant)
            if moment.tzinfo is None:
                raise ValueError
            after = (moment, UUID(last))
        except ValueError:
            raise Problem("bad_cursor") from None
    return await store.ended(frame.pool_of(request), authority or None, after, ENDED_ROWS + 1), after


def _ended_next(request: web.Request, rows: Sequence[store.Ended], path: str) -> str:
    if len(rows) <= ENDED_ROWS:
        return ""
    last = rows[ENDED_ROWS - 1]
    moment = last.released.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")
    chosen = Search.of({"authority": request.query.get("authority", "")})
    joined = "&" if chosen.authority else "?"
    return f"{chosen.at(path)}{joined}after={moment}~{last.record}"


def _list_links(wanted: Search, found: store.Found, path: str) -> str:
    fresh = {"after": None}
    return frame.links(
        ("next", found.next.at(path) if found.next else ""),
        ("first", wanted.at(path, **fresh)),
        ("alternate", wanted.at("/api/v1/disclosures" if path == "/disclosures" else "/disclosures")),
    )


def _line(field: Field) -> Line:
    text = "" if field.value is UNSET else field.value
    fen = None if field.fen is UNSET else field.fen
    return Line(field.code, field.header, text, fen, field.code in PAPERS)


def _changed(document: Document) -> dict[str, str]:
    """Day, reason and ground of the newest change; empty texts where there was none."""
    changed = document.changed
    if changed is UNSET:
        return {"on": "", "reason": "", "ground": ""}
    ground = "" if changed.ground is UNSET else changed.ground
    return {"on": changed.on.isoformat(), "reason": changed.reason, "ground": ground}
