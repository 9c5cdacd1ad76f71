"""The instructor's commands: ``python -m autograder <command>``, from the course's root.

One function a command: it declares the words the command takes, and ``run`` inside it imports what does the work.
With argparse, for the time that a command takes to start: Click's import takes several times as long.
"""

from __future__ import annotations

import argparse
import gc
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from autograder.names import nearest

RARELY = 50_000  #: new objects between two looks for garbage: imports make many, and leave none

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


class Parser(argparse.ArgumentParser):
    """Says of a mistyped word which one it may have been."""

    def error(self, message: str) -> NoReturn:
        """Show the usage and what is wrong, and end with 2."""
        known = list(self._option_string_actions)
        for action in self._actions:
            if action.nargs == "*":  # which argparse counts among what is missing
                message = message.replace(f", {action.metavar}", "")
            known += action.choices or ()
        if wrong := re.search(r"(?:invalid choice: '|unrecognized arguments: (?=-))([^' =]+)", message):
            message = f"{message.partition(' (choose')[0]}. {nearest(wrong[1], known)}"
        super().error(message)


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    top: argparse.ArgumentParser = Parser(prog="python -m autograder", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="command")
    for add in (_collect, _grade, _written, _history, _report, _similar, _doctor, _new_course, _demo, _record):
        add(commands)
    for command in commands.choices.values():
        command.set_defaults(asked=command)
    return top


def _grade(commands: Commands) -> None:
    grade = commands.add_parser(
        "grade",
        help="grade what was handed in and changed: parallel, jailed, resumable",
        description="Grade what was handed in for an assignment and changed since it was last graded. It may be "
        "ended at any time (Ctrl-C, kill): run it again and it goes on.",
        epilog="example: python -m autograder grade PART --workers 4",
    )
    grade.add_argument("assignment", help="the assignment: a folder of the release")
    grade.add_argument("students", nargs="*", metavar="student", help="only these students (default: all)")
    grade.add_argument(
        "--workers", type=int, default=None, metavar="N", help="notebooks at a time (default: cores + 1)"
    )
    grade.add_argument("--scheduler", metavar="ADDRESS", help="run on a Dask cluster, for example tcp://127.0.0.1:8786")
    grade.add_argument("--force", action="store_true", help="grade again what didn't change, too")
    grade.add_argument(
        "--dry-run", action="store_true", help="show who would gain or lose points, and why; write nothing"
    )
    grade.add_argument("--output", metavar="FILE", default="", help="write all differences into a table (CSV)")
    grade.add_argument(
        "--db",
        metavar="URL",
        default="",
        help="another gradebook, as nbgrader's --db (default: the configured one, or LRTUTORIAL_DB)",
    )
    grade.add_argument("--timings", action="store_true", help="print where the time went, phase by phase")
    grade.add_argument(
        "--unsafe-no-jail", action="store_true", help="run student code even where the jail doesn't hold"
    )

    def begin(arguments: argparse.Namespace) -> None:
        if not arguments.scheduler:
            from autograder.jail import PROFILES, nursery

            nursery.begin(PROFILES["numpy"].preload)

    def run(arguments: argparse.Namespace) -> int:
        from autograder.desk.grade import grade_with_progress

        return grade_with_progress(
            arguments.assignment, arguments.students, workers=arguments.workers, scheduler=arguments.scheduler,
            force=arguments.force, unsafe_no_jail=arguments.unsafe_no_jail, db_url=arguments.db,
            dry_run=arguments.dry_run, output=arguments.output, timings=arguments.timings,
        )  # fmt: skip

    grade.set_defaults(run=run, begin=begin)


def _named(word: str) -> str:
    """Return the name of a file or folder. Raises ArgumentTypeError for the empty one, which would be this folder."""
    if not word:
        raise argparse.ArgumentTypeError("the name of a file or a folder was expected, and it is empty")
    return word


def _collect(commands: Commands) -> None:
    collect = commands.add_parser(
        "collect",
        help="sort what an LMS gives (Canvas, Moodle, Gradescope, a folder) into submitted/",
        description="Sort a download of everybody's submissions into submitted/, and say what became of every file. "
        "Nothing is overwritten unasked.",
        epilog="example: python -m autograder collect submissions.zip PART --roster roster.csv --dry-run",
    )
    collect.add_argument("download", type=_named, help="the zip or the folder")
    collect.add_argument("assignment", help="the assignment: a folder of the release")
    collect.add_argument(
        "--roster",
        metavar="FILE",
        help="CSV: student (the id), name or first_name and last_name, "
        "email, lms_id; without it the gradebook's students and the LMS's names count",
    )
    collect.add_argument(
        "--replace",
        action="store_true",
        help="put newer work in the place of what is there already, which is kept beside",
    )
    collect.add_argument("--dry-run", action="store_true", help="only show what would become of every file")

    def run(arguments: argparse.Namespace) -> int:
        from pathlib import Path

        from autograder.desk.collect import collect_download

        return collect_download(
            Path(arguments.download),
            arguments.assignment,
            roster=Path(arguments.roster) if arguments.roster else None,
            dry_run=arguments.dry_run,
            replacing=arguments.replace,
        )

    collect.set_defaults(run=run)


def _written(commands: Commands) -> None:
    written = commands.add_parser(
        "written",
        help="grade written answers line by line in one page, alike ones together",
        description="Open a page on this machine to grade an exercise's written answers by keys: line by line of the "
        "rubric, those alike together, comments reused. All is saved into the gradebook as you go; Ctrl-C ends it, and "
        "prints how far two looks at the same answers agreed.",
        epilog="example: python -m autograder written EXERCISE --grader ada",
    )
    written.add_argument("exercise", help="an exercise with a written answer")
    written.add_argument("--grader", metavar="NAME", default="", help="kept with what you give (default: your account)")
    written.add_argument("--no-browser", action="store_true", help="print the address, open nothing")
    written.add_argument("--port", type=int, default=0, metavar="N", help="of 127.0.0.1 (default: a free one)")
    written.add_argument("--db", metavar="URL", default="", help="another gradebook than the configured one")

    def run(arguments: argparse.Namespace) -> int:
        from autograder.grading.assignment import course_config
        from autograder.written import open_page

        return open_page(
            arguments.exercise,
            course_config(),
            grader=arguments.grader,
            db_url=arguments.db,
            port=arguments.port,
            browser=not arguments.no_browser,
        )

    written.set_defaults(run=run)


def _history(commands: Commands) -> None:
    history = commands.add_parser(
        "history",
        help="every change of a verdict: when, why, points before and after",
        description="Show every change that grading made to a verdict, the oldest first.",
        epilog="example: python -m autograder history STUDENT PART",
    )
    history.add_argument("student", nargs="?", default="", help="only this student's (default: all)")
    history.add_argument("assignment", nargs="?", default="", help="only this part's (default: all)")
    history.add_argument("--db", metavar="URL", default="", help="another gradebook than the configured one")

    def run(arguments: argparse.Namespace) -> int:
        from autograder.course import DB_URL
        from autograder.desk.history import show_history

        show_history(arguments.db or DB_URL, arguments.student, arguments.assignment)
        return 0

    history.set_defaults(run=run)


def _report(commands: Commands) -> None:
    report = commands.add_parser(
        "report",
        help="the class report: scores, steps, misconceptions, who is stuck, with pictures",
        description="Write what the class has and has not understood, as one HTML page with tables and data beside it.",
        epilog="example: python -m autograder report PART --anonymous --output slides/report",
    )
    report.add_argument("parts", nargs="*", metavar="part", help="assignments (default: all that are graded)")
    report.add_argument(
        "--anonymous",
        action="store_true",
        help="the version to share: no names, nothing students wrote, no small counts",
    )
    report.add_argument("--output", metavar="DIR", help="write there (default: report/ in the course's folder)")

    def run(arguments: argparse.Namespace) -> int:
        from pathlib import Path

        from autograder.report import write_report

        folder = Path(arguments.output) if arguments.output else None
        print(write_report(arguments.parts, anonymous=arguments.anonymous, output=folder))
        return 0

    report.set_defaults(run=run)


def _similar(commands: Commands) -> None:
    similar = commands.add_parser(
        "similar",
        help="list suspiciously alike programs, side by side",
        description="List programs that are alike in what is neither handed out nor common, most alike first, "
        "with both sources side by side: a list to look at, never a verdict.",
        epilog="example: python -m autograder similar PART",
    )
    similar.add_argument("assignment", help="an assignment whose answers are programs")
    similar.add_argument("--output", metavar="DIR", help="where to write (default: similar/ in the course's folder)")
    similar.add_argument("--threshold", type=float, metavar="SCORE", help="the least score listed (default: 10)")
    similar.add_argument(
        "--common",
        type=float,
        metavar="SHARE",
        help="of the class; what more of them write doesn't count (default: 0.05)",
    )
    similar.add_argument("--most", type=int, metavar="N", help="pairs listed of one exercise (default: 100)")

    def run(arguments: argparse.Namespace) -> int:
        from autograder.similar import list_similar

        given = {
            name: value for name in ("threshold", "common", "most") if (value := getattr(arguments, name)) is not None
        }
        return list_similar(arguments.assignment, arguments.output, **given)

    similar.set_defaults(run=run)


def _doctor(commands: Commands) -> None:
    doctor = commands.add_parser(
        "doctor",
        help="say whether this machine can grade, and what to do where it can't",
        description="Say whether this machine can grade: jail, packages, gradebook, release, secret, disk. Changes "
        "nothing. Ends with 1 when something that grading needs fails.",
        epilog="example: python -m autograder doctor",
    )
    doctor.add_argument("--json", action="store_true", help="print the lines as JSON")

    def run(arguments: argparse.Namespace) -> int:
        from autograder.desk.doctor import doctor

        return doctor(as_json=arguments.json)

    doctor.set_defaults(run=run)


def _new_course(commands: Commands) -> None:
    new = commands.add_parser(
        "new-course",
        help="copy the course for a new term, with a secret of its own",
        description="Copy the course into a new folder for a new term: notebooks and code, but no submissions, grades "
        "or secret; a fresh secret is drawn.",
        epilog="example: python -m autograder new-course ../spring-term",
    )
    new.add_argument("folder", metavar="DIR", help="a folder that isn't there yet, or an empty one")
    new.add_argument("--with-git", action="store_true", help="copy the history (.git), too")

    def run(arguments: argparse.Namespace) -> int:
        from autograder.desk.new_course import new_course

        return new_course(arguments.folder, with_git=arguments.with_git)

    new.set_defaults(run=run)


def _demo(commands: Commands) -> None:
    demo = commands.add_parser(
        "demo",
        help="grade the sample class from end to end",
        description="Grade the sample class from end to end.",
        epilog="example: python -m autograder demo",
    )
    demo.add_argument("parts", nargs="*", metavar="part", help="assignments (default: all that are released)")

    def run(arguments: argparse.Namespace) -> int:
        from autograder.demo import grade_sample_class

        return grade_sample_class(arguments.parts)

    demo.set_defaults(run=run)


def _record(commands: Commands) -> None:
    record = commands.add_parser(
        "record",
        help="write the recorded expectations of the public probes into the students' package",
        description="Compute reference and misconceptions on the public probes and record them for the notebooks.",
        epilog="example: python -m autograder record STEP",
    )
    record.add_argument("steps", nargs="*", metavar="step", help="steps to record (default: all)")

    def run(arguments: argparse.Namespace) -> int:
        from autograder.desk.record import record

        for path in record(arguments.steps):
            print(f"{path.name:28} {path.stat().st_size / 1000:8.1f} kB")
        return 0

    record.set_defaults(run=run)


def main(words: Sequence[str] | None = None) -> int:
    """Run one command. Returns 0, 1 after a message (what to do, or what to report), 130 when ended by Ctrl-C."""
    arguments, left = parser().parse_known_args(words)
    if left:
        arguments.asked.error(f"unrecognized arguments: {' '.join(left)}")  # with the usage of this command
    try:
        if begin := getattr(arguments, "begin", None):
            begin(arguments)  # what takes long and can go on beside the imports
        if arguments.command not in ("doctor", "new-course"):  # they look at a course that may be broken
            from autograder.grading.assignment import course_config

            course_config()  # which course and catalogue this is about
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print(f"\n{parser().prog} {arguments.command}: ended.", file=sys.stderr)
        return 130
    except Exception as error:
        if os.environ.get("LRTUTORIAL_TRACEBACK"):
            raise
        print(f"{parser().prog} {arguments.command}: {message_for(error)}", file=sys.stderr)
        return 1


def message_for(error: Exception) -> str:
    """Return what to say of an error: advice where the instructor can mend it, else that the fault is the program's."""
    from autograder.gradebook.errors import advice_on
    from lrtutorial.advice import fault

    if advice := advice_on(error):
        return str(advice)
    return f"{fault(error)} LRTUTORIAL_TRACEBACK=1 before the command shows where it arose."


if __name__ == "__main__":
    gc.set_threshold(RARELY, *gc.get_threshold()[1:])
    status = main()
    gc.freeze()  # the end of the process is no time to look for garbage
    sys.exit(status)
