"""Limits at the terminals' door, each at its value and one beyond; bombs, malformed codings, broken HTTP.

Whatever comes, the answer is a problem that says what was expected, never a 500, and memory stays bounded.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
import secrets
import sys
import zlib
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest

from schemas import batch as batches
from schemas import canonical
from schemas.batch import MAX_BODY, MAX_INFLATED, MAX_SEALED, Private
from tests.support.log import PaperTerminal
from tests.support.server import MSGPACK, Answer, Bureau, Door, ServerProcess, audit, enrolled

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MIB = 1024 * 1024
GROWTH_KIB = 96 * 1024
"""What a server may grow by while it refuses a bomb: a few inflated bodies, not a thousandth of what was announced."""


@pytest.fixture
async def t1(city: Bureau, at: Door) -> PaperTerminal:
    return await enrolled(city, at)


def batch_of(terminal: PaperTerminal, size: int, fill: Callable[[int], bytes]) -> bytes:
    """A signed batch of exactly `size` bytes, made of envelopes that nobody can decode."""
    step = 60_000
    for count in range(size // step, size // step + 2):
        clone = terminal.clone()
        sent = [clone.raw(fill(step)) for _ in range(count - 1)]
        empty = clone.clone().batch([*sent, b""], first=terminal.seq + 1, declared=terminal.seq + count)
        rest = size - len(batches.encode(empty)) - 1  # a length of two bytes instead of one
        if 256 <= rest <= step:
            sent.append(clone.raw(fill(rest)))
            body = batches.encode(clone.batch(sent, first=terminal.seq + 1))
            assert len(body) == size
            return body
    raise AssertionError(f"no batch of {size} bytes")


def zeros(size: int) -> bytes:
    return bytes([0xC1]) * size


# -- sizes -----------------------------------------------------------------------------------------------------------


async def test_four_mebibytes_as_sent_are_taken_and_one_more_is_not(at: Door, t1: PaperTerminal) -> None:
    over = await at.post(batch_of(t1, MAX_BODY + 1, secrets.token_bytes))
    assert (over.status, over.code, over.problem["limit"]) == (413, "too_large", MAX_BODY)
    assert (await at.post(batch_of(t1, MAX_BODY, secrets.token_bytes))).status == 200


async def test_a_body_without_a_length_is_counted_as_it_comes(at: Door, t1: PaperTerminal) -> None:
    async def chunks(total: int) -> AsyncIterator[bytes]:
        for _ in range(total // 65_536):
            yield bytes(65_536)
        yield bytes(1)

    headers = {"Content-Type": MSGPACK, "Accept": MSGPACK}
    async with at.session.post(at.url + "/sync/v1/batches", data=chunks(MAX_BODY), headers=headers) as response:
        answer = Answer(response.status, await response.read(), dict(response.headers))
    assert (answer.status, answer.code, answer.problem["limit"]) == (413, "too_large", MAX_BODY)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
async def test_sixteen_mebibytes_inflated_are_taken_and_one_more_is_not(
    at: Door, t1: PaperTerminal, coding: str
) -> None:
    pack = (lambda data: gzip.compress(data, 1)) if coding == "gzip" else (lambda data: zstd.compress(data, 1))
    headers = {"Content-Encoding": coding}
    over = await at.post(pack(batch_of(t1, MAX_INFLATED + 1, zeros)), headers=headers)
    assert (over.status, over.code, over.problem["limit"]) == (413, "too_large", MAX_INFLATED)
    assert (await at.post(pack(batch_of(t1, MAX_INFLATED, zeros)), headers=headers)).status == 200


async def test_five_hundred_envelopes_are_taken_and_one_more_is_not(at: Door, t1: PaperTerminal) -> None:
    clone = t1.clone()
    over = await at.post(clone.batch([clone.raw(b"\xc1%d" % n) for n in range(501)]))
    assert (over.status, over.code, over.problem["limit"]) == (413, "too_large", 500)
    assert (await at.post(t1.batch([t1.raw(b"\xc1%d" % n) for n in range(500)]))).outcomes == ["recorded"] * 500


async def test_an_envelope_of_sixty_thousand_bytes_is_taken_and_one_more_is_not(at: Door, t1: PaperTerminal) -> None:
    clone = t1.clone()
    over = await at.post(clone.batch([clone.raw(b"\xc1"), clone.raw(bytes(60_001))]))
    assert (over.status, over.code, over.problem["limit"], over.problem["seq"]) == (413, "too_large", 60_000, 2)
    assert (await at.post(t1.batch([t1.raw(bytes(60_000))]))).outcomes == ["recorded"]


async def test_two_thousand_private_values_are_taken_and_one_more_is_not(at: Door, t1: PaperTerminal) -> None:
    def values(count: int) -> list[Private]:
        return [Private(b"c", n.to_bytes(32, "big")) for n in range(count)]

    over = await at.post(t1.batch([], private=values(2_001)))
    assert (over.status, over.code, over.problem["limit"]) == (413, "too_large", 2_000)
    assert (await at.post(t1.batch([t1.envelope()], private=values(2_000)))).status == 200


async def test_a_sealed_value_of_eight_kibibytes_is_taken_and_one_more_byte_is_not(at: Door, t1: PaperTerminal) -> None:
    over = await at.post(t1.batch([], private=[Private(bytes(MAX_SEALED + 1), bytes(32))]))
    assert (over.status, over.code, over.problem["limit"]) == (413, "too_large", MAX_SEALED)
    assert (await at.post(t1.batch([t1.envelope()], private=[Private(bytes(MAX_SEALED), bytes(32))]))).status == 200


async def test_a_terminal_may_declare_a_hundred_thousand_ahead_and_no_more(at: Door, t1: PaperTerminal) -> None:
    assert (await at.post(t1.batch([], declared=100_000))).status == 200
    over = await at.post(t1.batch([], declared=100_001))
    assert (over.status, over.code) == (400, "not_canonical")


async def test_an_enrolment_of_more_than_32_kibibytes_is_refused_with_its_limit(at: Door) -> None:
    answer = await at.post(bytes(32_769), path="/sync/v1/terminals")
    assert (answer.status, answer.code, answer.problem["limit"]) == (413, "too_large", 32_768)


# -- codings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["identity", "gzip", "GZIP", "zstd"])
async def test_a_batch_may_come_as_is_or_in_one_gzip_member_or_in_one_zstd_frame(
    at: Door, t1: PaperTerminal, coding: str
) -> None:
    body = batches.encode(t1.batch([t1.envelope()]))
    packed = {"identity": body, "gzip": gzip.compress(body), "zstd": zstd.compress(body)}[coding.lower()]
    assert (await at.post(packed, headers={"Content-Encoding": coding})).outcomes == ["recorded"]


def wide_frame() -> bytes:
    """A zstd frame that asks for a window of 128 MiB."""
    options = {zstd.CompressionParameter.window_log: 27, zstd.CompressionParameter.content_size_flag: 0}
    machine = zstd.ZstdCompressor(options=options)
    return machine.compress(bytes(1_000)) + machine.flush()


BAD_CODINGS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "brotli": ("br", lambda body: body),
    "deflate": ("deflate", zlib.compress),
    "two codings": ("gzip, zstd", lambda body: zstd.compress(gzip.compress(body))),
    "gzip that is none": ("gzip", lambda body: body),
    "gzip of two members": ("gzip", lambda body: gzip.compress(body[:50]) + gzip.compress(body[50:])),
    "gzip with garbage behind it": ("gzip", lambda body: gzip.compress(body) + b"x"),
    "gzip cut short": ("gzip", lambda body: gzip.compress(body)[:-9]),
    "gzip without its checksum": ("gzip", lambda body: gzip.compress(body)[:-8]),
    "gzip with another checksum": ("gzip", lambda body: gzip.compress(body)[:-8] + bytes(8)),
    "an empty gzip": ("gzip", lambda body: b""),
    "zstd that is none": ("zstd", lambda body: body),
    "zstd of two frames": ("zstd", lambda body: zstd.compress(body[:50]) + zstd.compress(body[50:])),
    "zstd with garbage behind it": ("zstd", lambda body: zstd.compress(body) + b"x"),
    "zstd with a frame to skip behind it": (
        "zstd",
        lambda body: zstd.compress(body) + b"\x50\x2a\x4d\x18\x01\x00\x00\x00x",
    ),
    "zstd cut short": ("zstd", lambda body: zstd.compress(body)[:-2]),
    "zstd with a window of 128 MiB": ("zstd", lambda body: wide_frame()),
    "an empty zstd": ("zstd", lambda body: b""),
}


@pytest.mark.parametrize(("coding", "pack"), BAD_CODINGS.values(), ids=BAD_CODINGS)
async def test_another_coding_or_a_damaged_one_is_refused(
    at: Door, t1: PaperTerminal, coding: str, pack: Callable[[bytes], bytes]
) -> None:
    answer = await at.post(pack(batches.encode(t1.batch([t1.envelope()]))), headers={"Content-Encoding": coding})
    assert (answer.status, answer.code, answer.problem["retry"]) == (400, "bad_encoding", "after_fix")


def zstd_bomb() -> bytes:
    machine = zstd.ZstdCompressor(level=1)
    return b"".join([*(machine.compress(bytes(MIB)) for _ in range(1_024)), machine.flush()])


def gzip_bomb() -> bytes:
    machine = zlib.compressobj(1, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    return b"".join([*(machine.compress(bytes(MIB)) for _ in range(256)), machine.flush()])


async def test_a_bomb_is_refused_before_it_unfolds(at: Door, city_server: ServerProcess) -> None:
    bombs = {"zstd": zstd_bomb(), "gzip": gzip_bomb()}
    assert len(bombs["zstd"]) < 100_000
    before = city_server.peak_kib()
    for coding, body in bombs.items():
        answers = await asyncio.gather(*(at.post(body, headers={"Content-Encoding": coding}) for _ in range(4)))
        assert {(a.status, a.code, a.problem["limit"]) for a in answers} == {(413, "too_large", MAX_INFLATED)}
    assert city_server.peak_kib() - before < GROWTH_KIB


# -- what is inside --------------------------------------------------------------------------------------------------

GOOD = {"declared": 1, "envelopes": [b"x"], "first": 1, "sig": bytes(64), "suite": 1, "terminal": bytes(16), "v": 1}
RAW = canonical.encode(GOOD)
INSIDE: dict[str, bytes] = {
    "nothing": b"",
    "text": b"hello",
    "5,000 levels of arrays": b"\x91" * 5_000 + b"\x01",
    "5,000 levels of maps": b"\x81\xa1a" * 5_000 + b"\x01",
    "a million levels": b"\x91" * 1_000_000 + b"\x01",
    "17 levels inside a batch": RAW.replace(b"\xa1v\x01", b"\xa1v" + b"\x91" * 17 + b"\x01"),
    "a key twice": b"\x88" + RAW[1:] + b"\xa1v\x01",
    "keys unsorted": b"\x87\xa1v\x01" + RAW[1:-3],
    "a float": RAW.replace(b"\xa5first\x01", b"\xa5first\xca\x3f\x80\x00\x00"),
    "not a number": RAW.replace(b"\xa5first\x01", b"\xa5first\xca\x7f\xc0\x00\x00"),
    "nil": RAW.replace(b"\xa5first\x01", b"\xa5first\xc0"),
    "an extension": RAW.replace(b"\xa5first\x01", b"\xa5first\xd4\x01\x00"),
    "a timestamp": RAW.replace(b"\xa5first\x01", b"\xa5first\xd6\xff\x00\x00\x00\x00"),
    "an integer longer than needed": RAW.replace(b"\xa5first\x01", b"\xa5first\xcc\x01"),
    "a signed form of a positive integer": RAW.replace(b"\xa5first\x01", b"\xa5first\xd0\x01"),
    "a string longer than needed": RAW.replace(b"\xa5first", b"\xd9\x05first"),
    "a binary longer than needed": RAW.replace(b"\xc4\x01x", b"\xc5\x00\x01x"),
    "an array longer than needed": RAW.replace(b"\x91\xc4\x01x", b"\xdc\x00\x01\xc4\x01x"),
    "a map longer than needed": b"\xde\x00\x07" + RAW[1:],
    "a string that is not UTF-8": RAW.replace(b"\xa5first", b"\xa5f\xffrst"),
    "a key that is a number": b"\x88\x01\x01" + RAW[1:],
    "a byte behind it": RAW + b"\x00",
    "a byte less": RAW[:-1],
    "an array said to hold 4 billion": b"\xdd\xff\xff\xff\xff" + bytes(100),
    "a map said to hold 4 billion": b"\xdf\xff\xff\xff\xff" + bytes(100),
    "a binary said to hold 4 GiB": RAW.replace(b"\xc4\x01x", b"\xc6\xff\xff\xff\xffx"),
    "the byte that means nothing": b"\xc1",
}  # fmt: skip


@pytest.mark.parametrize("body", INSIDE.values(), ids=INSIDE)
@pytest.mark.parametrize("path", ["/sync/v1/batches", "/sync/v1/terminals"])
async def test_bytes_that_are_not_canonical_are_refused_as_such(at: Door, body: bytes, path: str) -> None:
    answer = await at.post(body, path=path)
    if path.endswith("terminals") and len(body) > 32_768:
        assert (answer.status, answer.code) == (413, "too_large")
    else:
        assert (answer.status, answer.code) == (400, "not_canonical")
    assert answer.problem["detail"]


async def test_random_bytes_never_bring_about_a_failure_of_ours(at: Door, t1: PaperTerminal) -> None:
    good = bytearray(batches.encode(t1.batch([t1.envelope()])))
    bodies = [secrets.token_bytes(n) for n in range(0, 400, 8)]
    bodies += [bytes(good[:n]) for n in range(0, len(good), 23)]
    for place in range(0, len(good), 11):
        changed = bytearray(good)
        changed[place] = secrets.randbelow(256)
        bodies.append(bytes(changed))
    statuses = [(await at.post(body)).status for body in bodies]
    assert set(statuses) <= {200, 400, 401, 404, 413}


# -- HTTP itself -----------------------------------------------------------------------------------------------------


async def raw(url: str, request: bytes, *, close: bool = False) -> bytes:
    """What a server says to bytes on a bare socket."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        writer.write(request)
        if close:
            writer.write_eof()
        async with asyncio.timeout(20):
            return await reader.read(65_536)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def head_of(*lines: str, line: str = "POST /sync/v1/batches HTTP/1.1") -> bytes:
    return "\r\n".join([line, "Host: x", "Content-Type: application/msgpack", *lines, "", ""]).encode("latin-1")


BROKEN: dict[str, bytes] = {
    "a header of 100,000 bytes": head_of("X-Long: " + "x" * 100_000, "Content-Length: 0"),
    "a header name of 100,000 bytes": head_of("x" * 100_000 + ": y", "Content-Length: 0"),
    "an address of 100,000 bytes": head_of("Content-Length: 0", line=f"POST /{'x' * 100_000} HTTP/1.1"),
    "2,000 headers": head_of(*(f"X-{n}: y" for n in range(2_000)), "Content-Length: 0"),
    "a length that is no number": head_of("Content-Length: many"),
    "a negative length": head_of("Content-Length: -1"),
    "two lengths": head_of("Content-Length: 1", "Content-Length: 2") + b"xx",
    "length and chunks": head_of("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "a chunk size that is no number": head_of("Transfer-Encoding: chunked") + b"zz\r\nxx\r\n0\r\n\r\n",
    "a coding of transfer that there is not": head_of("Transfer-Encoding: rot13") + b"xx",
    "a header without a colon": head_of("nonsense", "Content-Length: 0"),
    "a header name with a space": head_of("a b: c", "Content-Length: 0"),
    "no HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n",
    "another version of HTTP": head_of("Content-Length: 0", line="POST /sync/v1/batches HTTP/9.9"),
    "a header with a NUL": head_of("X-Nul: a\x00b", "Content-Length: 0"),
}  # fmt: skip


@pytest.mark.parametrize("request_bytes", BROKEN.values(), ids=BROKEN)
async def test_broken_http_is_refused_and_the_next_request_is_served(
    at: Door, t1: PaperTerminal, request_bytes: bytes
) -> None:
    answer = await raw(at.url, request_bytes)
    assert re.match(rb"HTTP/1\.[01] 4\d\d ", answer), answer[:300]
    assert b"Traceback" not in answer
    assert (await at.post(t1.batch([t1.envelope()]))).status == 200


async def test_a_body_that_ends_early_is_not_recorded(at: Door, t1: PaperTerminal) -> None:
    body = batches.encode(t1.batch([t1.envelope()]))
    sent = head_of(f"Content-Length: {len(body)}") + body[:-10]
    answer = await raw(at.url, sent, close=True)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    told = canonical.decode((await at.head(t1)).body)
    assert isinstance(told, dict)
    assert told["head"]["seq"] == 0


async def test_a_client_that_goes_away_after_sending_has_its_upload_finished(
    city: Bureau, at: Door, t1: PaperTerminal
) -> None:
    batch = t1.batch([t1.envelope()])
    body = batches.encode(batch)
    parts = urlsplit(at.url)
    _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(head_of(f"Content-Length: {len(body)}") + body)
    await writer.drain()
    writer.close()
    async with asyncio.timeout(10):
        while True:
            told = canonical.decode((await at.head(t1)).body)
            assert isinstance(told, dict)
            if told["head"]["seq"] == 1:
                break
    assert (await at.post(batch)).status == 200
    assert (await audit(city.dsn())).count(t1.id) == 1


@pytest.mark.parametrize("accept", ["application/json", MSGPACK])
async def test_a_refusal_has_the_form_that_was_asked_for(at: Door, accept: str) -> None:
    answer = await at.post(b"\xc1", headers={"Accept": accept})
    kind = "application/problem+json" if accept == "application/json" else MSGPACK
    assert answer.headers["Content-Type"].startswith(kind)
    if accept == MSGPACK:
        assert canonical.encode(canonical.decode(answer.body)) == answer.body
    else:
        json.loads(answer.body)
    assert {"type", "title", "status", "detail", "code", "retry"} <= answer.problem.keys()


def test_no_incident_of_ours_came_of_all_this(city_server: ServerProcess) -> None:
    said = city_server.log()
    assert "incident" not in said, said[-3_000:]
    assert "Traceback" not in said, said[-3_000:]
