"""`liuhen case`: copies of case files that leave the office, as one zip that proves itself.

Invariant: the target appears whole or not at all, and what is in it was on record before the first byte was written.
"""

from __future__ import annotations

import asyncio
import json
import os
from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ops import settings as settings_module
from ops.cli import Refusal
from ops.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable

    from ops.settings import Settings


@click.group(epilog="Example: liuhen case export 019b77b0-0000-7000-8000-000000000002 --out case.zip --data data")
def command() -> None:
    """Copies of case files for courts, parties and auditors. 卷宗副本。"""


@command.command(
    epilog="Example: liuhen case export 019b77b0-0000-7000-8000-000000000002 --authority 210500 --purpose 'for the "
    "court' --out case.zip --data data"
)
@click.argument("case")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="New file, a zip.")
@click.option("--authority", required=True, help="Code of the authority whose case it is.")
@click.option("--purpose", required=True, help="What the copy is for; goes into the log for ever.")
@click.option("--officer", help="Id of the officer who answers for it.")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of the embedded database.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
@click.pass_context
def export(
    ctx: click.Context, case: str, out: Path, authority: str, purpose: str, officer: str | None, data: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """Write a case file with all proofs and evidence; verify.py in it checks it. 导出卷宗副本（可独立核验）。

    The export is recorded in the log before it begins, with its purpose, and again when it is whole.
    """
    if out.exists():
        raise Refusal(f"{out} exists already: name a new file")
    settings = settings_module.load(ctx.find_root().obj, data=data)
    settings.require("evidence")
    beside = out.with_name(f".{out.name}.part")
    try:
        said = asyncio.run(_write(settings, authority, case, purpose, officer, beside, progress(as_json)))
        beside.replace(out)
    except OSError as fault:
        raise Refusal(
            f"{out} cannot be written: {fault.strerror or type(fault).__name__}; nothing was left there"
        ) from fault
    finally:
        beside.unlink(missing_ok=True)
    if as_json:
        click.echo(json.dumps({"out": str(out), **said}, ensure_ascii=False))
        return
    click.echo(f"{out}: {said['events']:,} events, {said['bytes']:,} bytes, {said['missing']} declared files missing")
    click.echo(f"check it: python verify.py {out.name} --key '{said['key']}'")


async def _write(
    settings: Settings, authority: str, case: str, purpose: str, officer: str | None, beside: Path,
    shown: Callable[[int, int], None],
) -> dict[str, Any]:  # fmt: skip
    import asyncpg

    from ops.compose import open_database, open_log
    from ops.faces import make_uploads
    from schemas.entries import Who
    from schemas.problems import Problem
    from server.export.exports import Exports

    session = sha256(b"liuhen case export\n" + os.urandom(32)).digest()
    who = Who(service="export", session=session, via="command")
    if officer is not None:
        who = Who(officer=officer, session=session, via="command")
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(open_database(settings))
        log = await stack.enter_async_context(open_log(settings, database))
        pool = asyncpg.create_pool(database.dsn("liuhen_console"), min_size=1, max_size=2)
        console = await stack.enter_async_context(pool)
        exports = Exports(log.committer, log.pool, console, make_uploads(settings, log).store)
        try:
            made = await exports.begin(authority, case, purpose, who)
            made.progress = shown
            size = 0
            with beside.open("wb") as file:
                async for chunk in made.chunks():
                    size += await asyncio.to_thread(file.write, chunk)
                file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
        except Problem as fault:
            raise Refusal(f"{case} cannot be exported: {fault}") from fault
        return {
            "case": case,
            "authority": authority,
            "events": made.covered.events,
            "bytes": size,
            "missing": len(made.missing),
            "key": made.key,
        }
