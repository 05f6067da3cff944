"""The help page "write your own terminal": its example works, uses no code of ours, and believes no lie."""

from __future__ import annotations

import ast
import asyncio
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.paper_server import PaperServer, serving
from tests.support.terminals import paper_file

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "terminal.py"


async def play(server: PaperServer, folder: Path) -> tuple[int, str]:
    """Run the example as a stranger would: from elsewhere, without our folder on its path."""
    paper = paper_file(server, folder / "paper.json")
    async with serving(server) as url:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(EXAMPLE), url, str(paper), cwd=folder,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(30):
            out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def test_the_example_enrols_records_uploads_and_verifies(tmp_path: Path) -> None:
    server = PaperServer()
    code, out = await play(server, tmp_path)
    assert code == 0, out
    assert "proven up to 3" in out
    (known,) = server.terminals.values()
    assert known.state.seq == 3
    assert all(not row.note_bits for rows in known.stored.values() for row in rows)


@pytest.mark.parametrize("lie", ["seal", "head", "signature", "position"])
async def test_the_example_believes_no_lie(lie: str, tmp_path: Path) -> None:
    server = PaperServer()

    def spoil(fields: dict[str, Any]) -> dict[str, Any]:
        match lie:
            case "seal":
                return {**fields, "seal": server.epoch.tree.leaves[2]}
            case "head":
                return {**fields, "head": {"hash": bytes(32), "seq": 3}}
            case "position":
                return {**fields, "results": [{**each, "position": 99} for each in fields["results"]]}
            case _:
                return fields

    server.spoil = spoil
    if lie == "signature":
        server.spoil_signed = lambda data: data.replace(b"committed", b"replicate")
    code, out = await play(server, tmp_path)
    assert code != 0
    assert "proven" not in out


def test_the_example_imports_nothing_of_ours_and_stays_short() -> None:
    text = EXAMPLE.read_text("utf-8")
    names = {
        (each.module or "") if isinstance(each, ast.ImportFrom) else each.names[0].name
        for each in ast.walk(ast.parse(text))
        if isinstance(each, ast.Import | ast.ImportFrom)
    }
    outside = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"__future__"}
    assert outside == {"msgpack", "cryptography"}
    code = [line for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    assert len(code) <= 112


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_page_names_only_verbs_that_exist(language: str) -> None:
    from ops.cli import VERBS
    from ops.cli.terminal import command

    text = (ROOT / "docs" / f"terminal.{language}.md").read_text("utf-8")
    assert set(re.findall(r"^(?:echo .*\| )?liuhen ([a-z-]+)", text, re.MULTILINE)) <= set(VERBS)
    assert set(re.findall(r"liuhen terminal --home t1 ([a-z]+)", text)) <= set(command.commands)
