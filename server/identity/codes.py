"""One-time codes: TOTP (RFC 6238, with HOTP of RFC 4226) and recovery codes. Pure but for making secrets.

SHA-1, 30 seconds and 6 digits are what every authenticator app takes. Invariant: a code is compared in constant time,
and whether it was used already is not known here: the step that it belongs to is the answer, and the database remembers
the newest one.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from hashlib import sha256
from typing import Final
from urllib.parse import quote, urlencode

STEP_SECONDS: Final = 30
DIGITS: Final = 6
SECRET_BYTES: Final = 20
"""As many as SHA-1 gives (RFC 4226, section 4)."""
DRIFT: Final = 1
"""Steps before and after the present one that are taken too: clocks of telephones differ (RFC 6238, section 5.2)."""
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
ISSUER: Final = "liuhen"


def new_secret() -> bytes:
    """A secret to be shared with an authenticator app."""
    return secrets.token_bytes(SECRET_BYTES)


def hotp(secret: bytes, counter: int, *, digits: int = DIGITS, digest: str = "sha1") -> str:
    """The code of a counter (RFC 4226, section 5.3)."""
    mac = hmac.digest(secret, struct.pack(">Q", counter), digest)
    at = mac[-1] & 0x0F
    number = struct.unpack(">I", mac[at : at + 4])[0] & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_at(seconds: float) -> int:
    """The time step of an instant (seconds since 1970)."""
    return int(seconds) // STEP_SECONDS


def matching_steps(secret: bytes, code: str, seconds: float) -> list[int]:
    """The steps around an instant that a code is right for, the newest first; nearly always none or one."""
    came = "".join(code.split())
    if len(came) != DIGITS or not (came.isascii() and came.isdecimal()):
        return []
    now = step_at(seconds)
    around = range(now + DRIFT, now - DRIFT - 1, -1)
    return [step for step in around if step >= 0 and hmac.compare_digest(hotp(secret, step).encode(), came.encode())]


def secret_text(secret: bytes) -> str:
    """The secret as apps take it: base32 without padding."""
    return base64.b32encode(secret).decode().rstrip("=")


def address(secret: bytes, account: str, host: str) -> str:
    """What the QR code says: an otpauth address, read by authenticator apps."""
    label = quote(f"{ISSUER} {host}:{account}", safe="")
    fields = {"secret": secret_text(secret), "issuer": f"{ISSUER} {host}", "digits": DIGITS, "period": STEP_SECONDS}
    return f"otpauth://totp/{label}?{urlencode(fields, quote_via=quote)}"


def new_recovery_codes() -> list[str]:
    """Codes to be written down, each good once in the place of a code: 80 bits each, in groups of four."""
    return [_grouped(base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode()) for _ in range(RECOVERY_CODES)]


def recovery_digest(code: str) -> bytes | None:
    """What is stored of a recovery code, None for what has not its form. Blanks, hyphens and case do not count."""
    came = "".join(code.replace("-", "").split()).upper()
    if len(came) != 16 or not (came.isascii() and came.isalnum()):
        return None
    return sha256(b"liuhen recovery v1\n" + came.encode()).digest()


def _grouped(text: str) -> str:
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
