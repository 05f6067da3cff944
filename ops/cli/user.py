"""`liuhen user`: officers' accounts, made and closed by the administrator of the machine.

It connects as the owner of the database: the server's own roles cannot make accounts. Invariant: a password comes from
a prompt, a file or LIUHEN_PASSWORD, never from an argument, where every user of the machine could read it.
"""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar

import asyncpg
import click

from ops import settings as settings_module
from ops.cli import Refusal

OWNER: Final = "postgres"
PASSWORD: Final = "LIUHEN_PASSWORD"  # noqa: S105 - the name of a variable
MAX_FILE: Final = 4096
INVITATION_LIFE: Final = timedelta(hours=72)
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
@click.option("--unit", default="", help="Short name of a unit of that authority: `liuhen unit list`.")
@click.option("--officer", default="", help="Id in the register of officers; the account's name when not given.")
@click.option("--invite", is_flag=True, help="Print a one-time link instead: behind it the holder chooses a password.")
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
    unit: str,
    officer: str,
    invite: bool,
    password_file: Path | None,
    data: Path | None,
    as_json: bool,
) -> None:
    """Make an account NAME. 新建账号。

    The password is asked for, or comes from --password-file or LIUHEN_PASSWORD; with --invite nobody types one.
    """
    from server.identity import passwords, store

    _checked(store.check_authority, authority)
    _checked(store.check_roles, roles)
    hashed = None if invite else _hash(passwords.hash_password, _password(password_file))

    async def work(connection: asyncpg.Connection) -> str:
        async with connection.transaction():
            await store.add_user(
                connection, name, display=display or name, authority=authority, roles=roles, password_hash=hashed,
                unit=unit, officer=officer,
            )  # fmt: skip
            await store.note(connection, actor(), "account_added", name, authority, {"roles": sorted(roles)})
            return await store.invite(connection, name, INVITATION_LIFE) if invite else ""

    path = _invitation(with_database(ctx, data, work))
    told = {"name": name, "authority": authority, "roles": sorted(roles)} | ({"invitation": path} if path else {})
    click.echo(json.dumps(told) if as_json else f"{name} added{_hand_over(path)}")


@command.command("change", epilog="Example: liuhen user change lin --role inspector --role unit_head --data data")
@click.argument("name")
@click.option("--role", "roles", multiple=True, help="All roles that it has from now on; may be given several times.")
@click.option("--unit", help="Short name of its unit; empty text for none.")
@click.option("--officer", help="Id in the register of officers; empty text for the account's name.")
@data_option
@click.pass_context
def change(
    ctx: click.Context, name: str, roles: tuple[str, ...], unit: str | None, officer: str | None, data: Path | None
) -> None:
    """Change roles, unit or officer of the account NAME; new roles end its sessions. 更改角色、机构或人员编号。"""
    from server.identity import store

    if not roles and unit is None and officer is None:
        raise Refusal("expected --role, --unit or --officer: say what is to change")

    async def work(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await store.change_user(connection, name, roles=roles or None, unit=unit, officer=officer)
            detail = {"roles": sorted(roles), "unit": unit, "officer": officer}
            await store.note(connection, actor(), "account_changed", name, None, detail)

    with_database(ctx, data, work)
    click.echo(f"{name} changed")


@command.command("invite", epilog="Example: liuhen user invite lin --data data")
@click.argument("name")
@data_option
@json_option
@click.pass_context
def invite_(ctx: click.Context, name: str, data: Path | None, as_json: bool) -> None:
    """Void the password of NAME; print a one-time link for a new one. 重置密码，输出一次性链接。"""
    from server.identity import store

    async def work(connection: asyncpg.Connection) -> str:
        async with connection.transaction():
            secret = await store.invite(connection, name, INVITATION_LIFE)
            await store.note(connection, actor(), "password_reset", name)
            return secret

    path = _invitation(with_database(ctx, data, work))
    click.echo(json.dumps({"invitation": path}) if as_json else f"{name}: password void{_hand_over(path)}")


@command.command("reset-factor", epilog="Example: liuhen user reset-factor lin --data data")
@click.argument("name")
@data_option
@click.pass_context
def reset_factor(ctx: click.Context, name: str, data: Path | None) -> None:
    """Take the second factor of NAME away; its sessions end. 重置第二因素，并结束全部会话。"""
    from server.identity import store

    async def work(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await store.reset_factor(connection, name)
            await store.note(connection, actor(), "factor_reset", name)

    with_database(ctx, data, work)
    click.echo(f"{name}: no second factor, all sessions ended")


@command.command("link", epilog="Example: liuhen user link lin --issuer https://id.example --subject 7c1e --data data")
@click.argument("name")
@click.option("--issuer", required=True, help="The identity provider, as the setting oidc_issuer names it.")
@click.option("--subject", required=True, help="Who it is there (`sub`).")
@data_option
@click.pass_context
def link(ctx: click.Context, name: str, issuer: str, subject: str, data: Path | None) -> None:
    """Say who the account NAME is at an identity provider. 关联统一身份认证。"""
    from server.identity import store

    if not 1 <= len(subject) <= 255 or not 1 <= len(issuer) <= 256:
        raise Refusal("expected an issuer of at most 256 and a subject of at most 255 characters")

    async def work(connection: asyncpg.Connection) -> None:
        async with connection.transaction():
            await store.link_user(connection, name, issuer.rstrip("/"), subject)
            await store.note(connection, actor(), "provider_linked", name, None, {"issuer": issuer})

    with_database(ctx, data, work)
    click.echo(f"{name} linked")


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
        async with connection.transaction():
            await store.set_password(connection, name, hashed)
            await store.note(connection, actor(), "password_set", name)

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
        async with connection.transaction():
            await store.disable_user(connection, name, disabled=not undo)
            await store.note(connection, actor(), "account_opened" if undo else "account_closed", name)

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


def actor() -> str:
    """Who runs the command, as the machine knows them; for the trail."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def _invitation(secret: str) -> str:
    return f"/invitation/{secret}" if secret else ""


def _hand_over(path: str) -> str:
    """What is said beside an invitation; its host is that of the internal application, which only the reader knows."""
    if not path:
        return ""
    return f". Hand over, behind the address of the internal application, within 72 hours, good once:\n{path}"


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
