"""How fakesnow's 76 transforms walk a statement: most of what a short statement costs is here.

What a transform makes is fakesnow's affair. Add here only what leaves its result as it is; a test
compares with sqlglot's own walk what comes of every statement that the conformance suite has.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from fakesnow import transforms
from sqlglot import exp

ELSEWHERE = frozenset(
    {
        *("show_databases", "show_functions", "show_procedures", "show_parameters"),
        *("show_warehouses", "show_schemas", "show_tables_etc", "show_columns", "show_stages"),
        *("show_sequences", "show_keys", "show_users", "create_user", "alter_session"),
        *("update_variables", "set_schema", "create_database", "create_stage", "create_clone"),
        *("create_file_format", "list_stage", "put_stage"),
    }
)
"""fakesnow's transforms of statements that `objects/` answers, so that they never come here."""


class WalkedTree:
    """A tree that fakesnow's transforms walk.

    Visits, replaces and leaves out what sqlglot's own `transform` does, in its order; a transform
    whose code names no kind of node that the tree has is left out as a whole.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self._kinds = frozenset(type(node) for node in _nodes(root))

    def transform(
        self,
        function: FunctionType,
        *args: Any,
        copy: bool,  # noqa: ARG002  (sqlglot's signature)
        **kwargs: Any,
    ) -> WalkedTree:
        """Put in each node's place what the function makes of it; what is new is not entered."""
        named = _kinds_named(function)
        if named is None or (named and named.isdisjoint(_names_of(self._kinds))):
            return self
        waiting = [self.root]
        at_root = True
        kinds: set[type] = set()
        while waiting:
            node = waiting.pop()
            parent, key, index = node.parent, node.arg_key, node.index
            made = function(node, *args, **kwargs)
            if at_root:
                self.root, at_root = made, False
            elif made is not node and parent is not None and key:
                parent.set(key, made, index)
            if made is node:
                kinds.add(type(node))
                _wait_for_parts(node, waiting)
            elif made is not None:
                kinds.update(type(one) for one in _nodes(made))
        self._kinds = frozenset(kinds)
        return self


def _nodes(root: Any) -> Iterator[Any]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        _wait_for_parts(node, waiting)


def _wait_for_parts(node: Any, waiting: list[Any]) -> None:
    for value in reversed(node.args.values()):
        if type(value) is list:
            waiting += [one for one in reversed(value) if isinstance(one, exp.Expr)]
        elif isinstance(value, exp.Expr):
            waiting.append(value)


_KINDS_NAMED: dict[CodeType, frozenset[str] | None] = {}


def _kinds_named(function: FunctionType) -> frozenset[str] | None:
    """The kinds of node that a transform's code names; None where none can come here."""
    code = function.__code__
    if code not in _KINDS_NAMED:
        names = frozenset(_names(function, set()))
        kinds = frozenset(one for one in names if isinstance(getattr(exp, one, None), type))
        _KINDS_NAMED[code] = kinds if ELSEWHERE.isdisjoint(names) else None
    return _KINDS_NAMED[code]


def _names(function: FunctionType, seen: set[FunctionType]) -> Iterator[str]:
    """What a function's code names, with what the functions of fakesnow's name that it calls."""
    yield function.__name__
    seen.add(function)
    codes = [function.__code__]
    for code in codes:
        codes += [one for one in code.co_consts if isinstance(one, CodeType)]
        for name in code.co_names:
            yield name
            found = function.__globals__.get(name, getattr(transforms, name, None))
            if isinstance(found, FunctionType) and found not in seen:
                yield from _names(found, seen)
            elif isinstance(found, tuple):
                yield from (one.__name__ for one in found if isinstance(one, type))


@functools.lru_cache(maxsize=1_000)
def _names_of(kinds: frozenset[type]) -> frozenset[str]:
    return frozenset(one.__name__ for kind in kinds for one in kind.__mro__)
