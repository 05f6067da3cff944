"""The bare aiohttp handler before a peer: it takes the requests that our server takes and does as little as it can.

It splits the batch, has its events appended in one call on a thread, and answers when that is durable. It checks no
signature and no chain, and makes no tree and no receipt.
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from aiohttp import web

from ops.bench.load import Figure, drive
from ops.bench.machine import cpu_seconds, used
from ops.bench.rig import Program, Rig, Sample
from schemas import batch as batches
from schemas.batch import Batch

PATH: Final = "/events"
LARGEST: Final = 16 * 1024 * 1024


class Handled:
    """A peer behind the handler. `processes`: everything of the peer but PostgreSQL, for its CPU time."""

    def __init__(self, rig: Rig, handler: Program, *processes: Program) -> None:
        self._rig, self._url = rig, handler.told["url"]
        self._pids = [handler.pid, *(process.pid for process in processes)]
        self.sent = 0

    async def measure(self, prepared: list[list[bytes]], *, seconds: float | None = None) -> Sample:
        """Send batches that our server has recorded to the peer as well."""
        before = self._cpu()
        figure: Figure = await drive(self._url, PATH, prepared, seconds=seconds)
        self.sent += figure.events
        return Sample(figure, used(before, self._cpu(), figure.events))

    def _cpu(self) -> Mapping[str, float | None]:
        seconds = [cpu_seconds(pid) for pid in self._pids]
        known = [value for value in seconds if value is not None]
        rest = {name: value for name, value in self._rig.cpu().items() if name not in ("server", "readers")}
        return {"server": sum(known) if len(known) == len(seconds) else None, **rest}


async def serve(append: Callable[[Batch], object], threads: int) -> None:
    """Serve until SIGTERM; prints one line of JSON with the address. `append` is called on one of `threads` threads."""
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(threads)

    async def post(request: web.Request) -> web.Response:
        await loop.run_in_executor(pool, append, batches.decode(await request.read()))
        return web.Response(body=b"recorded")

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    app = web.Application(client_max_size=LARGEST)
    app.router.add_post(PATH, post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    await web.SockSite(runner, listening).start()
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{listening.getsockname()[1]}"}) + "\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()
    pool.shutdown()
