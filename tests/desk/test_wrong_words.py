"""Every command with every argument wrong, one at a time: it says what can be done; no key, traceback or silence."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from autograder.__main__ import main, parser

ROOT = Path(__file__).resolve().parents[2]
#: A right word for what a command must be given, by the argument's name; "" where there is none that ends at once.
RIGHT = {
    "assignment": "part_a",
    "download": "{there}",
    "exercise": "c1",
    "folder": "{there}",
    "student": "ada",
    "students": "ada",
    "parts": "part_a",
    "steps": "a1-gradient",
}
PATHS = ["{there}/missing.zip", "{junk}", "{junk}/below", ""]
WRONG = {  # by the argument's name, else by its type
    "download": PATHS, "roster": PATHS, "output": ["{junk}", "{junk}/below"],
    "folder": ["{full}", "{junk}", "{junk}/x"],
    "db": ["nonsense", "sqlite:///{there}", "sqlite:///{junk}", "sqlite:///{there}/no/book.db", "nodriver://host/name",
           "postgresql+psycopg://nobody@127.0.0.1:1/none"],
    "scheduler": ["nowhere", "tcp://", "127.0.0.1"],
    "grader": [],
    int: ["many", "-3", "1.5", "99999999"],
    float: ["lots", "-1", "nan"],
    None: ["part_z", "", "../\u0430da", "x" * 300],
}  # fmt: skip
#: What a command says without being given anything wrong, where the course is in such a state.
STATES = (
    "empty", "junk gradebook", "folder for a gradebook", "short secret", "config with a slip", "config that raises",
    "config of a wrong type", "config of no course", "no release", "damaged release",
)  # fmt: skip
PLAIN = [["grade", "part_a"], ["history"], ["report"], ["similar", "part_b"], ["written", "c1", "--no-browser"]]


def commands() -> dict[str, argparse.ArgumentParser]:
    (found,) = (action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(found)


def cases() -> list[list[str]]:
    """Return a command line for every command, argument and wrong word for it; the others are right."""
    found = []
    for command, its in commands().items():
        actions = [one for one in its._actions if one.dest != "help" and one.nargs != 0]
        needed = {one.dest: RIGHT[one.dest] for one in actions if not one.option_strings and one.nargs is None}
        for one in actions:
            for word in WRONG.get(one.dest, WRONG.get(one.type, WRONG[None])):
                if one.option_strings:
                    found.append([command, *needed.values(), f"{one.option_strings[0]}={word}"])
                elif one.dest in needed:
                    found.append([command, *(needed | {one.dest: word}).values()])
                else:
                    found.append([command, *needed.values(), word])
    return found


RUN = """
import contextlib, io, json, sys, traceback
from pathlib import Path
there, asked = Path(sys.argv[1]), json.load(sys.stdin)
import autograder.course
from autograder import __main__ as program
from autograder.grading import assignment

root, told = assignment.ROOT, []
CONFIGS = {
    "config with a slip": "c = get_config()\\nc.CourseDirectory.course_id = \\n",
    "config that raises": "c = get_config()\\nc['x'].y = {}['a6-gradient']\\n",
    "config of a wrong type": "c = get_config()\\nc.CourseDirectory.root = 3\\n",
    "config of no course": "from autograder.configuration import configure\\n"
    "configure(get_config(), course='nowhere')\\n",
    "damaged release": f"c = get_config()\\nc.CourseDirectory.release_directory = {str(there / 'release')!r}\\n",
    "no release": "c = get_config()\\nc.CourseDirectory.release_directory = 'nowhere'\\n",
}
for part in ("part_a", "part_b"):
    (there / "release" / part).mkdir(parents=True)
    (there / "release" / part / "cut.ipynb").write_text('{"cells": [')
book = Path(autograder.course.GRADEBOOK)
for state, words in asked:
    if book.is_dir(): book.rmdir()
    book.unlink(missing_ok=True)
    secret = autograder.course.SECRET
    secret.unlink(missing_ok=True)
    if state == "junk gradebook": book.write_text("no book at all" * 99)
    if state == "folder for a gradebook": book.mkdir()
    if state == "short secret": secret.write_text("short")
    assignment.ROOT = root
    if state in CONFIGS:
        assignment.ROOT = there / "configs" / state.replace(" ", "_")
        assignment.ROOT.mkdir(parents=True, exist_ok=True)
        (assignment.ROOT / "nbgrader_config.py").write_text(CONFIGS[state])
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = program.main(words)
        except SystemExit as end:
            code = end.code
        except BaseException:
            code = "raised"
            traceback.print_exc()
    told.append([code, out.getvalue(), err.getvalue()])
sys.__stdout__.write("\\n=====\\n" + json.dumps(told))
"""


def run(asked: list[tuple[str, list[str]]], folder: Path) -> list[tuple[object, str, str]]:
    """Return exit code, output and errors of each command line, all run in one process, each in its state."""
    there, junk, full = folder / "there", folder / "junk.txt", folder / "full"
    for made in (there, full):
        made.mkdir()
    (full / "a file").write_text("mine")
    junk.write_bytes(b"\x00\xff no archive, no table\n")
    places = {"{there}": str(there), "{junk}": str(junk), "{full}": str(full)}
    for _, words in asked:
        for i, word in enumerate(words):
            for name, path in places.items():
                word = word.replace(name, path)
            words[i] = word
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(folder)],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LRTUTORIAL_COURSE": str(folder / "course"), "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: list[tuple[object, str, str]] = json.loads(done.stdout.rpartition("=====\n")[2])
    assert (full / "a file").read_text() == "mine" and junk.read_bytes().startswith(b"\x00\xff no")
    return told


def fault_of(code: object, out: str, err: str) -> str | None:
    """Return what is wrong with what a command said, or None."""
    said = err.strip().splitlines()[-1:] or [""]
    message = said[0].partition(": ")[2]
    if "Traceback" in out + err or code == "raised":
        return "a traceback"
    if "fault of the program" in out + err:
        return "called a fault of the program"
    if code == 0 and not out.strip():
        return "silence"
    if code != 0 and len(message.split()) < 4 and not out.strip():
        return "no more than a key"
    return None


def swapped(word: str) -> str:
    """A word with two of its letters swapped, as one mistypes it: the first two beside each other that differ."""
    at = next(i for i in range(2, len(word) - 1) if word[i] != word[i + 1])
    return word[:at] + word[at + 1] + word[at] + word[at + 2 :]


def typos() -> list[tuple[list[str], str]]:
    """Every command and every option mistyped, with what was meant."""
    found = [([swapped(command)], command) for command in commands()]
    for command, its in commands().items():
        needed = [RIGHT[one.dest] for one in its._actions if not one.option_strings and one.nargs is None]
        for one in its._actions:
            for option in one.option_strings:
                if option.startswith("--") and one.dest != "help":
                    found.append(([command, *needed, swapped(option)], option))
    return found


@pytest.mark.parametrize(("words", "meant"), typos(), ids=lambda one: one if isinstance(one, str) else one[-1])
def test_a_typo_is_answered_with_what_was_meant(
    words: list[str], meant: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    out, err = capsys.readouterr()
    said = err.strip().splitlines()[-1]
    assert ended.value.code == 2 and not out and "Did you mean" in said and repr(meant) in said, said


@pytest.mark.parametrize("command", sorted(commands()))
def test_what_is_missing_or_too_much_is_named_and_nothing_else(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    its = commands()[command]
    positional = [one for one in its._actions if not one.option_strings and one.nargs is None]
    needed, named = [one.dest for one in positional], [one.metavar or one.dest for one in positional]
    takes_any = any(one.nargs == "*" for one in its._actions)
    for given in range(len(needed)):
        with pytest.raises(SystemExit):
            main([command, *(RIGHT[name] for name in needed[:given])])
        said = capsys.readouterr().err.strip().splitlines()[-1]
        assert said.partition("required: ")[2].split(", ") == named[given:], said
    if not takes_any:
        optional = ["."] * sum(one.nargs == "?" for one in its._actions)
        with pytest.raises(SystemExit):
            main([command, *(RIGHT[name] for name in needed), *optional, "too much"])
        assert "too much" in capsys.readouterr().err.strip().splitlines()[-1]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[object, str, str]]:
    """What every command said to every wrong argument, and in every state of the course; all in one process."""
    asked = [("empty", words) for words in cases()] + [(state, list(words)) for state in STATES for words in PLAIN]
    names = [f"{state}: {' '.join(words)}" for state, words in asked]
    return dict(zip(names, run(asked, tmp_path_factory.mktemp("wrong")), strict=True))


@pytest.mark.whole
def test_every_command_is_asked_all_that_it_takes() -> None:
    assert len(cases()) > 60 and {words[0] for words in cases()} >= set(commands()) - {"doctor"}


@pytest.mark.whole
@pytest.mark.parametrize("command", sorted(set(commands()) - {"doctor"}))
def test_a_command_says_of_what_is_wrong_what_can_be_done(
    command: str, told: dict[str, tuple[object, str, str]]
) -> None:
    mine = {name: one for name, one in told.items() if name.partition(": ")[2].split(" ")[0] == command}
    assert mine and {name: (fault_of(*one), *one) for name, one in mine.items() if fault_of(*one)} == {}


@pytest.mark.whole
@pytest.mark.parametrize("words", PLAIN[:1] + PLAIN[3:4], ids=" ".join)
def test_a_damaged_release_is_named_with_the_command_that_makes_it_anew(
    words: list[str], told: dict[str, tuple[object, str, str]]
) -> None:
    code, _, said = told[f"damaged release: {' '.join(words)}"]
    assert code == 1 and "cut.ipynb is damaged" in said and f"generate_assignment {words[1]} --force" in said
