"""`liuhen serve`: production, and the same on an embedded database for tests and scripts."""

from __future__ import annotations

from pathlib import Path

import click

from ops import settings as settings_module


@click.command(epilog="Example: liuhen serve --data /srv/liuhen --internal 127.0.0.1:8080 --public 127.0.0.1:8081")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the embedded database.")
@click.option("--internal", metavar="HOST:PORT", help="Terminals, officers, supervisors; port 0: a free one.")
@click.option("--public", metavar="HOST:PORT", help="The disclosure site; port 0: a free one.")
@click.option("--public-only", is_flag=True, help="The disclosure site alone: no keys, no log, its own account.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, internal: str | None, public: str | None, public_only: bool) -> None:
    """Run the server until SIGTERM. 运行服务器，直到收到终止信号。

    With --public-only it serves what is published from the folder `published` and an account of the database that sees
    nothing else (setting public_dsn, or the embedded database that another process runs in --data).
    只运行公示网站时加 --public-only。

    Prints one line of JSON with the addresses on stdout when it is ready; logs go to stderr.
    """
    settings = settings_module.load(ctx.obj, data=data, internal=internal, public=public)
    settings.require("public" if public_only else "internal")
    from ops.logs import configure
    from ops.serve import run, run_public

    configure(settings.log_level)
    import gc

    import uvloop

    # What was loaded until now stays for good, and requests leave few cycles: looking for them less often saves a
    # twelfth of the server's time under load.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    uvloop.run(run_public(settings) if public_only else run(settings))
