"""One-edit mutants of a source, with the lines at which the edit was made. Shares nothing with the search for places.

Some edits are ones that no list of usual slips has: a factor of 3, a call that is doubled, a statement done twice.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

SWAPPED_OPERATORS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult,),
    ast.Pow: (ast.Mult,),
    ast.Mod: (ast.FloorDiv,),
    ast.FloorDiv: (ast.Div,),
}
SWAPPED_COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq}


@dataclass(frozen=True)
class Mutant:
    """A mutated source, what was done, and the lines (first, last) of the source where that is.

    Where a statement was deleted these are the line after it and the last one of its block.
    """

    source: str
    what: str
    first: int
    last: int

    def is_at(self, place: dict) -> bool:
        """Whether a place that was told is where the mutation is."""
        line = place["line"] + (place.get("role") == "after")
        return self.first <= line <= self.last


def mutants(source: str) -> list[Mutant]:
    """Return every mutant of a source once. Sources are normalised by ast, so lines are those of ``unparse``."""
    found: dict[str, Mutant] = {}
    for make in makers(source):
        if mutant := make():
            found.setdefault(mutant.source, mutant)
    return list(found.values())


def makers(source: str) -> list[Callable[[], Mutant | None]]:
    """Return what makes each mutant, or None where nothing changes: a sample need not make thousands."""
    plain = ast.unparse(ast.parse(source))
    walked = enumerate(ast.walk(ast.parse(plain)))
    return [partial(_made, plain, number, *change) for number, node in walked for change in _changes(node)]


def _made(plain: str, number: int, what: str, change: Callable[[ast.AST, Any], object]) -> Mutant | None:
    tree = ast.parse(plain)
    target: Any = list(ast.walk(tree))[number]
    kind, _, at = what.partition(" at ")
    if at:  # of a block: the statement with this index
        first, last = target.body[int(at)].lineno, target.body[min(int(at) + 1, len(target.body) - 1)].end_lineno
        last = (target.end_lineno if kind == "deleted" else last) or first
        if kind == "done twice":  # of which either may be meant: the mutant has one statement more
            last = target.body[int(at)].end_lineno * 2 - first + 1
    else:
        owner = _statement_of(tree, target)
        first, last = owner.lineno, owner.lineno if hasattr(owner, "body") else owner.end_lineno or owner.lineno
    change(tree, target)
    source = ast.unparse(ast.fix_missing_locations(tree))
    return Mutant(source, kind, first, last) if source != plain else None


def _statement_of(tree: ast.AST, node: ast.AST) -> ast.stmt:
    best: ast.stmt | None = None
    for statement in ast.walk(tree):
        if isinstance(statement, ast.stmt) and any(inner is node for inner in ast.walk(statement)):
            best = statement  # walk goes outside in
    assert best is not None
    return best


def _become(node: ast.AST, other: ast.AST) -> None:
    node.__class__ = other.__class__
    node.__dict__.clear()
    node.__dict__.update(copy.deepcopy(other).__dict__)


def _changes(node: ast.AST):
    """Yield (what, change(tree, node)) for a node."""
    if isinstance(node, ast.BinOp):
        for op in SWAPPED_OPERATORS.get(type(node.op), ()):
            yield f"{type(node.op).__name__} to {op.__name__}", lambda t, n, op=op: setattr(n, "op", op())
        if isinstance(node.op, ast.Mult | ast.Div | ast.Sub | ast.Add):
            yield "right operand dropped", lambda t, n: _become(n, n.left)
        if isinstance(node.op, ast.Mult | ast.Add | ast.Sub):
            yield "left operand dropped", lambda t, n: _become(n, n.right)
        if isinstance(node.op, ast.Sub | ast.Div | ast.Pow):
            yield "operands swapped", lambda t, n: n.__dict__.update(left=n.right, right=n.left)
    if isinstance(node, ast.AugAssign):
        for op in SWAPPED_OPERATORS.get(type(node.op), ()):
            yield f"{type(node.op).__name__}= to {op.__name__}=", lambda t, n, op=op: setattr(n, "op", op())
        yield "assigned instead", lambda t, n: _become(n, ast.Assign([n.target], n.value, lineno=n.lineno))
        if isinstance(node.op, ast.Sub):
            yield (
                "not in place",
                lambda t, n: _become(
                    n,
                    ast.parse(f"{ast.unparse(n.target)} = {ast.unparse(n.target)} - ({ast.unparse(n.value)})").body[0],
                ),
            )
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPPED_COMPARISONS:
        yield "comparison", lambda t, n: setattr(n, "ops", [SWAPPED_COMPARISONS[type(n.ops[0])]()])
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        for factor, plus in ((1, 1), (3, 0), (0.5, 0)):
            yield f"constant *{factor} +{plus}", lambda t, n, f=factor, p=plus: setattr(n, "value", n.value * f + p)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield "minus dropped", lambda t, n: _become(n, n.operand)
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("np.sqrt", "np.square", "np.cos"):
        yield "function dropped", lambda t, n: _become(n, n.args[0])
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "np.sqrt":
        yield (
            "function doubled",
            lambda t, n: setattr(n, "args", [ast.parse(f"np.sqrt({ast.unparse(n.args[0])})").body[0].value]),
        )
    if isinstance(node, ast.Attribute) and node.attr in ("zeros_like", "zeros"):
        yield "ones", lambda t, n: setattr(n, "attr", n.attr.replace("zeros", "ones"))
    if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("self.") and isinstance(node.ctx, ast.Load):
        for pair in (("beta1", "beta2"), ("b1", "b2"), ("m", "v"), ("first", "second"), ("power1", "power2"),
                     ("lr", "momentum"), ("lr_max", "lr_min"), ("high", "low"), ("T_0", "T_mult")):  # fmt: skip
            if node.attr in pair:
                other = pair[1 - pair.index(node.attr)]
                yield f"{node.attr} to {other}", lambda t, n, o=other: setattr(n, "attr", o)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for pair in (("m", "v"), ("beta1", "beta2"), ("a", "b"), ("c1", "c2"), ("m_hat", "g"), ("v_hat", "v"),
                     ("x", "y"), ("T_cur", "epoch"), ("g", "p"), ("lr", "momentum"), ("lr_max", "lr_min")):  # fmt: skip
            if node.id in pair:
                other = pair[1 - pair.index(node.id)]
                yield f"{node.id} to {other}", lambda t, n, o=other: setattr(n, "id", o)
    body = getattr(node, "body", None)
    if isinstance(body, list) and len(body) > 1 and isinstance(node, ast.FunctionDef | ast.For | ast.While):
        for i in range(len(body)):
            if not isinstance(body[i], ast.FunctionDef | ast.Return):
                yield f"deleted at {i}", lambda t, n, i=i: n.body.pop(i)
            if i + 1 < len(body) and not isinstance(body[i + 1], ast.Return):
                yield f"swapped at {i}", lambda t, n, i=i: n.body.insert(i, n.body.pop(i + 1))
            if isinstance(body[i], ast.AugAssign):
                yield f"done twice at {i}", lambda t, n, i=i: n.body.insert(i, copy.deepcopy(n.body[i]))
