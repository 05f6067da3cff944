"""The reasons for which a test may be skipped; anything else that does not run fails the run under CI.

Each entry is the beginning of a skip reason.
"""

from __future__ import annotations

ALLOWED_SKIPS: tuple[str, ...] = ("shared vectors absent", "root only", "tus-js-client")
