"""Findings as one self-contained HTML page, and as tables and data beside it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from autograder.report.pictures import item_dots, misconception_map, percent, score_histogram, told

Data = dict[str, Any]
Row = list[str | float | None]
VERDICTS = ("right", "partly", "wrong", "unfinished", "other")


def render(findings: Data, made: datetime) -> str:
    """Return the page. It loads nothing and runs nothing; all text in it is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(told=told, percent=percent)
    parts = [_for_page(part, findings["anonymous"]) for part in findings["parts"]]
    return environment.get_template("page.html").render(
        {**findings, "parts": parts, "titles": [part["title"] for part in parts]},
        made=made.strftime("%d %B %Y") if findings["anonymous"] else made.strftime("%d %B %Y, %H:%M"),
    )


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"


def _for_page(part: Data, anonymous: bool) -> Data:
    """Return a part with its pictures and the rows of its tables."""
    exercises = list(dict.fromkeys((m["exercise"], m["exercise_title"]) for m in part["misconceptions"]))
    stuck, grading = part["stuck"], part["grading"]
    page: Data = {
        "histogram": score_histogram(part), "dots": item_dots(part), "map": misconception_map(part),
        "bin_rows": [
            [f"{100 * b['from']:.0f} to {100 * b['to']:.0f}", told(b["count"])] for b in part["scores"]["bins"]
        ],
        "item_rows": [
            [i["id"], f"{i['possible']:g}", told(i["students"]), _number(i["difficulty"]),
             _number(i["discrimination"]),
             *(["–"] * 5 if i["written"] else map(told, (i[k] for k in VERDICTS))),
             i["remark"], i["asks"]]
            for i in part["items"]
        ],
        "by_exercise": [
            (f"{id.upper()} · {title}", [m for m in part["misconceptions"] if m["exercise"] == id])
            for id, title in exercises
        ],
        "held_rows": [
            [m["title"], m["step"], told(m["count"]), m["tried"], percent(m["share"]), m["id"]]
            for m in part["misconceptions"]
        ],
        "stuck_rows": [
            [f"{r['exercise'].upper()} · {r['title']}",
             *(told(r[k]) for k in ("graded", "missing", "stuck", "unfinished")),
             *((told(r["asked"]), "few" if r["hints"] is None else r["hints"]) if stuck["effort_known"] else "––")]
            for r in stuck["by_exercise"]
        ],
        "grading_rows": [
            [f"{r['exercise'].upper()} · {r['title']}",
             *(told(r[k]) for k in ("graded", "graded with repairs", "rejected", "failed"))]
            for r in grading["by_exercise"]
        ],
        "alpha_rows": [_alpha_row("steps", part["alpha"]), _alpha_row("exercises", part["alpha_exercises"])],
    }  # fmt: skip
    if not anonymous:
        page["who_rows"] = [
            [w["name"], w["exercise"], w["why"], w["hints"], "–" if w["runs"] is None else w["runs"]]
            for w in stuck["students"]
        ]
        page["missing_rows"] = [
            [r["exercise"], "; ".join(r["who_is_missing"])] for r in stuck["by_exercise"] if r["who_is_missing"]
        ]
        page["case_rows"] = [[c["name"], c["notebook"], c["status"], c["reason"]] for c in grading["cases"]]
    return {**part, **page}


def _alpha_row(what: str, alpha: Data) -> list[object]:
    interval = "–" if alpha["value"] is None else f"{_number(alpha['low'])} to {_number(alpha['high'])}"
    return [
        what,
        alpha["items"],
        told(alpha["students"]),
        _number(alpha["value"]),
        interval,
        alpha["why"] or alpha["caution"],
    ]


# ------------------------------------------------------------------------------------------------ beside it


def data(findings: Data) -> str:
    """Return the findings as JSON; null stands for what is not told, or is no figure."""
    return json.dumps(findings, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def tables(findings: Data) -> dict[str, list[Row]]:
    """Return the tables to write as CSV: {file name: rows, the header first}. An empty cell is what is not told."""
    steps: list[Row] = [["part", "step", "points", "students", "mean share", "discrimination", "right", "partly",
                         "wrong", "unfinished", "not checkable", "remark"]]  # fmt: skip
    outcomes = ("graded", "graded with repairs", "rejected", "failed")
    held: list[Row] = [["part", "exercise", "step", "misconception", "title", "students", "of", "share", "to say"]]
    grading: list[Row] = [
        ["part", "exercise", "graded", "graded with repairs", "rejected", "failed", "missing", "stuck"]
    ]
    students: list[Row] = [["part", "student", "share of what was handed in", "points in the gradebook"]]
    for part in findings["parts"]:
        columns = ("id", "possible", "students", "difficulty", "discrimination", *VERDICTS, "remark")
        steps += [[part["name"], *(item[name] for name in columns)] for item in part["items"]]
        held += [
            [part["name"], *(m[k] for k in ("exercise", "step", "id", "title", "count", "tried", "share", "say"))]
            for m in part["misconceptions"]
        ]
        for done, stuck in zip(part["grading"]["by_exercise"], part["stuck"]["by_exercise"], strict=True):
            row: Row = [part["name"], done["exercise"], *(done[k] for k in outcomes)]
            grading.append([*row, stuck["missing"], stuck["stuck"]])
        for who, score in part["scores"].get("students_by_id", {}).items():
            students.append([part["name"], who, score["share"], score["points"]])
    found = {"steps.csv": steps, "misconceptions.csv": held, "exercises.csv": grading}
    return found if findings["anonymous"] else {**found, "students.csv": students}
