"""Answers that are formulas: decided by their signature, the values at many generic points.

A probe is a *point*: a rational value for each symbol of the step. The outcome of an answer is its value at
every point, exact or with 40 digits; two formulas with the same outcome are the same. Conditions have a
truth table as outcome, with points at, just inside and just outside each boundary.

The settings of a step are those of :class:`lrtutorial.kinds.Formula`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.kinds import Formula, OtherForm
from lrtutorial.kinds.formula_claims import (
    Case,
    Rounded,
    constant,
    counterexample,
    misconception,
    missing_brackets,
    rounded_misconception,
    unit_of,
    where_to_look,
)
from lrtutorial.kinds.formula_values import (
    UNDEFINED,
    describe_point,
    outcome,
    outcome_of,
    read,
    read_point,
    read_value,
    same_outcome,
    same_value_text,
    say,
    value_at,
    write_value,
)
from lrtutorial.verdict import Verdict, still_open
from lrtutorial.verdict.claims import Claim

__all__ = [
    "PUBLIC",
    "UNDEFINED",
    "collect",
    "describe_point",
    "judge",
    "outcome",
    "outcome_of",
    "read_evidence",
    "read_point",
    "read_value",
    "same_outcome",
    "say",
    "value_at",
    "write_value",
]
FOLLOW_WORK = 400_000  #: operations for following an earlier mistake through, which ends at the first difference
COARSE = 2  #: digits of a rounded number that are worth the method points, where more are asked for
METHOD_SHARE = 0.6  #: of a step's points, for the right method applied to a wrong earlier result
PUBLIC = "Checked at {n} generic points, exactly. Grading repeats it at points nobody has seen."


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: object = None) -> dict[str, object]:
    """Return the formula as a tree, or the reason why it can't be read."""
    (answer,) = answers.values()
    if answer is ... or answer is None:
        return {"kind": "formula", "unfinished": True, "none": answer is None}
    try:
        return {"kind": "formula", "tree": read(step, answer)}
    except ex.Unreadable as problem:
        return {"kind": "formula", "problem": str(problem)[:500]}
    except Exception as error:  # an object of the student's own making may raise anything when it is looked at
        return {"kind": "formula", "problem": f"looking at the answer raised {type(error).__name__}"}


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
    """Compare a formula with the reference and with every catalogued misconception, point by point."""
    blank = Verdict.blank(step)
    asks = f"This task asks for {step.asks}."
    tree = read_evidence(evidence)
    if isinstance(tree, Verdict):
        return replace(tree, step=step.id, lines=blank.lines, hint=asks)
    blank = replace(blank, read=ex.write(tree), typeset=ex.mathml(tree))
    other = _other_form(step, tree, expected)
    if other:
        return _named_form(blank, other, asks)
    problem = _wrong_form(step, tree)
    if problem:
        return replace(blank, status="unreadable", headline=problem, hint=asks)
    if not Formula.of(step).condition:
        tree = ex.right_hand_side(tree)
    try:
        yours = outcome(step, tree, expected.probes)
    except ex.Undecided as why:
        return replace(
            blank, status="undecided", headline=f"This could be right, but {why}. Simplify it and try again."
        )
    except ex.Unreadable as why:
        return replace(blank, status="unreadable", headline=f"{why}.", hint=asks)
    checked = PUBLIC.format(n=len(expected.probes)) if Formula.of(step).symbols else ""
    blank = replace(blank, checked=checked)
    case = Case(step, tree, expected, yours)
    number = Rounded.of(tree)
    if same_outcome(yours, expected.reference, case.loose) or _well_rounded(case, number):
        full = replace(blank.lines[0], earned=blank.lines[0].possible)
        return replace(blank, status="right", headline=f"This is {step.asks}.", lines=(full,))
    return _wrong(case, number, blank, earlier or {})


def _well_rounded(case: Case, number: Rounded | None) -> bool:
    """Say whether a decimal is the right number, to no fewer digits than asked for."""
    digits, yours, exact = case.kind.digits, read_value(case.yours[0]), case.right[0]
    if digits is None or not case.loose or isinstance(yours, bool | str) or isinstance(exact, bool | str) or exact == 0:
        return False
    enough = number is None or number.digits >= digits
    return enough and bool(abs(ex.real(yours) - ex.real(exact)) <= unit_of(exact, digits) / 2)


def _wrong(case: Case, number: Rounded | None, blank: Verdict, earlier: Mapping[str, object]) -> Verdict:
    """Return the verdict on an answer that is not right: what it is, where it fails, where to look."""
    named = misconception(case)
    shown = counterexample(case)
    verdict = blank
    if shown and shown.holds():
        verdict = replace(verdict, counterexample=shown.words, claims=(shown,))
    if number is not None and not case.kind.symbols and (near := _nearly(case, number, named, verdict)):
        return near
    if named is None and number is not None:
        named = rounded_misconception(case, number)
    if named:
        key = named.facts["id"]
        first = misconceptions(case.step.id)[key].hints[0]
        verdict = _said(replace(verdict, misconception=key, headline=named.words, hint=first), named)
    elif slip := missing_brackets(case):
        verdict = _said(replace(verdict, headline=slip.words, hint=case.step.hints[-1]), slip)
        verdict = replace(verdict, misconception=_bracket_slip(case.step), hint=BRACKET_HINT)
    else:
        what = constant(case)
        verdict = replace(verdict, headline=what.words if what else f"This is not {case.step.asks}.")
        look = where_to_look(case)
        verdict = _said(_said(verdict, what), look)
        verdict = replace(verdict, hint=look.words if look else case.step.hints[0])
    return _follow_through(case, earlier, verdict)


BRACKET_HINT = "Put brackets round what belongs together: a whole numerator, denominator, base or exponent."


def _bracket_slip(step: Step) -> str | None:
    """Return the id under which a step's catalogue has its missing brackets, if it has."""
    name = f"{step.id}-brackets"
    return name if name in misconceptions(step.id) else None


def _said(verdict: Verdict, claim: Claim | None) -> Verdict:
    return replace(verdict, claims=(*verdict.claims, claim)) if claim else verdict


def _nearly(case: Case, number: Rounded, named: Claim | None, verdict: Verdict) -> Verdict | None:
    """Return the verdict on the right number with too few digits, or with a wrong last one; None for others."""
    digits, exact = case.kind.digits, case.right[0]
    if digits is None or number.digits < COARSE or exact == 0:
        return None
    title = f"{misconceptions(case.step.id)[named.facts['id']].title}." if named else ""
    key = named.facts["id"] if named else None
    if number.rounds(exact) and number.digits < digits:
        note = f"rounded too far: {digits} digits are asked for"
        hint = f"Give at least {digits} digits, or an exact form such as sqrt(2)/3."
        claim = Claim(title or "This is near, but rounded too far.", "rounded too far", {"digits": number.digits})
    elif number.digits >= digits and not named and 0.5 < number.off(exact) < 1.5:
        note = "the last digit is off"
        hint = "Work it out with one digit more, then round."
        words = f"This is near, but its last digit is not that of the right number, rounded to {number.digits} digits."
        claim = Claim(words, "last digit", {"digits": number.digits})
    else:
        return None
    line = replace(verdict.lines[0], earned=round(METHOD_SHARE * verdict.lines[0].possible, 2), note=note)
    verdict = replace(verdict, status="partly", headline=claim.words, misconception=key, lines=(line,))
    hint = misconceptions(case.step.id)[key].hints[0] if key else hint
    return _said(replace(verdict, hint=hint), claim)


def _other_form(step: Step, tree: ex.Tree, expected: Expected) -> OtherForm | None:
    """Return the form that an answer is right in, other than the one asked for."""
    side = ex.right_hand_side(tree)
    names = ex.symbols(side)
    for form in Formula.of(step).others:
        if ex.is_condition(side) or not names or names - set(form.symbols) or ex.applied(side):
            continue
        try:
            with ex.at_most(FOLLOW_WORK):
                if not all(
                    ex.same_number(ex.real(ex.evaluate(side, point)), read_value(right), ex.inexact(side))
                    for probe, right in zip(expected.probes, expected.reference, strict=True)
                    for point in form.points(read_point(probe))
                ):
                    continue
                if names <= set(Formula.of(step).symbols):  # in the step's own symbols: right there, or wrong
                    continue
                return form
        except (ex.Undefined, ex.Undecided, ex.Unreadable):
            continue
    return None


def _named_form(verdict: Verdict, form: OtherForm, asks: str) -> Verdict:
    earned = round(form.share * verdict.lines[0].possible, 2)
    note = "right, in another form than asked" if earned else ""
    line = replace(verdict.lines[0], earned=earned, note=note)
    claim = Claim(form.says, "other form", {"symbols": list(form.symbols)})
    status = "partly" if earned else "wrong"
    return _said(replace(verdict, status=status, headline=form.says, lines=(line,), hint=asks), claim)


def read_evidence(evidence: object) -> ex.Tree | Verdict:
    """Return the tree in the evidence, or a verdict worth nothing that says why there is none."""
    if not isinstance(evidence, dict) or evidence.get("kind") != "formula":
        return Verdict("", "failed", "No evidence came back from this answer.")
    if evidence.get("unfinished"):
        return Verdict("", "unfinished", still_open(evidence, "your formula"))
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
            name = Formula.of(step).variable or "".join(allowed[-1:]) or "x"
            wanted = f"A condition such as And(low < {name}, {name} < high)"
            return f"{wanted} was expected, but this is a formula without < or >."
    else:
        if ex.is_condition(tree) and not is_equation:
            return "A formula was expected, but this is a condition."
        side = ex.right_hand_side(tree)
        if ex.is_condition(side):
            return "This equation has no single name on one side; assign the formula alone, without Eq."
        unknown = sorted(ex.symbols(side) - set(allowed))
        strange = sorted(ex.applied(side) - set(Formula.of(step).functions))
        if strange:
            return f"The formula applies {strange[0]}(...), which has no meaning in this task."
    if unknown:
        names = ", ".join(allowed) or "no symbols at all: it is a number"
        plural = "s" if len(unknown) > 1 else ""
        near = sorted({name for one in unknown for name in _alike(one, allowed)})
        meant = f" Did you mean {' or '.join(near)}?" if near else ""
        return f"The formula uses the symbol{plural} {', '.join(unknown)}; this task is in {names}.{meant}"
    return None


def _alike(unknown: str, allowed: Sequence[str]) -> list[str]:
    """Return the symbols that an unknown one may have been meant for: xo and X0 for x0, lambda_n for lambda_max."""

    def plain(name: str) -> str:
        return name.lower().replace("_", "").replace("o", "0")

    same = [name for name in allowed if plain(name) == plain(unknown)]
    head = unknown.partition("_")[0].rstrip("0123456789")
    return same or [name for name in allowed if len(head) > 1 and name.startswith(f"{head}_")]


def _shows_no_method(step: Step, tree: ex.Tree, before: ex.Tree) -> bool:
    """Say whether an answer follows from an earlier one only because hardly anything is left in it.

    From ``mean = 7`` follows ``variance = 7``, and from ``mean = n`` follows ``n``: no method is seen in that.
    """
    least = 1 if Formula.of(step).condition else min(2, len(Formula.of(step).symbols))
    return not ex.symbols(before) or len(ex.symbols(tree)) < least


def _follow_through(case: Case, earlier: Mapping[str, object], verdict: Verdict) -> Verdict:
    """Grant method points when the answer is right given the student's own earlier result."""
    if case.kind.follows is None:
        return verdict
    source, carried_on = case.kind.follows
    before = read_evidence(earlier.get(source))
    if isinstance(before, Verdict):
        return verdict
    before = ex.right_hand_side(before)
    if _shows_no_method(case.step, case.tree, before):
        return verdict
    consistent: list[str] = []
    try:
        with ex.at_most(FOLLOW_WORK):
            for mine, point in zip(case.yours, case.points, strict=True):
                consistent.append(write_value(carried_on(before, point)))
                if not same_value_text(mine, consistent[-1], case.loose):
                    return verdict
    except (ex.Undefined, ex.Undecided, ex.Unreadable):
        return verdict
    if same_outcome(consistent, case.expected.reference):
        return verdict
    note = f"follows from your own {source}: method points"
    line = replace(verdict.lines[0], earned=round(METHOD_SHARE * verdict.lines[0].possible, 2), note=note)
    words = f"Right method, applied to an earlier result ({source}) that isn't right yet."
    hint = f"Mend {source} first; this task then follows the same way."
    claim = Claim(words, "follows", {"from": source, "tree": before})
    return _said(replace(verdict, status="partly", lines=(line,), headline=words, hint=hint), claim)
