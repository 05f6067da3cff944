"""One-time codes against the vectors of RFC 4226 (appendix D) and RFC 6238 (appendix B); the seal of secrets."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from server.identity import codes
from server.identity.sealing import FILE, SealBroken, Sealer, SealKeyUnfit

SECRET = b"12345678901234567890"
HOTP = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")
TOTP = {
    59: ("94287082", "46119246", "90693936"),
    1111111109: ("07081804", "68084774", "25091201"),
    1111111111: ("14050471", "67062674", "99943326"),
    1234567890: ("89005924", "91819424", "93441116"),
    2000000000: ("69279037", "90698825", "38618901"),
    20000000000: ("65353130", "77737706", "47863826"),
}
SEEDS = {"sha1": SECRET, "sha256": (SECRET * 2)[:32], "sha512": (SECRET * 4)[:64]}


@pytest.mark.parametrize(("counter", "code"), list(enumerate(HOTP)))
def test_codes_of_counters_are_those_of_rfc_4226(counter: int, code: str) -> None:
    assert codes.hotp(SECRET, counter) == code


@pytest.mark.parametrize("seconds", TOTP)
def test_codes_of_instants_are_those_of_rfc_6238(seconds: int) -> None:
    for (digest, secret), code in zip(SEEDS.items(), TOTP[seconds], strict=True):
        assert codes.hotp(secret, codes.step_at(seconds), digits=8, digest=digest) == code
    assert codes.matching_steps(SECRET, TOTP[seconds][0][2:], seconds) == [seconds // 30]


@pytest.mark.parametrize(
    ("off", "taken"), [(-31, False), (-30, True), (-1, True), (0, True), (29, True), (59, True), (60, False)]
)
def test_a_clock_may_be_off_by_one_step(off: int, taken: bool) -> None:
    now = 1_234_567_890  # the beginning of a step
    code = codes.hotp(SECRET, codes.step_at(now))
    assert bool(codes.matching_steps(SECRET, code, now + off)) is taken


@pytest.mark.parametrize("came", ["", "12345", "1234567", "12345a", "１２３４５６", "-12345", "0x1234", " "])
def test_what_is_no_code_matches_nothing(came: str) -> None:
    assert codes.matching_steps(SECRET, came, 59) == []
    assert codes.matching_steps(SECRET, "287 082", 59) == [1], "the control; blanks do not count"


def test_the_address_for_apps_holds_what_they_need() -> None:
    told = urlsplit(codes.address(SECRET, "lin", "bureau.example:8080"))
    assert (told.scheme, told.netloc) == ("otpauth", "totp")
    fields = {name: values[0] for name, values in parse_qs(told.query).items()}
    assert fields == {
        "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "issuer": "liuhen bureau.example:8080",
        "digits": "6",
        "period": "30",
    }


def test_recovery_codes_are_many_random_and_known_again_however_they_are_typed() -> None:
    made = codes.new_recovery_codes()
    assert len(set(made)) == codes.RECOVERY_CODES
    for one in made:
        assert codes.recovery_digest(one) == codes.recovery_digest(one.lower().replace("-", " ") + " ")
    for none in ("", "123456", made[0][:-1], made[0] + "A", "éééééééééééééééé"):
        assert codes.recovery_digest(none) is None


def test_a_sealed_secret_opens_for_its_account_and_key_only() -> None:
    sealer = Sealer(os.urandom(32))
    sealed = sealer.seal("lin", SECRET)
    assert SECRET not in sealed
    assert sealer.seal("lin", SECRET) != sealed
    assert sealer.open("lin", sealed) == SECRET
    for other, name, data in (
        (sealer, "he", sealed),
        (Sealer(os.urandom(32)), "lin", sealed),
        (sealer, "lin", sealed[:-1] + b"x"),
    ):
        with pytest.raises(SealBroken):
            other.open(name, data)


def test_the_key_is_made_once_and_refused_where_others_can_read_it(tmp_path: Path) -> None:
    first = Sealer.load_or_create(tmp_path / "keys")
    assert Sealer.load_or_create(tmp_path / "keys") == first
    file = tmp_path / "keys" / FILE
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == [FILE]
    assert first.key.hex() not in repr(first)
    file.chmod(0o644)
    with pytest.raises(SealKeyUnfit, match="chmod 600"):
        Sealer.load_or_create(tmp_path / "keys")
    file.chmod(0o600)
    file.write_text("{}")
    with pytest.raises(SealKeyUnfit, match="put it back"):
        Sealer.load_or_create(tmp_path / "keys")
