"""Where a mistake is: the places of an answer at which one small edit makes every probe hold.

The edit itself is never told. The search takes what it is given as text, runs it, and says where; it never says how.
"""

from __future__ import annotations

import ast
import contextlib
import gc
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from heapq import merge
from importlib import import_module

from lrtutorial.answers.parsing import parsed
from lrtutorial.course import find_step
from lrtutorial.course.exercise import Step
from lrtutorial.locating.alarm import Alarm
from lrtutorial.locating.edits import AFTER, LEFT_OUT, RARE, Edit, edits, explodes
from lrtutorial.locating.siblings import copies
from lrtutorial.locating.sources import Source
from lrtutorial.locating.trial import Trial
from lrtutorial.locating.unset import perhaps_missing, surely_missing

MOST_LINES = 2  #: a place that is told: one line, or two of which either may be meant
MOST_TRIES = 20_000  #: edits that are run: what two seconds are enough for
Place = dict[str, object]  #: what :func:`search` tells of a line


def search_all(
    step_id: str,
    sources: Mapping[str, Sequence[Source]],
    space: Mapping[str, Mapping[str, object]],
    seconds: float,
    wall: float = 3.0,
) -> list[Place]:
    """Return the places of all answers of a step, each given by its definitions and what these use by name.

    What a right answer uses is right; the wrong ones share ``seconds`` of the processor, ``wall`` times as many on the
    clock. Never raises because of an answer.
    """
    step = find_step(step_id)
    with ready(step):
        return _search_all(step, sources, space, time.process_time() + seconds, wall)


@contextlib.contextmanager
def ready(step: Step) -> Iterator[None]:
    """Load what trials of a step's answers use, before the time of a search begins.

    What there is by then (with torch a million objects) is left out of the garbage collections, which thousands of
    edits set off.
    """
    with getattr(import_module(step.kind.module), "searching", contextlib.nullcontext)():
        gc.freeze()
        try:
            yield
        finally:
            gc.unfreeze()


def _search_all(
    step: Step,
    sources: Mapping[str, Sequence[Source]],
    space: Mapping[str, Mapping[str, object]],
    end: float,
    wall: float,
) -> list[Place]:
    trials = {}
    for name, own in sources.items():
        with contextlib.suppress(Exception):  # an answer's source may be anything
            trials[name] = Trial(step, name, own, space[name])
    judged = [name for name, trial in trials.items() if trial.holding and not trial.failing]  # by runs of their own
    right = {one.name for name in judged for one in sources[name]}
    wrong = [name for name, trial in trials.items() if trial.failing]
    places: list[Place] = []
    common = _common(sources, wrong) - right
    # what all of them use is searched first: it is short, and one slip explains all
    for name in wrong if common else ():
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
) -> list[Place]:
    """Return the places in ``sources`` where a small edit lets an answer pass every public probe.

    A place is plain data: ``{"answer", "line", "code", "function", "part", "role", "before"}``, lines as the cell
    shows them, ``before`` where something is missing in front of the line (:mod:`lrtutorial.locating.words` says it).
    The list is empty when nothing was found within ``seconds`` of the processor (``wall`` on the clock) and MOST_TRIES
    edits, or too much to say anything. Definitions named in ``right`` stay as they are.
    """
    if not trial.failing or trial.endless:
        return []
    if gap := surely_missing(trial, sources):
        return [{"answer": trial.name, **_place([gap])}]
    gap = perhaps_missing(trial, sources)
    missing = [{"answer": trial.name, **_place([gap])}] if gap else []
    limits = time.process_time() + seconds, time.monotonic() + wall
    open_to_edits = [source for source in sources if source.name not in right]
    with Alarm() as alarm:
        # what stands last is tried in no time, where the mistake is there
        for one in filter(None, (trial.end(), trial)):
            found = _mending(one, open_to_edits, alarm, limits)
            if found is None:
                return []
            if found:
                return [{"answer": trial.name, **place} for place in _places(one.likeliest(found))]
    return missing


def _mending(
    trial: Trial, sources: Sequence[Source], alarm: Alarm, limits: tuple[float, float]
) -> list[tuple[Edit, Source]] | None:
    """Return the edits that mend an answer, of those that are equally likely; none are found when the time is up.

    None when it is up while some as likely as those found are left: one may be at another line.
    """
    deadline, latest = limits
    found: list[tuple[Edit, Source]] = []
    for tries, (edit, source) in enumerate(_in_order(trial, sources)):
        if found and edit.likelihood > found[0][0].likelihood:
            break
        if tries >= MOST_TRIES or time.process_time() > deadline or time.monotonic() > latest:
            return None if found else []
        if not explodes(edit.statement, edit) and trial.passes(edit, source.name, alarm):
            found.append((edit, source))
    return found


def _in_order(trial: Trial, sources: Sequence[Source]) -> Iterator[tuple[Edit, Source]]:
    """The edits of all sources, the likeliest first; those of parts from elsewhere are made when it comes to them."""
    innocent = trial.innocent()

    def some(made: Callable[[Source], Iterable[Edit]]) -> list[tuple[Edit, Source]]:
        every = [(edit, source) for source in sources for edit in made(source)]
        guilty = [both for both in every if both[0].function is None or both[0].function.name not in innocent]
        return sorted(guilty, key=lambda both: both[0].likelihood)

    own = some(lambda source: edits(trial.trees[source.name], trial.known))
    alone = all(sum(isinstance(n, ast.FunctionDef) for n in ast.walk(parsed(one.text))) < 2 for one in sources)
    # nothing that is likely is taken from elsewhere where there is no other function
    few = [both for both in own if both[0].likelihood < (RARE if alone else LEFT_OUT)]
    yield from few
    taken = some(lambda source: copies(trial.trees[source.name], parsed(source.text)))
    yield from merge(own[len(few) :], taken, key=lambda both: both[0].likelihood)


# -------------------------------------------------------------------------------------------- what is told


def _places(found: Sequence[tuple[Edit, Source]]) -> list[Place]:
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


def _place(pairs: Sequence[tuple[Edit, Source]]) -> Place:
    edit, source = pairs[0]
    line = (edit.part.end_lineno if edit.role == AFTER else None) or edit.part.lineno
    parts = {(_segment(source, one.part), one.role) for one, _ in pairs}
    texts = {part for part, _ in parts}
    role = edit.role if len(parts) == 1 else ""
    part = _segment(source, edit.part) if len(texts) == 1 else ""
    rows = source.text.splitlines()
    return {
        "line": line + source.above,
        "code": rows[line - 1].strip()[:120] if line <= len(rows) else "",
        "function": _function_at(source, line)[:60],
        "part": part,
        "role": role,
        "before": edit.before,
    }


def _segment(source: Source, node: ast.AST) -> str:
    text = ast.get_source_segment(source.text, node) or ""
    return text if len(text) <= 50 and "\n" not in text else ""


def _function_at(source: Source, line: int) -> str:
    inner = source.name
    for node in ast.walk(parsed(source.text)):
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or 0):
            inner = node.name
    return inner
