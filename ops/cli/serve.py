"""`liuhen serve`: production, and the same on an embedded database for tests and scripts."""

from __future__ import annotations

from pathlib import Path

import click

from ops import settings as settings_module


@click.command(epilog="Example: liuhen serve --data /srv/liuhen --internal 127.0.0.1:8080 --public 127.0.0.1:8081")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of the embedded database.")
@click.option("--internal", metavar="HOST:PORT", help="Terminals, officers, supervisors; port 0: a free one.")
@click.option("--public", metavar="HOST:PORT", help="The disclosure site; port 0: a free one.")
@click.pass_context
def command(ctx: click.Context, data: Path | None, internal: str | None, public: str | None) -> None:
    """Run the server until SIGTERM. 运行服务器，直到收到终止信号。

    Prints one line of JSON with the addresses on stdout when it is ready; logs go to stderr.
    """
    settings = settings_module.load(ctx.obj, data=data, internal=internal, public=public)
    settings.require("internal")
    from ops.logs import configure
    from ops.serve import run

    configure(settings.log_level)
    import gc

    import uvloop

    # What was loaded until now stays for good, and requests leave few cycles: looking for them less often saves a
    # twelfth of the server's time under load.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    uvloop.run(run(settings))
