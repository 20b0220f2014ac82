"""The documentation page says what the suite says."""

from __future__ import annotations

from embedded_snowflake_tests.conformance.page import PAGE, whole


def test_the_page_is_as_the_suite_makes_it() -> None:
    assert PAGE.read_text() == whole(), (
        "docs/embedded-snowflake.md is old: run "
        "`python -m embedded_snowflake_tests.conformance.page`."
    )
