"""The readable truth of the database's shape: ops/migrations/schema.sql, dumped from a migrated database.

`python -m ops.house.schema` writes it; a test compares. Only what every PostgreSQL from 15 on prints alike is kept.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from ops import migrate
from ops.cluster import Cluster
from ops.compose import make_database

FILE = Path(migrate.__file__).parent / "migrations" / "schema.sql"
HEADER = "-- The shape of the database after all migrations. Generated: python -m ops.house.schema\n\n"
DROPPED = ("--", "SET ", "SELECT pg_catalog.set_config", "\\restrict", "\\unrestrict")


def dump(cluster: Cluster, database: str) -> str:
    """Our schemas as SQL, without comments, settings and version lines."""
    done = subprocess.run(
        [
            str(cluster.binaries.bin / "pg_dump"), "--schema-only", "--no-comments", "--schema=log",
            "--schema=identity", "--schema=view*", "--schema=evidence", "--schema=disclosure", "--schema=published",
            "--schema=webhook",
            cluster.dsn(database=database),
        ],
        env=cluster.binaries.environment(), capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    lines = [line.rstrip() for line in done.stdout.splitlines() if not line.startswith(DROPPED)]
    text = "\n".join(lines)
    while "\n\n\n" in text:
        text = text.replace("\n\n\n", "\n\n")
    return HEADER + text.strip() + "\n"


def fresh() -> str:
    """The dump of a database that was made just now."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="lh-") as folder:
        Path(folder).chmod(0o711)
        cluster = Cluster(Path(folder))
        cluster.start()
        try:
            asyncio.run(make_database(cluster, "shape"))
            asyncio.run(migrate.apply(cluster.dsn(database="shape"), cluster.password))
            return dump(cluster, "shape")
        finally:
            cluster.destroy()


def main() -> int:
    """Write the file."""
    FILE.write_text(fresh(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
