"""`make check` and `make test`: the checks, then the tests; the last line says what came of it and what was not run.

Invariant: nothing is left out silently. A step that cannot run is named in the last line, and under CI=true the run
fails for it, unless tests/support/skips.py allows the reason.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("locks", ("python", "-P", "-m", "ops.house.lock")),
    ("style", ("ruff", "check", "--quiet", ".")),
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
)


def main() -> int:
    """Run what was asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="make test", description="Run the checks and the tests.")
    parser.add_argument("--check", action="store_true", help="the checks first")
    parser.add_argument("--check-only", action="store_true", help="the checks and nothing else")
    known, for_pytest = parser.parse_known_args()
    began = time.monotonic()
    failed = failed_checks() if known.check or known.check_only else []
    if known.check_only:
        print("check: " + (f"FAILED: {', '.join(failed)}" if failed else f"passed in {time.monotonic() - began:.0f} s"))
        return 1 if failed else 0
    code, skipped = run_tests(for_pytest)
    if code != 0:
        failed.append("tests")
    left_out = f"not run: {'; '.join(skipped)}" if skipped else "nothing was left out"
    outcome = f"FAILED ({', '.join(failed)})" if failed else "passed"
    print(f"test: {outcome} in {time.monotonic() - began:.0f} s; {left_out}", flush=True)
    return 1 if failed else 0


def failed_checks() -> list[str]:
    """Run every check, all of them even when one fails; return the names of those that did."""
    failed = []
    for name, command in CHECKS:
        done = subprocess.run(
            [str(Path(sys.executable).parent / command[0]), *command[1:]],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        print(f"check: {name} {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
        if done.returncode != 0:
            print(done.stdout, flush=True)
            failed.append(name)
    return failed


def workers() -> int:
    """How many processes run tests, a file each: much of a test is waiting, so one more than there are cores.

    Each has a cluster of its own. `make test ARGS="-n 0"` runs them one after the other.
    """
    return (os.cpu_count() or 1) + 1


def run_tests(arguments: list[str]) -> tuple[int, list[str]]:
    """Run pytest; return its exit code and the reasons for which tests were skipped."""
    with tempfile.TemporaryDirectory(prefix="liuhen-") as folder:
        reasons = Path(folder) / "skips"
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pytest", "-n", str(workers()), "--dist", "loadfile", *arguments],
            cwd=ROOT,
            env={**os.environ, "LIUHEN_TEST_SKIPS": str(reasons)},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        skipped = reasons.read_text("utf-8").splitlines() if reasons.exists() else ["the tests (pytest did not begin)"]
    return done.returncode, skipped


if __name__ == "__main__":
    sys.exit(main())
