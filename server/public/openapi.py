"""OpenAPI 3.1 of the interface for programs, made from the types that the answers are made of.

Invariant: every data route of the table is described, and its answers by the type that it answers with (a test
compares the two).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import msgspec
from aiohttp import web

from server.public import frame, shapes
from server.public.search import PARTY_TYPES, ROWS, SORTS, STANDING, SUBJECTS

REF: Final = "#/components/schemas/{name}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One address: what it is for, its parameters, and what it answers with (a type, or a media type)."""

    path: str
    id: str
    summary: str
    answers: type | None = None
    media: str = "application/json"
    parameters: tuple[str, ...] = ()
    also: tuple[int, ...] = ()


SEARCH: Final = ("q", "authority", "subject", "kind", "party_type", "from", "to", "status", "sort", "rows", "after")
WITHOUT_PAGE: Final = SEARCH[:-2]
OPERATIONS: Final = (
    Operation("/api/v1/disclosures", "search", "Search published records", shapes.Items, parameters=SEARCH,
              also=(400,)),
    Operation("/api/v1/disclosures/{id}", "record", "One record, or its tombstone", shapes.Whole, parameters=("id",),
              also=(404, 410)),
    Operation("/api/v1/disclosures/{id}/proof", "proof", "What verifies a record", shapes.ProofShape,
              parameters=("id", "revision"), also=(404, 503)),
    Operation("/api/v1/disclosures/{id}/proof.tlog", "proof_file", "The proof as a C2SP tlog-proof file",
              media="text/plain", parameters=("id", "revision"), also=(404, 503)),
    Operation("/api/v1/disclosures/{id}/entry", "entry", "The entry of the log, the leaf of the proof",
              media="application/octet-stream", parameters=("id",), also=(404,)),
    Operation("/api/v1/disclosures/{id}/document", "document", "The bytes that were hashed",
              media="application/json", parameters=("id",), also=(404,)),
    Operation("/api/v1/disclosures/{id}/files/{digest}", "file", "A file that a record cites by its SHA-256",
              media="application/octet-stream", parameters=("id", "digest"), also=(404, 410)),
    Operation("/api/v1/draws/{id}", "draw", "All that repeats the random draw that a record publishes", shapes.Draw,
              parameters=("id",), also=(404, 410)),
    Operation("/api/v1/withdrawals", "withdrawals", "What was taken down", shapes.Withdrawals,
              parameters=("authority", "after"), also=(400,)),
    Operation("/api/v1/authorities", "authorities", "Who publishes here", shapes.Authorities),
    Operation("/api/v1/authorities/{code}", "authority", "What an authority publishes beside records",
              shapes.AuthorityWhole, parameters=("code",), also=(404,)),
    Operation("/api/v1/statistics", "statistics", "Figures by year", shapes.Statistics, parameters=("authority",)),
    Operation("/disclosures.csv", "csv", "A search as CSV", media="text/csv", parameters=(*WITHOUT_PAGE, "bom"),
              also=(400,)),
    Operation("/disclosures.xlsx", "xlsx", "A search as XLSX", parameters=WITHOUT_PAGE, also=(400, 413),
              media="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    Operation("/feed.atom", "atom", "The newest of a search", media="application/atom+xml", parameters=WITHOUT_PAGE,
              also=(400,)),
    Operation("/feed.json", "json_feed", "The newest of a search", media="application/feed+json",
              parameters=WITHOUT_PAGE, also=(400,)),
    Operation("/data/catalog.jsonld", "catalogue", "DCAT 3 catalogue", media="application/ld+json"),
    Operation("/data/{subject}.csv-metadata.json", "csv_metadata", "CSVW of a table", media="application/csvm+json",
              parameters=("subject_path",), also=(404,)),
    Operation("/data/{month}/{name}", "bulk_file", "A bulk file", media="text/csv", parameters=("month", "name"),
              also=(404,)),
    Operation("/log/v1/{authority}/{epoch}/checkpoint", "checkpoint", "Public checkpoint of a log",
              media="text/plain", parameters=("log_authority", "epoch"), also=(404,)),
    Operation("/log/v1/{authority}/{epoch}/key", "log_key", "Verifier key of a log", media="text/plain",
              parameters=("log_authority", "epoch"), also=(404,)),
    Operation("/log/v1/{authority}/{epoch}/tile/{tile}", "tile", "Hash tile of a log (C2SP tlog-tiles)",
              media="application/octet-stream", parameters=("log_authority", "epoch", "tile"), also=(404,)),
)  # fmt: skip
PARAMETERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "q": {"in": "query", "schema": {"type": "string", "maxLength": 200},
          "description": "words that must all occur in the name, the social credit code or the number"},
    "authority": {"in": "query", "schema": {"type": "string"}, "description": "code of a division"},
    "subject": {"in": "query", "schema": {"type": "string", "enum": list(SUBJECTS)}},
    "kind": {"in": "query", "schema": {"type": "string", "pattern": "^P[0-9]{2}$"}, "description": "kind of penalty"},
    "party_type": {"in": "query", "schema": {"type": "string", "enum": list(PARTY_TYPES)}},
    "from": {"in": "query", "schema": {"type": "string", "format": "date"}, "description": "first day of the decision"},
    "to": {"in": "query", "schema": {"type": "string", "format": "date"}, "description": "last day of the decision"},
    "status": {"in": "query", "schema": {"type": "string", "enum": list(STANDING)}},
    "sort": {"in": "query", "schema": {"type": "string", "enum": list(SORTS)}},
    "rows": {"in": "query", "schema": {"type": "integer", "enum": list(ROWS)}},
    "after": {"in": "query", "schema": {"type": "string"}, "description": "from `next`; take it as it is"},
    "bom": {"in": "query", "schema": {"type": "string", "enum": ["0", "1"]}, "description": "1: byte order mark first"},
    "revision": {"in": "query", "schema": {"type": "integer", "minimum": 1}, "description": "an older revision"},
    "id": {"in": "path", "schema": {"type": "string", "format": "uuid"}},
    "digest": {"in": "path", "schema": {"type": "string", "pattern": "^[0-9a-f]{64}$"}},
    "code": {"in": "path", "schema": {"type": "string"}},
    "subject_path": {"in": "path", "name": "subject", "schema": {"type": "string"}},
    "month": {"in": "path", "schema": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"}},
    "name": {"in": "path", "schema": {"type": "string"}},
    "log_authority": {"in": "path", "name": "authority", "schema": {"type": "string"}},
    "epoch": {"in": "path", "schema": {"type": "integer", "minimum": 1}},
    "tile": {"in": "path", "schema": {"type": "string"}, "description": "<level>/<number>, as tlog-tiles writes it"},
}  # fmt: skip


async def show(request: web.Request) -> web.Response:
    """`/api/v1/openapi.json`."""
    return frame.answer_json(request, {**described(), "servers": [{"url": frame.base_of(request)}]})


@cache
def described() -> dict[str, Any]:
    """The description without the address of the server."""
    types: Sequence[type] = [*{one.answers: None for one in OPERATIONS if one.answers is not None}, shapes.ProblemShape]
    schemas, components = msgspec.json.schema_components(types, ref_template=REF)
    by_type = dict(zip(types, schemas, strict=True))
    problem = by_type[shapes.ProblemShape]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Disclosure of work-safety enforcement 安全生产执法公示",
            "version": "1",
            "description": "Read-only, without sign-in. Lists are paged by `next` and Link; answers carry an ETag.",
        },
        "paths": {one.path: {"get": _operation(one, by_type, problem)} for one in OPERATIONS},
        "components": {"schemas": components},
    }


def _operation(one: Operation, by_type: Mapping[type, Any], problem: Any) -> dict[str, Any]:
    schema: dict[str, Any] = by_type[one.answers] if one.answers is not None else {}
    responses: dict[str, Any] = {
        "200": {"description": one.summary, "content": {one.media: {"schema": schema} if schema else {}}},
        "304": {"description": "the client holds it already (If-None-Match)"},
        "429": {"description": "too many requests: see Retry-After", "content": _problem(problem)},
    }
    for status in one.also:
        gone = {"description": "taken down: the tombstone", "content": {"application/problem+json": {"schema": schema}}}
        responses[str(status)] = gone if status == 410 else {"description": "refused", "content": _problem(problem)}
    parameters = []
    for name in one.parameters:
        known = dict(PARAMETERS[name])
        named = str(known.pop("name", name))
        parameters.append({"name": named, "required": known["in"] == "path", **known})
    return {"operationId": one.id, "summary": one.summary, "parameters": parameters, "responses": responses}


def _problem(schema: Any) -> dict[str, Any]:
    return {"application/problem+json": {"schema": schema}}
