"""An export is a log that can be verified with nothing but itself, by us and by readers of C2SP tiles."""

from __future__ import annotations

import json
from pathlib import Path

import click.testing
import pytest

from ops import export_log
from ops.cli import export_log as export_command
from ops.cli import root
from ops.cli import verify as verify_command
from ops.export_log import ExportRefused, export
from ops.verify.epochs import Anchors
from ops.verify.export import ExportSource
from ops.verify.findings import Report
from ops.verify.run import verify
from schemas import merkle, notes, tiles
from tests.support.paper_log import PaperLog

COMMANDS = {"verify": verify_command.command, "export-log": export_command.command}


@pytest.fixture(scope="module")
def log() -> PaperLog:
    """Some 700 entries, so that there are full bundles, partial ones and a tile of level 1."""
    made = PaperLog()
    terminal = made.enrol()
    for _ in range(14):
        made.send(terminal.batch([terminal.envelope() for _ in range(50)]))
    return made


def check(path: Path, log: PaperLog) -> Report:
    source = ExportSource(path)
    try:
        return verify(source, Anchors((log.key,)))
    finally:
        source.close()


@pytest.mark.parametrize("name", ["folder", "file.tar"])
def test_an_export_verifies_clean(log: PaperLog, tmp_path: Path, name: str) -> None:
    (made,) = export(log, tmp_path / name)
    report = check(tmp_path / name, log)
    assert report.clean, [f.sentence("en") for f in report.ordered()]
    assert report.remarks == []
    assert report.counts["entries"] == made.size == len(log.now.entries)
    assert sorted(p.name for p in tmp_path.iterdir()) == [name]


def test_a_reader_of_tlog_tiles_finds_every_entry_proven(log: PaperLog, tmp_path: Path) -> None:
    """Only the checkpoint, the tiles and the C2SP arithmetic are used."""
    export(log, tmp_path / "x")
    folder = tmp_path / "x" / "210500" / "1"
    head = notes.open_checkpoint((folder / "checkpoint").read_text("utf-8"), log.key, log.now.origin)
    node = tiles.reader(head.size, lambda tile: (folder / tiles.path_of(tile)).read_bytes())
    for index in (0, 255, 256, 500, head.size - 1):
        width = tiles.width_at(None, index // 256, head.size)
        bundle = (folder / tiles.path_of(tiles.Tile(None, index // 256, width))).read_bytes()
        entry = tiles.decode_bundle(bundle, width)[index % 256]
        proof = merkle.inclusion_proof(index, head.size, node)
        assert merkle.verify_inclusion(merkle.leaf_hash(entry), index, head.size, proof, head.root)


def test_a_range_is_proven_by_the_tiles_of_the_whole_tree(log: PaperLog, tmp_path: Path) -> None:
    (made,) = export(log, tmp_path / "x", first=300, end=400)
    covering = min(size for size in log.now.notes if size >= 400)
    assert (made.first, made.end, made.size) == (256, covering, covering)
    report = check(tmp_path / "x", log)
    assert report.clean, [f.sentence("en") for f in report.ordered()]
    assert report.counts["entries"] == covering - 256
    assert [code for code, _ in report.remarks] == ["partial"]
    bundle = next((tmp_path / "x").rglob("entries/001.p/*"))
    data = bytearray(bundle.read_bytes())
    data[60] ^= 1
    bundle.write_bytes(data)
    found = check(tmp_path / "x", log).first()
    assert found is not None
    assert found.first == 256


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("tile/entries/001", "position_missing"),
        ("tile/0/001", "tile"),
        ("tile/1/000.p/2", "tile"),
        ("checkpoints.ndjson", None),
    ],
)
def test_a_file_that_is_missing_is_named(log: PaperLog, tmp_path: Path, pattern: str, code: str | None) -> None:
    export(log, tmp_path / "x")
    (tmp_path / "x" / "210500" / "1" / pattern).unlink()
    if code is None:
        with pytest.raises(Exception, match=r"checkpoints\.ndjson"):
            check(tmp_path / "x", log)
        return
    assert code in {f.code for f in check(tmp_path / "x", log).findings}


def test_a_changed_hash_tile_is_named_to_the_entry(log: PaperLog, tmp_path: Path) -> None:
    export(log, tmp_path / "x")
    path = tmp_path / "x" / "210500" / "1" / "tile" / "0" / "001"
    data = bytearray(path.read_bytes())
    data[32 * 7] ^= 1
    path.write_bytes(data)
    report = check(tmp_path / "x", log)
    assert [(f.code, f.first, f.last) for f in report.findings] == [("tile", 263, 263)]


def test_nothing_stands_under_the_final_name_after_a_failure(
    log: PaperLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = PaperLog()
    terminal = broken.enrol()
    broken.send(terminal.batch([terminal.envelope()]))
    broken.now.notes.clear()
    with pytest.raises(ValueError, match="empty"):
        export(broken, tmp_path / "x")
    monkeypatch.setattr(export_log.merkle, "leaf_hash", lambda entry: 1 / 0)
    for name in ("x", "x.tar"):
        with pytest.raises(ZeroDivisionError):
            export(log, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_an_export_does_not_overwrite(log: PaperLog, tmp_path: Path) -> None:
    with pytest.raises(ExportRefused, match="exists already"):
        export(log, tmp_path)


def run(*arguments: str) -> click.testing.Result:
    """The command as the command line runs it, under the root that carries --settings."""
    return click.testing.CliRunner().invoke(COMMANDS[arguments[0]], arguments[1:], prog_name=f"liuhen {arguments[0]}")


def test_the_command_says_clean_with_0_found_with_1_and_could_not_with_2(log: PaperLog, tmp_path: Path) -> None:
    assert root.name is not None
    export(log, tmp_path / "x")
    done = run("verify", str(tmp_path / "x"), "--json", "--key", str(log.key))
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["clean"], told["first"], told["remarks"]) == (True, None, [])
    assert "密钥取自日志本身" in run("verify", str(tmp_path / "x")).stdout
    path = tmp_path / "x" / "210500" / "1" / "tile" / "entries" / "000"
    data = bytearray(path.read_bytes())
    data[-60] ^= 1
    path.write_bytes(data)
    done = run("verify", str(tmp_path / "x"), "--lang", "en")
    assert done.exit_code == 1
    assert "findings, the first of them" in done.stdout
    assert run("verify", str(tmp_path / "absent")).exit_code == 2
    assert run("verify", "--key", "nonsense", str(tmp_path / "x")).exit_code == 2
    assert run("verify", "--recovery-key", "00" * 32, str(tmp_path / "x")).exit_code == 2


def test_a_kept_checkpoint_serves_as_register(log: PaperLog, tmp_path: Path) -> None:
    export(log, tmp_path / "short", end=100)
    kept = tmp_path / "note"
    kept.write_text(log.now.notes[max(log.now.notes)], "utf-8")
    done = run("verify", str(tmp_path / "short"), "--json", "--register", str(kept))
    assert done.exit_code == 1
    assert [f["code"] for f in json.loads(done.stdout)["findings"]] == ["register_ahead"]
