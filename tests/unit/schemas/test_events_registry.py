"""The closed registry: what it knows, what it refuses, and how it learns a type."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import (
    BUILT_IN,
    REGISTRY,
    Act,
    Body,
    InvalidBody,
    Registry,
    Spec,
    body_json,
    decode_body,
    list_types,
)
from schemas.events.on_site import SiteEntered
from tests.support.event_vectors import OFFICE

VECTORS = Path(__file__).parents[2] / "vectors"

FAMILIES = [f"E{n:02}" for n in range(1, 51)]


def spec(name: str) -> Spec:
    return Spec(name=name, family="E13", origin="field", zh="中", en="en", about_zh="中。", about_en="En.")


class Newer(Act, frozen=True, kw_only=True, omit_defaults=True):
    SPEC: ClassVar = spec("from.the.future.v9")
    x: tuple[Any, ...]


def unmarked(value: Any) -> Any:
    """Vector JSON to Python: {"$bin": hex} is bytes."""
    if isinstance(value, dict):
        return bytes.fromhex(value["$bin"]) if set(value) == {"$bin"} else {k: unmarked(v) for k, v in value.items()}
    return [unmarked(item) for item in value] if isinstance(value, list) else value


def test_every_family_has_a_type() -> None:
    assert sorted({t.family for t in REGISTRY.values()}) == FAMILIES


def test_what_only_the_office_can_bring_about_is_an_office_type() -> None:
    assert {name for name, kind in REGISTRY.items() if kind.origin == "office"} == OFFICE
    assert all(REGISTRY[name].office_only for name in OFFICE)


@pytest.mark.parametrize(
    ("name", "required", "optional"),
    [
        (
            "terminal.enrolled.v1",
            {"authority", "event_key", "genesis", "info", "request_key", "terminal"},
            {"replaces"},
        ),
        ("terminal.revoked.v1", {"declared", "reason", "terminal"}, set()),
        ("terminal.released.v1", {"reason", "terminal"}, set()),
        ("terminal.fork_resolved.v1", {"branch", "terminal"}, set()),
    ],
)
def test_the_office_types_of_the_wire_protocol_have_exactly_its_fields(
    name: str, required: set[str], optional: set[str]
) -> None:
    fields = msgspec.structs.fields(REGISTRY[name].body)

    assert {f.name for f in fields if f.required} == required
    assert {f.name for f in fields if not f.required} == optional


def test_the_enrolment_entry_and_envelopes_of_the_known_answers_fit_their_types() -> None:
    known = json.loads((VECTORS / "wire" / "envelopes.json").read_bytes())
    fitting = []
    for vector in known["envelopes"]:
        body = unmarked(vector["value"]["body"])
        if REGISTRY.lookup(vector["value"]["type"]) is not None:
            read = decode_body(vector["value"]["type"], body)
            assert msgspec.msgpack.decode(msgspec.msgpack.encode(read)) == body
            fitting.append(vector["value"]["type"])

    assert fitting == ["site.entered.v1", "evidence.captured.v1"]


def test_a_commitment_is_found_where_the_schema_marks_it() -> None:
    known = json.loads((VECTORS / "wire" / "envelopes.json").read_bytes())
    vector = known["envelopes"][1]["value"]
    kind = REGISTRY[vector["type"]]

    body = kind.decode(msgspec.msgpack.encode(unmarked(vector["body"])))

    assert kind.commitments(body) == (bytes.fromhex(known["private"]["commitment"]),)


def test_a_type_is_not_understood_until_a_registry_learns_it() -> None:
    body = {"x": [1, {"y": b"\x00\xff"}]}
    assert REGISTRY.lookup("from.the.future.v9") is None
    with pytest.raises(KeyError):
        REGISTRY.decode_body("from.the.future.v9", body)

    learned = Registry((*BUILT_IN, Newer))

    assert learned.decode_body("from.the.future.v9", body) == Newer(x=(1, {"y": b"\x00\xff"}))
    assert REGISTRY.lookup("from.the.future.v9") is None


def test_two_classes_for_one_type_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two classes for the event type site\.entered\.v1"):
        Registry((SiteEntered, SiteEntered))


@pytest.mark.parametrize(
    "name", ["entered.v1", "Site.entered.v1", "site.entered", "site.entered.v1\n", "site..v1", "a." * 31 + "b.v1"]
)
def test_a_malformed_type_string_is_refused(name: str) -> None:
    class Odd(Body, frozen=True):
        SPEC: ClassVar = spec(name)

    with pytest.raises(ValueError, match="expected a type like"):
        Registry((Odd,))


def test_a_class_without_a_type_is_refused() -> None:
    with pytest.raises(ValueError, match="with a SPEC"):
        Registry((Act,))


def test_unknown_keys_of_a_body_are_ignored() -> None:
    assert decode_body("hazard.closed.v1", {"hazard_id": bytes(16), "verifier": "a", "later": [1, {"z": b""}]}) == (
        decode_body("hazard.closed.v1", {"hazard_id": bytes(16), "verifier": "a"})
    )


def test_a_refusal_names_the_place_and_not_the_value() -> None:
    with pytest.raises(InvalidBody) as refused:
        decode_body("evidence.captured.v1", {"kind": "11010519491231002X", "description": "d"})

    assert refused.value.path == "$.kind"
    assert "11010519491231002X" not in str(refused.value)
    assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x81\xa1q" + b"\x91" * 5_000 + b"\x01",  # deep nesting under a key nobody knows
        b"\x83\xa4note\xa1\xff",  # not UTF-8
        b"\xdf\xff\xff\xff\xff",  # a map that announces four milliards of keys
        b"\x90",
        b"\xc0",
        b"\x81\x01\x02",
    ],
    ids=["empty", "deep", "not utf-8", "announced", "array", "nil", "integer key"],
)
def test_bytes_that_are_no_body_are_an_invalid_body_and_nothing_else(data: bytes) -> None:
    with pytest.raises(InvalidBody):
        decode_body("site.entered.v1", data)


def test_u0000_is_a_character_like_any_other() -> None:
    held = decode_body("site.entered.v1", {"note": "a\0b"})
    assert isinstance(held, SiteEntered)
    assert held.note == "a\0b"


@pytest.mark.parametrize(
    "value", [1.5, None, {"a": [None]}, msgspec.msgpack.Ext(5, b"x"), {"a": {"b": 0.0}}, {1: 2}, {"a": {b"k": 1}}]
)
def test_free_keys_of_an_enrolment_hold_only_what_canonical_form_allows(value: object) -> None:
    body = {
        "authority": "210500",
        "event_key": bytes(32),
        "genesis": bytes(32),
        "info": {"k": value},
        "request_key": bytes(32),
        "terminal": bytes(16),
    }

    with pytest.raises(InvalidBody, match="expected strings"):
        decode_body("terminal.enrolled.v1", msgspec.msgpack.encode(body))


def nested(depth: int) -> dict[str, Any]:
    """`depth` maps, the innermost with a value."""
    value: Any = 1
    for _ in range(depth):
        value = {"k": value}
    return value  # type: ignore[no-any-return]  # depth >= 1 makes it a map


@pytest.mark.parametrize(("depth", "fits"), [(14, True), (15, False)])
def test_a_value_of_an_enrolment_has_at_most_16_containers_around_it(depth: int, fits: bool) -> None:
    body = {
        "authority": "210500",
        "event_key": bytes(32),
        "genesis": bytes(32),
        "info": nested(depth),  # inside the body, inside the entry: two more
        "request_key": bytes(32),
        "terminal": bytes(16),
    }

    if fits:
        decode_body("terminal.enrolled.v1", body)
    else:
        with pytest.raises(InvalidBody, match="16 containers"):
            decode_body("terminal.enrolled.v1", body)


@pytest.mark.parametrize("branch", [b"\x01" * 32, "stored"])
def test_a_fork_is_resolved_for_a_branch_or_for_the_stored_chain(branch: object) -> None:
    decode_body("terminal.fork_resolved.v1", {"branch": branch, "terminal": bytes(16)})


JSONISH = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text() | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(
    name=st.sampled_from(sorted(REGISTRY)),
    values=st.lists(JSONISH, min_size=12, max_size=12),
)
def test_any_value_in_any_field_is_either_of_the_type_or_an_invalid_body(name: str, values: list[Any]) -> None:
    fields = [f.name for f in msgspec.structs.fields(REGISTRY[name].body)]
    body = dict(zip(fields, values, strict=False))

    with contextlib.suppress(InvalidBody):
        assert isinstance(decode_body(name, body), REGISTRY[name].body)


def test_the_json_form_shows_ids_as_uuid_and_other_binaries_as_hex() -> None:
    body = decode_body(
        "investigation.concluded.v1",
        {
            "case_id": bytes(15) + b"\x01",
            "facts_hash": b"\xab" * 32,
            "proposal": "transfer",
            "handlers": ["officer-0017"],
        },
    )

    assert body_json(body) == {
        "case_id": "00000000-0000-0000-0000-000000000001",
        "facts_hash": "ab" * 32,
        "proposal": "transfer",
        "handlers": ["officer-0017"],
    }


def test_types_are_listed_with_family_origin_and_titles_in_both_languages() -> None:
    listed = list_types()

    assert {"type", "family", "origin", "title"} == set(listed[0])
    assert [line["family"] for line in listed] == sorted(line["family"] for line in listed)
    assert len(listed) == len(REGISTRY)
    assert all(line["title"]["zh"] and line["title"]["en"] for line in listed)
