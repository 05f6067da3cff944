"""`liuhen terminals`: the terminals of the logs and how each stands."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from ops import settings as settings_module
from ops.compose import open_database
from ops.settings import Settings
from server.log import store


@click.command(epilog="Example: liuhen terminals --data /srv/liuhen --authority 210500")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the embedded database.")
@click.option("--authority", help="Only the terminals of this authority.")
@click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, authority: str | None, as_json: bool) -> None:
    """List terminals: what arrived, what is declared, what is held. 列出终端：已收、申报、扣留情况。"""
    settings = settings_module.load(ctx.obj, data=data)
    rows = asyncio.run(_list(settings, authority))
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        states = [name for name in ("held", "forked", "revoked") if row[name]] or ["in order"]
        behind = row["declared"] - row["seq"]
        more = f", {behind} still on the device" if behind > 0 else ""
        missing = f", {row['missing']} files or values missing" if row["missing"] else ""
        click.echo(f"{row['terminal']}  {row['authority']}  {row['seq']} received{more}{missing}  {', '.join(states)}")


async def _list(settings: Settings, authority: str | None) -> list[dict[str, Any]]:
    async with open_database(settings) as database:
        connection = await store.connect(database.dsn("liuhen_writer"))
        try:
            rows = await connection.fetch(store.load_queries("server.log", "log.sql")["terminal_list"], authority)
        finally:
            await connection.close()
    return [
        {
            "terminal": str(row["terminal"]),
            "authority": row["authority"],
            "seq": row["seq"],
            "declared": row["declared"],
            "held": row["held"],
            "forked": row["forked"],
            "revoked": row["revoked"],
            "missing": row["waiting"],
            "contact": None if row["at"] is None else row["at"].isoformat(),
        }
        for row in rows
    ]
