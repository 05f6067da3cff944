"""Every problem code of section 7, provoked over HTTP: status, `retry`, fields of the code, languages, forms.

`ELSEWHERE` names the tests of the other codes. A code that is in neither table fails the last test.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator

import pytest

from ops import postmaster
from schemas import canonical, enrolment
from schemas.entries import Who
from schemas.problems import PROBLEMS
from tests.support.log import AUTHORITY, PaperTerminal
from tests.support.server import (
    MSGPACK,
    Answer,
    Bureau,
    Door,
    ServerProcess,
    bureau,
    door,
    enrolled,
    signal_process,
    until,
)

ELSEWHERE = {
    "bad_cursor": "tests/integration/test_changes.py: a cursor that was not given",
    "gate_closed": "tests/integration/test_desk.py: an act of the office that a gate stops",
    "precondition_required": "tests/integration/test_console_acts.py: an act that names no version",
    "precondition_failed": "tests/integration/test_console_acts.py: an act on a version that is not the newest",
    "gone": "tests/acceptance/test_public_site.py: a record that was withdrawn",
    "proof_pending": "tests/acceptance/test_public_proofs.py: a record newer than the public checkpoint",
    "digest_mismatch": "test_evidence_upload.py: a finished upload whose SHA-256 is another",
    "offset_mismatch": "test_evidence_upload.py: a tus PATCH at another offset",
    "storage_low": "test_evidence_upload.py: the volume is nearly full",
    "type_mismatch": "test_evidence_upload.py: a program that is called a picture",
    "bad_upload": "test_evidence_upload.py: no bytes, a name with a path, no digest",
    "tus_version": "test_evidence_upload.py: another version of tus",
    "unauthorized": "console: a request without a sign-in",
    "bad_request": "console: a form with a field twice",
    "timeout": "tests/faults/test_stalls.py: a body that trickles",
    "forbidden": "console: a role that may not",
    "conflict": "office acts: another officer was quicker",
    "internal": "tests/integration/test_log_committer.py: a work that cannot be written",
    "overloaded": "tests/integration/test_log_committer.py: a queue that is full",
    "not_ready": "tests/faults/test_rollback.py: a log that was put back",
}
"""Codes that no terminal provokes on a healthy server, and where a test does."""

Provoke = Callable[[Bureau, Door], Awaitable[Answer]]


async def post(at: Door, body: bytes, **headers: str) -> Answer:
    return await at.post(body, headers={name.replace("_", "-"): value for name, value in headers.items()})


async def gap(city: Bureau, at: Door) -> Answer:
    t1 = await enrolled(city, at)
    t1.envelope()
    return await at.post(t1.batch([t1.envelope()]))


async def bad_signature(city: Bureau, at: Door) -> Answer:
    t1 = await enrolled(city, at)
    t1.event = PaperTerminal().event
    return await at.post(t1.batch([t1.envelope()]))


async def unknown_terminal(city: Bureau, at: Door) -> Answer:
    stranger = PaperTerminal(id=secrets.token_bytes(16))
    return await at.post(stranger.batch([stranger.envelope()]))


async def revoked(city: Bureau, at: Door) -> Answer:
    from ops.compose import DATABASE, Database, open_log
    from server.log.terminal_acts import TerminalActs

    t1 = await enrolled(city, at)
    database = Database(lambda role: city.cluster.dsn(role, DATABASE), embedded=True)
    async with open_log(city.settings(), database) as opened:
        who = Who(officer="officer-lin", session=bytes(32), via="console")
        await TerminalActs(opened.committer, opened.pool).revoke(AUTHORITY, t1.id, "遗失", who)
    for _ in range(4):
        grace = [t1.raw(b"\xc1%d" % n) for n in range(500)]
        answer = await at.post(t1.batch(grace))
        assert set(map(tuple, answer.notes)) == {("held", "not_canonical", "unlinked")}
    return await at.post(t1.batch([t1.envelope()]))


async def too_large(city: Bureau, at: Door) -> Answer:
    t1 = await enrolled(city, at)
    return await at.post(t1.batch([t1.raw(bytes(60_001))]))


async def unsupported_version(city: Bureau, at: Door) -> Answer:
    return await at.post(canonical.encode({"suite": 1, "v": 2}))


async def clock_skew(city: Bureau, at: Door) -> Answer:
    import time

    return await at.head(await enrolled(city, at), created=int(time.time()) - 301)


async def enrolment_code_invalid(city: Bureau, at: Door) -> Answer:
    code = await city.code()
    other = type(code)(secrets.token_hex(16), code.host, code.log, code.recovery)
    return await at.enrol(other, PaperTerminal())


async def key_refused(city: Bureau, at: Door) -> Answer:
    t1 = await enrolled(city, at)
    return await at.enrol(await city.code(), PaperTerminal(event=t1.event))


async def not_found(city: Bureau, at: Door) -> Answer:
    return await at.get("/sync/v1/nowhere")


async def method_not_allowed(city: Bureau, at: Door) -> Answer:
    return await at.get("/sync/v1/batches")


async def unsupported_media_type(city: Bureau, at: Door) -> Answer:
    return await post(at, b"{}", Content_Type="application/json")


async def quota_exceeded(city: Bureau, at: Door) -> Answer:
    """Nine branches of one terminal."""
    t1 = await enrolled(city, at)
    await at.post(t1.batch([t1.envelope()]))
    for _ in range(8):
        clone = t1.clone()
        clone.prev = secrets.token_bytes(32)
        assert (await at.post(clone.batch([clone.envelope()]))).outcomes == ["forked"]
    clone = t1.clone()
    clone.prev = secrets.token_bytes(32)
    return await at.post(clone.batch([clone.envelope()]))


async def not_canonical(city: Bureau, at: Door) -> Answer:
    return await at.post(b"\xc1")


async def bad_encoding(city: Bureau, at: Door) -> Answer:
    return await post(at, b"x", Content_Encoding="br")


PROVOKED: dict[str, tuple[Provoke, int, str, dict[str, object]]] = {
    "not_canonical": (not_canonical, 400, "after_fix", {}),
    "bad_encoding": (bad_encoding, 400, "after_fix", {}),
    "unsupported_version": (unsupported_version, 400, "after_fix", {"v": 2}),
    "too_large": (too_large, 413, "after_fix", {"limit": 60_000, "seq": 1}),
    "unknown_terminal": (unknown_terminal, 404, "after_fix", {}),
    "bad_signature": (bad_signature, 401, "after_fix", {}),
    "revoked": (revoked, 403, "never", {"limit": 2_000}),
    "gap": (gap, 409, "after_fix", {"expected": 1}),
    "quota_exceeded": (quota_exceeded, 429, "later", {"limit": 8}),
    "clock_skew": (clock_skew, 401, "after_fix", {}),
    "enrolment_code_invalid": (enrolment_code_invalid, 403, "after_fix", {}),
    "key_refused": (key_refused, 409, "after_fix", {}),
    "not_found": (not_found, 404, "never", {}),
    "method_not_allowed": (method_not_allowed, 405, "never", {}),
    "unsupported_media_type": (unsupported_media_type, 415, "after_fix", {}),
}


@pytest.mark.parametrize("code", PROVOKED)
async def test_the_code_is_provoked_with_its_status_its_advice_and_its_fields(
    city: Bureau, at: Door, code: str
) -> None:
    provoke, status, retry, fields = PROVOKED[code]
    answer = await provoke(city, at)
    told = answer.problem
    assert (told["code"], answer.status, told["retry"]) == (code, status, retry)
    assert told["type"] == f"urn:liuhen:problem:{code}"
    assert fields.items() <= told.items()
    assert told["title"]
    assert told["detail"]
    if retry == "later":
        assert int(answer.headers["Retry-After"]) >= 1


def test_every_code_is_provoked_here_or_named_with_the_place_where_it_is() -> None:
    known = set(PROVOKED) | set(ELSEWHERE)
    assert set(PROBLEMS) == known
    assert not set(PROVOKED) & set(ELSEWHERE)


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_code_has_its_words_in_both_languages(code: str) -> None:
    problem = PROBLEMS[code]
    for text in (problem.title_zh, problem.detail_zh):
        assert any("\u4e00" <= c <= "\u9fff" for c in text)
    for text in (problem.title_en, problem.detail_en):
        assert text.isascii()
    assert 400 <= problem.status < 600


@pytest.mark.parametrize(
    ("wish", "language"),
    [
        ("", "zh-CN"),
        ("zh-CN", "zh-CN"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("fr", "zh-CN"),
        ("en;q=0.1,zh;q=0.9", "zh-CN"),
    ],
)
async def test_a_refusal_is_in_the_language_that_was_asked_for(at: Door, wish: str, language: str) -> None:
    answer = await at.post(b"\xc1", headers={"Accept": "application/json", "Accept-Language": wish})
    told = json.loads(answer.body)
    kind = PROBLEMS["not_canonical"]
    assert told["title"] == (kind.title_zh if language == "zh-CN" else kind.title_en)
    assert answer.headers["Content-Language"] == language
    packed = await at.post(b"\xc1", headers={"Accept": MSGPACK, "Accept-Language": wish})
    assert packed.problem == told, "both forms say the same"


# -- signed requests -------------------------------------------------------------------------------------------------


async def test_a_signed_request_from_a_wrong_clock_learns_the_time(city: Bureau, at: Door) -> None:
    import time

    t1 = await enrolled(city, at)
    now = int(time.time())
    for created in (now - 400, now + 400):
        answer = await at.head(t1, created=created)
        assert (answer.status, answer.code) == (401, "clock_skew")
        assert abs(answer.problem["now"] - now * 1_000) < 60_000
    assert (await at.head(t1, created=int(answer.problem["now"]) // 1_000)).status == 200
    for created in (now - 290, now + 290):
        assert (await at.head(t1, created=created)).status == 200


async def test_a_signature_that_does_not_cover_the_request_is_refused(city: Bureau, at: Door) -> None:
    t1, other = await enrolled(city, at), await enrolled(city, at)
    wrong = {
        "another key": {"signer": other.request},
        "the event key": {"signer": t1.event},
        "another method": {"method": "POST"},
        "another authority": {"authority": "elsewhere:1"},
        "another path": {"path": "/sync/v1/other"},
        "another query": {"query": "a=b"},
    }
    for why, change in wrong.items():
        answer = await at.head(t1, **change)
        assert (answer.status, answer.code) == (401, "bad_signature"), why
    assert (await at.get("/sync/v1/head")).code == "bad_signature"
    assert (await at.head(PaperTerminal(id=secrets.token_bytes(16)))).code == "unknown_terminal"
    assert (await at.head(t1)).status == 200


async def test_a_signature_without_one_of_its_components_is_refused(city: Bureau, at: Door) -> None:
    import time

    from schemas import httpsig
    from tests.support.server import uuid_text

    t1 = await enrolled(city, at)
    whole = httpsig.sign_request(
        method="GET", authority=at.url.removeprefix("http://"), path="/sync/v1/head", query="", key_id=uuid_text(t1.id),
        signer=t1.request, created=int(time.time()),
    )  # fmt: skip
    assert (await at.get("/sync/v1/head", headers=whole)).status == 200
    for name in ('"@method"', '"@authority"', '"@path"', '"@query"'):
        told = whole["Signature-Input"].replace(f"{name} ", "").replace(f" {name}", "")
        assert told != whole["Signature-Input"]
        answer = await at.get("/sync/v1/head", headers={**whole, "Signature-Input": told})
        assert (answer.status, answer.code) == (401, "bad_signature")
    for broken in ("", "sig1=()", "sig1=(" + '"@method" ' * 500 + ")"):
        answer = await at.get("/sync/v1/head", headers={**whole, "Signature-Input": broken})
        assert answer.status in (400, 401)


# -- enrolment -------------------------------------------------------------------------------------------------------


async def test_the_same_enrolment_again_gets_the_same_terminal_and_the_code_serves_nobody_else(
    city: Bureau, at: Door
) -> None:
    code, t1 = await city.code(), PaperTerminal()
    first = await at.enrol(code, t1)
    again = await at.enrol(code, t1)
    told = [enrolment.EnrolmentAnswer.decode(a.body) for a in (first, again)]
    assert told[0].terminal == told[1].terminal
    assert told[0].entry == told[1].entry
    assert (await at.enrol(code, PaperTerminal())).code == "enrolment_code_invalid"


async def test_keys_that_are_weak_equal_or_used_before_are_refused_and_the_code_stays_good(
    city: Bureau, at: Door
) -> None:
    code, t1 = await city.code(), await enrolled(city, at)
    fresh = PaperTerminal()
    twins = PaperTerminal(event=fresh.event, request=fresh.event)
    for terminal in (
        twins,
        PaperTerminal(event=t1.event),
        PaperTerminal(event=t1.request),
        PaperTerminal(request=t1.event),
    ):
        answer = await at.enrol(code, terminal)
        assert (answer.status, answer.code) == (409, "key_refused")
    low_order = bytes(32)
    asked = enrolment.sign_request(code.code, fresh.event, fresh.request, {}, code.log)
    weak = enrolment.EnrolmentRequest(asked.code, low_order, asked.request_key, {}, asked.sig, asked.sig_request)
    assert (await at.post(weak.encode(), path="/sync/v1/terminals")).code == "key_refused"
    assert (await at.enrol(code, fresh)).status == 200


async def test_an_enrolment_that_was_signed_for_another_log_or_by_one_key_is_refused(city: Bureau, at: Door) -> None:
    code, elsewhere, fresh = await city.code(), await city.code("210521"), PaperTerminal()
    assert (await at.enrol(code, fresh, log=elsewhere.log)).code == "bad_signature"
    asked = enrolment.sign_request(code.code, fresh.event, fresh.request, {}, code.log)
    for sig, sig_request in ((asked.sig, asked.sig), (asked.sig_request, asked.sig_request)):
        half = enrolment.EnrolmentRequest(asked.code, asked.event_key, asked.request_key, {}, sig, sig_request)
        assert (await at.post(half.encode(), path="/sync/v1/terminals")).code == "bad_signature"
    foreign = await enrolled(city, at, "210521")
    assert (await at.enrol(code, fresh, replaces=foreign.id)).code == "unknown_terminal"
    assert (await at.enrol(code, fresh)).status == 200


async def test_a_terminal_that_replaces_another_leaves_the_old_id_open(city: Bureau, at: Door) -> None:
    old = await enrolled(city, at)
    new = PaperTerminal()
    assert (await at.enrol(await city.code(), new, replaces=old.id)).status == 200
    for terminal in (old, new):
        assert (await at.post(terminal.batch([terminal.envelope()]))).outcomes == ["recorded"]


# -- what needs a server of its own ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def strict() -> Iterator[tuple[Bureau, ServerProcess]]:
    """A server with a quota of one upload a second, thirty at once."""
    with bureau(environment={"LIUHEN_UPLOADS_PER_SECOND": "1"}) as made:
        yield made, made.start()


async def test_a_terminal_that_uploads_too_often_is_told_when_to_come_back_and_others_go_on(
    strict: tuple[Bureau, ServerProcess],
) -> None:
    place, server = strict
    async with door(server) as at:
        t1, t2 = await enrolled(place, at), await enrolled(place, at)
        answers = [await at.post(t1.batch([], declared=n)) for n in range(40)]
        assert [a.status for a in answers[:30]] == [200] * 30
        refused = [a for a in answers if a.status != 200]
        assert refused
        assert {(a.status, a.code) for a in refused} == {(429, "quota_exceeded")}
        assert all(int(a.headers["Retry-After"]) >= 1 for a in refused)
        assert (await at.post(t2.batch([t2.envelope()]))).status == 200


async def test_while_the_database_is_away_uploads_are_refused_for_now_and_then_taken(
    strict: tuple[Bureau, ServerProcess],
) -> None:
    import signal

    place, server = strict
    async with door(server) as at:
        t1 = await enrolled(place, at)
        assert (await at.post(t1.batch([t1.envelope()]))).status == 200
        code, stranger = await place.code(), await enrolled(place, at)
        pid = place.cluster.pid
        assert pid is not None
        signal_process(pid, signal.SIGQUIT)
        await until(lambda: not postmaster.alive(pid))
        batch = t1.batch([t1.envelope()])
        answers = [
            await at.post(batch),
            await at.head(t1),
            await at.enrol(code, PaperTerminal()),
            await at.post(PaperTerminal(id=secrets.token_bytes(16)).batch([], declared=0)),
        ]
        assert {(a.status, a.code) for a in answers} == {(503, "overloaded")}
        assert all(int(a.headers["Retry-After"]) >= 1 for a in answers)
        await asyncio.to_thread(place.cluster.start)
        assert (await at.post(batch)).outcomes == ["recorded"]
        assert (await at.head(stranger)).status == 200
    assert server.running
    assert "incident" not in server.log()
