"""How alike two texts are: shingles of three characters, and a few numbers by which alike texts find one another.

Blanks, punctuation, digits and width are left out, so that a copied text with another date and number stays the same
text. The invariant: the same text gives the same bands on every machine and in every version; bands only say whom to
compare with, `likeness` says the measure.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

from schemas.events.inspection_record import InspectionRecordSigned

WIDTH: Final = 3
LEAST: Final = 30
"""Characters that a text needs at least: short findings are alike by chance."""
BANDS: Final = 5
ROWS: Final = 3
"""Two texts of which nine tenths are alike share a band 998 times of 1000, two of which a third is alike 17 of 100."""
MAX_CHARACTERS: Final = 20_000


def findings(record: InspectionRecordSigned) -> str:
    """What a record says was found."""
    return "\n".join(problem.text for problem in record.problems)


def shingles(text: str) -> frozenset[str]:
    """Every run of three characters that say something; none of a text that is too short to be compared."""
    folded = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS]).casefold()
    plain = "".join(character for character in folded if character.isalpha())
    if len(plain) < LEAST:
        return frozenset()
    return frozenset(plain[place : place + WIDTH] for place in range(len(plain) - WIDTH + 1))


def likeness(one: frozenset[str], two: frozenset[str]) -> int:
    """How much of two texts is the same, in whole percent; 0 where one of them says too little."""
    return len(one & two) * 100 // len(one | two) if one and two else 0


def bands(text: str) -> Iterator[str]:
    """Hexadecimal names under which alike texts are filed; none of a text that is too short to be compared."""
    parts = shingles(text)
    if not parts:
        return
    hashes = [blake2b(part.encode("utf-8", "surrogatepass"), digest_size=BANDS * ROWS * 4).digest() for part in parts]
    least = [min(digest[place : place + 4] for digest in hashes) for place in range(0, BANDS * ROWS * 4, 4)]
    for band in range(BANDS):
        yield f"{band}{b''.join(least[band * ROWS : (band + 1) * ROWS]).hex()}"
