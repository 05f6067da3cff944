"""`liuhen user`: officers' accounts, made and closed by the administrator of the machine.

It connects as the owner of the database: the server's own roles cannot make accounts. Invariant: a password comes from
a prompt, a file or LIUHEN_PASSWORD, never from an argument, where every user of the machine could read it.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
import click

from ops import settings as settings_module
from ops.cli import Refusal

OWNER: Final = "postgres"
PASSWORD: Final = "LIUHEN_PASSWORD"  # noqa: S105 - the name of a variable
MAX_FILE: Final = 4096
T = TypeVar("T")

data_option = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database."
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON instead of lines.")


def with_database(ctx: click.Context, data: Path | None, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Do `work` on a connection of the owner; the embedded database is started when it is not running."""
    from ops.compose import open_database
    from server.identity.passwords import PasswordRefused
    from server.identity.store import IdentityRefused

    settings = settings_module.load(ctx.find_root().obj, data=data)

    async def run() -> T:
        async with open_database(settings) as database:
            connection = await asyncpg.connect(database.dsn(OWNER), timeout=10, command_timeout=30)
            try:
                return await work(connection)
            finally:
                await connection.close()

    try:
        return asyncio.run(run())
    except (IdentityRefused, PasswordRefused) as fault:
        raise Refusal(str(fault)) from fault
    except asyncpg.InsufficientPrivilegeError as fault:
        raise Refusal("this database account may not manage users: connect as the owner of the database") from fault


@click.group(epilog="Example: liuhen user add lin --authority 210500 --role inspector --data data")
def command() -> None:
    """Add, list and close officers' accounts. 管理执法人员账号。"""


@command.command("add", epilog="Example: liuhen user add lin --authority 210500 --role inspector --data data")
@click.argument("name")
@click.option("--authority", required=True, help="Code of the authority whose records the account sees.")
@click.option("--role", "roles", multiple=True, required=True, help="A role; may be given several times.")
@click.option("--display", help="The name on pages; the account's name when not given.")
@click.option("--password-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds the password.")
@data_option
@json_option
@click.pass_context
def add(
    ctx: click.Context,
    name: str,
    authority: str,
    roles: tuple[str, ...],
    display: str | None,
    password_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Make an account NAME. 新建账号。

    The password is asked for, or comes from --password-file or LIUHEN_PASSWORD.
    """
    from server.identity import passwords, store

    _checked(store.check_authority, authority)
    _checked(store.check_roles, roles)
    hashed = _hash(passwords.hash_password, _password(password_file))

    async def work(connection: asyncpg.Connection) -> None:
        await store.add_user(
            connection, name, display=display or name, authority=authority, roles=roles, password_hash=hashed
        )

    with_database(ctx, data, work)
    click.echo(
        json.dumps({"name": name, "authority": authority, "roles": sorted(roles)}) if as_json else f"{name} added"
    )


@command.command("password", epilog="Example: liuhen user password lin --data data")
@click.argument("name")
@click.option("--password-file", type=click.Path(path_type=Path, dir_okay=False), help="File that holds the password.")
@data_option
@click.pass_context
def password(ctx: click.Context, name: str, password_file: Path | None, data: Path | None) -> None:
    """Give the account NAME a new password; its sessions end. 更换密码，并结束全部会话。"""
    from server.identity import passwords, store

    hashed = _hash(passwords.hash_password, _password(password_file))

    async def work(connection: asyncpg.Connection) -> None:
        await store.set_password(connection, name, hashed)

    with_database(ctx, data, work)
    click.echo(f"{name}: new password, all sessions ended")


@command.command("disable", epilog="Example: liuhen user disable lin --data data")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Open the account again.")
@data_option
@click.pass_context
def disable(ctx: click.Context, name: str, undo: bool, data: Path | None) -> None:
    """Close the account NAME; its sessions end at once. 停用账号，并结束全部会话。"""
    from server.identity import store

    async def work(connection: asyncpg.Connection) -> None:
        await store.disable_user(connection, name, disabled=not undo)

    with_database(ctx, data, work)
    click.echo(f"{name} is open again" if undo else f"{name} disabled, all sessions ended")


@command.command("list", epilog="Example: liuhen user list --data data --json")
@data_option
@json_option
@click.pass_context
def list_(ctx: click.Context, data: Path | None, as_json: bool) -> None:
    """List all accounts. 列出全部账号。"""
    from server.identity import store

    users = with_database(ctx, data, store.list_users)
    if as_json:
        click.echo(
            json.dumps([asdict(user) | {"created": user.created.isoformat()} for user in users], ensure_ascii=False)
        )
        return
    for user in users:
        state = "disabled" if user.disabled else ""
        click.echo(f"{user.authority:<12} {user.name:<20} {user.display:<16} {', '.join(user.roles)} {state}".rstrip())
    if not users:
        click.echo("no accounts yet: `liuhen user add NAME --authority A --role R`")


def _password(file: Path | None) -> str:
    """The password from a file, the environment or a prompt, in this order."""
    if file is not None:
        try:
            with file.open("rb") as opened:
                content = opened.read(MAX_FILE + 1)
            return content.decode("utf-8").rstrip("\r\n")
        except OSError as fault:
            raise Refusal(f"{file} cannot be read: {fault.strerror}") from fault
        except UnicodeDecodeError as fault:
            raise Refusal(f"{file} is not UTF-8 text: expected one line with the password") from fault
    if os.environ.get(PASSWORD):
        return os.environ[PASSWORD]
    if not sys.stdin.isatty():
        raise Refusal(f"expected a password: give --password-file, set {PASSWORD}, or run this on a terminal")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))


def _hash(hash_password: Callable[[str], str], chosen: str) -> str:
    try:
        return hash_password(chosen)
    except ValueError as fault:
        raise Refusal(str(fault)) from fault


def _checked(check: Callable[[T], None], value: T) -> None:
    from server.identity.store import IdentityRefused

    try:
        check(value)
    except IdentityRefused as fault:
        raise Refusal(str(fault)) from fault
