"""What is published of a random draw and of the officers, with the files that their documents cite by digest.

A document is small and is what a proof is about; pools, teams and lists can be long, so the document holds their
SHA-256 and they are published beside it. The invariant: a file is a function of the facts and the day, and holds
nothing but the names that stand here: ids, names, certificate numbers, categories and their days.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from msgspec import UNSET

from domain.certificates import standing
from domain.matter import Fact, Matter
from schemas import jcs
from schemas.events.certificate import CertificateRecorded
from schemas.events.enterprise import EnterpriseProfiled
from schemas.events.plan import RandomSelectionAnnounced, RandomSelectionRevealed

MAX_SHOWN: Final = 9_000
"""Characters of a list that stand in the document itself; a longer one is only in its file."""
IN_FILE: Final = "详见所附文件"
STAGES: Final = {"announced": "抽取公告", "revealed": "抽取结果"}
Values = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Told:
    """Values of columns, and the files whose digests are among them."""

    values: Values
    files: tuple[bytes, ...] = ()


def officers_key(authority: str, year: int) -> bytes:
    """In the place of an event: the list of officers of an authority and a year is one record, corrected as it goes."""
    return sha256(f"liuhen officers v1\n{authority}\n{year}".encode()).digest()[:16]


def selection(matter: Matter, fact: Fact, opened: Mapping[bytes, str]) -> Told:
    """The announcement of a draw, or its result. `opened` are names of officers by their commitment."""
    found = matter.first(RandomSelectionAnnounced)
    assert found is not None, "a draw begins with its announcement"
    announced = found[1]
    values: Values = {
        "SJ_MC": _title(announced, fact),
        "SJ_BH": matter.key,
        "SJ_CQRQ": announced.draws_on.isoformat(),
        "SJ_DXMLZY": announced.object_pool_hash.hex(),
        "SJ_RYMLZY": announced.officer_pool_hash.hex(),
        "SJ_CQS": str(announced.objects),
        "SJ_MZRS": str(announced.team),
        "SJ_SF": announced.algorithm,
        "SJ_CN": announced.commitment.hex(),
        "SJ_GKSLY": announced.public_number,
    }
    if not isinstance(fact.body, RandomSelectionRevealed):
        return Told(values | {"SJ_JD": STAGES["announced"]})
    told = fact.body
    result = result_of(matter, announced, told, opened)
    lines = "\n".join(
        f"{result['names'].get(enterprise, enterprise)}：{'、'.join(result['names'].get(one, one) for one in team)}"
        for enterprise, team in result["teams"]
    )
    file = jcs.encode(result)
    return Told(
        values
        | {
            "SJ_JD": STAGES["revealed"],
            "SJ_ZZ": told.secret,
            "SJ_GKS": told.public,
            "SJ_JG": lines if len(lines) <= MAX_SHOWN else IN_FILE,
            "SJ_JGWJ": sha256(file).hexdigest(),
        },
        (file,),
    )


def result_of(
    matter: Matter, announced: RandomSelectionAnnounced, told: RandomSelectionRevealed, opened: Mapping[bytes, str]
) -> dict[str, Any]:
    """All that repeats a draw but the pools, with the names of who was drawn; why somebody was recused stays inside."""
    people = {one for team in told.teams for one in team.officers}
    people |= {one for barred in told.recused for one in barred.officers}
    names = {team.enterprise_id: name for team in told.teams if (name := _enterprise(matter, team.enterprise_id))} | {
        one: name for one in sorted(people) if (name := _officer(matter, one, opened))
    }
    return {
        "algorithm": announced.algorithm,
        "commitment": told.commitment.hex(),
        "count": announced.objects,
        "names": names,
        "objects_hash": announced.object_pool_hash.hex(),
        "officers_hash": announced.officer_pool_hash.hex(),
        "public": told.public,
        "recused": {one.enterprise_id: list(one.officers) for one in told.recused},
        "secret": told.secret,
        "team": announced.team,
        "teams": [[team.enterprise_id, list(team.officers)] for team in told.teams],
    }


def officers(matter: Matter, on: datetime.date, opened: Mapping[bytes, str]) -> Told:
    """Who may enforce on a day: name, certificate, categories and days; of others nothing."""
    people = listed(matter, on, opened)
    file = jcs.encode({"officers": people})
    lines = "\n".join(
        "，".join([one["name"], one["certificate_no"], "、".join(one["categories"]), f"有效期至 {one['valid_to']}"])
        for one in people
    )
    return Told(
        {
            "RY_BT": f"{on.year}年执法人员名单",
            "RY_RQ": on.isoformat(),
            "RY_S": str(len(people)),
            "RY_MD": lines if len(lines) <= MAX_SHOWN else IN_FILE,
            "RY_MDWJ": sha256(file).hexdigest(),
        },
        (file,),
    )


def listed(matter: Matter, on: datetime.date, opened: Mapping[bytes, str]) -> list[dict[str, Any]]:
    """The officers whose certificate is valid on a day, by certificate number."""
    found: dict[str, dict[str, Any]] = {}
    for key, facts in matter.others.items():
        stood = standing(facts, on)
        if not key.startswith("certificate:") or not stood.valid:
            continue
        body = _certificate(facts, stood.number)
        if body is not None:
            found[stood.number] = {
                "name": _name(body, opened) or "—",
                "certificate_no": body.certificate_no,
                "categories": list(body.categories),
                "valid_from": body.valid_from.isoformat(),
                "valid_to": body.valid_to.isoformat(),
            }
    return [found[number] for number in sorted(found)]


def commitments(matter: Matter) -> tuple[bytes, ...]:
    """Commitments to the names of the officers whose certificates the matter has beside it."""
    return tuple(
        fact.body.name
        for facts in matter.others.values()
        for fact in facts
        if fact.counts and isinstance(fact.body, CertificateRecorded) and fact.body.name is not UNSET
    )


def beside(told: RandomSelectionRevealed) -> frozenset[str]:
    """Shelves with the names of whom a result names: profiles of enterprises, certificates of officers."""
    people = {one for team in told.teams for one in team.officers}
    people |= {one for barred in told.recused for one in barred.officers}
    return frozenset(
        (*(f"profile:{team.enterprise_id}" for team in told.teams), *(f"certificate:{one}" for one in people))
    )


def _title(announced: RandomSelectionAnnounced, fact: Fact) -> str:
    """The name of a draw with its stage, so that lists tell announcement and result apart; "" without a name."""
    stage = "结果" if isinstance(fact.body, RandomSelectionRevealed) else "公告"
    return "" if announced.title is UNSET else f"{announced.title}（{stage}）"


def _enterprise(matter: Matter, enterprise: str) -> str:
    found = [
        (fact.received, fact.id, fact.body.name)
        for fact in matter.others.get(f"profile:{enterprise}", ())
        if fact.counts and isinstance(fact.body, EnterpriseProfiled)
    ]
    return max(found)[2] if found else ""


def _officer(matter: Matter, officer: str, opened: Mapping[bytes, str]) -> str:
    facts = matter.others.get(f"certificate:{officer}", ())
    newest = _certificate(facts, "")
    if newest is None:
        return ""
    return f"{_name(newest, opened)}（执法证号 {newest.certificate_no}）"


def _certificate(facts: Iterable[Fact], number: str) -> CertificateRecorded | None:
    found = [
        (fact.body.valid_to, fact.received, fact.id, fact.body)
        for fact in facts
        if fact.counts and isinstance(fact.body, CertificateRecorded) and number in ("", fact.body.certificate_no)
    ]
    return max(found, key=lambda one: one[:3])[3] if found else None


def _name(body: CertificateRecorded, opened: Mapping[bytes, str]) -> str:
    return "" if body.name is UNSET else opened.get(body.name, "")
