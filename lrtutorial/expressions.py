"""Formulas as plain data: read a SymPy object or a line of text, and evaluate it with bounded work.

A formula travels from the student's process to the judge as a *tree*: nested lists of strings, JSON all the
way down, e.g. ``["mul", ["symbol", "a"], ["symbol", "x"]]``. The judge never imports, evals or sympifies
anything a student wrote: it walks the tree with :func:`evaluate`, in exact rationals where possible and
with 40 digits where not, and gives up with :class:`Undecided` when a budget is spent.
"""

from __future__ import annotations

import ast
import contextlib
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from fractions import Fraction
from functools import lru_cache
from typing import Any

from lrtutorial.parsing import parsed

Tree = list  # ["kind", child, ...]; children are trees or strings
Number = Any  # Fraction, or mpmath's mpf when a value is irrational

MAX_NODES = 2_000  #: nodes in a tree
MAX_DIGITS = 400  #: decimal digits of a number written in a formula
BUDGET = 60_000  #: operations of one evaluation
DIGITS = 40  #: decimal digits of inexact arithmetic
EXACT_BITS = 8_192  #: larger rationals continue as 40-digit numbers

FUNCTIONS = ("sqrt", "abs", "sign", "exp", "log", "max", "min", "floor", "ceiling")
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


class Unreadable(ValueError):
    """The answer is no formula that can be read; the message says what came and what was expected."""


class Undecided(ArithmeticError):
    """Evaluating would take more work than the budget allows: neither right nor wrong."""


class Undefined(ArithmeticError):
    """The formula has no real value at this point (a division by zero, the root of a negative number)."""


# ---------------------------------------------------------------------------------------------- reading


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
            f"a SymPy formula was expected, but the answer is {_a(type(answer).__name__)}. Build it from the "
            "symbols imported at the top of the notebook"
        )
    try:
        return check_tree(_from_sympy(answer, [MAX_NODES]))
    except RecursionError:
        raise Unreadable("the formula is nested too deeply") from None


def is_condition(tree: Tree) -> bool:
    """Say whether ``tree`` is true or false at a point (a relation, a set of values) rather than a number."""
    return tree[0] in BOOLEAN_KINDS or tree[0] in SET_KINDS


def _is_applied(answer: object) -> bool:
    """Say whether this is an undefined function's value, such as g_seq(t): its class belongs to no module."""
    return type(type(answer)).__name__ == "UndefinedFunction"


def _a(noun: str) -> str:
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
    raise Unreadable(f"the formula holds {_a(kind)}, which this step does not need; write it with + - * / ** and sqrt")


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
_MINUS_ONE: Tree = ["number", "-1"]


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
        raise Unreadable(f"the text {_short(text)} is no formula in Python's notation, such as 2*a*x + 1") from None
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


def _short(text: str, limit: int = 60) -> str:
    return repr(text if len(text) <= limit else text[: limit - 1] + "…")


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
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        inner = _from_ast(node.operand)
        return ["mul", _MINUS_ONE, inner] if isinstance(node.op, ast.USub) else inner
    if isinstance(node, ast.BinOp):
        left, right = _from_ast(node.left), _from_ast(node.right)
        if isinstance(node.op, ast.Sub):
            return ["add", left, ["mul", _MINUS_ONE, right]]
        if isinstance(node.op, ast.Div):
            return ["mul", left, ["pow", right, _MINUS_ONE]]
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
    raise Unreadable(f"the text holds {_a(type(node).__name__)}, which has no place in a formula")


def _sum_from_ast(body: ast.AST, limits: ast.AST) -> Tree:
    if not isinstance(limits, ast.Tuple) or len(limits.elts) != 3 or not isinstance(limits.elts[0], ast.Name):
        raise Unreadable("a Sum needs its index with both limits, as in Sum(beta**k, (k, 0, t - 1))")
    index, low, high = limits.elts
    assert isinstance(index, ast.Name)
    return ["sum", GREEK.get(index.id, index.id), _from_ast(low), _from_ast(high), _from_ast(body)]


# ---------------------------------------------------------------------------------------------- the tree


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
    "interval": (1, 2),
    "union": (0, 1),
    "intersection": (0, 1),
    "contains": (0, 2),
    "piecewise": (0, 2),
}
_TREE_MOST = {"pow": 2, "not": 1, "relation": 2, "apply": 1, "sum": 3, "interval": 2, "contains": 2}


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
            _fraction(heads[0])
        if kind == "relation" and heads[0] not in RELATIONS or kind == "function" and heads[0] not in FUNCTIONS:
            raise Unreadable(f"the formula holds {_short(heads[0])}, which is not known here")
        if kind == "constant" and heads[0] not in ("oo", "-oo", "pi", "e"):
            raise Unreadable(f"the formula holds {_short(heads[0])}, which is not known here")
        if kind == "interval" and heads[0] not in ("oo", "oc", "co", "cc"):
            raise Unreadable("the formula did not arrive whole")
        stack.extend((child, depth + 1) for child in children)
    assert isinstance(tree, list)
    return tree


@lru_cache(maxsize=4096)
def _fraction(text: str) -> Fraction:
    try:
        mantissa, _, exponent = text.lower().partition("e")
        if len(exponent) > 4:
            raise ValueError
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise Unreadable(f"{_short(text)} is no number") from None


def nodes(tree: Tree) -> Iterator[Tree]:
    """Yield every node of a checked tree, the root first."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(child for child in node[1:] if isinstance(child, list))


def symbols(tree: Tree) -> set[str]:
    """Return the names of the free symbols: every symbol, less the indices bound by a sum."""
    if tree[0] == "symbol":
        return {tree[1]}
    if tree[0] == "sum":
        return symbols(tree[2]) | symbols(tree[3]) | (symbols(tree[4]) - {tree[1]})
    return set().union(*(symbols(child) for child in tree[1:] if isinstance(child, list)))


def applied(tree: Tree) -> set[str]:
    """Return the names of the functions without a formula that the tree applies, such as ``g_seq``."""
    return {node[1] for node in nodes(tree) if node[0] == "apply"}


def inexact(tree: Tree) -> bool:
    """Say whether the formula holds a floating-point number, so that it can be compared to 9 digits only."""
    return any(node[0] == "float" for node in nodes(tree))


def right_hand_side(tree: Tree) -> Tree:
    """Return the formula of an equation ``name = formula`` (either way round), and any other tree as it is.

    An equation for a later member of a sequence is moved back: ``v(t + 1) = v(t)`` gives ``v(t - 1)``.
    """
    if tree[0] != "relation" or tree[1] != "==":
        return tree
    left, right = tree[2], tree[3]
    if left[0] not in ("symbol", "apply"):
        left, right = right, left
    if left[0] == "symbol":
        return right
    if left[0] != "apply":
        return tree
    parts = {part[0]: part for part in left[2][1:] if isinstance(part, list)}
    if left[2][0] == "add" and len(left[2]) == 3 and set(parts) == {"symbol", "number"}:
        back: Tree = ["add", parts["symbol"], ["mul", _MINUS_ONE, parts["number"]]]
        return substitute(right, parts["symbol"][1], back)
    return right


def substitute(tree: Tree, name: str, value: Tree) -> Tree:
    """Put ``value`` in place of the free symbol ``name``."""
    if tree[0] == "symbol":
        return value if tree[1] == name else tree
    if tree[0] == "sum" and tree[1] == name:
        return ["sum", name, substitute(tree[2], name, value), substitute(tree[3], name, value), tree[4]]
    return [substitute(part, name, value) if isinstance(part, list) else part for part in tree]


# ----------------------------------------------------------------------------------------------- writing


_LETTERS = {
    "eta": "η",
    "beta": "β",
    "beta1": "β₁",
    "beta2": "β₂",
    "epsilon": "ε",
    "kappa": "κ",
    "x0": "x₀",
    "lambda_max": "λ_max",
    "lambda_min": "λ_min",
    "E_g": "E[g]",
}
_SIGNS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}
_TIGHT = {"relation": 1, "and": 0, "or": 0, "add": 2, "mul": 3, "pow": 5}


def letter(name: str) -> str:
    """Return a symbol's name as a reader writes it: ``eta`` is η."""
    return _LETTERS.get(name, name)


def write(tree: Tree, around: int = 0) -> str:
    """Return a formula as a reader would write it: ``0 < η·a < 2``. For display only, never read back."""
    kind = tree[0]
    text = _written(tree)
    tight = _TIGHT.get(kind, 6)
    if kind == "number" and "/" in tree[1]:
        tight = 3
    elif kind in ("number", "float") and tree[1].startswith("-"):
        tight = 2
    return f"({text})" if tight < around else text


def _written(tree: Tree) -> str:
    kind = tree[0]
    if kind in ("number", "float"):
        return tree[1].replace("-", "−")
    if kind in ("symbol", "constant"):
        return letter(tree[1]).replace("oo", "∞").replace("-", "−")
    if kind == "add":
        first, *others = sorted(tree[1:], key=lambda part: _negated(part) is not None)
        text = write(first, 2)
        for part in others:
            minus = _negated(part)
            text += f" − {write(minus, 3)}" if minus is not None else f" + {write(part, 2)}"
        return text
    if kind == "mul":
        minus = _negated(tree)
        if minus is not None:
            return f"−{write(minus, 3)}"
        over = [part[1] for part in tree[1:] if part[0] == "pow" and part[2] == _MINUS_ONE]
        above = [part for part in tree[1:] if not (part[0] == "pow" and part[2] == _MINUS_ONE)]
        text = "·".join(write(part, 3 if i == 0 else 4) for i, part in enumerate(above)) or "1"
        if not over:
            return text
        below = "·".join(write(part, 4) for part in over)
        return f"{text}/({below})" if len(over) > 1 else f"{text}/{below}"
    if kind == "pow":
        if tree[2] == _MINUS_ONE:
            return f"1/{write(tree[1], 4)}"
        return f"{write(tree[1], 6)}^{write(tree[2], 6)}"
    if kind == "relation":
        return f"{write(tree[2], 2)} {_SIGNS.get(tree[1], tree[1])} {write(tree[3], 2)}"
    if kind == "and":
        return _chained(tree) or " and ".join(write(part, 1) for part in tree[1:])
    if kind == "or":
        return " or ".join(write(part, 1) for part in tree[1:])
    if kind == "not":
        return f"not ({write(tree[1])})"
    if kind == "function":
        if tree[1] == "abs":
            return f"|{write(tree[2])}|"
        return f"{tree[1]}({', '.join(map(write, tree[2:]))})"
    if kind == "apply":
        return f"{tree[1]}({write(tree[2])})"
    if kind == "sum":
        return f"Σ[{letter(tree[1])} = {write(tree[2])} … {write(tree[3])}] {write(tree[4], 3)}"
    if kind == "interval":
        left, right = ("(" if tree[1][0] == "o" else "["), (")" if tree[1][1] == "o" else "]")
        return f"{left}{write(tree[2])}, {write(tree[3])}{right}"
    if kind in ("union", "intersection"):
        return (" ∪ " if kind == "union" else " ∩ ").join(map(write, tree[1:]))
    if kind == "contains":
        return f"{write(tree[1])} in {write(tree[2])}"
    return kind if kind in ("true", "false") else f"{kind}({', '.join(map(write, tree[1:]))})"


def _negated(tree: Tree) -> Tree | None:
    """Return what a minus sign stands before, or None when there is none."""
    if tree[0] in ("number", "float") and tree[1].startswith("-"):
        return [tree[0], tree[1][1:]]
    if tree[0] == "mul" and len(tree) > 2 and tree[1][0] == "number" and tree[1][1].startswith("-"):
        rest = tree[2:] if tree[1] == _MINUS_ONE else [["number", tree[1][1][1:]], *tree[2:]]
        return rest[0] if len(rest) == 1 else ["mul", *rest]
    return None


def _chained(tree: Tree) -> str | None:
    """Write two conditions on the same middle as one chain: low < middle < high."""
    if len(tree) != 3 or any(part[0] != "relation" or part[1] not in ("<", "<=", ">", ">=") for part in tree[1:]):
        return None
    turned = {"<": "<", "<=": "<=", ">": "<", ">=": "<="}
    (_, one, *first), (_, two, *second) = tree[1:]
    first, second = first[:: 1 if one[0] == "<" else -1], second[:: 1 if two[0] == "<" else -1]
    one, two = turned[one], turned[two]
    if first[0] == second[1]:
        first, second, one, two = second, first, two, one
    if first[1] != second[0]:
        return None
    parts = (
        write(first[0], 2),
        _SIGNS.get(one, one),
        write(first[1], 2),
        _SIGNS.get(two, two),
        write(second[1], 2),
    )
    return " ".join(parts)


# ------------------------------------------------------------------------------------------- evaluation


@lru_cache(maxsize=1)
def _mp() -> Any:
    import mpmath

    context = mpmath.MPContext()
    context.dps = DIGITS
    return context


def real(value: Number) -> Any:
    """Return a Fraction or 40-digit number as mpmath's ``mpf``."""
    mp = _mp()
    return mp.mpf(value.numerator) / value.denominator if isinstance(value, Fraction) else mp.mpf(value)


# Of this thread alone: a grader judges many submissions at once, and one must not spend another's.
_pools: ContextVar[tuple[list[int], ...]] = ContextVar("pools", default=())


@contextlib.contextmanager
def at_most(budget: int) -> Iterator[None]:
    """Bound all evaluations inside the block together: once ``budget`` operations are spent they raise Undecided."""
    token = _pools.set((*_pools.get(), [budget]))
    try:
        yield
    finally:
        _pools.reset(token)


class _Evaluation:
    def __init__(self, point: Mapping[str, Number], functions: Mapping[str, Callable[[Number], Number]], budget: int):
        self.point = dict(point)
        self.functions = functions
        self.left = budget

    def spend(self, cost: int = 1) -> None:
        self.left -= cost
        pools = _pools.get()
        for pool in pools:
            pool[0] -= cost
        if self.left < 0 or any(pool[0] < 0 for pool in pools):
            raise Undecided("the formula takes too much work to evaluate")

    def trim(self, value: Number) -> Number:
        if isinstance(value, Fraction):
            bits = value.numerator.bit_length() + value.denominator.bit_length()
            self.spend(bits >> 8)
            return value if bits <= EXACT_BITS else real(value)
        if not _mp().isfinite(value):
            raise Undefined("no finite value")
        return value

    def number(self, tree: Tree) -> Number:
        self.spend()
        kind = tree[0]
        if kind in ("number", "float"):
            return _fraction(tree[1])
        if kind == "symbol":
            try:
                return self.point[tree[1]]
            except KeyError:
                raise Unreadable(f"{tree[1]} has no value here") from None
        if kind == "constant":
            if tree[1] in ("pi", "e"):
                return +getattr(_mp(), tree[1])
            raise Undefined("infinity has no value")
        if kind == "add":
            total: Number = Fraction(0)
            for child in tree[1:]:
                total = self.trim(_together(operator.add, total, self.number(child)))
            return total
        if kind == "mul":
            product: Number = Fraction(1)
            for child in tree[1:]:
                product = self.trim(_together(operator.mul, product, self.number(child)))
            return product
        if kind == "pow":
            return self.power(self.number(tree[1]), self.number(tree[2]))
        if kind == "function":
            return self.function(tree[1], [self.number(child) for child in tree[2:]])
        if kind == "apply":
            if tree[1] not in self.functions:
                raise Unreadable(f"{tree[1]}(...) has no meaning in this step")
            return self.functions[tree[1]](self.number(tree[2]))
        if kind == "sum":
            return self.sum(tree)
        if kind == "piecewise":
            for value, condition in zip(tree[1::2], tree[2::2], strict=False):
                if self.truth(condition):
                    return self.number(value)
            raise Undefined("no case of the piecewise formula holds")
        raise Unreadable("a condition stands where a number was expected")

    def power(self, base: Number, exponent: Number) -> Number:
        if base == 0:
            if exponent > 0:
                return Fraction(0)
            if exponent == 0:
                return Fraction(1)
            raise Undefined("division by zero")
        if isinstance(exponent, Fraction) and exponent.denominator == 1:
            n = exponent.numerator
            if isinstance(base, Fraction):
                bits = (base.numerator.bit_length() + base.denominator.bit_length()) * abs(n)
                if bits <= EXACT_BITS:
                    self.spend(bits >> 8)
                    return base**n
            if abs(n).bit_length() > 256:
                raise Undecided("the exponent is too large")
            return self._mp_power(real(base), n)
        if base < 0:
            raise Undefined("a root of a negative number")
        if isinstance(base, Fraction) and isinstance(exponent, Fraction) and exponent.denominator == 2:
            top, bottom = math.isqrt(base.numerator), math.isqrt(base.denominator)
            if top * top == base.numerator and bottom * bottom == base.denominator:
                return self.power(Fraction(top, bottom), Fraction(exponent.numerator))
        return self._mp_power(real(base), real(exponent))

    def _mp_power(self, base: Any, exponent: Any) -> Number:
        mp = _mp()
        self.spend(20)
        if abs(mp.log(abs(base)) * exponent) > 10**9:
            raise Undecided("the power is too large or too small to compare")
        return self.trim(mp.power(base, exponent))

    def function(self, name: str, values: list[Number]) -> Number:
        mp = _mp()
        self.spend(5)
        if name in ("max", "min"):
            return (max if name == "max" else min)(values, key=real)
        value = values[0]
        if name == "sqrt":
            return self.power(value, Fraction(1, 2))
        if name == "abs":
            return abs(value)
        if name == "sign":
            return Fraction((value > 0) - (value < 0))
        if name in ("floor", "ceiling"):
            return Fraction(int(mp.floor(real(value)) if name == "floor" else mp.ceil(real(value))))
        if name == "exp":
            return self._mp_power(+mp.e, real(value))
        if value <= 0:
            raise Undefined("the logarithm of a number that is not positive")
        return mp.log(real(value))

    def sum(self, tree: Tree) -> Number:
        _, index, low_tree, high_tree, body = tree
        low = self.number(low_tree)
        endless = high_tree == ["constant", "oo"]
        high = low if endless else self.number(high_tree)
        if any(not isinstance(end, Fraction) or end.denominator != 1 for end in (low, high)):
            raise Undefined("the limits of the sum are no whole numbers here")
        if not endless and high - low > 5_000:
            raise Undecided("the sum has too many terms")
        shadowed = self.point.get(index)

        def term(position: int) -> Number:
            self.point[index] = Fraction(position)
            return self.number(body)

        try:
            first = low.numerator
            if endless:
                return self._endless_sum(term, first)
            total: Number = Fraction(0)
            for position in range(first, high.numerator + 1):
                total = self.trim(_together(operator.add, total, term(position)))
            return total
        finally:
            if shadowed is None:
                self.point.pop(index, None)
            else:
                self.point[index] = shadowed

    def _endless_sum(self, term: Callable[[int], Number], first: int) -> Number:
        """Sum a geometric series exactly, any other series term by term until the terms vanish."""
        head = [term(first + offset) for offset in range(6)]
        if head[0] != 0:
            ratio = _together(operator.truediv, head[1], head[0])
            if all(same_number(b, _together(operator.mul, a, ratio)) for a, b in zip(head, head[1:], strict=False)):
                if abs(ratio) >= 1:
                    raise Undefined("the series diverges")
                return self.trim(_together(operator.truediv, head[0], 1 - ratio))
        total, position = real(sum(map(real, head))), first + len(head)
        while True:
            value = real(term(position))
            total += value
            if abs(value) <= abs(total) * _mp().mpf(10) ** -(DIGITS - 5):
                return total
            position += 1
            self.spend(5)

    def truth(self, tree: Tree) -> bool:
        self.spend()
        kind = tree[0]
        if kind in ("true", "false"):
            return kind == "true"
        if kind == "relation":
            if tree[2][0] == "constant" or tree[3][0] == "constant":
                return RELATIONS[tree[1]](self.extended(tree[2]), self.extended(tree[3]))
            left, right = self.number(tree[2]), self.number(tree[3])
            if same_number(left, right, inexact(tree)):
                right = left
            if isinstance(left, Fraction) != isinstance(right, Fraction):
                left, right = real(left), real(right)
            return RELATIONS[tree[1]](left, right)
        if kind == "and":
            return all(list(map(self.truth, tree[1:])))  # every part is looked at: none may be unreadable
        if kind == "or":
            return any(list(map(self.truth, tree[1:])))
        if kind == "not":
            return not self.truth(tree[1])
        if kind == "contains":
            return self.member(self.number(tree[1]), tree[2])
        raise Unreadable("a number stands where a condition was expected")

    def extended(self, tree: Tree) -> Any:
        if tree[0] == "constant" and tree[1] in ("oo", "-oo"):
            return _mp().mpf("inf" if tree[1] == "oo" else "-inf")
        return real(self.number(tree))

    def member(self, value: Number, tree: Tree) -> bool:
        self.spend()
        if tree[0] == "interval":
            low, high = (self.extended(end) for end in tree[2:])
            here = real(value)
            above = here > low if tree[1][0] == "o" else here >= low
            below = here < high if tree[1][1] == "o" else here <= high
            at_low, at_high = same_number(here, low), same_number(here, high)
            return (tree[1][0] == "c" if at_low else above) and (tree[1][1] == "c" if at_high else below)
        if tree[0] in ("union", "intersection"):
            return (any if tree[0] == "union" else all)([self.member(value, child) for child in tree[1:]])
        if tree[0] in ("true", "false"):
            return tree[0] == "true"
        raise Unreadable("a set of values was expected")


def _together(op: Callable[[Any, Any], Any], left: Number, right: Number) -> Number:
    """Apply ``op`` exactly to two Fractions, otherwise with 40 digits."""
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        if op is operator.truediv and right == 0:
            raise Undefined("division by zero")
        return op(left, right)
    return op(real(left), real(right))


def evaluate(
    tree: Tree,
    point: Mapping[str, Number],
    functions: Mapping[str, Callable[[Number], Number]] | None = None,
    *,
    budget: int = BUDGET,
) -> Number:
    """Return the value of a formula at ``point``: a Fraction when it is rational, else a 40-digit ``mpf``.

    Raises
    ------
    Undefined
        If it has no finite real value there.
    Undecided
        If the budget of operations runs out first.
    Unreadable
        If a symbol has no value at the point.
    """
    try:
        return _Evaluation(point, functions or {}, budget).number(tree)
    except (OverflowError, ZeroDivisionError, RecursionError, ValueError) as error:
        if isinstance(error, Unreadable):
            raise
        raise Undecided("the formula takes too much work to evaluate") from None


def holds(tree: Tree, point: Mapping[str, Number], variable: str = "eta", *, budget: int = BUDGET) -> bool:
    """Say whether a condition holds at ``point``; a bare set is a condition on ``variable``. Raises as evaluate()."""
    if tree[0] in SET_KINDS:
        tree = ["contains", ["symbol", variable], tree]
    try:
        return _Evaluation(point, {}, budget).truth(tree)
    except (OverflowError, ZeroDivisionError, RecursionError) as error:
        raise Undecided("the condition takes too much work to evaluate") from error


def same_number(left: Number, right: Number, loose: bool = False) -> bool:
    """Compare two values: exactly when both are rational, to 30 digits otherwise, to 9 digits when ``loose``.

    ``loose`` is for formulas that hold floating-point numbers, whose last digits are rounding.
    """
    if isinstance(left, Fraction) and isinstance(right, Fraction) and not loose:
        return left == right
    mp = _mp()
    a, b = real(left), real(right)
    if mp.isinf(a) or mp.isinf(b):
        return bool(a == b)
    return abs(a - b) <= mp.mpf(10) ** (-9 if loose else -30) * max(abs(a), abs(b))


def show_number(value: Number, digits: int = 6) -> str:
    """Return a value as a reader would write it: a short fraction, otherwise ``digits`` significant digits."""
    if isinstance(value, Fraction):
        if value.denominator == 1 and abs(value) < 10**9:
            return str(value.numerator)
        if value.denominator < 1000 and abs(value.numerator) < 10_000:
            return f"{value.numerator}/{value.denominator} ≈ {float(value):.{digits}g}"
    return _mp().nstr(real(value), digits).removesuffix(".0")
