"""Claims about signed requests: agreement with an outside implementation both ways, coverage, limits, the clock."""

from __future__ import annotations

import base64
import datetime
import time
from dataclasses import dataclass, field
from typing import Any

import http_message_signatures as outside
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.httpsig import (
    BODY_FIELDS,
    MAX_HEADERS,
    WINDOW_MS,
    SignatureRefused,
    combine_fields,
    content_digest,
    parse_signature,
    sign_request,
    signature_base,
    verify_request,
)
from schemas.keys import Signer, verify_ed25519
from schemas.structured import FieldRefused, InnerList, Token, parse_dictionary, serialize

SEED = b"\x02" * 32
SIGNER = Signer(SEED)
TERMINAL = "019b76da-a800-7111-9111-111111111111"
NOW = 1_767_229_200


@dataclass
class Message:
    """A request in the shape that the outside package asks for."""

    method: str
    url: str
    headers: dict[str, str] = field(default_factory=dict)


KEYS = outside.MappingKeyResolver(
    public_keys={TERMINAL: Ed25519PrivateKey.from_private_bytes(SEED).public_key()},
    private_keys={TERMINAL: Ed25519PrivateKey.from_private_bytes(SEED)},
)


def _sha256(body: bytes) -> bytes:
    return base64.b64decode(content_digest(body).split(":")[1])


def _signed(**changes: Any) -> dict[str, str]:
    asked: dict[str, Any] = {
        "method": "POST", "authority": "liuhen.example", "path": "/sync/v1/batches", "query": "", "key_id": TERMINAL,
        "signer": SIGNER, "created": NOW, "nonce": "n-1", "body": b"body",
    }  # fmt: skip
    return sign_request(**{**asked, **changes})


def _verify(headers: dict[str, str], **changes: Any) -> None:
    fields = combine_fields(headers.items())
    seen: dict[str, Any] = {
        "public": SIGNER.public, "method": "POST", "authority": "liuhen.example", "path": "/sync/v1/batches",
        "query": "", "fields": fields, "body_sha256": _sha256(b"body"), "now_ms": NOW * 1000,
    }  # fmt: skip
    verify_request(parse_signature(fields), **{**seen, **changes})


def _claim(parameters: str, components: str = '"@method" "@authority" "@path" "@query"') -> dict[str, str]:
    """A request without body whose Signature-Input is spelled by hand and really signed."""
    text = f"({components}){parameters}"
    names = [name.strip('"') for name in components.split()]
    base = signature_base(
        names, text, method="GET", authority="liuhen.example", path="/", query="", fields={"x": "1", "y": "2"}
    )
    return {"signature-input": f"a={text}", "signature": f"a={serialize(SIGNER.sign(base))}", "x": "1", "y": "2"}


GOOD_PARAMETERS = f';created={NOW};keyid="{TERMINAL}";alg="ed25519";tag="liuhen-sync-v1"'
GET = {"method": "GET", "path": "/", "body_sha256": None}


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "/sync/v1/batches", "", b"\x80"),
        ("POST", "/sync/v1/batches", "", b""),
        ("GET", "/sync/v1/head", "", None),
        ("GET", "/sync/v1/changes", "after=MDEy&limit=50", None),
        ("GET", "/a%20b/%E6%89%A7", "q=%E6%B3%95&x=1+2", None),
        ("HEAD", "/evidence/v1/uploads/1", "", None),
    ],
)
def test_the_outside_package_and_ours_verify_each_other(method: str, path: str, query: str, body: bytes | None) -> None:
    url = f"https://liuhen.example:8443{path}" + (f"?{query}" if query else "")
    now = int(time.time())
    # Ours signs, theirs verifies.
    ours = sign_request(
        method=method, authority="liuhen.example:8443", path=path, query=query, key_id=TERMINAL, signer=SIGNER,
        created=now, nonce="abc", body=body,
    )  # fmt: skip
    needed = ("@method", "@authority", "@path", "@query") + (("content-digest",) if body is not None else ())
    verifier = outside.HTTPMessageVerifier(signature_algorithm=outside.algorithms.ED25519, key_resolver=KEYS)
    [result] = verifier.verify(
        Message(method, url, ours), expect_tag="liuhen-sync-v1", require_components=needed, body=body
    )
    assert result.parameters == {
        "created": now, "keyid": TERMINAL, "alg": "ed25519", "nonce": "abc", "tag": "liuhen-sync-v1",
    }  # fmt: skip
    # Theirs signs, ours verifies.
    message = Message(method, url)
    signer = outside.HTTPMessageSigner(signature_algorithm=outside.algorithms.ED25519, key_resolver=KEYS)
    signer.sign(
        message, key_id=TERMINAL, created=datetime.datetime.fromtimestamp(now, datetime.UTC), nonce="abc",
        tag="liuhen-sync-v1", label="pyhms", covered_component_ids=needed, body=body,
    )  # fmt: skip
    _verify(
        message.headers, method=method, authority="LIUHEN.example:8443", path=path, query=query, now_ms=now * 1000,
        body_sha256=None if body is None else _sha256(body),
    )  # fmt: skip


def test_the_published_ed25519_example_verifies_over_our_signature_base() -> None:
    # RFC 9421, appendix B.2.6.
    claim = (
        '("date" "@method" "@path" "@authority" "content-type" "content-length")'
        ';created=1618884473;keyid="test-key-ed25519"'
    )
    [member] = parse_dictionary(f"sig-b26={claim}").values()
    assert isinstance(member, InnerList)
    assert str(member) == claim
    fields = {
        "date": "Tue, 20 Apr 2021 02:07:55 GMT",
        "content-type": "application/json",
        "content-length": "18",
    }
    base = signature_base(
        [str(name) for name, _ in member.items], claim, method="POST", authority="example.com", path="/foo",
        query="param=Value&Pet=dog", fields=fields,
    )  # fmt: skip
    key = base64.b64decode("JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=")
    signature = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw=="
    assert verify_ed25519(key, base64.b64decode(signature), base)


def test_the_signature_base_is_the_one_of_the_specification() -> None:
    headers = _signed()
    claim = parse_signature(combine_fields(headers.items()))
    base = signature_base(
        claim.components, claim.parameters, method="POST", authority="Liuhen.example", path="/sync/v1/batches",
        query="", fields=combine_fields(headers.items()),
    )  # fmt: skip
    assert base.decode() == (
        '"@method": POST\n"@authority": liuhen.example\n"@path": /sync/v1/batches\n"@query": ?\n'
        '"content-digest": sha-256=:Iw2DWNyOiJC0xY3utikS7i8gNXrpKlzIYbmOaP4xrLU=:\n'
        '"@signature-params": ("@method" "@authority" "@path" "@query" "content-digest")'
        f';created={NOW};keyid="{TERMINAL}";alg="ed25519";nonce="n-1";tag="liuhen-sync-v1"'
    )
    assert claim.terminal == bytes.fromhex(TERMINAL.replace("-", ""))


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "PUT"},
        {"authority": "evil.example"},
        {"authority": "liuhen.example:443"},
        {"path": "/sync/v1/terminals"},
        {"path": "/sync/v1/batches/"},
        {"query": "x=1"},
        {"body_sha256": _sha256(b"Body")},
        {"body_sha256": None},
        {"public": Signer(b"\x03" * 32).public},
    ],
)
def test_a_request_that_is_seen_otherwise_than_signed_is_refused(changes: dict[str, Any]) -> None:
    headers = _signed()
    _verify(headers)
    with pytest.raises(SignatureRefused) as refused:
        _verify(headers, **changes)
    assert refused.value.code == "bad_signature"


@given(st.sampled_from(["Signature", "Signature-Input", "Content-Digest"]), st.data())
@settings(deadline=None, max_examples=200)
def test_any_flipped_bit_of_the_headers_is_refused(name: str, data: st.DataObject) -> None:
    headers = _signed()
    text = bytearray(headers[name].encode())
    start = len(b"liuhen=") if name != "Content-Digest" else 0  # the label is nobody's signature
    bit = data.draw(st.integers(start * 8, len(text) * 8 - 1))
    text[bit // 8] ^= 1 << bit % 8
    headers[name] = text.decode("latin-1")
    with pytest.raises(SignatureRefused):
        _verify(headers)


@given(
    st.sampled_from(["GET", "POST", "PATCH", "HEAD"]),
    st.text("abz/%20-._~", max_size=20),
    st.text("abz=&%20+", max_size=20),
    st.none() | st.binary(max_size=50),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=64),
)
@settings(deadline=None, max_examples=80)
def test_what_is_signed_verifies(method: str, path: str, query: str, body: bytes | None, nonce: str) -> None:
    seen = {"method": method, "path": f"/{path}", "query": query}
    headers = _signed(**seen, body=body, nonce=nonce)
    _verify(headers, **seen, body_sha256=None if body is None else _sha256(body))
    assert parse_signature(combine_fields(headers.items())).nonce == nonce


def test_further_headers_can_be_covered_and_asked_for() -> None:
    extra = {"Upload-Offset": "0", "Content-Length": " 4 ", "Upload-Metadata": "sha256 AA==,type BB=="}
    headers = {**_signed(method="PATCH", nonce=None, body=None, extra=extra), **extra}
    wanted = ("upload-offset", "content-length", "upload-metadata")
    _verify(headers, method="PATCH", body_fields=wanted)
    with pytest.raises(SignatureRefused, match="must cover content-digest"):
        _verify(headers, method="PATCH", body_fields=BODY_FIELDS)
    with pytest.raises(SignatureRefused, match="does not fit"):
        _verify({**headers, "Upload-Offset": "1"}, method="PATCH", body_fields=wanted)
    del headers["Upload-Offset"]
    with pytest.raises(SignatureRefused, match="upload-offset is missing"):
        _verify(headers, method="PATCH", body_fields=wanted)


@pytest.mark.parametrize("left_out", ["@method", "@authority", "@path", "@query"])
def test_thin_coverage_is_refused(left_out: str) -> None:
    names = [name for name in ("@method", "@authority", "@path", "@query") if name != left_out]
    headers = _claim(GOOD_PARAMETERS, " ".join(f'"{name}"' for name in names))
    with pytest.raises(SignatureRefused, match=f"must cover {left_out}"):
        _verify(headers, **GET)


def test_a_body_that_is_not_covered_is_refused() -> None:
    with pytest.raises(SignatureRefused, match="must cover content-digest"):
        _verify(_signed(body=None), body_sha256=_sha256(b"body"))


def test_a_post_without_a_nonce_is_refused_and_a_get_is_not() -> None:
    with pytest.raises(SignatureRefused, match="nonce"):
        _verify(_signed(nonce=None))
    _verify(_claim(GOOD_PARAMETERS), **GET)


@pytest.mark.parametrize("skew_ms", [WINDOW_MS, -WINDOW_MS, 0])
def test_a_clock_within_the_window_passes(skew_ms: int) -> None:
    _verify(_signed(), now_ms=NOW * 1000 + skew_ms)


@pytest.mark.parametrize("skew_ms", [WINDOW_MS + 1, -WINDOW_MS - 1, 10**15])
def test_a_clock_outside_the_window_is_told_so_only_with_the_right_key(skew_ms: int) -> None:
    with pytest.raises(SignatureRefused) as refused:
        _verify(_signed(), now_ms=NOW * 1000 + skew_ms)
    assert refused.value.code == "clock_skew"
    with pytest.raises(SignatureRefused) as refused:
        _verify(_signed(), now_ms=NOW * 1000 + skew_ms, public=Signer(b"\x03" * 32).public)
    assert refused.value.code == "bad_signature"


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        (GOOD_PARAMETERS.replace("liuhen-sync-v1", "other"), "exactly one signature"),
        (GOOD_PARAMETERS.replace('"ed25519"', '"hmac-sha256"'), "ed25519"),
        (GOOD_PARAMETERS.replace('"ed25519"', "ed25519"), "parameter alg"),
        (GOOD_PARAMETERS.replace(';alg="ed25519"', ""), "ed25519"),
        (GOOD_PARAMETERS.replace(f";created={NOW}", ""), "created"),
        (GOOD_PARAMETERS.replace(f"={NOW}", f'="{NOW}"'), "parameter created"),
        (GOOD_PARAMETERS.replace(f"={NOW}", f"={NOW}.5"), "malformed"),
        (GOOD_PARAMETERS.replace(f"={NOW}", "=1234567890123456"), "malformed"),
        (GOOD_PARAMETERS.replace(f"={NOW}", ""), "parameter created"),
        (GOOD_PARAMETERS.replace(TERMINAL, TERMINAL.upper()), "UUID in lower case"),
        (GOOD_PARAMETERS.replace(TERMINAL, TERMINAL.replace("-", "")), "UUID in lower case"),
        (GOOD_PARAMETERS.replace(f';keyid="{TERMINAL}"', ""), "keyid"),
        (GOOD_PARAMETERS + ';nonce=""', "1..64 characters"),
        (GOOD_PARAMETERS + f';nonce="{"n" * 65}"', "1..64 characters"),
        (GOOD_PARAMETERS + ";nonce=5", "parameter nonce"),
        (GOOD_PARAMETERS + f";expires={NOW}", "parameter expires"),
        (GOOD_PARAMETERS + f";created={NOW}", "comes twice"),
    ],
)
def test_parameters_outside_the_profile_are_refused_although_they_are_signed(parameters: str, reason: str) -> None:
    _verify(_claim(GOOD_PARAMETERS), **GET)
    with pytest.raises(SignatureRefused, match=reason):
        _verify(_claim(parameters), **GET)


@pytest.mark.parametrize(
    "components",
    [
        '"@method" "@authority" "@path" "@query" "@method"',
        '"@method" "@authority" "@path" "@query" "x" "x"',
        '"@method" "@authority" "@path" "@query" "@target-uri"',
        '"@method" "@authority" "@path" "@query" "@signature-params"',
        '"@method" "@authority" "@path" "@query" "X"',
        '"@method" "@authority" "@path" "@query" "x";sf',
        '"@method";req "@authority" "@path" "@query"',
        '"@method" "@authority" "@path" "@query" x',
        '"@method" "@authority" "@path" "@query" 1',
        '"@method" "@authority" "@path" "@query" "absent"',
        '"@method" "@authority" "@path" "@query" "a b"',
        '"@method" "@authority" "@path" "@query" ""',
        " ".join(f'"c{n}"' for n in range(40)),
    ],
)
def test_components_outside_the_profile_are_refused(components: str) -> None:
    headers = {**_claim(GOOD_PARAMETERS), "signature-input": f"a=({components}){GOOD_PARAMETERS}"}
    with pytest.raises(SignatureRefused):
        _verify(headers, **GET)


def test_another_party_s_signature_beside_ours_is_passed_over_and_two_of_ours_are_not() -> None:
    good = _claim(GOOD_PARAMETERS)
    proxy = f'p=("@method");created={NOW};keyid="proxy";tag="edge"'
    beside = {
        **good,
        "signature-input": f"{proxy}, {good['signature-input']}",
        "signature": f"p=:AA==:,\t{good['signature']}",
    }
    _verify(beside, **GET)
    twice = good["signature-input"].replace("a=", "b=", 1)
    with pytest.raises(SignatureRefused, match="exactly one"):
        _verify({**good, "signature-input": f"{good['signature-input']}, {twice}"}, **GET)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("signature", ""),
        ("signature", "b=:AA==:"),
        ("signature", "a=:AA==:"),
        ("signature", "a=1"),
        ("signature", "a"),
        ("signature-input", ""),
        ("signature-input", "a=1"),
        ("signature-input", "a=:AA==:"),
        ("signature-input", "a=" + "(" * 4_000),
        ("signature-input", "a=(" + '"' + "x" * 9_000),
        ("signature-input", ", ".join(f"k{n}=()" for n in range(9))),
    ],
)
def test_a_malformed_signature_header_is_refused(name: str, value: str) -> None:
    with pytest.raises(SignatureRefused):
        parse_signature({**_claim(GOOD_PARAMETERS), name: value})


@pytest.mark.parametrize("name", ["signature", "signature-input"])
def test_a_missing_signature_header_is_named(name: str) -> None:
    headers = _claim(GOOD_PARAMETERS)
    del headers[name]
    with pytest.raises(SignatureRefused, match=f"{name} is missing"):
        parse_signature(headers)


@pytest.mark.parametrize(
    "digest", ["", "sha-512=:AA==:", "sha-256=AA", "sha-256=:AA==:", "sha-256=:AB==:", "md5=:AA==:"]
)
def test_a_digest_that_is_not_sha_256_of_the_body_is_refused_although_it_is_signed(digest: str) -> None:
    extra = {"content-digest": digest}
    headers = {**_signed(body=None, extra=extra), **extra}
    with pytest.raises(SignatureRefused, match="Content-Digest"):
        _verify(headers)


def test_another_digest_beside_sha_256_is_passed_over() -> None:
    extra = {"content-digest": "sha-512=:AA==:, " + content_digest(b"body")}
    _verify({**_signed(body=None, extra=extra), **extra})


def test_header_lines_are_joined_trimmed_and_counted() -> None:
    assert combine_fields([("X", " 1\t"), ("x", "2"), ("Y", "")]) == {"x": "1, 2", "y": ""}
    combine_fields([("x", "1")] * MAX_HEADERS)
    with pytest.raises(SignatureRefused, match=f"at most {MAX_HEADERS}"):
        combine_fields([("x", "1")] * (MAX_HEADERS + 1))


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "执法", "a\x00"])
def test_values_that_are_not_printable_ascii_are_never_signed(value: str) -> None:
    with pytest.raises(SignatureRefused, match="printable ASCII"):
        _signed(extra={"x": value})
    with pytest.raises(SignatureRefused, match="printable ASCII"):
        _signed(nonce=value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a=1", {"a": 1}),
        ("a", {"a": True}),
        ("a=?0", {"a": False}),
        ("a=-15", {"a": -15}),
        ("a=tok/en:1", {"a": Token("tok/en:1")}),
        ('a="q\\"b\\\\"', {"a": 'q"b\\'}),
        ("a=::", {"a": b""}),
        ("*a.b-c_1=:AAE=:", {"*a.b-c_1": b"\x00\x01"}),
        (" a=1 ,\tb=2 ", {"a": 1, "b": 2}),
        ("a=()", {"a": InnerList((), ())}),
        ('a=( "x"  y );p;q=?0', {"a": InnerList((("x", ()), (Token("y"), ())), (("p", True), ("q", False)))}),
        ("a=(1;b=2)", {"a": InnerList(((1, (("b", 2),)),), ())}),
    ],
)
def test_a_structured_field_is_read(text: str, value: dict[str, Any]) -> None:
    assert parse_dictionary(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ",", "a,", "a,,b", "a=1 b=2", "a=", "A=1", "1=1", "a=1,a=2", "a=1;b=2", "a=1.0", "a=1.", "a=-",
        "a=1234567890123456", 'a="', 'a="\\x"', 'a="é"', 'a="\t"', "a=:A:", "a=:AA:", "a=:AB==:", "a=:AA==",
        "a=: AA==:", "a=:_-==:", "a=?2", "a=?", "a=@1", 'a=%"x"', "a=(", "a=(1", "a=(1,2)", 'a=("x""y")',
        "a=((1))", "a=();", "a=();P", "a=();p=1;p=2", "a =1", "a= 1", "a=(1)x", "\ta=1",
        "a=()" + "".join(f";p{n}" for n in range(17)), "a" * 65, "é=1", "a=٣",
    ],
)  # fmt: skip
def test_a_malformed_structured_field_is_refused(text: str) -> None:
    with pytest.raises(FieldRefused):
        parse_dictionary(text)


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        parse_dictionary(text)
    except FieldRefused:
        return
