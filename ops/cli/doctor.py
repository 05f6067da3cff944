"""`liuhen doctor`: whether this machine is fit, found out by trying and not by guessing.

Each check is a function from nothing to a `Finding`. A finding that is `needed` decides the exit code; the others say
what tests or benchmarks would lack. Invariant: the doctor leaves nothing behind, no process and no folder.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from ops import browser as browser_needs
from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER

NEEDED_FREE_BYTES = 1_500_000_000
OLDEST_PYTHON = (3, 11)


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found: its name, whether all is well, in words, and whether liuhen cannot run without it."""

    name: str
    ok: bool
    found: str
    needed: bool = True


@click.command(epilog="Example: liuhen doctor --json")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Say whether this machine is fit to run liuhen. 检查本机是否满足运行条件。

    Tries Python, the disk, PostgreSQL (makes, starts and stops a database in a temporary folder), and
    what browser tests need. Exit code 0: fit; 1: something needed is missing.
    """
    settings = settings_module.load(ctx.obj)
    folder = settings.data if settings.data is not None else Path.cwd()
    checks: tuple[Callable[[], Finding], ...] = (
        python,
        lambda: disk(folder),
        lambda: postgresql(settings.postgres_bin),
        browser,
        fonts,
    )
    findings = []
    for check in checks:
        finding = check()
        findings.append(finding)
        if not as_json:
            mark = "ok " if finding.ok else ("NO " if finding.needed else "-- ")
            click.echo(f"{mark} {finding.name:<12} {finding.found}")
    fit = all(finding.ok for finding in findings if finding.needed)
    if as_json:
        told = {"fit": fit, "findings": [asdict(finding) for finding in findings]}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo("fit 可以运行" if fit else "not fit: mend what is marked NO 请先处理标为 NO 的项目")
    if not fit:
        ctx.exit(EXIT_NOT_IN_ORDER)


def python() -> Finding:
    """The interpreter's version."""
    version = ".".join(str(part) for part in sys.version_info[:3])
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", False, f"{version}; expected 3.11 or newer")
    return Finding("python", True, f"{version} in {sys.prefix}")


def disk(folder: Path) -> Finding:
    """Free space where the data would lie."""
    existing = next(place for place in (folder, *folder.parents) if place.is_dir())
    free = shutil.disk_usage(existing).free
    text = f"{free // 1_000_000} MB free at {existing}"
    if free < NEEDED_FREE_BYTES:
        return Finding("disk", False, f"{text}; expected {NEEDED_FREE_BYTES // 1_000_000} MB or more")
    return Finding("disk", True, text)


def postgresql(binaries_folder: Path | None) -> Finding:
    """A database made, started, asked and stopped in a temporary folder, by the code that runs it for good."""
    import asyncio

    from ops.cluster import Cluster, ClusterError, find_binaries

    folder = Path(tempfile.mkdtemp(prefix="liuhen-doctor-"))
    folder.chmod(0o711)  # the user nobody passes through when root asks
    began = time.monotonic()
    try:
        binaries = find_binaries(binaries_folder)
        cluster = Cluster(folder, binaries=binaries)
        try:
            cluster.start()
            version = asyncio.run(cluster.psql("SHOW server_version"))[0][0]
        finally:
            cluster.destroy()
    except (ClusterError, OSError) as fault:
        return Finding("postgresql", False, str(fault))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    return Finding("postgresql", True, f"{version} in {binaries.bin}; made, started and stopped in {seconds:.1f} s")


def browser() -> Finding:
    """Chromium, for browser tests only."""
    found = browser_needs.chromium()
    if found is None:
        return Finding("chromium", False, "none; browser tests need it: apt-get install chromium", needed=False)
    return Finding("chromium", True, found, needed=False)


def fonts() -> Finding:
    """A font with Chinese characters, for browser tests only."""
    found = browser_needs.cjk_font()
    if found is None:
        return Finding(
            "fonts", False, "no CJK font; browser tests need it: apt-get install fonts-noto-cjk", needed=False
        )
    return Finding("fonts", True, found, needed=False)
