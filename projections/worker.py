"""The worker process of a crew (`hands.crew`): reads entries, makes digests, writes to no table.

It is told a connection string first, then asked for runs, one frame each on its standard input; it answers on its
standard output in the same order. Invariant: it ends when its standard input does, so it never outlives who began it.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress

import uvloop

from projections.batch import Overtaken
from projections.digest import Digest, encode
from projections.hands import BUFFER, Alone, decode_wanted, frame, read_frame
from projections.runner import LOST, connect
from schemas.events import REGISTRY


async def work() -> None:
    """Answer until nothing more is asked. Raises LOST and Overtaken: whoever asked sees the pipe end."""
    pipe = asyncio.StreamReader(limit=BUFFER)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(pipe), sys.stdin)
    connection = await connect((await read_frame(pipe)).decode(), "liuhen rebuild worker")
    alone = Alone(connection, REGISTRY)
    asked: asyncio.Queue[asyncio.Task[list[Digest]] | None] = asyncio.Queue()

    async def listen(group: asyncio.TaskGroup) -> None:
        with suppress(asyncio.IncompleteReadError):
            while True:
                wanted = decode_wanted(await read_frame(pipe))
                asked.put_nowait(group.create_task(alone.digests(wanted)))
        asked.put_nowait(None)

    async with asyncio.TaskGroup() as group:
        group.create_task(listen(group))
        while (digests := await asked.get()) is not None:
            sys.stdout.buffer.write(frame(encode(await digests)))
            sys.stdout.buffer.flush()
    await connection.close(timeout=5)


def main() -> None:
    """Entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: who began us ends us
    reason = ""
    try:
        uvloop.run(work())
    except* (*LOST, Overtaken, asyncio.IncompleteReadError) as faults:
        reason = f"liuhen rebuild worker: {faults.exceptions[0]!r}"
    if reason:
        sys.exit(reason)


if __name__ == "__main__":
    main()
