"""Which statements of a notebook the answers to a step are made of: their definitions, and what those use in turn.

Source is read, nothing is run. A statement that an answer doesn't reach (a comparison with a library's optimizer, an
import that is never used) is no part of it; one that may change an answer from afar (``setattr``, ``exec``) always is.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from lrtutorial.answers.parsing import children, nodes, shared

#: Calls and names by which a statement may change what it doesn't name.
_FROM_AFAR = {
    "exec", "compile", "globals", "locals", "vars", "setattr", "delattr", "__setattr__", "__import__", "import_module",
    "run_cell", "run_code", "run_module", "runpy", "get_ipython", "builtins", "__builtins__", "__main__", "modules",
    "f_globals", "f_locals", "user_ns", "__dict__", "__globals__", "__code__", "__class__", "ctypes", "gc",
}  # fmt: skip
#: Methods that put something into what they belong to.
_FILLERS = {
    "append", "appendleft", "extend", "insert", "update", "add", "setdefault", "push", "put", "register", "send",
    "__setitem__", "__setattr__", "__iadd__", "__ior__", "__init__",
}  # fmt: skip
Node = TypeVar("Node", bound=ast.AST)
_BRANCHES = (ast.If, ast.For, ast.While, ast.Try, ast.With, ast.AsyncFor, ast.AsyncWith, ast.Match)


@dataclass
class Statement:
    """One statement of a cell's top level: what it binds, and what it uses."""

    place: int
    node: ast.stmt
    text: str  #: of its cell
    source: str  #: its own
    binds: frozenset[str] = field(init=False)
    certain: bool = field(init=False)  #: whether it binds these names whenever the cell runs

    def __post_init__(self) -> None:
        if isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self.binds = frozenset({self.node.name, *(name for inner in self.of(ast.Global) for name in inner.names)})
        else:
            self.binds = frozenset(_bound(self.node))
        self.certain = not isinstance(self.node, (*_BRANCHES, ast.AugAssign, ast.Delete))

    @cached_property
    def uses(self) -> tuple[set[str], set[str]]:
        """Names that are looked up when it runs, and those that are looked up when its functions are called."""
        return _names(self.node, self.source)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """All of its tree, outer ones first."""
        return nodes(self.node)

    def of(self, kind: type[Node]) -> list[Node]:
        """Return the nodes of a kind."""
        return self._by_kind.get(kind, [])  # type: ignore[return-value]  # what is kept under a kind is of it

    @cached_property
    def _by_kind(self) -> dict[type[ast.AST], list[ast.AST]]:
        found: dict[type[ast.AST], list[ast.AST]] = {}
        for node in self.nodes:
            found.setdefault(type(node), []).append(node)
        return found

    @cached_property
    def from_afar(self) -> bool:
        """Whether it may change what it doesn't name."""
        names = {node.id for node in self.of(ast.Name)} | {node.attr for node in self.of(ast.Attribute)}
        modules = {node.name.split(".")[0] for node in self.of(ast.alias)}
        return (
            not _FROM_AFAR.isdisjoint(names | modules)
            or any(isinstance(call.func, ast.Name) and call.func.id == "eval" for call in self.of(ast.Call))
            or any(alias.name == "*" for node in self.of(ast.ImportFrom) for alias in node.names)
        )

    def also_called(self, names: set[str]) -> set[str]:
        """Return the names that it gives to one of these things, itself or in a list: what is made by a call is new."""
        value = self.node.iter if isinstance(self.node, ast.For) else getattr(self.node, "value", None)
        waiting: list[ast.AST] = [value] if isinstance(value, ast.AST) and self.binds else []
        while waiting:
            one = waiting.pop()
            if isinstance(one, ast.Name) and one.id in names:
                return set(self.binds)
            if not isinstance(one, ast.Call):
                waiting.extend(children(one))
        return set()

    def changes(self, names: set[str], changers: set[str]) -> bool:
        """Say whether it sets a part of one of these things, or hands one to a function that sets parts."""
        parts, given = self._sets
        return (
            None in parts
            or not names.isdisjoint(parts)
            or any(function in changers and not names.isdisjoint(handed) for function, handed in given.items())
        )

    @cached_property
    def _sets(self) -> tuple[set[str | None], dict[str, set[str]]]:
        """Names of which it sets a part (None: of what has no name), and what it hands to functions, by their names."""
        parts: set[str | None] = set()
        given: dict[str, set[str]] = {}
        set_here: list[ast.Attribute | ast.Subscript] = [*self.of(ast.Attribute), *self.of(ast.Subscript)]
        for node in set_here:
            if isinstance(node.ctx, ast.Store | ast.Del):
                parts.add(_root(node))
                if isinstance(node, ast.Attribute):
                    parts.add(node.attr)
        for call in self.of(ast.Call):
            if isinstance(call.func, ast.Attribute):
                if call.func.attr in _FILLERS and (root := _root(call.func)) is not None:
                    parts.add(root)
            elif isinstance(call.func, ast.Name):
                handed = [*call.args, *(word.value for word in call.keywords)]
                words = (part.id for each in handed for part in nodes(each) if isinstance(part, ast.Name))
                given.setdefault(call.func.id, set()).update(words)
        return parts, given


def reached(cells: Iterable[str], answers: Iterable[str], files: Mapping[str, str] | None = None) -> list[Statement]:
    """Return the statements of the cells that the answers are made of, in their order.

    ``cells`` are Python (IPython's own syntax taken out), in the order in which they run, up to the step's check; one
    that doesn't parse can't run and is passed over. ``files`` are modules handed in beside the notebook, {name:
    source}; all of one counts as soon as something that counts names it.
    """
    statements = list(_statements(cells))
    wanted, found = _Wanted(statements), {statement.place for statement in statements if statement.from_afar}
    waiting = [statements[place] for place in found]
    for name in answers:
        waiting += wanted.definitions(name, len(statements))
    names, changers = set(answers), _changers(statements)
    while True:
        while waiting:
            statement = waiting.pop()
            found.add(statement.place)
            now, later = statement.uses
            names |= statement.binds | now | later
            waiting += [
                one for name in now for one in wanted.definitions(name, statement.place) if one.place not in found
            ]
            waiting += [one for name in later for one in wanted.all(name) if one.place not in found]
        for _ in range(3):  # names of names of names
            names = names.union(*(one.also_called(names) for one in statements))
        waiting = [one for one in statements if one.place not in found and one.changes(names, changers)]
        if not waiting:
            break
    chosen = [statements[place] for place in sorted(found)]
    return chosen + list(_modules(chosen, files or {}))


class _Wanted:
    """Where names are bound."""

    def __init__(self, statements: list[Statement]):
        self.by_name: dict[str, list[Statement]] = {}
        for statement in statements:
            for name in statement.binds:
                self.by_name.setdefault(name, []).append(statement)

    def all(self, name: str) -> list[Statement]:
        return self.by_name.get(name, [])

    def definitions(self, name: str, before: int) -> list[Statement]:
        """The last certain definition before a place, and those after it that are not certain."""
        found: list[Statement] = []
        for statement in self.all(name):
            if statement.place < before:
                found = [statement] if statement.certain else [*found, statement]
        return found


def _statements(cells: Iterable[str]) -> Iterator[Statement]:
    place = 0
    for text in cells:
        try:
            body = shared(text).body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # as the parser counts them
        for source, node in zip(_sources(body, rows), body, strict=True):
            for one in _apart(node):
                yield Statement(place, one, text, source if one is node else ast.unparse(one))
                place += 1


def _sources(body: list[ast.stmt], rows: list[str]) -> Iterator[str]:
    """The text of each statement: its rows, where it has them for itself (that is quicker than unparsing)."""
    begins = [min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", ()))]) for node in body]
    for index, node in enumerate(body):
        begin, end = begins[index], node.end_lineno or 0
        alone = (index == 0 or (body[index - 1].end_lineno or 0) < begin) and end < [*begins, end + 1][index + 1]
        yield "\n".join(rows[begin - 1 : end]) if alone else ast.unparse(node)


def _apart(node: ast.stmt) -> Iterator[ast.stmt]:
    """An import of several names as several: one of them may be used, and another not."""
    if isinstance(node, ast.Import):
        yield from (ast.copy_location(ast.Import([alias]), node) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield ast.copy_location(ast.ImportFrom(node.module, [alias], node.level), node)
    else:
        yield node


def _bound(node: ast.stmt) -> set[str]:
    """Names that a statement binds at the top level; imports in branches too, not what its functions bind inside."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name} | {name for inner in nodes(node) if isinstance(inner, ast.Global) for name in inner.names}
    found: set[str] = set()
    waiting: list[ast.AST] = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and one is not node:
            found |= _bound(one)
            continue
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store | ast.Del):
            found.add(one.id)
        elif isinstance(one, ast.alias):
            found.add(one.asname or one.name.split(".")[0])
        elif isinstance(one, ast.ExceptHandler) and one.name:
            found.add(one.name)
        elif not isinstance(one, ast.Lambda):
            found |= {one.name} if isinstance(one, ast.MatchAs | ast.MatchStar) and one.name else set()
        waiting.extend(children(one))
    return found


def _names(node: ast.stmt, source: str) -> tuple[set[str], set[str]]:
    try:
        try:
            table = symtable.symtable(source, "cell", "exec")
        except SyntaxError:  # rows that hold more than the statement, such as "; \\" at their end
            table = symtable.symtable(ast.unparse(node), "cell", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        found = {one.id for one in nodes(node) if isinstance(one, ast.Name)}
        return found, found
    now = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()}
    later: set[str] = set()
    waiting = [(child, child.get_type() == "class") for child in table.get_children()]
    while waiting:
        scope, at_once = waiting.pop()
        outer = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_global()}
        now, later = (now | outer, later) if at_once else (now, later | outer)
        waiting += [(child, at_once and child.get_type() == "class") for child in scope.get_children()]
    return now, later


def _root(node: ast.expr) -> str | None:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _changers(statements: list[Statement]) -> set[str]:
    """Functions of the student's that set a part of an argument."""
    found: set[str] = set()
    for statement in statements:
        functions: list[ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda]
        functions = [*statement.of(ast.FunctionDef), *statement.of(ast.AsyncFunctionDef), *statement.of(ast.Lambda)]
        for node in functions:
            given = node.args
            every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
            arguments = {argument.arg for argument in every if argument is not None}
            if any(
                isinstance(part, ast.Attribute | ast.Subscript)
                and isinstance(part.ctx, ast.Store)
                and _root(part) in arguments
                for part in nodes(node)
            ):
                found |= statement.binds
    return found


def _modules(statements: list[Statement], files: Mapping[str, str]) -> Iterator[Statement]:
    """The whole of each file that the statements name, and of those which these name."""
    left = dict(files)
    texts = [ast.unparse(statement.node) for statement in statements] if left else []
    while texts and left:
        words = set("".join(char if char.isidentifier() or char.isdigit() else " " for char in texts.pop()).split())
        for name in [name for name in left if name in words]:
            text = left.pop(name)
            texts.append(text)
            for statement in _statements([text]):
                statement.place += 1_000_000
                yield statement
