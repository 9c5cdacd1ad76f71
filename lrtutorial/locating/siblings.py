"""Edits that take a part from elsewhere in the cell: code is written in pairs, and one of a pair often lacks something.

Two moments, two coordinates, four functions with the same loop: what stands in one place, with the names of the other,
is what may be missing there.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

from lrtutorial.answers.parsing import nodes
from lrtutorial.locating.edits import (
    AFTER,
    COPIED,
    LEFT_OUT,
    RARE,
    RENAMED,
    SLIP,
    Edit,
    Part,
    _blocks,
    _expression,
    _is_docstring,
    _statement,
    _statements,
    explodes,
)

MOST_NODES = 24  #: of a part that is taken along
SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr)
OPERATORS = (ast.Add, ast.Mult, ast.Sub, ast.Div)
Function = ast.FunctionDef


def copies(tree: ast.AST, cell: ast.AST) -> list[Edit]:
    """Return the edits of a function or class that take an expression or a statement from elsewhere in its cell."""
    whole = [node for node in nodes(cell) if isinstance(node, Function)]
    shared, models = _globals(whole), _simple_statements(whole)
    functions = [node for node in nodes(tree) if isinstance(node, Function)]
    often = Counter(text for one in whole for text in {ast.unparse(node) for node in _statements(one)})
    found = []
    for function in functions:
        names = _Names.of(function, shared)
        taken = chain(_statements_from(function, models, names, often), _expressions_from(function, models, names))
        found += [replace(edit, function=function) for edit in taken]
    return sorted(found, key=lambda edit: edit.likelihood)


@dataclass(frozen=True)
class _Names:
    """What a function may use: its own names, the attributes of its object, and what the cell takes from outside."""

    own: tuple[str, ...]
    known: frozenset[str]

    @classmethod
    def of(cls, function: Function, shared: set[str]) -> _Names:
        own = _locals(function)
        return cls(tuple(own), frozenset(own) | shared)

    def fit(self, text: str) -> bool:
        """Say whether a text is a statement that uses nothing else."""
        try:
            return all(name in self.known for name in _loaded(_statement(text)))
        except SyntaxError:  # a renaming put something where only a name may stand
            return False


def _locals(function: Function) -> list[str]:
    arguments = function.args
    names = [one.arg for one in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]]
    names += [n.id for n in nodes(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(names))


def _globals(functions: list[Function]) -> set[str]:
    """Names that functions of the cell read and never set: modules, helpers, constants."""
    return {name for one in functions for name in _loaded(one) if name not in _locals(one)} | set(dir(builtins))


def _loaded(node: ast.AST) -> list[str]:
    return [n.id for n in nodes(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]


def _simple_statements(functions: list[Function]) -> list[ast.stmt]:
    by_text = {
        ast.unparse(node): node
        for function in functions
        for node in _statements(function)
        if isinstance(node, SIMPLE) and not _is_docstring(node)
    }
    return list(by_text.values())


# ---------------------------------------------------------------------------------------------- other names


def _renamed(text: str, model: ast.stmt, target: str, names: _Names) -> Iterator[str]:
    """Yield a part of a model as it would read in a statement about ``target``: its own variable renamed, and one of
    the numbers that the function doesn't have, or has another of the kind of, exchanged.
    """
    own = _target(model)
    forms = [text]
    if own and target and own != target:
        forms.append(_with_name(text, own, target))
        stem, other = _stem(own), _stem(target)
        if stem != other and stem.isidentifier():
            forms.append(_with_name(text, stem, other))
    for form in dict.fromkeys(forms):
        yield form
        for old in dict.fromkeys(_loaded(_statement(form))):
            for new in names.own:
                if new != old and (old not in names.known or _alike(old, new)):
                    yield _with_name(form, old, new)
        for old in dict.fromkeys(re.findall(r"self\.(\w+)", form)):
            if old[-1:] in "12":
                yield form.replace(f"self.{old}", f"self.{old[:-1]}{'21'[int(old[-1]) - 1]}")


def _alike(old: str, new: str) -> bool:
    """beta1 and beta2, sx and sy, x and y."""
    return len(old) == len(new) and sum(a != b for a, b in zip(old, new, strict=True)) == 1 and len(old) < 12


def _with_name(text: str, old: str, new: str) -> str:
    return re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w)", new, text)


def _target(node: ast.stmt) -> str:
    if isinstance(node, ast.AugAssign):
        return ast.unparse(node.target)
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and not isinstance(node.targets[0], ast.Tuple):
        return ast.unparse(node.targets[0])
    return ""


def _stem(text: str) -> str:
    return text.partition("[")[0]


# ---------------------------------------------------------------------------------------------- edits


def _texts(parts: Iterable[tuple[str, ast.stmt]], targets: Collection[str], names: _Names) -> dict[str, int]:
    """Return what parts of models read here, each with how likely: as it stands, or with other names in it."""
    texts: dict[str, int] = {}
    models = list(parts)
    for text, _ in models:
        if names.fit(text):
            texts.setdefault(text, COPIED)
    for text, model in models:
        for target in targets if _target(model) else [""]:
            for form in _renamed(text, model, target, names):
                if form not in texts and names.fit(form):
                    texts[form] = RENAMED
    return texts


def _statements_from(
    function: Function, models: list[ast.stmt], names: _Names, often: Mapping[str, int]
) -> Iterator[Edit]:
    """A statement that stands elsewhere, put in; or in the place of one that assigns to the same."""
    mine = {ast.unparse(node) for node in _statements(function)}
    targets = {_target(node) for node in _statements(function) if isinstance(node, ast.Assign | ast.AugAssign)}
    texts = _texts(((ast.unparse(model), model) for model in models), targets or {""}, names)
    statements = [(_statement(text), likely) for text, likely in texts.items() if text not in mine]
    new = [
        (one, _missing(one, likely, often.get(ast.unparse(one), 0))) for one, likely in statements if not _grows(one)
    ]
    for owner, field, block in _blocks(function):
        for i, node in enumerate(block):
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            for one, likely in new:
                if likely:
                    yield _block(owner, field, [*block[:i], one, *block[i:]], node, likely, before=True)
                if isinstance(node, SIMPLE) and _target(node) and _target(one) == _target(node):
                    yield _block(owner, field, [*block[:i], one, *block[i + 1 :]], node, RARE)
        if not isinstance(block[-1], ast.Return):
            for one, likely in new:
                if likely:
                    yield replace(_block(owner, field, [*block, one], block[-1], likely, before=True), role=AFTER)


def _missing(node: ast.stmt, likely: int, often: int) -> int:
    """Return how likely it is that this statement is missing: a call more than what sets a variable; 0 for never.

    What stands in two other functions, word for word, is most likely missing in the third.
    """
    if often > 1:
        return SLIP
    if isinstance(node, ast.Expr):
        return LEFT_OUT if likely == COPIED else RARE
    return RARE if likely == COPIED else 0


def _block(owner: ast.AST, field: str, new: list[ast.stmt], part: Part, likelihood: int, before: bool = False) -> Edit:
    return Edit(likelihood, part, "", ((owner, field, new),), before)


def _expressions_from(function: Function, models: list[ast.stmt], names: _Names) -> Iterator[Edit]:
    """A term, factor or divisor that stands elsewhere, beside a value or in its place."""
    parts = [(part, model) for model in models for part in _parts(getattr(model, "value", None))]
    exact = {text: COPIED for text, _ in parts if names.fit(text)}
    for node in _statements(function):
        value = getattr(node, "value", None)
        if not isinstance(node, ast.Assign | ast.AugAssign | ast.Return) or not isinstance(value, ast.expr):
            continue
        near = [pair for pair in parts if type(pair[1]) is type(node)]
        texts = exact | {k: v for k, v in _texts(near, {_target(node)}, names).items() if k not in exact}
        for text, likely in texts.items():
            one = _expression(text)
            for parent, field, child in _upper(node, 3 if likely == COPIED else 1):
                for value in (one, *(ast.BinOp(child, op(), one) for op in OPERATORS)):
                    edit = Edit(likely, child, "", ((parent, field, value),))
                    if not explodes(node, edit):
                        yield edit


def _grows(node: ast.stmt) -> bool:
    """Whether a statement multiplies a variable by itself: in a loop whole numbers grow past all bounds."""
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult | ast.Pow):
        return _target(node) in {ast.unparse(one) for one in ast.walk(node.value)}
    value = getattr(node, "value", None)
    return value is not None and explodes(node, Edit(COPIED, node, "", ((node, "value", value),)))


def _upper(node: ast.stmt, levels: int) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """The value of a statement, its operands, and theirs."""
    level: list[tuple[ast.AST, str, ast.expr]] = [(node, "value", node.value)]  # type: ignore[attr-defined]
    for _ in range(levels):
        yield from level
        level = [
            (child, side, getattr(child, side))
            for _, _, child in level
            if isinstance(child, ast.BinOp)
            for side in ("left", "right")
        ]


def _parts(value: ast.expr | None) -> Iterator[str]:
    """The sums, products, quotients and calls in an expression, with the runs of factors in a product."""
    for node in ast.walk(value) if value is not None else ():
        if isinstance(node, ast.BinOp | ast.Call) and sum(1 for _ in ast.walk(node)) <= MOST_NODES:
            yield ast.unparse(node)
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
                factors = _factors(node)
                for i in range(1, len(factors) - 1):
                    yield " * ".join(f"({ast.unparse(one)})" for one in factors[i:])


def _factors(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return [*_factors(node.left), *_factors(node.right)]
    return [node]
