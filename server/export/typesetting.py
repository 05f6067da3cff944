"""Sets a PDF: data as JSON on standard input, the PDF on standard output. Run as a program, never imported.

A process of its own, because fonts and layout take a few hundred megabytes that would stay with the server, and because
what a record says must not be able to bring the server to its knees. The invariant: it reads its template and fonts,
and nothing that the data names.
"""

from __future__ import annotations

import sys
from pathlib import Path

import typst

TEMPLATE = Path(__file__).parent / "templates" / "case.typ"


def main() -> None:
    """Read, set, write."""
    made = typst.compile(TEMPLATE, format="pdf", sys_inputs={"data": sys.stdin.buffer.read().decode("utf-8")})
    assert isinstance(made, bytes)
    sys.stdout.buffer.write(made)


if __name__ == "__main__":
    main()
