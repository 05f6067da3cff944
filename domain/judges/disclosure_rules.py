"""What may stand in a published record: fields of a list, and nothing else (INV-30; handbook 5.4).

The list is an allow-list: a field that nobody thought of stays inside. The invariant: only codes of fields are
compared, never what stands in them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from functools import partial

from domain.judges.case_findings import Finding, broken, kept
from domain.judges.inspection_findings import verdict
from domain.matter import Fact, Matter, Verdict
from schemas.events.disclosure import DisclosurePublished, PublishedField


def verdicts(matter: Matter, facts: list[tuple[Fact, DisclosurePublished]]) -> Iterator[Verdict]:
    """INV-30 for each publication."""
    for fact, body in facts:
        yield from verdict("INV-30", partial(inv_30, matter, body), fact, gate=True)


def inv_30(matter: Matter, body: DisclosurePublished) -> Finding:
    """INV-30: every field is in the list of its feed, or in that of all feeds."""
    return listed(matter, body.feed, body.published_on, body.fields)


def listed(matter: Matter, feed: str, on: datetime.date, fields: Iterable[PublishedField]) -> Finding:
    """Whether fields are in the list that is in force on a day for a feed. Raises NoRule."""
    own = matter.rules.find(f"disclosure.fields.{feed}", on, matter.authority)
    rule = own or matter.rules.get("disclosure.fields", on, matter.authority)
    wrong = sorted({field.code for field in fields} - set(rule.value))
    if wrong:
        return broken(
            f"公示字段只能取自清单；清单之外的有 {'、'.join(wrong)}。删去后重新公示。",
            f"Only fields of the list are published; not in it: {', '.join(wrong)}. Take them out and publish anew.",
            rule=rule,
        )
    return kept("公示字段均在清单之内。", "All published fields are in the list.", rule=rule)
