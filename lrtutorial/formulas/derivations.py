"""A derivation line by line: is each line equivalent to the one above, only implied by it, or broken?

>>> from lrtutorial import derivation
>>> print(derivation("|1 - η*a| < 1", "-1 < 1 - η*a < 1", "-2 < -η*a < 0", "-2 < η*a < 0"))
     |1 − η·a| < 1
  ⇔  −1 < 1 − η·a < 1
  ⇔  −2 < −η·a < 0
  ✗  −2 < η·a < 0
     at a = 7/11, η = 11/4: line 3 reads −2 < −7/4 < 0, which is true; line 4 reads −2 < 7/4 < 0, ...

Lines are decided at many points, with those at and around every border among them, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape
from typing import Any

from lrtutorial import formulas as ex

Point = Mapping[str, Fraction]
SAME, ONLY_DOWN, BROKEN, EQUAL, OPEN = "⇔", "⇒", "✗", "=", "≈"
WORDS = {
    SAME: "equivalent to the line above",
    ONLY_DOWN: "follows from the line above, but does not lead back",
    BROKEN: "does not follow from the line above",
    EQUAL: "equal to the line above",
    OPEN: "could not be decided",
}
MAX_LINES = 30
UNDEFINED = "undefined"


# ----------------------------------------------------------------------------------------------- deciding


def table(tree: ex.Tree, points: Sequence[Point], variable: str, budget: int = 200_000) -> list[Any]:
    """Return a line's value at every point: True or False for a condition, a number for a formula.

    Raises Undecided when that takes more than ``budget`` operations, Unreadable for a symbol without a value.
    """
    values: list[Any] = []
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


def roots(tree: ex.Tree, points: Sequence[Point], unknown: str) -> list[Any]:
    """Return the solution of a linear equation for ``unknown`` at every point. Raises Undecided when it
    isn't linear."""
    _, _, left, right = tree
    gap: ex.Tree = ["add", left, ["mul", ["number", "-1"], right]]
    found: list[Any] = []
    for point in points:
        try:
            at = [ex.evaluate(gap, {**point, unknown: Fraction(value)}) for value in (0, 1, 3)]
        except ex.Undefined:
            found.append(UNDEFINED)
            continue
        slope = at[1] - at[0]
        if not ex.same_number(at[0] + 3 * slope, at[2]):
            raise ex.Undecided(f"the equation is not linear in {unknown}")
        found.append(UNDEFINED if slope == 0 else -at[0] / slope)
    return found


def sign(above: Sequence[Any], below: Sequence[Any]) -> tuple[str, list[int]]:
    """Return how a line's values relate to those of the line above, and the indices of the points that show it."""
    pairs = list(zip(above, below, strict=True))
    if not all(isinstance(value, bool) for value in (*above, *below)):
        apart = [index for index, pair in enumerate(pairs) if not _equal(*pair)]
        return (BROKEN, apart) if apart else (EQUAL, [])
    lost = [index for index, (one, other) in enumerate(pairs) if one and not other]
    if lost:
        return BROKEN, lost
    more = [index for index, (one, other) in enumerate(pairs) if other and not one]
    return (ONLY_DOWN, more) if more else (SAME, [])


def plainest(indices: Sequence[int], points: Sequence[Point], variable: str) -> int:
    """Return the point among ``indices`` that is easiest to follow by hand: short numbers, not 0."""

    def effort(index: int) -> tuple[bool, int, int]:
        point = points[index]
        return point.get(variable) == 0, sum(len(str(value)) for value in point.values()), index

    return min(indices, key=effort)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, str | bool) or isinstance(other, str | bool):
        return type(one) is type(other) and one == other
    return ex.same_number(one, other)


def shape(tree: ex.Tree, points: Sequence[Point]) -> Any:
    """Return what stays when a line is only rearranged on either side: two lines of one shape are the same line."""
    kind = tree[0]
    if kind in ("and", "or"):
        return kind, frozenset(shape(part, points) for part in tree[1:])
    if kind == "relation":
        op, sides = tree[1], [str(table(side, points[:4], "")) for side in tree[2:]]
        if op in (">", ">="):
            op, sides = {">": "<", ">=": "<="}[op], sides[::-1]
        return op, tuple(sorted(sides) if op in ("==", "!=") else sides)
    return str(tree)


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


def in_numbers(tree: ex.Tree, point: Point) -> str:
    """Write a line with its sides as numbers at ``point``: ``−2 < 35/12 < 0``."""

    def filled(node: ex.Tree) -> ex.Tree:
        if node[0] == "relation":
            return [*node[:2], *(["symbol", _plain(ex.evaluate(side, point))] for side in node[2:])]
        if node[0] in ("and", "or", "not"):
            return [node[0], *map(filled, node[1:])]
        return node

    try:
        return ex.write(filled(tree))
    except (ex.Undefined, ex.Undecided):
        return ex.write(tree)


def _plain(value: Any) -> str:
    if isinstance(value, Fraction) and len(str(value)) < 14:
        return str(value)
    return ex.show_number(value)


def describe_break(trees: Sequence[ex.Tree], index: int, point: Point, names: Sequence[str] = ()) -> str:
    """Return the sentence that shows with numbers why line ``index`` does not go with the line above it."""
    shown = [
        name
        for name in names or sorted(point)
        if any(name in ex.symbols(tree) for tree in trees[index - 1 : index + 1])
    ]
    place = ", ".join(f"{ex.letter(name)} = {point[name]}".replace("-", "−") for name in shown)
    parts = []
    for offset in (index - 1, index):
        tree = trees[offset]
        if ex.is_condition(tree):
            truth = table(tree, [point], shown[-1] if shown else "eta")[0]
            word = {True: "true", False: "false"}.get(truth, "undefined")
            parts.append(f"line {offset + 1} reads {in_numbers(tree, point)}, which is {word}")
        else:
            value = table(tree, [point], "")[0]
            parts.append(f"line {offset + 1} is {value if value == UNDEFINED else _plain(value)}".replace("-", "−"))
    return f"at {place}: {parts[0]}; {parts[1]}."


# ------------------------------------------------------------------------------------------ generic points


_WHOLE = {"t", "k", "n", "j", "i", "m"}
_BELOW_ONE = {"beta", "beta1", "beta2"}
_SIGNED = {"x", "x0", "eta", "g", "S", "m_t", "E_g", "y"}
_PRIMES = (11, 7, 23, 17, 29, 19, 31, 37, 41, 43)


def generic_points(trees: Sequence[ex.Tree], variable: str) -> list[dict[str, Fraction]]:
    """Return points for the lines of a free derivation: generic values, and every border of ``variable`` they show."""
    names = sorted(set().union(*map(ex.symbols, trees)) - {variable})
    bases = []
    for row in range(6):
        base = {}
        for column, name in enumerate(names):
            prime = _PRIMES[(row + 3 * column) % len(_PRIMES)]
            if name in _WHOLE:
                base[name] = Fraction(2 + (row + 2 * column) % 6)
            elif name in _BELOW_ONE:
                base[name] = Fraction(prime, prime + 2 + row)
            else:
                value = Fraction(prime, 13 - 2 * (row + column) % 7)
                base[name] = -value if name in _SIGNED and row % 2 else value
        if {"lambda_min", "lambda_max"} <= base.keys():
            base["lambda_min"], base["lambda_max"] = sorted((base["lambda_min"], base["lambda_max"]))
        bases.append(base)
    if not any(variable in ex.symbols(tree) for tree in trees):
        return bases
    points = []
    near = Fraction(1, 1000)
    for base in bases:
        edges = sorted({edge for tree in trees for edge in _borders(tree, base, variable)} | {Fraction(0)})
        spots = {edge + step for edge in edges for step in (-near, Fraction(0), near)}
        spots |= {
            low + (high - low) * share
            for low, high in zip(edges, edges[1:], strict=False)
            for share in (Fraction(1, 4), Fraction(4, 7), Fraction(7, 8))
        }
        spots |= {edges[0] - Fraction(5, 3), edges[-1] + Fraction(7, 3), 2 * edges[-1] + Fraction(11, 7)}
        points += [{**base, variable: spot} for spot in sorted(spots, key=lambda spot: (abs(spot), spot))]
    return points


def _borders(tree: ex.Tree, base: Point, variable: str) -> set[Fraction]:
    """Return where two sides of a relation meet, for sides that are linear in ``variable`` (or sizes of such)."""
    found: set[Fraction] = set()
    for node in ex.nodes(tree):
        if node[0] != "relation":
            continue
        sides = [(side[2], -1) if side[:2] == ["function", "abs"] else (side, 1) for side in node[2:]]
        signs = {1, *(flip for _, flip in sides)}
        for flip in signs:
            other: ex.Tree = ["mul", ["number", str(flip)], sides[1][0]]
            try:
                root = roots(["relation", "==", sides[0][0], other], [base], variable)[0]
            except (ex.Undecided, ex.Unreadable):
                continue
            if isinstance(root, Fraction):
                found.add(root)
    return found


# ---------------------------------------------------------------------------------------------- showing


@dataclass(frozen=True)
class Derivation:
    """A chain of lines as read, each with its sign against the one above and, where it breaks, what shows it."""

    lines: tuple[str, ...]
    signs: tuple[str, ...]  #: the first is empty
    notes: tuple[str, ...]  #: empty where nothing is to be said

    @property
    def holds(self) -> bool:
        """Whether every line is equivalent (or equal) to the one above."""
        return all(mark in ("", SAME, EQUAL) for mark in self.signs)

    def __repr__(self) -> str:
        rows = []
        for mark, line, note in zip(self.signs, self.lines, self.notes, strict=True):
            rows.append(f"  {mark or ' '}  {line}")
            if note:
                rows.append(f"     {note}")
        return "\n".join(rows)

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
        caption = "Every line holds." if self.holds else "Not every line follows from the one above."
        return (
            '<table class="lr-derivation" style="border-collapse:collapse;margin:.3em 0">'
            f'<caption style="caption-side:bottom;text-align:left">{caption}</caption>'
            f"<tbody>{''.join(rows)}</tbody></table>"
        )


def derivation(*lines: object, variable: str | None = None) -> Derivation:
    """Show a chain of lines, each with ⇔, ⇒ or ✗ (formulas: = or ✗) against the one above, and what breaks
    it.

    Lines are text or SymPy, all of one sort: conditions, formulas, or equations in one unknown such as
    ``S``, which is ``variable``. Without it, conditions are taken as conditions on η, equations as
    equations for S.

    Raises
    ------
    TypeError
        When there are fewer than two lines, more than 30, or one of them can't be read: the message says
        which.
    """
    if len(lines) == 1 and isinstance(lines[0], list | tuple):
        lines = tuple(lines[0])
    if any(line is ... for line in lines):
        return Derivation(("Put your lines in place of the ... to see how they go together.",), ("",), ("",))
    if not 2 <= len(lines) <= MAX_LINES:
        raise TypeError(f"a derivation has from 2 to {MAX_LINES} lines; {len(lines)} came")
    trees = []
    for number, line in enumerate(lines, 1):
        try:
            trees.append(ex.read(line))
        except ex.Unreadable as why:
            raise TypeError(f"line {number} can't be read: {why}") from None
    if len({ex.is_condition(tree) for tree in trees}) > 1:
        raise TypeError("some lines are conditions or equations and some are formulas; make them all of one sort")
    equations = all(tree[:2] == ["relation", "=="] for tree in trees)
    variable = variable or ("S" if equations else "eta")
    points = generic_points(trees, variable)
    texts, signs, notes = tuple(map(ex.write, trees)), [""], [""]
    if equations:
        points = [{name: value for name, value in point.items() if name != variable} for point in points]
    tables: list[list[Any] | None] = []
    for tree in trees:
        try:
            tables.append(roots(tree, points, variable) if equations else table(tree, points, variable))
        except (ex.Undecided, ex.Unreadable):
            tables.append(None)
    for index in range(1, len(trees)):
        above, below = tables[index - 1], tables[index]
        if above is None or below is None:
            signs.append(OPEN)
            notes.append("This could not be decided; break it into smaller steps.")
            continue
        mark, shown_at = sign(above, below)
        signs.append(SAME if equations and mark == EQUAL else mark)
        if not shown_at:
            notes.append("")
            continue
        where = plainest(shown_at, points, variable)
        if equations:
            place = ", ".join(f"{ex.letter(name)} = {value}" for name, value in sorted(points[where].items()))
            one, two = (value if value == UNDEFINED else _plain(value) for value in (above[where], below[where]))
            notes.append(
                f"at {place}: line {index} gives {variable} = {one}, line {index + 1} gives {variable} = {two}."
            )
        else:
            notes.append(describe_break(trees, index, points[where]))
    return Derivation(texts, tuple(signs), tuple(notes))
