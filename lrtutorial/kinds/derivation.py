"""Answers that are a chain of lines: each line must be equivalent to the one above, the last one solved.

The answer is a list of lines, text or SymPy, or what ``derivation(…)`` returned. Signs are proved, not sampled
(:mod:`lrtutorial.formulas.relations`): the first line has the solution set of the given one (or of what follows from
the student's own earlier result, for method points), every other line that of the line above, and the last one has
the unknown alone. A probe is a point, as for formulas; the outcome of a chain is the table of truth values of its
first line that differs from the given one, or of the given one when none does: by it a misconception is recognised.

The settings of a step are those of :class:`lrtutorial.kinds.Derivation`. The rubric has two lines: ``steps`` (every
line goes with the one above) and ``solved`` (the chain ends at the answer).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.formulas import derivations as dv
from lrtutorial.formulas import relations
from lrtutorial.formulas.relations import Relation, relation
from lrtutorial.kinds import Derivation
from lrtutorial.kinds.formula import METHOD_SHARE, read_point, same_outcome, write_value
from lrtutorial.verdict import Verdict, still_open

__all__ = ["collect", "judge", "outcome_of", "same_outcome"]
PROVED = "Each line was compared with the one above for all values of the letters, not at some points only."
AGREED = "A line marked ≈ agrees with the one above at many points; that is no proof, and it counts for no step."
BUDGET = 250_000  #: operations for all lines together


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: object = None) -> dict[str, object]:
    """Return the chain as trees, or the reason why it can't be read."""
    (answer,) = answers.values()
    if answer is ... or answer is None:
        return {"kind": "derivation", "unfinished": True, "none": answer is None}
    if isinstance(answer, dv.Derivation):
        if answer.problem:
            return {"kind": "derivation", "problem": answer.problem[:400].rstrip(".")}
        answer = list(answer.trees)
        return {"kind": "derivation", "lines": answer} if answer else {"kind": "derivation", "unfinished": True}
    if not isinstance(answer, list | tuple):
        came = type(answer).__name__
        return {
            "kind": "derivation",
            "problem": f'a list of lines was expected, ["…", "…", …], or derivation("…", "…", …), but {came} came',
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


def outcome_of(step: Step, evidence: Evidence, probes: Sequence[Mapping[str, str]]) -> list[str]:
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


@dataclass(frozen=True)
class _Chain:
    """A student's lines, judged: how each goes with the one above, and where the chain begins."""

    lines: Sequence[ex.Tree]
    relations: Sequence[Relation]
    shapes: Sequence[object]
    given: ex.Tree  #: the line that the chain has to begin with
    own: bool  #: whether that follows from an earlier mistake of the student's

    @property
    def broken(self) -> int | None:
        """The index of the first line that is not equivalent to the one above."""
        wrong = (relations.ONLY_DOWN, relations.BROKEN)
        return next((i for i, one in enumerate(self.relations, 1) if one.mark in wrong), None)

    def jump(self, kind: Derivation) -> int | None:
        """The index of a line that has the unknown alone while the one above still has it within bars."""
        above = [self.given, *self.lines]
        return next(
            (
                i
                for i, line in enumerate(self.lines)
                if dv.within_bars(above[i], kind.variable) and dv.solved(line, kind.variable)
            ),
            None,
        )

    @property
    def between(self) -> int:
        """How many different lines there are between the given one and the last; what is only agreed is none."""
        proved = [
            shape for shape, one in zip(self.shapes[2:], self.relations, strict=True) if one.mark != relations.OPEN
        ]
        return len({self.shapes[1], *proved[:-1]} - {self.shapes[0], self.shapes[-1], None})


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object] | None = None) -> Verdict:
    """Set each line against the one above; full points for a sound chain from the given line to a solved one."""
    blank, kind = Verdict.blank(step), Derivation.of(step)
    asks = f"This task asks for {step.asks}."
    lines = _read_evidence(evidence)
    if isinstance(lines, Verdict):
        return replace(lines, step=step.id, lines=blank.lines, hint=asks)
    problem = _wrong_form(step, lines)
    if problem:
        return replace(blank, status="unreadable", headline=problem, hint=asks)
    points = [read_point(point) for point in expected.probes]
    try:
        chain = _chain(step, lines, points, expected, earlier or {})
    except (ex.Undefined, ex.Undecided, ex.Unreadable) as why:
        return replace(blank, status="unreadable", headline=f"A line can't be evaluated: {why}.", hint=asks)
    if chain is None:
        begins = f"The first line must say that {kind.begins}."
        return replace(blank, status="unreadable", headline=begins, hint=asks)
    signs = ["", *(one.mark for one in chain.relations)]
    shown = tuple(f"{mark} {ex.write(line)}".strip() for mark, line in zip(signs, lines, strict=True))
    verdict = replace(blank, details=shown, checked=AGREED if relations.OPEN in signs else PROVED)
    unclear = next(
        (i for i, one in enumerate(chain.relations, 2) if one.mark == relations.OPEN and not one.agreed), None
    )
    if chain.broken is not None:
        verdict = _broken(step, verdict, expected, chain)
    elif unclear is not None:
        told = f"This could be right, but line {unclear} could not be decided. Simplify your lines."
        return replace(verdict, status="undecided", headline=told)
    else:
        verdict = _sound(step, verdict, chain)
    return _own(step, verdict) if chain.own else verdict


def _chain(
    step: Step, lines: Sequence[ex.Tree], points: Sequence[Any], expected: Expected, earlier: Mapping[str, Any]
) -> _Chain | None:
    """Return the chain with its relations, or None when it does not begin where it must."""
    kind = Derivation.of(step)
    given = ex.read_text(kind.given)
    own = False
    if not kind.condition:
        begins = dv.shape(lines[0], points, kind.variable) == dv.shape(given, points, kind.variable)
    else:
        begins = relation(given, lines[0], (), kind.variable).mark == relations.SAME
    if not begins:
        own = _follows(step, lines[0], expected, earlier)
        if not own:
            return None
        given = lines[0]
    shapes = [dv.shape(line, points, kind.variable) for line in (given, *lines)]
    return _Chain(lines, dv.compared(lines, kind.variable), shapes, given, own)


def _follows(step: Step, first: ex.Tree, expected: Expected, earlier: Mapping[str, object]) -> bool:
    """Say whether a first line is the one that follows from the student's own earlier result, at every probe."""
    follows = Derivation.of(step).follows
    before = earlier.get(follows[0]) if follows else None
    if follows is None or not isinstance(before, dict) or "tree" not in before:
        return False
    try:
        tree = ex.right_hand_side(ex.check_tree(before["tree"]))
        with ex.at_most(BUDGET):
            for point in map(read_point, expected.probes):
                if ex.holds(first, point, Derivation.of(step).variable) != follows[1](tree, point):
                    return False
    except (ex.Undefined, ex.Undecided, ex.Unreadable):
        return False
    return Derivation.of(step).variable in ex.symbols(tree)


def _sound(step: Step, verdict: Verdict, chain: _Chain) -> Verdict:
    """Judge a chain whose lines all go together: are steps left out, is it solved, does the end say it all?"""
    kind = Derivation.of(step)
    steps, ending = verdict.lines
    name = ex.letter(kind.variable)
    goal = f"{name} alone" if kind.condition else "a formula without a sum"
    jump, between = chain.jump(kind), chain.between
    enough = jump is None and between >= kind.between
    done = dv.solved(chain.lines[-1], kind.variable)
    end = relation(chain.given, chain.lines[-1], (), kind.variable) if kind.condition else None
    whole = end is None or end.mark == relations.SAME
    if enough:
        steps = replace(steps, earned=steps.possible)
    elif jump is not None:
        told = f"line {jump + 1} opens the bars and frees {name} at once"
        steps = replace(steps, note=told if jump else f"the first line has {name} alone already")
    else:
        steps = replace(
            steps, note=f"{between} of at least {kind.between} different lines between the first and the last"
        )
    if done and enough and whole:
        ending = replace(ending, earned=ending.possible)
    elif not done:
        ending = replace(ending, note=f"the last line must have {goal}")
    else:
        note = "counts once the way there is shown" if whole else "read by itself it says something else than the first"
        ending = replace(ending, note=note)
    if not enough:
        headline = "Every line is sound, but steps are left out: show how each follows."
    elif not done:
        headline = f"Every line is sound; go on until the last one has {goal}."
    elif not whole:
        headline = "Every line goes with the one above, but the last one by itself doesn't say what the first one says."
    else:
        headline = f"This is {step.asks}."
    earned = steps.earned + ending.earned
    status = "right" if enough and done and whole else "partly" if earned else "wrong"
    hint = None if status == "right" else step.hints[0]
    return replace(verdict, headline=headline, status=status, lines=(steps, ending), hint=hint)


def _own(step: Step, verdict: Verdict) -> Verdict:
    """Grant method points for a chain that begins at the student's own earlier result."""
    follows = Derivation.of(step).follows
    source = follows[0] if follows else ""
    lines = tuple(
        replace(line, earned=round(METHOD_SHARE * line.earned, 2), note=line.note or "method points")
        for line in verdict.lines
    )
    if verdict.status != "right":
        return replace(verdict, lines=lines)
    return replace(
        verdict,
        status="partly",
        lines=lines,
        headline=f"Right method, applied to an earlier result ({source}) that isn't right yet.",
        hint=f"Mend {source} first; this chain then follows the same way.",
    )


def _read_evidence(evidence: object) -> list[ex.Tree] | Verdict:
    if not isinstance(evidence, dict) or evidence.get("kind") != "derivation":
        return Verdict("", "failed", "No evidence came back from this answer.")
    if evidence.get("unfinished"):
        return Verdict("", "unfinished", still_open(evidence, "your lines"))
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


def _broken(step: Step, verdict: Verdict, expected: Expected, chain: _Chain) -> Verdict:
    """Judge a chain with a line that does not go with the one above; the sound part before it counts for half."""
    index = chain.broken or 0
    found = chain.relations[index - 1]
    steps, ending = verdict.lines
    sound = len(set(chain.shapes[1 : index + 1]) - {chain.shapes[0], None})
    if sound:
        told = "the line before it is sound" if sound == 1 else f"the {sound} lines before it are sound"
        steps = replace(steps, earned=round(steps.possible / 2, 2), note=told)
    if found.mark == relations.ONLY_DOWN:
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
    outcome = [] if chain.own else _table(step, chain.lines[index], expected)
    for key, theirs in expected.outcomes().items():
        if same_outcome(outcome, theirs):
            title, hints = words[key].title, words[key].hints
            verdict = replace(verdict, misconception=key, headline=f"{what} {title}.", hint=hints[0])
            break
    if expected.secret or found.point is None:
        return verdict
    said = dv.describe(chain.lines, index, found.point, Derivation.of(step).symbols)
    return replace(verdict, counterexample=said)


def _table(step: Step, line: ex.Tree, expected: Expected) -> list[str]:
    """Return a line's truth values at the probes, or nothing when that is too much work."""
    try:
        return _tables(step, [line], expected.probes)[0]
    except (ex.Undecided, ex.Unreadable):
        return []
