"""Every text that a person reads stands in both languages, and nothing is written past the translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import Path
from string import Formatter

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from schemas.problems import PROBLEMS
from server.console import guide, words
from server.public import guide as public_guide
from server.web.i18n import LOCALE

ROOT = Path(__file__).resolve().parents[2]
SERVER = ROOT / "server"
TEMPLATES = sorted(SERVER.rglob("*.html"))
HELP = SERVER / "console" / "templates" / "help"
PUBLIC_HELP = SERVER / "public" / "templates" / "help"
OPTIONS = {"extensions": "jinja2.ext.i18n", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
LETTER = re.compile(r"[^\W\d_]")
SPOKEN = (
    "domain/random_selection.py", "domain/disclosure_record.py", "server/log/draw_acts.py",
    "server/log/disclosure_acts.py", "server/log/disclosure_gate.py", "server/console/draws.py",
    "server/console/draw_plan.py", "server/console/disclosures.py",
)  # fmt: skip
"""Modules whose refusals stand on a page with the reason that they were raised with."""


def texts_in_use() -> set[tuple[str, str]]:
    """(context, English) of every text in templates and Python, and of every value of a body field."""
    found: set[tuple[str, str]] = set()
    for path in TEMPLATES:
        with path.open("rb") as file:
            for _, _, message, _ in babel_extract(file, ["_", "gettext", "ngettext"], [], OPTIONS):
                found.add(("", message if isinstance(message, str) else message[0]))
    for path in SERVER.rglob("*.py"):
        keywords = {"N_": None, "gettext": None, "ngettext": (1, 2)}
        for _, message, _, _ in extract_from_file("python", str(path), keywords=keywords):
            found.add(("", message if isinstance(message, str) else message[0]))
    found |= {(words.VALUE, value.replace("_", " ")) for value in words.enum_values() | {"yes", "no"}}
    return found


def catalogue() -> dict[tuple[str, str], str]:
    with (LOCALE / "zh_CN.po").open("rb") as file:
        catalog = read_po(file, locale="zh_CN", abort_invalid=True)
    found = {}
    for message in catalog:
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[0]
            chinese = message.string if isinstance(message.string, str) else message.string[0]
            found[message.context or "", english] = chinese
    return found


def test_every_text_has_its_chinese_and_no_chinese_is_left_over() -> None:
    used, known = texts_in_use(), catalogue()
    assert len(used) > 200, "the extraction found next to nothing"
    assert sorted(used - {key for key, text in known.items() if text}) == [], "no Chinese for these"
    assert sorted(known.keys() - used) == [], "nobody says these any more"


@pytest.mark.parametrize("module", SPOKEN)
def test_a_refusal_of_draws_and_disclosures_has_its_reason_in_both_languages(module: str) -> None:
    assert one_sided((ROOT / module).read_text("utf-8")) == []


def test_the_search_for_refusals_in_one_language_finds_them() -> None:
    both = 'refused("conflict", "已公告。", "announced")'
    good = ('Problem("not_found")', both, 'Problem("conflict", "x", gates=told)', 'Problem("bad_cursor", view="x")')
    assert [one for source in good for one in one_sided(source)] == []
    bad = ('Problem("conflict", "announced")', 'Problem("conflict", f"on {day}", limit=1)', 'Problem("x", zh="已公告")',
           'refused("conflict", "announced", "announced")', "refused(code, f'{a}', en)")  # fmt: skip
    assert all(one_sided(source) == [1] for source in bad)


def one_sided(source: str) -> list[int]:
    """Lines that refuse something with a reason in one language. Closed gates have theirs in both."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        named = {one.arg for one in node.keywords}
        alone = node.func.id == "Problem" and (len(node.args) > 1 or {"zh", "en"} & named) and "gates" not in named
        if alone or (node.func.id == "refused" and not _chinese(node.args[1])):
            found.append(node.lineno)
    return found


def _chinese(node: ast.expr) -> bool:
    """Whether a text is Chinese; one that is made elsewhere is left to its maker."""
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return isinstance(node, ast.Name | ast.Call) or any(re.search(r"[\u3002\u4e00-\u9fff]", one) for one in texts)


def test_translations_keep_the_places_of_the_original() -> None:
    place = re.compile(r"%\((\w+)\)s")
    for (_, english), chinese in catalogue().items():
        assert set(place.findall(english)) == set(place.findall(chinese)), english


def test_templates_hold_no_text_outside_a_translation() -> None:
    written = []
    for path in TEMPLATES:
        if path.parent.name == "help":
            continue
        written += [f"{path.relative_to(ROOT)}: {text}" for text in bare_text(path.read_text("utf-8"))]
    assert written == []


@pytest.mark.parametrize(
    "line",
    [
        "<p>Hello</p>",
        "<p>{{ _('x') }} 您好</p>",
        '<img alt="a picture">',
        "{% if x %}Yes{% endif %}",
        '<a title="Go">x</a>',
    ],
)
def test_the_search_for_bare_text_finds_it(line: str) -> None:
    assert bare_text(line) != []


def bare_text(template: str) -> list[str]:
    """Text with letters outside tags and template code, and in attributes that are read aloud or shown."""
    html = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template, flags=re.DOTALL)
    shown = re.findall(r'\b(?:alt|title|placeholder|aria-label)="([^"]*)"', html)
    # The term JSON is the same in both languages only inside translations, so nothing is exempt here.
    plain = re.sub(r"<[^>]*>", "\n", re.sub(r"<!doctype html>|&\w+;", "", html))
    return [text.strip() for text in [*shown, *plain.splitlines()] if LETTER.search(text)]


@pytest.mark.parametrize(("folder", "topics"), [(HELP, guide.TOPICS), (PUBLIC_HELP, public_guide.TOPICS)])
def test_every_topic_of_help_is_written_in_both_languages(folder: Path, topics: Mapping[str, str]) -> None:
    assert {path.name for path in folder.iterdir()} == {f"{t}.{lang}.html" for t in topics for lang in ("zh", "en")}
    for topic in topics:
        shapes = []
        for lang in ("zh", "en"):
            text = (folder / f"{topic}.{lang}.html").read_text("utf-8")
            shapes.append([text.count(f"<{tag}>") for tag in ("h2", "li", "p")])
            assert bool(re.search(r"[\u4e00-\u9fff]{4}", text)) == (lang == "zh"), (topic, lang)
        assert shapes[0] == shapes[1], f"{topic}: one language says more than the other"


TERMS = {"双公示", "截面", "cut"}
"""What help pages put in quotation marks and no page says: terms that they explain."""


@pytest.mark.parametrize("folder", [HELP, PUBLIC_HELP])
def test_what_help_pages_quote_stands_on_a_page_in_those_words(folder: Path) -> None:
    english = [text for _, text in catalogue()] + [one.title_en for one in PROBLEMS.values()]
    chinese = [*catalogue().values(), *(one.title_zh for one in PROBLEMS.values())]
    pages = {"en": [one.lower() for one in english], "zh": [one.lower() for one in chinese]}
    unknown = []
    for path in sorted(folder.iterdir()):
        said = pages[path.name.split(".")[1]]
        quotes = re.findall("“([^”]+)”", re.sub(r"<[^>]*>", "", path.read_text("utf-8")))
        unknown += [
            f"{path.name}: {quoted}"
            for quoted in quotes
            if quoted not in TERMS and not any(quoted.lower() in text for text in said)
        ]
    assert unknown == []


def test_commands_in_help_pages_exist() -> None:
    from ops.cli import VERBS

    for path in (*HELP.iterdir(), *PUBLIC_HELP.iterdir()):
        for verb in re.findall(r"<code>liuhen ([a-z-]+)", path.read_text("utf-8")):
            assert verb in VERBS, f"{path.name}: liuhen {verb}"


def test_no_template_formats_with_braces() -> None:
    """`%(name)s` is what newstyle gettext fills in: a brace would reach the screen."""
    for (_, english), chinese in catalogue().items():
        for text in (english, chinese):
            assert [field for _, field, _, _ in Formatter().parse(text) if field is not None] == [], text
