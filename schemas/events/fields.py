"""The kinds of value that a body may hold, each with its form on the wire and its limit.

Every field of every event type is built from these aliases, so that one term has one form everywhere. Lengths of text
count characters (code points), as JSON Schema does; U+0000 is refused because no text column can hold it. The
invariant: nothing here admits nil, a float or a date that does not exist.
"""

from __future__ import annotations

import datetime
from typing import Annotated, Final

from msgspec import Meta

MAX_UINT: Final = 2**53 - 1
"""Largest uint of the wire protocol (section 1): what a double holds exactly, so that browsers can read it."""

_TEXT: Final[dict[str, object]] = {"pattern": r"^[^\u0000]*$"}
"""Published only: the registry checks it in one pass over a body, a regular expression for each field costs more."""


def says(zh: str, en: str, rule: str = "") -> Meta:
    """Describe one field for people, in both languages, with the source of the rule that asks for it.

    The descriptions are published in the JSON Schema of the type; `rule` is an invariant ("INV-05"), an article
    ("WSL 68" = Work Safety Law, "PPL" = Administrative Penalty Law, "ACL" = Administrative Compulsion Law) or empty.
    """
    extra: dict[str, object] = {"x-description": {"en": en, "zh": zh}}
    if rule:
        extra["x-rule"] = rule
    return Meta(description=f"{zh} | {en}", extra_json_schema=extra)


Id = Annotated[bytes, Meta(min_length=16, max_length=16, extra_json_schema={"x-msgpack": "bin16"})]
"""UUIDv7 as 16 raw bytes; 36-character text in JSON and URLs."""

Digest = Annotated[bytes, Meta(min_length=32, max_length=32, extra_json_schema={"x-msgpack": "bin32"})]
"""SHA-256 of a file, a draft or a text; lower-case hex in JSON."""

Key = Annotated[bytes, Meta(min_length=32, max_length=32, extra_json_schema={"x-msgpack": "bin32"})]
"""Public key, Ed25519."""

Private = Annotated[
    bytes, Meta(min_length=32, max_length=32, extra_json_schema={"x-msgpack": "bin32", "x-private": True})
]
"""Commitment to a personal value; the value itself travels sealed beside the envelope and is never in a body."""

Instant = Annotated[int, Meta(ge=-MAX_UINT, le=MAX_UINT)]
"""Milliseconds since 1970-01-01T00:00Z."""

Milliseconds = Annotated[int, Meta(ge=-MAX_UINT, le=MAX_UINT)]
"""A signed length of time."""

LegalDate = datetime.date
"""A date of a legal document or period, "YYYY-MM-DD" on the wire, meant in Asia/Shanghai."""

Fen = Annotated[int, Meta(ge=0, le=MAX_UINT)]
"""Money in fen (1/100 yuan)."""

Count = Annotated[int, Meta(ge=0, le=MAX_UINT)]
"""A number of things or bytes."""

Ref = Annotated[str, Meta(min_length=1, max_length=128, extra_json_schema=_TEXT)]
"""Name of a person, enterprise, place, code or number in the words of its register; never empty."""

DocumentNo = Annotated[str, Meta(min_length=1, max_length=128, extra_json_schema=_TEXT)]
"""Document number exactly as printed, with the brackets that the paper has."""

CertificateNo = Annotated[str, Meta(min_length=1, max_length=30, extra_json_schema=_TEXT)]
"""Number of an enforcement certificate: opaque, unique per issuer, at most 30 characters (handbook 8.8)."""

StepCode = Annotated[str, Meta(min_length=1, max_length=32, pattern="^[A-Za-z0-9_.-]*$")]
"""Code of a procedure step in the recording catalogue of the authority (handbook 4.2)."""

TypeName = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[a-z_]+(\.[a-z_]+)+\.v[0-9]+$(?!\n)")]
"""Event type and version, e.g. `site.entered.v1`, whether or not this registry knows it."""

Line = Annotated[str, Meta(max_length=500, extra_json_schema=_TEXT)]
"""A sentence or two."""

Text = Annotated[str, Meta(max_length=10_000, extra_json_schema=_TEXT)]
"""A passage as it stands in a document; with every other field an envelope still ends at 60,000 bytes."""

MediaType = Annotated[str, Meta(min_length=1, max_length=128, extra_json_schema=_TEXT)]
"""Media type of a file, e.g. "video/mp4"; not parsed."""
