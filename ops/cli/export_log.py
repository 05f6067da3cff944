"""`liuhen export-log`: logs as a folder or a tar file that `liuhen verify` and public tile verifiers read.

Invariant: the target appears whole or not at all.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from ops.cli import Refusal
from ops.cli.progress import progress
from ops.cli.verify import opened


@click.command(epilog="Example: liuhen export-log --data data --authority 210500 --out log-210500")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option("--dsn-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds a DSN.")
@click.option("--dsn-env", help="Environment variable that holds a DSN, such as LIUHEN_DATABASE_DSN.")
@click.option(
    "--authority", "authorities", multiple=True, help="Authority whose logs to export; repeatable. All if none."
)
@click.option("--epoch", type=click.IntRange(1), help="One epoch only.")
@click.option("--from", "first", type=click.IntRange(0), default=0, help="First position; widened to a bundle of 256.")
@click.option("--to", "end", type=click.IntRange(1), help="One past the last position; widened to a bundle of 256.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="New folder, or a file if the name ends in .tar."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def command(
    ctx: click.Context, data: Path | None, dsn_file: Path | None, dsn_env: str | None, authorities: tuple[str, ...],
    epoch: int | None, first: int, end: int | None, out: Path, as_json: bool,
) -> None:  # fmt: skip
    """Write logs as C2SP tiles with their entries and checkpoints. 将日志导出为可独立核验的文件。

    The export holds everything that `liuhen verify` needs; personal values beside the log are not in it.
    """
    from ops.export_log import ExportRefused, export
    from ops.verify.sources import SourceRefused

    try:
        with opened(ctx, None, data, dsn_file, dsn_env) as (source, _):
            made = export(
                source, out, authorities=authorities, epoch=epoch, first=first, end=end, progress=progress(as_json)
            )
    except (ExportRefused, SourceRefused) as fault:
        raise Refusal(str(fault)) from fault
    except OSError as fault:
        raise Refusal(f"{out} cannot be written: {fault.strerror}; nothing was left there") from fault
    if as_json:
        click.echo(json.dumps({"out": str(out), "logs": [one.manifest() for one in made]}, ensure_ascii=False))
        return
    for one in made:
        click.echo(f"{one.origin}  {one.first}..{one.end - 1} of {one.size:,} entries, {one.files:,} files")
