"""`liuhen unit`: units of an authority and their part in the process.

It connects as the owner of the database, as `liuhen user` does. Invariant: a unit is never taken away, only closed:
accounts and records go on naming it.
"""

from __future__ import annotations

import json
from pathlib import Path

import asyncpg
import click

from ops.cli import Refusal
from ops.cli.user import actor, data_option, json_option, with_database


@click.group(epilog="Example: liuhen unit add 210500 legal --name 法规科 --role legal --data data")
def command() -> None:
    """Make and list units of authorities. 管理内设机构。"""


@command.command("add", epilog="Example: liuhen unit add 210500 legal --name 法规科 --role legal --data data")
@click.argument("authority")
@click.argument("unit")
@click.option("--name", required=True, help="What pages call it.")
@click.option("--role", required=True, help="Its part: handling, legal, disclosure, planning, supervision …")
@click.option("--closed", is_flag=True, help="No account joins it any more.")
@data_option
@click.pass_context
def add(ctx: click.Context, authority: str, unit: str, name: str, role: str, closed: bool, data: Path | None) -> None:
    """Make the unit UNIT of AUTHORITY, or change it. 建立或更改内设机构。"""
    from server.identity import keeping, store

    try:
        store.check_authority(authority)
        keeping.check_unit(unit, name, role)
    except store.IdentityRefused as fault:
        raise Refusal(str(fault)) from fault

    async def work(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await store.set_unit(connection, authority, unit, name, role, closed)
            detail = {"name": name, "role": role, "closed": closed}
            await store.note(connection, actor(), "unit_set", unit, authority, detail)

    with_database(ctx, data, work)
    click.echo(f"{authority} {unit}: set")


@command.command("list", epilog="Example: liuhen unit list --data data --json")
@data_option
@json_option
@click.pass_context
def list_(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """List all units. 列出全部内设机构。"""
    from server.identity import store

    units = with_database(ctx, data, store.list_units)
    if as_json:
        click.echo(json.dumps(units, ensure_ascii=False))
        return
    for one in units:
        state = "  closed" if one["closed"] else ""
        click.echo(f"{one['authority']:<12} {one['unit']:<16} {one['role']:<16} {one['name']}{state}")
    if not units:
        click.echo("no units yet: `liuhen unit add AUTHORITY UNIT --name N --role R`")
