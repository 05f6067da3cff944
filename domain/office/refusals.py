"""Why the desk refuses an act, in both languages; programs get the same sentences beside the code.

The invariant: a refusal says what was expected and what would help, and names nobody but officers by their ids.
"""

from __future__ import annotations

from schemas.problems import Problem


def refused(code: str, zh: str, en: str, **fields: object) -> Problem:
    """A refusal whose reason stands in `zh` and `en` as well."""
    return Problem(code, en, zh=zh, en=en, **fields)


def changed(zh: str, en: str, **fields: object) -> Problem:
    """The matter is not as the act takes it to be."""
    return refused("conflict", zh, en, **fields)


def wrong(field: str, zh: str, en: str) -> Problem:
    """A field of the command that does not fit; `field` is its name."""
    return refused("bad_request", zh, en, field=field)


def not_yours(zh: str, en: str) -> Problem:
    """Somebody else has to do it."""
    return refused("forbidden", zh, en)
