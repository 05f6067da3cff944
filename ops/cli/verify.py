"""`liuhen verify`: recompute a log from an export or a database and name the first thing that is wrong with it.

Trust comes from outside: a log verifier key (--key), a recovery key (--recovery-key), the register or any checkpoint
that somebody kept (--register). Without them the command says aloud that the keys were taken from the log itself.
Invariant: exit code 0 only if everything that could be checked was in order.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ops import settings as settings_module
from ops.cli import EXIT_NOT_IN_ORDER, Refusal, dsn
from ops.cli.progress import progress

if TYPE_CHECKING:
    from ops.verify.database import DatabaseSource
    from ops.verify.epochs import Anchors
    from ops.verify.export import ExportSource
    from ops.verify.findings import Language, Report

ROLE: Final = "liuhen_auditor"
DATABASE: Final = "liuhen"
MAX_REGISTER: Final = 64 * 1024 * 1024
SHOWN: Final = 20


@click.command(epilog="Example: liuhen verify --data data --recovery-key 5f…a1")
@click.argument("export", type=click.Path(path_type=Path), required=False)
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option("--dsn-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds a DSN.")
@click.option("--dsn-env", help="Environment variable that holds a DSN, such as LIUHEN_DATABASE_DSN.")
@click.option("--key", "keys", multiple=True, help="Trusted log verifier key, as printed by enrol-code; repeatable.")
@click.option("--recovery-key", "recovery", multiple=True, help="Trusted recovery key, 64 hex digits; repeatable.")
@click.option(
    "--register",
    "registers",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Register, or a checkpoint that somebody kept: the log must not be behind it; repeatable.",
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Processes that judge entries."
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, help="Language of sentences.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def command(
    ctx: click.Context, export: Path | None, data: Path | None, dsn_file: Path | None, dsn_env: str | None,
    keys: tuple[str, ...], recovery: tuple[str, ...], registers: tuple[Path, ...], workers: int, lang: Language,
    as_json: bool,
) -> None:  # fmt: skip
    """Recompute a log and name the first bad position. 重算整个日志，指出首个有误的位置。

    Reads an EXPORT (folder or .tar of `liuhen export-log`) or a database. Exit code 0: clean; 1: something
    is wrong; 2: could not run.
    """
    from ops.verify.run import verify
    from ops.verify.sources import SourceRefused

    anchors = _anchors(keys, recovery)
    try:
        with opened(ctx, export, data, dsn_file, dsn_env) as (source, default_register):
            kept = _registers(registers or default_register)
            report = verify(source, anchors, register=kept, workers=workers, progress=progress(as_json))
    except SourceRefused as fault:
        raise Refusal(str(fault)) from fault
    if as_json:
        click.echo(json.dumps(report.as_json(lang), ensure_ascii=False))
    else:
        _print(report, lang)
    if not report.clean:
        ctx.exit(EXIT_NOT_IN_ORDER)


@contextlib.contextmanager
def opened(
    ctx: click.Context, export: Path | None, data: Path | None, dsn_file: Path | None, dsn_env: str | None
) -> Iterator[tuple[DatabaseSource | ExportSource, tuple[Path, ...]]]:
    """The one source that was named, and its register. Raises Refusal, SourceRefused, ClusterError."""
    from ops.verify.database import DatabaseSource
    from ops.verify.export import ExportSource

    named = [one for one in (export, data, dsn_file, dsn_env) if one is not None]
    if len(named) > 1:
        raise Refusal("expected one of EXPORT, --data, --dsn-file and --dsn-env, got several: name one source")
    if export is not None:
        if not export.exists():
            raise Refusal(f"{export} does not exist: expected a folder or a .tar file of `liuhen export-log`")
        with contextlib.closing(ExportSource(export)) as source:
            yield source, ()
        return
    with _dsn(ctx, data, dsn_file, dsn_env) as (dsn, register), contextlib.closing(DatabaseSource(dsn)) as database:
        yield database, register


@contextlib.contextmanager
def _dsn(
    ctx: click.Context, data: Path | None, dsn_file: Path | None, dsn_env: str | None
) -> Iterator[tuple[str, tuple[Path, ...]]]:
    if dsn_file is not None:
        yield dsn.read(dsn_file), ()
        return
    if dsn_env is not None:
        value = os.environ.get(dsn_env, "")
        if not value:
            raise Refusal(f"the variable {dsn_env} is empty: expected a DSN in it")
        yield value, ()
        return
    settings = settings_module.load(ctx.find_root().obj, data=data)
    if data is None and settings.database_dsn is not None:
        yield settings.database_dsn, ()
        return
    if settings.data is None:
        raise Refusal("expected a source: an EXPORT, --data DIR, --dsn-file FILE or --dsn-env NAME")
    if not (settings.data / "postgresql").is_dir():
        raise Refusal(f"{settings.data} holds no embedded database: expected a folder that `serve` or `demo` has made")
    from ops.cluster import Cluster
    from ops.postgres import find_binaries

    binaries = find_binaries(settings.postgres_bin) if settings.postgres_bin is not None else None
    with Cluster(settings.data, binaries=binaries) as cluster:
        # Not migrated here: whoever verifies changes nothing.
        place = settings.register or settings.data / "register"
        yield cluster.dsn(ROLE, DATABASE), (place,) if place.exists() else ()


def _anchors(keys: Sequence[str], recovery: Sequence[str]) -> Anchors:
    from ops.verify.epochs import Anchors
    from schemas.keys import KeyRefused, check_ed25519_public
    from schemas.notes import NoteRefused, VerifierKey

    try:
        pinned = tuple(VerifierKey.parse(text.strip()) for text in keys)
    except NoteRefused as fault:
        raise Refusal(f"--key: {fault}") from fault
    found = []
    for text in recovery:
        try:
            found.append(bytes.fromhex(text))
            check_ed25519_public(found[-1])
        except (ValueError, KeyRefused) as fault:
            raise Refusal(
                f"--recovery-key: expected 64 hexadecimal digits of an Ed25519 public key ({fault})"
            ) from fault
    return Anchors(pinned, tuple(found))


def _registers(paths: Sequence[Path]) -> Mapping[str, Sequence[str]]:
    """Notes by origin, out of registers (folders, or their JSON maps from origin to note) and single checkpoints."""
    from schemas.notes import NoteRefused, parse_checkpoint, split_note
    from schemas.register import newest

    found: dict[str, list[str]] = {}
    for named in paths:
        path = named / "register.json" if named.is_dir() else named
        try:
            with path.open("rb") as file:
                text = file.read(MAX_REGISTER).decode("utf-8")
            notes = [*json.loads(text).values()] if text.lstrip().startswith("{") else [text]
            beside = named / "register.newest"
            if named.is_dir() and beside.exists():
                with beside.open("rb") as file:
                    notes += newest(file.read(MAX_REGISTER))[1].values()
            for note in notes:
                found.setdefault(parse_checkpoint(split_note(note)[0]).origin, []).append(note)
        except (OSError, ValueError, AttributeError, TypeError, NoteRefused) as fault:
            raise Refusal(
                f"the register {path} cannot be read: {fault}; expected a register or a signed checkpoint"
            ) from fault
    return found


def _print(report: Report, lang: Language) -> None:
    for log in report.logs:
        click.echo(f"{log['log']}  {log['entries']:,}")
    counts: Mapping[str, Any] = report.counts
    rate = f"{counts['entries'] / report.seconds:,.0f}/s" if report.seconds else ""
    names = ("entries", "envelopes", "seals", "checkpoints", "terminals", "acts", "rows")
    zh = ("条目", "记录", "封签", "检查点", "终端", "办公行为", "派生行")
    words = zh if lang == "zh" else names
    click.echo(
        ", ".join(f"{counts[n]:,} {w}" for n, w in zip(names, words, strict=True)) + f"  {report.seconds:.1f} s {rate}"
    )
    for remark in report.spoken_remarks(lang):
        click.echo(("注意：" if lang == "zh" else "note: ") + remark)
    if report.clean:
        click.echo("未发现问题" if lang == "zh" else "clean: nothing is wrong")
        return
    found = report.ordered()
    click.echo(
        f"发现 {report.total} 处问题，首先是：" if lang == "zh" else f"{report.total} findings, the first of them:"
    )
    for finding in found[:SHOWN]:
        click.echo("  " + finding.sentence(lang))
    if report.total > SHOWN:
        rest = report.total - min(SHOWN, len(found))
        click.echo(f"  另有 {rest} 处" if lang == "zh" else f"  and {rest} more")
