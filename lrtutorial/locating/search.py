"""Where a mistake is: the places of an answer at which one small edit makes every probe hold.

The edit itself is never told. The search takes what it is given as text, runs it, and says where; it never says how.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import math
import sys
import time
import types
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from importlib import import_module
from types import CodeType, FrameType
from typing import Any

from lrtutorial.answers.parsing import parsed
from lrtutorial.course import find_step
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, Known, recorded
from lrtutorial.locating.alarm import Alarm, limited
from lrtutorial.locating.edits import AFTER, LEFT_OUT, Edit, edits, is_self
from lrtutorial.locating.siblings import copies
from lrtutorial.locating.sources import Source

MOST_LINES = 2  #: a place that is told: one line, or two of which either may be meant
MOST_TRIES = 20_000  #: edits that are run: what two seconds are enough for
FIRST = 0.5  #: seconds for one probe of the answer as it is
CLEAR = 0.02  #: by how much more alike an edit must make two statements to be the one that is meant


def search_all(
    step_id: str,
    sources: Mapping[str, Sequence[Source]],
    space: Mapping[str, Mapping[str, object]],
    seconds: float,
    wall: float = 3.0,
) -> list[dict]:
    """Return the places of all answers of a step, each given by its definitions and what these use by name.

    What a right answer uses is right; the wrong ones share ``seconds`` of the processor, ``wall`` times as many on the
    clock. Never raises because of an answer.
    """
    end, trials = time.process_time() + seconds, {}
    for name, own in sources.items():
        with contextlib.suppress(Exception):  # an answer's source may be anything
            trials[name] = Trial(find_step(step_id), name, own, space[name])
    right = {one.name for name, trial in trials.items() if not trial.failing for one in sources[name]}
    wrong = [name for name, trial in trials.items() if trial.failing]
    places: list[dict] = []
    common = _common(sources, wrong) - right
    for name in (
        wrong if common else ()
    ):  # what all of them use is searched first: it is short, and one slip explains all
        whole = {one.name for one in sources[name]}
        with contextlib.suppress(Exception):
            spare = max(end - time.process_time(), 0.0) / 2
            places += search(trials[name], sources[name], spare, spare * wall, right | (whole - common))
    if {place["answer"] for place in places} == set(wrong):
        return places
    places = []
    for count, name in enumerate(wrong):
        share = max(end - time.process_time(), 0.0) / (len(wrong) - count)
        with contextlib.suppress(Exception):
            places += search(trials[name], sources[name], share, share * wall, right)
    return places


def _common(sources: Mapping[str, Sequence[Source]], wrong: Sequence[str]) -> set[str]:
    """Return the definitions that several wrong answers have in common, and that are none of these."""
    if len(wrong) < 2:
        return set()
    return set.intersection(*({one.name for one in sources[name]} for name in wrong)) - set(wrong)


def search(
    trial: Trial, sources: Sequence[Source], seconds: float, wall: float = math.inf, right: Collection[str] = ()
) -> list[dict]:
    """Return the places in ``sources`` where a small edit lets an answer pass every public probe.

    A place is plain data: ``{"answer", "line", "code", "function", "part", "role", "before"}``, lines as the cell
    shows them, ``before`` where something is missing in front of the line (:mod:`lrtutorial.locating.words` says it).
    The list is empty when nothing was found within ``seconds`` of the processor (``wall`` on the clock) and MOST_TRIES
    edits, or too much to say anything. Definitions named in ``right`` stay as they are.
    """
    if not trial.failing or trial.endless:
        return []
    gap, once = _unset(trial, sources)
    missing = [{"answer": trial.name, **_place([gap])}] if gap else []
    if missing and not once:  # no edit of one line is the way to mend it
        return missing
    deadline, latest = time.process_time() + seconds, time.monotonic() + wall
    found: list[tuple[Edit, Source]] = []
    open_to_edits = [source for source in sources if source.name not in right]
    with Alarm() as alarm:
        for tries, (edit, source) in enumerate(_in_order(trial, open_to_edits)):
            if found and edit.likelihood > found[0][0].likelihood:
                break
            if tries >= MOST_TRIES or time.process_time() > deadline or time.monotonic() > latest:
                return [] if found else missing  # an edit as likely as those found may be left, at another line
            if trial.passes(edit, source.name, alarm):
                found.append((edit, source))
    return [{"answer": trial.name, **place} for place in _places(trial.likeliest(found))] if found else missing


def _unset(trial: Trial, sources: Sequence[Source]) -> tuple[tuple[Edit, Source] | None, bool]:
    """Return the end of ``__init__`` as a gap, where the methods of a class read what nothing in it ever sets.

    And whether an edit may mend it, too: it is read once. Where nothing says that it was to be set (it is read once and
    no parameter has its name; something set is never read, or has nearly that name), its name may be the slip: nothing
    is returned.
    """
    classes = [tree for tree in trial.trees.values() if isinstance(tree, ast.ClassDef)]
    added = [node.target for tree in trial.trees.values() for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
    lacking = trial.lacking()
    stored = {
        node.attr
        for tree in classes
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node not in added
    }  # += reads before it sets
    known = set(dir(trial.answer)) | stored
    used = Counter(
        node.attr
        for tree in classes
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and (isinstance(node.ctx, ast.Load) or node in added)
    )
    if lacking in stored:  # set too late, or in an __init__ that nothing calls
        others = stored - {lacking}
        if any(not used[one] for one in others) or difflib.get_close_matches(str(lacking), others):
            return None, False  # a misspelled name, more likely
        return _never_begun(trial, sources, str(lacking)), False
    for source in sources:
        tree = trial.trees[source.name]
        reads = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_self(node.value)}
        unset = reads - known
        if not unset or "setattr" in source.text or "__dict__" in source.text:
            continue
        stored = known - set(dir(trial.answer))
        if any(not used[one] for one in stored) or any(difflib.get_close_matches(one, stored) for one in unset):
            break
        for node in tree.body if isinstance(tree, ast.ClassDef) else ():
            if isinstance(node, ast.FunctionDef) and node.name == "__init__":
                once = sum(used[attribute] for attribute in unset) == 1
                if once and not unset <= {one.arg for one in node.args.args + node.args.kwonlyargs}:
                    break
                return (Edit(LEFT_OUT, node.body[-1], AFTER, (), before=True, function=node), source), once
    return None, False


def _never_begun(trial: Trial, sources: Sequence[Source], attribute: str) -> tuple[Edit, Source] | None:
    """Return the end of the answer's own ``__init__`` as a gap, where that doesn't set an attribute; else None."""
    source = sources[-1]
    tree = trial.trees[source.name]
    for node in tree.body if isinstance(tree, ast.ClassDef) and source.name == trial.name else ():
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            sets = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute) and is_self(one.value)}
            if attribute not in sets:
                return Edit(LEFT_OUT, node.body[-1], AFTER, (), before=True, function=node), source
    return None


def _in_order(trial: Trial, sources: Sequence[Source]) -> Iterator[tuple[Edit, Source]]:
    """The edits of all sources, the likeliest first; those of parts from elsewhere are made when it comes to them."""
    innocent = trial.innocent()

    def some(made: Callable[[Source], Iterable[Edit]]) -> list[tuple[Edit, Source]]:
        every = [(edit, source) for source in sources for edit in made(source)]
        guilty = [both for both in every if both[0].function is None or both[0].function.name not in innocent]
        return sorted(guilty, key=lambda both: both[0].likelihood)

    own = some(lambda source: edits(trial.trees[source.name]))
    few = [both for both in own if both[0].likelihood < LEFT_OUT]
    yield from few
    taken = some(lambda source: copies(trial.trees[source.name], parsed(source.text)))
    yield from merge(own[len(few) :], taken, key=lambda both: both[0].likelihood)


# -------------------------------------------------------------------------------------------- running an edit


class Trial:
    """An answer that can be run with an edit: its trees, its compiled definitions, and the probes by what they cost."""

    def __init__(self, step: Step, name: str, sources: Sequence[Source], space: Mapping[str, object]):
        kind = import_module(step.kind.module)
        self.holds, self.name = kind.holds, name
        self.space = {**space, "__name__": "__main__"}
        self.cell = parsed(sources[-1].text)
        self.trees = {source.name: source.definition() for source in sources}
        functions = [n for tree in self.trees.values() for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        self.needs_class = {function for function in functions if _needs_its_class(function)}
        self.codes = {key: _compiled(tree) for key, tree in self.trees.items()}
        self.answer = self._made(self.codes, self.space)
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
        #: the cheapest failing probe with a quick test that a mended answer must pass, and the seconds it may take
        self.sieves = [(test, seconds) for one, seconds in self.failing if (test := kind.sieve(one))][:1]

    def innocent(self) -> set[str]:
        """Return the functions that a probe which holds runs to its end, where one that fails runs others as well."""
        functions = {code.co_name for code in _codes(self.codes.values())}
        ran = [self._ran(one) & functions for one, _ in (self.failing[:1] + self.holding)]
        only_failing = ran[0].difference(*ran[1:]) if ran else set()
        return functions - only_failing if only_failing and len(self.holding) > 3 * len(self.failing) else set()

    def lacking(self) -> str | None:
        """Return the attribute of its own that an object of the answer lacked, which ended the cheapest failing run."""
        for test, _ in self.sieves:
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

        before = sys.getprofile()
        sys.setprofile(called)
        try:
            self._holds(self.answer, expected, FIRST)
        finally:
            sys.setprofile(before)
        return names

    def passes(self, edit: Edit, changed: str, alarm: Alarm) -> bool:
        """Say whether every probe holds with this edit: first the cheapest of those that did not hold without it."""
        undo = edit.swap()
        try:
            answer = self._edited(edit, changed)
            for test, seconds in self.sieves:
                if not alarm.within(0.004 + 5 * seconds, test, answer):
                    return False
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
            yield Known(probes, {one["id"]: whole.reference.get(one["id"]) for one in probes}, {}, secret=True)


def _codes(codes: Iterable[CodeType]) -> Iterator[CodeType]:
    for code in codes:
        yield code
        yield from _codes(one for one in code.co_consts if isinstance(one, CodeType))


# -------------------------------------------------------------------------------------------- what is told


def _places(found: Sequence[tuple[Edit, Source]]) -> list[dict]:
    """Return what is told of the edits that mend an answer: one place a line, at most MOST_LINES of them."""
    by_line: dict[tuple[str, int], list[tuple[Edit, Source]]] = {}
    gaps = [pair for pair in found if pair[0].before]
    if gaps and len(gaps) == len(found):  # something is missing: at the latest before the last place it may stand
        last = max(gaps, key=lambda pair: (pair[0].part.lineno, pair[0].role == AFTER))
        by_line[last[1].name, last[0].part.lineno] = [last]
    else:
        for edit, source in found:
            if not edit.before:
                by_line.setdefault((source.text, edit.part.lineno), []).append((edit, source))
    if len(by_line) > MOST_LINES:
        return []
    return [_place(pairs) for _, pairs in sorted(by_line.items(), key=lambda item: item[0][1])]


def _place(pairs: Sequence[tuple[Edit, Source]]) -> dict[str, object]:
    edit, source = pairs[0]
    line = (edit.part.end_lineno if edit.role == AFTER else None) or edit.part.lineno
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
    for node in ast.walk(parsed(source.text)):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            inner = node.name
    return inner
