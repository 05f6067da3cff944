"""Works in the background of a block: told when they fail, gone with the block."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from server.chores import running


async def test_a_work_that_fails_is_told_by_its_name_and_the_block_goes_on() -> None:
    async def fails() -> None:
        raise ValueError("text that is nobody's business")

    with capture_logs() as said:
        async with running(fails()):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    (one,) = said
    assert (one["event"], one["log_level"], one["error"]) == ("chore_died", "error", "ValueError")
    assert one["work"].endswith("fails")
    assert "business" not in str(said)


async def test_works_end_with_the_block_and_nothing_is_said_of_it() -> None:
    ended = asyncio.Event()

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with capture_logs() as said:
        async with running(forever(), forever()):
            await asyncio.sleep(0)
    assert ended.is_set()
    assert said == []
