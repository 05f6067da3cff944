"""`liuhen backup`: a checked base backup of the embedded database; terminals may then delete what it holds."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click

from ops import settings as settings_module


@click.command(epilog="Example: liuhen backup --data /srv/liuhen --to /backup/2026-11-22")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the embedded database.")
@click.option("--to", "target", type=click.Path(path_type=Path), required=True, help="A new folder, on another disk.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, target: Path, as_json: bool) -> None:
    """Back up the database, verify the copy, confirm it to the log. 备份数据库、校验副本并确认。

    Receipts then carry a watermark: up to it terminals may delete. Keys and register are backed up separately.
    """
    from ops.backup import backup

    settings = settings_module.load(ctx.obj, data=data)
    made = asyncio.run(backup(settings, target.absolute()))
    if as_json:
        click.echo(json.dumps({"folder": str(made.folder), "sizes": made.sizes}))
        return
    click.echo(f"{made.folder}: verified")
    for origin, size in made.sizes.items():
        click.echo(f"  {origin}  {size} entries")
