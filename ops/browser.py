"""What browser tests need of a machine: Chromium, and a font with Chinese characters. Found, never installed, here.

Imports the standard library only: `make setup` asks before any package is there.
"""

from __future__ import annotations

import shutil
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")


def chromium() -> str | None:
    """The path of a Chromium, None when there is none."""
    return next((path for name in PROGRAMS if (path := shutil.which(name))), None)


def cjk_font() -> str | None:
    """The file of a font that draws Chinese, None when there is none."""
    files = (path for folder in FONT_FOLDERS for path in Path(folder).expanduser().rglob("*CJK*"))
    found = next(files, None)
    return str(found) if found else None
