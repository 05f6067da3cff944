"""The bulk files of what is published, made by the internal server as the account that sees nothing else.

A full table each month, what changed each day (server.public.bulk). Looked at every half hour: what is there is never
made again. The digests of each month are signed as notes by the keys of the logs that are written here: the text of
such a note is no checkpoint, because its first line names no log.
"""

from __future__ import annotations

import asyncio
import datetime
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import asyncpg
import structlog

from schemas.notes import NoteSigner, sign_note, split_note
from server.log.book import Book
from server.public import bulk, store

SECONDS: Final = 1_800.0
log = structlog.get_logger("liuhen.bulk")


async def bulk_forever(dsn: str, folder: Path, signers: Callable[[], Sequence[NoteSigner]]) -> None:
    """Make what is due now and then every half hour, until cancelled; `signers` sign the digests."""
    while True:
        try:
            pool = await store.connect(dsn, size=1)
            try:
                made = await bulk.write(pool, folder, datetime.datetime.now(datetime.UTC))
            finally:
                await pool.close()
            await asyncio.to_thread(sign_sums, folder, signers())
            if made:
                log.info("bulk_made", files=len(made))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, store.SeesTooMuch) as fault:
            log.warning("bulk_failed", error=type(fault).__name__)
        await asyncio.sleep(SECONDS)


def signers_of(book: Book) -> list[NoteSigner]:
    """The keys of the newest epochs of the authorities' logs that are open here."""
    states = [one for one in book.states() if one.loaded and one.closed is None and one.kind == "authority"]
    newest = {one.authority: one for one in sorted(states, key=lambda one: one.epoch)}
    return [one.keys.log for one in newest.values() if one.keys is not None]


def sign_sums(folder: Path, signers: Sequence[NoteSigner]) -> int:
    """Sign the digests of every month that are not signed as they are now; returns how many. Again: nothing."""
    done = 0
    for sums in sorted((folder / "data").glob(f"*/{bulk.SUMS}")) if signers else ():
        text, place = sums.read_text("utf-8"), sums.with_name(bulk.SIGNED)
        if not text or (place.exists() and split_note(place.read_text("utf-8"))[0] == text):
            continue
        lines = [str(split_note(sign_note(text, one))[1][0]) for one in signers]
        beside = place.with_name(f".{bulk.SIGNED}.{os.getpid()}")
        beside.write_text(f"{text}\n{''.join(lines)}", "utf-8")
        beside.replace(place)
        done += 1
    return done
