"""The source of an answer: its own definition and those that it leads to, as they stand in the student's cells."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lrtutorial.answers.parsing import parsed

MOST_DEFINITIONS, MOST_CHARACTERS = 20, 40_000


Definition = ast.FunctionDef | ast.ClassDef | ast.Assign
_PLAIN = (
    ast.Constant, ast.UnaryOp, ast.unaryop, ast.BinOp, ast.operator, ast.List, ast.Tuple, ast.Call, ast.Attribute,
    ast.Name, ast.expr_context,
)  # fmt: skip


@dataclass(frozen=True)
class Source:
    """A function, a class or a constant as it stands in a cell.

    ``text`` is the whole cell, ``line`` the definition's in it; ``above`` is how many blank lines the cell has that
    Python doesn't count.
    """

    name: str
    text: str
    line: int
    above: int = 0

    def definition(self) -> Definition:
        """Return the definition's tree, with the cell's line numbers. Raises SyntaxError or LookupError."""
        if constants := _constants_of(self.text, self.name):
            return constants[0]
        for node in ast.walk(parsed(self.text)):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == self.name:
                if min([node.lineno, *(one.lineno for one in node.decorator_list)]) == self.line:
                    return node
        raise LookupError(self.name)


def sources_of(answer: object) -> tuple[list[Source], dict[str, object]]:
    """Return the definitions an answer needs, each after those it builds on, and what else they use by name.

    Both are empty when the answer's source isn't known, or isn't of reasonable size.
    """
    found: dict[str, Source] = {}
    space: dict[str, object] = {}
    _follow(answer, found, space, set())
    sources = list(found.values())
    if len(sources) > MOST_DEFINITIONS or sum(len(one.text) for one in sources) > MOST_CHARACTERS:
        return [], {}
    if getattr(answer, "__name__", None) not in found:
        return [], {}
    return sources, {**_beside(answer, {one.text for one in sources}, {*found, *space}), **space}


def _beside(answer: Any, cells: set[str], known: set[str]) -> dict[str, Any]:
    """Return what else these cells use by name: a line that is missing may need what its neighbours use."""
    outside = next((function.__globals__ for function in _functions(answer)), {})
    loaded = {
        node.id
        for text in cells
        for node in ast.walk(parsed(text))
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
    }
    return {name: outside[name] for name in sorted(loaded - known) if name in outside}


def _follow(thing: object, found: dict[str, Source], space: dict[str, object], seen: set[int]) -> None:
    if id(thing) in seen or len(found) > MOST_DEFINITIONS:
        return
    seen.add(id(thing))
    source = _source(thing)
    if source is None:
        return
    if isinstance(thing, type):
        for base in thing.__bases__:
            _use(base.__name__, base, found, space, seen)
    for function in _functions(thing):
        for name in _names(function.__code__):
            if name in function.__globals__ and name != source.name and name not in found:
                if constant := _constant(name, source, function.__globals__):
                    found[name] = constant
                else:
                    _use(name, function.__globals__[name], found, space, seen)
    found[source.name] = source


def _constant(name: str, user: Source, outside: dict[str, object]) -> Source | None:
    """Return a plain value that the user's cell gives a name, once, and that the name still has."""
    nodes = _constants_of(user.text, name)
    if len(nodes) != 1 or isinstance(outside[name], type | types.FunctionType | types.ModuleType):
        return None
    (node,) = nodes
    if not all(isinstance(one, _PLAIN) for one in ast.walk(node.value)):
        return None
    try:
        value = eval(compile(ast.Expression(node.value), "<constant>", "eval"), dict(outside))
        return Source(name, user.text, node.lineno, user.above) if repr(value) == repr(outside[name]) else None
    except Exception:  # what it needs was changed since
        return None


def _constants_of(text: str, name: str) -> list[ast.Assign]:
    return [
        node
        for node in parsed(text).body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == [name]
    ]


def _use(name: str, value: object, found: dict[str, Source], space: dict[str, object], seen: set[int]) -> None:
    if isinstance(value, type | types.FunctionType) and getattr(value, "__name__", "") == name:
        _follow(value, found, space, seen)
        if name in found:
            return
    if value is not object:
        space[name] = value


def _functions(thing: object) -> Iterator[types.FunctionType]:
    values = vars(thing).values() if isinstance(thing, type) else [thing]
    for value in values:
        function = getattr(value, "fget", None) or getattr(value, "__func__", value)
        if isinstance(function, types.FunctionType):
            yield inspect.unwrap(function)


def _names(code: types.CodeType) -> set[str]:
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    return set(code.co_names).union(*map(_names, inner))


def _source(thing: object) -> Source | None:
    """Return the source of a function or class of a cell, or None: of a library's it isn't a student's to change."""
    functions = list(_functions(thing))
    if not functions:
        return None
    code = functions[0].__code__
    if not ("ipykernel" in code.co_filename or code.co_filename.startswith("<")):
        return None
    text = "".join(linecache.getlines(code.co_filename))
    try:
        tree = parsed(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.name != getattr(thing, "__name__", ""):
            continue
        first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        if first <= code.co_firstlineno <= (node.end_lineno or 0):
            return Source(node.name, text, first, _blank_lines_above(text))
    return None


def _blank_lines_above(text: str) -> int:
    """Return how many blank lines the cell begins with: IPython takes them off before Python counts."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    for raw in reversed(shell.history_manager.input_hist_raw if shell else []):
        below = raw.lstrip("\n")
        if below != raw and below.strip() and text.startswith(below.rstrip()):
            return len(raw) - len(below)
        if below == raw and raw.strip() and text.startswith(raw.rstrip()):
            return 0
    return 0
