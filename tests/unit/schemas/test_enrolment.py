"""Claims about enrolment: the known answer, both signatures, every key and limit of request and answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import canonical
from schemas.enrolment import (
    MAX_CODE_BYTES,
    MAX_INFO_BYTES,
    MAX_REQUEST_BYTES,
    AnswerRefused,
    EnrolmentAnswer,
    EnrolmentRequest,
    check_request,
    genesis_hash,
    sign_request,
    signed_message,
)
from schemas.keys import Signer
from schemas.problems import Problem
from tests.support import wire_vectors

KNOWN = wire_vectors.load("enrol")
VKEY = KNOWN["log_vkey"]
EVENT, REQUEST = Signer(b"\x11" * 32), Signer(b"\x22" * 32)
GOOD = sign_request("7Q4N-EXAMPLE-CODE", EVENT, REQUEST, {"model": "example"}, VKEY, b"\x07" * 16)
ANSWER = EnrolmentAnswer(
    authority="210500",
    checkpoint=wire_vectors.load("log")["checkpoint"],
    entry=b"\x81\xa1k\xa6office",
    index=1,
    hashes=(b"\x01" * 32, b"\x02" * 32),
    epochs=(b"\x80",),
    epoch_proof=(b"\x03" * 32,),
    genesis=b"\x04" * 32,
    terminal=b"\x05" * 16,
)


def _known() -> EnrolmentRequest:
    keys = {name: bytes.fromhex(KNOWN[name]) for name in ("event_key", "request_key", "sig", "sig_request")}
    return EnrolmentRequest(code=KNOWN["code"], info=KNOWN["info"], **keys)


def _map(request: EnrolmentRequest = GOOD) -> dict[str, Any]:
    value = canonical.decode(request.encode())
    assert isinstance(value, dict)
    return value


def _refusal(value: object) -> Problem:
    with pytest.raises(Problem) as refused:
        EnrolmentRequest.decode(value if isinstance(value, bytes) else canonical.encode(value))
    return refused.value


def test_the_known_enrolment_has_its_message_and_both_signatures_fit() -> None:
    request = _known()
    message = signed_message(request.code, request.event_key, request.request_key, request.info, VKEY, None)
    assert message.hex() == KNOWN["message"]
    check_request(EnrolmentRequest.decode(request.encode()), VKEY)


def test_the_genesis_hash_is_the_known_one() -> None:
    known = wire_vectors.load("envelopes")
    assert genesis_hash(bytes.fromhex(known["terminal"]), bytes.fromhex(known["event_key"])).hex() == known["genesis"]
    with pytest.raises(ValueError, match="16 bytes"):
        genesis_hash(b"", b"\x00" * 32)


@given(
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers(-9, 9), max_size=5),
    st.none() | st.binary(min_size=16, max_size=16),
)
@settings(deadline=None, max_examples=40)
def test_a_request_read_back_is_the_same_and_passes(code: str, info: dict[str, Any], replaces: bytes | None) -> None:
    request = sign_request(code, EVENT, REQUEST, info, VKEY, replaces)
    again = EnrolmentRequest.decode(request.encode())
    assert again == request
    check_request(again, VKEY)


@pytest.mark.parametrize(
    "changed",
    [
        replace(GOOD, code=GOOD.code.lower()),
        replace(GOOD, code=GOOD.code.replace("-", "")),
        replace(GOOD, info={"model": "other"}),
        replace(GOOD, replaces=None),
        replace(GOOD, replaces=b"\x08" * 16),
        replace(GOOD, event_key=Signer(b"\x33" * 32).public),
        replace(GOOD, request_key=Signer(b"\x33" * 32).public),
        replace(GOOD, event_key=GOOD.request_key, request_key=GOOD.event_key),
        replace(GOOD, sig=GOOD.sig_request),
        replace(GOOD, sig_request=GOOD.sig),
    ],
)
def test_a_changed_part_breaks_a_signature(changed: EnrolmentRequest) -> None:
    with pytest.raises(Problem) as refused:
        check_request(changed, VKEY)
    assert refused.value.code == "bad_signature"


def test_an_enrolment_for_another_log_is_refused() -> None:
    with pytest.raises(Problem) as refused:
        check_request(GOOD, VKEY.replace("/1+", "/2+"))
    assert refused.value.code == "bad_signature"


@pytest.mark.parametrize("name", ["event_key", "request_key"])
@pytest.mark.parametrize("key", [bytes(32), b"\x01" + bytes(31), b"\xff" * 32])
def test_an_unsound_key_is_refused_as_such(name: str, key: bytes) -> None:
    with pytest.raises(Problem) as refused:
        check_request(replace(GOOD, **{name: key}), VKEY)
    assert refused.value.code == "key_refused"


def test_one_key_for_both_roles_is_refused() -> None:
    with pytest.raises(Problem, match="must differ") as refused:
        check_request(sign_request("code", EVENT, EVENT, {}, VKEY), VKEY)
    assert refused.value.code == "key_refused"


@pytest.mark.parametrize("name", ["code", "event_key", "info", "request_key", "sig", "sig_request", "suite", "v"])
def test_a_missing_key_is_named(name: str) -> None:
    value = _map()
    del value[name]
    refused = _refusal(value)
    assert refused.code == "not_canonical"
    assert name in refused.reason


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("code", ""),
        ("code", b"x"),
        ("code", "x" * (MAX_CODE_BYTES + 1)),
        ("event_key", b"x" * 31),
        ("event_key", "x" * 32),
        ("request_key", b""),
        ("info", []),
        ("info", {"x": "y" * MAX_INFO_BYTES}),
        ("replaces", b"x" * 15),
        ("replaces", "0"),
        ("sig", b"x" * 63),
        ("sig_request", b"x" * 65),
        ("suite", True),
        ("v", "1"),
        ("extra", 1),
    ],
)
def test_a_malformed_or_unknown_key_is_not_canonical(name: str, bad: object) -> None:
    assert _refusal({**_map(), name: bad}).code == "not_canonical"


@pytest.mark.parametrize("name", ["v", "suite"])
def test_another_version_or_suite_is_judged_before_anything_else(name: str) -> None:
    refused = _refusal({name: 2, "nonsense": []})
    assert refused.code == "unsupported_version"
    assert refused.fields == {name: 2}


@pytest.mark.parametrize("data", [b"", b"\xc0", b"\x90", b"\x91" * 5_000, GOOD.encode() + b"\x00", GOOD.encode()[:-1]])
def test_bytes_that_are_no_canonical_map_are_refused(data: bytes) -> None:
    assert _refusal(data).code == "not_canonical"


def test_a_request_over_the_limit_is_too_large_before_it_is_read() -> None:
    refused = _refusal(b"\x00" * (MAX_REQUEST_BYTES + 1))
    assert (refused.code, refused.fields) == ("too_large", {"limit": MAX_REQUEST_BYTES})
    assert _refusal(b"\x00" * MAX_REQUEST_BYTES).code == "not_canonical"


def test_the_code_does_not_show_in_a_repr() -> None:
    assert GOOD.code not in repr(GOOD)


def test_an_answer_read_back_is_the_same() -> None:
    assert EnrolmentAnswer.decode(ANSWER.encode()) == ANSWER


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("authority", ""),
        ("authority", 1),
        ("checkpoint", b"x"),
        ("entry", "x"),
        ("epochs", []),
        ("epochs", ["x"]),
        ("epoch_proof", [b"x"]),
        ("epoch_proof", [b"x" * 32] * 65),
        ("genesis", b"x"),
        ("proof", []),
        ("proof", {"hashes": []}),
        ("proof", {"hashes": [], "index": -1}),
        ("proof", {"hashes": [], "index": 2**53}),
        ("proof", {"hashes": [], "index": True}),
        ("proof", {"hashes": [b""], "index": 0}),
        ("proof", {"hashes": [], "index": 0, "x": 1}),
        ("terminal", b"x" * 15),
        ("v", 2),
        ("v", True),
        ("x", 1),
    ],
)
def test_a_malformed_answer_is_refused(name: str, bad: object) -> None:
    value = canonical.decode(ANSWER.encode())
    assert isinstance(value, dict)
    with pytest.raises(AnswerRefused, match="malformed"):
        EnrolmentAnswer.decode(canonical.encode({**value, name: bad}))


@pytest.mark.parametrize(
    "name", ["authority", "checkpoint", "entry", "epoch_proof", "epochs", "genesis", "proof", "terminal", "v"]
)
def test_an_answer_without_one_of_its_keys_is_refused(name: str) -> None:
    value = canonical.decode(ANSWER.encode())
    assert isinstance(value, dict)
    del value[name]
    with pytest.raises(AnswerRefused, match=name):
        EnrolmentAnswer.decode(canonical.encode(value))
