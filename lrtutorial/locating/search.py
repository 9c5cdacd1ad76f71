"""Where a mistake is: the places of an answer at which one small edit makes every probe hold.

The edit itself is never told. The search takes what it is given as text, runs it, and says where; it never says how.
"""

from __future__ import annotations

import ast
import contextlib
import signal
import threading
import time
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from types import CodeType
from typing import Any

from lrtutorial.course import find_step
from lrtutorial.expected import Expected, Known, recorded
from lrtutorial.locating.edits import Edit, edits
from lrtutorial.locating.sources import Source
from lrtutorial.steps import Step

MOST_LINES = 2  #: a place that is told: one line, or two of which either may be meant


class TooLong(BaseException):
    """An edited answer ran too long. No ``except Exception`` of the answer catches it."""


def search(
    step_id: str,
    name: str,
    sources: Sequence[Source],
    space: Mapping[str, Any],
    seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> list[dict]:
    """Return the places in ``sources`` where a small edit lets the answer ``name`` pass every public probe.

    A place is plain data: ``{"line", "code", "function", "part", "role", "before"}``, lines as the cell shows them,
    ``before`` where something is missing in front of the line (:mod:`lrtutorial.locating.words` says it). The list is
    empty when nothing was found within ``seconds``, or too much to say anything.
    """
    deadline = clock() + seconds
    trial = Trial(find_step(step_id), name, sources, space)
    if not trial.failing:
        return []
    every = sorted(
        ((edit, source) for source in sources for edit in edits(trial.trees[source.name])),
        key=lambda both: both[0].likelihood,
    )
    found: list[tuple[Edit, Source]] = []
    for edit, source in every:
        if clock() > deadline or (found and edit.likelihood > found[0][0].likelihood):
            break
        if trial.passes(edit, source.name):
            found.append((edit, source))
    return _places(found)


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
        self.answer = self._made(self.codes)
        self.failing: list[tuple[Expected, float]] = []
        self.holding: list[tuple[Expected, float]] = []
        for expected in _apart(recorded(step.id), name):
            begun = time.monotonic()
            holds = self._holds(self.answer, expected, 1.0)
            (self.holding if holds else self.failing).append((expected, time.monotonic() - begun))
        for group in (self.failing, self.holding):
            group.sort(key=lambda pair: pair[1])

    def passes(self, edit: Edit, changed: str) -> bool:
        """Say whether every probe holds with this edit: first the cheapest of those that did not hold without it."""
        undo = edit.swap()
        try:
            answer = self._edited(edit, changed)
            tried = [*self.failing, *self.holding]
            return all(self._holds(answer, expected, 0.05 + 5 * seconds) for expected, seconds in tried)
        except Exception:  # an edit that makes no program
            return False
        finally:
            undo.swap()

    def _edited(self, edit: Edit, changed: str) -> Any:
        """Return the answer with an edit; of a class only the changed method is compiled anew where that is enough."""
        for _, _, value in edit.changes:
            _place_new_nodes(value)
        alone = changed == self.name and isinstance(self.answer, type) and edit.function in self.trees[changed].body
        if not alone or edit.function in self.needs_class:
            return self._made({**self.codes, changed: _compiled(self.trees[changed])})
        space = dict(self.space)
        exec(_compiled(edit.function), space)
        kept = {key: value for key, value in vars(self.answer).items() if key not in ("__dict__", "__weakref__")}
        # the method looks names up where the class's other methods do
        method = types.FunctionType(
            space[edit.function.name].__code__, self.space, edit.function.name, space[edit.function.name].__defaults__
        )
        method.__kwdefaults__ = space[edit.function.name].__kwdefaults__
        return type(self.name, self.answer.__bases__, {**kept, edit.function.name: method})

    def _made(self, codes: Mapping[str, CodeType]) -> Any:
        space = self.space
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
    """Raise TooLong after so many seconds, where that is possible: in the main thread of a POSIX system."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def ended(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, ended)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.05)  # again, should the answer catch it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
