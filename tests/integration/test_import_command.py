"""`liuhen import` as the office runs it: dry run, record, again, changed, and a file with faults."""

from __future__ import annotations

import asyncio
import datetime
import json
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from click.testing import CliRunner

from domain.import_columns import COLUMNS, KINDS
from domain.office import commands as ask
from domain.office.plans import plan_key
from domain.workdays import day_of
from ops import settings as settings_module
from ops.cli import root
from ops.cluster import Cluster
from ops.compose import open_database, open_log
from schemas import entries
from schemas.entries import Who
from server.log.desk import Desk
from server.log.ids import now_ms, uuid7, uuid_text
from server.log.number_acts import NumberActs

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


HEAD = "单位编号,检查类别,计划工作日,未列入原因,调整原因\n"
IN_FORCE = HEAD + "E-1,重点,4,,\nE-2,一般,2,,\nE-3,重点,3,,\n"
REVISED = HEAD + "E-1,重点,6,,扩建\nE-2,一般,2,,\nE-3,,,全年停产,\nE-4,重点,3,,\n"


async def test_an_approved_plan_is_revised_by_a_table_as_on_its_page_and_once(short_folder: Path) -> None:
    cluster = Cluster(short_folder / "data")
    await asyncio.to_thread(cluster.start)
    year = day_of(now_ms()).year - 1
    file = short_folder / "plan.csv"

    async def run(text: str, *more: str) -> tuple[int, str, str]:
        file.write_text(text, "utf-8")
        arguments = ("import", "plan", str(file), "--authority", "210500", "--year", str(year), *more)
        return await liuhen(short_folder, *arguments)

    async def done(command: Any) -> Any:
        settings = settings_module.load(None, data=short_folder / "data")
        async with open_database(settings) as database, open_log(settings, database) as log:
            desk = Desk(log.committer, log.pool, NumberActs(log.committer, log.pool))
            who = Who(officer="officer-0050", session=bytes(32), via="session")
            roles = frozenset({"planner"})
            return await desk.do("210500", "plan", plan_key("210500", year), command, who, roles, act=uuid7())

    revision = ("--revision", "--decided-on", f"{year}-06-01", "--reason", "年中调整", "--officer", "officer-0050")
    approval: dict[str, Any] = {"approver": "示例市人民政府", "approval_no": "示政函〔2026〕1号"}
    try:
        assert (await liuhen(short_folder, "authority", "add", "210500"))[0] == 0
        code, _, err = await run(REVISED, *revision)
        assert (code, "没有这个事项" in err) == (2, True), "there is no plan"
        assert (await run(IN_FORCE))[0] == 0
        code, _, err = await run(REVISED, *revision, "--dry-run")
        assert (code, "计划尚未批准" in err, "not approved" in err) == (2, True, True)
        await done(ask.ApprovePlan(approved_on=datetime.date(year, 1, 5), **approval))

        code, out, _ = await run(HEAD + "E-1,重点,6,,\nE-2,关键,2,,\n", *revision, "--json")
        told = json.loads(out)
        assert (code, told["state"]) == (1, "faulty")
        assert [(one["row"], one["came"]) for one in told["faults"]] == [(3, "关键")]
        code, out, _ = await run(HEAD + "E-1,重点,6,,\nE-2,一般,2,,\n", *revision)
        assert (code, "文件 单位编号（E-3）：现行计划中有这家单位，表格中没有" in out) == (1, True)
        code, _, err = await run(REVISED.replace("E-4,重点", "E-4,一般"), *revision, "--dry-run")
        assert (code, "INV-09" in err, "增加重点检查项目" in err) == (2, True, True), "the gate, and what would lift it"
        before = [entry.y async for entry in _office(cluster)]
        code, out, _ = await run(REVISED, *revision, "--dry-run", "--json")
        told = json.loads(out)
        assert (code, told["state"], told["revision"]["major"]) == (0, "dry run", True)
        assert [
            (one["row"], one["action"], one["enterprise"], one["reason"], one["fields"])
            for one in told["revision"]["changes"]
        ] == [
            (2, "changed", "E-1", "扩建", [{"field": "days", "before": 4, "after": 6}]),
            (5, "added", "E-4", "年中调整", []),
            (4, "removed", "E-3", "全年停产", []),
        ]
        assert {one["came"] for one in told["notes"]} == {"E-1", "E-2", "E-3", "E-4"}, "none of them is registered"
        assert [entry.y async for entry in _office(cluster)] == before, "a dry run records nothing"
        code, out, _ = await run(REVISED, *revision)
        assert (code, "1 added, 1 removed, 1 changed, 1 the same; 重大调整" in out, "; recorded" in out) == (
            0,
            True,
            True,
        )
        code, _, err = await run(REVISED, *revision)
        assert (code, "尚待批准" in err) == (2, True), "one major revision at a time"
        acts = [entry async for entry in _office(cluster)]
        revised = acts[-1].b
        await done(ask.ApproveRevision(
            revision=uuid_text(revised["revision_id"]), approved_on=datetime.date(year, 6, 20), **approval
        ))  # fmt: skip
        code, out, _ = await run(REVISED, *revision, "--json")
        assert (code, json.loads(out)["state"]) == (0, "unchanged"), "the same table once more"
        assert len([one async for one in _office(cluster)]) == len(acts) + 1
    finally:
        await asyncio.to_thread(cluster.stop)
    assert [entry.y for entry in acts[len(before) :]] == ["plan_revision.decided.v1"]
    assert (revised["decided_by"], revised["major"]) == ("officer-0050", True)
    digest = sha256(REVISED.encode()).hexdigest()
    assert revised["file"]["sha256"].hex() == digest
    kept = short_folder / "data" / "evidence" / "sha256" / digest[:2] / digest[2:4] / digest
    assert kept.read_text("utf-8") == REVISED, "the file that the act cites is kept"


def test_a_revision_says_when_why_and_by_whom_and_a_draft_says_none_of_it(tmp_path: Path) -> None:
    file = tmp_path / "plan.csv"
    file.write_text(IN_FORCE, "utf-8")
    start = ["import", "plan", str(file), "--authority", "210500", "--year", "2026", "--dry-run"]
    whole = ["--revision", "--decided-on", "2026-06-01", "--reason", "x", "--officer", "officer-0050"]
    for more, said in (
        (["--reason", "x"], "give --revision as well"), (["--major"], "give --revision as well"),
        (whole[:3] + whole[5:], "a revision needs"), (whole[:5], "a revision needs"),
        ([*whole[:4], "长" * 501, *whole[5:]], "a revision needs"), (whole, "name a folder"),
    ):  # fmt: skip
        found = CliRunner().invoke(root, [*start, *more])
        assert (found.exit_code, said in found.stderr) == (2, True), (more, found.stderr)


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
