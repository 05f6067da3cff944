"""What the READMEs list is what there is: modules, commands, settings."""

from __future__ import annotations

import importlib
import re
from dataclasses import fields
from pathlib import Path

import click

from ops.cli import VERBS
from ops.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def section(text: str, title: str) -> str:
    """What stands under a heading, up to the next one of any level."""
    found = re.search(rf"^#+ {re.escape(title)}\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[1]


def test_the_readme_of_ops_names_every_module_and_folder() -> None:
    listed = set(
        re.findall(r"\]\(([a-z_]+(?:\.py|/))", section((ROOT / "ops/README.md").read_text("utf-8"), "Where things are"))
    )
    there = {path.name for path in (ROOT / "ops").glob("*.py")} - {"__init__.py", "__main__.py"}
    there |= {f"{path.name}/" for path in (ROOT / "ops").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert listed == there


def test_the_readme_of_the_server_names_every_folder_and_module() -> None:
    text = (ROOT / "server/README.md").read_text("utf-8").partition("## Life")[0]
    listed = set(re.findall(r"^\| \[([a-z_]+)(?:\.py)?\]", text, re.MULTILINE))
    there = {
        path.stem for path in (ROOT / "server").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert listed == there - {"__init__"}


def test_the_readme_lists_every_setting_and_no_other() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", section(README, "Settings"), re.MULTILINE)
    assert [name for name, _ in rows] == [item.name for item in fields(Settings)]
    for (name, default), item in zip(rows, fields(Settings), strict=True):
        if isinstance(item.default, str) and item.default:  # what an empty text means is said in words
            assert default == f"`{item.default}`", name


def test_the_readme_shows_every_command_and_none_that_does_not_exist() -> None:
    named = {verb for verb, _ in commands(README)}
    assert named <= VERBS.keys()
    assert VERBS.keys() - named == {"demo"}, "make demo is the way to it"


def test_options_in_the_readme_and_the_help_pages_exist() -> None:
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        for verb, rest in commands(path.read_text("utf-8")):
            used = {word for word in rest.split() if word.startswith("--")}
            assert used <= options(importlib.import_module(VERBS[verb].module).command), (path.name, verb, rest)


def commands(text: str) -> list[tuple[str, str]]:
    """(verb, rest) of every command that a paper shows: between backticks, or on a line of its own."""
    shown = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^```\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [found for each in shown for found in re.findall(r"(?:^|[|] )liuhen ([a-z][a-z-]*)(.*)", each, re.MULTILINE)]


def options(command: click.Command) -> set[str]:
    """Every option of a command and of those below it."""
    own = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return own.union(*(options(each) for each in below))
