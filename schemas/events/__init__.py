"""Event types: what a terminal or the office can report, one frozen class for each type and version.

`REGISTRY` is closed: it is built from the `TYPES` of the modules named below and from nothing else. A new type is a
class in one of them and its name in `TYPES`; schema and lock line are generated (`liuhen schemas --write`).
The invariant: a published type never changes; what must change becomes the next version (schemas/events.lock).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from schemas.events import (
    accident,
    appraisal,
    archive,
    case,
    certificate,
    comment,
    compulsory,
    correction,
    custody,
    decision,
    disclosure,
    discussion,
    document,
    document_number,
    draft,
    enterprise,
    evidence,
    execution,
    export,
    filing,
    hazard,
    hearing,
    inspection_record,
    interview,
    major_hazard,
    on_site,
    on_site_measure,
    on_spot,
    outside_ledger,
    oversight,
    payment,
    penalty,
    plan,
    power_cut,
    preservation,
    rectification,
    recusal,
    remedy,
    review,
    rule_set,
    signals,
    task,
    terminal,
    tip,
    transfer,
)
from schemas.events.body import Act, Body, Origin, Part, Spec
from schemas.events.registry import EventType, InvalidBody, Listed, Registry, body_json, encode_canonical

__all__ = [
    "BUILT_IN",
    "REGISTRY",
    "Act",
    "Body",
    "EventType",
    "InvalidBody",
    "Listed",
    "Origin",
    "Part",
    "Registry",
    "Spec",
    "body_json",
    "decode_body",
    "encode_canonical",
    "list_types",
    "lookup",
]

_MODULES: Final = (
    terminal,
    certificate,
    enterprise,
    rule_set,
    document_number,
    plan,
    task,
    on_site,
    evidence,
    custody,
    appraisal,
    interview,
    hazard,
    inspection_record,
    on_site_measure,
    rectification,
    major_hazard,
    case,
    penalty,
    review,
    comment,
    document,
    filing,
    recusal,
    preservation,
    compulsory,
    power_cut,
    draft,
    hearing,
    discussion,
    decision,
    on_spot,
    payment,
    execution,
    transfer,
    remedy,
    archive,
    disclosure,
    tip,
    accident,
    oversight,
    outside_ledger,
    correction,
    export,
    signals,
)

BUILT_IN: Final[tuple[type[Body], ...]] = tuple(cls for module in _MODULES for cls in module.TYPES)

REGISTRY: Final = Registry(BUILT_IN)


def lookup(name: str) -> EventType | None:
    """Return the built-in type of that name, or None."""
    return REGISTRY.lookup(name)


def decode_body(name: str, body: Mapping[str, object] | bytes | bytearray | memoryview) -> Body:
    """Read a body of a built-in type. Raises KeyError for an unknown type and InvalidBody."""
    return REGISTRY.decode_body(name, body)


def list_types() -> list[Listed]:
    """List the built-in types: type, family, origin and title in zh and en, sorted by family and name."""
    return REGISTRY.list_types()
