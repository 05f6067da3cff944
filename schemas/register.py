"""The newest notes as they lie beside the register: slots of one size, written in turns, each whole or worthless.

A slot is a line with the SHA-256 of the next line in hexadecimal digits, a line of JSON (`generation`, `notes`: origin
to signed note), and spaces up to its end. Whoever reads takes the slot with the greatest generation of those that are
whole: a write that was cut off leaves the one before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

SLOTS: Final = 16
"""Slots of a file: nobody takes so long to read one that it was written over as often meanwhile."""

SLOT_BYTES: Final = 64 * 1024


def slot(generation: int, notes: Mapping[str, str]) -> bytes | None:
    """The bytes of a slot up to its spaces, None where the notes do not fit into one."""
    told = json.dumps({"generation": generation, "notes": dict(notes)}, ensure_ascii=False).encode()
    data = sha256(told).hexdigest().encode() + b"\n" + told + b"\n"
    return data if len(data) <= SLOT_BYTES else None


def newest(data: bytes) -> tuple[int, dict[str, str]]:
    """(generation, notes) of the newest whole slot of a file; (0, {}) where there is none."""
    found: tuple[int, dict[str, str]] = (0, {})
    for start in range(0, len(data), SLOT_BYTES):
        digest, _, rest = data[start : start + SLOT_BYTES].partition(b"\n")
        told, end, _ = rest.partition(b"\n")
        if not end or sha256(told).hexdigest().encode() != digest:
            continue
        value = json.loads(told)
        if value["generation"] > found[0]:
            found = value["generation"], value["notes"]
    return found
