"""Which roles may open what of this face."""

from __future__ import annotations

from typing import Final

from server.web.routes import Officers

WATCHERS: Final = Officers(frozenset({"supervisor", "bureau_head", "unit_head", "planner", "auditor"}))
"""Who sees figures of the whole: whoever directs, plans, looks over others or checks."""
