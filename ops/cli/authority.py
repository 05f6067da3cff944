"""`liuhen authority`: the logs of authorities: begin one, list them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
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
@click.option("--parent", help="Code of the authority above it, where the division code does not say it.")
@click.option("--name", help="What pages call it.")
@DATA
@JSON
@click.pass_context
def add(ctx: click.Context, code: str, parent: str | None, name: str | None, data: Path | None, as_json: bool) -> None:
    """Begin the log of an authority: its keys, its recovery key, its first entry. 为执法机关建立日志。

    Whoever looks over others sees authorities below the own one. 210521 stands below 210500 and 210000 by its code
    (GB/T 2260); --parent says something else.
    """
    _check_place(code, parent, name)
    if not code.isascii() or not code.isalnum() or len(code) > 32:
        raise Refusal(f"expected a code of letters and digits such as 210504, came {code!r}")
    settings = settings_module.load(ctx.obj, data=data)
    made = asyncio.run(_add(settings, code))
    if made is None:
        raise Refusal(f"{code} has a log already: `liuhen authority list` shows it")
    if parent is not None or name is not None:
        _place(ctx, data, code, parent, name)
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


@command.command(
    "set", epilog="Example: liuhen authority set 210571 --parent 210500 --name 示例开发区应急局 --data data"
)
@click.argument("code")
@click.option("--parent", help="Code of the authority above it.")
@click.option("--name", help="What pages call it.")
@DATA
@click.pass_context
def set_(ctx: click.Context, code: str, parent: str | None, name: str | None, data: Path | None) -> None:
    """Say below which authority one stands, or what it is called. 设置上级机关或名称。"""
    _check_place(code, parent, name)
    if parent is None and name is None:
        raise Refusal("expected --parent or --name: say what is to change")
    _place(ctx, data, code, parent, name)
    click.echo(f"{code}: set")


def _check_place(code: str, parent: str | None, name: str | None) -> None:
    if parent is not None and (not parent.isascii() or not parent.isalnum() or len(parent) > 32 or parent == code):
        raise Refusal(f"expected --parent to be the code of another authority such as 210500, came {parent!r}")
    if name is not None and not 1 <= len(name) <= 64:
        raise Refusal("expected --name of 1 to 64 characters")


def _place(ctx: click.Context, data: Path | None, code: str, parent: str | None, name: str | None) -> None:
    """Written as the owner of the database: below whom somebody stands decides what others see."""
    from ops.cli.user import actor, with_database
    from server.identity import store as identity

    async def work(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            if parent is not None and parent in await identity.below(connection, code):
                raise identity.IdentityRefused(f"{parent} stands below {code}: an authority cannot stand below itself")
            await identity.set_authority(connection, code, parent, name)
            await identity.note(
                connection, actor(), "authority_set", code, code, {"parent": parent or "", "name": name or ""}
            )

    with_database(ctx, data, work)


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
        place = f"  below {row['parent']}" if row["parent"] else ""
        called = f"  {row['name']}" if row["name"] else ""
        click.echo(f"{row['authority']}{called}{place}  epoch {row['epoch']}  {row['size']} entries  {row['origin']}")


async def _list(settings: Settings) -> list[dict[str, Any]]:
    from server.identity import store as identity

    async with open_database(settings) as database:
        connection = await store.connect(database.dsn("liuhen_writer"))
        try:
            rows = await connection.fetch(store.load_queries("server.log", "log.sql")["all_logs"])
        finally:
            await connection.close()
        named = await asyncpg.connect(database.dsn("postgres"), timeout=10)
        try:
            places = await identity.list_authorities(named)
        except asyncpg.InsufficientPrivilegeError:
            places = {}
        finally:
            await named.close()
    return [
        {key: row[key] for key in ("authority", "epoch", "size", "origin", "kind")}
        | dict(zip(("parent", "name"), places.get(row["authority"], ("", "")), strict=True))
        for row in rows
    ]
