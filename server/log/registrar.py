"""The registrar: a child process that writes the register while the server is busy.

Some twenty system calls make the register durable, and a thread beside a busy loop waits for the interpreter's lock behind
each of them: ten milliseconds, where a process of its own takes two. The invariant is the register's own
(`server.log.register`); where no registrar answers, a thread writes.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from server.log.child import Child, keeping, serve
from server.log.register import Register

MODULE: Final = "server.log.registrar"


class Asked(msgspec.Struct, array_like=True):
    """Notes by origin that are to be on disk, in the register of a folder."""

    folder: str
    notes: dict[str, str]


class Told(msgspec.Struct, array_like=True):
    """What the register holds then; `fault` says why it could not be written."""

    notes: dict[str, str]
    fault: str = ""


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_ASKED: Final = msgspec.msgpack.Decoder(Asked)
_TOLD: Final = msgspec.msgpack.Decoder(Told)


class Registrar:
    """The server's side. `write` is what `Register.writer` is set to."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)
        self._child = Child(MODULE)

    async def write(self, notes: Mapping[str, str]) -> dict[str, str] | None:
        """What the register holds with these notes, None where no registrar answers. Raises OSError."""
        self._child.wanted.set()
        if not self._child.ready:
            return None
        answer = await self._child.ask(_ENCODE(Asked(self._folder, dict(notes))))
        if answer is None:
            return None
        told = _TOLD.decode(answer)
        if told.fault:
            raise OSError(told.fault)
        return told.notes

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Registrar]:
        """Keep the process until the block ends. It begins with the first question."""
        async with keeping([self._child]):
            yield self


def answers() -> Callable[[bytes], bytes]:
    """One register for each folder that is asked for, as it is followed."""
    registers: dict[str, Register] = {}

    def answer(data: bytes) -> bytes:
        asked = _ASKED.decode(data)
        register = registers.setdefault(asked.folder, Register(Path(asked.folder)))
        try:
            register.advance(asked.notes)
        except Exception as fault:  # noqa: BLE001 - whoever asked is told
            return _ENCODE(Told({}, str(fault) or type(fault).__name__))
        return _ENCODE(Told(register.notes))

    return answer


def main() -> None:
    """Entry point of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole group: the server ends us in order
    with contextlib.suppress(BrokenPipeError):  # the server has gone
        serve(sys.stdin.buffer, sys.stdout.buffer, answers())


if __name__ == "__main__":
    main()
