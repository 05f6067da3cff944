"""Files from terminals: uploaded in pieces over cut connections, kept by digest, refused with a reason.

Officer Lin's terminal T-1 declares photos and brings them; what it may not bring is told why, and what it has brought
already stays.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import time
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest

from schemas import entries
from schemas.entries import OfficeEntry
from server.evidence.uploads import MAX_OPEN
from tests.support.log import AUTHORITY, PaperTerminal
from tests.support.server import Bureau, Door, bureau, door, enrolled, until
from tests.support.tus import PATH, STREAM, Tus, announced, blob_rows, check_blobs, checksum, declare, metadata, picture

MIB = 1024 * 1024
FULL = os.environ.get("LIUHEN_FULL") == "1"


@pytest.fixture
async def t1(city: Bureau, at: Door) -> PaperTerminal:
    return await enrolled(city, at)


@pytest.fixture
async def tus(at: Door, t1: PaperTerminal) -> Tus:
    return Tus(at, t1)


async def arrivals(place: Bureau, digest: bytes) -> list[dict[str, Any]]:
    """The entries of the log that say that a blob has come."""
    connection = await place.connect()
    try:
        rows = await connection.fetch("SELECT entry FROM log.entries ORDER BY log_id, position")
    finally:
        await connection.close()
    found = []
    for row in rows:
        entry = entries.decode(bytes(row["entry"]))
        if isinstance(entry, OfficeEntry) and entry.y == "blob.received.v1" and entry.b["sha256"] == digest:
            found.append({**entry.b, "about": entry.a, "who": entry.w})
    return found


# -- what works ------------------------------------------------------------------------------------------------------


async def test_a_declared_photo_is_missing_until_its_last_byte_came_and_its_arrival_is_an_event(
    city: Bureau, tus: Tus
) -> None:
    photo = picture(300_000)
    digest = sha256(photo).digest()
    receipt = (await tus.at.post(declare(tus.terminal, photo))).receipt
    assert receipt.missing == [digest]
    made = await tus.create(photo)
    assert (made.status, made.headers["Upload-Offset"]) == (201, "0")
    assert made.headers["Upload-Expires"].endswith("GMT")
    where = made.headers["Location"]
    assert (await tus.patch(where, 0, photo[:100_000])).headers["Upload-Offset"] == "100000"
    assert await tus.missing() == {digest}
    last = await tus.patch(where, 100_000, photo[100_000:])
    assert (last.status, last.headers["Upload-Offset"]) == (204, "300000")
    assert await tus.missing() == set()
    assert (await tus.at.post(declare(tus.terminal))).receipt.missing == []
    [event] = await arrivals(city, digest)
    assert (event["size"], event["media_type"], event["terminal"]) == (300_000, "image/jpeg", tus.terminal.id)
    assert len(event["events"]) == 1
    assert event["who"].service == "evidence"
    assert {"task:019b77b0-0000-7000-8000-000000000001", f"evidence:{digest.hex()}"} <= set(event["about"])
    assert (await city.verify()).clean


async def test_a_creation_may_bring_all_bytes_or_some(tus: Tus) -> None:
    photo = picture(50_000)
    made = await tus.create(photo, photo)
    assert (made.status, made.headers["Upload-Offset"]) == (201, "50000")
    other = picture(50_000)
    made = await tus.create(other, other[:20_000])
    assert (made.status, made.headers["Upload-Offset"]) == (201, "20000")
    assert (await tus.patch(made.headers["Location"], 20_000, other[20_000:])).status == 204


async def test_two_events_cite_one_blob_and_a_digest_that_is_held_completes_at_once(city: Bureau, tus: Tus) -> None:
    photo = picture(40_000)
    digest = sha256(photo).digest()
    assert (await tus.at.post(declare(tus.terminal, photo))).status == 200
    assert (await tus.upload(photo)).status == 204
    other = Tus(tus.at, await enrolled(city, tus.at, "210521"))
    receipt = (await other.at.post(declare(other.terminal, photo, about=["case:C-2"]))).receipt
    assert receipt.missing == [digest]
    made = await other.create(photo)
    assert (made.status, made.headers["Upload-Offset"]) == (201, "40000")
    assert await other.missing() == set()
    events = await arrivals(city, digest)
    assert len(events) == 2
    assert "case:C-2" in events[1]["about"]


async def test_a_blob_that_comes_before_its_event_is_found_by_it(tus: Tus) -> None:
    photo = picture(10_000)
    assert (await tus.upload(photo)).status == 204
    assert (await tus.at.post(declare(tus.terminal, photo))).status == 200
    async with asyncio.timeout(20):
        while await tus.missing():  # noqa: ASYNC110 - another process looks every few seconds
            await asyncio.sleep(0.1)


async def test_what_came_before_a_cut_counts_and_a_new_request_goes_on_behind_it(tus: Tus) -> None:
    photo = picture(3 * MIB)
    where = (await tus.create(photo)).headers["Location"]
    headers = {"Upload-Offset": "0", "Content-Length": str(len(photo)), "Content-Type": STREAM}
    signed = tus.sign("PATCH", where, headers, ("Upload-Offset", "Content-Length"))
    parts = urlsplit(tus.at.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
    writer.write(f"PATCH {where} HTTP/1.1\r\nHost: {parts.netloc}\r\n{head}\r\n".encode() + photo[: 2 * MIB])
    await writer.drain()
    try:
        # The old connection is still open and says nothing more; nobody waits for it.
        async with asyncio.timeout(10):
            while not (offset := await tus.offset(where)):  # noqa: ASYNC110 - the bytes are on their way
                await asyncio.sleep(0.01)
        assert 0 < offset <= 2 * MIB
        assert (await tus.patch(where, offset, photo[offset:])).status == 204
    finally:
        writer.close()


async def test_a_server_that_is_told_to_stop_does_not_wait_for_a_body_that_trickles(city: Bureau) -> None:
    server = await city.started()
    photo = picture(MIB)
    async with door(server) as at:
        tus = Tus(at, await enrolled(city, at))
        where = (await tus.create(photo)).headers["Location"]
        headers = {"Upload-Offset": "0", "Content-Length": str(len(photo)), "Content-Type": STREAM}
        signed = tus.sign("PATCH", where, headers, ("Upload-Offset", "Content-Length"))
        parts = urlsplit(at.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        head = "".join(f"{name}: {value}\r\n" for name, value in signed.items())
        writer.write(f"PATCH {where} HTTP/1.1\r\nHost: {parts.netloc}\r\n{head}\r\n".encode() + photo[:1_000])
        await writer.drain()
        staged = city.data / "evidence" / "uploads" / f"{where.rpartition('/')[2].replace('-', '')}.part"
        await until(staged.exists)
        server.process.terminate()
        assert await server.ended(15) == 0
        assert b" 503 " in (await reader.read(100))
        writer.close()
        assert staged.stat().st_size == 1_000, "what came counts"


async def test_a_finished_upload_says_so_to_a_terminal_that_lost_the_answer(tus: Tus) -> None:
    photo = picture(10_000)
    made = await tus.create(photo, photo)
    assert await tus.offset(made.headers["Location"]) == 10_000
    again = await tus.patch(made.headers["Location"], 0, photo)
    assert (again.status, again.code, again.headers["Upload-Offset"]) == (409, "offset_mismatch", "10000")


async def test_an_upload_whose_beginning_was_not_answered_goes_on_where_it_stands_when_it_is_begun_again(
    city: Bureau, tus: Tus
) -> None:
    photo = picture(30_000)
    made = await tus.create(photo, photo[:10_000])
    again = await tus.create(photo)
    assert (again.status, again.headers["Upload-Offset"]) == (201, "10000")
    assert again.headers["Location"] == made.headers["Location"]
    with_bytes = await tus.create(photo, photo[:20_000])
    assert (with_bytes.status, with_bytes.headers["Upload-Offset"]) == (201, "10000"), "they are here already"
    other = Tus(tus.at, await enrolled(city, tus.at))
    theirs = (await other.create(photo, photo[:5_000])).headers["Location"]
    assert theirs != made.headers["Location"]
    assert (await tus.patch(made.headers["Location"], 10_000, photo[10_000:])).status == 204
    assert await other.offset(theirs) == 30_000, "what another terminal brought is here for everybody"


async def test_everybody_may_ask_what_the_server_can_do(at: Door) -> None:
    async with at.session.options(at.url + PATH) as response:
        assert response.status == 204
        assert response.headers["Tus-Resumable"] == response.headers["Tus-Version"] == "1.0.0"
        assert set(response.headers["Tus-Extension"].split(",")) == {
            "creation", "creation-with-upload", "checksum", "expiration", "termination",
        }  # fmt: skip
        assert "sha1" in response.headers["Tus-Checksum-Algorithm"].split(",")
        assert int(response.headers["Tus-Max-Size"]) == 4096 * MIB


# -- what is refused ---------------------------------------------------------------------------------------------------


async def test_a_wrong_offset_is_told_the_true_one_and_nothing_is_lost(tus: Tus) -> None:
    photo = picture(30_000)
    where = (await tus.create(photo, photo[:10_000])).headers["Location"]
    for offset in (0, 9_999, 10_001, 30_000):
        answer = await tus.patch(where, offset, photo[offset:])
        assert (answer.status, answer.code) == (409, "offset_mismatch")
        assert (answer.problem["offset"], answer.headers["Upload-Offset"]) == (10_000, "10000")
    assert (await tus.patch(where, 10_000, photo[10_000:])).status == 204


async def test_a_file_of_another_digest_is_refused_and_leaves_nothing(city: Bureau, tus: Tus) -> None:
    photo, other = picture(30_000), picture(30_000)
    where = (await tus.create(photo)).headers["Location"]
    answer = await tus.patch(where, 0, other)
    assert (answer.status, answer.code, answer.problem["retry"]) == (460, "digest_mismatch", "after_fix")
    assert (await tus.patch(where, 0, photo)).status == 404
    rows = await blob_rows(city)
    assert sha256(photo).digest() not in rows
    assert sha256(other).digest() not in rows
    assert (await tus.upload(photo)).status == 204


async def test_a_request_of_another_checksum_is_taken_back_and_can_be_repeated(tus: Tus) -> None:
    photo = picture(30_000)
    where = (await tus.create(photo, photo[:10_000])).headers["Location"]
    broken = photo[10_000:19_999] + bytes([photo[19_999] ^ 1])
    answer = await tus.patch(where, 10_000, broken, Upload_Checksum=checksum(photo[10_000:20_000]))
    assert (answer.status, answer.code) == (460, "digest_mismatch")
    assert await tus.offset(where) == 10_000
    good = photo[10_000:20_000]
    assert (await tus.patch(where, 10_000, good, Upload_Checksum=checksum(good))).status == 204
    answer = await tus.patch(where, 20_000, photo[20_000:], Upload_Checksum="crc32 AAAA")
    assert (answer.status, answer.code) == (400, "bad_upload")
    assert (await tus.patch(where, 20_000, photo[20_000:])).status == 204


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"MZ\x90\x00" + bytes(5_000), "application/vnd.microsoft.portable-executable"),
        (b"\x7fELF" + bytes(5_000), "application/x-executable"),
        (b"#!/bin/sh\nrm -rf /\n", "text/x-shellscript"),
        (b"<!DOCTYPE html><script>1</script>", "text/html"),
        (b"\x89PNG\r\n\x1a\n" + bytes(5_000), "image/png"),
    ],
)
async def test_a_program_that_is_called_a_picture_is_refused_with_what_it_is(
    city: Bureau, tus: Tus, data: bytes, found: str
) -> None:
    data += secrets.token_bytes(8)
    answer = await tus.upload(data, announced(data, filename="photo.jpg"))
    assert (answer.status, answer.code, answer.problem["found"]) == (415, "type_mismatch", found)
    assert answer.problem["expected"] == "image/jpeg"
    assert sha256(data).digest() not in await blob_rows(city)
    honest = await tus.upload(data, metadata(sha256=sha256(data).hexdigest(), type=found))
    assert honest.status == 204, "what says what it is, is evidence like any other"


BAD_CREATIONS: dict[str, tuple[dict[str, Any], int, str]] = {
    "no bytes": ({"length": 0}, 400, "bad_upload"),
    "a length that is no number": ({"Upload_Length": "many"}, 400, "bad_upload"),
    "a negative length": ({"Upload_Length": "-1"}, 400, "bad_upload"),
    "a length to come later": ({"Upload_Defer_Length": "1"}, 400, "bad_upload"),
    "more than the largest file": ({"length": 4096 * MIB + 1}, 413, "too_large"),
    "a name with a path": ({"name": "../../etc/passwd"}, 400, "bad_upload"),
    "a name with a path of Windows": ({"name": "C:\\photo.jpg"}, 400, "bad_upload"),
    "a name that is a folder": ({"name": ".."}, 400, "bad_upload"),
    "a name with a NUL": ({"name": "a\0.jpg"}, 400, "bad_upload"),
    "no metadata": ({"meta": ""}, 400, "bad_upload"),
    "metadata that is not base64": ({"meta": "sha256 ***"}, 400, "bad_upload"),
    "no digest": ({"meta": metadata(type="image/jpeg")}, 400, "bad_upload"),
    "no type": ({"meta": metadata(sha256="ab" * 32)}, 400, "bad_upload"),
    "a type that is none": ({"meta": metadata(sha256="ab" * 32, type="picture")}, 400, "bad_upload"),
    "another version of tus": ({"Tus_Resumable": "0.2.2"}, 412, "tus_version"),
}


@pytest.mark.parametrize(("change", "status", "code"), BAD_CREATIONS.values(), ids=BAD_CREATIONS)
async def test_a_creation_that_cannot_be_kept_is_refused_with_a_reason(
    tus: Tus, change: dict[str, Any], status: int, code: str
) -> None:
    photo = picture(1_000)
    options = dict(change)
    if "name" in options:
        options["meta"] = announced(photo, filename=options.pop("name"))
    answer = await tus.create(photo, **options)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["Tus-Resumable"] == "1.0.0"
    if code == "tus_version":
        assert answer.headers["Tus-Version"] == "1.0.0"


async def test_more_bytes_than_announced_are_refused_before_they_are_read(tus: Tus) -> None:
    photo = picture(10_000)
    where = (await tus.create(photo)).headers["Location"]
    answer = await tus.patch(where, 0, photo + b"x")
    assert (answer.status, answer.code, answer.problem["limit"]) == (413, "too_large", 10_000)
    assert (await tus.patch(where, 0, photo)).status == 204


async def test_only_unfinished_uploads_can_be_given_up(city: Bureau, tus: Tus) -> None:
    photo, other = picture(10_000), picture(10_000)
    where = (await tus.create(photo, photo[:5_000])).headers["Location"]
    assert (await tus.send("DELETE", where, {})).status == 204
    assert (await tus.send("HEAD", where, {})).status == 404
    where = (await tus.create(other, other)).headers["Location"]
    answer = await tus.send("DELETE", where, {})
    assert (answer.status, answer.code) == (403, "forbidden")
    assert sha256(other).digest() in await blob_rows(city)


async def test_nobody_gets_at_the_upload_of_another_terminal(city: Bureau, tus: Tus) -> None:
    photo = picture(10_000)
    where = (await tus.create(photo)).headers["Location"]
    other = Tus(tus.at, await enrolled(city, tus.at))
    for answer in (
        await other.send("HEAD", where, {}),
        await other.patch(where, 0, photo),
        await other.send("DELETE", where, {}),
    ):
        assert answer.status == 404


async def test_a_request_that_is_not_signed_for_what_it_says_is_refused(tus: Tus) -> None:
    photo = picture(10_000)
    where = (await tus.create(photo)).headers["Location"]
    headers = {"Upload-Offset": "0", "Content-Length": "10000", "Content-Type": STREAM}
    for covered in ((), ("Upload-Offset",), ("Content-Length",)):
        answer = await tus.send("PATCH", where, headers, photo, covered)
        assert (answer.status, answer.code) == (401, "bad_signature")
    signed = tus.sign("PATCH", where, headers, ("Upload-Offset", "Content-Length"))
    signed["Upload-Offset"] = "5"
    async with tus.at.session.patch(tus.at.url + where, headers=signed, data=photo) as response:
        assert response.status == 401
    async with tus.at.session.post(tus.at.url + PATH, headers={"Tus-Resumable": "1.0.0"}) as response:
        assert response.status == 401


async def test_a_revoked_terminal_brings_no_files(city: Bureau, tus: Tus) -> None:
    from ops.compose import DATABASE, Database, open_log
    from schemas.entries import Who
    from server.log.terminal_acts import TerminalActs

    photo = picture(10_000)
    where = (await tus.create(photo, photo[:5_000])).headers["Location"]
    database = Database(lambda role: city.cluster.dsn(role, DATABASE), embedded=True)
    async with open_log(city.settings(), database) as opened:
        who = Who(officer="officer-lin", session=bytes(32), via="console")
        await TerminalActs(opened.committer, opened.pool).revoke(AUTHORITY, tus.terminal.id, "遗失", who)
    for answer in (await tus.create(photo), await tus.patch(where, 5_000, photo[5_000:])):
        assert (answer.status, answer.code, answer.problem["retry"]) == (403, "revoked", "never")


# -- limits of the server ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def village() -> Iterator[Bureau]:
    """A bureau with small quotas."""
    limits = {"LIUHEN_TERMINAL_MIB_A_DAY": "3", "LIUHEN_AUTHORITY_MIB_A_DAY": "5", "LIUHEN_LARGEST_FILE_MIB": "4"}
    with bureau(environment=limits) as made:
        made.start()
        yield made


async def test_a_terminal_and_an_authority_have_a_quota_and_what_is_here_stays(village: Bureau) -> None:
    async with door(village.servers[0]) as at:
        one, two = [Tus(at, await enrolled(village, at)) for _ in range(2)]
        first, second = picture(2 * MIB), picture(2 * MIB)
        assert (await one.upload(first)).status == 204
        answer = await one.create(second)
        assert (answer.status, answer.code, answer.problem["limit"]) == (429, "quota_exceeded", 3 * MIB)
        assert int(answer.headers["Retry-After"]) > 0
        assert (await two.upload(second)).status == 204
        answer = await two.create(picture(MIB + 1))
        assert (answer.status, answer.problem["limit"]) == (429, 5 * MIB) or answer.problem["limit"] == 3 * MIB
        answer = await two.create(picture(4 * MIB + 1))
        assert (answer.status, answer.code, answer.problem["limit"]) == (413, "too_large", 4 * MIB)
        assert (await one.create(first)).headers["Upload-Offset"] == str(2 * MIB), "what is held costs nothing"
        assert await check_blobs(village) == 2


async def test_uploads_are_refused_before_the_disk_is_full_and_reading_goes_on(village: Bureau) -> None:
    low = await village.started(environment={"LIUHEN_RESERVE_MIB": "900000000"})
    async with door(low) as at:
        tus = Tus(at, await enrolled(village, at))
        answer = await tus.create(picture(1_000))
        assert (answer.status, answer.code, answer.problem["retry"]) == (507, "storage_low", "later")
        assert int(answer.headers["Retry-After"]) > 0
        assert (await at.head(tus.terminal)).status == 200
        assert (await at.post(declare(tus.terminal, picture(1_000)))).status == 200


# -- what is left over ------------------------------------------------------------------------------------------------


async def test_expired_uploads_and_files_that_no_row_knows_are_swept_and_nothing_else(village: Bureau) -> None:
    async with door(village.servers[0]) as at:
        tus = Tus(at, await enrolled(village, at, AUTHORITY))
        photo, other = picture(10_000), picture(10_000)
        expired, going = [(await tus.create(one, one[:5_000])).headers["Location"] for one in (other, photo)]
    uploads = village.data / "evidence" / "uploads"
    stray = uploads / f"{secrets.token_hex(16)}.part"
    stray.write_bytes(b"x")
    two_hours_ago = time.time() - 7_200
    for path in uploads.iterdir():
        os.utime(path, (two_hours_ago, two_hours_ago))
    young = uploads / f"{secrets.token_hex(16)}.part"
    young.write_bytes(b"x")
    connection = await village.connect()
    try:
        await connection.execute(
            "UPDATE evidence.uploads SET expires = now() - interval '1 s' WHERE upload = $1::uuid",
            expired.rpartition("/")[2],
        )
    finally:
        await connection.close()
    async with door(await village.started()) as at:
        tus.at = at
        assert (await tus.send("HEAD", expired, {})).status == 404
        assert await tus.offset(going) == 5_000
        assert not stray.exists()
        assert young.exists(), "its row may be under way"
        assert (await tus.patch(going, 5_000, photo[5_000:])).status == 204
    young.unlink()


async def test_a_terminal_has_only_so_many_unfinished_uploads(city: Bureau, tus: Tus) -> None:
    photos = [picture(1_000) for _ in range(MAX_OPEN + 1)]
    made = [await tus.create(photo) for photo in photos[:MAX_OPEN]]
    assert {answer.status for answer in made} == {201}
    answer = await tus.create(photos[MAX_OPEN])
    assert (answer.status, answer.code, answer.problem["limit"]) == (429, "quota_exceeded", MAX_OPEN)
    assert (await tus.create(photos[1])).headers["Location"] == made[1].headers["Location"], "it was begun before"
    assert (await tus.send("DELETE", made[0].headers["Location"], {})).status == 204
    assert (await tus.create(photos[MAX_OPEN])).status == 201


# -- memory ------------------------------------------------------------------------------------------------------------


async def test_four_large_files_at_once_cost_the_server_less_memory_than_one_of_them(
    record_testsuite_property: Any,
) -> None:
    with bureau() as place:
        server = place.start()
        async with door(server, seconds=120) as at:
            hands = [Tus(at, await enrolled(place, at)) for _ in range(4)]
            assert (await hands[0].upload(picture(MIB))).status == 204  # what is loaded once is loaded
            before = server.peak_kib()
            files = [picture(40 * MIB) for _ in hands]
            answers = await asyncio.gather(*(hand.upload(file) for hand, file in zip(hands, files, strict=True)))
            assert [answer.status for answer in answers] == [204] * 4
            grown = server.peak_kib() - before
            record_testsuite_property("server_memory_for_four_files_of_40_mib_kib", grown)
            assert grown < 40 * 1024, f"the server grew by {grown} KiB"
        assert await check_blobs(place) == 5
