"""Answers that are small functions of plain values: called with arguments, judged by what they return.

A probe is a list of calls that try one thing::

    {"id": "one_success", "answer": "binomial", "calls": [[3, 1, 0.25], [5, 1, 0.5]]}

The outcome is a *run*: the values returned, call by call, and the exception that ended it. A value is a number, a truth
value, a text, None or a list of these. Numbers are compared relatively, to the digits that the step asks for.
The settings of a step are those of :class:`lrtutorial.kinds.Function`.
"""

from __future__ import annotations

import copy
import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import cast

from lrtutorial.answers.arrays import Malformed
from lrtutorial.course.exercise import Evidence, Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.kinds import Function
from lrtutorial.kinds.driven import (
    Error,
    apart,
    checked_on,
    describe_error,
    does_nothing,
    place_of,
    quiet,
    read_error,
    read_runs,
    with_problem,
)
from lrtutorial.verdict import Verdict

Value = float | int | bool | str | None | list["Value"]
Probe = Mapping[str, object]
LARGEST = 10_000  #: numbers and texts in one value
LONGEST = 1_000  #: characters of a text


# ---------------------------------------------------------------------------------------------- collect


def collect(step: Step, answers: Mapping[str, object], probes: Sequence[Probe]) -> Evidence:
    """Return one run for every probe, and what is wrong with an answer that is no finished function."""
    called = Function.of(step).signatures
    problems = {
        name: problem for name, answer in answers.items() if (problem := _problem(name, answer, called.get(name, name)))
    }
    runs = {
        probe["id"]: drive(answers[str(probe["answer"])], probe) for probe in probes if probe["answer"] not in problems
    }
    return {"kind": "function", "problems": problems, "runs": runs}


def _problem(name: str, answer: object, called: str) -> dict[str, str] | None:
    if answer is ... or answer is None:
        return {"unfinished": f"{name} is still {'...' if answer is ... else 'None'}: define {called} above."}
    if not callable(answer):
        came = type(answer).__name__
        return {"unreadable": f"A function was expected for {name}, but {came} came: pass {name}, without calling it."}
    if does_nothing(answer):
        return {"unfinished": f"{name} does nothing yet: write its body."}
    return None


def drive(function: object, probe: Probe) -> dict[str, object]:
    """Call a function with each list of arguments; return the values, and the exception that ended it or None.

    KeyboardInterrupt passes through.
    """
    values: list[Value] = []
    calls = probe["calls"]
    assert callable(function) and isinstance(calls, Sequence)
    with quiet():
        for number, arguments in enumerate(calls):
            try:
                values.append(_plain(function(*copy.deepcopy(arguments))))
            except Exception as error:
                return {"values": values, "error": describe_error(error, number)}
    return {"values": values, "error": None}


def _plain(value: object) -> Value:
    """Return a value as plain data. Raises TypeError for one that is none, or too large to be sent."""
    if hasattr(value, "tolist"):  # NumPy's
        value = value.tolist()
    if value is None or isinstance(value, bool | str | int):
        if isinstance(value, str) and len(value) > LONGEST or isinstance(value, int) and value.bit_length() > 3_000:
            raise TypeError(f"it returned a {type(value).__name__} that is too large to compare")
        return value
    if isinstance(value, numbers.Real) or type(value).__module__.startswith("sympy"):
        number = float(value)  # type: ignore[arg-type]  # SymPy's numbers can be made floats, or raise TypeError
        return number if math.isfinite(number) else f"float {number}"  # JSON has no word for these
    if isinstance(value, list | tuple):
        if len(value) > LARGEST:
            raise TypeError(f"it returned {len(value)} values; at most {LARGEST} can be compared")
        return [_plain(item) for item in value]
    raise TypeError(f"it returned {type(value).__name__}; a number, a truth value, a text or a list was expected")


def outcome_of(step: Step, evidence: Evidence, probes: Sequence[Probe]) -> dict[str, object]:
    """Return the runs, without the words of errors (they may name a file). Raises ValueError for no function."""
    del probes
    if evidence["problems"]:
        raise ValueError(f"{step.id}: {evidence['problems']}")
    runs: dict[str, dict[str, object]] = evidence["runs"]
    return {key: {"values": run["values"], "error": _bare(run["error"])} for key, run in runs.items()}


def _bare(error: object) -> dict[str, object] | None:
    return {"type": error["type"], "message": "", "at": error["at"]} if isinstance(error, dict) else None


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, object]) -> Verdict:
    """Compare every run with the reference's; name the misconception whose runs they are, or tell the first call."""
    del earlier
    kind, blank = Function.of(step), Verdict.blank(step)
    probes: dict[str, Probe] = {probe["id"]: probe for probe in expected.probes}
    try:
        problems, given = read_runs("function", step, evidence, probes)
        runs = {key: read_run(run, probes[key]) for key, run in given.items()}
    except (Malformed, RecursionError) as why:
        return blank.with_no_points("failed", f"The evidence can't be counted: {why}.")
    reference = {key: read_run(run, probes[key]) for key, run in expected.reference.items()}
    failed = {
        key: at for key, run in runs.items() if (at := first_difference(run, reference[key], kind.digits)) is not None
    }
    marked = []
    for line, rubric in zip(blank.lines, step.rubric, strict=True):
        missed = [key for key in rubric.probes if key not in runs or key in failed]
        note = f"Not yet: {kind.says[missed[0]]}" if missed and missed[0] in runs else ""
        marked.append(replace(line, note=note) if missed else replace(line, earned=line.possible))
    verdict = replace(blank, lines=tuple(marked), checked=checked_on(expected))
    if problems:
        return with_problem(step, verdict, problems)
    if not failed:
        return replace(verdict, status="right", headline=f"This is {step.asks}.")
    verdict = replace(verdict, status="partly" if verdict.points else "wrong")
    return _explain(step, verdict, runs, reference, probes, expected, failed)


def read_run(data: object, probe: Probe) -> dict[str, object]:
    """Return a run. Raises Malformed unless it has as many values as the probe has calls, or an error."""
    if not isinstance(data, dict) or set(data) != {"values", "error"} or not isinstance(data["values"], list):
        raise Malformed("a run was expected")
    calls = probe["calls"]
    assert isinstance(calls, Sequence)
    error = read_error(data["error"])
    if len(data["values"]) > len(calls) or (error is None and len(data["values"]) < len(calls)):
        raise Malformed("a run has another number of values than calls")
    if not all(_is_value(value, LARGEST) for value in data["values"]):
        raise Malformed("a value is of no kind that can be compared")
    return {"values": data["values"], "error": error}


def _is_value(value: object, most: int) -> bool:
    if isinstance(value, list):
        return len(value) <= most and all(_is_value(item, most // max(len(value), 1)) for item in value)
    return value is None or isinstance(value, bool | int | float) or (isinstance(value, str) and len(value) <= LONGEST)


def first_difference(run: Mapping[str, object], reference: Mapping[str, object], digits: int) -> int | None:
    """Return the first call at which two runs differ, or None. Errors of one type are alike."""
    yours, right = run["values"], reference["values"]
    assert isinstance(yours, list) and isinstance(right, list)
    for at, (one, other) in enumerate(zip(yours, right, strict=False)):
        if not same_value(one, other, digits):
            return at
    error, other_error = run["error"], reference["error"]
    kinds = [each["type"] if isinstance(each, dict) else None for each in (error, other_error)]
    return None if len(yours) == len(right) and kinds[0] == kinds[1] else min(len(yours), len(right))


def same_value(yours: Value, right: Value, digits: int) -> bool:
    """Say whether two values agree: numbers to so many digits, all else exactly; a truth value is no number.

    >>> same_value(0.1 + 0.2, 0.3, 9), same_value(1, True, 9), same_value([1, "a"], [1.0, "a"], 9)
    (True, False, True)
    """
    if isinstance(yours, list) and isinstance(right, list):
        return len(yours) == len(right) and all(map(lambda a, b: same_value(a, b, digits), yours, right))
    if isinstance(yours, bool) or isinstance(right, bool):
        return yours is right
    if isinstance(yours, int | float) and isinstance(right, int | float):
        if isinstance(yours, int) and isinstance(right, int):
            return yours == right
        try:
            return math.isclose(yours, right, rel_tol=10.0**-digits, abs_tol=1e-300)
        except OverflowError:  # a whole number that no float can hold
            return False
    return yours == right


def _explain(
    step: Step,
    verdict: Verdict,
    runs: Mapping[str, Mapping[str, object]],
    reference: Mapping[str, Mapping[str, object]],
    probes: Mapping[str, Probe],
    expected: Expected,
    failed: Mapping[str, int],
) -> Verdict:
    """Put words to a wrong answer: the mistake it is, the first call that differs, a hint."""
    kind = Function.of(step)
    first = next(key for key in probes if key in failed)
    error = runs[first]["error"]
    raised = cast(Error, error) if isinstance(error, dict) and failed[first] == error.get("at") else None
    headline = f"It raised {raised['type']}: {raised['message']}." if raised else f"This is not {step.asks} yet."
    hint, named = step.hints[0], None
    words = misconceptions(step.id)
    for key, theirs in expected.outcomes().items():
        same = all(first_difference(run, theirs[probe], kind.digits) is None for probe, run in runs.items())
        if same:
            named, headline, hint = key, f"{words[key].title}.", words[key].hints[0]
            break
    example = (
        None if expected.secret else _counterexample(step, runs[first], reference[first], probes[first], failed[first])
    )
    where = None if expected.secret else place_of(raised)
    return replace(verdict, headline=headline, misconception=named, hint=hint, counterexample=example, where=where)


def _counterexample(
    step: Step, run: Mapping[str, object], reference: Mapping[str, object], probe: Probe, at: int
) -> str:
    calls, yours, right = probe["calls"], run["values"], reference["values"]
    assert isinstance(calls, Sequence) and isinstance(yours, list) and isinstance(right, list)
    call = f"{probe['answer']}({', '.join(map(repr, calls[at]))})"
    wanted = _say(right[at]) if at < len(right) else "an exception"
    if at >= len(yours):
        got = "raises an exception"
    elif _is_number(yours[at]) and at < len(right) and _is_number(right[at]):
        mine, wanted = apart(float(yours[at]), float(right[at]))
        got = f"gives {mine}"
    else:
        got = f"gives {_say(yours[at])}"
    return f"{Function.of(step).says[str(probe['id'])]}: {call} {got} with your function; {wanted} was expected."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _say(value: Value) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
