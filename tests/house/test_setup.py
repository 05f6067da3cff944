"""`make setup` and `make test` say what is wrong in one sentence, and leave nothing out silently."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.house import setup
from tests.support.skips import ALLOWED_SKIPS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_without_a_new_enough_python_make_says_so_and_ends_with_2(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what a Python that is too old answers to the question for its version
    old.chmod(0o755)
    done = subprocess.run(
        ["make", "-C", str(ROOT), "setup", f"PYTHON={old}"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed" in done.stderr


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("WARNING: Retrying: NewConnectionError('x')\nERROR: No matching distribution found", "no network"),
        ("OSError: [Errno 28] No space left on device", "no space left on the disk"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "do not trust this source"),
        ("x\nValueError: something of its own\ny", "ValueError: something of its own"),
    ],
)
def test_what_stops_an_installation_is_one_sentence(said: str, sentence: str) -> None:
    with pytest.raises(setup.SetupError, match=sentence) as caught:
        setup.explain(subprocess.CompletedProcess(["pip"], 1, "", said), "the locked packages could not be installed")
    assert "\n" not in str(caught.value)


def test_a_full_disk_is_noticed_before_anything_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "STAMP", tmp_path / ".venv" / "stamp")
    monkeypatch.setattr(setup, "NEEDED_BYTES", 1 << 62)
    with pytest.raises(setup.SetupError, match="MB free"):
        setup.make_environment()
    assert not (tmp_path / ".venv").exists()


@pytest.mark.parametrize(
    ("reason", "ci", "code"),
    [
        ("because the moon is full", "true", 1),
        ("because the moon is full", "", 0),
        (f"{ALLOWED_SKIPS[0]} on this machine", "true", 0),
    ],
)
def test_a_skip_is_told_and_fails_under_ci_unless_it_is_allowed(
    tmp_path: Path, reason: str, ci: str, code: int
) -> None:
    (tmp_path / "test_one.py").write_text(
        f"import pytest\ndef test_skipped():\n    pytest.skip({reason!r})\ndef test_passed():\n    pass\n"
    )
    told = tmp_path / "skips"
    command = [sys.executable, "-m", "pytest", "-q", "-c", str(ROOT / "pyproject.toml"), "-p", "tests.conftest"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--rootdir", str(ROOT), str(tmp_path / "test_one.py")],
        cwd=ROOT,
        env={**os.environ, "CI": ci, "LIUHEN_TEST_SKIPS": str(told)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert told.read_text("utf-8") == f"1 x {reason}\n"
