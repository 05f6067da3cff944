"""The known answers of every event type, good and named-bad, and the schemas that are published from the classes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

import schemas
from schemas import canonical, publish
from schemas.events import BUILT_IN, REGISTRY, InvalidBody, Registry, encode_canonical
from schemas.events.body import COMMON
from tests.support import event_vectors

ROOM = Path(schemas.__file__).parent


def vector(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((event_vectors.FOLDER / f"{name}.json").read_bytes())
    return loaded


def shape_problems(node: dict[str, Any], value: Any, root: dict[str, Any]) -> list[str]:
    """Check the part of JSON Schema 2020-12 that our schemas use; any other keyword fails the test."""
    if "$ref" in node:
        return shape_problems(root["$defs"][node["$ref"].rpartition("/")[2]], value, root)
    found: list[str] = []
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
    known = {"$id", "$schema", "$defs", "title", "description", "format"}
    for key, rule in node.items():
        match key:
            case "type":
                if not isinstance(value, kinds[rule]) or (rule == "integer" and isinstance(value, bool)):
                    return [f"not {rule}"]
            case "properties":
                for name, part in rule.items():
                    if name in value:
                        found += [f"{name}: {p}" for p in shape_problems(part, value[name], root)]
            case "required":
                found += [f"{name} missing" for name in rule if name not in value]
            case "items":
                found += [p for item in value for p in shape_problems(rule, item, root)]
            case "enum":
                found += [] if value in rule else ["not listed"]
            case "const":
                found += [] if value == rule else ["not the constant"]
            case "anyOf":
                found += [] if any(not shape_problems(option, value, root) for option in rule) else ["none of"]
            case "oneOf":
                hits = sum(not shape_problems(option, value, root) for option in rule)
                found += [] if hits == 1 else ["not one of"]
            case "pattern":
                found += [] if isinstance(value, str) and re.search(rule, value) else ["pattern"]
            case "minLength" | "minItems":
                found += [] if len(value) >= rule else [key]
            case "maxLength" | "maxItems":
                found += [] if len(value) <= rule else [key]
            case "minimum":
                found += [] if value >= rule else [key]
            case "maximum":
                found += [] if value <= rule else [key]
            case _:
                assert key in known or key.startswith("x-"), f"a keyword that nobody checks: {key}"
    return found


def test_the_committed_vectors_are_what_their_generator_writes() -> None:
    committed = {path.name: path.read_bytes() for path in event_vectors.FOLDER.iterdir()}

    assert committed == event_vectors.render()


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_good_body_reads_and_encodes_to_the_same_bytes_in_both_codecs(name: str) -> None:
    for case in vector(name)["good"]:
        data = bytes.fromhex(case["hex"])
        body = REGISTRY.decode_body(name, data)

        assert encode_canonical(body) == data
        assert canonical.encode(canonical.decode(data)) == data
        assert REGISTRY.decode_body(name, canonical.decode(data)) == body  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_full_body_has_every_field_of_its_class(name: str) -> None:
    fields = set(REGISTRY[name].body.__struct_encode_fields__)

    assert set(event_vectors.FULL[name]) >= fields - COMMON


def test_what_any_act_may_say_stands_in_some_full_body() -> None:
    assert set().union(*event_vectors.FULL.values()) >= COMMON


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_a_bad_body_is_refused_at_the_place_of_its_fault(name: str) -> None:
    bad = vector(name)["bad"]
    assert len(bad) >= 2

    for case in bad:
        with pytest.raises(InvalidBody) as refused:
            REGISTRY.decode_body(name, bytes.fromhex(case["hex"]))
        assert refused.value.path == case["path"], case["name"]


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_the_published_schema_describes_the_json_form_of_a_good_body(name: str) -> None:
    schema = json.loads((ROOM / "published" / f"{name}.json").read_bytes())

    for case in vector(name)["good"]:
        assert shape_problems(schema, case["json"], schema) == []
        for missing in schema["required"]:
            assert shape_problems(schema, {k: v for k, v in case["json"].items() if k != missing}, schema)


def test_the_published_files_are_what_the_classes_say() -> None:
    committed = {
        f"published/{path.name}": path.read_bytes() for path in (ROOM / "published").iterdir() if path.suffix == ".json"
    }
    committed[publish.LOCK] = (ROOM / publish.LOCK).read_bytes()

    assert committed == publish.render()


def test_nothing_that_was_published_has_changed() -> None:
    assert publish.lock_conflicts((ROOM / publish.LOCK).read_text("utf-8")) == ()


def test_the_lock_names_a_type_that_vanished_and_one_that_changed() -> None:
    lock = (ROOM / publish.LOCK).read_text("utf-8")
    without_first = Registry(BUILT_IN[1:])
    altered = lock.replace(lock.splitlines()[0][:64], "0" * 64)

    assert publish.lock_conflicts(lock, without_first) == (next(iter(REGISTRY)),)
    assert publish.lock_conflicts(altered) == (lock.splitlines()[0].split("  ")[1],)


def test_a_malformed_lock_line_is_named() -> None:
    with pytest.raises(ValueError, match=r"events\.lock line 1"):
        publish.lock_conflicts("site.entered.v1\n")


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_every_published_field_is_described_in_both_languages(name: str) -> None:
    schema = json.loads((ROOM / "published" / f"{name}.json").read_bytes())
    parts = [schema, *schema.get("$defs", {}).values()]

    assert all(schema["x-title"][language] and schema["x-description"][language] for language in ("zh", "en"))
    for part in parts:
        for field, rule in part["properties"].items():
            assert set(rule["x-description"]) == {"zh", "en"}, field
            assert re.search("[\u4e00-\u9fff]", rule["x-description"]["zh"]), field


def test_a_new_event_type_touches_three_hand_written_files() -> None:
    """Its module, its place in the process, its known body: no list beside them repeats names of types or classes."""
    root = ROOM.parent
    written = [path for path in sorted(root.glob("schemas/**/*.py")) if path.name != "publish.py"]
    written += [root / "domain" / "process.py", root / "domain" / "steps.py", *root.glob("tests/support/*_vectors.py")]
    held = {path: path.read_text("utf-8") for path in written}

    for name, kind in REGISTRY.items():
        own = root / "schemas" / "events" / f"{kind.body.__module__.rpartition('.')[2]}.py"
        defining = {path for path, text in held.items() if re.search(rf"\b{kind.body.__name__}\b", text)}
        naming = {path for path, text in held.items() if f'"{name}"' in text}
        bodies = {path for path in naming if path.name.endswith("_vectors.py")}

        assert {path for path in defining if path.is_relative_to(root / "schemas")} == {own}
        assert len(bodies) == 1
        assert naming - bodies - {own} <= {root / "domain" / "steps.py"}
