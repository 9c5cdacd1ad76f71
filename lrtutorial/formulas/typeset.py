"""A formula as MathML: typeset by the browser itself, read aloud by screen readers, nothing to load."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from lrtutorial.formulas.tree import MINUS_ONE, SERIES, Tree
from lrtutorial.formulas.writing import SIGNS, TIGHTNESS, fraction, letter, negated, write

_LOW = str.maketrans("₀₁₂", "012")


def mathml(tree: Tree) -> str:
    """Return a formula or condition as one inline ``<math>`` element, with its plain text for those without MathML."""
    return f'<math display="inline" alttext="{escape(write(tree))}">{_row(tree)}</math>'


def _row(tree: Tree, around: int = 0) -> str:
    """Return a part, in brackets where what stands around it binds tighter."""
    kind = tree[0]
    tight = TIGHTNESS.get(kind, 6)
    if kind == "number" and "/" in tree[1] or kind == "mul" and _is_fraction(tree) and around < 5:
        tight = 5  # a fraction line groups by itself
    elif kind in ("number", "float") and tree[1].startswith("-"):
        tight = 2
    inner = _part(tree)
    return f"<mrow>{_op('(')}{inner}{_op(')')}</mrow>" if tight < around else inner


def _is_fraction(tree: Tree) -> bool:
    return negated(tree) is None and bool(fraction(tree)[1])


def _op(sign: str) -> str:
    return f"<mo>{escape(sign)}</mo>"


def _joined(sign: str, parts: list[str]) -> str:
    return f"<mrow>{sign.join(parts)}</mrow>"


def _part(tree: Tree) -> str:
    kind = tree[0]
    if kind in ("number", "float"):
        return _number(tree[1])
    if kind in ("symbol", "constant"):
        return _name(letter(tree[1]).replace("oo", "∞").replace("-", "−"))
    writer = _WRITERS.get(kind)
    if writer is not None:
        return writer(tree)
    if kind in SERIES:
        return _series(tree)
    return f"<mtext>{escape(write(tree))}</mtext>"


def _number(text: str) -> str:
    minus = _op("−") if text.startswith("-") else ""
    top, _, bottom = text.removeprefix("-").partition("/")
    number = f"<mn>{escape(top)}</mn>"
    return minus + (f"<mfrac>{number}<mn>{escape(bottom)}</mn></mfrac>" if bottom else number)


def _name(text: str) -> str:
    """Return a symbol; what is behind its underscore, or its small digit, stands lower: λ_max, β₁, E[g]."""
    if text[-1:] in "₀₁₂" and len(text) > 1:
        return f"<msub><mi>{escape(text[:-1])}</mi><mn>{text[-1].translate(_LOW)}</mn></msub>"
    head, _, below = text.partition("_")
    if head and below:
        return f"<msub><mi>{escape(head)}</mi><mi>{escape(below)}</mi></msub>"
    return f"<mi>{escape(text)}</mi>"


def _sum(tree: Tree) -> str:
    first, *others = sorted(tree[1:], key=lambda part: negated(part) is not None)
    text = _row(first, 2)
    for part in others:
        minus = negated(part)
        text += _op("−") + _row(minus, 3) if minus is not None else _op("+") + _row(part, 2)
    return f"<mrow>{text}</mrow>"


def _product(tree: Tree) -> str:
    minus = negated(tree)
    if minus is not None:
        return f"<mrow>{_op('−')}{_row(minus, 3)}</mrow>"
    above, below = fraction(tree)
    if not below:
        return _factors(above)
    return f"<mfrac>{_factors(above) or '<mn>1</mn>'}{_factors(below)}</mfrac>"


def _factors(parts: list[Tree]) -> str:
    if len(parts) == 1:
        return _row(parts[0])
    return _joined(_op("·"), [_row(part, 4 if place else 3) for place, part in enumerate(parts)]) if parts else ""


def _power(tree: Tree) -> str:
    if tree[2] == MINUS_ONE:
        return f"<mfrac><mn>1</mn>{_row(tree[1])}</mfrac>"
    if tree[2] == ["number", "1/2"]:
        return f"<msqrt>{_row(tree[1])}</msqrt>"
    return f"<msup>{_row(tree[1], 6)}{_row(tree[2])}</msup>"


def _relation(tree: Tree) -> str:
    return f"<mrow>{_row(tree[2], 2)}{_op(SIGNS.get(str(tree[1]), str(tree[1])))}{_row(tree[3], 2)}</mrow>"


def _conditions(tree: Tree) -> str:
    if tree[0] == "and" and (chain := _chain(tree[1:])):
        return chain
    between = f"<mspace width='0.4em'/><mtext>{tree[0]}</mtext><mspace width='0.4em'/>"
    return _joined(between, [_row(part, 1) for part in tree[1:]])


def _chain(parts: list[Tree]) -> str | None:
    """Return relations that share their ends, as they were typed, as one chain."""
    if any(part[0] != "relation" for part in parts) or any(
        a[3] != b[2] for a, b in zip(parts, parts[1:], strict=False)
    ):
        return None
    links = "".join(_op(SIGNS.get(str(part[1]), str(part[1]))) + _row(part[3], 2) for part in parts)
    return f"<mrow>{_row(parts[0][2], 2)}{links}</mrow>"


def _function(tree: Tree) -> str:
    name, *values = tree[1:]
    if name == "sqrt":
        return f"<msqrt>{_row(values[0])}</msqrt>"
    if name == "abs":
        return f"<mrow>{_op('|')}{_row(values[0])}{_op('|')}</mrow>"
    if name == "exp":
        return f"<msup><mi>e</mi>{_row(values[0])}</msup>"
    return f"<mrow><mi>{escape(name)}</mi>{_op('(')}{_op(',').join(map(_row, values))}{_op(')')}</mrow>"


def _applied(tree: Tree) -> str:
    return f"<mrow>{_name(letter(tree[1]))}{_op('(')}{_row(tree[2])}{_op(')')}</mrow>"


def _series(tree: Tree) -> str:
    sign, inside = ("∑", 3) if tree[0] == "sum" else ("∏", 4)  # ∏ (x)·y would be read as ∏ (x), times y
    low = f"<mrow>{_name(letter(tree[1]))}{_op('=')}{_row(tree[2])}</mrow>"
    return f"<mrow><munderover>{_op(sign)}{low}{_row(tree[3])}</munderover>{_row(tree[4], inside)}</mrow>"


def _interval(tree: Tree) -> str:
    left, right = ("(" if tree[1][0] == "o" else "["), (")" if tree[1][1] == "o" else "]")
    return f"<mrow>{_op(left)}{_row(tree[2])}{_op(',')}{_row(tree[3])}{_op(right)}</mrow>"


def _sets(tree: Tree) -> str:
    return _joined(_op("∪" if tree[0] == "union" else "∩"), [_row(part) for part in tree[1:]])


_WRITERS: dict[str, Callable[[Tree], str]] = {
    "add": _sum,
    "mul": _product,
    "pow": _power,
    "relation": _relation,
    "and": _conditions,
    "or": _conditions,
    "not": lambda tree: f"<mrow><mtext>not&#160;</mtext>{_op('(')}{_row(tree[1])}{_op(')')}</mrow>",
    "function": _function,
    "apply": _applied,
    "interval": _interval,
    "union": _sets,
    "intersection": _sets,
    "contains": lambda tree: f"<mrow>{_row(tree[1])}{_op('∈')}{_row(tree[2])}</mrow>",
}
