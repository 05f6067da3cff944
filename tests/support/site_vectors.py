"""Known bodies of inspections, hazards and what surrounds them on the site (E07, E12 to E25).

Read by `event_vectors`, which makes the files of known answers of them. All persons and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.support.vector_parts import Body, Damage

FULL: Final[Mapping[str, Body]] = {}
"""A body with every field of its class."""

BAD: Final[Mapping[str, Mapping[str, tuple[str, Damage]]]] = {}
"""Per type: name of the fault -> (path that the refusal names, how the full body is damaged)."""
