"""Signed requests: the RFC 9421 profile by which a terminal shows who asks (wire protocol, section 6).

A request is signed by the terminal's request key over method, authority, path, query and, with a body, its digest.
Time, nonces and keys are arguments; remembering nonces and finding the key is the caller's part.

    parse_signature(fields)     what the request claims, within hard limits: still nobody's word
    verify_request(claim, …)    1 coverage, 2 digest, 3 signature by the enrolled key, 4 clock

Invariant: a request that passes was signed for this method, authority, path, query and body, all of them as this side
sees them; the authority is the configured one and never taken from the request.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from schemas.keys import SIGNATURE_BYTES, Signer, verify_ed25519
from schemas.structured import BareItem, FieldRefused, InnerList, parse_dictionary, serialize

TAG: Final = "liuhen-sync-v1"
ALGORITHM: Final = "ed25519"
LABEL: Final = "liuhen"
WINDOW_MS: Final = 300_000
"""How far `created` may lie from the server's time, either way."""

NONCE_MEMORY_MS: Final = 600_000
"""How long a server remembers a nonce: both halves of the window."""

MAX_NONCE_CHARS: Final = 64
MAX_HEADERS: Final = 100

DERIVED: Final = ("@method", "@authority", "@path", "@query")
BODY_FIELDS: Final = ("content-digest",)
"""Fields that a request with a body covers, unless its face says otherwise (resumable uploads do)."""

_PARAMETERS: Final = {"created": int, "keyid": str, "alg": str, "nonce": str, "tag": str}
_FIELD_NAME: Final = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]{1,64}")
_TERMINAL: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PRINTABLE: Final = re.compile(r"[\t -~]*")


class SignatureRefused(ValueError):
    """The request is not signed as the profile asks. `code` is the problem code; the text says what was expected."""

    def __init__(self, reason: str, code: Literal["bad_signature", "clock_skew"] = "bad_signature") -> None:
        super().__init__(reason)
        self.code = code


@dataclass(frozen=True, slots=True)
class SignatureInput:
    """What a request claims about its signature. Nothing of it is trusted before `verify_request`.

    `created` is in seconds since 1970; `key_id` is the terminal id as text, `terminal` the same as 16 bytes.
    """

    label: str
    components: tuple[str, ...]
    created: int
    key_id: str
    terminal: bytes
    nonce: str | None
    parameters: str
    signature: bytes = field(repr=False)


def content_digest(body: bytes) -> str:
    """The value of `Content-Digest` for the body's bytes as they are sent (after compression)."""
    return f"sha-256={serialize(sha256(body).digest())}"


def combine_fields(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Header lines as a mapping from lower-case name to value: trimmed, several lines joined by a comma and a space."""
    fields: dict[str, str] = {}
    for count, (name, value) in enumerate(headers):
        if count == MAX_HEADERS:
            raise SignatureRefused(f"a request has at most {MAX_HEADERS} header lines")
        key, text = name.lower(), value.strip(" \t")
        fields[key] = f"{fields[key]}, {text}" if key in fields else text
    return fields


def sign_request(
    *,
    method: str,
    authority: str,
    path: str,
    query: str,
    key_id: str,
    signer: Signer,
    created: int,
    nonce: str | None = None,
    body: bytes | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The headers that sign a request: `Signature-Input`, `Signature` and, with a body, `Content-Digest`.

    `path` and `query` (without "?") are as they go on the wire; `created` is in seconds; a POST has a `nonce` that was
    never used before; `extra` are further headers to cover, with the values that will be sent.
    """
    fields = {name.lower(): value.strip(" \t") for name, value in (extra or {}).items()}
    headers: dict[str, str] = {}
    if body is not None:
        headers["Content-Digest"] = fields["content-digest"] = content_digest(body)
    names = (*DERIVED, *sorted(fields))
    parameters: list[tuple[str, BareItem]] = [("created", created), ("keyid", key_id), ("alg", ALGORITHM)]
    if nonce is not None:
        parameters.append(("nonce", nonce))
    parameters.append(("tag", TAG))
    try:
        claim = str(InnerList(tuple((name, ()) for name in names), tuple(parameters)))
    except FieldRefused as fault:
        raise SignatureRefused(str(fault)) from None
    base = signature_base(names, claim, method=method, authority=authority, path=path, query=query, fields=fields)
    headers["Signature-Input"] = f"{LABEL}={claim}"
    headers["Signature"] = f"{LABEL}={serialize(signer.sign(base))}"
    return headers


def parse_signature(fields: Mapping[str, str]) -> SignatureInput:
    """What `fields` (from `combine_fields`) claim: the one signature that carries our tag. Raises `SignatureRefused`.

    Signatures with other tags, by proxies for example, are passed over.
    """
    try:
        inputs = parse_dictionary(_required(fields, "signature-input"))
        signatures = parse_dictionary(_required(fields, "signature"))
    except FieldRefused as fault:
        raise SignatureRefused(f"Signature-Input or Signature is malformed: {fault}") from None
    ours = [
        (label, member)
        for label, member in inputs.items()
        if isinstance(member, InnerList) and dict(member.parameters).get("tag") == TAG
    ]
    if len(ours) != 1:
        raise SignatureRefused(f"expected exactly one signature with the tag {TAG}, got {len(ours)}")
    label, member = ours[0]
    signature = signatures.get(label)
    if not isinstance(signature, bytes) or len(signature) != SIGNATURE_BYTES:
        raise SignatureRefused(f"expected {SIGNATURE_BYTES} bytes under the same label in Signature")
    # Types first: what follows relies on them.
    parameters = dict(member.parameters)
    for name, value in parameters.items():
        if name not in _PARAMETERS or type(value) is not _PARAMETERS[name]:
            raise SignatureRefused(f"the parameter {name} is not in the profile or has another type there")
    created, key_id, nonce = parameters.get("created"), parameters.get("keyid"), parameters.get("nonce")
    if parameters.get("alg") != ALGORITHM or not isinstance(created, int) or not isinstance(key_id, str):
        raise SignatureRefused('expected the parameters created, keyid and alg="ed25519"')
    if not _TERMINAL.fullmatch(key_id):
        raise SignatureRefused("keyid must be the terminal id as a UUID in lower case")
    if nonce is not None and not 1 <= len(str(nonce)) <= MAX_NONCE_CHARS:
        raise SignatureRefused(f"a nonce has 1..{MAX_NONCE_CHARS} characters")
    return SignatureInput(
        label=label,
        components=_components(member),
        created=created,
        key_id=key_id,
        terminal=UUID(key_id).bytes,
        nonce=None if nonce is None else str(nonce),
        parameters=str(member),
        signature=signature,
    )


def verify_request(
    claim: SignatureInput,
    *,
    public: bytes,
    method: str,
    authority: str,
    path: str,
    query: str,
    fields: Mapping[str, str],
    body_sha256: bytes | None,
    now_ms: int,
    body_fields: Iterable[str] = BODY_FIELDS,
) -> None:
    """Raise `SignatureRefused` unless the request was signed by `public` (32 bytes) as this side sees it.

    `authority` is the configured one. `body_sha256` is the digest of the body's bytes as received, None if the request
    has no body; `body_fields` are the headers that a request with a body must cover. A POST must carry a nonce, which
    the caller then remembers for `NONCE_MEMORY_MS` and refuses when it comes again.
    """
    # 1. Coverage: an uncovered part is an unsigned part.
    wanted = (*DERIVED, *(body_fields if body_sha256 is not None else ()))
    missing = [name for name in wanted if name not in claim.components]
    if missing:
        raise SignatureRefused(f"the signature must cover {', '.join(missing)}")
    if method == "POST" and claim.nonce is None:
        raise SignatureRefused("a POST is signed with a nonce")
    # 2. The digest that is covered must be the body's.
    if "content-digest" in claim.components:
        _check_digest(_required(fields, "content-digest"), sha256(b"").digest() if body_sha256 is None else body_sha256)
    # 3. The signature.
    base = signature_base(
        claim.components, claim.parameters, method=method, authority=authority, path=path, query=query, fields=fields
    )
    if not verify_ed25519(public, claim.signature, base):
        raise SignatureRefused("the signature does not fit the request and the enrolled request key")
    # 4. The clock last: only who holds the key learns that it is merely late.
    if abs(now_ms - claim.created * 1000) > WINDOW_MS:
        raise SignatureRefused(f"created must lie within {WINDOW_MS // 1000} s of the server's time", "clock_skew")


def signature_base(
    components: Iterable[str],
    parameters: str,
    *,
    method: str,
    authority: str,
    path: str,
    query: str,
    fields: Mapping[str, str],
) -> bytes:
    """The bytes that are signed (RFC 9421, section 2.5)."""
    derived = {
        "@method": method,
        "@authority": authority.lower(),
        "@path": path or "/",
        "@query": f"?{query}",
    }
    lines: list[str] = []
    for name in components:
        value = derived[name] if name in derived else _required(fields, name)
        if not _PRINTABLE.fullmatch(value):
            raise SignatureRefused(f"the value of {name} is not printable ASCII")
        lines.append(f'"{name}": {value}')
    lines.append(f'"@signature-params": {parameters}')
    return "\n".join(lines).encode("ascii")


def _components(member: InnerList) -> tuple[str, ...]:
    names: list[str] = []
    for item, parameters in member.items:
        if type(item) is not str or parameters:
            raise SignatureRefused("components are plain strings without parameters")
        if item not in DERIVED and not _FIELD_NAME.fullmatch(item):
            raise SignatureRefused("a component is one of the derived four or a header name in lower case")
        names.append(item)
    if len(set(names)) != len(names):
        raise SignatureRefused("a component comes twice")
    return tuple(names)


def _check_digest(value: str, expected: bytes) -> None:
    try:
        digest = parse_dictionary(value).get("sha-256")
    except FieldRefused as fault:
        raise SignatureRefused(f"Content-Digest is malformed: {fault}") from None
    if not isinstance(digest, bytes) or not hmac.compare_digest(digest, expected):
        raise SignatureRefused("Content-Digest has no sha-256 of the body that came")


def _required(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name)
    if value is None:
        raise SignatureRefused(f"the header {name} is missing")
    return value
