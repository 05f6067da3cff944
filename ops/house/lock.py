"""The lock files: every package that is installed, at one tested version, with the hashes of its files.

`requirements.lock` holds everything that `make setup` installs, `requirements-runtime.lock` what a production machine
needs. Both begin with a digest of the dependency lists in pyproject.toml, so that a check without a network sees when
they were made for other lists. Invariant: a lock names packages, versions, markers and hashes,
never where to fetch them.

    python -m ops.house.lock --write    resolve anew (needs a package index)
    python -m ops.house.lock            check
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOCKS: dict[str, list[str]] = {"requirements.lock": ["--all-extras"], "requirements-runtime.lock": []}
PIN = re.compile(r"[A-Za-z0-9._-]+(?:\[[a-z, ]+\])?==[A-Za-z0-9.+!_-]+(?: ; [^\\]+)? \\")
HASH = re.compile(r"    --hash=sha256:[0-9a-f]{64}(?: \\)?")


def digest() -> str:
    """The digest of all that the locks are resolved from."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [project["requires-python"], project["dependencies"], project["optional-dependencies"]]
    return hashlib.sha256(json.dumps(wanted, sort_keys=True).encode()).hexdigest()


def header() -> str:
    """The first line of each lock."""
    return f"# Made by `make lock` for the dependency lists in pyproject.toml with digest {digest()}"


def faults(name: str, text: str) -> list[str]:
    """What is wrong with a lock's text; empty when nothing is."""
    lines = text.splitlines()
    found = []
    if not lines or lines[0] != header():
        found.append(f"{name} was made for other dependencies than pyproject.toml lists: run `make lock`")
    for number, line in enumerate(lines[1:], start=2):
        if not PIN.fullmatch(line) and not HASH.fullmatch(line):
            found.append(f"{name}:{number} is neither a pinned version nor a hash: {line[:60]!r}")
    return found


def write() -> None:
    """Resolve both locks for every platform and Python that we support."""
    for name, extras in LOCKS.items():
        # The runtime lock takes the versions of the full one: what is deployed is what was tested.
        constraint = [] if name == "requirements.lock" else ["--constraint", "requirements.lock"]
        resolve = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"]
        style = ["--generate-hashes", "--no-header", "--no-annotate", "--no-strip-extras"]
        done = subprocess.run(
            [*resolve, *style, *extras, *constraint, "pyproject.toml"],
            cwd=ROOT,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        (ROOT / name).write_text(f"{header()}\n{done.stdout}", "utf-8")


def main() -> int:
    """Check the locks, or write them; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ops.house.lock", description="Check or write the lock files.")
    parser.add_argument("--write", action="store_true", help="resolve the locks anew")
    if parser.parse_args().write:
        write()
    found = [fault for name in LOCKS for fault in faults(name, (ROOT / name).read_text("utf-8"))]
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
