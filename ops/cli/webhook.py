"""`liuhen webhook`: where events of an authority are sent; what waits, what died, sending it again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import asyncpg
import click

from ops import settings as settings_module
from ops.cli import Refusal
from ops.cli.user import data_option, json_option, with_database
from schemas.problems import Problem

T = TypeVar("T")
authority_option = click.option("--authority", required=True, help="Code of the authority.")


@click.group(epilog="Example: liuhen webhook list --authority 210500 --data data")
def command() -> None:
    """Tell other systems what happens, by signed messages over https. 管理推送目标。"""


@command.command(epilog="Example: liuhen webhook add https://example.org/hook --authority 210500 --event disclosure")
@click.argument("url")
@authority_option
@click.option("--event", "events", multiple=True, required=True, help="disclosure, disclosure.withdrawn, compliance …")
@click.option("--label", default="", help="Name of the receiver; its host when not given.")
@data_option
@json_option
@click.pass_context
def add(
    ctx: click.Context, url: str, authority: str, events: tuple[str, ...], label: str, data: Path | None, as_json: bool
) -> None:
    """Make a target and print its secret once. 新建目标，密钥只显示一次。"""
    from server.webhooks import store
    from server.webhooks.addresses import Allowed

    allowed = Allowed.parse(settings_module.load(ctx.find_root().obj, data=data).webhook_networks)
    named = label or url.removeprefix("https://").partition("/")[0][:100]

    async def work(connection: asyncpg.Connection) -> tuple[UUID, str]:
        return await store.add_target(connection, authority, url, named, events, "operator", allowed)

    target, secret = _done(ctx, data, work)
    if as_json:
        click.echo(json.dumps({"target": str(target), "secret": secret}))
    else:
        click.echo(f"{target}\n{secret}\nGive the secret to the receiver; it is not shown again  密钥不再显示")


@command.command("list", epilog="Example: liuhen webhook list --authority 210500 --data data --json")
@authority_option
@data_option
@json_option
@click.pass_context
def show(ctx: click.Context, authority: str, data: Path | None, as_json: bool) -> None:
    """List targets, with what waits and what was given up. 列出目标。"""
    from server.webhooks import store

    async def work(connection: asyncpg.Connection) -> tuple[store.Target, ...]:
        return await store.targets(connection, authority)

    found = _done(ctx, data, work)
    if as_json:
        click.echo(
            json.dumps(
                [
                    {
                        "target": str(one.id), "url": one.url, "label": one.label, "events": list(one.events),
                        "state": one.state, "waiting": one.waiting, "dead": one.dead,
                    }
                    for one in found
                ],
                ensure_ascii=False,
            )
        )  # fmt: skip
        return
    for one in found:
        click.echo(f"{one.id}  {one.state}  {one.waiting} waiting, {one.dead} given up  {one.label}  {one.url}")


@command.command(epilog="Example: liuhen webhook resend 019b77b0-0000-7000-8000-000000000001 --authority 210500")
@click.argument("target", type=click.UUID)
@authority_option
@data_option
@click.pass_context
def resend(ctx: click.Context, target: UUID, authority: str, data: Path | None) -> None:
    """Send again what was given up for a target. 重新发送已放弃的消息。"""
    from server.webhooks import store

    async def work(connection: asyncpg.Connection) -> int:
        return await store.send_again(connection, authority, target=target)

    click.echo(f"{_done(ctx, data, work)} messages are sent again  条消息将重新发送")


@command.command(epilog="Example: liuhen webhook test 019b77b0-0000-7000-8000-000000000001 --authority 210500")
@click.argument("target", type=click.UUID)
@authority_option
@data_option
@click.pass_context
def test(ctx: click.Context, target: UUID, authority: str, data: Path | None) -> None:
    """Queue a test event for a target. 发送测试消息。"""
    from server.webhooks import store

    async def work(connection: asyncpg.Connection) -> None:
        await store.test(connection, authority, target)

    _done(ctx, data, work)
    click.echo("queued; a running server sends it within seconds  已排队")


@command.command(epilog="Example: liuhen webhook remove 019b77b0-0000-7000-8000-000000000001 --authority 210500")
@click.argument("target", type=click.UUID)
@authority_option
@data_option
@click.pass_context
def remove(ctx: click.Context, target: UUID, authority: str, data: Path | None) -> None:
    """End a target for good. 删除目标。"""
    from server.webhooks import store

    async def work(connection: asyncpg.Connection) -> None:
        await store.set_state(connection, authority, target, "gone")

    _done(ctx, data, work)
    click.echo("removed  已删除")


def _done(ctx: click.Context, data: Path | None, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
    """Do `work` as the owner of the database; a refusal is one sentence."""
    try:
        return with_database(ctx, data, work)
    except Problem as problem:
        raise Refusal(problem.reason or problem.code) from None
