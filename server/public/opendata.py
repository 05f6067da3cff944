"""Open data: tables of a search, bulk files, and the descriptions that programs find them by (CSVW, DCAT 3).

Invariant: what a description says of columns comes from the layout that makes them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

from aiohttp import web

from schemas.problems import Problem
from server.public import bulk, frame, store, tables
from server.public.search import Search
from server.public.words import COLUMNS
from server.web.i18n import N_

CHUNK: Final = 256 * 1024
RIGHTS: Final = "http://publications.europa.eu/resource/authority/access-right/PUBLIC"
"""Public information. Under which licence an authority offers it is for the authority to say."""
OWN_TITLES: Final = {
    "record": N_("Id of the record"),
    "status": N_("Status"),
    "authority": N_("Code of the division"),
    "published_on": N_("Published on"),
}
DAYS: Final = frozenset(
    {"CF_JDRQ", "CF_YXQ", "CF_GSJZQ", "JC_RQ", "JC_GSJZQ", "QZ_RQ", "QZ_QX", "QZ_JCRQ", "QZ_GSJZQ", "SJ_CQRQ",
     "SJ_GSJZQ", "RY_RQ", "RY_GSJZQ"}
)  # fmt: skip
FILES: Final = asyncio.Semaphore(2)
"""Spreadsheets that are made at once: each takes a temporary file and a core."""


async def show_data(request: web.Request) -> web.Response:
    """What can be had as data, and how."""
    files = await asyncio.to_thread(bulk.files, request.app[frame.FOLDER])
    pool = request.app[frame.POOL]
    authorities = await store.authorities(pool) if pool is not None else ()
    return frame.page(
        request, "public_data.html", files=files, authorities=authorities, subjects=tuple(tables.layouts())
    )


async def table_csv(request: web.Request) -> web.StreamResponse:
    """`/disclosures.csv`: the search as a table, streamed. `?bom=1` puts a byte order mark first."""
    bom = request.query.get("bom", "0")
    if bom not in ("0", "1"):
        raise Problem("bad_request", "expected bom to be 0 or 1")
    wanted, layout = tables.layout_of(replace(Search.of(request.query), after=None))
    pool = frame.pool_of(request)
    answer = web.StreamResponse(headers=_headers("text/csv; charset=utf-8; header=present", f"{wanted.subject}.csv"))
    answer.headers["Link"] = frame.links(("describedby", f"/data/{wanted.subject}.csv-metadata.json"))
    async with store.documents(pool, wanted) as chunks:
        return await _send(request, answer, tables.csv_chunks(chunks, layout, bom=bom == "1"))


async def table_xlsx(request: web.Request) -> web.StreamResponse:
    """`/disclosures.xlsx`: the search as a spreadsheet."""
    wanted, layout = tables.layout_of(replace(Search.of(request.query), after=None))
    pool = frame.pool_of(request)
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    async with FILES, store.documents(pool, wanted) as chunks, tables.spreadsheet(chunks, layout) as file:

        async def pieces() -> AsyncIterator[bytes]:
            while piece := await asyncio.to_thread(file.read, CHUNK):
                yield piece

        answer = web.StreamResponse(headers=_headers(kind, f"{wanted.subject}.xlsx"))
        return await _send(request, answer, pieces())


async def bulk_file(request: web.Request) -> web.StreamResponse:
    """`/data/{month}/{name}`: a bulk file. Tables never change; the list of digests grows."""
    month, name = request.match_info["month"], request.match_info["name"]
    if not bulk.MONTH.fullmatch(month) or not bulk.NAME.fullmatch(name):
        raise Problem("not_found")
    path = request.app[frame.FOLDER] / "data" / month / name
    if not await asyncio.to_thread(path.is_file):
        raise Problem("not_found")
    answer = web.FileResponse(path)
    sums = name in (bulk.SUMS, bulk.SIGNED)
    answer.headers["Content-Type"] = "text/plain; charset=utf-8" if sums else "text/csv; charset=utf-8; header=present"
    answer.headers["Cache-Control"] = frame.CACHE if sums else "public, max-age=31536000, immutable"
    answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer


async def csv_metadata(request: web.Request) -> web.Response:
    """`/data/{subject}.csv-metadata.json`: CSVW of a table: titles in both languages, datatype, primary key, unit."""
    subject = request.match_info["subject"]
    layout = tables.layouts().get(subject)
    if layout is None:
        raise Problem("not_found")
    columns: list[dict[str, Any]] = [
        {
            "name": name,
            "titles": {"zh": header, "en": OWN_TITLES[name]},
            "datatype": "date" if name == "published_on" else "string",
            "required": True,
        }
        for name, header in tables.OWN
    ]
    for one in layout.columns:
        column: dict[str, Any] = {"name": one.code, "titles": {"zh": one.header, "en": COLUMNS.get(one.code, one.code)}}
        column["datatype"] = "decimal" if one.money else "string"
        column["null"] = ""
        if one.money:
            column["dc:description"] = "unit: 10,000 yuan (万元)"
        if one.code in DAYS:
            column["dc:description"] = "a day, YYYY-MM-DD; as printed where the document says otherwise"
        columns.append(column)
    told = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "zh"}],
        "url": f"/disclosures.csv?subject={subject}",
        "dc:title": layout.name,
        "dialect": {"encoding": "utf-8", "header": True, "lineTerminators": ["\r\n"], "doubleQuote": True},
        "tableSchema": {"columns": columns, "primaryKey": "record"},
        "notes": [
            (
                "A cell that a spreadsheet would take for a formula (it begins with = + - @, a tab, a line end or an "
                "apostrophe) has one apostrophe more in front: remove it."
            )
        ],
    }
    return frame.answer_json(request, told, content_type="application/csvm+json")


async def catalogue(request: web.Request) -> web.Response:
    """`/data/catalog.jsonld`: DCAT 3, with the newest bulk files and the interface for programs."""
    base = frame.base_of(request)
    files = await asyncio.to_thread(bulk.files, request.app[frame.FOLDER])
    pool = request.app[frame.POOL]
    authorities = await store.authorities(pool) if pool is not None else ()
    newest = await store.last_release(pool) if pool is not None else None
    datasets = [
        _dataset(base, subject, [one for one in files if one.subject == subject]) for subject in tables.layouts()
    ]
    publishers = [
        {"@type": "foaf:Agent", "foaf:name": one.name, "dct:identifier": one.uscc or one.code} for one in authorities
    ]
    for one in datasets:
        one["dct:publisher"] = publishers
        if newest is not None:
            one["dct:modified"] = {"@type": "xsd:dateTime", "@value": newest.isoformat(timespec="seconds")}
    told = {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "foaf": "http://xmlns.com/foaf/0.1/",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@id": f"{base}/data/catalog.jsonld",
        "@type": "dcat:Catalog",
        "dct:title": [
            {"@language": "zh", "@value": "安全生产执法公示数据"},
            {"@language": "en", "@value": "Disclosure of work-safety enforcement"},
        ],
        "dct:language": ["zh", "en"],
        "foaf:homepage": {"@id": f"{base}/"},
        "dcat:dataset": datasets,
        "dcat:service": {
            "@type": "dcat:DataService",
            "dct:title": "disclosures",
            "dcat:endpointURL": {"@id": f"{base}/api/v1/disclosures"},
            "dcat:endpointDescription": {"@id": f"{base}/api/v1/openapi.json"},
        },
    }
    return frame.answer_json(request, told, content_type="application/ld+json", changed=newest)


def _dataset(base: str, subject: str, files: list[bulk.BulkFile]) -> dict[str, Any]:
    """A dataset and its distributions: the live table, the spreadsheet, the interface, the bulk files."""
    live = [
        ("text/csv", f"{base}/disclosures.csv?subject={subject}"),
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            f"{base}/disclosures.xlsx?subject={subject}",
        ),
        ("application/json", f"{base}/api/v1/disclosures?subject={subject}"),
    ]
    distributions: list[dict[str, Any]] = [_distribution(f"{base}/data", address, kind) for kind, address in live]
    for one in files[:62]:
        made = _distribution(f"{base}/data", base + one.path, "text/csv")
        made["dct:title"] = one.name
        made["dcat:byteSize"] = one.size
        made["spdx:checksum"] = {
            "@type": "spdx:Checksum", "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": one.sha256,
        }  # fmt: skip
        distributions.append(made)
    titles = {
        "penalty": ("行政处罚信息", "Administrative penalties"),
        "inspection": ("行政检查结果", "Inspection results"),
        "compulsory_measure": ("行政强制信息", "Compulsory measures"),
        "random_selection": ("双随机抽查", "Random inspections"),
        "officers": ("执法人员名单", "Enforcement officers"),
    }
    zh, en = titles.get(subject, (subject, subject))
    return {
        "@id": f"{base}/data#{subject}",
        "@type": "dcat:Dataset",
        "dct:title": [{"@language": "zh", "@value": zh}, {"@language": "en", "@value": en}],
        "dct:identifier": subject,
        "dct:accessRights": {"@id": RIGHTS},
        "dct:accrualPeriodicity": {"@id": "http://purl.org/cld/freq/daily"},
        "dct:spatial": {"@id": "http://publications.europa.eu/resource/authority/country/CHN"},
        "dct:conformsTo": {"@id": f"{base}/data/{subject}.csv-metadata.json"},
        "dcat:distribution": distributions,
    }


def _distribution(page: str, address: str, kind: str) -> dict[str, Any]:
    return {
        "@type": "dcat:Distribution",
        "dcat:accessURL": {"@id": page},
        "dcat:downloadURL": {"@id": address},
        "dcat:mediaType": kind,
    }


def _headers(kind: str, name: str) -> dict[str, str]:
    return {
        "Content-Type": kind,
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": frame.CACHE,
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }


async def _send(request: web.Request, answer: web.StreamResponse, pieces: AsyncIterator[bytes]) -> web.StreamResponse:
    """Stream, at the pace of the reader. Nothing is prepared before the first piece, so a refusal is still one."""
    first = await anext(pieces)
    await answer.prepare(request)
    if request.method != "HEAD":
        await answer.write(first)
        async for piece in pieces:
            await answer.write(piece)
    await answer.write_eof()
    return answer
