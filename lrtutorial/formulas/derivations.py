"""A derivation line by line: is each line equivalent to the one above, only implied by it, or broken?

>>> from lrtutorial import derivation
>>> print(derivation("|1 - η*a| < 1", "-1 < 1 - η*a < 1", "-2 < -η*a < 0", "-2 < η*a < 0"))
     |1 − η·a| < 1
  ⇔  −1 < 1 − η·a < 1
  ⇔  −2 < −η·a < 0
  ✗  −2 < η·a < 0
     at a = 1, η = 1: line 3 reads −2 < −1 < 0, which is true; line 4 reads −2 < 1 < 0, which is false.

A sign is shown only where it is proved, for all values of the letters (:mod:`lrtutorial.formulas.relations`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Any

from lrtutorial import formulas as ex
from lrtutorial.formulas.relations import (
    BROKEN,
    EQUAL,
    ONLY_DOWN,
    OPEN,
    SAME,
    Relation,
    Unclear,
    holds_at,
    relation,
    stated,
    unknown_of,
)
from lrtutorial.formulas.surds import Exact, bounds

Point = Mapping[str, Fraction]
WORDS = {
    SAME: "equivalent to the line above",
    ONLY_DOWN: "follows from the line above, but does not lead back",
    BROKEN: "does not follow from the line above",
    EQUAL: "equal to the line above",
    OPEN: "not proved",
}
MAX_LINES = 30
UNDEFINED = "undefined"


# ----------------------------------------------------------------------------------------------- deciding


def table(tree: ex.Tree, points: Sequence[Point], variable: str, budget: int = 200_000) -> list[ex.Number]:
    """Return a line's value at every point: True or False for a condition, a number for a formula.

    Raises Undecided when that takes more than ``budget`` operations, Unreadable for a symbol without a value.
    """
    values: list[object] = []
    share = max(budget // max(len(points), 1), 200)
    for point in points:
        try:
            if ex.is_condition(tree):
                values.append(ex.holds(tree, point, variable, budget=share))
            else:
                values.append(ex.evaluate(tree, point, budget=share))
        except ex.Undefined:
            values.append(UNDEFINED)
    return values


def shape(tree: ex.Tree, points: Sequence[Point], variable: str) -> Any:
    """Return what stays when a line is only rearranged or multiplied by a positive number; None when it says nothing.

    While the unknown is within bars, taking the same away from both sides is no step either.
    """
    kind = tree[0]
    if kind in ("and", "or"):
        parts = frozenset(shape(part, points, variable) for part in tree[1:]) - {None}
        return next(iter(parts)) if len(parts) == 1 else (kind, parts)
    if kind != "relation":
        return str(tree)
    if variable not in ex.symbols(tree):
        return None
    spread = points[:: max(len(points) // 5, 1)]  # neighbours differ in the unknown alone
    try:
        op, sides = tree[1], [table(side, spread, variable) for side in tree[2:]]
    except ex.Undecided:
        return str(tree)
    if op in (">", ">=") or (op in ("==", "!=") and str(sides[0]) > str(sides[1])):
        op, sides = {">": "<", ">=": "<="}.get(op, op), sides[::-1]
    values = [*sides[0], *sides[1]]
    if not all(isinstance(value, Fraction) for value in values):
        return op, str(sides)
    if within_bars(tree, variable):
        values = [one - other for one, other in zip(*sides, strict=True)]
    scale = next((abs(value) for value in values if value), Fraction(1))
    return op, tuple(value / scale for value in values)


def within_bars(tree: ex.Tree, variable: str) -> bool:
    """Say whether the unknown stands within the bars of an absolute value."""
    return any(node[:2] == ["function", "abs"] and variable in ex.symbols(node) for node in ex.nodes(tree))


def solved(tree: ex.Tree, variable: str) -> bool:
    """Say whether a condition has ``variable`` alone on one side everywhere, or a formula has no sum left."""
    if tree[0] in ("and", "or"):
        return all(solved(part, variable) for part in tree[1:])
    if tree[0] == "relation":
        alone = [side == ["symbol", variable] for side in tree[2:]]
        return any(alone) and sum(variable in ex.symbols(side) for side in tree[2:]) == 1
    if tree[0] == "contains":
        return tree[1] == ["symbol", variable] and solved(tree[2], variable)
    if ex.is_condition(tree):
        return variable not in ex.symbols(tree)
    return all(node[0] != "sum" for node in ex.nodes(tree))


def compared(trees: Sequence[ex.Tree], variable: str = "") -> list[Relation]:
    """Return how each line goes with the one above, each read together with what the lines further up state."""
    variable = variable or unknown_of(trees)
    found = []
    for index in range(1, len(trees)):
        above, below = trees[index - 1 : index + 1]
        facts = stated(trees[: index - 1], above, variable) if ex.is_condition(above) else []
        found.append(relation(above, below, facts, variable))
    return found


# ---------------------------------------------------------------------------------------------- in words


def in_numbers(tree: ex.Tree, point: Mapping[str, object]) -> str:
    """Write a line with its sides as numbers at ``point``: ``−2 < 35/12 < 0``; "" where a side has no value."""
    plain = {name: value if isinstance(value, Fraction) else _near(value) for name, value in point.items()}

    def filled(node: ex.Tree) -> ex.Tree:
        if node[0] == "relation":
            one, other = (_side(side, plain) for side in node[2:])
            shown = next(
                ((a, b) for a, b in ((_plain(one, n), _plain(other, n)) for n in (6, 12)) if a != b or one == other),
                (_plain(one, 20), _plain(other, 20)),
            )
            return [*node[:2], *(["number", text] for text in shown)]
        if node[0] in ("and", "or", "not"):
            return [node[0], *map(filled, node[1:])]
        return node

    try:
        return ex.write(filled(tree))
    except (ex.Undefined, ex.Undecided, ex.Unreadable):
        return ""


def _side(tree: ex.Tree, point: Mapping[str, object]) -> object:
    return tree[1] if tree[0] == "constant" and "oo" in tree[1] else ex.evaluate(tree, point)


def _near(value: Exact) -> object:
    low, high = bounds(value, 160)
    return ex.real((low + high) / 2)


def _plain(value: ex.Number, digits: int = 6) -> str:
    if isinstance(value, str):
        return value.replace("oo", "∞")
    if isinstance(value, Fraction) and len(str(value)) < 14:
        return str(value)
    if not isinstance(value, Fraction) and abs(value) < ex.real(Fraction(1, 10**30)):
        return "0"  # a root in 40 digits
    return ex.show_number(value, digits)


def place(point: Mapping[str, object], names: Sequence[str]) -> str:
    """Return where something was looked at: ``a = 7/11, η = √2 ≈ 1.41421``."""
    shown = []
    for name in names:
        value = point[name]
        text = f"= {value}" if isinstance(value, Fraction) else f"{_in_roots(value)}≈ {ex.show_number(_near(value))}"
        shown.append(f"{ex.letter(name)} {text}".replace("-", "−"))
    return ", ".join(shown)


def _in_roots(value: object) -> str:
    parts = getattr(value, "parts", None)
    if parts is None or len(parts) > 2:
        return ""
    text = ""
    for root, factor in sorted(parts.items()):
        top = str(abs(factor.numerator)) if root == 1 or abs(factor.numerator) != 1 else ""
        sign = "-" if factor < 0 else ""
        text += f" {sign or '+'} " if text else sign
        text += top + (f"√{root}" if root > 1 else "") + (f"/{factor.denominator}" if factor.denominator > 1 else "")
    return f"= {text} "


def describe(trees: Sequence[ex.Tree], index: int, point: Mapping[str, object], order: Sequence[str] = ()) -> str:
    """Return the sentence that shows with numbers how line ``index + 1`` differs from the line above it."""
    pair = trees[index - 1 : index + 1]
    used = set().union(*map(ex.symbols, pair)) & set(point)
    names = [name for name in order if name in used] + sorted(used - set(order))
    variable = unknown_of(pair)
    said = []
    for number, tree in zip((index, index + 1), pair, strict=True):
        if not ex.is_condition(tree):
            said.append(f"line {number} {_value_in_words(tree, point)}")
            continue
        try:
            holds = holds_at(tree, point, variable)
        except Unclear:
            said.append(f"line {number} can't be told")
            continue
        numbers = "" if holds is None else in_numbers(tree, point)
        word = "not defined there" if holds is None else str(holds).lower()
        said.append(f"line {number} reads {numbers}, which is {word}" if numbers else f"line {number} is {word}")
    return f"{f'at {place(point, names)}: ' if names else ''}{said[0]}; {said[1]}."


def _value_in_words(tree: ex.Tree, point: Mapping[str, object]) -> str:
    plain = {name: value if isinstance(value, Fraction) else _near(value) for name, value in point.items()}
    try:
        return f"is {_plain(ex.evaluate(tree, plain))}".replace("-", "−")
    except ex.Undefined:
        return "is not defined there"
    except (ex.Undecided, ex.Unreadable):
        return "has a value that is too much work to write down"


# ---------------------------------------------------------------------------------------------- showing


@dataclass(frozen=True)
class Derivation:
    """A chain of lines as read, each with its sign against the one above and, where it breaks, what shows it.

    It can be handed in as an answer: ``trees`` are its lines. ``problem`` says why there is no chain to show.
    """

    lines: tuple[str, ...]
    signs: tuple[str, ...]  #: the first is empty
    notes: tuple[str, ...]  #: empty where nothing is to be said
    trees: tuple[ex.Tree, ...] = ()
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether every line is equivalent (or equal) to the one above."""
        return not self.problem and all(mark in ("", SAME, EQUAL) for mark in self.signs)

    def __repr__(self) -> str:
        rows = []
        for mark, line, note in zip(self.signs, self.lines, self.notes, strict=True):
            rows.append(f"  {mark or ' '}  {line}")
            if note:
                rows.append(f"     {note}")
        return "\n".join([*rows, *([self.problem] if self.problem else [])])

    def _repr_html_(self) -> str:
        colours = {BROKEN: "#D55E00", ONLY_DOWN: "#E69F00", OPEN: "#6b7280"}
        rows = []
        for mark, line, note in zip(self.signs, self.lines, self.notes, strict=True):
            said = f'<span title="{WORDS[mark]}" aria-label="{WORDS[mark]}" role="img">{mark}</span>' if mark else ""
            below = f'<div style="font-size:.92em">{escape(note)}</div>' if note else ""
            rows.append(
                '<tr><td style="text-align:center;padding:.15em .7em;font-weight:600;'
                f'color:{colours.get(mark, "#009E73")}">{said}</td>'
                f'<td style="text-align:left;padding:.15em .4em">{escape(line)}{below}</td></tr>'
            )
        return (
            '<table class="lr-derivation" style="border-collapse:collapse;margin:.3em 0">'
            f'<caption style="caption-side:bottom;text-align:left">{escape(self.problem or self._caption())}</caption>'
            f"<tbody>{''.join(rows)}</tbody></table>"
        )

    def _caption(self) -> str:
        if self.holds:
            return "Every line holds."
        if BROKEN in self.signs:
            return "Not every line follows from the one above."
        if OPEN in self.signs:
            return "Not every line could be proved."
        return "Every line follows from the one above, but not every one leads back."


def derivation(*lines: object, variable: str | None = None) -> Derivation:
    """Show a chain of lines, each with ⇔, ⇒ or ✗ (formulas: = or ✗) against the one above, and what breaks it.

    Lines are text or SymPy, all of one sort: conditions (equations among them) or formulas. The letter that the
    conditions are about is found from the lines; ``variable`` names it where a bare interval is a line. A sign is
    shown only where it is proved; ≈ says that the lines agree at many points. Nothing is raised: what is no chain
    is told in place of it.
    """
    if len(lines) == 1 and isinstance(lines[0], list | tuple):
        lines = tuple(lines[0])
    if len(lines) == 1 and isinstance(lines[0], Derivation):
        return lines[0]
    if any(line is ... for line in lines):
        return _told("Put your lines in place of the ... to see how they go together.")
    if not 2 <= len(lines) <= MAX_LINES:
        came = "none" if not lines else "one" if len(lines) == 1 else len(lines)
        need = 'Write each in quotes, with commas between them: derivation("2*x < 6", "x < 3").'
        return _told(f"A derivation has from 2 to {MAX_LINES} lines; {came} came. {need}")
    trees: list[ex.Tree] = []
    for number, line in enumerate(lines, 1):
        try:
            trees.append(ex.read(line))
        except ex.Unreadable as why:
            return _told(f"Line {number} can't be read: {why}.", lines)
    letter = "" if variable is None else getattr(variable, "name", variable)
    if not isinstance(letter, str):
        return _told(f'A letter in quotes was expected, such as variable="x"; {type(letter).__name__} came.')
    kinds = [ex.is_condition(tree) for tree in trees]
    if len(set(kinds)) > 1:
        odd = kinds.index(not kinds[0]) + 1
        sorts = ("a condition or equation", "a formula")
        first, other = sorts if kinds[0] else sorts[::-1]
        return _told(f"Line 1 is {first}, line {odd} is {other}; make all lines of one sort.", [*map(ex.write, trees)])
    found = compared(trees, letter)
    signs = ("", *(one.mark for one in found))
    notes = ("", *(_note(trees, index, one) for index, one in enumerate(found, 1)))
    return Derivation(tuple(map(ex.write, trees)), signs, notes, tuple(trees))


def _told(problem: str, lines: Sequence[object] = ()) -> Derivation:
    texts = tuple(line[:200] if isinstance(line, str) else type(line).__name__ for line in lines[:MAX_LINES])
    return Derivation(texts, ("",) * len(texts), ("",) * len(texts), (), problem)


def _note(trees: Sequence[ex.Tree], index: int, found: Relation) -> str:
    if found.mark != OPEN:
        return describe(trees, index, found.point) if found.point is not None else ""
    if found.point is not None:
        return f"not proved to follow; it does not lead back: {describe(trees, index, found.point)}"
    return f"agrees at {found.agreed} points; not proved." if found.agreed else "could not be decided."
