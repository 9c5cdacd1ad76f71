"""Reading an answer into a tree: a SymPy expression, relation or set, a Python number, or a line of text.

Nothing that a student wrote is imported, evaluated or sympified: SymPy objects are walked, text is parsed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from lrtutorial.formulas.grammar import no_limits, read_text, spelled_name
from lrtutorial.formulas.tree import (
    MAX_DIGITS,
    MAX_NODES,
    Tree,
    Unreadable,
    check_tree,
    is_condition,
)

if TYPE_CHECKING:
    from sympy import Basic


def read(
    answer: object, symbols: Sequence[str] = (), functions: Sequence[str] = (), condition: bool | None = None
) -> Tree:
    """Return the tree of ``answer``: a SymPy expression, relation or set, a Python number, or a line of text.

    ``symbols``, ``functions`` and ``condition`` are what the step expects; text that could mean two things is read
    by them (:func:`~lrtutorial.formulas.grammar.read_text`).

    Raises
    ------
    Unreadable
        For everything else, with a sentence that names what came.
    """
    if answer is ... or answer is None:
        raise Unreadable("nothing is filled in yet")
    if isinstance(answer, bool):
        raise Unreadable(
            f"a formula was expected, but the answer is the Python value {answer}. A comparison such as 1 < 2"
            " is decided by Python at once; write it with the symbols of this task"
        )
    if isinstance(answer, str):
        return read_text(answer, symbols, functions, condition)
    if isinstance(answer, int | float | Fraction):
        return check_tree(_python_number(answer))
    if isinstance(answer, tuple | list):
        conditions = [read(item, symbols, functions, condition) for item in answer]
        if len(conditions) > 1 and all(is_condition(tree) for tree in conditions):
            return check_tree(["and", *conditions])
        raise Unreadable(f"one formula was expected, but the answer is a {type(answer).__name__} of {len(answer)}")
    if not str(type(answer).__module__).startswith("sympy.") and not _is_applied(answer):
        raise Unreadable(
            f"a SymPy formula was expected, but the answer is {_with_article(type(answer).__name__)}. Build it from "
            "the symbols imported at the top of the notebook"
        )
    try:
        return check_tree(_from_sympy(answer, [MAX_NODES], symbols))
    except RecursionError:
        raise Unreadable("the formula is nested too deeply") from None


def _is_applied(answer: object) -> bool:
    """Say whether this is an undefined function's value, such as g_seq(t): its class belongs to no module."""
    return type(type(answer)).__name__ == "UndefinedFunction"


def _with_article(noun: str) -> str:
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


def _python_number(value: float | Fraction) -> Tree:
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unreadable(f"a finite number or a formula was expected, but the answer is {value}")
        return ["float", repr(float(value))]  # NumPy's float64 is a float with another repr
    return [
        "number",
        _digits(str(Fraction(value)) if abs(value) < 10**MAX_DIGITS else "0" * (MAX_DIGITS + 2)),
    ]


def _digits(text: str) -> str:
    if len(text) > MAX_DIGITS:
        raise Unreadable(f"the formula holds a number of more than {MAX_DIGITS} digits")
    return text


_SYMPY_CONSTANTS = {"Infinity": "oo", "NegativeInfinity": "-oo", "Pi": "pi", "Exp1": "e"}
_SYMPY_RELATIONS = {
    "StrictLessThan": "<",
    "LessThan": "<=",
    "StrictGreaterThan": ">",
    "GreaterThan": ">=",
    "Equality": "==",
    "Unequality": "!=",
}
_SYMPY_SAME = {
    "Add": "add",
    "Mul": "mul",
    "Pow": "pow",
    "And": "and",
    "Or": "or",
    "Not": "not",
    "Union": "union",
    "Intersection": "intersection",
    "Contains": "contains",
}
_SYMPY_FUNCTIONS = {
    "Abs": "abs",
    "sign": "sign",
    "exp": "exp",
    "log": "log",
    "Max": "max",
    "Min": "min",
    "floor": "floor",
    **{
        name: name
        for name in ("ceiling", "sinh", "cosh", "tanh", "atanh", "sin", "cos", "tan", "binomial", "factorial")
    },
}


def _in_order(node: Basic, kind: str) -> Sequence[Basic]:
    """Return the terms or factors in the order in which SymPy prints them; many stay as they are stored."""
    stored: Sequence[Basic] = node.args
    if kind not in ("Add", "Mul") or len(stored) > 20:
        return stored
    parts: Sequence[Basic] = node.as_ordered_terms() if kind == "Add" else node.as_ordered_factors()
    return parts if len(parts) == len(stored) else stored


def _from_sympy(node: Basic, room: list[int], names: Sequence[str]) -> Tree:
    room[0] -= 1
    if room[0] < 0:
        raise Unreadable(f"the formula has more than {MAX_NODES} parts; simplify it first")
    kind = type(node).__name__

    def children(items: Sequence[Basic] | None = None) -> list[Tree]:
        return [_from_sympy(item, room, names) for item in (node.args if items is None else items)]

    if kind in ("Symbol", "Dummy", "Wild"):
        return ["symbol", spelled_name(str(node.name), names)]
    if kind in ("Integer", "Zero", "One", "NegativeOne", "Rational", "Half"):
        if int(node.p).bit_length() + int(node.q).bit_length() > 3 * MAX_DIGITS:
            raise Unreadable(f"the formula holds a number of more than {MAX_DIGITS} digits")
        return ["number", f"{node.p}/{node.q}" if node.q != 1 else str(node.p)]
    if kind == "Float":
        return ["float", repr(float(node))]
    if kind in _SYMPY_CONSTANTS:
        return ["constant", _SYMPY_CONSTANTS[kind]]
    if kind in ("BooleanTrue", "BooleanFalse"):
        return ["true" if kind == "BooleanTrue" else "false"]
    if kind in _SYMPY_RELATIONS:
        return ["relation", _SYMPY_RELATIONS[kind], *children()]
    if kind in _SYMPY_SAME:
        return [_SYMPY_SAME[kind], *children(_in_order(node, kind))]
    if kind in _SYMPY_FUNCTIONS:
        return ["function", _SYMPY_FUNCTIONS[kind], *children()]
    if kind == "Interval":
        flags = "".join("o" if bool(side) else "c" for side in (node.left_open, node.right_open))
        return ["interval", flags, *children((node.start, node.end))]
    if kind == "Reals":
        return ["interval", "oo", ["constant", "-oo"], ["constant", "oo"]]
    if kind == "EmptySet":
        return ["false"]
    if kind in ("Sum", "Product"):
        body, *limits = node.args
        tree = _from_sympy(body, room, names)
        for limit in limits:
            if len(limit.args) != 3:
                raise no_limits(f"a {kind}")
            index, low, high = limit.args
            tree = [kind.lower(), str(index.name), _from_sympy(low, room, names), _from_sympy(high, room, names), tree]
        return tree
    if kind == "Piecewise":
        return ["piecewise", *(part for pair in node.args for part in children(pair.args))]
    func = getattr(node, "func", None)
    if type(func).__name__ == "UndefinedFunction" and len(node.args) == 1:
        return ["apply", str(getattr(func, "__name__", "")), *children()]
    raise Unreadable(
        f"the formula holds {_with_article(kind)}, which this task does not need; write it with + - * / ** and sqrt"
    )
