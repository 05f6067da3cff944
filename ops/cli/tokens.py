"""`liuhen token`: access tokens for programs, shown once and stored as a hash.

Invariant: a token has one role, one authority and an end.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import click

from ops.cli.user import actor, data_option, json_option, with_database


@click.group(epilog="Example: liuhen token create --role auditor --authority 210000 --data data --json")
def command() -> None:
    """Make access tokens for programs. 管理程序访问令牌。"""


@command.command("create", epilog="Example: liuhen token create --role auditor --authority 210000 --data data --json")
@click.option("--role", required=True, help="The one role that the token has.")
@click.option("--authority", required=True, help="Code of the authority whose records the token sees.")
@click.option("--label", help="What the token is for; its role when not given.")
@click.option("--days", type=click.IntRange(1, 366), default=90, show_default=True, help="How long it is valid.")
@data_option
@json_option
@click.pass_context
def create(
    ctx: click.Context, role: str, authority: str, label: str | None, days: int, data: Path | None, as_json: bool
) -> None:
    """Make a token and print it once: send it as `Authorization: Bearer TOKEN`. 新建令牌，只显示一次。"""
    from server.identity import store

    async def work(connection: asyncpg.Connection) -> tuple[str, datetime]:
        async with connection.transaction():
            made = await store.add_token(
                connection, label=(label or role)[:64], authority=authority, role=role, life=timedelta(days=days)
            )
            detail = {"role": role, "days": days}
            await store.note(connection, actor(), "token_made", (label or role)[:64], authority, detail)
            return made

    token, expires = with_database(ctx, data, work)
    if as_json:
        click.echo(json.dumps({"token": token, "expires": expires.isoformat()}))
    else:
        click.echo(f"{token}\nvalid until {expires:%Y-%m-%d %H:%M} UTC; it is not shown again")
