"""Formulas as plain data: what a tree is, what may be in one, and the questions asked of any tree.

A formula travels from the student's process to the judge as a *tree*: nested lists of strings, JSON all the
way down, e.g. ``["mul", ["symbol", "a"], ["symbol", "x"]]``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import lru_cache
from typing import Any

Tree = list[Any]  # ["kind", child, ...]; children are trees or strings

MAX_NODES = 2_000  #: nodes in a tree
MAX_DIGITS = 400  #: decimal digits of a number written in a formula

#: Functions in a tree, with the least and the largest number of arguments.
FUNCTIONS = {
    **dict.fromkeys(("sqrt", "abs", "sign", "exp", "log", "floor", "ceiling", "factorial"), (1, 1)),
    **dict.fromkeys(("sinh", "cosh", "tanh", "atanh", "sin", "cos", "tan"), (1, 1)),
    **dict.fromkeys(("max", "min"), (1, MAX_NODES)),
    "binomial": (2, 2),
}
SERIES = ("sum", "product")  #: kinds with an index, bound in their body
RELATIONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}
BOOLEAN_KINDS = ("relation", "and", "or", "not", "true", "false", "contains")
SET_KINDS = ("interval", "union", "intersection")
MINUS_ONE: Tree = ["number", "-1"]


class Unreadable(ValueError):
    """The answer is no formula that can be read; the message says what came and what was expected."""


def short(text: str, limit: int = 60) -> str:
    """Return text in quotes, cut to ``limit`` characters, to be named in a message."""
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


_TREE_SHAPES = {  # kind: (strings first, least number of child trees)
    "number": (1, 0),
    "float": (1, 0),
    "symbol": (1, 0),
    "constant": (1, 0),
    "true": (0, 0),
    "false": (0, 0),
    "add": (0, 1),
    "mul": (0, 1),
    "pow": (0, 2),
    "and": (0, 1),
    "or": (0, 1),
    "not": (0, 1),
    "relation": (1, 2),
    "function": (1, 1),
    "apply": (1, 1),
    "sum": (1, 3),
    "product": (1, 3),
    "interval": (1, 2),
    "union": (0, 1),
    "intersection": (0, 1),
    "contains": (0, 2),
    "piecewise": (0, 2),
}
_TREE_MOST = {"pow": 2, "not": 1, "relation": 2, "apply": 1, "sum": 3, "product": 3, "interval": 2, "contains": 2}


def check_tree(tree: object) -> Tree:
    """Return ``tree`` if it is a well-formed formula of bounded size, otherwise raise :class:`Unreadable`.

    The judge calls this on everything that comes from a student's process.
    """
    room = MAX_NODES
    stack: list[tuple[object, int]] = [(tree, 0)]
    while stack:
        node, depth = stack.pop()
        room -= 1
        if room < 0 or depth > 120:
            raise Unreadable(f"the formula has more than {MAX_NODES} parts or is nested too deeply")
        if not isinstance(node, list) or not node or not isinstance(node[0], str) or node[0] not in _TREE_SHAPES:
            raise Unreadable("the formula did not arrive as a formula")
        kind = node[0]
        strings, least = _TREE_SHAPES[kind]
        heads, children = node[1 : 1 + strings], node[1 + strings :]
        if len(heads) < strings or len(children) < least or len(children) > _TREE_MOST.get(kind, MAX_NODES):
            raise Unreadable("the formula did not arrive whole")
        if any(not isinstance(head, str) or len(head) > MAX_DIGITS for head in heads):
            raise Unreadable("the formula did not arrive whole")
        if not _TREE_SHAPES[kind][1] and children:
            raise Unreadable("the formula did not arrive whole")
        if kind in ("number", "float"):
            as_fraction(heads[0])
        if kind == "relation" and heads[0] not in RELATIONS or kind == "function" and heads[0] not in FUNCTIONS:
            raise Unreadable(f"the formula holds {short(heads[0])}, which is not known here")
        if kind == "function" and not FUNCTIONS[heads[0]][0] <= len(children) <= FUNCTIONS[heads[0]][1]:
            raise Unreadable(f"the formula applies {heads[0]} to {len(children)} values")
        if kind == "constant" and heads[0] not in ("oo", "-oo", "pi", "e"):
            raise Unreadable(f"the formula holds {short(heads[0])}, which is not known here")
        if kind == "interval" and heads[0] not in ("oo", "oc", "co", "cc"):
            raise Unreadable("the formula did not arrive whole")
        stack.extend((child, depth + 1) for child in children)
    assert isinstance(tree, list)
    return tree


@lru_cache(maxsize=4096)
def as_fraction(text: str) -> Fraction:
    """Return the value of a number in a tree. Raises Unreadable when it is none, or has a huge exponent."""
    try:
        mantissa, _, exponent = text.lower().partition("e")
        if len(exponent) > 4:
            raise ValueError
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise Unreadable(f"{short(text)} is no number") from None


def is_condition(tree: Tree) -> bool:
    """Say whether ``tree`` is true or false at a point (a relation, a set of values) rather than a number."""
    return tree[0] in BOOLEAN_KINDS or tree[0] in SET_KINDS


def nodes(tree: Tree) -> Iterator[Tree]:
    """Yield every node of a checked tree, the root first."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend([child for child in node[1:] if isinstance(child, list)])


def symbols(tree: Tree) -> set[str]:
    """Return the names of the free symbols: every symbol, less the indices bound by a sum."""
    if tree[0] == "symbol":
        return {tree[1]}
    if tree[0] in SERIES:
        return symbols(tree[2]) | symbols(tree[3]) | (symbols(tree[4]) - {tree[1]})
    return set().union(*(symbols(child) for child in tree[1:] if isinstance(child, list)))


def applied(tree: Tree) -> set[str]:
    """Return the names of the functions without a formula that the tree applies, such as ``g_seq``."""
    return {node[1] for node in nodes(tree) if node[0] == "apply"}


def inexact(tree: Tree) -> bool:
    """Say whether the formula holds a floating-point number, so that it can be compared to 9 digits only."""
    stack = [tree]
    for node in stack:  # which grows meanwhile
        if node[0] == "float":
            return True
        stack += [child for child in node[1:] if isinstance(child, list)]
    return False


def right_hand_side(tree: Tree) -> Tree:
    """Return the formula of an equation ``name = formula`` (either way round), and any other tree as it is.

    An equation for a later member of a sequence is moved back: ``v(t + 1) = v(t)`` gives ``v(t - 1)``.
    """
    if tree[0] != "relation" or tree[1] != "==":
        return tree
    left: Tree = tree[2]
    right: Tree = tree[3]
    if left[0] not in ("symbol", "apply"):
        left, right = right, left
    if left[0] == "symbol":
        return right
    if left[0] != "apply":
        return tree
    parts = {part[0]: part for part in left[2][1:] if isinstance(part, list)}
    if left[2][0] == "add" and len(left[2]) == 3 and set(parts) == {"symbol", "number"}:
        back: Tree = ["add", parts["symbol"], ["mul", MINUS_ONE, parts["number"]]]
        return substitute(right, parts["symbol"][1], back)
    return right


def substitute(tree: Tree, name: str, value: Tree) -> Tree:
    """Put ``value`` in place of the free symbol ``name``."""
    if tree[0] == "symbol":
        return value if tree[1] == name else tree
    if tree[0] in SERIES and tree[1] == name:
        return [tree[0], name, substitute(tree[2], name, value), substitute(tree[3], name, value), tree[4]]
    return [substitute(part, name, value) if isinstance(part, list) else part for part in tree]
