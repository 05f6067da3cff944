"""Webhooks against a real receiver over https: signed, once, again after failures, given up, and never inside."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook
from structlog.testing import capture_logs

from schemas.problems import Problem
from server.web.app import PROOF_FIELD
from server.webhooks import sender as sending
from server.webhooks import store
from server.webhooks.addresses import Allowed
from server.webhooks.sender import Sender
from tests.support.postgres import TestDatabase
from tests.support.published import AUTHORITY, PaperDisclosures, document, tombstone
from tests.support.web import PASSWORD, form_token, open_house

LOOPBACK = Allowed.parse("127.0.0.0/8")


@dataclass
class Receiver:
    """A receiver: what came, what happens before it answers, and with which status."""

    url: str = ""
    meanwhile: Callable[[], Awaitable[None]] | None = None
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        self.came.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        if self.meanwhile is not None:
            await self.meanwhile()
        status = self.answers.pop(0) if self.answers else 204
        return web.Response(status=status, headers={"Location": "/elsewhere"} if status == 307 else {})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
async def receiver(certificate: tuple[Path, Path]) -> AsyncIterator[Receiver]:
    made, app = Receiver(), web.Application()
    app.router.add_post("/{any:.*}", made.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    made.url = f"https://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


@pytest.fixture
async def pool(database: TestDatabase) -> AsyncIterator[asyncpg.Pool]:
    async with asyncpg.create_pool(database.dsn("liuhen_writer"), min_size=1, max_size=4) as made:
        yield made


def sender(pool: asyncpg.Pool, certificate: tuple[Path, Path], allowed: Allowed = LOOPBACK) -> Sender:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    return Sender(pool, allowed, base="https://public.example", context=context)


async def target(pool: asyncpg.Pool, url: str, *events: str) -> tuple[UUID, str]:
    async with pool.acquire() as connection:
        return await store.add_target(connection, AUTHORITY, url, "接收方", events or ("disclosure",), "bao", LOOPBACK)


async def sent(one: Sender) -> int:
    async with one.session() as session:
        return await one.send_due(session)


async def due_now(pool: asyncpg.Pool) -> None:
    """The pause before the next attempt is over."""
    await pool.execute("UPDATE webhook.messages SET due = now() WHERE state = 'waiting'")


@asynccontextmanager
async def published(database: TestDatabase, folder: Path) -> AsyncIterator[PaperDisclosures]:
    made = PaperDisclosures(folder)
    made.others(3)
    yield made
    made.mirror()
    await made.fill(database)


async def test_what_is_published_is_told_once_signed_and_without_the_party(
    database: TestDatabase, pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    made, secret = await target(pool, receiver.url)
    await target(pool, receiver.url.replace("hook", "other"), "compliance")
    async with published(database, tmp_path) as log:
        first = document()
        log.release(first)
        log.release(tombstone(first))
    one = sender(pool, certificate)
    assert await one.queue_disclosures() == 2
    assert await one.queue_disclosures() == 0, "queued twice"
    assert await sent(one) == 2
    assert await sent(one) == 0, "sent twice"
    assert len(receiver.came) == 2
    told = {}
    for headers, body in receiver.came:
        event = Webhook(secret).verify(body, headers)
        assert event["id"] == headers["webhook-id"]
        assert headers["content-type"].startswith("application/cloudevents+json")
        told[event["type"]] = event["data"]
        assert first.value("CF_XDR_MC") not in body.decode()
    assert set(told) == {"liuhen.disclosure.published", "liuhen.disclosure.withdrawn"}
    assert told["liuhen.disclosure.withdrawn"]["url"] == f"https://public.example/disclosures/{first.record}"
    assert [one.state for one in await store.messages(pool, AUTHORITY, made)] == ["delivered", "delivered"]


async def test_a_target_hears_only_what_happens_after_it_was_made_and_what_it_asked_for(
    database: TestDatabase, pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path], tmp_path: Path
) -> None:
    async with published(database, tmp_path) as log:
        log.release(document())
    await target(pool, receiver.url, "disclosure.withdrawn")
    one = sender(pool, certificate)
    assert await one.queue_disclosures() == 0
    assert await store.enqueue(pool, AUTHORITY, "compliance.signal", "s-1", {}) == 0
    assert await store.enqueue(pool, "999999", "disclosure.withdrawn", "x", {}) == 0
    for _ in range(2):
        assert await store.enqueue(pool, AUTHORITY, "disclosure.withdrawn", "x", {"n": 1}) == 1
    assert await sent(one) == 1


async def test_a_failure_is_tried_again_under_the_same_id_with_growing_pauses_and_then_given_up(
    pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    made, _ = await target(pool, receiver.url, "compliance")
    await store.enqueue(pool, AUTHORITY, "compliance.signal", "s-1", {"signal": "SIG-01"})
    one = sender(pool, certificate)
    receiver.answers = [500, 307, 404] + [503] * 20
    pauses = []
    for number in range(len(sending.PAUSES) + 1):
        assert await sent(one) == 1, number
        (message,) = await store.messages(pool, AUTHORITY, made)
        pauses.append((message.due - datetime.datetime.now(datetime.UTC)).total_seconds())
        assert await sent(one) == 0, "sent again without a pause"
        await due_now(pool)
    assert message.state == "dead"
    assert (message.status, message.error) == (503, "refused")
    assert await sent(one) == 0
    assert pauses[:-1] == sorted(pauses[:-1])
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1, (
        "a redirect was followed, or a new id given"
    )
    assert len(receiver.came) == len(sending.PAUSES) + 1
    assert [one.dead for one in await store.targets(pool, AUTHORITY)] == [1]
    receiver.answers = []
    assert await store.send_again(pool, "999999", target=made) == 0, "another authority's administrator"
    assert await store.send_again(pool, AUTHORITY, target=made) == 1
    assert await sent(one) == 1
    assert [one.state for one in await store.messages(pool, AUTHORITY, made)] == ["delivered"]


async def test_a_receiver_that_answers_gone_gets_nothing_more(
    pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    await target(pool, receiver.url, "compliance")
    await store.enqueue(pool, AUTHORITY, "compliance.signal", "1", {})
    receiver.answers = [410]
    one = sender(pool, certificate)
    assert await sent(one) == 1
    assert await store.targets(pool, AUTHORITY) == ()
    assert await store.enqueue(pool, AUTHORITY, "compliance.signal", "2", {}) == 0


async def test_a_paused_target_keeps_what_came_until_it_goes_on(
    pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    made, _ = await target(pool, receiver.url, "compliance")
    await store.set_state(pool, AUTHORITY, made, "paused")
    await store.enqueue(pool, AUTHORITY, "compliance.signal", "1", {})
    one = sender(pool, certificate)
    assert await sent(one) == 0
    await store.set_state(pool, AUTHORITY, made, "active")
    assert await sent(one) == 1
    with pytest.raises(Problem, match="not_found"):
        await store.set_state(pool, "999999", made, "gone")


async def test_nothing_is_sent_inside_or_to_a_receiver_without_a_valid_certificate(
    pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    made, _ = await target(pool, receiver.url, "compliance")
    named = receiver.url.replace("127.0.0.1", "localhost.example")
    await pool.execute(
        "INSERT INTO webhook.targets SELECT $1, authority, $2, label, events, secret, state, now(), made_by"
        " FROM webhook.targets",
        uuid4(), named,
    )  # fmt: skip
    await store.enqueue(pool, AUTHORITY, "compliance.signal", "1", {})

    async def rebound(*_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("127.0.0.1", int(receiver.url.split(":")[2].split("/")[0])))]

    public = sender(pool, certificate, Allowed())
    loop = asyncio.get_running_loop()
    real, loop.getaddrinfo = loop.getaddrinfo, rebound  # type: ignore[method-assign]
    try:
        assert await sent(public) == 2
    finally:
        loop.getaddrinfo = real  # type: ignore[method-assign]
    assert receiver.came == [], "a name that leads inside was followed"
    errors = {row["error"] for row in await pool.fetch("SELECT error FROM webhook.messages")}
    assert errors == {"the address may not be reached", "no connection, or no address that may be reached"}
    await due_now(pool)
    await pool.execute("DELETE FROM webhook.targets WHERE url = $1", named)
    stranger = Sender(pool, LOOPBACK)
    assert await sent(stranger) == 1
    assert receiver.came == []
    (message,) = await store.messages(pool, AUTHORITY, made)
    assert message.error == "the certificate is not valid"
    await due_now(pool)
    assert await sent(sender(pool, certificate)) == 1, "the control: allowed and trusted, it arrives"
    assert len(receiver.came) == 1


async def test_two_processes_send_a_message_once(
    pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    await target(pool, receiver.url, "compliance")
    for number in range(12):
        await store.enqueue(pool, AUTHORITY, "compliance.signal", str(number), {})
    one, two = sender(pool, certificate), sender(pool, certificate)
    async with one.session() as first, two.session() as second:
        while sum(await asyncio.gather(one.send_due(first), two.send_due(second))):
            pass
    ids = [headers["webhook-id"] for headers, _ in receiver.came]
    assert len(ids) == len(set(ids)) == 12


async def test_a_database_that_fails_while_a_delivery_is_noted_does_not_end_the_sender(
    database: TestDatabase, pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(sending, "LOOK_SECONDS", 0.01)
    made, _ = await target(pool, receiver.url, "compliance")
    owner, again = await database.connect(), asyncio.Event()

    async def away() -> None:
        if len(receiver.came) == 1:
            await owner.execute("ALTER TABLE webhook.messages RENAME TO elsewhere")
        else:
            again.set()

    receiver.meanwhile = away
    await store.enqueue(pool, AUTHORITY, "compliance.signal", "1", {})
    going = asyncio.create_task(sender(pool, certificate).forever())
    try:
        async with asyncio.timeout(20):
            with capture_logs() as said:
                while not receiver.came or not any(one["event"] == "webhooks_failed" for one in said):
                    assert not going.done(), "the sender ended"
                    await asyncio.wait([going], timeout=0.05)
            await owner.execute("ALTER TABLE webhook.elsewhere RENAME TO messages")
            await owner.execute("UPDATE webhook.messages SET due = now()")
            await again.wait()
            while [one.state for one in await store.messages(pool, AUTHORITY, made)] != ["delivered"]:
                await asyncio.wait([going], timeout=0.05)
    finally:
        going.cancel()
        await asyncio.gather(going, return_exceptions=True)
        await owner.close()
    assert len({headers["webhook-id"] for headers, _ in receiver.came}) == 1


@pytest.mark.parametrize(
    ("url", "events", "label"),
    [
        ("http://example.org/", ["disclosure"], "x"), ("https://127.0.0.1/", ["disclosure"], "x"),
        ("https://example.org/", [], "x"),
        ("https://example.org/", ["secrets"], "x"), ("https://example.org/", ["disclosure"], ""),
        ("https://example.org/", ["disclosure.*"], "x"),
    ],
)  # fmt: skip
async def test_a_target_that_could_not_work_is_refused(
    pool: asyncpg.Pool, url: str, events: list[str], label: str
) -> None:
    async with pool.acquire() as connection:
        with pytest.raises(Problem) as caught:
            await store.add_target(connection, AUTHORITY, url, label, events, "bao", Allowed())
    assert caught.value.code == "bad_request"
    assert caught.value.reason
    assert json.dumps(caught.value.body("en"))


async def test_only_the_writers_role_reads_secrets(database: TestDatabase) -> None:
    for role in ("liuhen_console", "liuhen_public", "liuhen_projector", "liuhen_auditor"):
        connection = await database.connect(role)
        try:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.fetch("SELECT secret FROM webhook.targets")
        finally:
            await connection.close()


# -- the administrator's pages --


async def test_an_administrator_makes_a_target_tests_it_and_sends_again_what_was_given_up(
    database: TestDatabase, short_folder: Path, pool: asyncpg.Pool
) -> None:
    async with open_house(database, short_folder, log=True) as house:
        async with house.browser("lin") as inspector, inspector.get("/webhooks") as answer:
            assert answer.status == 403
        async with house.browser("bao") as browser:
            async with browser.get("/webhooks?lang=en") as answer:
                assert answer.status == 200
                token = form_token(await answer.text())
            form = {"form_token": token, "label": "Portal", "url": "https://127.0.0.1/x", "event-disclosure": "1"}
            async with browser.post("/webhooks", data={**form, PROOF_FIELD: PASSWORD}) as answer:
                assert (answer.status, "public address" in await answer.text()) == (400, True)
            form["url"] = "https://portal.example/hook"
            async with browser.post("/webhooks", data={**form, PROOF_FIELD: PASSWORD}) as answer:
                page = await answer.text()
                assert (answer.status, "whsec_" in page) == (200, True)
            async with browser.get("/webhooks") as answer:
                assert "whsec_" not in await answer.text(), "the secret is shown once"
            (made,) = await store.targets(pool, AUTHORITY)
            assert (made.url, made.events, made.made_by) == (form["url"], ("disclosure",), "bao")
            for action, states in (("test", ["waiting"]), ("pause", ["waiting"]), ("resume", ["waiting"])):
                async with browser.post(f"/webhooks/{made.id}", data={"form_token": token, "action": action}) as answer:
                    assert answer.status == 200, await answer.text()
                assert [one.state for one in await store.messages(pool, AUTHORITY, made.id)] == states
            await pool.execute("UPDATE webhook.messages SET state = 'dead', error = 'no answer in time'")
            async with browser.get(f"/webhooks/{made.id}?lang=en") as answer:
                assert "no answer in time" in await answer.text()
            async with browser.post(f"/webhooks/{made.id}", data={"form_token": token, "action": "again"}) as answer:
                assert answer.status == 200
            assert [one.state for one in await store.messages(pool, AUTHORITY, made.id)] == ["waiting"]
            async with browser.post(f"/webhooks/{made.id}", data={"form_token": token, "action": "remove"}) as answer:
                assert answer.status == 200
            assert await store.targets(pool, AUTHORITY) == ()


async def test_a_signal_that_comes_to_stand_is_told_once_and_names_nobody(
    database: TestDatabase, pool: asyncpg.Pool, receiver: Receiver, certificate: tuple[Path, Path]
) -> None:
    admin = await database.connect()
    alert = (
        "INSERT INTO view.alerts (authority, what, kind, key, rule, about, instant, officers, noticed)"
        " VALUES ($1, $2, 'day', 'officer-0017/2026-11-20', 'SIG-13', $3, 1763600000000, '{officer-0017}', now() + $4)"
    )
    try:
        await admin.execute(alert, AUTHORITY, "signal", "before", datetime.timedelta(minutes=-1))
        made, _ = await target(pool, receiver.url, "compliance")
        await target(pool, receiver.url, "disclosure")
        await admin.execute(alert, AUTHORITY, "signal", "after", datetime.timedelta())
        await admin.execute(alert, AUTHORITY, "due", "after", datetime.timedelta())
        await admin.execute(alert, "210521", "signal", "elsewhere", datetime.timedelta())
    finally:
        await admin.close()
    made_by = sender(pool, certificate)
    assert [await made_by.queue_signals() for _ in range(2)] == [1, 0]
    async with made_by.session() as session:
        await made_by.send_due(session)
    ((_, body),) = receiver.came
    told = json.loads(body)
    assert told["type"] == "liuhen.compliance.signal"
    assert told["data"]["rule"] == "SIG-13"
    assert told["data"]["address"] == f"/signals/{told['data']['signal']}"
    assert b"officer-0017" not in body
    assert all("officer" not in one.key for one in await store.messages(pool, AUTHORITY, made))
