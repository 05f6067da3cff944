"""The readable case file of an export: HTML and PDF in both languages, and the readme beside it.

They are made of the same projections as the officers' pages, cut at the size that the export covers; what the
projections have not folded yet is said, and stands among the entries all the same. Layout is in `templates/case.html`
and `templates/case.typ`. The invariant: the papers are for reading; what counts are the entries, and they say so.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import asyncpg
import structlog
from markupsafe import Markup

from projections import queries
from projections.scope import looking
from projections.views import Header, Item, SubjectKind
from server.console import words
from server.export.covered import Covered, Declared
from server.web.languages import LANG_TAGS, Language
from server.web.pages import HERE as WEB
from server.web.pages import Pages, when

TEMPLATES: Final = Path(__file__).parent / "templates"
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")
FONT_FOLDERS: Final = ("/usr/share/fonts", "/usr/local/share/fonts")
SET_SECONDS: Final = 120
"""How long the setting of a PDF may take."""
CATCH_UP_TRIES: Final = 20
CATCH_UP_SECONDS: Final = 0.1
log = structlog.get_logger("liuhen.export")
_KINDS: Final[dict[str, SubjectKind]] = {"case": "case", "hazard": "hazard", "task": "task"}
_MARK: Final = re.compile(r"<[^>]+>")
_NESTED: Final = ("lines", "list")
_LONG: Final = re.compile(r"[0-9a-zA-Z_/+=]{40,}")
"""Digests and the like, which a line of a PDF can break only where it is told."""


@dataclass(frozen=True, slots=True)
class Part:
    """One matter of the file: the case itself, or a task or hazard that belongs to it."""

    kind: SubjectKind
    name: str
    header: Header
    items: tuple[Item, ...]


def readme(lang: Language, covered: Covered, purpose: str) -> str:
    """The text that stands beside the files."""
    text = (TEMPLATES / f"README.{lang}.txt").read_text("utf-8")
    return text.format(case=covered.case, authority=covered.authority, purpose=purpose, events=covered.events)


async def written(
    console: asyncpg.Pool, covered: Covered, purpose: str, files: Mapping[bytes, Declared], states: Mapping[bytes, str]
) -> AsyncIterator[tuple[str, bytes]]:
    """(name in the zip, bytes) of each paper. Rendered in a thread: the server goes on meanwhile."""
    parts, behind = await _read(console, covered)
    if not parts:
        return
    here = {digest.hex() for digest in files if states.get(digest) == "held"}
    for lang in LANGUAGES:
        data = await asyncio.to_thread(_html, lang, covered, purpose, parts, behind, here)
        yield f"case.{lang}.html", data
    if cjk_font() is None:
        return
    for lang in LANGUAGES:
        pdf = await _set(await asyncio.to_thread(_data, lang, covered, purpose, parts, behind, here))
        if pdf is not None:
            yield f"case.{lang}.pdf", pdf


@cache
def cjk_font() -> str | None:
    """A font that draws Chinese, None where there is none: then there is no PDF, rather than one with empty boxes."""
    found = (path for folder in FONT_FOLDERS for path in Path(folder).rglob("*CJK*"))
    return next((str(path) for path in found), None)


@cache
def _pages() -> Pages:
    return Pages((TEMPLATES, WEB.parent / "console" / "templates"))


# -- reading -----------------------------------------------------------------------------------------------------------


async def _read(console: asyncpg.Pool, covered: Covered) -> tuple[list[Part], int]:
    """The matters with their items below the cut, and how many entries the projections are behind it."""
    behind = 0
    for _ in range(CATCH_UP_TRIES):
        async with looking(console, [covered.authority]) as connection:
            folded = await queries.as_of(connection)
            behind = sum(max(0, part.size - folded.get(part.log_id, 0)) for part in covered.parts)
            if not behind:
                break
        await asyncio.sleep(CATCH_UP_SECONDS)  # the projections follow the log within moments
    sizes = {part.epoch: part.size for part in covered.parts}
    own = f"case:{covered.case}"
    parts, seen = [], set[tuple[int, int]]()
    async with looking(console, [covered.authority]) as connection:
        for tag in (own, *(name for name in covered.names if name != own)):
            kind, _, name = tag.partition(":")
            items: list[Item] = []
            header, offset = None, 0
            while True:
                file = await queries.case_file(connection, _KINDS[kind], name, offset=offset)
                if file is None:
                    break
                header = file.header
                items += [
                    item
                    for item in file.items
                    if item.position < sizes.get(item.epoch, 0) and (item.epoch, item.position) not in seen
                ]
                if file.next is None:
                    break
                offset = file.next
            if header is not None:
                seen.update((item.epoch, item.position) for item in items)
                parts.append(Part(_KINDS[kind], name, header, tuple(items)))
    return parts, behind


# -- writing -----------------------------------------------------------------------------------------------------------


def _html(lang: Language, covered: Covered, purpose: str, parts: list[Part], behind: int, here: set[str]) -> bytes:
    pages = _pages()
    texts = pages.texts[lang]
    sections = [
        (
            part,
            [
                (step, [(item, words.body_lines(item.type, item.body, texts)) for item in items])
                for step, items in groupby(part.items, key=lambda item: item.step)
            ],
        )
        for part in parts
    ]
    html = pages.environments[lang].get_template("case.html").render(
        lang=lang, lang_tag=LANG_TAGS[lang], covered=covered, purpose=purpose, header=parts[0].header,
        sections=sections, behind=behind, here=here,
        css=Markup((TEMPLATES / "case.css").read_text("utf-8")),  # noqa: S704 - a file of ours
        kind_names={kind: texts.gettext(name) for kind, name in words.KIND_NAMES.items()},
    )  # fmt: skip
    return html.encode()


def _data(lang: Language, covered: Covered, purpose: str, parts: list[Part], behind: int, here: set[str]) -> bytes:
    """What the template of the PDF shows, as JSON."""
    texts = _pages().texts[lang]
    say = texts.gettext
    header = parts[0].header

    def shown(ms: int) -> str:
        return _MARK.sub("", str(when(ms, lang)))

    def text(line: words.Line) -> str:
        match line.kind:
            case "instant":
                return shown(line.value)
            case "number":
                return f"{line.value:,}"
            case "text":
                return _LONG.sub(lambda found: "\u200b".join(re.findall(".{1,16}", found[0])), str(line.value))
            case _:
                return say("personal, withheld")

    def flat(lines: tuple[words.Line, ...], depth: int = 0) -> list[list[Any]]:
        found: list[list[Any]] = []
        for line in lines:
            if line.kind == "list" and line.value and not any(one.kind in _NESTED for one in line.value):
                found.append([depth, line.label, say(", ").join(text(one) for one in line.value)])
            elif line.kind in _NESTED:
                found.append([depth, line.label, "" if line.value else say("none")])
                found += flat(line.value, depth + 1)
            else:
                found.append([depth, line.label, text(line)])
        return found

    def of_item(item: Item) -> dict[str, Any]:
        notes = [say("claim of the field, not an act of the office")] if item.claim else []
        notes += [say("on a side chain")] if item.outcome == "forked" else []
        return {
            "title": item.title.text(lang),
            "when": shown(item.occurred),
            "received": shown(item.received),
            "by": say(", ").join(item.by),
            "notes": notes + [sentence for _, sentence in words.note_words(item.notes, texts)],
            "lines": flat(words.body_lines(item.type, item.body, texts)),
            "files": [
                [
                    blob.type,
                    f"{blob.size:,}",
                    blob.sha256,
                    say("here") if blob.sha256 in here else say("not in this copy"),
                ]
                for blob in item.blobs
            ],
            "place": say("Entry %(position)s, epoch %(epoch)s") % {"position": item.position, "epoch": item.epoch},
            "type": item.type,
        }

    facts = [
        [say("Number"), header.id],
        [say("Authority"), header.authority],
        [say("Purpose of this copy"), purpose],
        [say("First and last act"), f"{shown(header.first_occurred)} – {shown(header.last_occurred)}"],
        [say("Officers"), say(", ").join(header.officers)],
    ]
    data = {
        "lang": lang,
        "title": header.title or f"{say('Case')} {header.id}",
        "kicker": say("Copy of a case file"),
        "counts": texts.ngettext("%(num)s event", "%(num)s events", covered.events) % {"num": covered.events},
        "warning": say("This is for reading. What counts are the entries in the same zip; verify.py checks them."),
        "behind": (
            texts.ngettext(
                "%(num)s entry that came last is not in this paper yet.",
                "%(num)s entries that came last are not in this paper yet.",
                behind,
            )
            % {"num": behind}
            if behind
            else ""
        ),
        "labels": {
            "happened": say("Happened"),
            "received": say("Received"),
            "by": say("By"),
            "files": say("Files"),
        },
        "facts": [pair for pair in facts if pair[1]],
        "parts": [
            {
                "heading": f"{say(words.KIND_NAMES[part.kind])} {part.header.title or part.name}",
                "name": part.name,
                "steps": [
                    {"title": step.title.text(lang), "items": [of_item(item) for item in items]}
                    for step, items in groupby(part.items, key=lambda item: item.step)
                ],
            }
            for part in parts
        ],
    }
    return json.dumps(data, ensure_ascii=False).encode()


async def _set(data: bytes) -> bytes | None:
    """The PDF of this data, None where it could not be set: the copy goes on without it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", str(Path(__file__).parent / "typesetting.py"),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(SET_SECONDS):
            made, _ = await process.communicate(data)
    except TimeoutError:
        made = b""
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0 or not made:
        log.warning("paper_not_set", code=process.returncode, bytes=len(data))
        return None
    return made
