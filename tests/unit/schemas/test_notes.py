"""Claims about signed notes and checkpoints: the published example, our own log, and how a note can be bad."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.keys import Signer
from schemas.merkle import EMPTY_ROOT, root_of
from schemas.notes import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Checkpoint,
    NoteRefused,
    NoteSigner,
    VerifierKey,
    open_checkpoint,
    open_note,
    parse_checkpoint,
    sign_checkpoint,
    sign_note,
    split_note,
)
from tests.support import wire_vectors

LOG = wire_vectors.load("log")
KEY = VerifierKey.parse(LOG["vkey"])
SIGNER = NoteSigner(LOG["origin"], Signer(bytes.fromhex(LOG["log_key_seed"])))
WITNESS = NoteSigner("witness.example", Signer(b"\x0b" * 32))
ROOT64 = base64.b64encode(b"\x05" * 32).decode()

# The example of C2SP signed-note.
PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_the_published_example_opens_under_the_published_key() -> None:
    key = VerifierKey.parse(PUBLISHED_KEY)
    assert str(key) == PUBLISHED_KEY
    assert open_note(PUBLISHED_NOTE, [key]) == "This is an example message.\n"


def test_the_checkpoint_of_the_wire_vectors_is_made_and_opened() -> None:
    checkpoint = open_checkpoint(LOG["checkpoint"], KEY, LOG["origin"])
    leaves = [bytes.fromhex(entry["leaf_hash"]) for entry in LOG["entries"]]
    assert checkpoint == Checkpoint(LOG["origin"], len(leaves), root_of(leaves))
    assert sign_checkpoint(checkpoint, SIGNER) == LOG["checkpoint"]
    assert SIGNER.verifier == KEY
    assert str(KEY) == LOG["vkey"]


def test_the_checkpoints_in_receipt_and_epoch_vectors_open() -> None:
    receipt = bytes.fromhex(wire_vectors.load("receipt")["hex"])
    note = receipt[receipt.index(b"liuhen.example") :]
    text = note[: note.index(b"\n\xa7durable") + 1].decode()
    assert open_checkpoint(text, KEY, LOG["origin"]).size == 6


@given(st.lists(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=30), max_size=6))
@settings(deadline=None, max_examples=80)
def test_any_text_of_lines_that_is_signed_opens_to_itself(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines) or "\n"
    assert open_note(sign_note(text, WITNESS), [WITNESS.verifier]) == text


@given(st.integers(0, len(LOG["checkpoint"].encode()) * 8 - 1))
@settings(deadline=None, max_examples=150)
def test_a_checkpoint_with_any_flipped_bit_is_refused(bit: int) -> None:
    data = bytearray(LOG["checkpoint"].encode())
    data[bit // 8] ^= 1 << bit % 8
    try:
        note = data.decode()
    except UnicodeDecodeError:
        return
    with pytest.raises(NoteRefused):
        open_checkpoint(note, KEY, LOG["origin"])


def test_signatures_of_unknown_keys_are_ignored_even_bad_ones() -> None:
    _, [foreign] = split_note(sign_note("other\n", WITNESS))
    note = LOG["checkpoint"] + str(foreign)
    assert open_checkpoint(note, KEY, LOG["origin"]).size == 11


def test_a_bad_signature_of_a_known_key_spoils_the_note() -> None:
    _, [foreign] = split_note(sign_note("other\n", WITNESS))
    note = LOG["checkpoint"] + str(foreign)
    with pytest.raises(NoteRefused, match=r"witness\.example does not fit"):
        open_note(note, [KEY, WITNESS.verifier])


def test_a_key_that_shares_only_the_name_or_only_the_id_is_unknown() -> None:
    text, [line] = split_note(LOG["checkpoint"])
    same_name = base64.b64encode(b"\x00\x00\x00\x01" + line.signature).decode()
    same_id = base64.b64encode(line.key_id + line.signature).decode()
    for note in (f"{text}\n— {KEY.name} {same_name}\n", f"{text}\n— other.example {same_id}\n"):
        with pytest.raises(NoteRefused, match="not signed by"):
            open_note(note, [KEY])
        assert open_note(note + str(line), [KEY]) == text


def test_two_good_signatures_open_under_either_key() -> None:
    text, lines = split_note(sign_note("hello\n", SIGNER))
    _, more = split_note(sign_note("hello\n", WITNESS))
    note = f"{text}\n{lines[0]}{more[0]}"
    for keys in ([KEY], [WITNESS.verifier], [WITNESS.verifier, KEY]):
        assert open_note(note, keys) == "hello\n"
    with pytest.raises(NoteRefused, match="any known key"):
        open_note(note, [])


def test_at_least_sixteen_large_signatures_are_accepted_and_the_limit_is_exact() -> None:
    large = "— pq.example " + base64.b64encode(b"\x01" * 4_900).decode() + "\n"
    assert open_checkpoint(LOG["checkpoint"] + large * 16, KEY, LOG["origin"]).size == 11
    small = "— w.example AAAAAQE=\n"
    assert open_note(LOG["checkpoint"] + small * (MAX_SIGNATURES - 1), [KEY])
    with pytest.raises(NoteRefused, match=f"at most {MAX_SIGNATURES} signatures"):
        open_note(LOG["checkpoint"] + small * MAX_SIGNATURES, [KEY])


def test_a_note_over_the_size_limit_is_refused() -> None:
    room = MAX_NOTE_BYTES - len(sign_note("\n", WITNESS).encode())
    assert open_note(sign_note("x" * room + "\n", WITNESS), [WITNESS.verifier])
    with pytest.raises(NoteRefused, match=f"at most {MAX_NOTE_BYTES} bytes"):
        open_note(sign_note("x" * (room + 1) + "\n", WITNESS), [WITNESS.verifier])


def test_the_last_empty_line_parts_text_and_signatures() -> None:
    text = "first\n\nsecond\n"
    assert open_note(sign_note(text, WITNESS), [WITNESS.verifier]) == text


SIGNATURE_LINE = LOG["checkpoint"].split("\n\n")[1]
TEXT = LOG["checkpoint"].split("\n\n")[0] + "\n"


@pytest.mark.parametrize(
    "note",
    [
        pytest.param("", id="empty"),
        pytest.param("\n", id="one newline"),
        pytest.param("\n\n", id="no text and no signature"),
        pytest.param(TEXT, id="no signature"),
        pytest.param(TEXT + "\n", id="no signature line"),
        pytest.param(TEXT + SIGNATURE_LINE, id="no empty line"),
        pytest.param(LOG["checkpoint"][:-1], id="no newline at the end"),
        pytest.param(LOG["checkpoint"] + "\n", id="an empty line behind"),
        pytest.param(LOG["checkpoint"] + "x", id="bytes behind"),
        pytest.param(LOG["checkpoint"].replace("\n", "\r\n"), id="CRLF"),
        pytest.param(TEXT + "\n" + SIGNATURE_LINE.replace("— ", "- "), id="hyphen"),
        pytest.param(TEXT + "\n" + SIGNATURE_LINE.replace("— ", "—"), id="no space behind the dash"),
        pytest.param(TEXT + "\n" + SIGNATURE_LINE.replace("— ", "—  "), id="two spaces"),
        pytest.param(TEXT + "\n" + SIGNATURE_LINE.replace("=\n", "\n"), id="no padding"),
        pytest.param(TEXT + "\n" + SIGNATURE_LINE.replace("=\n", "= \n"), id="space behind"),
        pytest.param(TEXT + "\n" + SIGNATURE_LINE.replace("x/g4=", "x/g5="), id="base64 with unused bits set"),
        pytest.param(TEXT + "\n" + SIGNATURE_LINE.replace("/", "_"), id="base64url"),
        pytest.param(TEXT + "\n— na+me AAAAAQE=\n" + SIGNATURE_LINE, id="plus in a foreign name"),
        pytest.param(TEXT + "\n— name AAAAAQ==\n" + SIGNATURE_LINE, id="foreign signature without bytes"),
        pytest.param(TEXT + "\n— name\n" + SIGNATURE_LINE, id="foreign line without signature"),
        pytest.param(TEXT + "\n—  AAAAAQE=\n" + SIGNATURE_LINE, id="foreign line without name"),
        pytest.param(TEXT + "\n— na\u00a0me AAAAAQE=\n" + SIGNATURE_LINE, id="Unicode space in a name"),
        pytest.param("a\tb\n" + LOG["checkpoint"], id="tab"),
        pytest.param("\x00\n" + LOG["checkpoint"], id="NUL"),
        pytest.param("\ud800\n" + LOG["checkpoint"], id="lone surrogate"),
        pytest.param("more\n" + LOG["checkpoint"], id="text that was not signed"),
    ],
)
def test_a_malformed_or_changed_note_is_refused(note: str) -> None:
    with pytest.raises(NoteRefused):
        open_note(note, [KEY])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(f"o\n1\n{ROOT64}", id="no newline at the end"),
        pytest.param(f"o\n1\n{ROOT64}\n\n", id="an empty extension line"),
        pytest.param(f"o\n1\n{ROOT64}\n\next\n", id="an empty line before an extension"),
        pytest.param(f"\n1\n{ROOT64}\n", id="empty origin"),
        pytest.param("o\n1\n", id="two lines"),
        pytest.param(f"o\n01\n{ROOT64}\n", id="leading zero"),
        pytest.param(f"o\n00\n{ROOT64}\n", id="two zeros"),
        pytest.param(f"o\n+1\n{ROOT64}\n", id="plus sign"),
        pytest.param(f"o\n-1\n{ROOT64}\n", id="minus sign"),
        pytest.param(f"o\n 1\n{ROOT64}\n", id="space"),
        pytest.param(f"o\n1_0\n{ROOT64}\n", id="underscore"),
        pytest.param(f"o\n0x1\n{ROOT64}\n", id="hex"),
        pytest.param(f"o\n١\n{ROOT64}\n", id="other digits"),
        pytest.param(f"o\n{2**64}\n{ROOT64}\n", id="size of 2^64"),
        pytest.param(f"o\n{'9' * 10_000}\n{ROOT64}\n", id="a size of ten thousand digits"),
        pytest.param(f"o\n0\n{ROOT64}\n", id="another root of the empty tree"),
        pytest.param(f"o\n1\n{ROOT64[:-1]}\n", id="no padding"),
        pytest.param(f"o\n1\n{ROOT64[:-2]}V=\n", id="base64 with unused bits set"),
        pytest.param(f"o\n1\n{base64.b64encode(bytes(31)).decode()}\n", id="31 bytes"),
        pytest.param(f"o\n1\n{base64.b64encode(bytes(33)).decode()}\n", id="33 bytes"),
        pytest.param(f"o\r\n1\r\n{ROOT64}\r\n", id="CRLF"),
    ],
)
def test_a_malformed_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        parse_checkpoint(text)


def test_extension_lines_are_read_over_and_never_written() -> None:
    checkpoint = parse_checkpoint(f"o\n7\n{ROOT64}\nan extension\nanother\n")
    assert checkpoint == Checkpoint("o", 7, b"\x05" * 32)
    assert checkpoint.text() == f"o\n7\n{ROOT64}\n"


@given(st.integers(1, 2**64 - 1), st.binary(min_size=32, max_size=32))
@settings(deadline=None, max_examples=60)
def test_a_checkpoint_read_back_is_the_same(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(LOG["origin"], size, root)
    assert parse_checkpoint(checkpoint.text()) == checkpoint
    assert open_checkpoint(sign_checkpoint(checkpoint, SIGNER), KEY, LOG["origin"]) == checkpoint


def test_the_empty_tree_has_a_checkpoint() -> None:
    assert parse_checkpoint(Checkpoint("o", 0, EMPTY_ROOT).text()).size == 0


def test_a_log_signs_for_itself_only_and_is_read_as_itself_only() -> None:
    foreign = Checkpoint("other.example/1/1", 1, b"\x05" * 32)
    with pytest.raises(NoteRefused, match="log of its own name"):
        sign_checkpoint(foreign, SIGNER)
    smuggled = sign_note(foreign.text(), SIGNER)
    with pytest.raises(NoteRefused, match="another log"):
        open_checkpoint(smuggled, KEY, KEY.name)
    with pytest.raises(NoteRefused, match="signed by the key of that name"):
        open_checkpoint(smuggled, KEY, "other.example/1/1")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name",
        "name+530d903a",
        PUBLISHED_KEY.replace("530d903a", "530D903A"),
        PUBLISHED_KEY.replace("530d903a", "530d903b"),
        PUBLISHED_KEY.replace("530d903a", "30d903a"),
        PUBLISHED_KEY.replace("+AekyeRrm", "+BOkyeRrm"),
        PUBLISHED_KEY + "=",
        PUBLISHED_KEY + "\n",
        PUBLISHED_KEY.replace("example.com/foo", "example.com/bar"),
        PUBLISHED_KEY.replace("example.com/foo", "example.com /foo"),
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "low.example+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "x" * 300 + PUBLISHED_KEY,
    ],
)
def test_a_malformed_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(text)


def test_a_text_without_a_newline_or_with_control_characters_is_not_signed() -> None:
    for text in ("", "x", "a\x07b\n", "a\rb\n"):
        with pytest.raises(NoteRefused):
            sign_note(text, SIGNER)


def test_a_signer_of_notes_shows_no_secret() -> None:
    assert LOG["log_key_seed"] not in repr(SIGNER)
