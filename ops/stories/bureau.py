"""The invented bureau before anything happens: certificates, enterprises and their supervising body, number blocks.

The invariant: everybody who acts in a good story was certified before it began; of the bad day's team one was not any
more.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

from stdnum.cn import uscc

from ops.stories.event import DAY, ENTERPRISES, Enterprise, StoryEvent, china, text
from ops.stories.teller import (
    ARCHIVIST,
    AUTHORITY,
    CASHIER,
    CHAIR,
    DEPUTY,
    DISCLOSER,
    HEAD,
    POWERS,
    PREFIX,
    PRINCIPAL,
    RECORDER,
    REVIEWER,
    STAND_IN,
    THIRD,
    Team,
    certificate,
    named,
)

CLERK: Final = "administrator"
DESK: Final = (HEAD, PRINCIPAL, DEPUTY, THIRD, REVIEWER, CHAIR, RECORDER, ARCHIVIST, DISCLOSER, CASHIER)
EXPIRED: Final = "officer-0129"
SURNAMES: Final = "赵钱孙李周吴郑王冯陈卫蒋沈韩杨朱"
GIVEN: Final = "甲乙丙丁戊己庚辛壬癸"
TEAMS: Final[Mapping[str, Team]] = {
    "clean": Team("S-1", ("inspector", "officer-0112")),
    "rectified": Team("S-2", ("officer-0113", "officer-0114")),
    "listed": Team("S-3", ("officer-0115", "officer-0116")),
    "fined": Team("S-4", ("officer-0117", "officer-0118")),
    "on_spot": Team("S-5", ("officer-0119", "officer-0120")),
    "transferred": Team("S-6", ("officer-0121", "officer-0122")),
    "altered": Team("S-7", ("officer-0123", "officer-0124")),
    "sealed": Team("S-9", ("officer-0125", "officer-0126")),
    "enforced": Team("S-10", ("officer-0130", "officer-0131")),
    "bad_day": Team("S-8", ("officer-0128", EXPIRED)),
}
"""Who tells which story, and with which terminal."""


def opening(start: int) -> Iterator[StoryEvent]:
    """Certificates, enterprises and supervising bodies, all entered on the day before `start` (ms)."""
    people = dict.fromkeys((*DESK, STAND_IN, *(each for team in TEAMS.values() for each in team.officers)))
    yield from entered(start - DAY, people, ENTERPRISES)


def entered(
    at: int, people: Iterable[str], enterprises: Iterable[Enterprise], authority: str = AUTHORITY,
    reviewer: str = REVIEWER, level: str = "prefecture",
) -> Iterator[StoryEvent]:  # fmt: skip
    """Certificates of `people` and profiles of `enterprises`, entered one after another from `at` (ms)."""
    day = china(at + DAY).date()
    for officer in people:
        yield _certified(officer, at, day, authority, legal=officer == reviewer)
        at += 1_000
    for enterprise in enterprises:
        yield _office(
            "enterprise.profiled.v1",
            (f"enterprise:{enterprise.id}",),
            {
                "enterprise_id": enterprise.id, "name": enterprise.name, "address": enterprise.address,
                "uscc": social_code(authority, enterprise.id),
                "division": authority, "point": {"lat": enterprise.lat, "lon": enterprise.lon}, "size": "small",
                "risk_grade": "larger", "status": "operating", "tolerance_m": 800,
                "effective_on": (day - datetime.timedelta(days=400)).isoformat(),
            },
            at,
            authority=authority,
        )  # fmt: skip
        at += 1_000
        yield _office(
            "supervising_body.assigned.v1",
            (f"enterprise:{enterprise.id}",),
            {
                "enterprise_id": enterprise.id, "agency": authority, "level": level, "reason": "initial",
                "valid_from": (day - datetime.timedelta(days=400)).isoformat(),
            },
            at,
            authority=authority,
        )  # fmt: skip
        at += 1_000


def social_code(authority: str, enterprise: str) -> str:
    """An invented social credit code with a check digit that fits, the same for the same enterprise."""
    number = int.from_bytes(sha256(enterprise.encode()).digest()[:4], "big") % 10_000_000
    first = f"91{authority}MA{number:07}"
    return first + uscc.calc_check_digit(first)


PRINTED: Final = {
    "officers": 24, "per_person": 248, "total": 5952, "other": [400, 600, 300, 350, 250, 200, 150, 500, 100, 450],
    "other_total": 3330, "non": [500, 700, 200, 250, 200, 360, 90], "non_total": 2300, "inspection": 352,
    "formulas": ["24人×248=5952", "5952-3330-2300=322"],
    "shares": [{"of": "other", "printed": "55.4%"}, {"of": "non", "printed": "38.6%"}],
}  # fmt: skip
"""The working days as the plan prints them, with a misprint as real ones have it: 3330 for 3300, also in a formula."""


def planned(start: int) -> Iterator[StoryEvent]:
    """The year's plan, approved and filed before the stories, and the random draw; on the day before `start` (ms)."""
    at, day = start - DAY + 300_000, china(start).date()
    plan, items = named("plan"), []
    for number, enterprise in enumerate(ENTERPRISES):
        items.append(
            {
                "item_id": named(f"item {enterprise.id}"), "enterprise_id": enterprise.id, "days": 2,
                "kind": "general" if number in (1, 3, 8) else "key", "quarter": number % 4 + 1,
            }
        )  # fmt: skip
    tags = (f"plan:{text(plan)}",)
    approved = {
        "plan_id": plan, "year": day.year, "agency": AUTHORITY, "headcount": 24, "items": items,
        "approver": "示例市人民政府", "approval_no": f"示政复〔{day.year}〕4号", "approved_on": f"{day.year}-01-20",
        "figures": PRINTED, "responsible_unit": "执法大队", "responsible": PRINCIPAL,
    }  # fmt: skip
    yield _office("plan.approved.v1", tags, approved, at)
    filed = {"plan_id": plan, "filed_with": "示例省应急管理厅", "filed_on": f"{day.year}-03-02"}
    yield _office("plan.filed.v1", tags, filed, at + 1_000)
    pair = [each for name in ("clean", "on_spot") for each in TEAMS[name].officers]
    drawn = {
        "draw_id": named("draw"), "plan_id": plan, "object_pool_hash": sha256(b"objects").digest(),
        "officer_pool_hash": sha256(b"officers").digest(), "algorithm": "fisher-yates-1", "seed": "20260105",
        "drawn_objects": [ENTERPRISES[8].id, ENTERPRISES[3].id], "drawn_officers": pair, "witness": "监督员庚",
        "drawn_at": at + 2_000,
    }  # fmt: skip
    yield _office("random_selection.drawn.v1", tags, drawn, at + 2_000)


def blocks(wanted: Iterable[tuple[str, str, int, int, int]], start: int) -> Iterator[StoryEvent]:
    """Reservations of number blocks: (terminal, token, year, first, last) each, on the day before `start` (ms)."""
    at = start - DAY + 600_000
    for terminal, token, year, first, last in wanted:
        made = _office(
            "document_number.reserved.v1",
            (),
            {
                "block_id": _id(f"block/{terminal}/{token}/{year}", at), "agency": AUTHORITY, "token": token,
                "year": year, "from_n": first, "to_n": last, "prefix": PREFIX, "expires_at": start + 400 * DAY,
            },
            at,
            terminal,
        )  # fmt: skip
        yield made
        at += 1_000


def published(start: int) -> Iterator[StoryEvent]:
    """What the bureau published on the day before `start` (ms): its list of powers, and a period of its own."""
    at, since = start - DAY + 400_000, (china(start).date() - datetime.timedelta(days=400)).isoformat()
    for name, kind, document, key, value in (
        ("powers", "power_list", "示例市应急管理局权责清单", "powers.items", ",".join(POWERS)),
        ("tips", "limits", "示例市举报处理规定", "tip.feedback_days", 8),
        ("name", "limits", "示例市应急管理局机构编制方案", "agency.name", "示例市应急管理局"),
        ("uscc", "limits", "示例市应急管理局统一社会信用代码证书", "agency.uscc", "11210500MB0EXAMPL0"),
    ):
        body = {
            "ruleset_id": f"{AUTHORITY}-{name}", "kind": kind, "version": "1", "effective_from": since,
            "content_hash": sha256(document.encode()).digest(), "source_document": document,
            "entries": [{"key": key, "value": value, "since": since, "source": document}],
        }  # fmt: skip
        yield _office("rule_set.published.v1", (), body, at)
        at += 1_000
    for name, kind, document in (
        ("duties", "duty_list", "示例市应急管理局责任清单"),
        ("reviews", "review_catalogue", "示例市应急管理局重大执法决定法制审核目录清单"),
        ("recording", "recording", "示例市应急管理局执法音像记录事项清单"),
        ("benchmark", "benchmark", "示例市安全生产行政处罚裁量权基准"),
    ):
        listed = {
            "ruleset_id": f"{AUTHORITY}-{name}", "kind": kind, "version": "1", "effective_from": since,
            "content_hash": sha256(document.encode()).digest(), "source_document": document,
        }  # fmt: skip
        yield _office("rule_set.published.v1", (), listed, at)
        at += 1_000


def _certified(officer: str, at: int, day: datetime.date, authority: str, *, legal: bool) -> StoryEvent:
    until = day - datetime.timedelta(days=20) if officer == EXPIRED else day + datetime.timedelta(days=900)
    body: dict[str, Any] = {
        "officer_id": officer, "certificate_no": certificate(officer), "issuer": "示例省人民政府",
        "unit": "法规科" if legal else "执法科", "unit_role": "legal" if legal else "enforcement",
        "categories": ["安全生产"], "valid_from": (day - datetime.timedelta(days=600)).isoformat(),
        "valid_to": until.isoformat(),
    }  # fmt: skip
    if legal:
        body["reviewer_qualification"] = {"number": "示法 20200017", "obtained_on": "2020-03-31"}
    event = _office("officer_certificate.recorded.v1", (f"officer:{officer}",), body, at, authority=authority)
    return replace(event, private={"name": _called(officer)})


def _called(officer: str) -> str:
    """An invented name, the same for the same officer."""
    drawn = sha256(f"name of {officer}".encode()).digest()
    return SURNAMES[drawn[0] % len(SURNAMES)] + GIVEN[drawn[1] % len(GIVEN)] + GIVEN[drawn[2] % len(GIVEN)]


def _office(
    kind: str, about: tuple[str, ...], body: Mapping[str, Any], at: int, terminal: str = "", authority: str = AUTHORITY
) -> StoryEvent:
    tags = tuple(sorted((f"authority:{authority}", *about)))
    return StoryEvent(
        kind, tags, body, (CLERK,), at, id=_id(f"{kind}{text(_id(str(body), at))}", at), desk=True, terminal=terminal
    )


def _id(name: str, at: int) -> bytes:
    raw = bytearray(max(0, at).to_bytes(6, "big") + sha256(f"bureau/{name}".encode()).digest()[:10])
    raw[6], raw[8] = 0x70 | raw[6] & 0x0F, 0x80 | raw[8] & 0x3F
    return bytes(raw)
