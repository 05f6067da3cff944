"""Sends queued webhooks: signed, over https, to addresses that may be reached, again and again with growing pauses.

    take (lease)  ->  POST, signed anew  ->  2xx: delivered · 410: the target is gone · else: later, or dead

A crash between taking and noting sends the message once more after the lease, under the same webhook-id. Invariant:
redirects are not followed, answers are not kept, and no connection goes where `addresses` refuses.
"""

from __future__ import annotations

import asyncio
import random
import ssl
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import aiohttp
import asyncpg
import structlog

from domain.settling import signal_id
from server.web.i18n import N_
from server.webhooks import signing, store
from server.webhooks.addresses import AddressRefused, Allowed, PublicResolver, check_url

PAUSES: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between attempts, as Standard Webhooks proposes: the last try comes after three days."""
LEASE: Final = timedelta(seconds=120)
TIMEOUT: Final = aiohttp.ClientTimeout(total=20, connect=10)
AT_ONCE: Final = 8
LOOK_SECONDS: Final = 2.0
SWEEP_SECONDS: Final = 3_600.0
SIGNALS: Final = 200
"""Signals that are queued for a target in one look."""
REVISIONS: Final = 500
log = structlog.get_logger("liuhen.webhooks")


class Sender:
    """The sender of a process. Any number of processes share the queue: a message is leased by one at a time."""

    def __init__(
        self, pool: asyncpg.Pool, allowed: Allowed, *, base: str = "", context: ssl.SSLContext | None = None
    ) -> None:
        """`pool` is of the role liuhen_writer; `base` is where the public site stands; `context` whom to trust."""
        self._pool = pool
        self._allowed = allowed
        self._base = base
        self._context = context or ssl.create_default_context()

    async def forever(self) -> None:
        """Queue what was published and send what is due, until cancelled."""
        swept = time.monotonic()
        async with self.session() as session:
            while True:
                try:
                    await self.queue_disclosures()
                    await self.queue_signals()
                    sent = await self.send_due(session)
                    if time.monotonic() - swept > SWEEP_SECONDS:
                        await self._pool.execute(store.queries()["sweep"])
                        swept = time.monotonic()
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as fault:
                    log.warning("webhooks_failed", error=type(fault).__name__)
                    sent = 0
                if sent < AT_ONCE:
                    await asyncio.sleep(LOOK_SECONDS)

    def session(self) -> aiohttp.ClientSession:
        """A client that reaches public addresses and what was allowed, and nothing else."""
        connector = aiohttp.TCPConnector(
            resolver=PublicResolver(self._allowed), ssl=self._context, use_dns_cache=False, limit=AT_ONCE
        )
        return aiohttp.ClientSession(
            connector=connector, timeout=TIMEOUT, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def queue_disclosures(self) -> int:
        """Queue what was published, corrected or taken down since a target was told last; returns how much."""
        queued = 0
        for row in await self._pool.fetch(store.queries()["subscribed"]):
            target, authority = UUID(str(row["id"])), row["authority"]
            async with self._pool.acquire() as connection, connection.transaction():
                found = await connection.fetch(store.queries()["revisions"], target, authority, REVISIONS)
                heard = await connection.fetchval(store.queries()["events_of"], target) if found else ()
                for one in found:
                    kind = f"disclosure.{one['outcome']}"
                    if "disclosure" in heard or kind in heard:
                        key = f"{one['record']}/{one['revision']}"
                        await store.put(connection, target, authority, kind, key, self._told(authority, one))
                        queued += 1
                    await connection.execute(store.queries()["move_cursor"], target, one["epoch"], one["position"])
        return queued

    async def queue_signals(self) -> int:
        """Queue what sweepers noticed to stand since a target was told last; returns how much. Nobody is named."""
        queued = 0
        for row in await self._pool.fetch(store.queries()["watching"]):
            target, authority = UUID(str(row["id"])), row["authority"]
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(store.queries()["look"], authority)
                for one in await connection.fetch(store.queries()["signals"], target, authority, SIGNALS):
                    name = signal_id(one["rule"], one["kind"], one["key"], one["about"])
                    told = {"signal": name, "rule": one["rule"], "since": one["instant"], "address": f"/signals/{name}"}
                    await store.put(connection, target, authority, "compliance.signal", one["message"], told)
                    queued += 1
        return queued

    async def send_due(self, session: aiohttp.ClientSession) -> int:
        """Send what is due now; returns how many messages were tried.

        One that cannot be noted is sent again after its lease, and ends none of the others. Raises the first failure.
        """
        rows = await self._pool.fetch(store.queries()["due"], AT_ONCE, LEASE)
        for fault in await asyncio.gather(*(self._send(session, row) for row in rows), return_exceptions=True):
            if fault is not None:
                raise fault
        return len(rows)

    async def _send(self, session: aiohttp.ClientSession, row: Any) -> None:
        status, error = await self._post(session, row)
        if status is not None and 200 <= status < 300:
            await self._pool.execute(store.queries()["delivered"], row["id"], status)
            return
        if status == 410:
            # The receiver wants nothing more (Standard Webhooks): nothing else is sent there.
            await self._pool.execute(store.queries()["gone"], row["target"])
        attempts = row["attempts"]
        dead = status == 410 or attempts > len(PAUSES)
        pause = timedelta(seconds=0 if dead else PAUSES[attempts - 1] * random.uniform(1.0, 1.1))  # noqa: S311 - spreads load
        await self._pool.execute(
            store.queries()["failed"], row["id"], "dead" if dead else "waiting", pause, status, error
        )
        log.warning("webhook_failed", status=status, error=error, attempts=attempts, dead=dead)

    async def _post(self, session: aiohttp.ClientSession, row: Any) -> tuple[int | None, str]:
        """(status, why it failed): a class of failure, never what the receiver or the network said."""
        body, now = bytes(row["body"]), int(time.time())
        headers = signing.headers(bytes(row["secret"]), str(row["id"]), now, body)
        headers |= {"Content-Type": "application/cloudevents+json; charset=utf-8", "User-Agent": "liuhen-webhooks/1"}
        try:
            check_url(row["url"], self._allowed)
            async with session.post(row["url"], data=body, headers=headers, allow_redirects=False) as answer:
                return answer.status, "" if answer.status < 300 else N_("refused")
        except AddressRefused:
            return None, N_("the address may not be reached")
        except aiohttp.ClientConnectorCertificateError:
            return None, N_("the certificate is not valid")
        except aiohttp.ClientConnectorError:
            return None, N_("no connection, or no address that may be reached")
        except TimeoutError:
            return None, N_("no answer in time")
        except (aiohttp.ClientError, OSError, ValueError):
            return None, N_("the connection broke")

    def _told(self, authority: str, one: Any) -> Mapping[str, Any]:
        """What a message says of a revision: where to read it. The record itself is fetched, so it is never stale."""
        return {
            "record": str(one["record"]),
            "authority": authority,
            "subject": one["subject"],
            "outcome": one["outcome"],
            "revision": one["revision"],
            "on": one["day"].isoformat(),
            "url": f"{self._base}/disclosures/{one['record']}",
            "api": f"{self._base}/api/v1/disclosures/{one['record']}",
        }
