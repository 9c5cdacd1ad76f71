"""What the kinds share whose answers are code that is run: running it, reading its evidence, telling its mistakes.

The evidence of an answer that is run holds ``problems``, {answer: {status: headline}} for what is no finished class or
function, and ``runs``, {probe id: run} for every probe of the others.
"""

from __future__ import annotations

import dis
import linecache
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NotRequired, TypedDict, cast

import numpy as np

from lrtutorial.advice import name_of
from lrtutorial.answers.arrays import Malformed
from lrtutorial.answers.running import does_nothing as does_nothing
from lrtutorial.answers.running import quiet as quiet
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected
from lrtutorial.verdict import Verdict

#: Rounding of one step of an optimizer, in units of the last place: some twenty roundings, and a margin.
ROUNDING = 64
COUNTS = ("Two", "Three", "Four", "Five", "Six", "Seven")  #: how many mistakes are told at once
Probe = Mapping[str, Any]  #: a question put to an answer: plain data, of a form that is the kind's own
Run = dict[str, Any]  #: what an answer did with it: plain data too
Found = Mapping[str, Any]  #: how a run differs from the reference's
Differences = Mapping[str, Any]  #: by probe: what was found, or None


class Error(TypedDict):
    """An exception as data: the student's own line where one is known, and how far the run had come."""

    type: str
    message: str
    at: NotRequired[int]
    line: NotRequired[int]
    code: NotRequired[str]
    function: NotRequired[str]
    probe: NotRequired[str]  #: the one that met it


# ---------------------------------------------------------------------------------------------- run


def describe_error(error: BaseException, at: int = 0) -> Error:
    """Return an exception as data: type, message, and the student's own line (the deepest one in a notebook cell)."""
    found = Error(type=name_of(error)[:80], message=_message(error)[:300], at=at)
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if "ipykernel" in frame.filename or _is_typed(frame.filename)]
    if own:
        line = own[-1].line or linecache.getline(own[-1].filename, own[-1].lineno or 0)
        found["line"], found["code"], found["function"] = own[-1].lineno or 0, line.strip()[:200], own[-1].name[:80]
    return found


def _is_typed(filename: str) -> bool:
    """Whether code was typed in, as into a cell: NumPy's and Python's own generated code has such names too."""
    return filename.startswith("<") and not filename.startswith(("<__array_function__", "<frozen"))


def _message(error: BaseException) -> str:
    """Return an exception's message with what Python adds to it when it is printed: "Did you mean: 'x'?"."""
    try:
        last = [line for line in traceback.TracebackException.from_exception(error).format_exception_only() if line]
        said = last[-1].strip().partition(": ")[2]
    except Exception:  # a student's exception may raise anything when it is printed
        said = ""
    try:
        plain = str(error)
    except Exception:
        return ""
    said = said if said.startswith(plain) else plain
    if isinstance(error, NameError) and "Did you mean" not in said and _is_attribute(error):
        said += f". Did you mean: 'self.{error.name}'?"
    return said


def _is_attribute(error: NameError) -> bool:
    """Say whether the object at work has an attribute of the name that isn't defined: Python 3.12 says so itself."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    held = getattr(trace.tb_frame.f_locals.get("self"), "__dict__", {}) if trace else {}
    return isinstance(held, dict) and isinstance(error.name, str) and error.name in held


def no_class(name: str, answer: object, method: str, argument: str) -> dict[str, str] | None:
    """Return why an answer is no class with ``method(self, argument)``: {status: headline}; None if it is one."""
    if answer is ... or answer is None:
        return {"unfinished": f"{name} is still {'...' if answer is ... else 'None'}: define the class above."}
    has_method = callable(getattr(answer, method, None))
    if isinstance(answer, type):
        has_method = has_method or _given_in_init(answer, method)
        return None if has_method else {"unreadable": f"The class {name} has no method {method}(self, {argument})."}
    if has_method:
        return {
            "unreadable": f"An object of class {type(answer).__name__} came, but the class itself was expected: "
            f"pass {name}, without parentheses. The check makes its own objects."
        }
    return {
        "unreadable": f"A class was expected for {name}, but {type(answer).__name__} came. "
        f"Define it as: class {name}: …, and pass {name} itself."
    }


def _given_in_init(answer: type, method: str) -> bool:
    """Say whether ``__init__`` defines functions and stores one under the method's name, as in self.step = step."""
    code = getattr(vars(answer).get("__init__"), "__code__", None)
    if code is None or not any(hasattr(inner, "co_code") for inner in code.co_consts):
        return False
    return any(one.opname == "STORE_ATTR" and one.argval == method for one in dis.get_instructions(code))


# ---------------------------------------------------------------------------------------------- read


def read_runs(
    kind: str, step: Step, evidence: object, probes: Mapping[str, Mapping[str, object]]
) -> tuple[dict[str, dict[str, str]], dict[str, Any]]:
    """Return problems and runs of evidence; each run is still to be read. Raises Malformed unless it is whole."""
    if not isinstance(evidence, dict) or evidence.get("kind") != kind:
        raise Malformed("none came back from this answer")
    problems, runs = evidence.get("problems"), evidence.get("runs")
    if not isinstance(problems, dict) or not isinstance(runs, dict):
        raise Malformed("it did not arrive whole")
    read_problems = {}
    for name, problem in problems.items():
        ((status, headline),) = problem.items() if isinstance(problem, dict) and len(problem) == 1 else ((None, None),)
        if (
            name not in step.answers
            or status not in ("unfinished", "unreadable", "absent")
            or not isinstance(headline, str)
        ):
            raise Malformed("it did not arrive whole")
        read_problems[name] = {status: headline[:400]}
    wanted = [key for key, probe in probes.items() if probe.get("answer", step.answers[0]) not in problems]
    if set(runs) != set(wanted):
        raise Malformed("some runs are missing")
    return read_problems, {key: runs[key] for key in wanted}


def read_error(error: object) -> Error | None:
    """Return an exception that :func:`describe_error` described, or None. Raises Malformed for anything else."""
    if error is None:
        return None
    texts = {"type": 80, "message": 300, "code": 200, "function": 80}
    if not isinstance(error, dict) or {"type", "message"} - set(error):
        raise Malformed("an error is not described as one")
    for key, value in error.items():
        is_text = key in texts and isinstance(value, str) and len(value) <= texts[key]
        if not is_text and not (key in ("line", "at") and is_count(value)):
            raise Malformed("an error is not described as one")
    return cast(Error, error)


def met_by(error: Error, probe: str) -> Error:
    """Return the error with the id of the probe that met it."""
    met = error.copy()
    met["probe"] = probe
    return met


def is_count(value: object) -> bool:
    """Whether evidence holds a plain whole number from 0 to below a million there."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**6


# ---------------------------------------------------------------------------------------------- compare


def rounding(trace: np.ndarray, epsilon: float, after: int = 0) -> np.ndarray:
    """Return the absolute error that rounding may cause by each step, shape (rows, 1), for a trace (rows, size).

    A step adds a few roundings relative to the largest number so far; they add up linearly at worst. ``epsilon`` is
    the unit of the numbers' dtype (2⁻⁵² for float64, 2⁻²³ for float32); row 0 is the state after ``after`` steps.
    """
    sizes = np.where(np.isfinite(trace), np.abs(trace), 0.0)
    largest = np.maximum.accumulate(sizes.max(axis=1, initial=1e-300))
    return (ROUNDING * epsilon * (np.arange(len(largest)) + after + 1) * largest)[:, None]


def apart(yours: float, right: float) -> tuple[str, str]:
    """Return two numbers as text, with as many digits as it takes to tell them apart, six or more.

    >>> apart(0.5, 0.25), apart(1.0, 1.0 + 1e-9)
    (('0.5', '0.25'), ('1', '1.000000001'))
    """
    for digits in range(6, 18):
        texts = f"{yours:.{digits}g}", f"{right:.{digits}g}"
        if texts[0] != texts[1]:
            break
    return texts


# ---------------------------------------------------------------------------------------------- tell


def checked_on(expected: Expected) -> str:
    """Return the sentence that says what an answer was run on."""
    if expected.secret:
        return "Checked on fresh inputs."
    return f"Checked on {len(expected.probes)} runs. Grading repeats them with inputs nobody has seen."


def sentence(words: str) -> str:
    """Return words with a capital in front; a name stays as it is, there as well."""
    return words if "_" in words.partition(" ")[0] else words[:1].upper() + words[1:]


def together(count: int, simulated: Sequence[str]) -> str:
    """Return the sentence before several mistakes: of two that were simulated it is only known what both give."""
    many = COUNTS[count - 2]
    if len(simulated) > 1:
        return f"{many} mistakes together give just these numbers."
    return f"{many} mistakes at once."


def absent(step: Step, answers: Mapping[str, object]) -> dict[str, dict[str, str]]:
    """Return as problems which of a step's answers weren't given: the others are checked alone."""
    return {name: {"absent": f"Not looked at: {name}."} for name in step.answers if name not in answers}


def with_problem(
    step: Step, verdict: Verdict, problems: Mapping[str, Mapping[str, str]], failed: bool = False
) -> Verdict:
    """Return the verdict on an answer of which parts are missing or unfinished, beside what is judged of the others.

    ``failed`` says that the verdict already tells what is wrong with another part: then the problems come after it.
    """
    left = [name for name, problem in problems.items() if "absent" in problem]
    told = [text for name, problem in problems.items() if name not in left for text in problem.values()]
    rest = (f"Not looked at: {', '.join(left)}.",) if left else ()
    given = " and ".join(name for name in step.answers if name not in problems)
    if failed:
        return replace(verdict, details=(*verdict.details, *told, *rest))
    if not told:
        return replace(verdict, status="partly", headline=f"This check is about {given} alone: right.", details=rest)
    status = next(status for problem in problems.values() for status in problem if status != "absent")
    details = (*told[1:], *verdict.details, *rest)
    checked = verdict.checked if verdict.points else ""
    hint = f"This task asks for {step.asks}."
    return replace(verdict, status=status, headline=told[0], details=details, hint=hint, checked=checked)


def place_of(error: Error | None) -> str | None:
    """Return where the student's own code raised an error, or None when it isn't known.

    The mistake may be at another line: it is said that this one raised, and no more.
    """
    if not error or not error.get("line"):
        return None
    return f"raised in line {error['line']} of your cell, in {error.get('function', '?')}: {error.get('code', '')}"[
        :300
    ]
