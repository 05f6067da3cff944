"""The embedded cluster: made, adopted, killed, recovered, shared, placed and removed, on the real PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import pwd
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from ops import postgres, postmaster
from ops.cluster import Cluster, ClusterError, find_binaries

SMALL = {"shared_buffers": "16MB", "max_wal_size": "256MB"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def make(short_folder: Path) -> Iterator[Callable[..., Cluster]]:
    made: list[Cluster] = []

    def new(folder: Path | None = None) -> Cluster:
        made.append(Cluster(folder or short_folder / "d", settings=SMALL))
        return made[-1]

    yield new
    for one in made:
        one.stop()
    for one in made:
        one.destroy()


def ask(cluster: Cluster, sql: str, database: str = "postgres") -> object:
    rows = asyncio.run(cluster.psql(sql, database=database))
    return rows[0][0] if rows else None


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        select.select([], [], [], 0.01)


def alive(pid: int) -> bool:
    return postmaster.alive(pid)


def test_a_new_cluster_keeps_what_the_log_rests_on(make: Callable[..., Cluster]) -> None:
    cluster = make().start()
    assert Path(str(ask(cluster, "SHOW data_directory"))).samefile(cluster.data)
    for setting, value in {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "server_encoding": "UTF8",
        "password_encryption": "scram-sha-256",
        "TimeZone": "UTC",
    }.items():
        assert ask(cluster, f"SHOW {setting}") == value, setting
    assert ask(cluster, "SELECT datctype FROM pg_database WHERE datname = 'template1'") == "C.UTF-8"


def test_no_file_of_the_cluster_is_readable_by_others(make: Callable[..., Cluster]) -> None:
    cluster = make().start()
    assert (cluster.home / "secret").stat().st_mode & 0o777 == 0o600
    assert cluster.log.stat().st_mode & 0o777 == 0o600
    assert cluster.data.stat().st_mode & 0o777 == 0o700
    assert cluster.sockets.stat().st_mode & 0o777 == 0o700
    assert not list(cluster.home.glob("password*"))


def test_a_wrong_password_is_refused_and_a_derived_one_serves_a_role(make: Callable[..., Cluster]) -> None:
    cluster = make().start()

    async def try_both() -> None:
        wrong = cluster.dsn().replace(cluster.password("postgres"), "0" * 64)
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(wrong)
        await cluster.psql(f"CREATE ROLE reader LOGIN PASSWORD '{cluster.password('reader')}'")
        connection = await asyncpg.connect(cluster.dsn("reader"))
        assert await connection.fetchval("SELECT current_user") == "reader"
        await connection.close()

    asyncio.run(try_both())


def test_starting_twice_is_starting_once_and_a_second_start_finds_the_data(make: Callable[..., Cluster]) -> None:
    cluster = make().start()
    pid = cluster.pid
    assert cluster.start().pid == pid
    ask(cluster, "CREATE TABLE kept AS SELECT 7 AS n")
    cluster.stop()
    assert cluster.pid is None
    assert ask(make().start(), "SELECT n FROM kept") == 7


def test_what_was_committed_outlives_five_kills_of_the_postmaster(make: Callable[..., Cluster]) -> None:
    cluster = make().start()
    ask(cluster, "CREATE TABLE kept (n int)")
    for n in range(5):
        ask(cluster, f"INSERT INTO kept VALUES ({n})")
        pid = cluster.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        cluster.start()
        assert cluster.pid != pid
        assert ask(cluster, "SELECT count(*) FROM kept") == n + 1


def test_a_stale_pid_file_that_names_a_living_stranger_does_not_stop_the_start(make: Callable[..., Cluster]) -> None:
    cluster = make().start()
    cluster.stop()
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        stale = cluster.data / "postmaster.pid"
        stale.write_text(f"{stranger.pid}\n{cluster.data}\n0\n5432\n{cluster.sockets}\n\n  1 1\nready   \n")
        assert cluster.pid is None
        cluster.start()
        assert cluster.pid != stranger.pid
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_two_users_of_one_folder_share_the_server_and_the_last_to_leave_stops_it(make: Callable[..., Cluster]) -> None:
    first, second = make().start(), make().start()
    pid = first.pid
    assert pid is not None
    assert second.pid == pid
    first.stop()
    assert ask(second, "SELECT 1") == 1
    second.stop()
    assert not alive(pid)


HOLDER = """
import sys
from pathlib import Path
from ops.cluster import Cluster
cluster = Cluster(Path(sys.argv[1]), settings={"shared_buffers": "16MB"}).start()
print(cluster.pid, flush=True)
sys.stdin.read()
cluster.stop()
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_processes_that_start_at_once_share_one_server(make: Callable[..., Cluster], short_folder: Path) -> None:
    processes = [holder(short_folder / "d") for _ in range(3)]
    pids = set()
    for process in processes:
        assert process.stdout is not None
        pids.add(int(process.stdout.readline()))
    assert len(pids) == 1
    for process in processes:
        process.communicate("", timeout=60)
        assert process.returncode == 0
    assert not alive(pids.pop())
    make()


def test_a_server_that_outlives_its_killed_process_is_adopted_and_then_stopped(
    make: Callable[..., Cluster], short_folder: Path
) -> None:
    process = holder(short_folder / "d")
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.communicate()
    assert alive(pid)
    cluster = make().start()
    assert cluster.pid == pid
    cluster.stop()
    until(lambda: not alive(pid))


def test_an_initdb_that_was_cut_short_is_begun_again(make: Callable[..., Cluster]) -> None:
    cluster = make()
    (cluster.home / "data.new").mkdir(parents=True)
    (cluster.home / "data.new" / "PG_VERSION").write_text("18\n")
    assert ask(cluster.start(), "SELECT 1") == 1
    assert not (cluster.home / "data.new").exists()


def test_a_path_too_long_for_a_socket_moves_only_the_socket(make: Callable[..., Cluster], short_folder: Path) -> None:
    deep = short_folder / ("d" * 90)
    cluster = make(deep).start()
    assert cluster.data == deep / "postgresql" / "data"
    assert len(str(cluster.sockets)) < 60
    assert ask(cluster, "SELECT 1") == 1
    moved = cluster.sockets
    cluster.stop()
    shutil.rmtree(moved.parent)  # a machine that was started again has an empty temporary folder
    assert ask(cluster.start(), "SELECT 1") == 1
    moved = cluster.sockets
    cluster.destroy()
    assert not moved.exists()
    assert not moved.parent.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: who runs the server is its own user otherwise")
def test_a_folder_closed_to_nobody_still_serves_and_leaves_nothing(
    make: Callable[..., Cluster], short_folder: Path
) -> None:
    closed = short_folder / "closed"
    closed.mkdir(mode=0o700)
    cluster = make(closed / "d").start()
    assert ask(cluster, "SELECT 1") == 1
    assert cluster.pid is not None
    assert Path(f"/proc/{cluster.pid}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
    data = cluster.data
    assert not data.is_relative_to(closed)
    cluster.stop()
    assert make(closed / "d").start().data == data
    cluster.stop()
    for_removal = make(closed / "d").start()
    with pytest.raises(ClusterError, match="in use by another process"):
        make(closed / "d").destroy()
    for_removal.stop()


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: who runs the server is its own user otherwise")
def test_programs_below_a_closed_folder_serve_by_a_copy_of_root(short_folder: Path) -> None:
    package = find_binaries().bin.parents[1]
    closed = short_folder / "closed"
    closed.mkdir(mode=0o700)
    shutil.copytree(package, closed / package.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, closed / libraries.name)
    binaries = find_binaries(closed / package.name / find_binaries().bin.parent.name / "bin")
    cluster = Cluster(short_folder / "d", binaries=binaries, settings=SMALL)
    shelf = postgres.SHELF
    before = set(shelf.iterdir()) if shelf.exists() else set()
    try:
        assert ask(cluster.start(), "SELECT 1") == 1
        copied = cluster.binaries.bin
        assert not copied.is_relative_to(short_folder)
        assert copied.stat().st_uid == 0
    finally:
        cluster.destroy()
    for added in set(shelf.iterdir()) - before:
        shutil.rmtree(added)
    if not before:
        shelf.rmdir()


@pytest.mark.skipif(os.geteuid() != 0, reason="root only: other tests run as an ordinary user then")
def test_an_ordinary_user_runs_the_cluster_as_itself(short_folder: Path) -> None:
    nobody = pwd.getpwnam("nobody")
    home = short_folder / "theirs"
    home.mkdir()
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    binaries = postgres.within_reach(find_binaries(), postgres.account_for(home))
    reading, writing = os.pipe()
    child = os.fork()  # not a new interpreter: the checkout may lie where that user cannot read it
    if child == 0:
        answer = "nothing"
        try:
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            with Cluster(home / "d", binaries=binaries, settings=SMALL) as cluster:
                answer = f"runs as {Path(f'/proc/{cluster.pid}').stat().st_uid}"
            cluster.destroy()
        except BaseException as fault:  # noqa: BLE001 - the parent is told whatever it was
            answer = repr(fault)
        finally:
            os.write(writing, answer.encode())
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    assert told == f"runs as {nobody.pw_uid}"
    assert not (home / "d" / "postgresql").exists()


def test_destroy_refuses_while_another_process_uses_the_cluster(
    make: Callable[..., Cluster], short_folder: Path
) -> None:
    process = holder(short_folder / "d")
    assert process.stdout is not None
    process.stdout.readline()
    with pytest.raises(ClusterError, match="in use by another process"):
        make().destroy()
    process.communicate("", timeout=60)
    cluster = make()
    cluster.destroy()
    assert not cluster.home.exists()


def test_settings_that_the_promises_rest_on_cannot_be_given(short_folder: Path) -> None:
    with pytest.raises(ClusterError, match="fsync"):
        Cluster(short_folder, settings={"fsync": "off"})


def test_a_setting_that_postgresql_refuses_is_named_in_the_error(short_folder: Path) -> None:
    cluster = Cluster(short_folder / "d", settings={"shared_buffers": "a lot"})
    with pytest.raises(ClusterError, match=r"did not start.*server\.log"):
        cluster.start()
    assert cluster.pid is None
    Cluster(short_folder / "d").destroy()


def test_data_of_another_version_are_refused_with_both_versions(make: Callable[..., Cluster]) -> None:
    cluster = make().start()
    cluster.stop()
    version = cluster.data / "PG_VERSION"
    kept = version.read_text()
    version.write_text("14\n")
    with pytest.raises(ClusterError, match=r"made by PostgreSQL 14, these are \d+"):
        make().start()
    version.write_text(kept)


def test_a_folder_without_binaries_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="expected an executable initdb"):
        find_binaries(tmp_path)


def test_an_old_postgresql_is_refused(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.11 (Debian 14.11-1)'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(ClusterError, match="15 or newer"):
        find_binaries(tmp_path)


def test_the_version_of_a_distribution_is_read(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)'\n")
        (tmp_path / name).chmod(0o755)
    assert find_binaries(tmp_path).major == 15
