"""Writing a tree as a reader would: ``0 < η·a < 2``. For display only, never read back."""

from __future__ import annotations

import re

from lrtutorial.course import current
from lrtutorial.formulas.characters import GREEK_LETTERS
from lrtutorial.formulas.tree import MINUS_ONE, SERIES, Tree

_GREEK = {name: letter for letter, name in GREEK_LETTERS.items()}
_LOW = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
SIGNS = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠"}
TIGHTNESS = {
    "relation": 1,
    "and": 0,
    "or": 0,
    "add": 2,
    "mul": 3,
    "pow": 5,
}


def letter(name: str) -> str:
    """Return a symbol's name as a reader writes it, or as the course says that it is written.

    >>> letter("eta"), letter("beta1"), letter("lambda_max"), letter("x0")
    ('η', 'β₁', 'λ_max', 'x₀')
    """
    known = current().symbols.get(name)
    if known and known.letter:
        return known.letter
    head, digits, tail = re.fullmatch(r"(.*?[a-zA-Z]?)(\d*)((?:_\w*)?)", name).groups()  # type: ignore[union-attr]
    return _GREEK.get(head, head) + digits.translate(_LOW) + tail


def write(tree: Tree, around: int = 0) -> str:
    """Return a formula as a reader would write it: ``0 < η·a < 2``. For display only, never read back."""
    kind = tree[0]
    text = _written(tree)
    tight = TIGHTNESS.get(kind, 6)
    if kind == "number" and "/" in tree[1]:
        tight = 3
    elif kind in ("number", "float") and tree[1].startswith("-"):
        tight = 2
    return f"({text})" if tight < around else text


def _written(tree: Tree) -> str:
    kind = tree[0]
    if kind in ("number", "float"):
        number: str = tree[1]
        return number.replace("-", "−")
    if kind in ("symbol", "constant"):
        return letter(tree[1]).replace("oo", "∞").replace("-", "−")
    if kind == "add":
        first, *others = sorted(tree[1:], key=lambda part: negated(part) is not None)
        text = write(first, 2)
        for part in others:
            minus = negated(part)
            text += f" − {write(minus, 3)}" if minus is not None else f" + {write(part, 2)}"
        return text
    if kind == "mul":
        minus = negated(tree)
        if minus is not None:
            return f"−{write(minus, 3)}"
        above, over = fraction(tree)
        text = "·".join(write(part, 3 if i == 0 else 4) for i, part in enumerate(above)) or "1"
        if not over:
            return text
        below = "·".join(write(part, 4) for part in over)
        return f"{text}/({below})" if len(over) > 1 else f"{text}/{below}"
    if kind == "pow":
        if tree[2] == MINUS_ONE:
            return f"1/{write(tree[1], 4)}"
        return f"{write(tree[1], 6)}^{write(tree[2], 6)}"
    if kind == "relation":
        return f"{write(tree[2], 2)} {SIGNS.get(tree[1], tree[1])} {write(tree[3], 2)}"
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
        return f"{letter(tree[1])}({write(tree[2])})"
    if kind in SERIES:
        sign = "Σ" if kind == "sum" else "Π"
        inside = 3 if kind == "sum" else 4  # Π (x)·y would be read as Π (x), times y
        return f"{sign}[{letter(tree[1])} = {write(tree[2])} … {write(tree[3])}] {write(tree[4], inside)}"
    if kind == "interval":
        left, right = ("(" if tree[1][0] == "o" else "["), (")" if tree[1][1] == "o" else "]")
        return f"{left}{write(tree[2])}, {write(tree[3])}{right}"
    if kind in ("union", "intersection"):
        return (" ∪ " if kind == "union" else " ∩ ").join(map(write, tree[1:]))
    if kind == "contains":
        return f"{write(tree[1])} in {write(tree[2])}"
    return kind if kind in ("true", "false") else f"{kind}({', '.join(map(write, tree[1:]))})"


def fraction(tree: Tree) -> tuple[list[Tree], list[Tree]]:
    """Return the factors of a product above and below the fraction line; a division by 1 is not shown."""
    below = [part[1] for part in tree[1:] if part[0] == "pow" and part[2] == MINUS_ONE]
    above = [part for part in tree[1:] if not (part[0] == "pow" and part[2] == MINUS_ONE)]
    return above, [part for part in below if part != ["number", "1"]]


def negated(tree: Tree) -> Tree | None:
    """Return what a minus sign stands before, or None when there is none."""
    if tree[0] in ("number", "float") and tree[1].startswith("-"):
        return [tree[0], tree[1][1:]]
    if tree[0] == "mul" and len(tree) > 2 and tree[1][0] == "number" and tree[1][1].startswith("-"):
        rest = tree[2:] if tree[1] == MINUS_ONE else [["number", tree[1][1][1:]], *tree[2:]]
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
        SIGNS.get(one, one),
        write(first[1], 2),
        SIGNS.get(two, two),
        write(second[1], 2),
    )
    return " ".join(parts)
