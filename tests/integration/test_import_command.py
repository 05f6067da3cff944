"""`liuhen import` as the office runs it: dry run, record, again, changed, and a file with faults."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import structlog
from click.testing import CliRunner

from domain.import_columns import COLUMNS, KINDS
from ops.cli import root
from ops.cluster import Cluster
from schemas import entries

USCC = "91210500MA0TEX018W"
HEADER = "单位名称,统一社会信用代码,单位编号,风险等级,监管主体,监管层级,监管起始日期\n"


async def liuhen(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The command in a thread of this process: what a process of its own costs is its start."""
    structlog.reset_defaults()  # as a new process begins; what tests before this one set up would print its lines
    try:
        found = await asyncio.to_thread(CliRunner().invoke, root, [*arguments, "--data", str(folder / "data")])
    finally:
        structlog.reset_defaults()
    assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
    return found.exit_code, found.stdout, found.stderr


async def started(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """The command as a process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-P", "-m", "ops", *arguments, "--data", str(folder / "data"),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def imported(folder: Path, kind: str, text: str, *more: str, run: Any = liuhen) -> tuple[int, dict[str, Any]]:
    file = folder / f"{kind}.csv"
    file.write_text(text, "utf-8-sig")
    code, out, err = await run(folder, "import", kind, str(file), "--authority", "210500", "--json", *more)
    assert code in (0, 1), err
    return code, json.loads(out)


async def test_a_table_is_checked_recorded_once_and_changed_rows_follow(short_folder: Path) -> None:
    cluster = Cluster(short_folder / "data")
    await asyncio.to_thread(cluster.start)
    try:
        code, _, err = await liuhen(short_folder, "authority", "add", "210500")
        assert code == 0, err
        good = HEADER + f"示例一厂,{USCC},,较大,210502,县级,2025-01-01\n示例二厂,9121****MA0TEX018W,Q-2,低,,,\n"

        _, dry = await imported(short_folder, "enterprises", good, "--dry-run")
        assert (dry["acts"], dry["recorded"], dry["faults"]) == ({"new": 3}, 0, [])
        _, first = await imported(short_folder, "enterprises", good, "--officer", "officer-0002", run=started)
        assert (first["acts"], first["recorded"]) == ({"new": 3}, 3)
        _, again = await imported(short_folder, "enterprises", good)
        assert (again["acts"], again["recorded"]) == ({"unchanged": 3}, 0)
        _, changed = await imported(short_folder, "enterprises", good.replace("低", "一般"))
        assert (changed["acts"], changed["recorded"]) == ({"changed": 1, "unchanged": 2}, 1)

        # One row with a fault: nothing is recorded, unless the good ones are asked for.
        faulty = good + "示例三厂,91210500MA0TEX018X,,低,,,\n示例四厂,,Q-4,低,,,\n"
        code, stopped = await imported(short_folder, "enterprises", faulty)
        assert (code, stopped["recorded"]) == (1, 0)
        assert [(f["row"], f["column"], f["came"]) for f in stopped["faults"]] == [
            (4, "统一社会信用代码", "91210500MA0TEX018X")
        ]
        code, partly = await imported(short_folder, "enterprises", faulty, "--skip-faulty")
        assert (code, partly["recorded"]) == (1, 2)

        # A hazard that was imported is no second one when its words change.
        hazards = "隐患编号,统一社会信用代码,隐患等级,隐患描述,发现日期\nY-1,{},重大,{},2026-03-02\n"
        _, found = await imported(short_folder, "hazards", hazards.format(USCC, "报警器失效"))
        assert found["recorded"] == 1
        code, other = await imported(short_folder, "hazards", hazards.format(USCC, "报警器已修"))
        assert (code, other["recorded"], other["acts"]) == (1, 0, {"refused": 1})
        assert "correct that record" in other["faults"][0]["expected"]["en"]

        _, _, err = await liuhen(
            short_folder, "import", "hazards", str(short_folder / "hazards.csv"), "--authority", "999"
        )
        assert "has no log here" in err

        acts = [entry async for entry in _office(cluster)]
    finally:
        await asyncio.to_thread(cluster.stop)
    # The masked one came in twice: faulty.csv had its old grade again.
    assert [entry.y for entry in acts].count("enterprise.profiled.v1") == 5
    assert {entry.w.via for entry in acts} == {"import"}
    assert acts[0].w.officer == "officer-0002"
    assert acts[0].b["import"] == {"system": "file", "reference": USCC}


PLAN = "执法人员数,8\n人均法定工作日,248\n总法定工作日,1985\n单位编号,检查类别,计划工作日\nE-1,重点,4\nE-2,一般,2\n"


async def test_a_plan_is_checked_drafted_once_and_its_faults_are_told(short_folder: Path) -> None:
    cluster = Cluster(short_folder / "data")
    await asyncio.to_thread(cluster.start)
    file = short_folder / "plan.csv"

    async def draft(text: str, *more: str) -> tuple[int, Any]:
        file.write_bytes(text.encode("gbk"))
        arguments = ("import", "plan", str(file), "--authority", "210500", "--year", "2026", *more)
        code, out, err = await liuhen(short_folder, *arguments)
        assert code in (0, 1), err
        return code, json.loads(out) if "--json" in more else out

    try:
        assert (await liuhen(short_folder, "authority", "add", "210500"))[0] == 0
        code, dry = await draft(PLAN, "--dry-run", "--json")
        assert (code, dry["items"], dry["state"], dry["faults"]) == (0, 2, "dry run", [])
        assert [(one["what"], one["given"]) for one in dry["arithmetic"] if not one["fits"]] == [("total", "1984")]
        assert (await draft(PLAN, "--officer", "planner", "--json"))[1]["state"] == "recorded"
        assert (await draft(PLAN, "--json"))[1]["state"] == "unchanged"
        code, told = await draft(PLAN + "E-3,关键,2\n")
        assert code == 1
        assert "第 7 行 检查类别（关键）" in told
        assert "印作 1985，按数字为 1984" in told
        assert "nothing was recorded" in told
        acts = [entry async for entry in _office(cluster)]
    finally:
        await asyncio.to_thread(cluster.stop)
    assert [entry.y for entry in acts] == ["plan.drafted.v1"]
    digest = acts[0].b["file"]["sha256"].hex()
    kept = short_folder / "data" / "evidence" / "sha256" / digest[:2] / digest[2:4] / digest
    assert kept.read_bytes() == PLAN.encode("gbk"), "the file that the act cites is kept"


def test_the_columns_of_a_plan_are_told() -> None:
    found = CliRunner().invoke(root, ["import", "plan", "--columns"])
    assert found.exit_code == 0
    assert "检查类别" in found.stdout
    assert "实施行政许可" in found.stdout


def test_the_command_tells_which_columns_a_table_may_have() -> None:
    for kind in KINDS:
        found = CliRunner().invoke(root, ["import", kind, "--columns"])
        assert found.exit_code == 0, found.stderr
        lines = found.stdout.splitlines()
        assert len(lines) == len(COLUMNS[kind])
        for column, line in zip(COLUMNS[kind], lines, strict=True):
            assert all(name in line for name in (column.name, *column.zh))
            assert ("required" in line) == column.needed
    assert "重大、较大、一般、低" in CliRunner().invoke(root, ["import", "enterprises", "--columns"]).stdout


RULES = """version = "2026-1"
document = "示例市应急管理局〔2026〕12号"

[[rule]]
key = "reinspection.local_days"
value = 5
since = 2026-03-01
source = "第三条"

[[notice]]
year = 2027
known_on = 2026-11-20
off = ["2027-01-01~2027-01-03"]
"""


async def test_a_file_of_rules_is_checked_and_published_once_and_a_version_never_changes(short_folder: Path) -> None:
    file = short_folder / "rules.toml"

    async def published(text: str, *more: str) -> tuple[int, str]:
        file.write_text(text, "utf-8")
        code, out, err = await liuhen(short_folder, "import", "rules", str(file), "--authority", "210500", *more)
        assert code in (0, 1), err
        return code, out

    cluster = Cluster(short_folder / "data")
    await asyncio.to_thread(cluster.start)
    try:
        code, _, err = await liuhen(short_folder, "authority", "add", "210500")
        assert code == 0, err
        _, out = await published(RULES, "--dry-run")
        assert "2 entries, 0 faults; acts: 2 new; dry run, nothing recorded" in out

        code, out = await published(RULES + RULES.partition("\n\n")[2].replace("local_days", "localdays"))
        assert code == 1
        assert "第 2 条 reinspection.localdays：没有这一规则" in out
        assert "there is no such rule: did you mean reinspection.local_days" in out
        assert out.endswith("nothing was recorded: mend the entries\n")

        code, out = await published(RULES, "--json", "--officer", "officer-0002")
        told = json.loads(out)
        assert (code, told["kind"], told["acts"], told["recorded"], told["faults"]) == (0, "rules", {"new": 2}, 2, [])
        _, out = await published(RULES)
        assert "acts: 2 unchanged; 0 recorded" in out

        code, out = await published(RULES.replace("value = 5", "value = 3"))
        assert code == 1
        assert "give the file another `version`" in out
        acts = [entry async for entry in _office(cluster)]
    finally:
        await asyncio.to_thread(cluster.stop)
    assert [(entry.y, entry.b["kind"], entry.w.officer, entry.w.via) for entry in acts] == [
        ("rule_set.published.v1", "limits", "officer-0002", "import"),
        ("rule_set.published.v1", "calendar", "officer-0002", "import"),
    ]
    assert acts[0].b["content_hash"] == acts[0].w.session


async def _office(cluster: Cluster) -> Any:
    import asyncpg

    connection = await asyncpg.connect(cluster.dsn(database="liuhen"))
    try:
        for row in await connection.fetch("SELECT entry FROM log.entries ORDER BY position"):
            entry = entries.decode(bytes(row["entry"]))
            if isinstance(entry, entries.OfficeEntry):
                yield entry
    finally:
        await connection.close()
