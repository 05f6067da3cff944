"""Settings of applications that stand on a test's database, and the end of what they left running."""

from __future__ import annotations

import gc
import threading
from pathlib import Path

from tests.support.postgres import TestDatabase

THREAD = "liuhen recorders"


def settings(database: TestDatabase, folder: Path) -> dict[str, str]:
    """The environment of an application; every application of a test shares its folders, as on one host."""
    return {
        "PERSISTENCE_MODULE": "server.log.recorders",
        "LIUHEN_DSN": database.dsn("liuhen_writer"),
        "LIUHEN_KEYS": str(folder / "keys"),
        "LIUHEN_REGISTER": str(folder / "register"),
        "LIUHEN_HOST": "liuhen.example",
    }


def wait_for_the_end_of_all_engines() -> None:
    """Applications that were not closed give back what they held when they are collected; then no thread is left."""
    gc.collect()
    for thread in threading.enumerate():
        if thread.name == THREAD:
            thread.join(20)
            assert not thread.is_alive(), "an application was neither closed nor collected"
