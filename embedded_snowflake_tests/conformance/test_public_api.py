"""Every public method of the ML clients works on the embedded warehouse, or says why not."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from embedded_snowflake import ConnectionInfo
from embedded_snowflake_tests.conformance.api_calls import CALLS, Needs, Refused, Works, World


def _classes() -> list[type[Any]]:
    from snowflake.ml.dataset import Dataset
    from snowflake.ml.feature_store import Entity, Feature, FeatureGroup, FeatureStore, FeatureView
    from snowflake.ml.model import Model, ModelVersion
    from snowflake.ml.registry import Registry

    return [
        FeatureStore,
        Entity,
        FeatureView,
        FeatureGroup,
        Feature,
        Dataset,
        Registry,
        Model,
        ModelVersion,
    ]


@pytest.fixture(scope="module")
def world(server: ConnectionInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A database with a feature store and a registry."""
    from snowflake.snowpark import Session

    session = Session.builder.configs(server.connect_arguments()).create()
    session.sql("CREATE OR REPLACE DATABASE public_api").collect()
    yield World(session, "PUBLIC_API", tmp_path_factory.mktemp("api"))
    session.sql("DROP DATABASE public_api").collect()
    session.close()


@pytest.fixture(scope="module")
def done() -> set[object]:
    """The calls that succeeded."""
    return set()


def test_no_public_method_is_left_out_and_none_is_invented() -> None:
    """A new method in a new version of the client stands here until it is called."""
    public = {
        f"{one.__name__}.{name}"
        for one in _classes()
        for name, member in inspect.getmembers(one)
        if not name.startswith("_") and callable(member)
    }
    assert public == set(CALLS)


@pytest.mark.parametrize("method", [name for name, one in CALLS.items() if isinstance(one, Works)])
def test_a_method_works(world: World, done: set[object], method: str) -> None:
    """Methods that belong together (set, get, unset) share a call, which runs once."""
    call = CALLS[method]
    assert isinstance(call, Works)
    if call.call not in done:
        call.call(world)
        done.add(call.call)


@pytest.mark.parametrize(
    "method", [name for name, one in CALLS.items() if isinstance(one, Refused)]
)
def test_a_method_that_is_not_there_says_so(world: World, method: str) -> None:
    call = CALLS[method]
    assert isinstance(call, Refused)
    with pytest.raises(Exception, match=rf"(?i){call.words}"):
        call.call(world)


def test_what_is_not_called_says_what_it_needs() -> None:
    left_out = [one for one in CALLS.values() if isinstance(one, Needs)]
    assert all(one.what for one in left_out)
    assert len(left_out) <= 5


def test_every_property_can_be_read(world: World) -> None:
    for one in (world.view, world.generated_once, world.model, world.version):
        for name, member in inspect.getmembers(type(one)):
            if not name.startswith("_") and isinstance(member, property):
                getattr(one, name)
