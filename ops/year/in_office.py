"""Planters for what goes wrong in cases, numbers, plans and publication.

The invariant: apart from what is planted the procedure is in order; periods are counted with the package's own almanac.
"""

from __future__ import annotations

import datetime
from typing import Any, Final

from ops.year import almanac
from ops.year.almanac import DAY, HOUR, MINUTE, SECOND
from ops.year.cases import Case
from ops.year.planting import Place, Plot
from ops.year.province import PREFIX, decide_on, words
from ops.year.telling import POWERS, Scene, Site, Told, new_id, text

TOWNS: Final = "东西南北中上下前后大小新老石木水火金土山河湖海林沙云风雨雪花"
CORRECTED: Final = {
    "id": "WSL-99", "version": "wsl-2021", "tier": "责令改正", "low_fen": 0, "high_fen": 5_000_000,
}  # fmt: skip
OVERDUE: Final = {
    "id": "WSL-99", "version": "wsl-2021", "tier": "逾期未改正", "low_fen": 5_000_000, "high_fen": 20_000_000,
}  # fmt: skip
LARGE: Final = 5_000_000
"""From this fine (fen) on an organisation may ask for a hearing, and its case is reviewed and discussed."""


# -- numbers --


def _series(plot: Plot) -> str:
    """A sequence of its own: that of a town's office, whose word stands behind the year."""
    return f"检记-{''.join(plot.dice.choices(TOWNS, k=5))}应急办"


def _printed(token: str, n: int) -> str:
    word, _, suffix = token.partition("-")
    return f"{PREFIX}{word}〔{almanac.YEAR}〕{suffix}-{n}号"


def _record(plot: Plot, site: Site, day: datetime.date, number: str, hour: int = 9, minute: int | None = None) -> Scene:
    """An ordinary visit whose record bears a number."""
    scene = plot.visit(day, hour=hour, site=site, source="lookback")
    if minute is not None:
        scene.on(day, hour, minute)
    scene.arrive()
    scene.wait(5)
    scene.photo(words(plot.dice))
    scene.wait(12)
    scene.sign(document_no=number)
    scene.conclude()
    return scene


def _office(plot: Plot, kind: str, body: dict[str, Any], at: int, *tags: str) -> None:
    about = tuple(sorted({f"authority:{plot.authority}", *tags}))
    who = (f"clerk-{plot.authority}",)
    plot.events.append(
        Told(plot.authority, "", kind, about, body, who, at, at, at, new_id(plot.dice, at))
    )  # fmt: skip


def gap(plot: Plot) -> Place:
    """SIG-01: a number is missing and a later one was used; seven days later nobody has accounted for it."""
    token = _series(plot)
    missing = 2 + plot.dice.randrange(5)
    void = plot.dice.random() < 0.5
    if void:
        day = plot.day(last=10)
    else:
        # The last day of waiting is the last of the year, or the first of the next.
        day = _free_in_december(plot, 24 if plot.wrong else 25)
    site = plot.site()
    for n in range(1, missing + 2):
        if n != missing:
            _record(plot, site, day, _printed(token, n), 8 + n, 5)
    if void:
        body: dict[str, Any] = {
            "agency": plot.authority, "token": token, "year": almanac.YEAR, "n": missing, "reason": "填写错误",
            "approver": f"head-{plot.authority}",
        }  # fmt: skip
        if not plot.wrong:
            body["photo_hashes"] = [plot.dice.randbytes(32)]
        _office(plot, "document_number.voided.v1", body, almanac.at(day, 19))
    what = f"no. {missing} void with {0 if plot.wrong else 1} photos" if void else f"no. {missing}, {day}"
    return plot.place(f"series:{plot.authority}/{token}/{almanac.YEAR}", what)


def _free_in_december(plot: Plot, number: int) -> datetime.date:
    """A day of December on which some team of the authority, or of another, is free."""
    day = datetime.date(almanac.YEAR, 12, number)
    teams = list(plot.province.by_code[plot.authority].teams) + plot.dice.sample(plot.province.teams, 40)
    for team in teams:
        if day not in team.busy:
            team.busy.add(day)
            plot.team, plot.authority = team, team.authority
            return day
    raise ValueError(f"no team is free on {day}")


def disorder(plot: Plot) -> Place:
    """SIG-02: a later number of a block bears an earlier date; near: an earlier hour of the same day."""
    token, day = _series(plot), plot.day(2, length=2)
    _office(
        plot, "document_number.reserved.v1",
        {
            "block_id": new_id(plot.dice, almanac.start_of(day)), "agency": plot.authority, "token": token,
            "year": almanac.YEAR, "from_n": 1, "to_n": 3 + plot.dice.randrange(20), "prefix": PREFIX,
            "holder": plot.team.officers[0], "expires_at": almanac.END + 30 * almanac.DAY_MS,
        },
        almanac.at(day - DAY, 8),
    )  # fmt: skip
    site = plot.site()
    _record(plot, site, day if plot.wrong else day + DAY, _printed(token, 2), 9)
    _record(plot, site, day + DAY, _printed(token, 1), 14)
    apart = "a day" if plot.wrong else "some hours"
    return plot.place(f"series:{plot.authority}/{token}/{almanac.YEAR}", f"no. 2 {apart} before no. 1")


def voids(plot: Plot) -> Place:
    """SIG-32: more than five per cent of at least twenty numbers are void."""
    token, all_of_them = _series(plot), 20 + plot.dice.randrange(41)
    void = all_of_them // 20 + plot.wrong
    at = almanac.at(plot.day(), 9)
    out = set(plot.dice.sample(range(1, all_of_them + 1), void))
    for n in range(1, all_of_them + 1):
        common = {"agency": plot.authority, "token": token, "year": almanac.YEAR, "n": n}
        if n in out:
            more = {"approver": f"head-{plot.authority}", "photo_hashes": [plot.dice.randbytes(32)]}
            body = {**common, "reason": "打印错误", **more}
            _office(plot, "document_number.voided.v1", body, at + HOUR)
        else:
            _office(plot, "document_number.issued.v1", {**common, "document_no": _printed(token, n)}, at)
    return plot.place(f"series:{plot.authority}/{token}/{almanac.YEAR}", f"{void} void of {all_of_them}")


# -- cases --


def filed_case(plot: Plot, filed: datetime.date, fen: int, benchmark: dict[str, Any] | None, **filing: Any) -> Case:
    """A case that was filed, investigated and drafted on three days from `filed` on; the team's days are taken."""
    scene = plot.scene()
    scene.on(filed, 9, 0)
    case = Case(scene, **filing)
    scene.on(scene.team.free(filed + DAY), 9)
    case.interview(20 + plot.dice.randrange(20))
    scene.on(scene.team.free(scene.day + DAY), 9)
    case.investigated()
    scene.on(scene.day, 16, 0)
    case.draft(fen, benchmark)
    return case


def small(plot: Plot) -> int:
    """A fine that nobody has to hear, review or discuss."""
    return 50_000 * (4 + plot.dice.randrange(90))


def told_of(plot: Plot, case: Case, *, waived: bool = True) -> datetime.date:
    scene = case.scene
    day = scene.team.free(scene.day + (1 + plot.dice.randrange(3)) * DAY)
    scene.on(day, 10)
    case.notice()
    if waived:
        case.waived()
    return day


def settled(case: Case, number: str, fen: int) -> None:
    """Published, paid and closed in time."""
    scene = case.scene
    scene.on(almanac.add_workdays(scene.day, 2), 15, 0)
    case.publish(number)
    scene.on(almanac.add_workdays(scene.day, 2), 11, 0)
    case.pay(number, fen)
    scene.on(almanac.add_workdays(scene.day, 1), 15, 0)
    case.closed()


def unheard(plot: Plot) -> Place:
    """SIG-05: decided without a defence on the last day of its three working days; near: on the day behind it."""
    fen = small(plot)
    case = filed_case(plot, plot.day(last=9), fen, CORRECTED)
    told = told_of(plot, case, waived=False)
    last = almanac.add_workdays(told, 3)
    day = last if plot.wrong else last + DAY
    number = decide_on(case, case.scene.team.take(day), 15)
    settled(case, number, fen)
    return plot.of_case(case.scene, f"told {told}, decided {day}, no defence")


def told_large(case: Case) -> datetime.date:
    """The party is told the penalty and its right to a hearing, and waives its defence."""
    scene = case.scene
    day = scene.team.free(scene.day + DAY)
    scene.on(day, 10)
    case.notice()
    case.notice("hearing", hearing_right_told=True)
    case.waived()
    return day


def hasty(plot: Plot) -> Place:
    """SIG-08: decided on the last of the five working days in which a hearing can be asked for; near: a day later."""
    fen = LARGE + 10_000 * plot.dice.randrange(1_000)
    case = filed_case(plot, plot.day(last=9), fen, OVERDUE)
    told = told_large(case)
    last = almanac.add_workdays(told, 5)
    day = last if plot.wrong else last + DAY
    scene = case.scene
    scene.on(almanac.add_workdays(told, 3), 11, 0)
    case.review()
    scene.on(almanac.add_workdays(told, 4), 11, 0)
    case.discuss()
    number = decide_on(case, scene.team.take(day), 15)
    settled(case, number, fen)
    return plot.of_case(scene, f"told {told}, decided {day}")


def unreviewed(plot: Plot) -> Place:
    """SIG-09: the review was concluded after the decision; or there was none although the fine reaches 50,000 yuan."""
    if plot.dice.random() < 0.5:
        fen = LARGE + (plot.dice.randrange(100) if plot.wrong else -1 - plot.dice.randrange(100))
        case = filed_case(plot, plot.day(last=9), fen, OVERDUE if fen >= LARGE else CORRECTED)
        told = told_large(case)
        scene = case.scene
        scene.on(almanac.add_workdays(told, 4), 11, 0)
        case.discuss()
        number = decide_on(case, scene.team.free(almanac.add_workdays(told, 6)), 15)
        settled(case, number, fen)
        return plot.of_case(scene, f"no review, fine {fen} fen")
    fen = LARGE + 10_000 * plot.dice.randrange(1_000)
    case = filed_case(plot, plot.day(last=9), fen, OVERDUE)
    told = told_large(case)
    scene = case.scene
    scene.on(almanac.add_workdays(told, 4), 11, 0)
    case.discuss()
    day = scene.team.free(almanac.add_workdays(told, 6))
    decided = almanac.at(day, 15, 2)
    done = decided + (1 if plot.wrong else -1) * (1 + plot.dice.randrange(59)) * SECOND
    scene.on(day, 11, 0)
    scene.at = done - HOUR
    number = decide_on(case, day, 15)
    end = scene.at
    case.review(done)
    scene.at = end
    settled(case, number, fen)
    return plot.of_case(scene, f"reviewed {(done - decided) / SECOND:+.0f} s from the decision")


def few(plot: Plot) -> Place:
    """SIG-10: two members discussed the case where three are the fewest."""
    fen = LARGE + 10_000 * plot.dice.randrange(1_000)
    case = filed_case(plot, plot.day(last=9), fen, OVERDUE)
    told = told_large(case)
    scene = case.scene
    scene.on(almanac.add_workdays(told, 3), 11, 0)
    case.review()
    scene.on(almanac.add_workdays(told, 4), 11, 0)
    there = 2 if plot.wrong else 3
    case.discuss(there, absent=plot.dice.randrange(2))
    number = decide_on(case, scene.team.free(almanac.add_workdays(told, 6)), 15)
    settled(case, number, fen)
    return plot.of_case(scene, f"{there} members")


def outside(plot: Plot) -> Place:
    """SIG-20: some fen above the tier that the decision names; or above the ceiling on the spot."""
    if plot.dice.random() < 0.5:
        low = 10_000 * (1 + plot.dice.randrange(50))
        high = low + 10_000 * (1 + plot.dice.randrange(300))
        fen = plot.over(high, 100)
        local = {"id": "SF-LOCAL", "version": "1", "tier": "较轻", "low_fen": low, "high_fen": high}
        case = filed_case(plot, plot.day(last=9), fen, local)
        told = told_of(plot, case)
        number = decide_on(case, case.scene.team.free(almanac.add_workdays(told, 2)))
        settled(case, number, fen)
        return plot.of_case(case.scene, f"fine {fen} fen, tier {low} to {high}")
    fen = plot.over(300_000, 100)
    scene = plot.visit(plot.day())
    scene.arrive()
    plot.finish(scene)
    scene.wait(10)
    number = on_spot(scene, fen)
    scene.on(almanac.add_workdays(scene.day, 1), 15, 0)
    public(scene, number)
    return plot.of_case(scene, f"{fen} fen on the spot")


def on_spot(scene: Scene, fen: int, *, person: bool = False, **more: Any) -> str:
    """The enterprise, or one of its workers, is fined on the spot. Returns the mark of the number."""
    party = {"type": "person"} if person else {"type": "organisation", "id": scene.site.id, "name": scene.site.name}
    scene.case, number = scene.id(), scene.number("当罚")
    start = scene.at
    scene.wait(8)
    scene.act(
        "on_spot_penalty.decided.v1",
        {
            "case_id": scene.case, "task_id": scene.task, "violation_id": scene.id(), "document_no": number,
            "party": party, "facts": "未在有较大危险因素的设备上设置警示标志。", "clauses": ["安全生产法第三十五条"],
            "bases": ["安全生产法第九十九条第一项"], "kinds": ["P03"], "amount_fen": fen,
            "decided_at": scene.at, "decided_on": scene.today(), "place": scene.site.address,
            "officers": list(scene.officers), "defence_heard": True, "delivered": True, "refused": False,
            "actors": scene.actors(), **more,
        },
    )  # fmt: skip
    scene.wait(1)
    scene.film("S1", start, case_id=scene.case, task_id=scene.task)
    return number


def public(scene: Scene, number: str) -> None:
    scene.office(
        "disclosure.published.v1",
        {
            "record_id": scene.id(), "feed": "penalties", "subject": "penalty", "case_id": scene.case,
            "document_no": number, "fields": [{"code": "CF_XDR_MC", "value": scene.site.name}],
            "redaction_version": "1", "snapshot_hash": scene.digest(), "prepared_by": scene.desk("clerk"),
            "approver": scene.desk("discloser"), "published_on": scene.today(), "until": scene.today(365),
        },
        by="discloser",
    )  # fmt: skip


def not_referred(plot: Plot) -> Place:
    """SIG-22: loss, injuries or deaths reach what a crime begins with, and no referral is recorded."""
    field, limit, unit = plot.dice.choice((("loss_fen", 100_000_000, 100), ("injured", 3, 1), ("deaths", 1, 1)))
    number = plot.dice.randrange(unit)
    value = limit + number if plot.wrong else limit - 1 - number
    fen = small(plot)
    case = filed_case(plot, plot.day(last=9), fen, CORRECTED, **{field: value})
    told = told_of(plot, case)
    settled(case, decide_on(case, case.scene.team.free(almanac.add_workdays(told, 2))), fen)
    return plot.of_case(case.scene, f"{field} {value}")


def unpublished(plot: Plot) -> Place:
    """SIG-23: published on the eighth working day after the decision; near: on the seventh."""
    fen = small(plot)
    case = filed_case(plot, plot.day(last=9), fen, CORRECTED)
    told = told_of(plot, case)
    scene = case.scene
    number = decide_on(case, scene.team.free(almanac.add_workdays(told, 2)))
    decided = scene.day
    last = almanac.add_workdays(decided, 7)
    day = last + DAY if plot.wrong else last
    scene.on(day, 9 + plot.dice.randrange(10), 30)
    case.publish(number)
    return plot.of_case(scene, f"decided {decided}, published {day}")


def misreported(plot: Plot) -> Place:
    """SIG-24: one figure of a report is one more or less than the system counted."""
    dice = plot.dice
    plan, quarter = new_id(dice, almanac.at(almanac.FIRST, 9)), 1 + dice.randrange(3)
    codes = dice.sample(("visits", "inspected", "cases", "decided", "general_found", "major_found", "tips"), 4)
    system: list[dict[str, Any]] = [{"code": code, "value": 5 + dice.randrange(4_000)} for code in codes]
    figures = [dict(one) for one in system]
    if plot.wrong:
        dice.choice(figures)["value"] += dice.choice((1, -1))
    day = datetime.date(almanac.YEAR, 3 * quarter + 1, 3)
    _office(
        plot, "periodic_report.submitted.v1",
        {
            "report_id": new_id(dice, almanac.start_of(day)), "kind": "quarterly",
            "period": f"{almanac.YEAR}-Q{quarter}", "plan_id": plan, "as_of": almanac.start_of(day),
            "figures": figures, "system_figures": system, "submitter": f"clerk-{plot.authority}",
            "submitted_on": day.isoformat(),
        },
        almanac.at(day, 10), f"plan:{text(plan)}",
    )  # fmt: skip
    return plot.place(f"plan:{text(plan)}", "one figure off by one" if plot.wrong else "all figures equal")


def powerless(plot: Plot) -> Place:
    """SIG-26: a case rests on a power the day before the list with it came into force; near: on that day."""
    code, day = f"CF-{plot.dice.randrange(2_000, 9_999)}", plot.day(3, 9)
    since = day + DAY if plot.wrong else day
    _office(
        plot, "rule_set.published.v1",
        {
            "ruleset_id": f"{plot.authority}-{code}", "kind": "power_list", "version": "1",
            "effective_from": since.isoformat(), "content_hash": plot.dice.randbytes(32),
            "source_document": "示例应急管理局权责清单调整公告",
            "entries": [
                {
                    "key": "powers.items", "value": ",".join((*POWERS, code)), "since": since.isoformat(),
                    "until": (since + DAY).isoformat(), "source": "权责清单",
                }
            ],
        },
        almanac.at(day - 10 * DAY, 9),
    )  # fmt: skip
    scene = plot.scene()
    scene.on(day, 9, 0)
    Case(scene, item_code=code)
    scene.on(day + 20 * DAY, 10, 0)
    dropped(scene)
    return plot.of_case(scene, f"{code} from {since}, filed {day}")


def dropped(scene: Scene) -> None:
    """The case ends without a penalty."""
    scene.office(
        "case.no_penalty_decided.v1",
        {
            "case_id": scene.case, "document_no": scene.number("不罚"), "decided_on": scene.today(),
            "ground": "other", "facts": "违法事实轻微。", "bases": ["行政处罚法第三十三条"],
            "approver": scene.desk("principal"),
        },
        by="principal",
    )  # fmt: skip


def over_age(plot: Plot) -> Place:
    """SIG-29: decided on the day after the ninety days; or the thirty days without an act end with the year."""
    if plot.dice.random() < 0.5:
        filed = plot.day(1, 6)
        fen = small(plot)
        case = filed_case(plot, filed, fen, CORRECTED)
        last = almanac.rolled(filed, 90)
        scene = case.scene
        scene.on(scene.team.take(last - 8 * DAY), 10)
        case.notice()
        case.waived()
        day = last + DAY if plot.wrong else last
        settled(case, decide_on(case, scene.team.take(day)), fen)
        return plot.of_case(scene, f"filed {filed}, decided {day}")
    day = datetime.date(almanac.YEAR, 12, 1 if plot.wrong else 2)
    scene = plot.scene()
    scene.on(day, 9 + plot.dice.randrange(9))
    Case(scene)
    return plot.of_case(scene, f"nothing since {day}")


def sealed_long(plot: Plot) -> Place:
    """SIG-30: lifted on the 31st day, or imposed after ten at night."""
    night = plot.dice.random() < 0.5
    day = plot.day(last=9)
    scene = plot.scene()
    scene.on(day, 9, 0)
    Case(scene)
    scene.at = almanac.at(day, 22) - 1 + plot.over(0, 30 * MINUTE, SECOND) if night else almanac.at(day, 11)
    start, measure = scene.at, scene.id()
    last = day + 30 * DAY
    scene.act(
        "compulsory_measure.imposed.v1",
        {
            "measure_id": measure, "case_id": scene.case, "kind": plot.dice.choice(("seal", "seize")),
            "items": [{"name": "冲床", "quantity": "1 台", "place": "一车间"}], "imposed_at": start,
            "imposed_on": scene.today(), "ends_on": last.isoformat(), "approver": scene.desk("principal"),
            "approved_at": start - HOUR, "urgent": False, "reasons_told": True, "party_present": True,
            "list_delivered": True, "item_code": POWERS[2], "actors": scene.actors(),
        },
    )  # fmt: skip
    scene.wait(2)
    scene.film("A13", start - MINUTE, case_id=scene.case)
    ended = last - plot.dice.randrange(8) * DAY if night else last + plot.wrong * DAY
    scene.on(ended, 10, 0)
    scene.office(
        "compulsory_measure.ended.v1",
        {
            "measure_id": measure, "case_id": scene.case, "ground": "not_needed", "returned": True,
            "ended_on": scene.today(), "approver": scene.desk("principal"),
        },
        by="principal",
    )  # fmt: skip
    scene.on(ended + 10 * DAY, 10, 0)
    dropped(scene)
    return plot.of_case(
        scene, f"at {almanac.at(day, 22) - start} ms before ten" if night else f"ended {ended}, last {last}"
    )
