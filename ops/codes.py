"""Enrolment codes for the command line: made on the database of the settings, whether or not a server runs."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from ops.compose import Database, log_parts
from ops.settings import Settings, SettingsError
from server.log import store

LIFE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Code:
    """What is printed for a terminal: single-use code, host and verifier key of the log, recovery key (hexadecimal)."""

    code: str
    host: str
    log: str
    recovery: str


async def issue(settings: Settings, database: Database, authority: str) -> Code:
    """A new code for a terminal of an authority. Raises SettingsError where it has no log."""
    keyring, _, _ = log_parts(settings)
    queries = store.load_queries("server.log", "log.sql")
    connection = await store.connect(database.dsn("liuhen_writer"))
    try:
        rows = await connection.fetch(queries["logs_of"], authority)
        if not rows or rows[-1]["kind"] != "authority":
            raise SettingsError(f"there is no log of {authority!r}: `liuhen authority add {authority}` begins one")
        newest = rows[-1]
        verifier = keyring.epoch(authority, newest["epoch"]).verifier
        text = secrets.token_hex(16).upper()
        code = "-".join(text[i : i + 4] for i in range(0, 32, 4))
        await connection.execute(queries["add_code"], sha256(code.encode()).digest(), authority, LIFE)
    finally:
        await connection.close()
    recovery = keyring.recovery(authority).public.hex()
    return Code(code, newest["origin"].split("/")[0], str(verifier), recovery)
