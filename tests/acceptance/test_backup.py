"""`liuhen backup`: a copy that is checked before it counts, starts as a database, and lets terminals delete.

Operator Wang backs up while terminal T-1 uploads; what was not backed up, no terminal may delete.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ops.backup import BackupRefused, check_copy
from tests.support.log import PaperTerminal
from tests.support.server import Bureau, Door, bureau, copy_folder, door, enrolled


@pytest.fixture(scope="module")
def office() -> Iterator[Bureau]:
    """A bureau of its own: backups confirm what is in a log."""
    with bureau() as made:
        made.start()
        yield made


def back_up(place: Bureau, target: Path) -> dict[str, int]:
    """Run the command; returns the size of each log in the copy."""
    done = place.command("backup", "--to", str(target), "--json")
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["folder"] == str(target)
    sizes: dict[str, int] = said["sizes"]
    return sizes


async def upload(at: Door, terminal: PaperTerminal, count: int) -> int:
    """Upload; returns the watermark of the receipt."""
    answer = await at.post(terminal.batch([terminal.envelope() for _ in range(count)]))
    return answer.receipt.watermark


async def test_receipts_let_a_terminal_delete_what_is_backed_up_and_nothing_before(office: Bureau) -> None:
    async with door(office.servers[0]) as at:
        t1, t2 = await enrolled(office, at), await enrolled(office, at)
        assert await upload(at, t1, 5) == 0
        assert await upload(at, t1, 2) == 0, "committed, and yet on one disk only"
        ((_, size),) = back_up(office, office.folder / "first").items()
        assert await upload(at, t1, 3) == 7
        assert await upload(at, t2, 4) == 0, "none of its records were there yet"
        assert back_up(office, office.folder / "second").popitem()[1] > size
        assert await upload(at, t1, 1) == 10
        assert await upload(at, t2, 1) == 4


async def test_the_copy_names_every_file_and_a_damaged_one_is_refused(office: Bureau) -> None:
    copy = office.folder / "sound"
    back_up(office, copy)
    whole = check_copy(copy)
    assert whole > 500
    table = next(path for path in sorted(copy.glob("base/*/*")) if path.stat().st_size > 0)
    data = bytearray(table.read_bytes())
    data[len(data) // 2] ^= 1
    harms: dict[str, Callable[[Path], object]] = {
        "differs": lambda broken: (broken / table.relative_to(copy)).write_bytes(data),
        "lacks": lambda broken: (broken / table.relative_to(copy)).unlink(),
        "manifest": lambda broken: _append(broken / "backup_manifest", b" "),
        "no backup_manifest": lambda broken: (broken / "backup_manifest").unlink(),
        "damaged": lambda broken: (broken / "backup_manifest").write_bytes(b"{}"),
        "write-ahead log": lambda broken: [path.unlink() for path in (broken / "pg_wal").iterdir() if path.is_file()],
    }
    for said, harm in harms.items():
        broken = office.folder / "broken"
        shutil.copytree(copy, broken)
        harm(broken)
        with pytest.raises(BackupRefused, match=said):
            check_copy(broken)
        shutil.rmtree(broken)
    assert check_copy(copy) == whole


def _append(path: Path, data: bytes) -> None:
    """One more byte in front of the end of the manifest's signed part."""
    raw = path.read_bytes()
    at = raw.index(b'"Files"')
    path.write_bytes(raw[:at] + data + raw[at:])


async def test_a_folder_that_is_in_use_is_refused_and_nothing_is_confirmed(office: Bureau) -> None:
    async with door(office.servers[0]) as at:
        terminal = await enrolled(office, at)
        await upload(at, terminal, 2)
        other = office.folder / "other"
        other.mkdir()
        (other / "diary.txt").write_text("important", "utf-8")
        for target in (other, other / "diary.txt"):
            done = office.command("backup", "--to", str(target))
            assert (done.returncode, done.stdout) == (2, "")
            assert "name a new folder" in done.stderr
            assert len(done.stderr.splitlines()) == 1
        assert [path.name for path in other.iterdir()] == ["diary.txt"]
        assert await upload(at, terminal, 1) == 0


def verified(place: Bureau) -> subprocess.CompletedProcess[str]:
    return place.command("verify", "--json")


@pytest.mark.slow
async def test_a_copy_starts_as_a_database_and_verifies() -> None:
    """The procedure of the README: stop everything, put the copy where the data lay, start."""
    with bureau() as place:
        server = await place.started()
        async with door(server) as at:
            terminal = await enrolled(place, at)
            await upload(at, terminal, 20)
        server.stop()
        sizes = back_up(place, place.folder / "copy")
        place.cluster.stop()
        lost = place.folder / "lost"
        place.cluster.data.rename(lost)
        copy_folder(place.folder / "copy", place.cluster.data)
        owner = lost.stat()
        for path in (place.cluster.data, *place.cluster.data.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)
        place.cluster.start()
        done = verified(place)
        assert done.returncode == 0, done.stdout
        report = json.loads(done.stdout)
        assert {log["log"]: log["entries"] for log in report["logs"]} == sizes
        again = await place.started()
        async with door(again) as at:
            await upload(at, terminal, 1)
        assert (await place.verify()).clean
