"""`liuhen rebuild` as a person or a timer runs it."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from tests.support.log import open_log
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.projections import PROJECTOR, enrolled, fold, inspection, live_slot


async def liuhen(*arguments: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "ops", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_rebuild_prints_figures_and_its_exit_code_says_whether_the_tables_were_right(
    database: TestDatabase, tmp_path: Path
) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await inspection(log, await enrolled(log))
    await fold(database)
    dsn = tmp_path / "dsn"
    dsn.write_text(database.dsn(PROJECTOR) + "\n", "utf-8")
    code, out, err = await liuhen("rebuild", "--dsn-file", str(dsn), "--check", "--workers", "2", "--json")
    assert code == 0, err
    figures = json.loads(out)
    assert (figures["equal"], figures["swapped"], figures["different"], figures["entries"]) == (True, False, {}, 12)
    superuser = await database.connect()
    try:
        await superuser.execute("DELETE FROM view_a.case_items WHERE kind = 'hazard'")
    finally:
        await superuser.close()
    code, out, err = await liuhen("rebuild", "--dsn-file", str(dsn))
    assert code == 1, err
    assert "1 in case_items" in out
    assert "swapped in" in out
    assert await live_slot(database) == "b"


async def test_rebuild_says_whether_the_judgements_were_right(database: TestDatabase, tmp_path: Path) -> None:
    async with open_log(database.dsn("liuhen_writer"), tmp_path) as log:
        await inspection(log, await enrolled(log))
    await fold(database)
    await judge(database)
    dsn = tmp_path / "dsn"
    dsn.write_text(database.dsn(PROJECTOR) + "\n", "utf-8")
    code, out, err = await liuhen("rebuild", "--dsn-file", str(dsn), "--check", "--json")
    assert code == 0, err
    judged = json.loads(out)["judgements"]
    assert (judged["equal"], judged["parked"], judged["different"], judged["entries"]) == (True, 0, {}, 12)
    superuser = await database.connect()
    try:
        await superuser.execute("DELETE FROM view_a.verdicts WHERE kind = 'task'")
    finally:
        await superuser.close()
    code, out, err = await liuhen("rebuild", "--dsn-file", str(dsn), "--check", "--only", "folds")
    assert code == 0, err
    code, out, err = await liuhen("rebuild", "--dsn-file", str(dsn), "--only", "judgements")
    assert code == 1, err
    assert "in verdicts" in out
    code, out, err = await liuhen("rebuild", "--dsn-file", str(dsn), "--check", "--only", "judgements")
    assert code == 0, err


async def test_rebuild_refuses_what_it_cannot_use_in_one_sentence(tmp_path: Path) -> None:
    for arguments, reason in (
        (("--data", str(tmp_path), "--dsn-file", "x"), "name one database"),
        (("--dsn-file", str(tmp_path / "none")), "expected one line, a DSN"),
    ):
        code, _, err = await liuhen("rebuild", *arguments)
        assert (code, reason in err, err.count("\n")) == (2, True, 1), err
