"""An answer that can be run with an edit: tried first on what is quick, then on every probe."""

from __future__ import annotations

import ast
import copy
import difflib
import sys
import time
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from types import CodeType, FrameType
from typing import Any

import numpy as np

from lrtutorial.answers.parsing import parsed
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, recorded
from lrtutorial.course.expected import Known as KnownAnswers
from lrtutorial.locating.alarm import Alarm, limited
from lrtutorial.locating.edits import NOTHING, Edit, Known
from lrtutorial.locating.sources import Source

FIRST = 0.5  #: seconds for one probe of the answer as it is
Test = Callable[[object], bool]
CLEAR = 0.02  #: by how much more alike an edit must make two statements to be the one that is meant


class Trial:
    """An answer that can be run with an edit: its trees, its compiled definitions, and the probes by what they cost."""

    def __init__(self, step: Step, name: str, sources: Sequence[Source], space: Mapping[str, object]):
        kind = import_module(step.kind.module)
        self.kind, self.holds, self.name = kind, kind.holds, name
        self.probes = recorded(step.id).probes
        self.space = {**space, "__name__": "__main__"}
        self.cell = parsed(sources[-1].text)
        self.trees = {source.name: source.definition() for source in sources}
        functions = [n for tree in self.trees.values() for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        self.needs_class = {function for function in functions if _needs_its_class(function)}
        self.codes = {key: _compiled(tree) for key, tree in self.trees.items()}
        self.answer = self._made(self.codes, self.space)
        self.mended: set[tuple[str, int]] = set()  #: lines at which an edit made every probe hold; 0: a gap
        self.endless = False  #: whether a run had to be ended: then there is nothing to search
        self.failing: list[tuple[Expected, float]] = []
        self.holding: list[tuple[Expected, float]] = []
        for expected in _apart(recorded(step.id), name):
            begun, busy = time.perf_counter(), time.process_time()
            holds = self._holds(self.answer, expected, FIRST)
            taken = time.perf_counter() - begun  # the processor's own clock is too coarse for a short run
            (self.holding if holds else self.failing).append((expected, taken))
            # on a busy machine a short run takes long on the clock, too
            self.endless = self.endless or not holds and time.process_time() - busy > 0.9 * FIRST
            if self.endless:
                break
        for group in (self.failing, self.holding):
            group.sort(key=lambda pair: pair[1])
        self.is_quick = False  #: whether a quick test of the kind's own shows that something is wrong
        #: quick tests that a mended answer must pass, and the seconds each may take: one that fails now comes first
        self.sieves = self._sieves() if self.failing and not self.endless else []

    def _sieves(self) -> list[tuple[Test, float]]:
        """Return the kind's quick tests: of the cheapest failing probe that has one, or of all its answers."""
        if not hasattr(self.kind, "small_tests"):
            return [(test, seconds) for one, seconds in self.failing if (test := self.kind.sieve(one))][:1]
        passed: list[tuple[bool, float, Test]] = []
        for test in self.kind.small_tests():
            begun = time.perf_counter()
            try:
                with limited(FIRST):
                    passed.append((bool(test(self.answer)), time.perf_counter() - begun, test))
            except BaseException:  # whatever it raises
                passed.append((False, time.perf_counter() - begun, test))
        self.is_quick = not all(ok for ok, _, _ in passed)
        passed.sort(key=lambda one: one[0])
        longest = max(seconds for _, seconds, _ in passed)  # one that raises at once takes longer once it is mended
        return [(test, longest) for _, _, test in passed]

    @cached_property
    def known(self) -> Known:
        """What a run showed of the names in the answer, and what it lacks, where the kind knows."""
        if not hasattr(self.kind, "missing") or not self.sieves:
            return NOTHING
        held: dict[str, object] = {}

        def returns(frame: FrameType, event: str, _: object) -> None:
            if event == "return" and frame.f_code.co_filename == "<edited>":
                held.update(frame.f_locals)

        self._watched(returns, self.sieves[0][0])
        text = "\n".join(ast.unparse(tree) for tree in self.trees.values())
        return Known({name: _kind_of(value) for name, value in held.items()}, tuple(self.kind.missing(held, text)))

    def end(self) -> Trial | None:
        """Return a trial of what stands after the part that takes long, where the mistake is there; else None.

        Its function is the end of this answer's, with what was held before it as parameters.
        """
        tree = self.trees[self.name]
        if not hasattr(self.kind, "ending") or self.is_quick:
            return None
        if not isinstance(tree, ast.FunctionDef) or tree.decorator_list:
            return None
        last = self.kind.last_pass(self.answer)
        rest = [node for node in tree.body if last is not None and node.lineno > last]
        if not rest:
            return None
        returned = ast.Return(ast.Call(ast.Name("locals", ast.Load()), [], []))
        head = ast.FunctionDef(tree.name, tree.args, [*tree.body[: -len(rest)], returned], [], lineno=1, col_offset=0)
        up_to_the_end = self._made(
            {**self.codes, self.name: _compiled(ast.fix_missing_locations(head))}, dict(self.space)
        )
        tests = self.kind.ending(self.answer, up_to_the_end, self.probes)
        if tests is None:
            return None
        named = [ast.arg(name, lineno=1, col_offset=0) for name in tests.names]
        empty: list[ast.expr | None] = [ast.Constant(None, lineno=1, col_offset=0) for _ in named]
        arguments = ast.arguments([], [], None, named, empty, None, [])
        end = copy.copy(self)
        for seen in ("known", "_lines"):  # of the whole answer
            vars(end).pop(seen, None)
        end.trees = {**self.trees, self.name: ast.FunctionDef(tree.name, arguments, rest, [], lineno=1, col_offset=0)}
        end.codes = {key: _compiled(one) for key, one in end.trees.items()}
        end.answer = end._made(end.codes, end.space)
        end.failing, end.holding, end.sieves = [], [], [(tests.mends, FIRST)]
        return end if tests.is_at_fault(end.answer) else None

    def innocent(self) -> set[str]:
        """Return the functions that a probe which holds runs to its end, where one that fails runs others as well."""
        functions = {code.co_name for code in _codes(self.codes.values())}
        if len(functions) < 2 or len(self.holding) <= 3 * len(self.failing):
            return set()
        ran = [self._ran(one) & functions for one, _ in (self.failing[:1] + self.holding)]
        only_failing = ran[0].difference(*ran[1:]) if ran else set()
        return functions - only_failing if only_failing else set()

    def lacking(self) -> str | None:
        """Return the attribute of its own that an object of the answer lacked, which ended the cheapest failing run."""
        for test, _ in self.sieves[:1]:
            try:
                with limited(FIRST):
                    test(self.answer)
            except AttributeError as error:
                if isinstance(self.answer, type) and isinstance(error.obj, self.answer):
                    return error.name
            except BaseException:  # whatever else it raises
                return None
        return None

    def _ran(self, expected: Expected) -> set[str]:
        names: set[str] = set()

        def called(frame: FrameType, event: str, _: object) -> None:
            if event == "call" and frame.f_code.co_filename == "<edited>":
                names.add(frame.f_code.co_name)

        self._watched(called, lambda answer: self.holds(answer, expected))
        return names

    def _watched(self, watch: Callable[[FrameType, str, object], None], test: Test) -> None:
        """Put the answer as it is to a test, with this as Python's profiler."""
        before = sys.getprofile()
        sys.setprofile(watch)
        try:
            with limited(FIRST):
                test(self.answer)
        except BaseException:  # whatever it raises
            pass
        finally:
            sys.setprofile(before)

    @cached_property
    def _lines(self) -> dict[str, set[int]] | None:
        """The lines of each function that a quick test of the kind's own runs, where the answer fails it; else None."""
        if not self.is_quick:
            return None
        lines: dict[str, set[int]] = {}

        def traced(frame: FrameType, event: str, _: object) -> object:
            if frame.f_code.co_filename != "<edited>":
                return None
            lines.setdefault(frame.f_code.co_name, set()).add(frame.f_lineno)
            return traced

        before = sys.gettrace()
        sys.settrace(traced)  # type: ignore[arg-type]
        try:
            with limited(FIRST):
                self.sieves[0][0](self.answer)
        except BaseException:  # whatever it raises
            pass
        finally:
            sys.settrace(before)
        return lines

    def _never_runs(self, edit: Edit) -> bool:
        """Say whether an edit changes only what a failing run does not come to, so that it fails as before."""
        if self._lines is None or edit.function is None:
            return False
        lines = self._lines.get(edit.function.name, set())
        return all(
            isinstance(node, ast.expr | ast.stmt) and lines.isdisjoint(_rows(node, edit.statement))
            for node, _, _ in edit.changes
        )

    def passes(self, edit: Edit, changed: str, alarm: Alarm) -> bool:
        """Say whether every probe holds with this edit: first the cheapest of those that did not hold without it.

        Of a line at which one edit was seen to mend the answer, others needn't be put to every probe where the kind has
        quick tests that are nearly as good.
        """
        if self._never_runs(edit):
            return False
        undo = edit.swap()
        try:
            answer = self._edited(edit, changed)
            for test, seconds in self.sieves:
                if not alarm.within(0.004 + 5 * seconds, test, answer):
                    return False
            if (at := (changed, 0 if edit.before else edit.part.lineno)) in self.mended:
                return True
            tried = [*self.failing, *self.holding]
            if not all(self._holds(answer, expected, 0.05 + 3 * seconds) for expected, seconds in tried):
                return False
            self.mended |= {at} if hasattr(self.kind, "small_tests") else set()
            return True
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
        gains = [gain for edit, _ in found if (gain := self._gain(edit)) is not None]
        if len(gains) < len(found):
            return found
        best = max(gains)
        by_line = {edit.part.lineno: gain for (edit, _), gain in sorted(zip(found, gains, strict=True), key=_second)}
        others = [gain for line, gain in by_line.items() if gain < best]
        if best < CLEAR or not others or best - max(others) < CLEAR:
            return found
        line = next(line for line, gain in by_line.items() if gain == best)
        return [pair for pair in found if pair[0].part.lineno == line]

    def _gain(self, edit: Edit) -> float | None:
        """Return how much more alike an edit makes its statement to the most alike of its function.

        None for what is no assignment: it has no neighbour to be like; nor has a constant of the cell.
        """
        if edit.function is None:
            return None
        beside = [node for node in ast.walk(self.cell) if isinstance(node, ast.Assign | ast.AugAssign)]
        mine = [node for node in ast.walk(edit.function) if isinstance(node, ast.Assign | ast.AugAssign)]
        statements = [one for one in beside if one.lineno not in {node.lineno for node in mine}] + mine
        own = next((one for one in statements if any(node is edit.changes[0][0] for node in ast.walk(one))), None)
        if own is None:
            return None
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
        methods = getattr(self.trees[changed], "body", [])  # a constant has none
        alone = changed == self.name and isinstance(self.answer, type) and edit.function in methods
        if not alone or any(method in self.needs_class for method in methods):
            return self._made({**self.codes, changed: _compiled(self.trees[changed])}, dict(self.space))
        space: dict[str, Any] = dict(self.space)
        exec(_compiled(edit.function), space)
        kept = {key: value for key, value in vars(self.answer).items() if key not in ("__dict__", "__weakref__")}
        # the method looks names up where the class's other methods do
        method = types.FunctionType(
            space[edit.function.name].__code__, self.space, edit.function.name, space[edit.function.name].__defaults__
        )
        method.__kwdefaults__ = space[edit.function.name].__kwdefaults__
        return type(self.name, self.answer.__bases__, {**kept, edit.function.name: method})

    def _made(self, codes: Mapping[str, CodeType], space: dict[str, object]) -> Any:
        for code in codes.values():
            exec(code, space)
        return space[self.name]

    def _holds(self, answer: object, expected: Expected, seconds: float) -> bool:
        """Say whether the answer made of these definitions gives what is expected."""
        try:
            with limited(seconds):
                return bool(self.holds(answer, expected))
        except BaseException:  # whatever an edited program raises, it isn't a right answer
            return False


def _rows(node: ast.expr | ast.stmt, statement: ast.stmt | None) -> range:
    """Return the lines of a statement's own, or of the one that an expression is in: its body's are not among them."""
    whole = node if statement is None else statement
    body = getattr(whole, "body", None)
    last = whole.end_lineno or whole.lineno
    if isinstance(body, list) and body and isinstance(whole, ast.stmt):
        last = body[0].lineno - 1
    return range(whole.lineno, max(whole.lineno, last) + 1)


def _kind_of(value: object) -> str:
    """Return what a value is to arithmetic: a number, an array, a list, or a thing that has no part in it."""
    if isinstance(value, list | tuple):
        return "list"
    if hasattr(value, "shape"):
        return "array" if len(value.shape) else "number"
    return "number" if isinstance(value, int | float | np.generic) and not isinstance(value, bool) else "thing"


def _second(pair: tuple[object, float]) -> float:
    return pair[1]


def _shape(node: ast.AST) -> list[str]:
    """Return a statement's form: the types of its nodes and its numbers, without names."""
    return [str(one.value) if isinstance(one, ast.Constant) else type(one).__name__ for one in ast.walk(node)]


def _alike(shape: list[str], others: list[list[str]]) -> float:
    return max((difflib.SequenceMatcher(None, shape, other, False).ratio() for other in others), default=0.0)


def _place_new_nodes(value: object) -> None:
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
            yield KnownAnswers(probes, {one["id"]: whole.reference.get(one["id"]) for one in probes}, {}, secret=True)


def _codes(codes: Iterable[CodeType]) -> Iterator[CodeType]:
    for code in codes:
        yield code
        yield from _codes(one for one in code.co_consts if isinstance(one, CodeType))
