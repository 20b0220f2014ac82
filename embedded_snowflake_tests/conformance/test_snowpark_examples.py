"""The examples of the installed Snowpark client are answered as documented, or refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from embedded_snowflake import ConnectionInfo
from embedded_snowflake_tests.conformance.snowpark_examples import (
    DIFFERING,
    REFUSED,
    Run,
    examples,
    group_of,
    is_refused,
    write_files,
)


@pytest.fixture(scope="module")
def session(server: ConnectionInfo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The one session that the examples know of, in a folder with the files that they upload."""
    from snowflake.snowpark import Session
    from snowflake.snowpark import session as sessions

    folder = tmp_path_factory.mktemp("examples")
    write_files(folder / "tests" / "resources")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        # A decorator looks for the process' only session; another test may have left one open.
        patch.setattr(sessions, "_active_sessions", set[Any]())
        with Session.builder.configs(server.connect_arguments()).create() as made:
            made.sql("CREATE OR REPLACE DATABASE snowpark_examples").collect()
            made.sql("CREATE WAREHOUSE IF NOT EXISTS examples_wh").collect()
            made.use_warehouse("examples_wh")
            yield made
            made.sql("DROP DATABASE snowpark_examples").collect()


def _parameters() -> Iterator[Any]:
    """Of what is about the same that is not here, one docstring a group runs each time."""
    seen: set[str] = set()
    for name in examples():
        group = group_of(name)
        marks = [pytest.mark.soak] if group is not None and group in seen else []
        yield pytest.param(name, marks=marks, id=name)
        if group is not None:
            seen.add(group)


@pytest.mark.filterwarnings("ignore")  # They are of the client and of its examples.
@pytest.mark.parametrize("name", list(_parameters()))
def test_an_example_is_answered_as_documented_or_refused(session: Any, name: str) -> None:
    run = Run(name)
    run.put(session)
    if name in DIFFERING:
        assert run.differing, f"It no longer differs ({DIFFERING[name]}): take it off the list."
        return
    assert not run.differing, "\n".join(run.differing)
    if is_refused(name):
        assert run.refused, "It is refused no longer: take it off the list."
    assert is_refused(name) or not run.refused, "\n".join(run.refused)


def test_the_lists_name_docstrings_of_the_client() -> None:
    refused = {f"{owner}.{one}" for owner, names in REFUSED.items() for one in names.split()}
    assert refused | set(DIFFERING) <= set(examples())
    assert not [one for one in DIFFERING if is_refused(one)]
    assert len(examples()) >= 700
