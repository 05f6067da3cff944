"""`liuhen epoch`: going on after a restore or with new keys."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import click

from ops import settings as settings_module
from ops.cli import Refusal
from ops.compose import log_parts, open_database
from ops.settings import Settings
from server.log import epochs, store
from server.log.ids import now_ms
from server.log.register import RegisterRefused


@click.group(epilog="Example: liuhen epoch new --data /srv/liuhen --authority 210500")
def command() -> None:
    """Begin a new epoch of a log. 开始日志的新纪元。"""


@command.command(epilog="Example: liuhen epoch new --data /srv/liuhen --authority 210500")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the embedded database.")
@click.option("--authority", required=True, help="Code of the authority.")
@click.option("--lost-register", is_flag=True, help="The register is lost for good: begin a new one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def new(ctx: click.Context, data: Path | None, authority: str, lost_register: bool, as_json: bool) -> None:
    """Begin the next epoch, with new keys and a quote of the newest known checkpoint. 以新密钥开始新纪元。

    Needed after the database was restored from an older state: the server then refuses to sign. Terminals follow to
    the new keys by themselves and offer again what the restored log lacks.
    """
    settings = settings_module.load(ctx.obj, data=data)
    made = asyncio.run(_new(settings, authority, lost_register))
    if as_json:
        click.echo(json.dumps(made))
    else:
        click.echo(f"{made['origin']} begun; terminals go on with it at their next upload. Log key: {made['log']}")


async def _new(settings: Settings, authority: str, lost_register: bool) -> dict[str, Any]:
    keyring, register, _ = log_parts(settings)
    queries = store.load_queries("server.log", "log.sql")
    async with open_database(settings) as database:
        connection = await store.connect(database.dsn("liuhen_writer"))
        try:
            if not register.exists():
                if not lost_register:
                    raise RegisterRefused(
                        f"the register {register.path} is missing: put it back, or add --lost-register"
                    )
                register.create()
            register.read()
            if not await connection.fetch(queries["logs_of"], authority):
                raise Refusal(f"there is no log of {authority!r}: `liuhen authority add {authority}` begins one")
            begun = await epochs.begin_epoch(
                connection, queries, keyring, register, authority=authority, host=settings.host, received=now_ms()
            )
        finally:
            await connection.close()
    return {
        "authority": authority,
        "epoch": begun.epoch,
        "log": begun.verifier,
        "origin": f"{settings.host}/{authority}/{begun.epoch}",
    }
