"""The control of the upload kill tests: a server that writes the row of a blob before its bytes are in the store.

Run as a module, with the arguments of `liuhen`. A checker that does not notice a row without its blob is no checker.
"""

from __future__ import annotations

from typing import Any

from ops.cli import main
from server.evidence.uploads import Uploads


async def keep(self: Uploads, terminal: Any, row: Any, staged: Any, digest: bytes) -> None:
    """The steps of `_keep`, in the wrong order."""
    await self._hold(terminal, row, digest)
    await self._hook("held")
    await self.store.keep(staged.path, digest, repair=True)
    await self._hook("linked")


if __name__ == "__main__":
    Uploads._keep = keep  # type: ignore[method-assign]
    main()
