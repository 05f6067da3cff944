"""Our own known answers of the wire protocol (tests/vectors/wire), and how their JSON stands for values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "wire"


def load(name: str) -> Any:
    """The JSON of tests/vectors/wire/<name>.json."""
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def value_of(item: Any) -> Any:
    """The value that JSON stands for: {"$bin": hex} is bytes, {"$int": text} an integer beyond JSON's range."""
    if isinstance(item, list):
        return [value_of(each) for each in item]
    if isinstance(item, dict):
        if item.keys() == {"$bin"}:
            return bytes.fromhex(item["$bin"])
        if item.keys() == {"$int"}:
            return int(item["$int"])
        return {key: value_of(each) for key, each in item.items()}
    return item
