"""Bodies as people write them: the JSON form that the published schemas describe, turned into what goes on the wire.

Ids are UUID text, other binaries hexadecimal; the class of the event type says where binaries stand. Invariant: what
comes out is what `events.body_json` would print again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import inspect

from schemas import events

CORRECTION = "record.correction_submitted.v1"
"""The record that says how an earlier one should be."""


class FormRefused(ValueError):
    """A body in JSON cannot be read; the text names the place and what was expected there."""


def correction(
    event: str, reason: str, changes: Sequence[str], asked: Mapping[str, Any] | None, *, withdraw: bool = False
) -> dict[str, Any]:
    """The body (JSON) of a correction of the record with the id `event`; `changes` are PATH=JSON.

    `asked` is the request that it answers, as the feed told it. Raises FormRefused.
    """
    fields = []
    for one in changes:
        path, equals, value = one.partition("=")
        try:
            json.loads(value)
        except ValueError:
            raise FormRefused(f'expected PATH=JSON, e.g. $.place="x", got {one!r}') from None
        if not equals or not path.startswith("$."):
            raise FormRefused(f"expected a path that begins with $., got {path!r}")
        fields.append({"path": path, "new": value})
    told: dict[str, Any] = {"target_event": event, "reason": reason}
    told["effect"] = "withdrawn" if withdraw else "corrected" if fields else "explained"
    if fields:
        told["field_changes"] = fields
    if asked is not None:
        told |= {name: asked[name] for name in ("asked_in", "review_id") if asked.get(name)}
    return told


def from_json(type_name: str, value: object) -> dict[str, Any]:
    """The body of `type_name` as a map for the wire. An unknown type is taken as it is, without binaries."""
    if not isinstance(value, dict):
        raise FormRefused("expected one JSON object as the body")
    known = events.lookup(type_name)
    return dict(value) if known is None else _read(inspect.type_info(known.body), value, "$")


def _read(node: inspect.Type, value: Any, place: str) -> Any:
    match node:
        case inspect.Metadata():
            return _read(node.type, value, place)
        case inspect.StructType() if isinstance(value, dict):
            types = {each.encode_name: each.type for each in node.fields}
            unknown = sorted(value.keys() - types.keys())
            if unknown:
                raise FormRefused(f"no field {unknown[0]} (at {place}); expected some of {', '.join(sorted(types))}")
            return {name: _read(types[name], item, f"{place}.{name}") for name, item in value.items()}
        case inspect.VarTupleType() | inspect.ListType() if isinstance(value, list):
            return [_read(node.item_type, item, f"{place}[{index}]") for index, item in enumerate(value)]
        case inspect.UnionType():
            return _read(_fitting(node, value), value, place)
        case inspect.BytesType() if isinstance(value, str):
            try:
                return UUID(value).bytes if len(value) == 36 else bytes.fromhex(value)
            except ValueError:
                raise FormRefused(f"expected a UUID or hexadecimal digits (at {place})") from None
        case _:
            return value


def _fitting(node: inspect.UnionType, value: Any) -> inspect.Type:
    """The alternative that a value of JSON can mean; text stands for a binary only where no text is allowed."""
    options = [each.type if isinstance(each, inspect.Metadata) else each for each in node.types]
    kinds: tuple[type[inspect.Type], ...]
    match value:
        case dict():
            kinds = (inspect.StructType,)
        case list():
            kinds = (inspect.VarTupleType,)
        case str():
            kinds = (inspect.StrType, inspect.LiteralType, inspect.DateType, inspect.BytesType)
        case _:
            kinds = ()
    for kind in kinds:
        for each in options:
            if isinstance(each, kind):
                return each
    return inspect.AnyType()
