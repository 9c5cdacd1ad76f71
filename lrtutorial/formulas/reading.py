"""Reading an answer into a tree: a SymPy expression, relation or set, a Python number, or a line of text.

Nothing that a student wrote is imported, evaluated or sympified: SymPy objects are walked, text is parsed.
"""

from __future__ import annotations

import ast
import math
import re
from fractions import Fraction
from typing import Any

from lrtutorial.formulas.tree import (
    MAX_DIGITS,
    MAX_NODES,
    MINUS_ONE,
    Tree,
    Unreadable,
    check_tree,
    is_condition,
    short,
)
from lrtutorial.parsing import parsed

#: Letters that a student may type in a text answer, and the symbol each stands for.
GREEK = {
    "η": "eta",
    "β": "beta",
    "ε": "epsilon",
    "λ": "lambda",
    "κ": "kappa",
    "β1": "beta1",
    "β2": "beta2",
    "λ_max": "lambda_max",
    "λ_min": "lambda_min",
    "∞": "oo",
}


def read(answer: object) -> Tree:
    """Return the tree of ``answer``: a SymPy expression, relation or set, a Python number, or a line of text.

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
            " is decided by Python at once; write it with the symbols of this step"
        )
    if isinstance(answer, str):
        return read_text(answer)
    if isinstance(answer, int | float | Fraction):
        return check_tree(_python_number(answer))
    if isinstance(answer, tuple | list):
        conditions = [read(item) for item in answer]
        if len(conditions) > 1 and all(is_condition(tree) for tree in conditions):
            return check_tree(["and", *conditions])
        raise Unreadable(f"one formula was expected, but the answer is a {type(answer).__name__} of {len(answer)}")
    if not str(type(answer).__module__).startswith("sympy.") and not _is_applied(answer):
        raise Unreadable(
            f"a SymPy formula was expected, but the answer is {_with_article(type(answer).__name__)}. Build it from "
            "the symbols imported at the top of the notebook"
        )
    try:
        return check_tree(_from_sympy(answer, [MAX_NODES]))
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
    "ceiling": "ceiling",
}


def _from_sympy(node: Any, room: list[int]) -> Tree:
    room[0] -= 1
    if room[0] < 0:
        raise Unreadable(f"the formula has more than {MAX_NODES} parts; simplify it first")
    kind = type(node).__name__

    def children(items: Any = None) -> list[Tree]:
        return [_from_sympy(item, room) for item in (node.args if items is None else items)]

    if kind in ("Symbol", "Dummy", "Wild"):
        return ["symbol", str(node.name)]
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
        return [_SYMPY_SAME[kind], *children()]
    if kind in _SYMPY_FUNCTIONS:
        return ["function", _SYMPY_FUNCTIONS[kind], *children()]
    if kind == "Interval":
        flags = "".join("o" if bool(side) else "c" for side in (node.left_open, node.right_open))
        return ["interval", flags, *children((node.start, node.end))]
    if kind == "Reals":
        return ["interval", "oo", ["constant", "-oo"], ["constant", "oo"]]
    if kind == "EmptySet":
        return ["false"]
    if kind == "Sum":
        body, *limits = node.args
        tree = _from_sympy(body, room)
        for limit in limits:
            if len(limit.args) != 3:
                raise Unreadable("a Sum needs its index with both limits, as in Sum(beta**k, (k, 0, t - 1))")
            index, low, high = limit.args
            tree = ["sum", str(index.name), _from_sympy(low, room), _from_sympy(high, room), tree]
        return tree
    if kind == "Piecewise":
        return ["piecewise", *(part for pair in node.args for part in children(pair.args))]
    func = getattr(node, "func", None)
    if type(func).__name__ == "UndefinedFunction" and len(node.args) == 1:
        return ["apply", str(getattr(func, "__name__", "")), *children()]
    raise Unreadable(
        f"the formula holds {_with_article(kind)}, which this step does not need; write it with + - * / ** and sqrt"
    )


_TEXT_BINARY: dict[type, str] = {ast.Add: "add", ast.Mult: "mul", ast.Pow: "pow"}
_TEXT_COMPARE: dict[type, str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_TEXT_CALLS = {
    "sqrt": "sqrt",
    "abs": "abs",
    "Abs": "abs",
    "sign": "sign",
    "exp": "exp",
    "log": "log",
    "ln": "log",
    "Max": "max",
    "max": "max",
    "Min": "min",
    "min": "min",
}


def read_text(text: str) -> Tree:
    """Return the tree of a formula typed as text: ``"2/(lambda_max + lambda_min)"``, ``"|1 - η*a| < 1"``.

    Nothing is evaluated: the text is parsed by :mod:`ast` and only arithmetic, comparisons, sums such as
    ``Sum(beta**k, (k, 0, t - 1))`` and the functions sqrt, abs, sign, exp, log, min and max are let through.

    Raises
    ------
    Unreadable
        If the text is too long or holds anything else.
    """
    if len(text) > 1_000:
        raise Unreadable(f"the text has {len(text)} characters; a formula of at most 1,000 was expected")
    plain = text.strip()
    for mark, ascii_form in (
        ("≤", "<="),
        ("≥", ">="),
        ("·", "*"),
        ("×", "*"),
        ("^", "**"),
        ("−", "-"),
        ("β₁", "beta1"),
        ("β₂", "beta2"),
        ("∞", "oo"),
    ):
        plain = plain.replace(mark, ascii_form)
    if not plain:
        raise Unreadable("the text is empty: type a formula between the quotes")
    plain = _EQUALS.sub("==", _bars_to_abs(plain))
    try:
        body = parsed(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unreadable(f"the text {short(text)} is no formula in Python's notation, such as 2*a*x + 1") from None
    try:
        return check_tree(_from_ast(body))
    except RecursionError:
        raise Unreadable("the formula is nested too deeply") from None


_EQUALS = re.compile(r"(?<![<>=!])=(?!=)")


def _bars_to_abs(text: str) -> str:
    """Write ``|…|`` as ``abs(…)``: a bar where a value must begin opens, the next one closes; others mean
    "or"."""
    if "|" not in text:
        return text
    out, open_bars = "", 0
    for mark in text:
        if mark != "|":
            out += mark
        elif re.search(r"(^|[-+*/<>=(,|&]|\b(and|or|not))\s*$", out):
            out, open_bars = out + "abs(", open_bars + 1
        elif open_bars:
            out, open_bars = out + ")", open_bars - 1
        else:
            out += mark
    return out


def _from_ast(node: ast.AST) -> Tree:
    if isinstance(node, ast.Name):
        name = GREEK.get(node.id, node.id)
        if name in ("oo", "pi"):
            return ["constant", name]
        return ["symbol", name]
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return ["true" if node.value else "false"]
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return _python_number(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return ["not", _from_ast(node.operand)]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _from_ast(node.operand)
        return ["mul", MINUS_ONE, inner] if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        left, right = _from_ast(node.left), _from_ast(node.right)
        if isinstance(node.op, ast.Sub):
            return ["add", left, ["mul", MINUS_ONE, right]]
        if isinstance(node.op, ast.Div):
            return ["mul", left, ["pow", right, MINUS_ONE]]
        if isinstance(node.op, ast.BitAnd | ast.BitOr):
            return ["and" if isinstance(node.op, ast.BitAnd) else "or", left, right]
        if type(node.op) in _TEXT_BINARY:
            return [_TEXT_BINARY[type(node.op)], left, right]
    if isinstance(node, ast.BoolOp):
        return ["and" if isinstance(node.op, ast.And) else "or", *map(_from_ast, node.values)]
    if isinstance(node, ast.Compare):
        sides = [_from_ast(side) for side in (node.left, *node.comparators)]
        parts = []
        for op, left, right in zip(node.ops, sides, sides[1:], strict=False):
            if type(op) not in _TEXT_COMPARE:
                raise Unreadable("only <, <=, >, >=, == and != can compare two formulas")
            parts.append(["relation", _TEXT_COMPARE[type(op)], left, right])
        return parts[0] if len(parts) == 1 else ["and", *parts]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        name = node.func.id
        if name in _TEXT_CALLS and node.args:
            return ["function", _TEXT_CALLS[name], *map(_from_ast, node.args)]
        if name in ("And", "Or"):
            return [name.lower(), *map(_from_ast, node.args)]
        if name in ("Sum", "sum") and len(node.args) == 2:
            return _sum_from_ast(node.args[0], node.args[1])
        if name in ("g_seq", "v") and len(node.args) == 1:
            return ["apply", name, _from_ast(node.args[0])]
        raise Unreadable(f"the text calls {name}(...), which is not among sqrt, abs, sign, exp, log, min, max")
    raise Unreadable(f"the text holds {_with_article(type(node).__name__)}, which has no place in a formula")


def _sum_from_ast(body: ast.AST, limits: ast.AST) -> Tree:
    if not isinstance(limits, ast.Tuple) or len(limits.elts) != 3 or not isinstance(limits.elts[0], ast.Name):
        raise Unreadable("a Sum needs its index with both limits, as in Sum(beta**k, (k, 0, t - 1))")
    index, low, high = limits.elts
    assert isinstance(index, ast.Name)
    return ["sum", GREEK.get(index.id, index.id), _from_ast(low), _from_ast(high), _from_ast(body)]
