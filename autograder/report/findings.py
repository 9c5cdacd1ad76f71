"""From the class's record to the report's findings: plain data, from which page, CSV and JSON are all made.

What may not be said in the shareable version is left out here and nowhere else: names, ids, anything a student wrote,
and counts from 1 to 4, which are None.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from autograder import catalogue
from autograder.cells import read_notebook
from autograder.gradebook.ledger import STATUSES
from autograder.gradebook.result import LOST
from autograder.report.class_record import TRIED, ClassRecord, PartRecord
from autograder.report.statistics import (
    SMALL_CLASS,
    Points,
    complete,
    cronbach_alpha,
    difficulty,
    discrimination,
    quartiles,
)
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded

MASK = 5  #: the smallest number of students that the shareable version tells
EASY, HARD = 0.9, 0.3  #: mean shares beyond which a step is called so
WEAK = 0.2  #: discriminations below it deserve a look (Kelava & Moosbrugger 2020)
SHOWN = 3  #: misconceptions of an exercise that are told with an example
LONGEST = 1200  #: characters of an example
Data = dict[str, Any]


class Veil:
    """Decides what is told: everything to the instructor, nothing that points to a student in the shareable version."""

    def __init__(self, anonymous: bool):
        self.anonymous = anonymous

    def count(self, number: int) -> int | None:
        """A number of students, or None when it is too small to tell."""
        return None if self.anonymous and 0 < number < MASK else number

    def figure(self, value: float, students: int, digits: int = 3) -> float | None:
        """A statistic over some students, rounded; None when there is none, or it is of too few."""
        if not np.isfinite(value) or students == 0 or (self.anonymous and students < MASK):
            return None
        return round(float(value), digits)


def findings(record: ClassRecord, anonymous: bool = False) -> Data:
    """Return all that the report says, JSON-able."""
    veil = Veil(anonymous)
    parts = [_part(part, record, veil) for part in record.parts]
    said = [sorted(part["misconceptions"], key=lambda one: -one["share"])[:2] for part in parts]
    return {
        "anonymous": anonymous,
        "mask": MASK if anonymous else None,
        "small_class": SMALL_CLASS,
        "parts": parts,
        "lecture": [one for of_part in said for one in of_part],
    }


def _part(part: PartRecord, record: ClassRecord, veil: Veil) -> Data:
    rows = complete(_graded_items(part))
    return {
        "name": part.name,
        "title": part.title,
        "enrolled": None if veil.anonymous else part.enrolled,
        "handed_in": veil.count(len(part.students)),
        "waiting": veil.count(part.waiting),
        "possible": float(part.possible.sum()),
        "scores": _scores(part, veil),
        "items": _items(part, veil),
        "complete": veil.count(len(rows)),
        "alpha": _alpha(_graded_items(part), veil),
        "alpha_exercises": _alpha(_graded_exercises(part), veil),
        "misconceptions": _misconceptions(part, record, veil),
        "stuck": _stuck(part, record, veil),
        "grading": _grading(part, record, veil),
    }


def _graded_items(part: PartRecord) -> Points:
    """Points of the items that can be compared: written answers only when none waits for its grade."""
    kept = [i for i, item in enumerate(part.items) if not (item.written and part.waiting)]
    return part.points[:, kept]


def _graded_exercises(part: PartRecord) -> Points:
    if not part.waiting:
        return part.by_exercise()
    steps = [
        [i for i, item in enumerate(part.items) if item.exercise == ex.id and not item.written] for ex in part.exercises
    ]
    return np.stack([part.points[:, columns].sum(axis=1) for columns in steps], axis=1)


def _alpha(points: Points, veil: Veil) -> Data:
    alpha = cronbach_alpha(points)
    told: Data = {"items": alpha.items, "students": veil.count(alpha.students), "why": alpha.why,
                  "caution": alpha.caution, "value": None, "low": None, "high": None}  # fmt: skip
    if alpha.value is not None and alpha.low is not None and alpha.high is not None:
        for name, value in (("value", alpha.value), ("low", alpha.low), ("high", alpha.high)):
            told[name] = veil.figure(value, alpha.students)
    if veil.anonymous and alpha.students < MASK:
        told |= {"why": f"Fewer than {MASK} students did everything: no figure is told.", "caution": ""}
    return told


# ------------------------------------------------------------------------------------------------ scores, items


def _scores(part: PartRecord, veil: Veil) -> Data:
    shares = part.shares()
    shares = shares[np.isfinite(shares)]
    number = 5 if veil.anonymous else 10
    places = np.clip(np.floor(shares * number + 1e-9), 0, number - 1).astype(int)  # 7/10 belongs to 70 to 80
    bins = [
        {"from": place / number, "to": (place + 1) / number, "count": veil.count(int(count))}
        for place, count in enumerate(np.bincount(places, minlength=number))
    ]
    n = len(shares)
    told: Data = {"students": veil.count(n), "bins": bins}
    low, middle, high = quartiles(shares) if n else (np.nan, np.nan, np.nan)
    spread = shares.std(ddof=1) if n > 1 else np.nan
    values = {"mean": shares.mean() if n else np.nan, "sd": spread, "lower": low, "median": middle, "upper": high}
    told |= {name: veil.figure(value, n) for name, value in values.items()}
    totals = np.array(list(part.totals.values())) / part.possible.sum()
    told["gradebook_mean"] = veil.figure(totals.mean() if len(totals) else np.nan, len(totals))
    if not veil.anonymous:
        by_row = dict(zip(part.students, part.shares(), strict=True))
        told["students_by_id"] = {
            who: {"share": veil.figure(by_row[who], 1), "points": round(part.totals[who], 4)} for who in part.students
        }
    return told


def _items(part: PartRecord, veil: Veil) -> list[Data]:
    easy, tells = difficulty(part.points, part.possible), _discriminations(part)
    n_complete = len(complete(_graded_items(part)))
    told = []
    for i, item in enumerate(part.items):
        n = int((~np.isnan(part.points[:, i])).sum())
        rows = [row for (_, step), row in part.verdicts.items() if step == item.id]
        counts = Counter(row["status"] for row in rows if not _lost(part, row))
        p, r = veil.figure(easy[i], n), veil.figure(tells[i], n_complete)
        asks = "the written answer, graded by hand" if item.written else find_step(item.id).asks
        told.append({
            "id": item.id, "exercise": item.exercise, "asks": asks, "written": item.written,
            "possible": item.possible, "students": veil.count(n), "difficulty": p, "discrimination": r,
            "right": veil.count(counts["right"]), "partly": veil.count(counts["partly"]),
            "wrong": veil.count(counts["wrong"]), "unfinished": veil.count(counts["unfinished"]),
            "other": veil.count(sum(counts[s] for s in ("unreadable", "undecided", "failed"))),
            "remark": _remark(p, r, n_complete),
        })  # fmt: skip
    return told


def _discriminations(part: PartRecord) -> Points:
    kept = [i for i, item in enumerate(part.items) if not (item.written and part.waiting)]
    found = np.full(len(part.items), np.nan)
    found[kept] = discrimination(part.points[:, kept])
    return found


def _lost(part: PartRecord, row: Data) -> bool:
    """Whether a verdict stands for a notebook that was rejected, or on which grading failed."""
    return part.statuses.get((row["student"], row["notebook"]), ("", ""))[0] in LOST


def _remark(p: float | None, r: float | None, students: int) -> str:
    said = []
    if p is not None and (p >= EASY or p <= HARD):
        said.append("easy" if p >= EASY else "hard")
    if r is not None and students >= SMALL_CLASS and r < WEAK:
        said.append("negative: look at the step itself" if r < 0 else "tells little apart")
    return ", ".join(said)


# ------------------------------------------------------------------------------------------------ misconceptions


def _misconceptions(part: PartRecord, record: ClassRecord, veil: Veil) -> list[Data]:
    """Every misconception that somebody holds, by exercise, the most frequent first."""
    holders: dict[str, list[Data]] = {}
    tried: Counter[str] = Counter()
    for (_, step), row in part.verdicts.items():
        if row["status"] in TRIED:
            tried[step] += 1
            if row["misconception"]:
                holders.setdefault(row["misconception"], []).append(row)
    known = catalogue.misconceptions_by_id()
    told = []
    for exercise in part.exercises:
        ids = [id for id in holders if id in known and known[id][0] in {step.id for step in exercise.steps}]
        ids.sort(key=lambda id: (-len(holders[id]), id))
        for rank, id in enumerate(ids):
            step, entry = known[id]
            count = veil.count(len(holders[id]))
            if count is None:
                continue
            one = {
                "exercise": exercise.id, "exercise_title": exercise.title, "step": step, "id": id,
                "title": entry.title, "reveals": entry.reveals, "count": count, "tried": tried[step],
                "share": round(count / tried[step], 4), "say": catalogue.questions()[step].to_say(id),
                "example": "", "example_from": "",
                "counterexample": "",
            }  # fmt: skip
            if rank < SHOWN and (count >= 2 or len(ids) <= SHOWN):
                one |= _catalogued(id) if veil.anonymous else _students_own(id, holders[id], record)
            told.append(one)
    return told


def _students_own(id: str, rows: Sequence[Data], record: ClassRecord) -> Data:
    """The shortest of a few answers that show a misconception, and what the verdict on it said."""
    found: list[tuple[int, str, Data]] = []
    for row in rows[:12]:
        folder = record.autograded.format(student_id=row["student"], assignment_id=row["assignment"])
        text = _answer_in(Path(folder) / f"{row['notebook']}.ipynb", row["step"])
        if text:
            found.append((len(text), text, row))
    if not found:
        return _catalogued(id)
    _, text, row = min(found, key=lambda one: one[:2])
    verdict = json.loads(row["verdict"])
    return {
        "example": text,
        "example_from": "a student's answer",
        "counterexample": verdict.get("counterexample") or "",
    }


def _answer_in(path: Path, step: str) -> str:
    try:
        notebook = read_notebook(path, "grade it again")
    except (OSError, ValueError):
        return ""
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == f"{step}-answer":
            text = str(cell.source).strip()
            return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + "\n…"
    return ""


def _catalogued(id: str) -> Data:
    """The catalogue's own wrong answer, and the verdict's counterexample to it on the public probes."""
    step_id, entry = catalogue.misconceptions_by_id()[id]
    step, reference = find_step(step_id), catalogue.questions()[step_id].reference
    expected = recorded(step_id)
    evidence = step.collect(catalogue.as_answers(step, entry.answer, reference), expected.probes)
    verdict = step.judge(evidence, expected)
    shown = step.kind.readable(entry.answer)  # of code the title says more
    return {
        "example": f"{step.answers[0]} = {shown}" if shown is not None else "",
        "example_from": "from the catalogue" if shown is not None else "",
        "counterexample": verdict.counterexample or "",
    }


# ------------------------------------------------------------------------------------------------ stuck, grading


def _stuck(part: PartRecord, record: ClassRecord, veil: Veil) -> Data:
    rows: list[Data] = []
    students: list[Data] = []
    effort_known = 0
    for exercise in part.exercises:
        here = [s for s in part.students if part.statuses.get((s, exercise.notebook), ("",))[0].startswith("graded")]
        missing = [s for s in part.students if (s, exercise.notebook) not in part.statuses]
        count: Counter[str] = Counter()
        for student in here:
            why = _why_stuck(part, student, exercise.id)
            effort = part.efforts.get((student, exercise.notebook))
            effort_known += effort is not None
            hints = sum(effort.hints.get(step.id, 0) for step in exercise.steps) if effort else 0
            count["asked"] += hints > 0
            count["hints"] += hints
            unfinished = [s for s in exercise.steps if _status(part, student, s.id) == "unfinished"]
            count["unfinished"] += bool(unfinished)
            if why:
                count["stuck"] += 1
                students.append(
                    {
                        "student": student,
                        "name": record.names.get(student, student),
                        "exercise": exercise.id,
                        "why": "; ".join(why),
                        "hints": hints,
                        "runs": effort.runs if effort else None,
                    }
                )
        rows.append(
            {
                "exercise": exercise.id,
                "title": exercise.title,
                "graded": veil.count(len(here)),
                "missing": veil.count(len(missing)),
                "unfinished": veil.count(count["unfinished"]),
                "asked": veil.count(count["asked"]),
                "stuck": veil.count(count["stuck"]),
                "hints": None if veil.anonymous and count["asked"] < MASK and count["hints"] else count["hints"],
            }
        )
        if not veil.anonymous:
            rows[-1]["who_is_missing"] = [record.names.get(s, s) for s in missing]
    told: Data = {"by_exercise": rows, "effort_known": effort_known > 0}
    if not veil.anonymous:
        told["students"] = sorted(students, key=lambda one: (one["student"], one["exercise"]))
    return told


def _status(part: PartRecord, student: str, step: str) -> str:
    return str(part.verdicts.get((student, step), {}).get("status", ""))


def _why_stuck(part: PartRecord, student: str, exercise_id: str) -> list[str]:
    """Say why a student seems stuck in an exercise that was graded; empty when not."""
    exercise = next(one for one in part.exercises if one.id == exercise_id)
    statuses = {step.id: _status(part, student, step.id) for step in exercise.steps}
    why = []
    undone = [step for step, status in statuses.items() if status == "unfinished"]
    if undone and len(undone) >= len(statuses) / 2:
        why.append("unfinished" if len(statuses) == 1 else f"{len(undone)} of {len(statuses)} steps unfinished")
    broken = [step for step, status in statuses.items() if status in ("failed", "unreadable", "undecided")]
    if broken:
        why.append(f"could not be checked: {', '.join(broken)}")
    points = [float(part.verdicts[student, step]["points"]) for step in statuses if (student, step) in part.verdicts]
    if not undone and not broken and points and not sum(points):
        why.append("tried, and earned no point")
    effort = part.efforts.get((student, exercise.notebook))
    for step in exercise.steps if effort else ():
        ladder = len(step.hints) > 1  # a single hint is soon seen
        if effort and ladder and effort.hints.get(step.id, 0) >= len(step.hints) and statuses[step.id] != "right":
            why.append(f"all {len(step.hints)} hints of {step.id}, and not right")
    return why


def _grading(part: PartRecord, record: ClassRecord, veil: Veil) -> Data:
    rows = []
    for exercise in part.exercises:
        counts = Counter(status for (_, name), (status, _) in part.statuses.items() if name == exercise.notebook)
        rows.append(
            {
                "exercise": exercise.id,
                "title": exercise.title,
                **{status: veil.count(counts[status]) for status in STATUSES},
            }
        )
    told: Data = {"by_exercise": rows}
    if not veil.anonymous:
        told["cases"] = [
            {"student": who, "name": record.names.get(who, who), "notebook": name, "status": status, "reason": reason}
            for (who, name), (status, reason) in sorted(part.statuses.items())
            if status != "graded"
        ]
    return told
