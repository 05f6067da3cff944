"""The command line as its user meets it: help with examples, one sentence for what is refused, exit codes."""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ops import cli

LIUHEN = Path(sys.executable).parent / "liuhen"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LIUHEN_", "PYTHON"))}
    return subprocess.run(
        [str(LIUHEN), *arguments],
        env=clean | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def commands() -> list[tuple[str, click.Command]]:
    """Every command with its full name, subcommands of groups included."""
    found: list[tuple[str, click.Command]] = []

    def walk(name: str, command: click.Command) -> None:
        if isinstance(command, click.Group):
            for sub, below in command.commands.items():
                walk(f"{name} {sub}", below)
        found.append((name, command))

    for verb, entry in cli.VERBS.items():
        walk(verb, importlib.import_module(entry.module).command)
    return found


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_every_command_has_help_with_an_example_in_both_languages(name: str) -> None:
    done = run(*name.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert f"liuhen {name}" in done.stdout.partition("Example:")[2], "the epilog lacks an example of this very command"
    assert re.search(r"[\u4e00-\u9fff]", done.stdout), "the help lacks its Chinese sentence"


def test_every_option_is_explained() -> None:
    for name, command in commands():
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.opts[0]} has no help"


def test_help_lists_every_verb_without_importing_one() -> None:
    listed = run("--help").stdout
    assert all(re.search(rf"^  {verb} +\S", listed, re.MULTILINE) for verb in cli.VERBS)
    code = (
        "import sys\nfrom ops import cli\n"
        "try:\n    cli.main(['--help'])\nexcept SystemExit: pass\n"
        "print([m for m in sys.modules if m.startswith('ops.cli.') or m in ('asyncpg', 'aiohttp', 'asyncio')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_every_verb_stands_under_a_heading_that_exists() -> None:
    assert {verb.group for verb in cli.VERBS.values()} <= set(cli.GROUPS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("docter",), "did you mean doctor?"),
        (("nonsense",), "`liuhen --help` lists all commands"),
        (("doctor", "--no-such"), "see `liuhen doctor --help`"),
        (("doctor", "extra"), "see `liuhen doctor --help`"),
        (("--settings",), "requires an argument"),
        (("--settings", "/nonexistent.toml", "doctor"), "cannot be read"),
        (("schemas", "--into", "x"), "give --write as well"),
    ],
)
def test_what_is_refused_is_one_sentence_and_exit_code_2(arguments: tuple[str, ...], said: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_chinese_comes_out_whole_where_the_locale_is_c() -> None:
    done = run("schemas", LC_ALL="C", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "现场" in done.stdout


def test_a_reader_who_goes_away_is_not_an_error() -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; '{LIUHEN}' schemas --json | head -c 1; exit ${{PIPESTATUS[0]}}"],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_doctor_tries_a_real_database_and_leaves_nothing(short_folder: Path) -> None:
    done = run("doctor", "--json", TMPDIR=str(short_folder))
    told = json.loads(done.stdout)
    assert done.returncode == 0, told
    assert told["fit"] is True
    found = {one["name"]: one for one in told["findings"]}
    assert re.match(r"1[5-9]\.|[2-9]\d\.", found["postgresql"]["found"])
    assert list(short_folder.iterdir()) == []


def test_the_doctor_says_what_is_missing_and_ends_with_1(tmp_path: Path) -> None:
    done = run("doctor", LIUHEN_POSTGRES_BIN=str(tmp_path))
    assert done.returncode == 1
    assert "NO  postgresql" in done.stdout
    assert "expected an executable initdb" in done.stdout


def test_written_schemas_are_the_committed_ones(tmp_path: Path) -> None:
    done = run("schemas", "--write", "--into", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    room = Path(__file__).resolve().parents[2] / "schemas"
    for name in json.loads(done.stdout)["written"]:
        assert (tmp_path / name).read_bytes() == (room / name).read_bytes(), f"{name}: run `liuhen schemas --write`"
    assert json.loads(run("schemas", "--write", "--into", str(tmp_path), "--json").stdout) == {"written": []}


def test_a_published_schema_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "events.lock").write_text(f"{'0' * 64}  site.entered.v1\n")
    done = run("schemas", "--write", "--into", str(tmp_path))
    assert done.returncode == 2
    assert "site.entered.v1 was published and would change" in done.stderr
