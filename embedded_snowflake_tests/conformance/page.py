"""Writes the lower part of docs/embedded-snowflake.md from the suite.

What is above the marker is written by hand and kept. `python -m
embedded_snowflake_tests.conformance.page` writes the page; `test_page.py` says when it is old.
What must not go here: claims that no case or call makes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from embedded_snowflake_tests.conformance.api_calls import CALLS, Needs, Refused
from embedded_snowflake_tests.conformance.case import Case, Group
from embedded_snowflake_tests.conformance.cases import groups
from embedded_snowflake_tests.conformance.snowpark_examples import (
    DIFFERING,
    REFUSED_GROUPS,
    examples,
    group_of,
    is_refused,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "embedded-snowflake.md"
MARKER = "<!-- From here on made by embedded_snowflake_tests/conformance/page.py. -->"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")


def _link(case: Case) -> str:
    return f"[{case.page.rsplit('/', 1)[-1]}]({case.address})"


def _supported(found: dict[str, Group]) -> Iterator[str]:
    yield "## What works"
    yield ""
    yield (
        "Each case is a statement of Snowflake's documentation with the result that the page "
        "gives. The suite runs them here, and with `pytest -m snowflake` unchanged on an account."
    )
    yield ""
    yield "| | cases | as documented | refused |"
    yield "|---|---|---|---|"
    for group in found.values():
        cases = group.cases
        counts = (
            len(cases),
            sum(one.refused is None for one in cases),
            sum(one.refused is not None for one in cases),
        )
        shown = " | ".join(str(count) if count else "" for count in counts)
        yield f"| **{group.title}**. {_escaped(group.summary)} | {shown} |"


def _refused(found: dict[str, Group]) -> Iterator[str]:
    yield "## What is refused"
    yield ""
    yield "With an error, never with a wrong answer:"
    yield ""
    for group in found.values():
        cases = [one for one in group.cases if one.refused is not None]
        if cases:
            shown = ", ".join(f"{_escaped(one.name)} ({_link(one)})" for one in cases)
            yield f"- {group.title}: {shown}."


def _clients() -> Iterator[str]:
    yield "## The ML clients"
    yield ""
    yield (
        "Every public method of the feature store, dataset and registry clients, as a test calls "
        "it. A method that a new version of the client brings fails that test until it is called."
    )
    yield ""
    yield "| class | works | is refused, with these words | is not called: needs |"
    yield "|---|---|---|---|"
    for one in dict.fromkeys(name.split(".")[0] for name in CALLS):
        works: list[str] = []
        refused: list[str] = []
        needs: list[str] = []
        for name, call in CALLS.items():
            owner, method = name.split(".")
            if owner != one:
                continue
            if isinstance(call, Needs):
                needs.append(f"`{method}` {call.what}")
            elif isinstance(call, Refused):
                refused.append(f"`{method}` ({call.words})")
            else:
                works.append(f"`{method}`")
        columns = (", ".join(works), ", ".join(refused), ", ".join(needs))
        yield f"| {one} | {' | '.join(columns)} |"


def _examples() -> Iterator[str]:
    names = examples()
    refused = [one for one in names if is_refused(one)]
    answered = len(names) - len(refused) - len(DIFFERING)
    yield "## Snowpark's documented examples"
    yield ""
    yield (
        f"The installed client's docstrings, whose outputs are those of a real account: "
        f"{len(names)} with examples, {answered} answered as documented, {len(refused)} refused "
        f"in part or whole, {len(DIFFERING)} answered otherwise."
    )
    yield ""
    reasons: dict[str, list[str]] = {}
    for name, reason in DIFFERING.items():
        reasons.setdefault(reason, []).append(f"`{name.rpartition('.')[2]}`")
    for reason, those in reasons.items():
        yield f"- Otherwise: {_escaped(reason)} ({', '.join(those)})."
    groups_of = [
        f"{what} ({sum(group_of(one) == what for one in names)})" for what in REFUSED_GROUPS
    ]
    others = sorted(one.rpartition(".")[2] for one in refused if group_of(one) is None)
    shown = ", ".join(f"`{one}`" for one in others)
    yield f"- Refused: {', '.join(groups_of)}, and an example or more of {shown}."


def made() -> str:
    """The part of the page that the suite makes."""
    found = groups()
    parts = (_supported(found), _refused(found), _clients(), _examples())
    return "\n".join("\n".join(part).rstrip("\n") + "\n" for part in parts if part).replace(
        "\n\n\n", "\n\n"
    )


def whole() -> str:
    """The page: what is written by hand, then what the suite makes.

    Raises:
        ValueError: the page has lost the marker between the two.
    """
    written, found, _ = PAGE.read_text().partition(MARKER)
    if not found:
        message = f"{PAGE.name} has no line {MARKER!r}: put it below what is written by hand."
        raise ValueError(message)
    return f"{written}{MARKER}\n\n{made()}"


if __name__ == "__main__":
    PAGE.write_text(whole())
