"""Where a formula may be wrong: the changes that would make it right, each with a sentence that says where to look.

An edit is a sentence and the whole formula with one part changed. The sentence names a part of the student's own
formula, never the mended one; it is said only when the mended formula was found right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, product

from lrtutorial import formulas as ex

MAX_NODES = 60  #: larger formulas are not searched
MAX_EDITS = 600  #: single changes tried
MAX_PAIRS = 3_000  #: pairs of changes tried: about 100 ms
FIRST_EDITS, SECOND_EDITS = 160, 160  #: of each half of a pair, the likeliest
_COUNTERS = ("t", "k", "n")
_TURNED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_BORDER = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}
_ONE: ex.Tree = ["number", "1"]
_MINUS: ex.Tree = ["number", "-1"]
Edit = tuple[str, ex.Tree]


def edits(tree: ex.Tree, symbols: Sequence[str]) -> Iterator[Edit]:
    """Yield every single change of a formula, the likeliest first, no more than :data:`MAX_EDITS`.

    ``symbols`` are the names that the formula may use: one of them may be what is missing.
    """
    if sum(1 for _ in ex.nodes(tree)) <= MAX_NODES:
        yield from islice(_edits(flat(tree), symbols), MAX_EDITS)


def brackets(tree: ex.Tree) -> Iterator[ex.Tree]:
    """Yield what a formula would be with a pair of brackets that may have been left out.

    ``η − β`` may be η/1 − β for η/(1 − β), ``κ − 1/κ + 1`` may be (κ − 1)/(κ + 1), ``1 − ηa^t`` may be (1 − ηa)^t.
    """
    if sum(1 for _ in ex.nodes(tree)) <= MAX_NODES:
        whole = flat(tree)
        everywhere = _everywhere(whole, lambda node: _brackets(node, node is whole))
        yield from (mended for _, mended in islice(everywhere, MAX_EDITS))


def pairs(tree: ex.Tree, symbols: Sequence[str]) -> Iterator[tuple[str, str, ex.Tree]]:
    """Yield pairs of changes, no more than :data:`MAX_PAIRS`, as two sentences and the formula with both."""
    count = 0
    for first, halfway in islice(edits(tree, symbols), FIRST_EDITS):
        for second, mended in islice(edits(halfway, symbols), SECOND_EDITS):
            if second != first:
                count += 1
                yield first, second, mended
            if count >= MAX_PAIRS:
                return


def flat(tree: ex.Tree) -> ex.Tree:
    """Return the same formula with sums within sums, and products within products, as one."""
    parts = [flat(part) if isinstance(part, list) else part for part in tree]
    if tree[0] not in ("add", "mul"):
        return parts
    merged = [tree[0]]
    for part in parts[1:]:
        merged.extend(part[1:] if part[0] == tree[0] else [part])
    signs = sum(part == _MINUS for part in merged[1:])
    if tree[0] == "mul" and signs > 1:  # −(−x) is x
        rest = [part for part in merged[1:] if part != _MINUS]
        merged = ["mul", *([_MINUS] if signs % 2 else []), *rest] if rest else merged
    return merged


def _edits(tree: ex.Tree, symbols: Sequence[str]) -> Iterator[Edit]:
    yield from _everywhere(tree, lambda node: _numbers_put_in(node, symbols))
    for kind in (_signs, _borders, _exponents, _off_by_one, _factors_too_many, _terms_too_many, _spread):
        yield from _everywhere(tree, kind)
    yield from _complements(tree)
    yield from _everywhere(tree, lambda node: _factors_missing(node, symbols))


def _everywhere(tree: ex.Tree, change: Callable[[ex.Tree], Iterator[Edit]]) -> Iterator[Edit]:
    """Apply an edit to every node in turn, and yield the whole tree with that one change."""
    yield from change(tree)
    for place, child in enumerate(tree):
        is_sign = child == _MINUS and tree[0] in ("mul", "pow")  # a minus or a fraction line, not a number
        if isinstance(child, list) and not is_sign:
            for sentence, changed in _everywhere(child, change):
                yield sentence, [*tree[:place], changed, *tree[place + 1 :]]


def _said(node: ex.Tree) -> str:
    text = ex.write(node).removeprefix("−")
    return text if len(text) <= 60 else text[:59] + "…"


def _minus(node: ex.Tree) -> ex.Tree:
    return flat(["mul", _MINUS, node])


def _signs(node: ex.Tree) -> Iterator[Edit]:
    if node[0] == "add":
        for place in range(1, len(node)):
            yield f"Look at the sign of {_said(node[place])}.", [*node[:place], _minus(node[place]), *node[place + 1 :]]
    if node[0] == "relation":
        for place in (2, 3):
            yield f"Look at the sign of {_said(node[place])}.", [*node[:place], _minus(node[place]), *node[place + 1 :]]
    if node[0] in ("symbol", "apply"):
        yield f"Which sign should {_said(node)} have? Look at each place where it stands.", _minus(node)


def _borders(node: ex.Tree) -> Iterator[Edit]:
    if node[0] == "relation" and node[1] in _BORDER:
        at = f"Look at the border in {_said(node)}: does the condition hold exactly there?"
        yield at, ["relation", _BORDER[node[1]], *node[2:]]
        yield f"Does {_said(node)} point the right way?", ["relation", _TURNED[node[1]], *node[2:]]
    if node[0] == "interval":
        for place, name in enumerate(("lower", "upper")):
            flags = list(node[1])
            flags[place] = "c" if flags[place] == "o" else "o"
            said = f"Look at the {name} end of your interval: does it belong?"
            yield said, ["interval", "".join(flags), *node[2:]]
    if node[0] in ("and", "or") and len(node) == 3:
        said = f"Should both conditions hold at once, or one of them? You wrote “{node[0]}”."
        yield said, ["or" if node[0] == "and" else "and", *node[1:]]


def _off_by_one(node: ex.Tree) -> Iterator[Edit]:
    if node[0] == "symbol" and node[1] in _COUNTERS:
        for step in ("1", "-1"):
            said = f"Off by one: look at {node[1]} where it stands, and count again."
            yield said, ["add", node, ["number", step]]
    if node[0] == "number":
        for step in ("1", "-1"):
            yield f"Look at the number {_said(node)}.", ["number", str(ex.as_fraction(node[1]) + int(step))]


def _exponents(node: ex.Tree) -> Iterator[Edit]:
    if node[0] == "pow":
        base, exponent = node[1], node[2]
        if exponent != _MINUS:
            for step in ("1", "-1"):
                said = f"The exponent of {_said(base)} is off by one."
                yield said, ["pow", base, ["add", exponent, ["number", step]]]
            if base[0] != "number" or exponent[0] != "number":
                said = f"Which of {_said(base)} and {_said(exponent)} is the base, and which the exponent?"
                yield said, ["pow", exponent, base]
        said = f"Does {_said(base)} stand on the right side of the fraction line?"
        yield said, ["pow", base, _minus(exponent)]
        yield f"Look at the exponent of {_said(base)}.", base
    elif node[0] in ("symbol", "add", "apply"):
        yield f"Look at the exponent of {_said(node)}.", ["pow", node, ["number", "2"]]
        yield f"Look at the exponent of {_said(node)}.", ["pow", node, ["number", "1/2"]]
        yield f"Does {_said(node)} stand on the right side of the fraction line?", ["pow", node, _MINUS]
    elif node[0] == "function" and node[1] == "sqrt":
        yield f"Is the root of {_said(node[2])} needed?", node[2]
    elif node[0] == "function" and node[1] == "abs":
        yield f"Are the bars around {_said(node[2])} needed?", node[2]


def _factors_too_many(node: ex.Tree) -> Iterator[Edit]:
    if node[0] == "mul" and len(node) > 2:
        for place in range(2 if node[1] == _MINUS else 1, len(node)):
            yield f"Is the factor {_said(node[place])} needed?", ["mul", *node[1:place], *node[place + 1 :]]


def _terms_too_many(node: ex.Tree) -> Iterator[Edit]:
    if node[0] == "add" and len(node) > 2:
        yield f"Are the parts of {_said(node)} to be added, or multiplied?", ["mul", *node[1:]]
        for place in range(1, len(node)):
            yield f"Is the term {_said(node[place])} needed?", ["add", *node[1:place], *node[place + 1 :]]


def _spread(node: ex.Tree) -> Iterator[Edit]:
    """Let a factor of a whole sum act on one of its terms only: ``(1 − η)·a`` for 1 − η·a."""
    if node[0] != "mul":
        return
    for where, total in enumerate(node[1:], 1):
        if total[0] != "add":
            continue
        for place, factor in enumerate(node[1:], 1):
            if place == where or factor == _MINUS:
                continue
            rest = [part for index, part in enumerate(node[1:], 1) if index not in (where, place)]
            for inside in range(1, len(total)):
                one = flat(["mul", total[inside], factor])
                said = f"Does {_said(factor)} multiply all of {_said(total)}, or one term of it?"
                yield said, ["mul", *rest, [*total[:inside], one, *total[inside + 1 :]]]


def _numbers_put_in(node: ex.Tree, symbols: Sequence[str]) -> Iterator[Edit]:
    """Put a symbol back where a decimal stands: ``0.9^t`` for β^t."""
    if node[0] == "float":
        for name in symbols:
            for value in (["symbol", name], ["add", _ONE, ["mul", _MINUS, ["symbol", name]]]):
                yield f"Does the number {_said(node)} stand where a symbol belongs?", value


def _complements(tree: ex.Tree) -> Iterator[Edit]:
    """Put 1 − β in place of β everywhere: the share that is lost for the one that is kept."""
    for name in sorted(ex.symbols(tree)):
        other: ex.Tree = ["add", _ONE, ["mul", _MINUS, ["symbol", name]]]
        letter = ex.letter(name)
        yield f"Have {letter} and 1 − {letter} changed places?", ex.substitute(tree, name, other)


def _factors_missing(node: ex.Tree, symbols: Sequence[str]) -> Iterator[Edit]:
    if node[0] in ("symbol", "add", "mul", "pow", "apply", "sum"):
        for name in symbols:
            yield f"A factor is missing beside {_said(node)}.", ["mul", ["symbol", name], node]
            if ["symbol", name] in (node, *node[1:]):  # that would take the factor away
                continue
            said = f"{_said(node)} should be divided by something."
            yield said, ["mul", ["pow", ["symbol", name], _MINUS], node]
    if node[0] in ("symbol", "add", "mul", "pow", "apply", "number", "sum"):
        for factor in ("2", "1/2"):
            yield f"{_said(node)} is off by a factor of 2.", ["mul", ["number", factor], node]
        if node[0] != "number":
            for term in (_ONE, _MINUS):
                yield f"A term is missing beside {_said(node)}.", ["add", term, node]


# ------------------------------------------------------------------------------------------- brackets


def _brackets(node: ex.Tree, whole: bool) -> Iterator[Edit]:
    if node[0] == "add" and 3 <= len(node) <= 6:
        for place in range(1, len(node)):
            others = [part for index, part in enumerate(node[1:], 1) if index != place]
            if whole or _split(node[place])[1]:  # in brackets of its own a line over 1 would have been seen
                yield from _around_fraction(node[place], others)
            yield from _around_power(node[place], others)
            yield from _around_sum(node[place], others)
    if node[0] == "mul":
        yield from _longer_denominator(node)
        yield from _longer_exponent(node)


def _split(term: ex.Tree) -> tuple[list[ex.Tree], list[ex.Tree]]:
    """Return a term's factors above and below its fraction line."""
    factors = term[1:] if term[0] == "mul" else [term]
    below = [part[1] for part in factors if part[0] == "pow" and part[2] == _MINUS]
    return [part for part in factors if not (part[0] == "pow" and part[2] == _MINUS)], below


def _around_fraction(term: ex.Tree, others: list[ex.Tree]) -> Iterator[Edit]:
    """Let the other terms stand above or below the fraction line of this one (a line over 1 where it has none)."""
    above, below = _split(term)
    top, bottom = ["mul", *above] if above else _ONE, ["mul", *below] if below else _ONE
    for places in product(("out", "above", "below"), repeat=len(others)):
        groups = {name: [part for part, place in zip(others, places, strict=True) if place == name] for name in places}
        if set(places) == {"out"} or (not below and "below" not in places):
            continue
        whole = [
            "mul",
            ["add", *groups.get("above", []), top],
            ["pow", ["add", bottom, *groups.get("below", [])], _MINUS],
        ]
        yield "", ["add", *groups.get("out", []), whole]


def _around_sum(term: ex.Tree, others: list[ex.Tree]) -> Iterator[Edit]:
    """Let factors at the end of this term act on the whole sum: ``1 − ηa·x`` for (1 − ηa)·x."""
    factors = term[1:] if term[0] == "mul" else [term]
    if len(factors) > 5:
        return
    for inside in product((True, False), repeat=len(factors)):
        kept = [part for part, here in zip(factors, inside, strict=True) if here]
        outside = [part for part, here in zip(factors, inside, strict=True) if not here]
        if outside and kept and _MINUS not in outside:  # the sign stays with what is behind it
            yield "", ["mul", *outside, ["add", *others, ["mul", *kept]]]


def _around_power(term: ex.Tree, others: list[ex.Tree]) -> Iterator[Edit]:
    """Let the other terms stand in the base, or in the exponent, of a power in this one."""
    factors = term[1:] if term[0] == "mul" else [term]
    for place, factor in enumerate(factors):
        if factor[0] != "pow" or factor[2] == _MINUS:
            continue
        rest = [part for index, part in enumerate(factors) if index != place]
        if rest:
            yield "", ["mul", *rest, ["pow", factor[1], ["add", factor[2], *others]]]
        else:
            yield "", ["pow", factor[1], ["add", factor[2], *others]]
        if len(rest) > 4:
            continue
        for inside in product((True, False), repeat=len(rest)):
            kept = [part for part, here in zip(rest, inside, strict=True) if here]
            outside = [part for part, here in zip(rest, inside, strict=True) if not here]
            if _MINUS in outside:  # the sign stays with what is behind it
                continue
            base = ["add", *others, ["mul", *kept, factor[1]]]
            yield "", ["mul", *outside, ["pow", base, factor[2]]]


def _longer_denominator(node: ex.Tree) -> Iterator[Edit]:
    """Let factors behind a fraction stand below its line: ``1/2·a`` for 1/(2a)."""
    above, below = _split(node)
    if not below and not any(part[0] == "number" and "/" in part[1] for part in above):
        return
    for factor in above:
        if factor[0] == "number":
            continue
        rest = [part for part in node[1:] if part is not factor]
        yield "", ["mul", *rest, ["pow", factor, _MINUS]]


def _longer_exponent(node: ex.Tree) -> Iterator[Edit]:
    """Let factors behind a power stand in its exponent: ``e^−η·t`` for e^(−ηt)."""
    for place, factor in enumerate(node[1:], 1):
        if factor[0] != "pow" or factor[2] == _MINUS:
            continue
        rest = [part for index, part in enumerate(node[1:], 1) if index != place]
        if len(rest) > 4:
            continue
        for inside in product((True, False), repeat=len(rest)):
            if any(inside):
                kept = [part for part, here in zip(rest, inside, strict=True) if here]
                outside = [part for part, here in zip(rest, inside, strict=True) if not here]
                yield "", ["mul", *outside, ["pow", factor[1], ["mul", factor[2], *kept]]]
