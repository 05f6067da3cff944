"""The role of the public site reads what is published, and nothing else in the database."""

from __future__ import annotations

import asyncio

import asyncpg

from tests.support.postgres import TestDatabase

OURS = """
SELECT n.nspname || '.' || c.relname AS name, n.nspname AS schema
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'v', 'm', 'S', 'p', 'f') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""
FUNCTIONS = """
SELECT n.nspname || '.' || p.proname AS name
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND has_schema_privilege('liuhen_public', n.oid, 'USAGE')
   AND has_function_privilege('liuhen_public', p.oid, 'EXECUTE')
"""
CHANGES = ("INSERT INTO {} DEFAULT VALUES", "DELETE FROM {}", "TRUNCATE {}", "DROP TABLE {}")


async def _refused(connection: asyncpg.Connection, statement: str) -> bool:
    try:
        await connection.execute(statement)
    except asyncpg.InsufficientPrivilegeError:
        return True
    return False


async def test_the_public_role_reads_published_tables_and_no_other(database: TestDatabase) -> None:
    owner = await database.connect()
    public = await database.connect("liuhen_public")
    try:
        tables = await owner.fetch(OURS)
        assert {row["schema"] for row in tables} >= {"published", "disclosure", "log", "view", "view_a", "identity"}
        for row in tables:
            if row["schema"] == "published":
                await public.fetch(f"SELECT * FROM {row['name']}")
                assert all([await _refused(public, each.format(row["name"])) for each in CHANGES])
            else:
                assert await _refused(public, f"SELECT * FROM {row['name']}"), row["name"]
        assert await owner.fetch(FUNCTIONS) == []
        assert await _refused(public, "SET ROLE liuhen_owner")
        assert await _refused(public, "CREATE TABLE public.mine (a int)")
        assert await _refused(public, "SELECT pg_read_file('/etc/passwd')")
    finally:
        await owner.close()
        await public.close()


async def test_psql_as_the_public_role_is_told_permission_denied(database: TestDatabase) -> None:
    """As an outsider with the site's password would try it."""
    binaries = database.cluster.binaries
    for table, wanted in (
        ("published.records", 0),
        ("disclosure.documents", 3),
        ("log.entries", 3),
        ("log.private", 3),
    ):
        child = await asyncio.create_subprocess_exec(
            str(binaries.bin / "psql"), "-X", "-v", "ON_ERROR_STOP=1", "-d", database.dsn("liuhen_public"),
            "-f", "-", env=binaries.environment(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        async with asyncio.timeout(30):
            _, told = await child.communicate(f"SELECT count(*) FROM {table};\n".encode())
        assert child.returncode == wanted, (table, told)
        assert wanted == 0 or b"permission denied" in told


async def test_a_right_too_many_would_be_noticed(database: TestDatabase) -> None:
    """Control: the check above sees a grant that should not be there."""
    owner = await database.connect()
    public = await database.connect("liuhen_public")
    try:
        await owner.execute("GRANT USAGE ON SCHEMA log TO liuhen_public; GRANT SELECT ON log.entries TO liuhen_public")
        assert not await _refused(public, "SELECT * FROM log.entries")
        await owner.execute("GRANT EXECUTE ON FUNCTION log.read_tag TO liuhen_public")
        assert [row["name"] for row in await owner.fetch(FUNCTIONS)] == ["log.read_tag"]
    finally:
        await owner.close()
        await public.close()
