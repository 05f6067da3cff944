"""Media types by their first bytes: contradictions are told, honest files and unknown types are not."""

from __future__ import annotations

import pytest

from server.evidence import kinds

HEADS: dict[str, bytes] = {
    "image/jpeg": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "image/png": b"\x89PNG\r\n\x1a\n\x00",
    "image/gif": b"GIF89a",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "image/heic": b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    "video/mp4": b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2",
    "video/webm": b"\x1a\x45\xdf\xa3\x01",
    "audio/wav": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    "audio/mpeg": b"ID3\x03\x00",
    "audio/aac": b"\xff\xf1\x50\x80",
    "audio/amr": b"#!AMR\n",
    "application/pdf": b"%PDF-1.7\n",
    "application/zip": b"PK\x03\x04",
    "text/plain": "现场检查记录".encode(),
}
PROGRAMS = [b"MZ\x90\x00", b"\x7fELF\x02", b"\xcf\xfa\xed\xfe", b"#!/bin/sh\n", b" <!DOCTYPE html>", b"<svg onload=x>"]


@pytest.mark.parametrize(("declared", "head"), HEADS.items(), ids=HEADS)
def test_honest_files_fit(declared: str, head: bytes) -> None:
    assert kinds.fits(head, declared)
    assert kinds.fits(head, declared.upper() + "; charset=utf-8")
    assert kinds.fits(head, "application/octet-stream")


@pytest.mark.parametrize("declared", [name for name in HEADS if not name.startswith("text/")])
def test_bytes_of_another_type_do_not_fit(declared: str) -> None:
    head = HEADS["image/gif" if declared != "image/gif" else "image/png"]
    assert not kinds.fits(head, declared)


@pytest.mark.parametrize("head", PROGRAMS)
@pytest.mark.parametrize("declared", ["image/jpeg", "video/mp4", "application/pdf", "audio/wav"])
def test_a_program_or_a_page_is_no_picture_film_paper_or_sound(head: bytes, declared: str) -> None:
    assert not kinds.fits(head + bytes(100), declared)
    assert kinds.found(head + bytes(100)) not in ("application/octet-stream", declared)


def test_a_type_that_is_not_in_the_table_is_believed() -> None:
    assert kinds.fits(b"AC1032", "image/vnd.dwg")
    assert kinds.found(b"AC1032\x00\x01\xff\xfe") == "application/octet-stream"


def test_a_character_that_is_cut_off_at_the_end_does_not_make_text_something_else() -> None:
    text = ("检查" * 1_000).encode()[: kinds.HEAD - 1]
    assert kinds.fits(text, "text/plain")
    assert kinds.fits("现场检查记录".encode("gb18030"), "text/plain")
    assert not kinds.fits(b"\x00\x01\x02", "text/plain")
