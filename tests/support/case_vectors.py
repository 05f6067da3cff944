"""Known answers for the bodies of penalty cases (families E26 to E45), as event_vectors wants them.

`FULL` and `BAD` are merged into those of event_vectors. All persons, enterprises and numbers are invented.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tests.support.vector_parts import Body, Damage

FULL: Final[Mapping[str, Body]] = {}
"""A body with every field of its class."""

BAD: Final[Mapping[str, Mapping[str, tuple[str, Damage]]]] = {}
"""Per type: name of the fault -> (path that the refusal names, how the full body is damaged)."""
