"""Signatures of webhooks, as Standard Webhooks 1.0 says: HMAC-SHA256 over `id.timestamp.body`.

Invariant: what `headers` makes, any library of that standard verifies with `whsec_<base64 of the key>`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32


def shown(key: bytes) -> str:
    """The key as it is handed to the receiver, once."""
    return PREFIX + base64.b64encode(key).decode("ascii")


def headers(key: bytes, message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """webhook-id, webhook-timestamp (s) and webhook-signature of a message."""
    signed = f"{message}.{timestamp}.".encode("ascii") + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
    return {"webhook-id": message, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{signature}"}
