"""`liuhen demo`: everything on one machine with no set-up."""

from __future__ import annotations

import shutil
from pathlib import Path

import click

from ops import settings as settings_module
from ops.cli import Refusal

MINE = (
    "postgresql", "register", "keys", "tiles", "published", "terminals", "evidence", "verify.py", "demo-accounts.json",
    "demo-begun.json", "demo-played.json", "demo-case.json", "demo-case.zip",
)  # fmt: skip


@click.command(epilog="Example: liuhen demo --data .liuhen/demo")
@click.option("--data", type=click.Path(path_type=Path), required=True, help="Folder of the demo's data.")
@click.option("--internal", metavar="HOST:PORT", help="Default 127.0.0.1:8080, or the next free port.")
@click.option("--public", metavar="HOST:PORT", help="Default 127.0.0.1:8081, or the next free port.")
@click.option("--json", "as_json", is_flag=True, help="One line of JSON with addresses, officers and cases; then stay.")
@click.option("--once", is_flag=True, help="Play, verify, end.")
@click.option("--reset", is_flag=True, help="Empty the demo's data and end.")
@click.pass_context
def command(
    ctx: click.Context, data: Path, internal: str | None, public: str | None, as_json: bool, once: bool, reset: bool
) -> None:
    """Show everything on this machine, with simulated terminals. 在本机演示全部功能，含模拟终端。

    Prints what the terminals did and a table of pages with the account of each role, then stays until Ctrl-C. The
    sign-in links work once and on this machine only.
    """
    settings = settings_module.load(ctx.obj, data=data, internal=internal, public=public)
    for place in (settings.internal, settings.public):
        if place is not None and place.rpartition(":")[0] not in ("127.0.0.1", "localhost", "[::1]"):
            raise Refusal(f"the demo has sign-in links without passwords and stays on 127.0.0.1, came {place}")
    if reset:
        _reset(data)
        click.echo(f"emptied {data}  已清空")
        return
    from ops import demo, logs

    logs.configure("error")
    import uvloop

    ctx.exit(uvloop.run(demo.run(settings, demo.Options(json=as_json, once=once))))


def _reset(data: Path) -> None:
    """Remove what the demo made, and only that."""
    if not data.exists():
        return
    if not (data / "demo-accounts.json").exists() and any(data.iterdir()):
        raise Refusal(f"{data} holds no demo data: nothing was removed")
    from ops.cluster import Cluster

    Cluster(data).destroy()
    for name in MINE:
        path = data / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
