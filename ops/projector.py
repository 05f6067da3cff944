"""The projections' processes: two children of the server that follow the logs and fill the tables.

One folds case files and ledgers; the other judges what they mean, at a lower priority, so that a heavy judgement keeps
neither uploads nor case files waiting, notices what came due, and shows the public what was released. A child gets its
connection string through its environment and ends when its parent does (its standard input is a pipe from the parent).
If it dies it is started again; several servers on one database may each have both, the leases in the database let one
of each work.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from typing import Final

import structlog

from ops import logs
from ops.compose import Database
from ops.settings import Settings
from projections.process.runner import ProcessRunner
from projections.process.sweeper import Sweeper
from projections.publishing import Publisher
from projections.runner import Runner
from server import chores

VARIABLE: Final = "LIUHEN_PROJECTOR_DSN"
STOP_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 1.0
FOLD: Final = "fold"
JUDGE: Final = "judge"
WORKS: Final = (FOLD, JUDGE)
JUDGE_NICE: Final = 10
log = structlog.get_logger("liuhen.projector")


@contextlib.asynccontextmanager
async def projecting(settings: Settings, database: Database) -> AsyncIterator[None]:
    """Keep both children running beside the server; each is started again if it ends."""
    async with chores.running(*(_keep(settings, database, work) for work in WORKS)):
        yield


async def _keep(settings: Settings, database: Database, work: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LIUHEN_")}
    environment = {**kept, VARIABLE: database.dsn("liuhen_projector"), "LIUHEN_LOG_LEVEL": settings.log_level}
    while True:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "ops.projector", work, env=environment, stdin=asyncio.subprocess.PIPE
        )
        try:
            code = await child.wait()
        except asyncio.CancelledError:
            assert child.stdin is not None
            child.stdin.close()
            try:
                async with asyncio.timeout(STOP_SECONDS):
                    await child.wait()
            except TimeoutError:
                child.kill()
                await child.wait()
            raise
        log.warning("projector_ended", work=work, code=code)
        await asyncio.sleep(AGAIN_SECONDS)


async def _run(dsn: str, work: str) -> None:
    stop = asyncio.Event()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)

    async def parent_gone() -> None:
        await reader.read()  # ends when the parent closes the pipe or dies
        stop.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(parent_gone())
        if work == FOLD:
            await Runner(dsn).run(stop)
        else:
            group.create_task(Sweeper(dsn).run(stop))
            group.create_task(Publisher(dsn).run(stop))
            await ProcessRunner(dsn, polite=True).run(stop)


def main() -> None:
    """Entry point of a child; its one argument says which."""
    import gc
    import signal

    import uvloop

    # As in the server: what is loaded stays, and facts and rows make no cycles, so that looking for some is seldom due.
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the parent ends us in order
    logs.configure(os.environ.get("LIUHEN_LOG_LEVEL", "info"))
    work = sys.argv[1] if sys.argv[1:] == [JUDGE] else FOLD
    if work == JUDGE:
        os.nice(JUDGE_NICE)
    uvloop.run(_run(os.environ[VARIABLE], work))


if __name__ == "__main__":
    main()
