"""`make setup`: the virtual environment with exactly the locked packages, and the Debian packages that tests need.

Runs on the system's Python, so it imports nothing but the standard library. Whatever stands in the way is one sentence
and exit code 2. Invariant: the stamp file exists only in an environment that was made completely for its content, so
that an interrupted run is taken up again and a finished one costs a file comparison.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from ops import browser

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = VENV / "liuhen-setup.sha256"
PACKAGES_STAMP = VENV / "liuhen-packages.sha256"
NEEDED_BYTES = 1_500_000_000
NETWORK_SIGNS = (
    "NewConnectionError",
    "ConnectTimeout",
    "ReadTimeout",
    "Temporary failure in name resolution",
    "Name or service not known",
    "Network is unreachable",
    "Connection refused",
    "ProxyError",
    "SSLError",
    "Could not fetch URL",
    "from versions: none",
)


class SetupError(Exception):
    """Setting up is impossible as things are; the message is the one sentence that is printed."""


def main() -> int:
    """Set up what is missing; return the exit code."""
    parser = argparse.ArgumentParser(prog="make setup", description="Make .venv with the locked packages.")
    parser.add_argument("--packages", action="store_true", help="also the Debian packages that browser tests need")
    arguments = parser.parse_args()
    try:
        make_environment()
        if arguments.packages:
            install_packages()
    except SetupError as fault:
        print(f"setup: {fault}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def make_environment() -> None:
    """Bring .venv to the state that requirements.lock and pyproject.toml describe; nothing to do is the usual case."""
    wanted = fingerprint()
    if STAMP.is_file() and STAMP.read_text("ascii") == wanted and (VENV / "bin" / "liuhen").exists():
        return
    free = shutil.disk_usage(ROOT).free
    if free < NEEDED_BYTES:
        raise SetupError(
            f"the disk of {ROOT} has {free // 1_000_000} MB free and {NEEDED_BYTES // 1_000_000} MB are needed: "
            "free some space and run it again"
        )
    STAMP.unlink(missing_ok=True)
    say("making .venv with the locked packages (once, about half a minute)")
    if not interpreter_fits():
        made = run([sys.executable, "-m", "venv", "--clear", str(VENV)])
        if made.returncode != 0:
            shutil.rmtree(VENV, ignore_errors=True)
            raise SetupError(
                f"this Python cannot make virtual environments ({last_line(made)}): "
                "install its venv module (on Debian: apt-get install python3-venv) and run it again"
            )
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    locked = [*pip, "install", "--retries", "2", "--require-hashes", "--no-deps", "--requirement", "requirements.lock"]
    explain(run(locked), "the locked packages could not be installed")
    ourselves = [*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--editable", "."]
    explain(run(ourselves), "the project itself could not be installed")
    STAMP.write_text(wanted, "ascii")
    say("done")


def fingerprint() -> str:
    """What the environment depends on: lock, project file, this program, Python's version, and where it stands."""
    digest = hashlib.sha256(f"{sys.version_info[:3]}\0{ROOT}\0".encode())
    for name in ("requirements.lock", "pyproject.toml", "ops/house/setup.py"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def interpreter_fits() -> bool:
    """Whether .venv holds a working interpreter with pip of the version that runs us."""
    version = "import pip, sys; print(sys.version_info[:2] + (sys.prefix,))"
    try:
        answer = subprocess.run(
            [str(VENV / "bin" / "python"), "-c", version], capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return answer.stdout.strip() == str((*sys.version_info[:2], str(VENV)))


def install_packages() -> None:
    """Install the browser and the CJK font where we may; otherwise say the one line to run. Never fails the set-up."""
    missing = missing_packages()
    if not missing:
        return
    line = f"apt-get install -y --no-install-recommends {' '.join(missing)}"
    tried = f"{fingerprint()} {' '.join(missing)}"
    if PACKAGES_STAMP.is_file() and PACKAGES_STAMP.read_text("utf-8") == tried:
        say(f"still missing for browser tests: {', '.join(missing)}; run: {line}")
        return
    prefix = privilege()
    if prefix is None or shutil.which("apt-get") is None:
        say(f"browser tests need {' and '.join(missing)}; run as root: {line}")
        return
    say(f"installing {' and '.join(missing)} for browser tests")
    patience = ["-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "-o", "DPkg::Lock::Timeout=60"]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run([*prefix, "apt-get", "update", "-q", *patience], environment)
    install = [*prefix, "apt-get", "install", "-y", "-q", "--no-install-recommends", *patience, *missing]
    run(install, environment)
    still = missing_packages()
    if still:
        PACKAGES_STAMP.write_text(tried, "utf-8")
        say(f"{' and '.join(still)} could not be installed; browser tests are skipped until you run: {line}")


def missing_packages() -> list[str]:
    """The Debian packages that browser tests lack here."""
    missing = []
    if browser.chromium() is None:
        missing.append("chromium")
    if browser.cjk_font() is None:
        missing.append("fonts-noto-cjk")
    return missing


def privilege() -> list[str] | None:
    """What goes before a command that root must run; None when we may not."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") and run(["sudo", "-n", "true"]).returncode == 0:
        return ["sudo", "-n"]
    return None


def run(command: list[str], environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command in the project's folder and keep what it says: it is shown only when it fails."""
    try:
        return subprocess.run(
            command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as fault:
        return subprocess.CompletedProcess(command, 127, "", str(fault))


def explain(done: subprocess.CompletedProcess[str], what: str) -> None:
    """Turn a failed command into one sentence."""
    if done.returncode == 0:
        return
    said = done.stdout + done.stderr
    if "No space left on device" in said:
        raise SetupError(f"{what}: no space left on the disk of {ROOT}: free some and run it again")
    if "DO NOT MATCH THE HASHES" in said:
        raise SetupError(f"{what}: a package that came is not the one in requirements.lock: do not trust this source")
    if any(sign in said for sign in NETWORK_SIGNS):
        raise SetupError(f"{what}: no network, or no package index within reach: connect this machine and run it again")
    raise SetupError(f"{what}: {last_line(done)}")


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The line of a failed command's output that tells most."""
    lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines() if line.strip()]
    raised = [line for line in lines if re.match(r"[A-Za-z.]*(Error|Exception): ", line)]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (raised[-1:] or errors or lines or [f"exit code {done.returncode}"])[0]


def say(text: str) -> None:
    """Tell the person at the terminal what goes on."""
    print(f"setup: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
