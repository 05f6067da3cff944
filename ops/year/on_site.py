"""Planters for what goes wrong on the site: officers, certificates, clocks, positions, pictures, records.

Limits are those of the handbook's tables. The invariant: apart from what is planted the inspection is in order.
"""

from __future__ import annotations

import datetime
from random import Random
from typing import Any, Final

from ops.year import almanac
from ops.year.almanac import DAY, HOUR, MINUTE, SECOND
from ops.year.cases import Case, interview
from ops.year.in_office import dropped
from ops.year.planting import Place, Plot, minutes
from ops.year.province import words
from ops.year.telling import METRE, Finding, Scene, Site, text

SHINGLE: Final = 3
_CHARACTERS: Final = "".join(chr(number) for number in range(0x4E00, 0x5A00))


def late(plot: Plot) -> Place:
    """SIG-03: the first record of a visit is uploaded more than 24 hours after it was made."""
    day = plot.day(length=2)
    upload = almanac.start_of(day + DAY) + almanac.UPLOAD
    begun = upload - plot.over(24 * HOUR, HOUR, SECOND)
    scene = plot.visit(day)
    scene.at, scene.received = begun - 2 * MINUTE, upload  # the clock is checked first, which concerns no task
    scene.arrive()
    plot.finish(scene)
    return plot.of_task(scene, f"uploaded {minutes(upload - begun)} later")


def alone(plot: Plot) -> Place:
    """SIG-06: one officer where the law wants two."""
    scene = plot.visit(plot.day())
    scene.arrive()
    plot.finish(scene)
    start = scene.at + 10 * MINUTE
    scene.at = start + (20 + plot.dice.randrange(20)) * MINUTE
    there = scene.officers[:1] if plot.wrong else scene.officers
    body = interview(scene, start, scene.at, task_id=scene.task)
    body |= {
        "interviewers": list(there), "recorder": there[-1], "actors": scene.actors(there),
        "signatures": [one for one in body["signatures"] if one.get("officer", there[0]) in there],
    }  # fmt: skip
    scene.act("interview.recorded.v1", body, by=there)
    return plot.of_task(scene, f"{len(there)} of 2 officers")


def expired(plot: Plot) -> Place:
    """SIG-07: the certificate of one officer ended the day before; near: it ends that day."""
    day = plot.day(2)
    last = day - DAY if plot.wrong else day
    officer = plot.province.officer(plot.authority, datetime.date(2022, 1, 1) + plot.dice.randrange(300) * DAY, last)
    scene = plot.visit(day)
    scene.officers = (scene.officers[0], officer)
    scene.arrive()
    plot.finish(scene)
    return plot.of_task(scene, f"certificate until {last}, act on {day}")


def hollow(plot: Plot) -> Place:
    """SIG-11: an item of the plan is called done after a stay of less than ten minutes."""
    site, day = plot.site(), plot.day()
    item = plot.province.item(plot.authority, site, "key")
    plan = plot.province.plan_of(plot.authority)
    scene = plot.visit(day, site=site, source="plan", plan_item_id=item, plan_id=plan)
    arrival = scene.arrive()
    scene.wait(1)
    scene.photo(words(plot.dice))
    stay = plot.under(10 * MINUTE, MINUTE, SECOND)
    scene.at = arrival + stay
    scene.sign()
    scene.conclude()
    return plot.of_task(scene, f"stay {minutes(stay)}")


def silent(plot: Plot) -> Place:
    """SIG-12: nothing is recorded on the site for more than an hour."""
    scene = plot.visit(plot.day())
    scene.arrive()
    scene.wait(3)
    scene.photo(words(plot.dice))
    gap = plot.over(HOUR, MINUTE, SECOND)
    scene.at += gap
    scene.photo(words(plot.dice))
    scene.wait(5)
    start = scene.at
    scene.sign(filmed=False)
    scene.wait(1)
    scene.film("A7", start)
    scene.conclude()
    return plot.of_task(scene, f"silent for {minutes(gap)}")


def far(plot: Plot) -> Place:
    """SIG-13: the entry was recorded a metre further from the enterprise than it may be; accuracy counts in favour."""
    tolerance, accuracy = 300 + plot.dice.randrange(600), 3 + plot.dice.randrange(40)
    site, day = plot.site(tolerance_m=tolerance), plot.day()
    scene = plot.visit(day, site=site)
    limit = (tolerance + accuracy) * 100
    distance = plot.over(limit, 90, 5) / 100 + (0.1 if plot.wrong else -0.1)
    north = distance * METRE * plot.dice.choice((1, -1))
    scene.arrive(loc={**_fix(site, accuracy), "lat": site.lat + round(north)})
    plot.finish(scene)
    return plot.of_task(scene, f"{distance:.2f} m of {tolerance} + {accuracy} m")


def _fix(site: Site, accuracy: int) -> dict[str, Any]:
    return {"acc": accuracy, "crs": "WGS84", "lat": site.lat, "lon": site.lon, "mock": False, "src": "gnss"}


def afterwards(plot: Plot) -> Place:
    """SIG-14: a picture of the inspection was taken more than two minutes after the record was signed."""
    scene = plot.visit(plot.day())
    scene.arrive()
    plot.finish(scene)
    signed = next(one.occurred for one in reversed(plot.events) if one.type == "inspection_record.signed.v1")
    later = plot.over(2 * MINUTE, MINUTE, SECOND)
    scene.at = signed + later
    scene.photo(words(plot.dice), "A8")
    return plot.of_task(scene, f"{later / SECOND:.0f} s after the record")


def old_file(plot: Plot) -> Place:
    """SIG-15: a file says that it was made more than a day before the visit; or one file stands for two pictures."""
    scene = plot.visit(plot.day())
    arrival = scene.arrive()
    scene.wait(5)
    if plot.dice.random() < 0.5:
        before = plot.over(24 * HOUR, HOUR, SECOND)
        scene.photo(words(plot.dice), file_time=arrival - before)
        what = f"file {before / HOUR:.2f} h older than the visit"
    else:
        digest = bytearray(plot.dice.randbytes(32))
        scene.photo(words(plot.dice), sha256=bytes(digest))
        scene.wait(5)
        if not plot.wrong:
            digest[plot.dice.randrange(32)] ^= 1 << plot.dice.randrange(8)
        scene.photo(words(plot.dice), sha256=bytes(digest))
        what = "the same digest twice" if plot.wrong else "digests that differ in one bit"
    plot.finish(scene)
    return plot.of_task(scene, what)


def wrong_clock(plot: Plot) -> Place:
    """SIG-16: the terminal's clock was more than a minute off."""
    scene = plot.visit(plot.day())
    offset = plot.over(60_000, 1_000) * plot.dice.choice((1, -1))
    scene.arrive(offset=offset)
    plot.finish(scene)
    return plot.of_task(scene, f"clock {offset} ms off")


def unfilmed(plot: Plot) -> Place:
    """SIG-17: the first frame of the entry comes more than two minutes after it."""
    scene = plot.visit(plot.day())
    arrival = scene.arrive(filmed=False)
    first = plot.over(2 * MINUTE, MINUTE, SECOND)
    scene.at = arrival + first + 4 * MINUTE
    scene.film("A5", arrival + first)
    plot.finish(scene)
    return plot.of_task(scene, f"filmed from {first / SECOND:.0f} s after the entry")


def too_often(plot: Plot) -> Place:
    """SIG-18: one visit more than the cap of the enterprise; or two authorities within thirty days, not together."""
    if plot.dice.random() < 0.5:
        cap = 1 + plot.dice.randrange(3)
        site = plot.site(yearly_cap=cap)
        for _ in range(cap + plot.wrong):
            scene = plot.visit(plot.day(), site=site, source="campaign")
            scene.arrive()
            plot.finish(scene)
        return plot.place(f"enterprise:{site.id}", f"{cap + plot.wrong} visits, cap {cap}")
    site, apart = plot.site(), 30 if plot.wrong else 31
    first = plot.day()
    scene = plot.visit(first, site=site)
    scene.arrive()
    plot.finish(scene)
    mine, home = plot.team, plot.authority
    others = [one for one in plot.province.authorities if one.code != home and one.level != "province"]
    for _ in range(500):
        team = plot.dice.choice(plot.dice.choice(others).teams)
        second = first + apart * DAY
        if second not in team.busy:
            break
    else:
        raise ValueError("no other authority is free on that day")
    team.busy.add(second)
    plot.team = team
    scene = plot.visit(second, site=site)
    scene.arrive()
    plot.finish(scene)
    plot.team = mine
    return plot.place(f"enterprise:{site.id}", f"{home} and {team.authority}, {apart} days apart")


def unseen(plot: Plot) -> Place:
    """SIG-19: closed on the spot with pictures less than three minutes apart; or looked at again a day too late."""
    scene = plot.visit(plot.day(last=9))
    scene.arrive()
    scene.wait(6)
    if plot.dice.random() < 0.5:
        found = scene.find(words(plot.dice))
        before = next(one.captured for one in reversed(plot.events) if one.type == "evidence.captured.v1")
        apart = plot.under(3 * MINUTE, MINUTE, SECOND)
        scene.at = before + apart
        after = scene.photo(words(plot.dice), "A16")
        scene.wait(4)
        scene.act(
            "hazard.closed.v1",
            {
                "hazard_id": found.id, "verifier": scene.officers[1], "on_the_spot": True,
                "before_ids": [found.photo], "after_ids": [after], "enterprise_id": scene.site.id,
                "task_id": scene.task, "closed_on": scene.today(),
            },
            f"hazard:{text(found.id)}",
        )  # fmt: skip
        scene.wait(10)
        scene.sign([found])
        scene.conclude()
        return plot.place(f"hazard:{text(found.id)}", f"pictures {apart / SECOND:.0f} s apart")
    found = scene.find(words(plot.dice))
    scene.wait(12)
    scene.sign([found])
    last = scene.order([found], 5 + plot.dice.randrange(20)) + 10 * DAY
    scene.conclude("ordered")
    looked = last + DAY if plot.wrong else last
    scene.on(scene.team.take(looked), 10)
    scene.close([found], scene.reinspect([found]))
    return plot.place(f"hazard:{text(found.id)}", f"due {last}, looked at {looked}")


def unpunished(plot: Plot) -> Place:
    """SIG-21: a violation that must be penalised; its case is filed a day after fifteen working days, or in time."""
    scene = plot.visit(plot.day(last=9))
    scene.arrive()
    scene.wait(6)
    found = scene.find(words(plot.dice), mandatory_penalty=True)
    scene.wait(10)
    scene.sign([found])
    scene.conclude("case_filed")
    last = almanac.add_workdays(scene.day, 15)
    filed = last + DAY if plot.wrong else last
    scene.on(filed, 9 + plot.dice.randrange(8))
    Case(scene, [found])
    scene.on(filed + 20 * DAY, 10, 0)
    dropped(scene)
    return plot.place(f"hazard:{text(found.id)}", f"due {last}, filed {filed}")


def twice(plot: Plot) -> Place:
    """SIG-27: one officer takes part in two interviews that overlap by more than a minute."""
    scene = plot.visit(plot.day())
    scene.arrive()
    plot.finish(scene)
    start = scene.at + 10 * MINUTE
    length = (20 + plot.dice.randrange(20)) * MINUTE
    overlap = plot.over(MINUTE, MINUTE, SECOND)
    for begun in (start, start + length - overlap):
        scene.at = begun + length
        scene.act("interview.recorded.v1", interview(scene, begun, scene.at, task_id=scene.task))
    officer = plot.dice.choice(scene.officers)
    return plot.place(f"day:{officer}/{scene.day}", f"overlap {overlap / SECOND:.0f} s")


def cloned(plot: Plot) -> Place:
    """SIG-28: what was found at another enterprise is worded like here, to ninety per cent of the words."""
    first, second = _alike(plot.dice, 90 if plot.wrong else 89)
    one = plot.visit(plot.day(last=9))
    day = one.day
    _reported(plot, one, first)
    later = one.team.free(day + DAY)
    two = plot.visit(later)
    _reported(plot, two, second)
    return plot.of_task(two, f"{90 if plot.wrong else 89} % alike")


def _reported(plot: Plot, scene: Scene, said: str) -> None:
    scene.arrive()
    scene.wait(6)
    scene.photo(words(plot.dice))
    scene.wait(10)
    half = len(said) // 2
    scene.sign([Finding(b"", "", b"")], problems=[{"text": said[:half]}, {"text": said[half:]}])
    scene.conclude()


def _alike(dice: Random, percent: int) -> tuple[str, str]:
    """Two texts of which so many whole per cent of the runs of three characters are the same."""
    while True:
        text_one = "".join(dice.choices(_CHARACTERS, k=380 + dice.randrange(200)))
        changed = list(text_one)
        places = list(range(4, len(changed) - 4, 7))
        dice.shuffle(places)
        for place in places:
            changed[place] = dice.choice(_CHARACTERS)
            found = _likeness(text_one, "".join(changed))
            if found == percent:
                return text_one, "".join(changed)
            if found < percent:
                break


def _likeness(one: str, two: str) -> int:
    first = {one[place : place + SHINGLE] for place in range(len(one) - SHINGLE + 1)}
    second = {two[place : place + SHINGLE] for place in range(len(two) - SHINGLE + 1)}
    return len(first & second) * 100 // len(first | second)
