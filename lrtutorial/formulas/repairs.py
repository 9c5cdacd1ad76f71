"""Where a formula may be wrong: the single changes that would make it right, each with a sentence that says
where to look.

The sentence names a part of the student's own formula, never the repaired one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lrtutorial import formulas as ex

MAX_NODES = 60  #: larger formulas are not searched
MAX_REPAIRS = 600
_COUNTERS = ("t", "k", "n")
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_BORDER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_ONE: ex.Tree = ["number", "1"]
_MINUS: ex.Tree = ["number", "-1"]


def find(tree: ex.Tree, symbols: Sequence[str], fits: Callable[[ex.Tree], bool]) -> str | None:
    """Return the sentence for the first single change of ``tree`` that ``fits`` accepts, or None.

    ``symbols`` are the names that the formula may use: one of them may be what is missing.
    """
    if sum(1 for _ in ex.nodes(tree)) > MAX_NODES:
        return None
    for count, (sentence, repaired) in enumerate(_repairs(tree, symbols)):
        if count >= MAX_REPAIRS:
            return None
        if fits(repaired):
            return sentence
    return None


def _repairs(tree: ex.Tree, symbols: Sequence[str]) -> Iterator[tuple[str, ex.Tree]]:
    for edits in (_signs, _borders, _exponents, _off_by_one, _factors_too_many, _terms_too_many):
        yield from _everywhere(tree, edits)
    yield from _everywhere(tree, lambda node: _factors_missing(node, symbols))


def _everywhere(
    tree: ex.Tree, edits: Callable[[ex.Tree], Iterator[tuple[str, ex.Tree]]]
) -> Iterator[tuple[str, ex.Tree]]:
    """Apply an edit to every node in turn, and yield the whole tree with that one change."""
    yield from edits(tree)
    for place, child in enumerate(tree):
        is_sign = child == _MINUS and tree[0] in ("mul", "pow")  # a minus or a fraction line, not a number
        if isinstance(child, list) and not is_sign:
            for sentence, changed in _everywhere(child, edits):
                yield sentence, [*tree[:place], changed, *tree[place + 1 :]]


def _said(node: ex.Tree) -> str:
    text = ex.write(node).removeprefix("−")
    return text if len(text) <= 60 else text[:59] + "…"


def _signs(node: ex.Tree) -> Iterator[tuple[str, ex.Tree]]:
    if node[0] == "add":
        for place in range(1, len(node)):
            flipped = ["mul", _MINUS, node[place]]
            yield f"Look at the sign of {_said(node[place])}.", [*node[:place], flipped, *node[place + 1 :]]
    if node[0] == "relation":
        for place in (2, 3):
            flipped = ["mul", _MINUS, node[place]]
            yield f"Look at the sign of {_said(node[place])}.", [*node[:place], flipped, *node[place + 1 :]]
    if node[0] in ("symbol", "apply"):
        yield f"Look at the sign in front of {_said(node)}.", ["mul", _MINUS, node]


def _borders(node: ex.Tree) -> Iterator[tuple[str, ex.Tree]]:
    if node[0] == "relation" and node[1] in _BORDER:
        at = f"Look at the border in {_said(node)}: does the condition hold exactly there?"
        yield at, ["relation", _BORDER[node[1]], *node[2:]]
        turned = f"Does {_said(node)} point the right way?"
        yield turned, ["relation", _TURNED[node[1]], *node[2:]]
    if node[0] == "interval":
        for place, name in enumerate(("lower", "upper")):
            flags = list(node[1])
            flags[place] = "c" if flags[place] == "o" else "o"
            yield (
                f"Look at the {name} end of your interval: does it belong?",
                [
                    "interval",
                    "".join(flags),
                    *node[2:],
                ],
            )
    if node[0] in ("and", "or") and len(node) == 3:
        swapped = "or" if node[0] == "and" else "and"
        yield (
            f"Should both conditions hold at once, or one of them? You wrote “{node[0]}”.",
            [
                swapped,
                *node[1:],
            ],
        )


def _off_by_one(node: ex.Tree) -> Iterator[tuple[str, ex.Tree]]:
    if node[0] == "symbol" and node[1] in _COUNTERS:
        for step in ("1", "-1"):
            yield (
                f"Off by one: look at {node[1]} where it stands, and count again.",
                [
                    "add",
                    node,
                    ["number", step],
                ],
            )
    if node[0] == "number":
        for step in ("1", "-1"):
            yield f"Look at the number {_said(node)}.", ["add", node, ["number", step]]


def _exponents(node: ex.Tree) -> Iterator[tuple[str, ex.Tree]]:
    if node[0] == "pow":
        base, exponent = node[1], node[2]
        if exponent != _MINUS:
            for step in ("1", "-1"):
                yield (
                    f"The exponent of {_said(base)} is off by one.",
                    [
                        "pow",
                        base,
                        ["add", exponent, ["number", step]],
                    ],
                )
        yield (
            f"Does {_said(base)} stand on the right side of the fraction line?",
            [
                "pow",
                base,
                ["mul", _MINUS, exponent],
            ],
        )
        yield f"Look at the exponent of {_said(base)}.", base
    elif node[0] in ("symbol", "add", "apply"):
        yield f"Look at the exponent of {_said(node)}.", ["pow", node, ["number", "2"]]
        yield f"Look at the exponent of {_said(node)}.", ["pow", node, ["number", "1/2"]]
        yield f"Does {_said(node)} stand on the right side of the fraction line?", ["pow", node, _MINUS]
    elif node[0] == "function" and node[1] == "sqrt":
        yield f"Is the root of {_said(node[2])} needed?", node[2]


def _factors_too_many(node: ex.Tree) -> Iterator[tuple[str, ex.Tree]]:
    if node[0] == "mul" and len(node) > 2:
        for place in range(2 if node[1] == _MINUS else 1, len(node)):
            yield f"Is the factor {_said(node[place])} needed?", ["mul", *node[1:place], *node[place + 1 :]]


def _terms_too_many(node: ex.Tree) -> Iterator[tuple[str, ex.Tree]]:
    if node[0] == "add" and len(node) > 2:
        for place in range(1, len(node)):
            yield f"Is the term {_said(node[place])} needed?", ["add", *node[1:place], *node[place + 1 :]]


def _factors_missing(node: ex.Tree, symbols: Sequence[str]) -> Iterator[tuple[str, ex.Tree]]:
    if node[0] in ("symbol", "add", "mul", "pow", "apply", "number", "sum"):
        for name in symbols:
            yield f"A factor is missing beside {_said(node)}.", ["mul", ["symbol", name], node]
            yield (
                f"{_said(node)} should be divided by something.",
                [
                    "mul",
                    ["pow", ["symbol", name], _MINUS],
                    node,
                ],
            )
        for factor in ("2", "1/2"):
            yield f"{_said(node)} is off by a factor of 2.", ["mul", ["number", factor], node]
        yield f"A term is missing beside {_said(node)}.", ["add", _ONE, node]
        yield f"A term is missing beside {_said(node)}.", ["add", _MINUS, node]
