"""Two-character terms for the search of published records: names and numbers, Chinese and Latin alike.

A word of two characters is the shortest that somebody looks for, so a text is kept as all its neighbouring pairs. The
invariant: a query that stands in a text, in whatever width, case or spacing, has no pair that the text lacks.
"""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_QUERY: Final = 200
"""Characters of a query that are looked at."""


def normal(text: str) -> str:
    """The form that is compared: compatibility forms made even, case folded, only letters and digits left."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(one for one in folded if one.isalnum())


def haystack(*texts: str) -> str:
    """Several texts in their normal form, one a line; empty ones are left out."""
    return "\n".join(found for text in texts if (found := normal(text)))


def terms(text: str) -> frozenset[str]:
    """The pairs of neighbouring characters of each line of a haystack, or of a query in its normal form."""
    return frozenset(line[at : at + 2] for line in text.split("\n") for at in range(len(line) - 1))
