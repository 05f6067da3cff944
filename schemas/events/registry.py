"""The closed registry of event types: the only way from a type string to a class.

A registry is built from a plain tuple of classes, so its content depends on nothing but that tuple; text from outside
is looked up, never imported. The invariant: whatever `decode_body` returns satisfies its class, and whatever it refuses
is refused with `InvalidBody`, which names the place and never repeats the value found there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeAlias, TypedDict

import msgspec
from msgspec import inspect

from schemas import typed
from schemas.events.body import Body, Origin, Spec

TYPE_PATTERN: Final = re.compile(r"[a-z_]+(?:\.[a-z_]+)+\.v[0-9]+", re.ASCII)
MAX_TYPE_LENGTH: Final = 64

Path: TypeAlias = tuple[str, ...]
"""Where a field is inside a body; "*" stands for every element of an array."""


class InvalidBody(ValueError):
    """A body that is not of its type. `path` is like "$.results[0].hazard_id", `reason` says what was expected."""

    def __init__(self, type_name: str, path: str, reason: str) -> None:
        """Keep type, path and reason apart, so that a page can translate the sentence around them."""
        super().__init__(f"the body is not a {type_name}: {reason} (at {path}); see schemas/published/{type_name}.json")
        self.type_name = type_name
        self.path = path
        self.reason = reason


class Listed(TypedDict):
    """One line of `liuhen schemas --json`."""

    type: str
    family: str
    origin: str
    title: dict[str, str]


@dataclass(frozen=True)
class EventType:
    """One type and version. `tags` are the kinds of `about` it usually carries, `step` is the code of its step."""

    name: str
    family: str
    origin: Origin
    title_zh: str
    title_en: str
    body: type[Body]
    tags: tuple[str, ...]
    step: str
    decoder: msgspec.msgpack.Decoder[Body]

    @cached_property
    def private(self) -> tuple[Path, ...]:
        """Where commitments stand. Looked up when it is asked for first: for all types it takes longer than a start."""
        return tuple(_private_paths(inspect.type_info(self.body), ()))

    @property
    def office_only(self) -> bool:
        """True if a terminal can only claim such a fact (note `claim`)."""
        return self.origin == "office"

    def decode(self, data: bytes | bytearray | memoryview) -> Body:
        """Read MessagePack bytes of a body; their canonical form was checked with the envelope that holds them.

        Raises InvalidBody.
        """
        try:
            return self.decoder.decode(data)
        except msgspec.DecodeError as error:  # ValidationError is one of them
            raise _invalid(self.name, str(error)) from None
        except UnicodeDecodeError:
            raise InvalidBody(self.name, "$", "expected valid UTF-8") from None
        except RecursionError:
            raise InvalidBody(self.name, "$", "expected at most 16 containers around a value") from None

    @cached_property
    def _many(self) -> msgspec.msgpack.Decoder[list[Body]]:
        return msgspec.msgpack.Decoder(list[self.body])  # type: ignore[name-defined]

    def decode_all(self, data: bytes) -> list[Body]:
        """Read the MessagePack bytes of an array of bodies, as `decode` each. Raises msgspec.DecodeError, ValueError,
        RecursionError: which body it was has to be found one by one.
        """
        return self._many.decode(data)

    def commitments(self, body: Body) -> tuple[bytes, ...]:
        """Return the commitments to private values in a body, in the order of its fields, without repetition."""
        found: dict[bytes, None] = {}
        for path in self.private:
            if getattr(body, path[0]) is not msgspec.UNSET:
                for value in _values_at(body, path):
                    found[value] = None
        return tuple(found)


class Registry(Mapping[str, EventType]):
    """A frozen mapping from type string to EventType, in the order of the classes given.

    A registry that knows more is a new one: `Registry((*REGISTRY.classes, Newer))`. Raises ValueError on a malformed or
    repeated name, or on a class that is not a Body with a SPEC.
    """

    __slots__ = ("_types", "classes")

    def __init__(self, classes: Sequence[type[Body]]) -> None:
        """Build one decoder for each class; nothing else is ever added."""
        types: dict[str, EventType] = {}
        for cls in classes:
            event_type = _event_type(cls)
            if event_type.name in types:
                raise ValueError(f"two classes for the event type {event_type.name}: a type has one class for ever")
            types[event_type.name] = event_type
        self.classes: Final = tuple(classes)
        self._types: Final = types

    def __getitem__(self, name: str) -> EventType:
        """Return the type of that name. Raises KeyError."""
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names."""
        return iter(self._types)

    def __len__(self) -> int:
        """Count the types."""
        return len(self._types)

    def lookup(self, name: str) -> EventType | None:
        """Return the type of that name, or None: the event is then recorded and shown as not yet understood."""
        return self._types.get(name)

    def decode_body(self, name: str, body: Mapping[str, object] | bytes | bytearray | memoryview) -> Body:
        """Read a body of a registered type, given as its MessagePack bytes or as the decoded map.

        Raises KeyError for a type that is not registered (ask `lookup` first) and InvalidBody.
        """
        event_type = self._types[name]
        if not isinstance(body, Mapping):
            return event_type.decode(body)
        # Both forms go through the one decoder, so that they can never be judged differently.
        try:
            data = encode_canonical(body)
        except (TypeError, ValueError, OverflowError, RecursionError) as error:
            raise InvalidBody(name, "$", "expected a map of strings, integers, binaries, arrays and maps") from error
        return event_type.decode(data)

    def list_types(self) -> list[Listed]:
        """List the types for people and scripts, sorted by family and name."""
        return [
            {"type": t.name, "family": t.family, "origin": t.origin, "title": {"zh": t.title_zh, "en": t.title_en}}
            for t in sorted(self._types.values(), key=lambda t: (t.family, t.name))
        ]


def encode_canonical(body: Body | Mapping[str, object]) -> bytes:
    """Encode a body as MessagePack with keys in ascending order. Optional fields that are absent are omitted."""
    return typed.encode(body)


def body_json(body: object) -> Any:
    """Give a body the form that the published JSON Schemas describe: ids as UUID text, other binaries as hex."""
    return _json_form(msgspec.to_builtins(body, builtin_types=(bytes,), str_keys=True))


def _json_form(value: Any) -> Any:
    match value:
        case bytes():
            text = value.hex()
            if len(value) != 16:
                return text
            return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
        case dict():
            return {key: _json_form(item) for key, item in value.items()}
        case list() | tuple():
            return [_json_form(item) for item in value]
        case _:
            return value


def _event_type(cls: type[Body]) -> EventType:
    spec: Spec | None = getattr(cls, "SPEC", None)
    if spec is None:
        raise ValueError(f"expected a subclass of Body with a SPEC, got {cls!r}")
    if len(spec.name) > MAX_TYPE_LENGTH or TYPE_PATTERN.fullmatch(spec.name) is None:
        raise ValueError(f"expected a type like `site.entered.v1`, got {spec.name!r}")
    return EventType(
        name=spec.name,
        family=spec.family,
        origin=spec.origin,
        title_zh=spec.zh,
        title_en=spec.en,
        body=cls,
        tags=spec.tags,
        step=spec.step,
        decoder=msgspec.msgpack.Decoder(cls),
    )


def _private_paths(node: inspect.Type, path: Path) -> Iterator[Path]:
    match node:
        case inspect.Metadata():
            if (node.extra_json_schema or {}).get("x-private") is True:
                yield path
            else:
                yield from _private_paths(node.type, path)
        case inspect.StructType():
            for field in node.fields:
                yield from _private_paths(field.type, (*path, field.encode_name))
        case inspect.VarTupleType():
            yield from _private_paths(node.item_type, (*path, "*"))
        case inspect.UnionType():
            for option in node.types:
                yield from _private_paths(option, path)
        case _:
            return


def _values_at(value: Any, path: Path) -> Iterator[bytes]:
    if value is msgspec.UNSET:
        return
    if not path:
        yield value
    elif path[0] == "*":
        for item in value:
            yield from _values_at(item, path[1:])
    else:
        yield from _values_at(getattr(value, path[0]), path[1:])


def _invalid(name: str, message: str) -> InvalidBody:
    """Split the decoder's message into reason and path, and drop the value that it quotes for an unknown choice."""
    reason, _, place = message.partition(" - at ")
    if reason.startswith("Invalid enum value"):
        reason = "expected one of the listed values"
    return InvalidBody(name, place.replace("`", "") or "$", reason[:1].lower() + reason[1:])
