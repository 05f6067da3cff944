"""`make check` and `make test`: the checks, then the tests; the last line says what came of it and what was not run.

Invariant: nothing is left out silently. A step that cannot run is named in the last line, and under CI=true the run
fails for it, unless tests/support/skips.py allows the reason.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHECKS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("locks", ("python", "-P", "-m", "ops.house.lock")),
    ("style", ("ruff", "check", "--quiet", ".")),
    ("format", ("ruff", "format", "--check", "--quiet", ".")),
    ("types", ("mypy",)),
    ("imports", ("lint-imports",)),
)

IN_MEMORY = Path("/dev/shm")  # noqa: S108 - only mkdtemp works in it
ROOM = 3 * 1024**3
"""Bytes that have to be free there, and twice as much memory: thrice what three workers were seen to take."""

COMPILE_ANEW = "PYTHONDONTWRITEBYTECODE"
"""Not handed on: hundreds of processes start in a run, and each would compile the whole product for itself."""


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
    """Run pytest; return its exit code and the reasons for which tests were skipped.

    Files go to the workers in the order of their names: those that are long and wait much come first, and the many
    short ones of `unit` fill up the end.
    """
    with tempfile.TemporaryDirectory(prefix="liuhen-") as folder, _temporary() as temporary:
        reasons = Path(folder) / "skips"
        spread = ["-n", str(workers()), "--dist", "loadfile", "--no-loadscope-reorder"]
        kept = {name: value for name, value in os.environ.items() if name != COMPILE_ANEW}
        done = subprocess.run(
            [sys.executable, "-P", "-m", "pytest", *spread, *arguments],
            cwd=ROOT,
            env={**kept, **temporary, "LIUHEN_TEST_SKIPS": str(reasons)},
            stdin=subprocess.DEVNULL,
            check=False,
        )
        skipped = reasons.read_text("utf-8").splitlines() if reasons.exists() else ["the tests (pytest did not begin)"]
    return done.returncode, skipped


@contextlib.contextmanager
def _temporary() -> Iterator[dict[str, str]]:
    """Where tests keep what is gone afterwards: in memory, where there is enough, and on the disk with full counts.

    No test takes the power away, and what a killed process wrote is there in either place: but each of a thousand
    databases waits for the disk several times.
    """
    if os.environ.get("LIUHEN_FULL") == "1" or "TMPDIR" in os.environ or not _roomy():
        yield {}
        return
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir=IN_MEMORY))
    folder.chmod(0o1777)
    try:
        yield {"TMPDIR": str(folder)}
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _roomy() -> bool:
    try:
        lines = Path("/proc/meminfo").read_text("ascii").splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
        return os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM and free > 2 * ROOM
    except (OSError, StopIteration):
        return False


if __name__ == "__main__":
    sys.exit(main())
