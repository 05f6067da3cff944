"""Forward migrations: numbered SQL files, applied once each, under one lock, with their digests remembered.

A file that was applied never changes; a difference is refused by name. Roles belong to the cluster, not to a database,
and are made here as well, each with the password that the caller gives. Repeating `apply` does nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from importlib import resources

import asyncpg

ROLES = (
    ("liuhen_owner", "owns every table; nobody signs in as it"),
    ("liuhen_writer", "the log writer: the internal server"),
    ("liuhen_projector", "reads the log, writes the projections"),
    ("liuhen_console", "officers' pages: projections and identity"),
    ("liuhen_public", "the public site: what is published and nothing else"),
    ("liuhen_auditor", "reads entries, checkpoints and what is derived from them; no private value, no code"),
    ("liuhen_backup", "reads everything, confirms backups"),
)
LOGIN_ROLES = tuple(name for name, _ in ROLES if name != "liuhen_owner")
_LOCK = 7_151_204_310_000_001  # advisory lock: one migration at a time


class MigrationRefused(Exception):
    """The database and the files of this version do not fit together; the message names the file and what to do."""


def files() -> list[tuple[str, str]]:
    """(name, SQL) of every migration, in order."""
    folder = resources.files("ops") / "migrations"
    names = sorted(item.name for item in folder.iterdir() if item.name[:4].isdigit() and item.name.endswith(".sql"))
    return [(name, (folder / name).read_text("utf-8")) for name in names]


async def apply(dsn: str, password_of: Callable[[str], str] | None) -> list[str]:
    """Bring the database at `dsn` (a superuser's or the owner's) to the newest shape; returns the names applied now.

    `password_of(role)` gives login roles their passwords; None leaves roles and passwords to the administrator.
    """
    connection = await asyncpg.connect(dsn, timeout=30)
    try:
        await connection.execute("SET lock_timeout = '15s'; SET client_min_messages = warning")
        await connection.execute(f"SELECT pg_advisory_lock({_LOCK})")
        await _roles(connection, password_of)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS public.liuhen_migrations"
            " (name text PRIMARY KEY, digest bytea NOT NULL, applied timestamptz NOT NULL DEFAULT now())"
        )
        done = {row["name"]: bytes(row["digest"]) for row in await connection.fetch("SELECT * FROM liuhen_migrations")}
        known = files()
        unknown = sorted(done.keys() - {name for name, _ in known})
        if unknown:
            raise MigrationRefused(
                f"the database knows {unknown[-1]}, this version of liuhen does not: run the newer version"
            )
        applied = []
        for name, text in known:
            digest = sha256(text.encode()).digest()
            if name in done:
                if done[name] != digest:
                    raise MigrationRefused(
                        f"{name} was changed after it was applied: restore the file as it was released"
                    )
                continue
            async with connection.transaction():
                await connection.execute(text)
                await connection.execute("INSERT INTO liuhen_migrations (name, digest) VALUES ($1, $2)", name, digest)
            applied.append(name)
        return applied
    finally:
        await connection.close()


async def _roles(connection: asyncpg.Connection, password_of: Callable[[str], str] | None) -> None:
    existing = {
        row["rolname"] for row in await connection.fetch("SELECT rolname FROM pg_roles WHERE rolname LIKE 'liuhen%'")
    }
    for name, _ in ROLES:
        if name not in existing:
            # Two databases of one cluster may be migrated at once: the other one's role serves as well.
            await connection.execute(
                f"DO $$ BEGIN CREATE ROLE {name} NOLOGIN;"
                " EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$"
            )
        if password_of is not None and name in LOGIN_ROLES:
            quoted = password_of(name).replace("'", "''")
            await connection.execute(f"ALTER ROLE {name} LOGIN PASSWORD '{quoted}'")
