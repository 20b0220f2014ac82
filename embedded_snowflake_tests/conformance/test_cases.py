"""Every case, on the embedded warehouse and (marker `snowflake`) on an account."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from embedded_snowflake_tests.conformance.case import Case
from embedded_snowflake_tests.conformance.cases import groups
from embedded_snowflake_tests.conformance.target import Run, Target

GROUPS = groups()


def _parameters() -> Iterator[object]:
    for group, content in GROUPS.items():
        for case in content.cases:
            yield pytest.param(group, case, id=f"{group}-{case.name}")


@pytest.fixture(scope="session")
def runs(target: Target) -> Iterator[dict[str, Run]]:
    """The groups' sessions, made when their first case runs."""
    made: dict[str, Run] = {}
    yield made
    for run in made.values():
        run.close()


@pytest.mark.parametrize(("group", "case"), _parameters())
def test_what_the_documentation_says(
    target: Target, runs: dict[str, Run], group: str, case: Case
) -> None:
    if group not in runs:
        runs[group] = Run(target, GROUPS[group])
    wrong = runs[group].mismatch(case)
    assert wrong is None, f"{wrong}\n{case.address}"


def test_the_suite_is_as_large_as_promised_and_every_case_names_its_page() -> None:
    cases = [(group, case) for group, content in GROUPS.items() for case in content.cases]
    assert len(cases) >= 200
    names = [(group, case.name) for group, case in cases]
    assert len(names) == len(set(names))
    for _, case in cases:
        assert case.page
        assert "." not in case.page
        assert any(one is not None for one in (case.rows, case.error, case.columns, case.types))
