"""The values of a formula at the points of a step, as numbers and as text that travels without loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.kinds import Formula

UNDEFINED = "undefined"


def read(step: Step, answer: object) -> ex.Tree:
    """Return an answer's tree, with text read by the step's names. Raises Unreadable."""
    kind = Formula.of(step)
    return ex.read(answer, kind.symbols, kind.functions, kind.condition)


def outcome(step: Step, tree: ex.Tree, points: Sequence[Mapping[str, str]], budget: int = 250_000) -> list[str]:
    """Return the value of a formula at every point, as text: ``"7/3"``, 40 digits, ``"true"`` or ``"undefined"``.

    Raises
    ------
    Undecided
        When the work for all points together is more than ``budget`` operations.
    """
    values = []
    for point in map(read_point, points):
        try:
            values.append(write_value(value_at(step, tree, point, budget // len(points))))
        except ex.Undefined:
            values.append(UNDEFINED)
    return values


def outcome_of(step: Step, evidence: Evidence, probes: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the outcome of a catalogued answer. Raises Unreadable when it is none: an error of the catalogue."""
    if "tree" not in evidence:
        raise ex.Unreadable(f"{step.id}: {evidence.get('problem', 'nothing to evaluate')}")
    tree = evidence["tree"]
    return outcome(step, tree if Formula.of(step).condition else ex.right_hand_side(tree), probes)


def value_at(step: Step, tree: ex.Tree, point: Mapping[str, ex.Number], budget: int = ex.BUDGET) -> ex.Number:
    """Return a number, or True or False for a condition. Raises Undefined, Undecided or Unreadable."""
    if Formula.of(step).condition:
        return ex.holds(tree, point, Formula.of(step).variable, budget=budget)
    meaning = Formula.of(step).meaning
    functions = dict(meaning(point)) if meaning else {}
    recursive = Formula.of(step).recursion
    if recursive and recursive in ex.applied(tree):
        return _simulate(tree, point, functions, recursive, budget)
    return ex.evaluate(tree, point, functions, budget=budget)


def _simulate(
    tree: ex.Tree,
    point: Mapping[str, ex.Number],
    functions: Mapping[str, Callable[..., object]],
    name: str,
    budget: int,
) -> ex.Number:
    """Run a recursion from ``name(0) = 0`` up to the point's ``t``: each value may use earlier ones only."""
    known: list[ex.Number] = [Fraction(0)]

    def earlier(index: ex.Number) -> ex.Number:
        if index != int(index) or not 0 <= index < len(known):
            raise ex.Undefined(f"{name}({index}) is not known yet")
        return known[int(index)]

    last = int(point["t"])
    for t in range(1, last + 1):
        known.append(
            ex.evaluate(tree, {**point, "t": Fraction(t)}, {**functions, name: earlier}, budget=budget // last)
        )
    return known[last]


def read_point(point: Mapping[str, str]) -> dict[str, Fraction]:
    """Return a point with its values as Fractions."""
    return {name: Fraction(value) for name, value in point.items()}


def write_value(value: object) -> str:
    """Return a value as text that :func:`read_value` reads back without loss."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, Fraction) else ex.mpmath_context().nstr(value, ex.DIGITS)


def read_value(text: str) -> object:
    """Return the value that :func:`write_value` wrote; ``"undefined"`` stays as it is."""
    if text in ("true", "false"):
        return text == "true"
    if text == UNDEFINED:
        return text
    return Fraction(text) if "/" in text or text.lstrip("-").isdigit() else ex.mpmath_context().mpf(text)


def same_outcome(one: Sequence[str], other: Sequence[str], loose: bool = False) -> bool:
    """Say whether two outcomes agree at every point (to 9 digits when ``loose``)."""
    return len(one) == len(other) and all(map(lambda a, b: same_value_text(a, b, loose), one, other))


def same_value_text(one: str, other: str, loose: bool) -> bool:
    """Say whether two values, as text, are the same (to 9 digits when ``loose``)."""
    if one == other:
        return True
    if {one, other} & {"true", "false", UNDEFINED}:
        return False
    return ex.same_number(read_value(one), read_value(other), loose)


def describe_point(point: Mapping[str, ex.Number], names: Sequence[str] | None = None) -> str:
    """Return a point as a reader would say it: ``a = 7/3, η = 5/4``."""
    return ", ".join(f"{ex.letter(name)} = {point[name]}" for name in names or point)


def say(value: object) -> str:
    """Return the value of a formula at a point as a reader would say it."""
    return "undefined" if value == UNDEFINED else ex.show_number(value)
