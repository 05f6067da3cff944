"""`liuhen enrol-code`: what an administrator hands to whoever enrols a terminal."""

from __future__ import annotations

import asyncio
import json
from dataclasses import asdict
from pathlib import Path

import click

from ops import codes
from ops import settings as settings_module
from ops.compose import open_database
from ops.settings import Settings


@click.command(epilog="Example: liuhen enrol-code --data /srv/liuhen --authority 210500 --json")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the embedded database.")
@click.option("--authority", required=True, help="Code of the authority that the terminal will belong to.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, authority: str, as_json: bool) -> None:
    """Issue a code that enrols one terminal within 15 minutes. 签发终端登记码，15 分钟内一次有效。

    Prints the code with the log's key and the recovery key: hand them over together and on paper.
    """
    settings = settings_module.load(ctx.obj, data=data)
    code = asyncio.run(_issue(settings, authority))
    if as_json:
        click.echo(json.dumps(asdict(code)))
        return
    for name, value in asdict(code).items():
        click.echo(f"{name:<9} {value}")


async def _issue(settings: Settings, authority: str) -> codes.Code:
    async with open_database(settings) as database:
        return await codes.issue(settings, database, authority)
