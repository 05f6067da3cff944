"""Where the outside vectors lie: in the folder named by LIUHEN_SHARED, else in `shared` beside the repository.

They are other people's test data under their own licences and not part of this repository. Without them the tests that
need them skip aloud; our own vectors in tests/vectors always run.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def shared_folder() -> Path | None:
    """The folder with the shared data, if it is there."""
    named = os.environ.get("LIUHEN_SHARED")
    folder = Path(named) if named else ROOT.parent / "shared"
    return folder if (folder / "data" / "vectors").is_dir() else None


def vectors(kind: str) -> Path:
    """The folder data/vectors/<kind>; skips the test if the shared data is absent."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("shared vectors absent")
    return folder / "data" / "vectors" / kind


def load(path: Path) -> Any:
    """One JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def samples(name: str) -> list[dict[str, Any]]:
    """The rows of data/samples/<name>.jsonl; skips the test, aloud, if the shared data is absent."""
    folder = shared_folder()
    if folder is None or not (folder / "data" / "samples").is_dir():
        pytest.skip("shared samples absent")
    text = (folder / "data" / "samples" / f"{name}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines() if line.strip()]
