"""Whose records somebody sees: the own authority, and those below it for who looks over others; in the database too."""

from __future__ import annotations

import re

import asyncpg
import pytest

from domain.rulebook import covers
from server.identity import store
from tests.support.postgres import TestDatabase
from tests.support.web import owner

CODES = (
    "000000",
    "110000",
    "110101",
    "210000",
    "210500",
    "210521",
    "210522",
    "211000",
    "211002",
    "220000",
    "township-7",
)
OPEN_TO_ALL = {
    "view.cuts": "positions under a name and nothing of any record; who asks is given those of the logs that are seen",
    "view.live": "which slot answers, and nothing of any record",
    "view.process": "which slot answers, and nothing of any record",
}


async def begin(connection: asyncpg.Connection, *codes: str) -> None:
    for code in codes:
        await connection.execute("SELECT log.create_log($1, 1, $2, 'authority')", code, f"h/{code}/1")


async def below(connection: asyncpg.Connection, code: str) -> set[str]:
    return set(await connection.fetchval("SELECT identity.below($1)", code))


async def test_what_stands_below_follows_the_codes_as_the_rules_do(database: TestDatabase) -> None:
    async with owner(database) as connection:
        await begin(connection, *CODES)
        for above in CODES[:-1]:
            expected = {code for code in CODES[:-1] if code != above and covers(above, code)}
            assert await below(connection, above) == expected, above
        assert await below(connection, "210500") == {"210521", "210522"}
        assert await below(connection, "township-7") == set()


async def test_a_parent_that_is_named_counts_instead_of_the_code(database: TestDatabase) -> None:
    async with owner(database) as connection:
        await begin(connection, *CODES)
        await connection.execute("INSERT INTO identity.authorities (authority, parent) VALUES ('township-7', '210521')")
        await connection.execute("INSERT INTO identity.authorities (authority, parent) VALUES ('210522', '211000')")
        assert await below(connection, "210500") == {"210521", "township-7"}
        assert await below(connection, "211000") == {"211002", "210522"}
        assert {"210522", "township-7"} <= await below(connection, "210000")
        await connection.execute("INSERT INTO identity.authorities (authority, parent) VALUES ('210500', 'township-7')")
        assert await below(connection, "210521") == {"210500", "township-7"}, "a circle ends"


async def test_every_table_that_pages_read_has_row_level_security_forced(database: TestDatabase) -> None:
    async with owner(database) as connection:
        rows = await connection.fetch(
            """SELECT n.nspname || '.' || c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p') AND n.nspname ~ '^view'
                  AND has_table_privilege('liuhen_console', c.oid, 'SELECT')"""
        )
    assert len(rows) > 20
    bare = {row["name"] for row in rows if not row["forced"]}
    assert bare == OPEN_TO_ALL.keys(), (
        "enable and force row-level security where records of one authority stand: "
        "USING (authority = ANY ((SELECT view.seen())::text[]))"
    )


async def test_without_an_authority_nothing_is_seen(database: TestDatabase) -> None:
    async with owner(database) as connection:
        policies = await connection.fetch(
            """SELECT schemaname || '.' || tablename AS name, qual FROM pg_policies
                WHERE 'liuhen_console' = ANY (roles) AND schemaname ~ '^view'"""
        )
    assert len(policies) > 20
    for policy in policies:
        assert re.search(r"view\.(seen|logs)\(", policy["qual"]), policy["name"]
    connection = await database.connect("liuhen_console")
    try:
        for asked in ("view.seen()", "view.sees('210500')", "count(*) FROM view.logs()"):
            with pytest.raises(asyncpg.UndefinedObjectError):
                await connection.fetch(f"SELECT {asked}")
    finally:
        await connection.close()


@pytest.mark.parametrize("role", ["inspector", "supervisor", "auditor"])
async def test_who_runs_guards_and_checks_the_system_are_different_people(database: TestDatabase, role: str) -> None:
    async with owner(database) as connection:
        for apart in ("administrator", "security_officer", "auditor"):
            if apart == role:
                continue
            with pytest.raises(store.IdentityRefused, match="alone"):
                store.check_roles([apart, role])
            with pytest.raises(asyncpg.CheckViolationError, match="users_roles_disjoint"):
                await connection.execute(
                    "INSERT INTO identity.users (name, display, authority, roles, password)"
                    " VALUES ('x', 'x', '1', $1, '$argon2id$')",
                    [apart, role],
                )
        store.check_roles(["inspector", "unit_head"])


async def test_one_officer_has_one_account_and_a_unit_of_the_own_authority(database: TestDatabase) -> None:
    add = """INSERT INTO identity.users (name, display, authority, roles, password, unit, officer)
             VALUES ($1, 'x', $2, '{inspector}', '$argon2id$', $3, $4)"""
    async with owner(database) as connection:
        await connection.execute(
            "INSERT INTO identity.units (authority, unit, name, role) VALUES ('210500', 'u1', '执法一科', 'handling')"
        )
        await connection.execute(add, "lin", "210500", "u1", "officer-1")
        with pytest.raises(asyncpg.UniqueViolationError, match="users_officer"):
            await connection.execute(add, "lin2", "210500", "u1", "officer-1")
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(add, "he", "210521", "u1", "officer-2")
