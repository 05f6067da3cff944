"""Signatures of webhooks against the library of the standard; which addresses they may go to."""

from __future__ import annotations

import ipaddress
import socket
import time

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from server.webhooks import signing
from server.webhooks.addresses import AddressRefused, Allowed, PublicResolver, check_url

PUBLIC = Allowed()


def test_a_message_verifies_with_the_library_of_the_standard_and_a_changed_one_does_not() -> None:
    key, body = bytes(range(32)), '{"data":"示例"}'.encode()
    headers = signing.headers(key, "msg_1", int(time.time()), body)
    receiver = Webhook(signing.shown(key))
    assert receiver.verify(body, headers) == {"data": "示例"}
    for changed, told in (
        (body + b" ", headers),
        (body, {**headers, "webhook-id": "msg_2"}),
        (body, {**headers, "webhook-timestamp": str(int(headers["webhook-timestamp"]) + 1)}),
        (body, {**headers, "webhook-signature": "v1,AAAA"}),
    ):
        with pytest.raises(WebhookVerificationError):
            receiver.verify(changed, told)


def test_the_known_answer_of_the_standard() -> None:
    key = signing.PREFIX + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    import base64

    made = signing.headers(
        base64.b64decode(key.removeprefix(signing.PREFIX)),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert made["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/", "https://", "https:///x", "ftp://example.org/", "https://user:x@example.org/",
        "https://example.org/#x",
        "https://example.org:0/", "https://example.org:99999/", "https://127.0.0.1/", "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://10.0.0.1/", "https://192.168.1.1/", "https://169.254.169.254/latest", "https://[fe80::1%25eth0]/",
        "https://[fd00::1]/",
        "https://100.64.0.1/", "https://0.0.0.0/", "https://224.0.0.1/", "https://localhost/",
        "https://printer.local/", "https://db.internal/",
        "https://intranet/", "https://example.org/\n", "https://例.org/", "https://example.org/" + "a" * 1_000,
        "javascript:alert(1)",
    ],
)  # fmt: skip
def test_an_address_that_webhooks_do_not_go_to(url: str) -> None:
    with pytest.raises(AddressRefused):
        check_url(url, PUBLIC)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/hook?x=1",
        "https://example.org:8443/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1::1]/",
    ],
)
def test_an_address_that_they_go_to(url: str) -> None:
    check_url(url, PUBLIC)


def test_a_network_inside_is_reached_only_when_it_was_named() -> None:
    allowed = Allowed.parse("10.20.0.0/16 fd00:1::/32")
    for text, may in (
        ("10.20.3.4", True),
        ("10.21.3.4", False),
        ("fd00:1::9", True),
        ("fd00:2::9", False),
        ("127.0.0.1", False),
        ("::ffff:10.20.3.4", True),
    ):
        assert allowed.may_go(ipaddress.ip_address(text)) is may, text
    check_url("https://10.20.3.4/", allowed)
    with pytest.raises(AddressRefused):
        check_url("https://10.21.3.4/", allowed)
    with pytest.raises(ValueError):
        Allowed.parse("10.20.0.1/16")


def test_of_what_a_name_answers_only_public_addresses_are_connected_to() -> None:
    def answer(*addresses: str) -> list[tuple[object, ...]]:
        return [
            (
                socket.AF_INET6 if ":" in one else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (one, 443, *((0, 0) if ":" in one else ())),
            )
            for one in addresses
        ]

    resolver = PublicResolver(PUBLIC)
    mixed = resolver.choose("example.org", 443, answer("127.0.0.1", "93.184.216.34", "10.0.0.1", "::1"))
    assert [one["host"] for one in mixed] == ["93.184.216.34"]
    with pytest.raises(OSError, match="no address"):
        resolver.choose("rebound.example.org", 443, answer("127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"))
