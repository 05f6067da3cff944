"""What codes mean, in words: notes, incidents, roles, kinds, and the fields and values of event bodies.

English stands here and Chinese in the catalogue; labels of body fields come from the published schemas, which have
both. Invariant: every note and incident of the wire protocol has its sentence (a test compares the lists).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from domain import penalty_kinds
from projections.views import WITHHELD
from schemas.events import REGISTRY, body_json
from schemas.events.body import COMMON
from schemas.publish import schema_of
from server.web.i18n import N_, Texts

NOTES: Final[Mapping[str, str]] = {
    "after_hole": N_("Came in after it had been declared lost."),
    "claim": N_("A terminal says so; only the office can bring this about. It opens no gate."),
    "clock_jump": N_("The terminal's clock jumped by more than 5 minutes before this record."),
    "duplicate_id": N_("Another record has the same id."),
    "epoch_changed": N_("Written under an earlier epoch of the log."),
    "foreign_authority": N_("Refers to another authority."),
    "held": N_("Handed in while the terminal was held; an officer has to look at it."),
    "invalid_body": N_("The content does not fit its type and was not interpreted."),
    "invalid_fields": N_("A field is missing or wrong; the record was kept but not interpreted."),
    "not_canonical": N_("The bytes are not in the agreed form; they were kept but not read."),
    "seq_mismatch": N_("States another number than its place in the chain."),
    "terminal_mismatch": N_("States another terminal than the one that sent it."),
    "unknown_fields": N_("Has fields that this version does not know."),
    "unknown_type": N_("A type that this version does not know yet; kept, and read once the type is known."),
    "unknown_version": N_("A version of the protocol that this server does not know; kept but not read."),
    "unlinked": N_("Stands in its place but does not prove the link to the record before it."),
}
INCIDENTS: Final[Mapping[str, str]] = {
    "blob_corrupt": N_("A stored file no longer has its digest"),
    "blob_lost": N_("A stored file is lost"),
    "fork": N_("The chain of records forked"),
    "fork_claimed": N_("The terminal claims a history that is not in the log"),
    "hole": N_("Records were declared lost"),
    "split_view": N_("The terminal saw a log that differs from this one"),
}
ROLE_NAMES: Final[Mapping[str, str]] = {
    "inspector": N_("Inspector"),
    "unit_head": N_("Head of unit"),
    "legal_reviewer": N_("Legal reviewer"),
    "bureau_head": N_("Head of bureau"),
    "planner": N_("Planner"),
    "discloser": N_("Disclosure officer"),
    "supervisor": N_("Supervisor"),
    "auditor": N_("Auditor"),
    "administrator": N_("Administrator"),
    "security_officer": N_("Security officer"),
}
CUSTODY: Final[Mapping[str, str]] = {
    "captured": N_("captured"),
    "cited": N_("cited by a record"),
    "received": N_("received and verified"),
    "examined": N_("examined by the system"),
    "read": N_("read"),
    "exported": N_("exported with its case"),
    "damaged": N_("found damaged"),
    "named": N_("named by an act"),
}
"""What can happen to a file."""
BLOB_STATES: Final[Mapping[str, str]] = {
    "missing": N_("not arrived yet"),
    "held": N_("here"),
    "corrupt": N_("damaged: not shown, asked for again"),
    "lost": N_("lost: asked for again"),
}
PURPOSES: Final[Mapping[str, str]] = {
    "handling": N_("Handling the case"),
    "legal_review": N_("Legal review"),
    "hearing": N_("Hearing or remedy"),
    "supervision": N_("Supervision"),
    "archive": N_("Archiving"),
}
"""What files are viewed for."""
KIND_NAMES: Final[Mapping[str, str]] = {
    "case": N_("Case"),
    "task": N_("Inspection task"),
    "hazard": N_("Hazard"),
    "enterprise": N_("Enterprise"),
    "document": N_("Document"),
    "plan": N_("Plan"),
    "tip": N_("Tip"),
    "officer": N_("Officer"),
    "evidence": N_("Evidence"),
    "review": N_("Legal review"),
}
VALUE: Final = "value"
"""Context of the words that are values of body fields; their English is the value without its underscores."""
MAX_DEPTH: Final = 16


@dataclass(frozen=True, slots=True)
class Line:
    """One field of a body for a page: `kind` says how `value` is to be shown.

    text: a string · instant, number: an int · withheld: (whether the private value has arrived, its commitment) ·
    lines: a nested map · list: several values, each a Line without label.
    """

    label: str
    kind: str
    value: Any


def enum_values() -> frozenset[str]:
    """Every value of an enumeration in a body, without the kinds of penalty, which have names of their own."""
    found: set[str] = set()

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            found.update(value for value in node.get("enum", ()) if isinstance(value, str))
            for item in node.values():
                walk(item)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    for name in REGISTRY:
        walk(_schema(name))
    return frozenset(found - penalty_kinds.KINDS.keys())


def body_lines(type_name: str, body: Mapping[str, Any], texts: Texts) -> tuple[Line, ...]:
    """The fields of a body with their labels, in the order of the type's schema; a type not known has bare keys."""
    schema = _schema(type_name) if type_name in REGISTRY else {}
    return _lines(body, schema, schema.get("$defs", {}), texts, 0)


@cache
def _schema(type_name: str) -> dict[str, Any]:
    return schema_of(REGISTRY[type_name])


def _lines(
    value: Mapping[str, Any], schema: Mapping[str, Any], parts: Mapping[str, Any], texts: Texts, depth: int
) -> tuple[Line, ...]:
    known = schema.get("properties", {})
    keys = [key for key in known if key in value]
    keys += [key for key in value if key not in known]
    if depth == 0:  # what the act itself says first, then what any act may say
        keys.sort(key=lambda key: key in COMMON and key in known)
    return tuple(_line(key, value[key], known.get(key, {}), parts, texts, depth) for key in keys)


def _line(key: str, value: Any, schema: Mapping[str, Any], parts: Mapping[str, Any], texts: Texts, depth: int) -> Line:
    said = schema.get("x-description", {})
    label = _capital(said.get(texts.language, key)) if said else key
    english = said.get("en", "")
    schema = _resolved(schema, parts)
    match value:
        case {"withheld": commitment} if len(value) <= 2:
            return Line(label, WITHHELD, (bool(value.get("arrived")), str(commitment)))
        case dict() if depth < MAX_DEPTH:
            return Line(label, "lines", _lines(value, schema, parts, texts, depth + 1))
        case list() | tuple() if depth < MAX_DEPTH:
            items = _resolved(schema.get("items", {}), parts)
            return Line(label, "list", tuple(_line("", item, items, parts, texts, depth + 1) for item in value))
        case bool():
            return Line(label, "text", texts.pgettext(VALUE, "yes") if value else texts.pgettext(VALUE, "no"))
        case int() if key.endswith("_fen"):
            # The schema names the unit on the wire; a page shows yuan.
            label = label.removesuffix("（分）").removesuffix(", fen")
            yuan = f"{value // 100:,}.{value % 100:02}"
            return Line(label, "text", texts.gettext("%(amount)s yuan") % {"amount": yuan})
        case int() if english.startswith("instant"):
            return Line(label.removesuffix(", ms"), "instant", value)
        case int():
            return Line(label, "number", value)
        case str() if "enum" in schema and value in schema["enum"]:
            return Line(label, "text", value_word(value, texts))
        case _:
            return Line(label, "text", str(value))


def field_label(type_name: str, path: Sequence[str], texts: Texts) -> str:
    """The label of a field deep inside a body; "*" in `path` is an element of an array. The path itself if unknown."""
    schema: Mapping[str, Any] = _schema(type_name) if type_name in REGISTRY else {}
    parts = schema.get("$defs", {})
    labels = []
    for key in path:
        if key == "*":
            schema = _resolved(schema.get("items", {}), parts)
            continue
        field = schema.get("properties", {}).get(key, {})
        said = field.get("x-description", {})
        labels.append(_capital(said.get(texts.language, key)))
        schema = _resolved(field, parts)
    return " · ".join(labels)


def value_text(value: object) -> str:
    """A personal value as a page shows it: text as it is, anything else in the form of JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(body_json(value), ensure_ascii=False)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _resolved(schema: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        found: Mapping[str, Any] = parts.get(reference.rpartition("/")[2], {})
        return found
    return schema


def value_word(value: str, texts: Texts) -> str:
    """A value of an enumeration in words."""
    if value in penalty_kinds.KINDS:
        kind = penalty_kinds.name(value)
        return kind.zh if texts.language == "zh" else kind.en
    return texts.pgettext(VALUE, value.replace("_", " "))


def note_words(notes: Iterable[str], texts: Texts) -> tuple[tuple[str, str], ...]:
    """(code, sentence) of each note."""
    return tuple((note, texts.gettext(NOTES.get(note, note))) for note in notes)
