"""`liuhen migrate`: bring an outside database to the shape of this version, as its owner."""

from __future__ import annotations

import asyncio

import click

from ops import settings as settings_module
from ops.cli import Refusal


@click.command(epilog="Example: LIUHEN_DATABASE_DSN_FILE=/run/secrets/owner-dsn liuhen migrate")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Apply the migrations to the database of the settings. 将数据库升级到本版本的结构。

    The connection string must be the owner's; the server itself connects with lesser roles. An embedded database is
    migrated by `serve`.
    """
    settings = settings_module.load(ctx.obj)
    if settings.database_dsn is None:
        raise Refusal("name the outside database with LIUHEN_DATABASE_DSN or LIUHEN_DATABASE_DSN_FILE")
    from ops import migrate

    applied = asyncio.run(migrate.apply(settings.database_dsn, None))
    for name in applied:
        click.echo(f"applied {name}")
    click.echo("the database has the shape of this version")
