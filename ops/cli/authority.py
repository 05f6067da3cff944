"""`liuhen authority`: the logs of authorities: begin one, list them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from ops import settings as settings_module
from ops.cli import Refusal
from ops.compose import begin_logs, check_register, log_parts, open_database
from ops.settings import Settings
from schemas.keys import Signer
from server.log import store

DATA = click.option("--data", type=click.Path(path_type=Path), help="Folder of the embedded database.")
JSON = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")


@click.group(epilog="Example: liuhen authority add 210504 --data /srv/liuhen")
def command() -> None:
    """Begin and list the logs of authorities. 建立或列出各执法机关的日志。"""


@command.command(epilog="Example: liuhen authority add 210504 --data /srv/liuhen")
@click.argument("code")
@DATA
@JSON
@click.pass_context
def add(ctx: click.Context, code: str, data: Path | None, as_json: bool) -> None:
    """Begin the log of an authority: its keys, its recovery key, its first entry. 为执法机关建立日志。"""
    if not code.isascii() or not code.isalnum() or len(code) > 32:
        raise Refusal(f"expected a code of letters and digits such as 210504, came {code!r}")
    settings = settings_module.load(ctx.obj, data=data)
    made = asyncio.run(_add(settings, code))
    if made is None:
        raise Refusal(f"{code} has a log already: `liuhen authority list` shows it")
    if as_json:
        click.echo(json.dumps(made))
    else:
        click.echo(f"{made['origin']} begun. Log key: {made['log']}")
        click.echo("Move the recovery key to a safe place away from this server once the terminals are enrolled.")


async def _add(settings: Settings, code: str) -> dict[str, Any] | None:
    keyring, register, _ = log_parts(settings)
    async with open_database(settings) as database:
        connection = await store.connect(database.dsn("liuhen_writer"))
        try:
            await check_register(connection, register)
            begun = await begin_logs(connection, keyring, register, settings, [code])
        finally:
            await connection.close()
    if not begun:
        return None
    recovery: Signer = keyring.recovery(code)
    return {
        "authority": code,
        "epoch": begun[0].epoch,
        "origin": f"{settings.host}/{code}/{begun[0].epoch}",
        "log": begun[0].verifier,
        "recovery": recovery.public.hex(),
    }


@command.command("list", epilog="Example: liuhen authority list --data /srv/liuhen --json")
@DATA
@JSON
@click.pass_context
def list_logs(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """List the logs with their epochs and sizes. 列出各机关日志的纪元与长度。"""
    settings = settings_module.load(ctx.obj, data=data)
    rows = asyncio.run(_list(settings))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['authority']}  epoch {row['epoch']}  {row['size']} entries  {row['origin']}")


async def _list(settings: Settings) -> list[dict[str, Any]]:
    async with open_database(settings) as database:
        connection = await store.connect(database.dsn("liuhen_writer"))
        try:
            rows = await connection.fetch(store.load_queries("server.log", "log.sql")["all_logs"])
        finally:
            await connection.close()
    return [{key: row[key] for key in ("authority", "epoch", "size", "origin", "kind")} for row in rows]
