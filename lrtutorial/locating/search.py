"""Where a mistake is: the places of an answer at which one small edit makes every probe hold.

The edit itself is never told. The search takes what it is given as text, runs it, and says where; it never says how.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import signal
import threading
import time
import types
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from types import CodeType
from typing import Any

from lrtutorial.course import find_step
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, Known, recorded
from lrtutorial.locating.edits import Edit, edits
from lrtutorial.locating.sources import Source

MOST_LINES = 2  #: a place that is told: one line, or two of which either may be meant
MOST_TRIES = 5000  #: edits that are run: what two seconds are enough for
FIRST = 0.5  #: seconds for one probe of the answer as it is
CLEAR = 0.02  #: by how much more alike an edit must make two statements to be the one that is meant


class TooLong(BaseException):
    """An edited answer ran too long. No ``except Exception`` of the answer catches it."""


def search(
    step_id: str,
    name: str,
    sources: Sequence[Source],
    space: Mapping[str, Any],
    seconds: float,
    most: int = MOST_TRIES,
    wall: float | None = None,
) -> list[dict]:
    """Return the places in ``sources`` where a small edit lets the answer ``name`` pass every public probe.

    A place is plain data: ``{"line", "code", "function", "part", "role", "before"}``, lines as the cell shows them,
    ``before`` where something is missing in front of the line (:mod:`lrtutorial.locating.words` says it). The list is
    empty when nothing was found within ``seconds`` of the processor (three times as many on the clock) and ``most``
    edits, or too much to say anything.
    """
    deadline, latest = time.process_time() + seconds, time.monotonic() + (3 * seconds if wall is None else wall)
    trial = Trial(find_step(step_id), name, sources, space)
    if not trial.failing or trial.endless:
        return []
    every = sorted(
        ((edit, source) for source in sources for edit in edits(trial.trees[source.name])),
        key=lambda both: both[0].likelihood,
    )
    found: list[tuple[Edit, Source]] = []
    for tries, (edit, source) in enumerate(every):
        if found and edit.likelihood > found[0][0].likelihood:
            break
        if tries >= most or time.process_time() > deadline or time.monotonic() > latest:
            return []  # an edit as likely as those found may be left, at another line
        if trial.passes(edit, source.name):
            found.append((edit, source))
    return _places(trial.likeliest(found))


# -------------------------------------------------------------------------------------------- running an edit


class Trial:
    """An answer that can be run with an edit: its trees, its compiled definitions, and the probes by what they cost."""

    def __init__(self, step: Step, name: str, sources: Sequence[Source], space: Mapping[str, Any]):
        self.holds, self.name = import_module(step.kind.module).holds, name
        self.space = {**space, "__name__": "__main__"}
        self.trees = {source.name: source.definition() for source in sources}
        functions = [n for tree in self.trees.values() for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        self.needs_class = {function for function in functions if _needs_its_class(function)}
        self.codes = {key: _compiled(tree) for key, tree in self.trees.items()}
        self.answer = self._made(self.codes, self.space)
        self.endless = False  #: whether a run had to be ended: then there is nothing to search
        self.failing: list[tuple[Expected, float]] = []
        self.holding: list[tuple[Expected, float]] = []
        for expected in _apart(recorded(step.id), name):
            begun = time.process_time()
            holds = self._holds(self.answer, expected, FIRST)
            (self.holding if holds else self.failing).append((expected, time.process_time() - begun))
            self.endless = self.endless or time.process_time() - begun > FIRST
            if self.endless:
                break
        for group in (self.failing, self.holding):
            group.sort(key=lambda pair: pair[1])

    def passes(self, edit: Edit, changed: str) -> bool:
        """Say whether every probe holds with this edit: first the cheapest of those that did not hold without it."""
        undo = edit.swap()
        try:
            answer = self._edited(edit, changed)
            tried = [*self.failing, *self.holding]
            return all(self._holds(answer, expected, 0.05 + 3 * seconds) for expected, seconds in tried)
        except Exception:  # an edit that makes no program
            return False
        finally:
            undo.swap()

    def likeliest(self, found: list[tuple[Edit, Source]]) -> list[tuple[Edit, Source]]:
        """Of edits at several lines keep those that make a statement more like a neighbour of its own, if any does.

        Code for two moments, or two coordinates, is written in pairs: a slip in one line shows beside the other.
        """
        if len({edit.part.lineno for edit, _ in found}) < 2 or any(edit.before for edit, _ in found):
            return found
        gains = [self._gain(edit) for edit, _ in found]
        best = max(gains)
        by_line = {edit.part.lineno: gain for (edit, _), gain in sorted(zip(found, gains, strict=True), key=_second)}
        others = [gain for line, gain in by_line.items() if gain < best]
        if best < CLEAR or not others or best - max(others) < CLEAR:
            return found
        line = next(line for line, gain in by_line.items() if gain == best)
        return [pair for pair in found if pair[0].part.lineno == line]

    def _gain(self, edit: Edit) -> float:
        """Return how much more alike an edit makes its statement to the most alike of its function."""
        statements = [node for node in ast.walk(edit.function) if isinstance(node, ast.Assign | ast.AugAssign)]
        own = next((one for one in statements if any(node is edit.changes[0][0] for node in ast.walk(one))), None)
        if own is None:
            return 0.0
        others = [_shape(one) for one in statements if one is not own]
        before = _alike(_shape(own), others)
        undo = edit.swap()
        after = _alike(_shape(own), others)
        undo.swap()
        return after - before

    def _edited(self, edit: Edit, changed: str) -> Any:
        """Return the answer with an edit; of a class only the changed method is compiled anew where that is enough."""
        for _, _, value in edit.changes:
            _place_new_nodes(value)
        alone = changed == self.name and isinstance(self.answer, type) and edit.function in self.trees[changed].body
        if not alone or any(method in self.needs_class for method in self.trees[changed].body):
            return self._made({**self.codes, changed: _compiled(self.trees[changed])}, dict(self.space))
        space = dict(self.space)
        exec(_compiled(edit.function), space)
        kept = {key: value for key, value in vars(self.answer).items() if key not in ("__dict__", "__weakref__")}
        # the method looks names up where the class's other methods do
        method = types.FunctionType(
            space[edit.function.name].__code__, self.space, edit.function.name, space[edit.function.name].__defaults__
        )
        method.__kwdefaults__ = space[edit.function.name].__kwdefaults__
        return type(self.name, self.answer.__bases__, {**kept, edit.function.name: method})

    def _made(self, codes: Mapping[str, CodeType], space: dict[str, Any]) -> Any:
        for code in codes.values():
            exec(code, space)
        return space[self.name]

    def _holds(self, answer: Any, expected: Expected, seconds: float) -> bool:
        """Say whether the answer made of these definitions gives what is expected."""
        try:
            with limited(seconds):
                return bool(self.holds(answer, expected))
        except BaseException:  # whatever an edited program raises, it isn't a right answer
            return False


def _second(pair: tuple[Any, float]) -> float:
    return pair[1]


def _shape(node: ast.AST) -> list[str]:
    """Return a statement's form: the types of its nodes and its numbers, without names."""
    return [str(one.value) if isinstance(one, ast.Constant) else type(one).__name__ for one in ast.walk(node)]


def _alike(shape: list[str], others: list[list[str]]) -> float:
    return max((difflib.SequenceMatcher(None, shape, other, False).ratio() for other in others), default=0.0)


def _place_new_nodes(value: Any) -> None:
    """Give new nodes some place in the source: compile asks for one. What lies below an old node is old."""
    for node in value if isinstance(value, list) else [value]:
        if isinstance(node, ast.AST) and getattr(node, "lineno", -1) < 0:
            if "lineno" in node._attributes:
                vars(node).update(lineno=1, end_lineno=1, col_offset=0, end_col_offset=0)
            for _, child in ast.iter_fields(node):
                _place_new_nodes(child)


def _needs_its_class(function: ast.FunctionDef) -> bool:
    names = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    return bool(function.decorator_list or names & {"super", "__class__"})


def _compiled(tree: ast.stmt) -> CodeType:
    return compile(ast.Module([tree], []), "<edited>", "exec")


def _apart(whole: Expected, name: str) -> Iterator[Expected]:
    """The probes of one answer one by one; one that is compared with another comes with it. Figures are left out."""
    by_id = {probe["id"]: probe for probe in whole.probes}
    for probe in whole.probes:
        if probe.get("answer", name) == name and "runs" not in probe and not probe.get("drawn"):
            other = by_id.get(probe.get("same_as"))
            probes = [probe] if other is None else [other, probe]
            yield Known(probes, {one["id"]: whole.reference.get(one["id"]) for one in probes}, {}, secret=True)


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooLong after so many seconds of the processor, where that is possible: in a POSIX system's main thread."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    running = True

    def ended(*_: object) -> None:
        if running:
            raise TooLong

    before = signal.signal(signal.SIGPROF, ended)
    try:
        signal.setitimer(signal.ITIMER_PROF, seconds, 0.05)  # again, should the answer catch it
        try:
            yield
        finally:
            running = False
    finally:  # also when the time is up just as the run ends
        running = False
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before or signal.SIG_IGN)


# -------------------------------------------------------------------------------------------- what is told


def _places(found: Sequence[tuple[Edit, Source]]) -> list[dict]:
    """Return what is told of the edits that mend an answer: one place a line, at most MOST_LINES of them."""
    by_line: dict[tuple[str, int], list[tuple[Edit, Source]]] = {}
    gaps = [pair for pair in found if pair[0].before]
    if gaps and len(gaps) == len(found):  # something is missing: at the latest before the last place it may stand
        last = max(gaps, key=lambda pair: pair[0].part.lineno)
        by_line[last[1].name, last[0].part.lineno] = [last]
    else:
        for edit, source in found:
            if not edit.before:
                by_line.setdefault((source.text, edit.part.lineno), []).append((edit, source))
    if len(by_line) > MOST_LINES:
        return []
    return [_place(pairs) for _, pairs in sorted(by_line.items(), key=lambda item: item[0][1])]


def _place(pairs: Sequence[tuple[Edit, Source]]) -> dict[str, Any]:
    edit, source = pairs[0]
    line = edit.part.lineno
    parts = {(_segment(source, one.part), one.role) for one, _ in pairs}
    texts = {part for part, _ in parts}
    role = edit.role if len(parts) == 1 else ""
    part = _segment(source, edit.part) if len(texts) == 1 else ""
    rows = source.text.splitlines()
    return {
        "line": line + source.above, "code": rows[line - 1].strip()[:120] if line <= len(rows) else "",
        "function": _function_at(source, line)[:60], "part": part, "role": role, "before": edit.before,
    }  # fmt: skip


def _segment(source: Source, node: ast.AST) -> str:
    text = ast.get_source_segment(source.text, node) or ""
    return text if len(text) <= 50 and "\n" not in text else ""


def _function_at(source: Source, line: int) -> str:
    inner = source.name
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            inner = node.name
    return inner
