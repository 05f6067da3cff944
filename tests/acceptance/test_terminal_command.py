"""`liuhen terminal` and `liuhen fleet` as a person types them: real processes against a server."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from ops import fleet
from tests.support.paper_server import PaperServer, serving
from tests.support.terminals import TASK, paper_file

ROOT = Path(__file__).resolve().parents[2]


async def run(*arguments: str, stdin: str = "", env: dict[str, str] | None = None) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of `liuhen` with these arguments, as a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ops", *arguments, cwd=ROOT, env={**os.environ, **(env or {})},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(60):
        out, err = await process.communicate(stdin.encode())
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_officer_lin_enrols_records_attaches_and_synchronizes(tmp_path: Path) -> None:
    server = PaperServer()
    home = tmp_path / "t1"
    terminal = ("terminal", "--home", str(home))
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"a picture")
    body = tmp_path / "body.json"
    body.write_text(json.dumps({"outcome": "entered", "place": "一号路 1 号"}), "utf-8")
    names = tmp_path / "names.json"
    names.write_text(json.dumps({"person_met_name": "林某某"}), "utf-8")
    async with serving(server) as url:
        code, _, err = await run(*terminal, "queue")
        assert code == 2
        assert "enrol" in err
        paper = paper_file(server, tmp_path / "paper.json")
        code, out, err = await run(*terminal, "enrol", "--url", url, "--paper", str(paper), "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["authority"] == "210500"
        assert stat.S_IMODE((home / "keys.json").stat().st_mode) == 0o600

        code, out, err = await run(*terminal, "attach", str(photo), "--json")
        assert code == 0
        made = (
            "record", "--type", "site.entered.v1", "--about", TASK, "--about", "enterprise:E-1",
            "--by", "officer-0017", "--by", "officer-0023", "--occurred", "2026-03-02T09:30",
        )  # fmt: skip
        code, out, err = await run(*terminal, *made, "--body", str(body), "--private", str(names), "--json")
        assert (code, err) == (0, "")
        assert json.loads(out)["seq"] == 1

        code, out, _ = await run(*terminal, "queue")
        assert code == 1
        assert "1 条记录等待上传" in out
        assert "liuhen terminal sync" in out
        code, out, _ = await run(*terminal, "queue", "--lang", "en", "--json")
        assert json.loads(out)["waiting"] == 1

        code, out, err = await run(*terminal, "sync", "--json")
        assert (code, err) == (0, "")
        report = json.loads(out)
        assert (report["recorded"], report["receipts"], report["stopped"]) == (1, 1, None)
        assert list(server.opened.values()) == ["林某某"]

        code, out, _ = await run(*terminal, "receipts", "--json")
        assert code == 0
        assert json.loads(out)["total"] == 1
        code, out, _ = await run(*terminal, "queue", "--lang", "en")
        assert code == 1, "the photo is not on the server yet"
        assert "1 files (9 bytes)" in out

        # Mistakes: one sentence, exit 2, nothing stored.
        for wrong in (
            (*made[:2], "Nonsense", *made[3:], "--body", str(body)),
            (*made, "--body", str(photo)),
            (*made, "--body", str(names)),
        ):
            code, out, err = await run(*terminal, *wrong)
            assert code == 2
            assert err.startswith("liuhen: ")
            assert err.count("\n") == 1
        code, _, err = await run(*terminal, "enrol", "--url", url, "--paper", str(paper))
        assert code == 2
        assert "another folder" in err
    code, out, _ = await run(*terminal, "sync", "--tries", "1")
    assert code == 1
    assert "no_answer" in out


async def test_the_code_comes_by_variable_file_or_prompt_and_never_as_an_argument(tmp_path: Path) -> None:
    server = PaperServer()
    async with serving(server) as url:
        for number, way in enumerate(("variable", "file")):
            said = server.paper()
            home = ("terminal", "--home", str(tmp_path / f"t{number}"), "enrol", "--url", url)
            keys = ("--log", said["log"], "--recovery", said["recovery"])
            if way == "variable":
                code, _, err = await run(*home, *keys, env={"LIUHEN_ENROLMENT_CODE": said["code"]})
            else:
                (tmp_path / "code").write_text(said["code"] + "\n", "utf-8")
                code, _, err = await run(*home, *keys, "--code-file", str(tmp_path / "code"))
            assert (code, err) == (0, "")
        said = server.paper()
        code, _, err = await run(
            "terminal", "--home", str(tmp_path / "t9"), "enrol", "--url", url, "--code", said["code"]
        )
        assert code == 2


@pytest.mark.parametrize("verb", [[], ["enrol"], ["record"], ["attach"], ["queue"], ["sync"], ["receipts"]])
async def test_every_verb_helps_with_an_example(verb: list[str]) -> None:
    from click.testing import CliRunner

    from ops.cli.terminal import command

    told = CliRunner().invoke(command, [*verb, "--help"])
    assert told.exit_code == 0
    assert "Example: liuhen" in told.output


async def test_a_fleet_on_a_bad_network_reaches_its_goal(tmp_path: Path) -> None:
    server = PaperServer()
    papers = tmp_path / "papers.jsonl"
    papers.write_text("".join(json.dumps(server.paper()) + "\n" for _ in range(4)), "utf-8")
    async with serving(server) as url:
        plan = ("--terminals", "4", "--events", "40", "--seed", "7", "--mischief", "0.4", "--deadline", "40")
        code, out, err = await run("fleet", "--url", url, "--papers", str(papers), *plan, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["reached"]
    assert (told["terminals"], told["events"], told["receipted"], told["waiting"]) == (4, 160, 160, 0)
    assert told["receipts_verified"] >= 8
    for accident in ("lost_answers", "duplicate_sends", "cut_connections", "offline_spells", "clock_jumps"):
        assert told["mischief"][accident] > 0, accident
    assert sum(each.state.seq for each in server.terminals.values()) == 160


async def test_a_fleet_that_is_lied_to_does_not_reach_its_goal(tmp_path: Path) -> None:
    server = PaperServer()

    def lie(fields: dict[str, Any]) -> dict[str, Any]:
        return {**fields, "head": {"hash": bytes(32), "seq": fields["head"]["seq"]}}

    server.spoil = lie
    async with serving(server) as url:
        plan = fleet.Plan(terminals=1, events=5, mischief=0.0, deadline=20.0)
        outcome = await fleet.run(plan, url, tmp_path, [server.paper()])
    assert not outcome.reached
    assert outcome.crews[0].alarm


async def test_a_fleet_without_a_server_or_papers_says_so(tmp_path: Path) -> None:
    code, _, err = await run("fleet", "--url", "http://127.0.0.1:9", "--terminals", "2")
    assert code == 2
    assert "enrolment papers" in err
    papers = tmp_path / "papers.jsonl"
    papers.write_text(json.dumps(PaperServer().paper()), "utf-8")
    plan = ("--terminals", "1", "--events", "2", "--deadline", "1")
    code, out, err = await run("fleet", "--url", "http://127.0.0.1:9", "--papers", str(papers), *plan, "--json")
    assert code == 1
    assert not json.loads(out)["reached"]


async def test_a_fleet_goes_on_where_it_was(tmp_path: Path) -> None:
    server = PaperServer()
    plan = fleet.Plan(terminals=2, events=10, mischief=0.2, deadline=20.0)
    async with serving(server) as url:
        first = await fleet.run(plan, url, tmp_path, [server.paper(), server.paper()])
        second = await fleet.run(plan, url, tmp_path, [])
    assert first.reached
    assert second.reached
    assert sum(each.state.seq for each in server.terminals.values()) == 40
