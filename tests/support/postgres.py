"""The database of the tests: one cluster for a session, one database for a test, cloned from a migrated template.

Invariant: no test writes to a cluster that this module did not make in this session: `SHOW data_directory` is compared
with the folder of the session before the first write.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import itertools
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from ops.cluster import Cluster

TEMPLATE = "liuhen_template"
SHORT = 24
"""Characters of a temporary folder that leave enough of a socket's path."""


@dataclass(frozen=True)
class TestDatabase:
    """One database: `dsn()` as the superuser, `dsn(role)` as any other role of the cluster."""

    __test__ = False  # not a class of tests

    name: str
    cluster: Cluster

    def dsn(self, role: str = "postgres") -> str:
        return self.cluster.dsn(role, self.name)

    async def connect(self, role: str = "postgres") -> asyncpg.Connection:
        return await asyncpg.connect(self.dsn(role), timeout=10)


@dataclass
class TestServer:
    """The cluster of the session and the databases made in it."""

    __test__ = False

    cluster: Cluster
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _template_made: bool = False

    async def make_database(self, *, migrated: bool = True) -> TestDatabase:
        if migrated and not self._template_made:
            await self._make_template()
        name = f"t{next(self._numbers)}"
        source = TEMPLATE if migrated else "template0"
        await self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
        return TestDatabase(name, self.cluster)

    async def drop_database(self, database: TestDatabase) -> None:
        await self._execute(f'DROP DATABASE IF EXISTS "{database.name}" WITH (FORCE)')

    async def _make_template(self) -> None:
        await self._execute(f'CREATE DATABASE "{TEMPLATE}" TEMPLATE template0')
        await apply_migrations(self.cluster, TEMPLATE)
        self._template_made = True

    async def _execute(self, sql: str) -> None:
        connection = await asyncpg.connect(self.cluster.dsn(), timeout=10)
        try:
            await connection.execute(sql)
        finally:
            await connection.close()


async def apply_migrations(cluster: Cluster, database: str) -> None:
    """Bring an empty database to the newest shape, through the command that production uses.

    `ops.migrate.apply(dsn, password_of)` does it: `dsn` is the superuser's, `password_of(role)` the password that a
    role is to be given.
    """
    if importlib.util.find_spec("ops.migrate") is None:
        return
    migrate = importlib.import_module("ops.migrate")
    await migrate.apply(cluster.dsn(database=database), cluster.password)


@contextmanager
def short_folder() -> Iterator[Path]:
    """A folder with a path short enough for a socket, passable for every user, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="lh-", dir=_short_temporary()))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _short_temporary() -> Path:
    """The temporary folder of this run (`make test` has one in memory), or /tmp where that is deep or closed."""
    chosen = Path(tempfile.gettempdir())
    return chosen if len(str(chosen)) <= SHORT and chosen.stat().st_mode & stat.S_IXOTH else Path("/tmp")


@contextmanager
def running_server() -> Iterator[TestServer]:
    """A cluster in a folder of its own; stopped and removed at the end."""
    with short_folder() as folder:
        cluster = Cluster(folder, settings={"shared_buffers": "64MB", "max_wal_size": "1GB"})
        try:
            cluster.start()
            told = asyncio.run(cluster.psql("SHOW data_directory"))[0][0]
            if Path(told).resolve() != (folder / "postgresql" / "data").resolve():
                raise RuntimeError(f"expected a cluster in {folder}, came upon one in {told}: nothing was written")
            yield TestServer(cluster)
        finally:
            cluster.destroy()
