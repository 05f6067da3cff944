"""Acts of the office over HTTP: forms as people fill them in, JSON as programs send it, and what both are refused."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from html import unescape
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from domain.office.commands import ITEMS
from domain.workdays import day_of
from schemas.entries import Who
from server.log.acts import Act, OfficeActs
from server.log.ids import now_ms, uuid7, uuid_text
from tests.integration.test_number_gate import record
from tests.support.cases import CERTIFIED, CLAUSES, FACTS, LIN, REMEDIES, REVIEWER, story
from tests.support.event_vectors import FULL
from tests.support.facts import CASE, HAZARD, TASK
from tests.support.log import AUTHORITY, PaperTerminal, enrol, send
from tests.support.postgres import TestDatabase
from tests.support.process import judge
from tests.support.projections import fold
from tests.support.web import OFFICERS, PEOPLE, House, open_house

KEY = uuid_text(CASE)
HEAD = "officer-0002"
FRONT = "（示）应急"
PAGE = f"/cases/{KEY}"
API = f"/api/v1/cases/{KEY}/acts"
DRAFT = {
    "facts": FACTS, "bases": "\n".join(CLAUSES), "kind_0": "P03", "yuan_0": "60,000", "remedies_text": REMEDIES,
    "benchmark": "WSL-97", "benchmark_version": "wsl-2021", "benchmark_tier": "correction",
}  # fmt: skip
TOLD_DRAFT: dict[str, Any] = {
    "facts": FACTS, "bases": list(CLAUSES), "penalties": [{"kind": "P03", "amount_fen": 6_000_000}],
    "remedies_text": REMEDIES, "benchmark": {"id": "WSL-97", "version": "wsl-2021", "tier": "correction"},
}  # fmt: skip


@pytest.fixture
async def house(database: TestDatabase, short_folder: Path) -> AsyncIterator[House]:
    async with open_house(database, short_folder, log=True, people=(*OFFICERS, *PEOPLE)) as opened:
        terminal = PaperTerminal()
        await enrol(opened.log, terminal)
        certificates = [one for facts in CERTIFIED.values() for one in facts]
        await record(opened.log, [*certificates, *story(until="held", without=("drafted",))], terminal)
        await fold(database)
        await judge(database)
        yield opened


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of the form of an act, and what its fields hold."""
    form = html[html.index('<form class="stack card act"') :]
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form))
    return {name: unescape(value) for name, value in found.items()}


async def opened_form(browser: aiohttp.ClientSession, act: str, place: str = PAGE) -> dict[str, str]:
    async with browser.get(f"{place}/acts/{act}") as page:
        assert page.status == 200, await page.text()
        return hidden(await page.text())


async def fill(
    browser: aiohttp.ClientSession, act: str, fields: Mapping[str, str], *, drawn: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Open a form, fill it in and send it. Returns the status and where it leads, or the page that refuses it."""
    drawn = drawn or await opened_form(browser, act)
    async with browser.post(f"{PAGE}/acts/{act}", data={**drawn, **fields}, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "") or await answer.text()


def answers(problem: str = "") -> dict[str, str]:
    found = {}
    for item in ITEMS:
        found[f"answer_{item}"] = "problem" if item == problem else "pass"
        found[f"text_{item}"] = "询问时间与录像不符" if item == problem else "经审核，未发现问题"
    return found


async def reviewed(house: House) -> None:
    """Drafted by the handler, reviewed and passed by the reviewer, discussed by the heads."""
    async with house.browser(LIN) as handler:
        assert (await fill(handler, "draft", DRAFT))[0] == 303
        assert (await fill(handler, "request-review", {"requesting_unit": "执法科"}))[0] == 303
    async with house.browser(REVIEWER) as reviewer:
        assert (await fill(reviewer, "assign-review", {"reviewer": REVIEWER, "unit": "法规科"}))[0] == 303
        status, told = await fill(reviewer, "conclude-review", {**answers(), "outcome": "passed", "opinion": "同意"})
        assert status == 303, told


async def discussed(house: House) -> None:
    said = {f"member_{n}": name for n, name in enumerate((HEAD, "officer-0003", "officer-0004"))}
    async with house.browser(HEAD) as head:
        more = {"held_on": str(day_of(now_ms())), "host": HEAD, "principal": HEAD, "recorder": LIN,
                "outcome": "as_proposed", "decision": "同意"}  # fmt: skip
        status, told = await fill(head, "discuss", {**said, **more})
        assert status == 303, told


async def test_a_decision_goes_through_the_forms_from_draft_to_number_without_a_line_of_script(house: House) -> None:
    await reviewed(house)
    await discussed(house)
    async with house.browser(HEAD) as head:
        status, place = await fill(head, "decide", {"front": FRONT})
        assert status == 303, place
        assert place.startswith(f"{PAGE}?done=decide")
        async with head.get(place.partition("#")[0]) as page:
            html = await page.text()
        assert "作出决定" in html
        assert "已记录" in html
        await fold(house.database)
        await judge(house.database)
        async with head.get(PAGE) as page:
            assert f"{FRONT}罚〔" in await page.text()


async def test_a_form_that_names_somebody_offers_who_is_registered_and_takes_others_too(house: House) -> None:
    await reviewed(house)
    await fold(house.database)
    await judge(house.database)
    async with house.browser(HEAD) as head:
        async with head.get(f"{PAGE}/acts/discuss") as page:
            html = await page.text()
        offered = dict(re.findall(r'<option value="([^"]+)" label="([^"]+)">', html))
        assert REVIEWER in offered
        assert all("有效" in label or "证" in label for label in offered.values())
        for name in ("host", "principal", "recorder", "member_0"):
            assert re.search(rf'name="{name}" maxlength="128"[^>]* list="officers"', html), name
        async with head.get(f"{PAGE}/acts/decide") as page:
            assert '<datalist id="officers">' not in await page.text(), "nobody is named in this form"


async def test_without_a_review_the_form_says_which_rule_stops_it_and_what_would_lift_it(house: House) -> None:
    async with house.browser(LIN) as handler:
        assert (await fill(handler, "draft", DRAFT))[0] == 303
    before = (await house.log.head())["size"]
    async with house.browser(HEAD) as head:
        status, html = await fill(head, "decide", {"front": FRONT})
    assert status == 409
    assert (await house.log.head())["size"] == before
    assert 'role="alert"' in html
    for text in ("INV-17", "INV-19", "怎样才能办理", "同一草案经法制审核通过"):
        assert text in html
    assert f'value="{FRONT}"' in html, "what was filled in stays"


async def test_the_same_form_sent_twice_is_one_act(house: House) -> None:
    async with house.browser(LIN) as handler:
        drawn = await opened_form(handler, "draft")
        before = (await house.log.head())["size"]
        both = await asyncio.gather(*(fill(handler, "draft", DRAFT, drawn=drawn) for _ in range(3)))
        again = await fill(handler, "draft", DRAFT, drawn=drawn)
    assert {status for status, _ in (*both, again)} == {303}
    assert len({place for _, place in (*both, again)}) == 1
    assert (await house.log.head())["size"] == before + 1


async def test_of_two_who_decide_on_one_review_at_once_the_second_is_told_who_was_quicker(house: House) -> None:
    async with house.browser(LIN) as handler:
        await fill(handler, "draft", DRAFT)
        await fill(handler, "request-review", {})
    async with house.browser(REVIEWER) as one, house.browser("officer-0032") as two:
        drawn = await opened_form(two, "assign-review")
        assert (await fill(one, "assign-review", {"reviewer": REVIEWER}))[0] == 303
        status, html = await fill(two, "assign-review", {"reviewer": "officer-0032"}, drawn=drawn)
        assert status == 409
        assert f"由 {REVIEWER} 办理：法制审核分派" in html
        async with two.get(f"{PAGE}/acts/assign-review?lang=en") as page:
            assert page.status == 200
        status, html = await fill(two, "assign-review", {"reviewer": "officer-0032"}, drawn=drawn)
        assert f"changed by {REVIEWER}" in html


WRONG: list[tuple[dict[str, str], str]] = [
    ({"facts": " "}, "违法事实"),
    ({"yuan_0": "a lot"}, "处罚"),
    ({"yuan_0": ""}, "处罚"),
    ({"kind_0": "P77"}, "处罚"),
    ({"kind_0": ""}, "处罚"),
    ({"evidence_0": "ab" * 32}, "证据"),
    ({"benchmark_tier": ""}, "裁量基准 · 裁量阶次"),
    ({"until_0": "tomorrow"}, "处罚"),
]


async def test_a_form_that_cannot_be_read_names_the_field_and_keeps_what_was_written(house: House) -> None:
    before = (await house.log.head())["size"]
    async with house.browser(LIN) as handler:
        drawn = await opened_form(handler, "draft")
        for fields, named in WRONG:
            status, html = await fill(handler, "draft", {**DRAFT, **fields}, drawn=drawn)
            assert (status, 'role="alert"' in html, f"请看：{named}" in html) == (400, True, True), fields
            assert "第二十八条" in html
    assert (await house.log.head())["size"] == before


async def test_only_the_assigned_reviewer_gives_the_opinion_and_only_those_with_the_role_see_the_form(
    house: House,
) -> None:
    async with house.browser(LIN) as handler:
        await fill(handler, "draft", DRAFT)
        await fill(handler, "request-review", {})
        async with handler.get(f"{PAGE}/acts/conclude-review") as page:
            assert page.status == 403
        async with handler.get(f"{PAGE}/acts/no-such-act") as page:
            assert page.status == 404
    async with house.browser(REVIEWER) as reviewer:
        await fill(reviewer, "assign-review", {"reviewer": REVIEWER})
    async with house.browser("officer-0032") as other:
        told = {**answers(), "outcome": "passed", "opinion": "同意"}
        status, html = await fill(other, "conclude-review", told)
        assert (status, f"由 {REVIEWER} 办理" in html) == (403, True)
    async with house.browser("zhao") as neighbour, neighbour.get(f"{PAGE}/acts/assign-review") as page:
        assert page.status == 404, "a case of another authority is none"


async def test_programs_name_the_version_they_saw_and_the_act_they_mean(house: House) -> None:
    async with house.program("unit_head") as program:
        async with program.get(API) as answer:
            told, tag = await answer.json(), answer.headers["ETag"]
        assert (told["drafts"], tag) == ([], f'"{told["etag"]}"')
        async with program.post(f"{API}/draft", json=TOLD_DRAFT) as answer:
            assert (answer.status, (await answer.json())["code"]) == (428, "precondition_required")
        name = uuid_text(uuid7())
        headers = {"If-Match": tag, "Idempotency-Key": name}
        async with program.post(f"{API}/draft", json=TOLD_DRAFT, headers=headers) as answer:
            made = await answer.json()
            assert (answer.status, made["act"], made["type"]) == (201, name, "decision.drafted.v1"), made
            newer = answer.headers["ETag"]
        async with program.post(f"{API}/draft", json=TOLD_DRAFT, headers=headers) as answer:
            again = await answer.json()
            assert (answer.status, again["position"], again["again"]) == (200, made["position"], True)
        other = {**TOLD_DRAFT, "facts": "另一事实"}
        async with program.post(f"{API}/draft", json=other, headers={"If-Match": tag}) as answer:
            told = await answer.json()
            assert (answer.status, told["code"]) == (412, "precondition_failed")
            assert [change["type"] for change in told["changes"]] == ["decision.drafted.v1"]
        async with program.post(f"{API}/draft", json=other, headers={"If-Match": newer}) as answer:
            assert answer.status == 201


NO_COMMAND: list[bytes] = [
    b"", b"[]", b"{", b'{"facts": 1}', b'{"facts": "x", "bases": [], "penalties": []}', b'{"nonsense": true}',
    b'{"a":' * 2000, b'{"facts": "\xff"}',
]  # fmt: skip


async def test_json_that_is_no_command_is_a_bad_request_and_never_an_incident(house: House) -> None:
    headers = {"If-Match": "*", "Content-Type": "application/json"}
    async with house.program("unit_head") as program:
        for body in NO_COMMAND:
            async with program.post(f"{API}/draft", data=body, headers=headers) as answer:
                assert (answer.status, (await answer.json())["code"]) == (400, "bad_request"), body


async def test_a_browser_changes_nothing_but_by_its_forms(house: House) -> None:
    before = (await house.log.head())["size"]
    async with house.browser("officer-0001") as browser:
        async with browser.post(f"{API}/draft", json=TOLD_DRAFT, headers={"If-Match": "*"}) as answer:
            assert (answer.status, (await answer.json())["code"]) == (403, "forbidden")
        form = {**DRAFT, "act": uuid_text(uuid7()), "seen": ""}
        async with browser.post(f"{PAGE}/acts/draft", data=form, allow_redirects=False) as answer:
            assert answer.status == 403, "without the token of its session a form is nobody's"
    assert (await house.log.head())["size"] == before


async def test_hazards_inspections_certificates_and_signals_have_their_acts_as_well(house: House) -> None:
    hazard, task = uuid_text(HAZARD), uuid_text(TASK)
    terminal = PaperTerminal()
    await enrol(house.log, terminal)
    found = {**FULL["hazard.found.v1"], "hazard_id": HAZARD, "grade": "general"}
    claim = {
        "case_id": CASE, "document_no": f"{FRONT}罚〔2026〕99号", "decided_on": "2026-04-03", "facts": FACTS,
        "penalties": [{"kind": "P01"}], "bases": CLAUSES, "draft_hash": bytes(32),
    }  # fmt: skip
    sealed = [
        terminal.envelope("hazard.found.v1", found, about=[f"hazard:{hazard}"]),
        terminal.envelope("penalty.decided.v1", claim, about=[f"case:{KEY}"]),
    ]
    await send(house.log, terminal.batch(sealed))
    assigned = {**FULL["task.assigned.v1"], "task_id": TASK}
    act = Act("task.assigned.v1", [f"task:{task}"], assigned, uuid7(), 1, uuid7())
    who = Who(officer=HEAD, session=bytes(32), via="console")
    await house.log.committer.submit(OfficeActs(AUTHORITY, [act], who, now_ms()))
    await fold(house.database)
    await judge(house.database)

    async def does(name: str, place: str, fields: Mapping[str, str]) -> tuple[int, str]:
        async with house.browser(name) as browser:
            drawn = await opened_form(browser, place.rpartition("/")[2], place.partition("/acts/")[0])
            async with browser.post(place, data={**drawn, **fields}, allow_redirects=False) as answer:
                return answer.status, await answer.text()

    status, html = await does("officer-0001", f"/hazards/{hazard}/acts/close", {})
    assert (status, "INV-07" in html) == (409, True), "nobody has looked again"
    assert (await does("officer-0001", f"/tasks/{task}/acts/conclude", {"outcome": "no_entry"}))[0] == 400
    status, html = await does("officer-0001", f"/tasks/{task}/acts/conclude", {"outcome": "no_problem"})
    assert status in (303, 409), html
    told = {
        "certificate_no": "E-77", "issuer": "示例市人民政府", "valid_from": "2026-01-01", "valid_to": "2027-12-31",
        "qualified_on": "2020-01-01",
    }  # fmt: skip
    assert (await does(HEAD, "/officers/officer-0099/acts/record-certificate", told))[0] == 303
    async with house.browser(HEAD) as head, head.get("/api/v1/signals?state=all") as answer:
        rows = (await answer.json())["rows"]
    signal = next(one["id"] for one in rows if one["rule"] == "SIG-09")
    assert (await does(LIN, f"/signals/{signal}/acts/dispute", {"grounds": "误报"}))[0] == 303
    settle = {"resolution": "confirmed", "reason": "确属体外循环"}
    status, html = await does(HEAD, f"/signals/{signal}/acts/resolve", settle)
    assert status == 303, "a password was given when this browser signed in, just now"
    async with house.program("bureau_head") as program:
        place = f"/api/v1/signals/{signal}/acts/resolve"
        async with program.post(place, json=settle, headers={"If-Match": "*"}) as answer:
            assert answer.status == 403, "no token settles a signal"
