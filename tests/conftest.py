"""Fixtures that every room uses: a database, a short folder; and the last line, which names what was not run."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support import postgres

try:
    from tests.support.skips import ALLOWED_SKIPS
except ModuleNotFoundError:
    ALLOWED_SKIPS: tuple[str, ...] = ()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.TestServer]:
    """The cluster of this session (real PostgreSQL, Unix socket only)."""
    with postgres.running_server() as server:
        yield server


@pytest.fixture
async def database(postgres_server: postgres.TestServer) -> AsyncIterator[postgres.TestDatabase]:
    """A database of the newest shape for this test alone."""
    made = await postgres_server.make_database()
    yield made
    await postgres_server.drop_database(made)


@pytest.fixture
async def empty_database(postgres_server: postgres.TestServer) -> AsyncIterator[postgres.TestDatabase]:
    """A database without any table, for tests of the migrations themselves."""
    made = await postgres_server.make_database(migrated=False)
    yield made
    await postgres_server.drop_database(made)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder for a cluster or a socket: use it instead of tmp_path, whose parents are closed to other users."""
    with postgres.short_folder() as folder:
        yield folder


class _Skips:
    """Collects why tests were skipped: aloud on a desk, a failure under CI=true unless the reason is allowed."""

    def __init__(self) -> None:
        self.reasons: dict[str, int] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            self._add(report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self._add(report.longrepr)

    def _add(self, longrepr: object) -> None:
        reason = longrepr[2] if isinstance(longrepr, tuple) else str(longrepr)
        reason = reason.removeprefix("Skipped: ")
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def unexpected(self) -> list[str]:
        return [reason for reason in self.reasons if not reason.startswith(ALLOWED_SKIPS)]


def pytest_configure(config: pytest.Config) -> None:
    # Every run tries examples of its own; one that failed becomes a test with a name, not a file on one desk.
    # Nor does a run fail because the machine is busy: how fast something must be is measured by tests of speed.
    hypothesis.settings.register_profile(
        "liuhen", database=None, deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
    )
    hypothesis.settings.load_profile("liuhen")
    config.pluginmanager.register(_Skips(), "liuhen-skips")


def pytest_sessionfinish(session: pytest.Session) -> None:
    skips: _Skips = session.config.pluginmanager.getplugin("liuhen-skips")
    if os.environ.get("CI") == "true" and skips.unexpected() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """Hand the reasons to `make test`, whose last line names them."""
    skips: _Skips | None = config.pluginmanager.getplugin("liuhen-skips")
    target = os.environ.get("LIUHEN_TEST_SKIPS")
    if skips is not None and target:
        lines = [f"{count} x {reason}\n" for reason, count in sorted(skips.reasons.items())]
        Path(target).write_text("".join(lines), "utf-8")
