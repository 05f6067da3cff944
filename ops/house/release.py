"""`make release-check`: the wheel, built and installed alone with the runtime lock, does what a user would try first.

Invariant: nothing of the checkout is within reach of what is tried, so a file that the wheel forgot shows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("schemas", "domain", "projections", "server", "ops")
SHIPPED = (".css", ".html", ".j2", ".js", ".json", ".lock", ".mo", ".po", ".sql", ".svg", ".toml", ".txt", ".xml")


class ReleaseFault(Exception):
    """The wheel is not fit to be released; the message says why."""


def main() -> int:
    """Build, install, try; return the exit code."""
    with tempfile.TemporaryDirectory(prefix="liuhen-release-") as folder:
        place = Path(folder)
        place.chmod(0o711)
        try:
            wheel = build(place)
            missing = sorted(tracked_data_files() - set(zipfile.ZipFile(wheel).namelist()))
            if missing:
                raise ReleaseFault(f"the wheel lacks {', '.join(missing[:5])}")
            liuhen = install(wheel, place)
            try_it(liuhen, place)
        except ReleaseFault as fault:
            print(f"release-check: {fault}", file=sys.stderr)
            return 1
        print(f"release-check: {wheel.name} installs alone and works")
    return 0


def tracked_data_files() -> set[str]:
    """Every file of the rooms under version control that is not Python and that the product reads."""
    listed = output(["git", "ls-files", "-z", *ROOMS], ROOT).split("\0")
    return {name for name in listed if name.endswith(SHIPPED) and not name.startswith("ops/house/")}


def build(place: Path) -> Path:
    """Build the wheel with the locked backend."""
    output([sys.executable, "-P", "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)], ROOT)
    return next(place.glob("liuhen-*.whl"))


def install(wheel: Path, place: Path) -> Path:
    """Install the wheel and the runtime lock into an environment of their own; return the console script."""
    venv.create(place / "venv", with_pip=True)
    pip = [str(place / "venv" / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    output([*pip, "--quiet", "--require-hashes", "--no-deps", "-r", str(ROOT / "requirements-runtime.lock")], place)
    output([*pip, "--quiet", "--no-deps", "--no-index", str(wheel)], place)
    output([*pip[:3], "check"], place)
    return place / "venv" / "bin" / "liuhen"


def try_it(liuhen: Path, place: Path) -> None:
    """Call what must work anywhere: help, the machine's check-up with a real database, the list of event types."""
    output([str(liuhen), "--help"], place)
    if not json.loads(output([str(liuhen), "doctor", "--json"], place))["fit"]:
        raise ReleaseFault("`liuhen doctor` says that this machine is not fit")
    if not json.loads(output([str(liuhen), "schemas", "--json"], place)):
        raise ReleaseFault("`liuhen schemas --json` lists nothing")


def output(command: list[str], folder: Path) -> str:
    """Run a command and return what it printed; ReleaseFault with its last words when it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIUHEN_"))}
    done = subprocess.run(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise ReleaseFault(f"{' '.join(command[:4])} … failed: {(done.stderr or done.stdout).strip()[-600:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
