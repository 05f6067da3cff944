"""The published JSON Schemas of the event types, generated from their classes.

`render` gives the files below `schemas/` as bytes and writes nothing; writing is the command line's work. A schema
describes the JSON form of a body (`body_json`): a 16-byte id as UUID text, another binary as lower-case hex, with
`x-msgpack` for the form on the wire. The invariant: `events.lock` holds the SHA-256 of every schema ever published, and
neither a line of it nor the schema behind it ever changes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import msgspec

from schemas.events import REGISTRY, EventType, Registry, list_types

__all__ = ["LOCK", "list_types", "lock_conflicts", "render", "schema_of"]

LOCK: Final = "events.lock"
INDEX: Final = "published/index.json"

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_BINARY: Final[Mapping[str, Mapping[str, object]]] = {
    "bin16": {"format": "uuid", "type": "string"},
    "bin32": {"pattern": "^[0-9a-f]{64}$", "type": "string"},
}
_OF_BASE64: Final = frozenset(("contentEncoding", "maxLength", "minLength", "type"))


def schema_of(event_type: EventType) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the bodies of one type, with texts in zh and en."""
    (reference,), parts = msgspec.json.schema_components((event_type.body,), ref_template="#/$defs/{name}")
    own = reference["$ref"].rpartition("/")[2]
    spec = event_type.body.SPEC
    schema: dict[str, Any] = {
        "$id": f"urn:liuhen:event:{event_type.name}",
        "$schema": _DIALECT,
        **_bare(_published(parts[own])),
        "title": f"{spec.zh} | {spec.en}",
        "description": f"{spec.about_zh} | {spec.about_en}",
        "x-about-tags": list(event_type.tags),
        "x-description": {"en": spec.about_en, "zh": spec.about_zh},
        "x-event-type": event_type.name,
        "x-family": event_type.family,
        "x-origin": event_type.origin,
        "x-title": {"en": spec.en, "zh": spec.zh},
    }
    shared = {name: _bare(_published(part)) for name, part in parts.items() if name != own}
    if shared:
        schema["$defs"] = shared
    return schema


def render(registry: Registry = REGISTRY) -> dict[str, bytes]:
    """Return every generated file, path below `schemas/` -> content: one schema a type, the index and the lock."""
    files = {f"published/{name}.json": _json(schema_of(event_type)) for name, event_type in registry.items()}
    hashes = {name: sha256(files[f"published/{name}.json"]).hexdigest() for name in sorted(registry)}
    index = [
        {**listed, "schema": f"{listed['type']}.json", "sha256": hashes[listed["type"]]}
        for listed in registry.list_types()
    ]
    files[INDEX] = _json(index)
    files[LOCK] = "".join(f"{digest}  {name}\n" for name, digest in hashes.items()).encode()
    return files


def lock_conflicts(committed: str, registry: Registry = REGISTRY) -> tuple[str, ...]:
    """Name the types of a committed lock file whose schema changed or vanished; empty if nothing published was touched.

    Whoever writes the files asks first and refuses if anything is named: a change to a published type is a new version.
    Raises ValueError for a line that is not `<sha256>  <type>`.
    """
    now = _lock_lines(render(registry)[LOCK].decode())
    return tuple(name for name, digest in _lock_lines(committed).items() if now.get(name) != digest)


def _lock_lines(text: str) -> dict[str, str]:
    lines: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        digest, gap, name = line.partition("  ")
        if not gap or len(digest) != 64 or not name:
            raise ValueError(f"{LOCK} line {number}: expected `<sha256>  <type>`, got {line!r}")
        lines[name] = digest
    return lines


def _published(node: Any) -> Any:
    """Turn msgspec's idea of binaries (base64) into ours and drop defaults, which on the wire are absent keys."""
    match node:
        case dict():
            form = _BINARY.get(node.get("x-msgpack", ""), {}) if "contentEncoding" in node else {}
            drop = _OF_BASE64 if form else frozenset(("default",))
            kept = {key: _published(value) for key, value in node.items() if key not in drop}
            return {**kept, **form}
        case list():
            return [_published(item) for item in node]
        case _:
            return node


def _bare(part: dict[str, Any]) -> dict[str, Any]:
    """Drop what comes from class names and docstrings, which may be reworded without changing what is published."""
    kept = {key: value for key, value in part.items() if key not in ("title", "description")}
    kept["required"] = sorted(kept.get("required", []))
    return kept


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
