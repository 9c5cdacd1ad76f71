"""Answers that are a chain of lines (Part A): each line must be equivalent to the one above, the last one
solved.

The answer is a list of lines, text or SymPy. A probe is a point, as for formulas; every line has a truth
table (or values). The outcome of a chain is the table of its first line that differs from the given one, or
of the given one when none does: by it a misconception is recognised.

The settings of a step are those of :class:`lrtutorial.kinds.Derivation`.

The rubric has two lines: ``steps`` (every line goes with the one above) and ``solved`` (the chain ends at
the answer).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from lrtutorial import formulas as ex
from lrtutorial.expected import Expected, misconceptions
from lrtutorial.formulas import derivations as dv
from lrtutorial.kinds import Derivation
from lrtutorial.kinds.formula import PUBLIC, read_point, read_value, same_outcome, write_value
from lrtutorial.steps import Step
from lrtutorial.verdict import Verdict

__all__ = ["collect", "judge", "outcome_of", "same_outcome"]
BUDGET = 250_000  #: operations for all lines together


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: Any = None) -> dict[str, Any]:
    """Return the chain as trees, or the reason why it can't be read."""
    (answer,) = answers.values()
    if answer is ... or answer is None:
        return {"kind": "derivation", "unfinished": True}
    if not isinstance(answer, list | tuple):
        came = type(answer).__name__
        return {
            "kind": "derivation",
            "problem": f'a list of lines was expected, ["…", "…", …], but {came} came',
        }
    if any(line is ... for line in answer):
        return {"kind": "derivation", "unfinished": True}
    if not 1 <= len(answer) <= dv.MAX_LINES:
        return {
            "kind": "derivation",
            "problem": f"from 2 to {dv.MAX_LINES} lines were expected, but {len(answer)} came",
        }
    lines = []
    for number, line in enumerate(answer, 1):
        try:
            lines.append(ex.read(line))
        except ex.Unreadable as problem:
            return {"kind": "derivation", "problem": f"line {number}: {str(problem)[:400]}"}
        except Exception as error:  # an object of the student's own making may raise anything when it is looked at
            return {
                "kind": "derivation",
                "problem": f"looking at line {number} raised {type(error).__name__}",
            }
    return {"kind": "derivation", "lines": lines}


def outcome_of(step: Step, evidence: Mapping[str, Any], probes: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the outcome of a catalogued chain: the table of the first line that differs from the given one."""
    if "lines" not in evidence:
        raise ex.Unreadable(f"{step.id}: {evidence.get('problem', 'nothing to evaluate')}")
    tables = _tables(step, evidence["lines"], probes)
    given = _tables(step, [ex.read_text(Derivation.of(step).given)], probes)[0]
    return next((one for one in tables if not same_outcome(one, given)), given)


def _tables(step: Step, lines: Sequence[ex.Tree], probes: Sequence[Mapping[str, str]]) -> list[list[str]]:
    points = [read_point(point) for point in probes]
    share = BUDGET // len(lines)
    found = [dv.table(tree, points, Derivation.of(step).variable, share) for tree in lines]
    return [[value if value == dv.UNDEFINED else write_value(value) for value in values] for values in found]


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, Any] | None = None) -> Verdict:
    """Set each line against the one above; full points for a sound chain from the given line to a solved one."""
    blank = Verdict.blank(step)
    asks = f"This step asks for {step.asks}."
    lines = _read_evidence(evidence)
    if isinstance(lines, Verdict):
        return replace(lines, step=step.id, lines=blank.lines, hint=asks)
    problem = _wrong_form(step, lines)
    if problem:
        return replace(blank, status="unreadable", headline=problem, hint=asks)
    points = [read_point(point) for point in expected.probes]
    given = ex.read_text(Derivation.of(step).given)
    try:
        if dv.shape(lines[0], points) != dv.shape(given, points):
            return replace(
                blank,
                status="unreadable",
                headline=f"The first line must say that {Derivation.of(step).begins}.",
                hint=asks,
            )
        tables = _tables(step, lines, expected.probes)
        shapes = [dv.shape(line, points) for line in lines]
    except ex.Undecided as why:
        return replace(blank, status="undecided", headline=f"This could be right, but {why}. Simplify your lines.")
    except (ex.Undefined, ex.Unreadable) as why:
        return replace(blank, status="unreadable", headline=f"A line can't be evaluated: {why}.", hint=asks)

    values = [[value if value == dv.UNDEFINED else read_value(value) for value in one] for one in tables]
    marks = [dv.sign(above, below) for above, below in zip(values, values[1:], strict=False)]
    signs = ["", *(mark for mark, _ in marks)]
    chain = tuple(f"{mark} {ex.write(line)}".strip() for mark, line in zip(signs, lines, strict=True))
    verdict = replace(blank, details=chain, checked=PUBLIC.format(n=len(points)))
    steps, ending = blank.lines
    broken = next((i for i, mark in enumerate(signs) if mark in (dv.ONLY_DOWN, dv.BROKEN)), None)
    if broken is not None:
        return _broken(step, verdict, expected, lines, broken, marks[broken - 1], tables, shapes)

    between = len(set(shapes[1:-1]) - {shapes[0], shapes[-1]})
    enough = between >= Derivation.of(step).between
    done = dv.solved(lines[-1], Derivation.of(step).variable)
    name = ex.letter(Derivation.of(step).variable)
    if enough:
        steps = replace(steps, earned=steps.possible)
    else:
        real = f"{between} of at least {Derivation.of(step).between} different lines between the first and the last"
        steps = replace(steps, note=real)
    goal = f"{name} alone" if Derivation.of(step).condition else "a formula without a sum"
    ending = (
        replace(ending, earned=ending.possible)
        if done and enough
        else replace(ending, note=f"the last line must have {goal}")
    )
    if enough and not done:
        verdict = replace(verdict, headline=f"Every line is sound; go on until the last one has {goal}.")
    elif not enough:
        verdict = replace(verdict, headline="Every line is sound, but steps are left out: show how each follows.")
    else:
        verdict = replace(verdict, headline=f"This is {step.asks}.")
        ending = replace(ending, note="")
    if done and not enough:
        ending = replace(ending, note="counts once the way there is shown")
    earned = steps.earned + ending.earned
    status = "right" if enough and done else "partly" if earned else "wrong"
    hint = None if status == "right" else step.hints[0]
    return replace(verdict, status=status, lines=(steps, ending), hint=hint)


def _read_evidence(evidence: object) -> list[ex.Tree] | Verdict:
    if not isinstance(evidence, dict) or evidence.get("kind") != "derivation":
        return Verdict("", "failed", "No evidence came back from this answer.")
    if evidence.get("unfinished"):
        return Verdict("", "unfinished", "The ... is still in place: put your lines there.")
    if "problem" in evidence:
        text = str(evidence["problem"])[:500]
        return Verdict("", "unreadable", f"{text[:1].upper()}{text[1:]}.")
    lines = evidence.get("lines")
    if not isinstance(lines, list) or not 1 <= len(lines) <= dv.MAX_LINES:
        return Verdict("", "failed", "The evidence can't be counted: it did not arrive whole.")
    try:
        return [ex.check_tree(line) for line in lines]
    except ex.Unreadable as problem:
        return Verdict("", "failed", f"The evidence can't be counted: {problem}.")


def _wrong_form(step: Step, lines: Sequence[ex.Tree]) -> str | None:
    allowed = Derivation.of(step).symbols
    for number, line in enumerate(lines, 1):
        unknown = sorted(ex.symbols(line) - set(allowed))
        if unknown:
            return f"Line {number} uses {', '.join(unknown)}; this derivation is in {', '.join(allowed)}."
        if ex.applied(line):
            return f"Line {number} applies {sorted(ex.applied(line))[0]}(...), which has no meaning here."
        if ex.is_condition(line) != Derivation.of(step).condition:
            wanted = "a condition with < or >" if Derivation.of(step).condition else "a formula"
            return f"Line {number} should be {wanted}."
    if len(lines) < 2:
        return "A derivation has at least a first and a last line; one line came."
    return None


def _broken(
    step: Step,
    verdict: Verdict,
    expected: Expected,
    lines: Sequence[ex.Tree],
    index: int,
    mark: tuple[str, list[int]],
    tables: Sequence[Sequence[str]],
    shapes: Sequence[Any],
) -> Verdict:
    """Judge a chain whose line ``index`` does not go with the one above; the sound part before it counts for half."""
    steps, ending = verdict.lines
    sound = len(set(shapes[1:index]) - {shapes[0]})
    if sound:
        told = "the line before it is sound" if sound == 1 else f"the {sound} lines before it are sound"
        steps = replace(steps, earned=round(steps.possible / 2, 2), note=told)
    if mark[0] == dv.ONLY_DOWN:
        what = f"Line {index + 1} follows from line {index}, but says less: it does not lead back (⇒, not ⇔)."
    else:
        what = f"Line {index + 1} does not follow from line {index}."
    verdict = replace(
        verdict,
        status="partly" if sound else "wrong",
        lines=(steps, ending),
        headline=what,
        hint="Say in words what you did to both sides between these two lines, and do it to every side.",
    )
    words = misconceptions(step.id)
    for key, theirs in expected.outcomes().items():
        if same_outcome(tables[index], theirs):
            verdict = replace(
                verdict, misconception=key, headline=f"{what} {words[key].title}.", hint=words[key].hints[0]
            )
            break
    if expected.secret:
        return verdict
    points = [read_point(point) for point in expected.probes]
    point = points[dv.plainest(mark[1], points, Derivation.of(step).variable)]
    return replace(verdict, counterexample=dv.describe_break(lines, index, point, Derivation.of(step).symbols))
