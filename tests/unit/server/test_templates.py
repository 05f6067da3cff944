"""Templates that are compiled once: the code is that of the text, whatever happened to what was kept of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from jinja2 import Environment

from server.web.pages import Compiled, Pages

NAME, PLACE, TEXT = "a.html", "/templates/a.html", "<p>{{ 1 + 1 }}</p>"


def kept(folder: Path, text: str = TEXT) -> bool:
    """Whether another start finds the code of a text in the folder."""
    return Compiled(folder).get_bucket(Environment(), NAME, PLACE, text).code is not None


def keep(folder: Path) -> None:
    """What a start leaves there."""
    compiled, environment = Compiled(folder), Environment(autoescape=True)
    bucket = compiled.get_bucket(environment, NAME, PLACE, TEXT)
    bucket.code = environment.compile(TEXT, NAME, PLACE)
    compiled.set_bucket(bucket)


@pytest.fixture(autouse=True)
def _kept_as_python_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)


def test_the_next_start_finds_the_code_of_this_text_and_of_no_other(tmp_path: Path) -> None:
    assert not kept(tmp_path)
    keep(tmp_path)
    assert kept(tmp_path)
    assert not kept(tmp_path, TEXT + " ")


def test_half_a_file_is_compiled_anew(tmp_path: Path) -> None:
    keep(tmp_path)
    [path] = tmp_path.iterdir()
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        assert not kept(tmp_path), length
    path.write_bytes(whole)
    assert kept(tmp_path)


def test_nothing_is_kept_where_python_keeps_nothing_or_nobody_may_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path / "absent")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    keep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_a_language_says_of_a_constant_is_not_worked_out_for_the_other(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("{{ 0|when }} {{ 90061000|span }}", "utf-8")
    zh, en = (Pages((tmp_path,)).environments[chosen].get_template(NAME).render() for chosen in ("zh", "en"))

    assert "1970年1月1日" in zh
    assert "1 Jan 1970" in en
    assert zh.partition("</time>")[2] != en.partition("</time>")[2]
