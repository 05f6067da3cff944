"""One bureau and one server for the acceptance tests that only talk to it; whoever breaks one makes its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.support.server import Bureau, Door, ServerProcess, bureau, door


@pytest.fixture(scope="session")
def city() -> Iterator[Bureau]:
    """Three authorities of one line on one folder."""
    with bureau(authorities=("210000", "210500", "210521")) as made:
        made.start()
        yield made


@pytest.fixture(scope="session")
def city_server(city: Bureau) -> ServerProcess:
    """The server of `city`."""
    return city.servers[0]


@pytest.fixture
async def at(city_server: ServerProcess) -> AsyncIterator[Door]:
    """A client of the city's server."""
    async with door(city_server) as made:
        yield made
