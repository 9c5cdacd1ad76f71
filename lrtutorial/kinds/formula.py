"""Answers that are formulas (Part A): decided by their signature, the values at many generic points.

A probe is a *point*: a rational value for each symbol of the step. The outcome of an answer is its value at
every point, exact or with 40 digits; two formulas with the same outcome are the same. Conditions have a
truth table as outcome, with points at, just inside and just outside each boundary.

The settings of a step are those of :class:`lrtutorial.kinds.Formula`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from lrtutorial import formulas as ex
from lrtutorial.expected import Expected, misconceptions
from lrtutorial.formulas import repairs
from lrtutorial.kinds import Formula
from lrtutorial.steps import Step
from lrtutorial.verdict import Verdict

UNDEFINED = "undefined"
HINT_WORK = 120_000  #: operations that may go into finding a hint
FOLLOW_WORK = 400_000  #: and into following an earlier mistake through, which ends at the first difference
COARSE = 2  #: digits of a rounded number that are worth the method points, where more are asked for
METHOD_SHARE = 0.6  #: of a step's points, for the right method applied to a wrong earlier result
PUBLIC = "Checked at {n} generic points, exactly. Grading repeats it at points nobody has seen."


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: Any = None) -> dict[str, Any]:
    """Return the formula as a tree, or the reason why it can't be read."""
    (answer,) = answers.values()
    if answer is ... or answer is None:
        return {"kind": "formula", "unfinished": True}
    try:
        return {"kind": "formula", "tree": read(step, answer)}
    except ex.Unreadable as problem:
        return {"kind": "formula", "problem": str(problem)[:500]}
    except Exception as error:  # an object of the student's own making may raise anything when it is looked at
        return {"kind": "formula", "problem": f"looking at the answer raised {type(error).__name__}"}


def read(step: Step, answer: object) -> ex.Tree:
    """Return an answer's tree, with text read by the step's names. Raises Unreadable."""
    kind = Formula.of(step)
    return ex.read(answer, kind.symbols, kind.functions, kind.condition)


# ------------------------------------------------------------------------------------------- outcomes


def outcome(step: Step, tree: ex.Tree, points: Sequence[Mapping[str, str]], budget: int = 250_000) -> list[str]:
    """Return the value of a formula at every point, as text: ``"7/3"``, 40 digits, ``"true"`` or
    ``"undefined"``.

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


def outcome_of(step: Step, evidence: Mapping[str, Any], probes: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the outcome of a catalogued answer. Raises Unreadable when it is none: an error of the catalogue."""
    if "tree" not in evidence:
        raise ex.Unreadable(f"{step.id}: {evidence.get('problem', 'nothing to evaluate')}")
    tree = evidence["tree"]
    return outcome(step, tree if Formula.of(step).condition else ex.right_hand_side(tree), probes)


def value_at(step: Step, tree: ex.Tree, point: Mapping[str, ex.Number], budget: int = ex.BUDGET) -> Any:
    """Return a number, or True or False for a condition. Raises Undefined, Undecided or Unreadable."""
    if Formula.of(step).condition:
        return ex.holds(tree, point, Formula.of(step).variable, budget=budget)
    meaning = Formula.of(step).meaning
    functions = dict(meaning(point)) if meaning else {}
    recursive = Formula.of(step).recursion
    if recursive in ex.applied(tree):
        return _simulate(tree, point, functions, recursive, budget)
    return ex.evaluate(tree, point, functions, budget=budget)


def _simulate(
    tree: ex.Tree, point: Mapping[str, ex.Number], functions: Mapping[str, Any], name: str, budget: int
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


def write_value(value: Any) -> str:
    """Return a value as text that :func:`read_value` reads back without loss."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, Fraction) else ex.mpmath_context().nstr(value, ex.DIGITS)


def read_value(text: str) -> Any:
    """Return the value that :func:`write_value` wrote; ``"undefined"`` stays as it is."""
    if text in ("true", "false"):
        return text == "true"
    if text == UNDEFINED:
        return text
    return Fraction(text) if "/" in text or text.lstrip("-").isdigit() else ex.mpmath_context().mpf(text)


def same_outcome(one: Sequence[str], other: Sequence[str], loose: bool = False) -> bool:
    """Say whether two outcomes agree at every point (to 9 digits when ``loose``)."""
    return len(one) == len(other) and all(map(lambda a, b: _same(a, b, loose), one, other))


def _same(one: str, other: str, loose: bool) -> bool:
    if one == other:
        return True
    if {one, other} & {"true", "false", UNDEFINED}:
        return False
    return ex.same_number(read_value(one), read_value(other), loose)


def _rounded(yours: Sequence[str], right: Sequence[str], digits: int | None) -> bool:
    """Say whether decimals are the right numbers, rounded to no fewer than ``digits``. None: rounding is no matter."""
    if digits is None or {*yours, *right} & {"true", "false", UNDEFINED}:
        return False
    mp = ex.mpmath_context()
    for one, other in zip(yours, right, strict=True):
        a, b = ex.real(read_value(one)), ex.real(read_value(other))
        unit = mp.mpf(10) ** (mp.floor(mp.log10(abs(b))) + 1 - digits)
        if abs(a - b) > unit / 2:
            return False
    return True


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, Any] | None = None) -> Verdict:
    """Compare a formula with the reference and with every catalogued misconception, point by point."""
    (line,) = step.rubric
    blank = Verdict.blank(step)
    tree = read_evidence(evidence)
    if isinstance(tree, Verdict):
        return replace(tree, step=step.id, lines=blank.lines, hint=f"This step asks for {step.asks}.")
    blank = replace(blank, read=ex.write(tree), typeset=ex.mathml(tree))
    problem = _wrong_form(step, tree)
    if problem:
        return replace(blank, status="unreadable", headline=problem, hint=f"This step asks for {step.asks}.")
    if not Formula.of(step).condition:
        tree = ex.right_hand_side(tree)
    try:
        yours = outcome(step, tree, expected.probes)
    except ex.Undecided as why:
        return replace(
            blank, status="undecided", headline=f"This could be right, but {why}. Simplify it and try again."
        )
    except ex.Unreadable as why:
        return replace(blank, status="unreadable", headline=f"{why}.", hint=f"This step asks for {step.asks}.")
    loose = ex.inexact(tree)
    checked = PUBLIC.format(n=len(expected.probes)) if Formula.of(step).symbols else ""
    digits = Formula.of(step).digits if loose else None
    if same_outcome(yours, expected.reference, loose) or _rounded(yours, expected.reference, digits):
        full = replace(blank.lines[0], earned=line.points)
        return replace(blank, status="right", headline=f"This is {step.asks}.", lines=(full,), checked=checked)

    verdict = replace(blank, checked=checked)
    words = misconceptions(step.id)
    for key, theirs in expected.outcomes().items():
        if same_outcome(yours, theirs, loose):
            verdict = replace(verdict, misconception=key, headline=words[key].title + ".", hint=words[key].hints[0])
            break
    else:
        verdict = replace(verdict, headline=f"This is not {step.asks}.", hint=locate(step, tree, expected))
    if not expected.secret:
        verdict = replace(verdict, counterexample=_counterexample(step, yours, expected, loose))
    if digits and _rounded(yours, expected.reference, COARSE):
        earned, note = round(METHOD_SHARE * line.points, 2), f"rounded too far: {digits} digits are asked for"
        if verdict.misconception is None:
            more = f"Give at least {digits} digits, or an exact form such as sqrt(2)/3."
            verdict = replace(verdict, headline="This is near, but rounded too far.", hint=more)
        return replace(verdict, status="partly", lines=(replace(blank.lines[0], earned=earned, note=note),))
    return _follow_through(step, tree, yours, expected, earlier or {}, verdict, loose)


def read_evidence(evidence: object) -> ex.Tree | Verdict:
    """Return the tree in the evidence, or a verdict worth nothing that says why there is none."""
    if not isinstance(evidence, dict) or evidence.get("kind") != "formula":
        return Verdict("", "failed", "No evidence came back from this answer.")
    if evidence.get("unfinished"):
        return Verdict("", "unfinished", "The ... is still in place: put your formula there.")
    if "problem" in evidence:
        text = str(evidence["problem"])[:500]
        return Verdict("", "unreadable", f"{text[:1].upper()}{text[1:]}.")
    try:
        return ex.check_tree(evidence.get("tree"))
    except ex.Unreadable as problem:
        return Verdict("", "failed", f"The evidence can't be counted: {problem}.")


def _wrong_form(step: Step, tree: ex.Tree) -> str | None:
    allowed = Formula.of(step).symbols
    unknown = sorted(ex.symbols(tree) - set(allowed))
    is_equation = tree[0] == "relation" and tree[1] == "=="
    if Formula.of(step).condition:
        if is_equation:
            return "An equation was found where a condition with < or > was expected."
        if not ex.is_condition(tree):
            return "A condition such as And(low < eta, eta < high) was expected, but this is a formula without < or >."
    else:
        if ex.is_condition(tree) and not is_equation:
            return "A formula was expected, but this is a condition."
        side = ex.right_hand_side(tree)
        if ex.is_condition(side):
            return "This equation has no single name on one side; assign the formula alone, without Eq."
        unknown = sorted(ex.symbols(side) - set(allowed))
        strange = sorted(ex.applied(side) - set(Formula.of(step).functions))
        if strange:
            return f"The formula applies {strange[0]}(...), which has no meaning in this step."
    if unknown:
        names = ", ".join(allowed) or "no symbols at all: it is a number"
        plural = "s" if len(unknown) > 1 else ""
        return f"The formula uses the symbol{plural} {', '.join(unknown)}; this step is in {names}."
    return None


def _counterexample(step: Step, yours: Sequence[str], expected: Expected, loose: bool) -> str | None:
    explain = Formula.of(step).counterexample
    if explain is None:
        return None
    wrong = [i for i, value in enumerate(yours) if not _same(value, expected.reference[i], loose)]
    plainest = min(wrong, key=lambda i: (yours[i] == UNDEFINED, sum(map(len, expected.probes[i].values())), i))
    point = read_point(expected.probes[plainest])
    return explain(point, read_value(yours[plainest]), read_value(expected.reference[plainest]))


def describe_point(point: Mapping[str, ex.Number], names: Sequence[str] | None = None) -> str:
    """Return a point as a reader would say it: ``a = 7/3, η = 5/4``."""
    return ", ".join(f"{ex.letter(name)} = {point[name]}" for name in names or point)


def say(value: Any) -> str:
    """Return the value of a formula at a point as a reader would say it."""
    return "undefined" if value == UNDEFINED else ex.show_number(value)


def locate(step: Step, tree: ex.Tree, expected: Expected) -> str:
    """Return a hint for a mistake that no misconception explains: where a single change would make it
    right, or which special case fails."""
    condition = Formula.of(step).condition
    loose = ex.inexact(tree)
    points = [read_point(point) for point in expected.probes]
    right = [read_value(value) for value in expected.reference]
    with ex.at_most(HINT_WORK):
        yours = [value_at_or_none(step, tree, point) for point in points]
    agree = [_same_value(mine, wanted, loose) for mine, wanted in zip(yours, right, strict=True)]
    # First where the answer fails: a change that mends nothing is seen at once.
    order = sorted(range(len(points)), key=lambda index: agree[index])

    def fits(repaired: ex.Tree) -> bool:
        return all(_same_value(value_at_or_none(step, repaired, points[index]), right[index], loose) for index in order)

    with ex.at_most(HINT_WORK):
        found = None if condition else _uniform(step, tree, points, yours, right)
        found = found or repairs.find(tree, Formula.of(step).symbols, fits)
        if found:
            return found
        if condition:
            return _width(yours, right)
        return _failing_limit(step, tree, points) or step.hints[0]


def _same_value(one: Any, other: Any, loose: bool) -> bool:
    if one is None or isinstance(one, bool | str) or isinstance(other, bool | str):
        return type(one) is type(other) and one == other
    return ex.same_number(one, other, loose)


def _width(told: Sequence[Any], right: Sequence[Any]) -> str:
    """Say whether a condition is too wide, too narrow or both."""
    too_often = any(yours is True and not wanted for yours, wanted in zip(told, right, strict=True))
    too_rarely = any(yours is False and wanted for yours, wanted in zip(told, right, strict=True))
    if too_often and not too_rarely:
        return "Your condition admits values that fail: it is too wide."
    if too_rarely and not too_often:
        return "Your condition turns away values that work: it is too narrow."
    return "Your condition admits some values that fail and turns away some that work."


def _uniform(
    step: Step, tree: ex.Tree, points: Sequence[Any], values: Sequence[Any], right: Sequence[Any]
) -> str | None:
    """Return a hint when the answer is off in the same way everywhere: by sign, by a factor, by a term."""
    undefined = [point for point, value in zip(points, values, strict=True) if value is None]
    if len(undefined) == len(points):
        return f"Your formula has no value at any of the points tried: {_why_undefined(step, tree, points[0])}."
    pairs = [(y, r) for y, r in zip(values, right, strict=True) if y is not None and r not in (0, UNDEFINED)]
    if len(pairs) < 3:
        return None
    ratios = [ex.real(y) / ex.real(r) for y, r in pairs]
    gaps = [ex.real(y) - ex.real(r) for y, r in pairs]
    if all(ex.same_number(-ratio, ex.real(Fraction(1))) for ratio in ratios):
        return "The size is right everywhere; look at the sign."
    if all(ex.same_number(ratio, ratios[0]) for ratio in ratios) and ratios[0] != 0:
        return f"You are off by the same factor everywhere: yours is {ex.show_number(ratios[0])} times the right value."
    if all(ex.same_number(gap, gaps[0]) for gap in gaps):
        return f"You are off by the same amount everywhere: {ex.show_number(gaps[0])}."
    return None


def _why_undefined(step: Step, tree: ex.Tree, point: Mapping[str, ex.Number]) -> str:
    try:
        value_at(step, tree, point, 5_000)
    except (ex.Undefined, ex.Undecided, ex.Unreadable) as why:
        return str(why)
    return "it takes too much work"


def _failing_limit(step: Step, tree: ex.Tree, points: Sequence[Mapping[str, ex.Number]]) -> str | None:
    """Return the words for the first special case in which the answer fails."""
    for words, at, wanted in Formula.of(step).limits:
        case = {name: Fraction(value) for name, value in at.items()}
        for point in points[:3]:
            there = {**point, **case}
            meaning = Formula.of(step).meaning
            value = ex.evaluate(read(step, wanted), there, meaning(there) if meaning else None)
            if not _same_value(value_at_or_none(step, tree, there), value, ex.inexact(tree)):
                return words
    return None


def value_at_or_none(step: Step, tree: ex.Tree, point: Mapping[str, ex.Number]) -> Any:
    """Return the value at a point, or None where there is none or it takes too much work."""
    try:
        return value_at(step, tree, point, 5_000)
    except (ex.Undefined, ex.Undecided, ex.Unreadable):
        return None


def _shows_no_method(step: Step, tree: ex.Tree, before: ex.Tree) -> bool:
    """Say whether an answer follows from an earlier one only because hardly anything is left in it.

    From ``update = 7`` follows ``closed_form = 7``, and from ``update = x`` follows ``x0``: no method is seen in that.
    """
    least = 1 if Formula.of(step).condition else min(2, len(Formula.of(step).symbols))
    return not ex.symbols(before) or len(ex.symbols(tree)) < least


def _follow_through(
    step: Step,
    tree: ex.Tree,
    yours: Sequence[str],
    expected: Expected,
    earlier: Mapping[str, Any],
    verdict: Verdict,
    loose: bool,
) -> Verdict:
    """Grant method points when the answer is right given the student's own earlier result."""
    follows = Formula.of(step).follows
    if follows is None:
        return verdict
    source, carried_on = follows
    before = read_evidence(earlier.get(source))
    if isinstance(before, Verdict):
        return verdict
    before = ex.right_hand_side(before)
    if _shows_no_method(step, tree, before):
        return verdict
    consistent: list[str] = []
    try:
        with ex.at_most(FOLLOW_WORK):
            for mine, point in zip(yours, expected.probes, strict=True):
                consistent.append(write_value(carried_on(before, read_point(point))))
                if not _same(mine, consistent[-1], loose):
                    return verdict
    except (ex.Undefined, ex.Undecided, ex.Unreadable):
        return verdict
    if same_outcome(consistent, expected.reference):
        return verdict
    note = f"follows from your own {source}: method points"
    line = replace(verdict.lines[0], earned=round(METHOD_SHARE * verdict.lines[0].possible, 2), note=note)
    return replace(
        verdict,
        status="partly",
        lines=(line,),
        headline=f"Right method, applied to an earlier result ({source}) that isn't right yet.",
        hint=f"Mend {source} first; this step then follows the same way.",
    )
