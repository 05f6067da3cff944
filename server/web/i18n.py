"""Texts in two languages: English in the sources, Chinese in locale/zh_CN.po, read by Babel when the server starts.

`_` marks a text in a template and translates it; `N_` marks one in Python, where it is translated later. A house test
holds sources and catalogue together, so a missing Chinese text never reaches a screen. Invariant: a catalogue is
read-only once made, and a text that it lacks comes out in English rather than as an error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from babel.messages.pofile import read_po

from server.web.languages import LANGUAGES, Language

LOCALE: Final = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Texts:
    """The texts of one language: {(context, English): translation}. Chinese has no plural."""

    language: Language
    found: Mapping[tuple[str, str], str]

    def gettext(self, text: str) -> str:
        """The text in this language."""
        return self.found.get(("", text), text)

    def ngettext(self, one: str, many: str, number: int) -> str:
        """The text for a number of things; the caller fills in %(num)s."""
        return self.found.get(("", one), one if number == 1 else many)

    def pgettext(self, context: str, text: str) -> str:
        """The text of a word that means different things in different places."""
        return self.found.get((context, text), text)

    def npgettext(self, context: str, one: str, many: str, number: int) -> str:
        """As `ngettext`, within a context."""
        return self.found.get((context, one), one if number == 1 else many)


def N_(text: str) -> str:  # noqa: N802 - gettext's own name, which the extraction looks for
    """Mark a text for translation at another place; returns it unchanged."""
    return text


def load_texts() -> Mapping[Language, Texts]:
    """Read the catalogues. Raises OSError or Babel's PoFileError: a server without its texts does not start."""
    return {language: _load(language) for language in LANGUAGES}


def _load(language: Language) -> Texts:
    if language == "en":
        return Texts("en", {})
    with (LOCALE / "zh_CN.po").open("rb") as file:
        catalog = read_po(file, locale="zh_CN", abort_invalid=True)
    found: dict[tuple[str, str], str] = {}
    for message in catalog:
        if not message.id or message.fuzzy:
            continue
        one = message.id if isinstance(message.id, str) else message.id[0]
        given = message.string
        text = given if isinstance(given, str) else given[0] if given else ""
        if text:
            found[message.context or "", one] = text
    return Texts(language, found)
