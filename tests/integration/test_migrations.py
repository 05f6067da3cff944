"""Migrations: the committed shape is what they give, applying twice does nothing, and nobody may alter the log."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from types import SimpleNamespace

import asyncpg
import pytest

from ops import migrate
from ops.house.schema import FILE, dump
from server.log import store
from server.log.group import Group, Turn, arguments
from tests.support.postgres import TestDatabase, TestServer


async def test_schema_sql_is_what_the_migrations_give(postgres_server: TestServer, database: TestDatabase) -> None:
    found = await asyncio.to_thread(dump, postgres_server.cluster, database.name)
    assert found == FILE.read_text("utf-8"), "the shape changed: run `python -m ops.house.schema` and look at the diff"


async def test_applying_again_does_nothing(postgres_server: TestServer, database: TestDatabase) -> None:
    assert await migrate.apply(database.dsn(), postgres_server.cluster.password) == []


async def test_a_file_that_changed_after_it_was_applied_is_refused(
    postgres_server: TestServer, database: TestDatabase
) -> None:
    connection = await database.connect()
    try:
        await connection.execute("UPDATE liuhen_migrations SET digest = '\\x00' WHERE name LIKE '0001%'")
    finally:
        await connection.close()
    with pytest.raises(migrate.MigrationRefused, match=r"0001_log\.sql was changed"):
        await migrate.apply(database.dsn(), postgres_server.cluster.password)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log.entries SET entry = '\\x00'",
        "DELETE FROM log.entries",
        "TRUNCATE log.entries",
        "UPDATE log.checkpoints SET note = ''",
        "DELETE FROM log.keys",
        "DELETE FROM log.heads",
        "TRUNCATE log.terminals",
    ],
)
async def test_not_even_the_owner_alters_the_log_by_an_ordinary_statement(
    database: TestDatabase, statement: str
) -> None:
    connection = await database.connect()
    try:
        log_id = await connection.fetchval("SELECT log.create_log('9', 1, 'h/9/1', 'authority')")
        await connection.execute("INSERT INTO log.entries VALUES ($1, 0, '\\x80')", log_id)
        await connection.execute("INSERT INTO log.checkpoints VALUES ($1, 1, 'x')", log_id)
        await connection.execute(
            "INSERT INTO log.keys VALUES ($1, '00000000-0000-0000-0000-000000000000', 1, 0, 0, 0)", log_id
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="append-only"):
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("liuhen_writer", "UPDATE log.heads SET size = 0"),
        ("liuhen_writer", "DELETE FROM log.entries"),
        ("liuhen_writer", "UPDATE log.terminals SET held = false"),
        ("liuhen_console", "SELECT * FROM log.entries"),
        ("liuhen_console", "SELECT * FROM log.private"),
        ("liuhen_public", "SELECT * FROM log.entries"),
        ("liuhen_public", "SELECT * FROM log.logs"),
        ("liuhen_projector", "SELECT * FROM log.private"),
        ("liuhen_auditor", "SELECT * FROM log.private"),
        ("liuhen_auditor", "SELECT * FROM log.codes"),
        ("liuhen_auditor", "SELECT * FROM identity.users"),
        ("liuhen_auditor", "UPDATE log.keys SET version = 1"),
        ("liuhen_backup", "INSERT INTO log.entries VALUES (1, 0, '')"),
    ],
)
async def test_a_role_has_no_more_rights_than_its_work_needs(database: TestDatabase, role: str, statement: str) -> None:
    connection = await database.connect(role)
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)
    finally:
        await connection.close()


async def test_a_head_moves_only_over_entries_of_its_own_transaction(database: TestDatabase) -> None:
    connection = await database.connect("liuhen_writer")
    advance = (
        "SELECT log.advance(ARRAY[$1::int], ARRAY[0::bigint], ARRAY[$2::bigint], ARRAY[$3::bytea], ARRAY[''::bytea],"
        " ARRAY['n'])"
    )
    try:
        log_id = await connection.fetchval("SELECT log.create_log('9', 1, 'h/9/1', 'authority')")
        await connection.execute("INSERT INTO log.entries VALUES ($1, 0, '\\x80')", log_id)
        with pytest.raises(asyncpg.PostgresError, match="do not lead"):
            await connection.execute(advance, log_id, 1, bytes(32))  # written by an earlier transaction
        async with connection.transaction():
            await connection.execute("INSERT INTO log.entries VALUES ($1, 2, '\\x80')", log_id)
            with pytest.raises(asyncpg.PostgresError, match="do not lead"):
                await connection.execute(advance, log_id, 2, bytes(32))  # a gap at 1
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("claim", "before", "refusal"),
    [
        ({}, None, None),
        ({"size": 2}, None, "do not lead"),
        ({"size": 0}, None, "do not lead"),
        ({"base": 1, "size": 2}, None, "not at size"),
        ({}, 7, "do not lead"),
    ],
)
async def test_a_group_moves_a_head_only_over_the_entries_that_it_brings(
    database: TestDatabase, claim: dict[str, int], before: int | None, refusal: str | None
) -> None:
    connection = await database.connect("liuhen_writer")
    try:
        log_id = await connection.fetchval("SELECT log.create_log('9', 1, 'h/9/1', 'authority')")
        if before is not None:
            await connection.execute("INSERT INTO log.entries VALUES ($1, $2, '\\x80')", log_id, before)
        turn = Turn(SimpleNamespace(log_id=log_id, epoch=1), claim.get("base", 0), "")  # type: ignore[arg-type]
        turn.append(b"\x80")
        turn.size, turn.root, turn.note = claim.get("size", 1), bytes(32), "n"
        told = arguments(Group(), [turn], [turn], ahead=False)
        append = store.load_queries("server.log", "log.sql")["append_group"]
        with pytest.raises(asyncpg.PostgresError, match=refusal) if refusal else nullcontext():
            await connection.fetchrow(append, *told)
        size = await connection.fetchval("SELECT size FROM log.heads WHERE log_id = $1", log_id)
        assert size == (0 if refusal else 1)
        stored = await connection.fetchval(
            "SELECT count(*) FROM log.entries WHERE log_id = $1 AND position <= 1", log_id
        )
        assert stored == (0 if refusal else 1), "all of it or nothing"
    finally:
        await connection.close()
