"""What the author of a course mistypes or forgets is told with its place, before a student is asked.

Each slip is made in a copy of the second course, under names of its own, so that all of it runs in this process.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder import catalogue
from autograder.catalogue import CatalogueFailed, Incomplete, NoModule, slips
from autograder.catalogue.points import draw
from autograder.demo import grade_sample_class
from autograder.desk.record import record
from lrtutorial import check, course
from lrtutorial.advice import Advice, NotThere, Refused, Unusable
from lrtutorial.course import MalformedCourse, home

WRITTEN = Path(__file__).with_name("course")
COINS, TRIES = "probability_answers/coins.py", "probability_answers/tries.py"
numbers = itertools.count()


class Copy:
    """A copy of the second course; ``probability`` has another name in each, so that none is imported twice."""

    def __init__(self, folder: Path):
        self.folder, self.name = folder, f"chance{next(numbers)}x"

    def write(self, slips: tuple[tuple[str, str, str], ...] = ()) -> None:
        """Copy the course with one line in the place of another, (file, old, new); an empty old is the whole file."""
        shutil.copytree(WRITTEN, self.folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
        for name, old, new in slips:
            path = self.folder / name
            text = path.read_text(encoding="utf-8")
            assert not old or text.count(old) == 1, (name, old)
            path.write_text(text.replace(old, new) if old else new, encoding="utf-8")
        for path in list(self.folder.rglob("*.py")):
            path.write_text(path.read_text(encoding="utf-8").replace("probability", self.name), encoding="utf-8")
        for package in ("probability", "probability_answers"):
            (self.folder / package).rename(self.folder / package.replace("probability", self.name))

    def take_up(self, package: str = "probability_answers") -> None:
        """Make it this process's course."""
        course.use(self.name)
        catalogue.use(package.replace("probability", self.name))

    def place(self, name: str) -> str:
        """Return a file of the copy as a message names it."""
        return str(self.folder / name.replace("probability", self.name))


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Copy]:
    before = home.home(), catalogue.package()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name in (home.VARIABLE, catalogue.VARIABLE):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    yield Copy(tmp_path)
    home._home, catalogue._package = before


def line_of(place: str, words: str) -> str:
    """Return ``file, line n`` of the first line that holds these words."""
    lines = Path(place).read_text(encoding="utf-8").splitlines()
    return f"{place}, line {next(at for at, line in enumerate(lines, 1) if words in line)}"


def test_the_course_as_it_is_has_no_slip(copy: Copy) -> None:
    copy.write()
    copy.take_up()
    assert list(catalogue.questions()) == ["coins-variance", "tries"]
    assert catalogue.questions()["tries"] is catalogue._questions_of("tries")["tries"]  # one object, looked at once


MEAN = '"coins-variance-mean",'
#: {what is slipped: (file, old, new, the file that is named, words that the advice must hold)}
SLIPS = {
    "no QUESTIONS": (COINS, "QUESTIONS = {", "QUESTION = {", COINS, "QUESTIONS = {step: Question(…)}"),
    "a step misspelt": (COINS, '"coins-variance": Q', '"coins-varianse": Q', COINS, "Did you mean 'coins-variance'?"),
    "a step without a question": (TRIES, "", "QUESTIONS = {}", TRIES, "nothing for the step 'tries'"),
    "a question for no step": (TRIES, "QUESTIONS = {", "QUESTIONS = {'extra': None,", TRIES, "'extra', which is no"),
    "no Question": (TRIES, "", "QUESTIONS = {'tries': 1}", TRIES, "tries: a Question(…) was expected, and int came"),
    "one id twice": (COINS, '"coins-variance-squared"', '"coins-variance-mean"', COINS, "two mistakes of coins-v"),
    "an id of another step": (TRIES, '"tries-adds"', '"coins-adds"', TRIES, "'coins-adds' stands at tries: its id"),
    "no hints": (COINS, '("Toss twice as often: does yours notice?", "Independent variances add up.")', "()", COINS,
                 "coins-variance-one_toss has no hints"),
    "a hint that is no tuple": (COINS, '("Toss twice as often: does yours notice?", "Independent variances add up.")',
                                '("Toss twice as often")', COINS, "hints of coins-variance-one_toss: a tuple"),
    "no title": (COINS, '"This is the variance of a single toss"', '""', COINS, "coins-variance-one_toss has no title"),
    "a mistake's answer misnamed": (TRIES, "                adds,\n", "                {'at_leastone': adds},\n", TRIES,
                                    "'at_leastone', which is no answer of this step. Did you mean 'at_least_one'?"),
    "a reference misnamed": (TRIES, "reference=at_least_one", "reference={'all': all_of_them}", TRIES,
                             "the reference of tries has 'all'"),
    "probes that are not drawn": (COINS, 'lambda rng: draw(rng, ("n", "p"))', "[{}]", COINS, "a function of a random"),
    "a symbol without a value": (COINS, '("n", "p")', '("n",)', COINS, "have no value for p"),
    "a probe without words": (TRIES, '{"id": "sure"', '{"id": "certain"', TRIES, "'certain' of tries has no words"),
    "a probe twice": (TRIES, '{"id": "sure"', '{"id": "often"', TRIES, "two probes of tries are called 'often'"),
    "a probe of no answer": (TRIES, '"often", "answer": "at_least_one"', '"often", "answer": "most"', TRIES,
                             "is for 'most', which is no answer of it"),
    "probes that are no list": (TRIES, "return [\n", "return 3 or [\n", TRIES, "a list of {'id'"),
    "a rubric's probe that isn't there": ("probability/tries.py", '("sure",)', '("sur",)', TRIES,
        "names the probe 'sur', which is not drawn, so that nobody could earn its points. Did you mean 'sure'?"),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_its_file_and_name(copy: Copy, slip: str) -> None:
    name, old, new, place, words = SLIPS[slip]
    copy.write(((name, old, new),))
    copy.take_up()
    with pytest.raises(Incomplete) as told:
        catalogue.questions()
    assert str(told.value).startswith(copy.place(place)) and words in str(told.value), told.value


def test_the_lines_of_two_mistakes_with_one_id_are_named(copy: Copy) -> None:
    copy.write(((COINS, '"coins-variance-squared"', '"coins-variance-mean"'),))
    copy.take_up()
    with pytest.raises(Incomplete, match=r"'coins-variance-mean' \(lines 16 and 30\)"):
        catalogue.questions()


#: What is no Python, or fails: {what: (file, old, new, a part of the line that is named, words)}.
BROKEN = {
    "an import that isn't there": (COINS, "import draw", "import drawn", "import drawn", "cannot import name 'drawn'"),
    "a package that isn't there": (COINS, "QUESTIONS = {", "import nosuch\nQUESTIONS = {", "nosuch", "named 'nosuch'"),
    "a name nobody gave": (COINS, "n * p,\n", "n * q,\n", "n * q,", "NameError: name 'q' is not defined"),
    "no Python": (TRIES, "def adds(n, p):", "def adds(n, p)", "def adds", "SyntaxError: expected ':'"),
    "a field left out": (COINS, '"forgets that the variances of independent tosses add up",', "", 'Misconception(\n',
                         "missing 1 required positional argument"),
    "an unknown symbol": (COINS, '("n", "p")', '("n", "q")', '("n", "q")', "lists for its COURSE are n, p; 'q' came"),
    "probes that fail": (TRIES, "rng.integers(2, 12, 4)", "rng.integers(12, 2, 4)", "rng.integers", "low >= high"),
}  # fmt: skip


@pytest.mark.parametrize("slip", BROKEN)
def test_a_line_that_fails_is_named(copy: Copy, slip: str) -> None:
    name, old, new, line, words = BROKEN[slip]
    copy.write(((name, old, new),))
    copy.take_up()
    with pytest.raises(CatalogueFailed) as told:
        catalogue.questions()
    place = copy.place(name) if line.endswith("\n") else f"{line_of(copy.place(name), line)}: "
    assert str(told.value).startswith(place) and words in str(told.value), told.value


def test_a_symbol_without_a_range_is_told_where_to_give_it_one(copy: Copy) -> None:
    copy.write((("probability/__init__.py", "Symbol((0.1, 0.9), POSITIVE)", "Symbol(domain=POSITIVE)"),))
    copy.take_up()
    with pytest.raises(Advice, match=r"line 13: no probes for coins-variance.* of p are drawn from.*Symbol\(\(0.1"):
        catalogue.expectations("coins-variance", catalogue.generator("a run"))


def test_an_exercise_without_a_module_is_told_its_file(copy: Copy) -> None:
    copy.write()
    Path(copy.place("probability_answers")).joinpath("tries.py").unlink()
    copy.take_up()
    with pytest.raises(NoModule) as told:
        catalogue.questions()
    assert copy.place(TRIES) in str(told.value) and isinstance(told.value, ImportError)  # as it was
    assert catalogue.expectations("coins-variance", catalogue.generator("a run")).probes  # needs no other exercise's


@pytest.mark.parametrize("package", ["probability_answer", "probability_answers.more", "autograder.catalogue"])
def test_a_catalogue_that_is_not_there_is_looked_for_in_the_configuration(copy: Copy, package: str) -> None:
    copy.write()
    copy.take_up(package)
    with pytest.raises(NoModule, match=r'configure\(…, catalogue="…"\) in nbgrader_config.py'):
        catalogue.questions()
    with pytest.raises(NoModule):
        catalogue.samples("coins")


#: What can't be evaluated: {what: (file, old, new, words)}.
FAILING = {
    "a reference that can't be read": (COINS, "reference=n * p * (1 - p)", 'reference="n p ("',
                                       "the reference of coins-variance fails on its public probes: Unreadable: "),
    "a reference that is no function": (TRIES, "reference=at_least_one", "reference=3", "the reference of tries fails"),
    "a mistake that can't be read": (COINS, "                n * p,\n", '                "n q",\n',
                                     "the mistake coins-variance-mean of coins-variance fails"),
}  # fmt: skip


@pytest.mark.parametrize("slip", FAILING)
def test_an_answer_that_fails_is_told_by_step_and_name(copy: Copy, slip: str) -> None:
    name, old, new, words = FAILING[slip]
    copy.write(((name, old, new),))
    copy.take_up()
    expected = catalogue.public_expectations("tries" if name == TRIES else "coins-variance")
    with pytest.raises(CatalogueFailed, match=words) as told:
        assert expected.reference and expected.outcomes()
    assert isinstance(told.value, Advice) and "fault of the program" not in str(told.value)


def test_the_probe_on_which_an_answer_fails_is_named(copy: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.write()
    copy.take_up()
    expected = catalogue.expectations("coins-variance", catalogue.generator("a run"))
    odd = expected.probes[4]

    def fails_there(step: object, answers: object, probes: list[object]) -> list[str]:
        assert odd not in probes, "overflow"
        return ["1"]

    monkeypatch.setattr(catalogue, "outcome_of", fails_there)
    with pytest.raises(CatalogueFailed) as told:
        assert expected.reference
    assert f"fails on its secret probes (tried one by one: first on {odd}): AssertionError: overflow" in str(told.value)


def test_a_check_before_anything_is_recorded_names_the_command(copy: Copy) -> None:
    copy.write()
    copy.take_up()
    with pytest.raises(
        NotThere, match="coins-variance is compared with is not recorded yet: python -m autograder record coins-var"
    ) as told:
        check("coins-variance", "n p")
    assert isinstance(told.value, FileNotFoundError)  # which a caller may expect
    (folder := Path(copy.place("probability")) / "recorded").mkdir()
    for text in ('{"probes": [', "[]", '{"probes": [], "reference": []}'):
        (folder / "tries.json").write_text(text)
        with pytest.raises(Unusable, match="recorded of tries can't be read .*: python -m autograder record tries"):
            check("tries", lambda n, p: 1)


#: What is changed after it was recorded: {what: (file, old, new, why it is to be recorded again)}.
LATER = {
    "a mistake": (TRIES, '"tries-adds"', '"tries-sums"', "the mistake tries-sums is not there"),
    "a probe": (TRIES, '{"id": "sure"', '{"id": "ends"', "the probe 'sure' of tries has no words"),
}


RENAMED = (("probability/tries.py", '"sure": "', '"ends": "'), ("probability/tries.py", '("sure",)', '("ends",)'))


@pytest.mark.parametrize("what", LATER)
def test_what_was_recorded_before_the_catalogue_changed_is_told(copy: Copy, what: str, tmp_path: Path) -> None:
    copy.write()
    copy.take_up()
    record(["tries"])
    assert catalogue.expectations("tries", catalogue.generator("a run")).probes
    before = Path(copy.place("probability")) / "recorded"
    name, old, new, why = LATER[what]
    changed = Copy(tmp_path)
    changed.write(((name, old, new), *(RENAMED if what == "a probe" else ())))
    shutil.copytree(before, Path(changed.place("probability")) / "recorded")
    changed.take_up()
    with pytest.raises(
        Incomplete, match=f"recorded of tries is older than its catalogue .{why}.*autograder record tries"
    ):
        catalogue.expectations("tries", catalogue.generator("a run"))
    record(["tries"])


def test_the_sample_class_is_kept_out_of_another_course(copy: Copy) -> None:
    copy.write()
    copy.take_up()
    with pytest.raises(Refused, match=f"and this one is {copy.name}: its 10 students would stand in your gradebook"):
        grade_sample_class()


AT, LINES = "probability/tries.py", '                RubricLine("sure", "Impossible and certain", 10, ("sure",)),\n'
HINTS = '("What is the opposite of “one or more”?", "How likely is it that every try fails?")'
#: What the course itself lacks or contradicts: {what: (file, old, new, words)}.
MALFORMED = {
    "a module misspelt": ("probability/__init__.py", '"coins tries"', '"coins tires"', "'tires' has no module"),
    "no EXERCISE": (AT, "EXERCISE = ", "EXERCIS = ", "tries has no EXERCISE = Exercise"),
    "another id": (
        AT,
        '    id="tries",\n    part',
        '    id="try",\n    part',
        "an exercise 'try'; its id must be 'tries'",
    ),
    "one notebook twice": (AT, 'notebook="tries"', 'notebook="coins"', "two notebooks are called 'coins'"),
    "one step twice": (
        AT,
        '            id="tries",',
        '            id="coins-variance",',
        "two steps are called 'coins-v",
    ),
    "a single answer": (AT, '("at_least_one",)', '("at_least_one")', "answers of tries: a tuple was expected, and str"),
    "no name": (AT, '("at_least_one",)', '("at least one",)', "names that a notebook assigns, each another; 'at least"),
    "one answer twice": (AT, '("at_least_one",)', '("at_least_one",) * 2', "each another; 'at_least_one' came"),
    "no hints": (AT, HINTS, "()", "hints of tries: one or more entries were expected, each text; () came"),
    "an empty hint": (AT, HINTS, "('',)", "hints of tries: one or more entries were expected, each text; ('',) came"),
    "a single requirement": (
        AT,
        'after=("coins",)',
        'after=("coins")',
        "after of tries: a tuple was expected, and str",
    ),
    "one line twice": (AT, LINES, LINES * 2, "two lines of the rubric of tries are called 'sure'"),
    "points as text": (
        AT,
        '"One try", 10',
        '"One try", "10"',
        "'once' in the rubric of tries are 0 or more; '10' came",
    ),
    "points below 0": (AT, '"One try", 10', '"One try", -1', "rubric of tries are 0 or more; -1 came"),
    "a single probe": (AT, '("sure",)', '("sure")', "probes of 'sure' in the rubric of tries: a tuple was expected"),
    "an unknown part": (AT, '"week_1"', '"week_2"', "tries is in 'week_2', but the parts are ['week_1']"),
}


@pytest.mark.parametrize("slip", MALFORMED)
def test_a_course_that_contradicts_itself_says_where(copy: Copy, slip: str) -> None:
    name, old, new, words = MALFORMED[slip]
    copy.write(((name, old, new),))
    with pytest.raises(MalformedCourse) as told:
        copy.take_up()
    assert words.replace("probability", copy.name) in str(told.value), told.value


#: What `record` finds where it evaluates: {what: (file, old, new, step, words)}.
EVALUATED = {
    "an accepted answer that is wrong": (COINS, '"text": "n p (1 - p)"', '"text": "n p (1 + p)"', "coins-variance",
        "the accepted answer 'text' of coins-variance isn't right by the reference"),
    "a reference that is wrong": (TRIES, "    return 1 - (1 - p) ** n", "    return 1 - p ** n", "tries",
        "the accepted answer 'try by try' of tries isn't right by the reference"),
    "a mistake that is right": (TRIES, "    return p**n", "    return 1 - (1 - p) ** n", "tries",
        "the mistake tries-all of tries gives the same as the reference on all public probes"),
    "one mistake twice": (TRIES, "    return p**n", "    return n * p", "tries",
        "the mistake tries-all of tries gives the same as the mistake tries-adds"),
}  # fmt: skip


@pytest.mark.parametrize("slip", EVALUATED)
def test_record_tells_what_is_not_as_the_catalogue_says(copy: Copy, slip: str) -> None:
    name, old, new, step, words = EVALUATED[slip]
    copy.write(((name, old, new),))
    copy.take_up()
    with pytest.raises(Incomplete, match=f"recorded, but to be mended in {copy.name}_answers: {words}"):
        record([step])


def test_what_our_helpers_raise_is_laid_at_no_line_of_theirs() -> None:
    with pytest.raises(Unusable) as told:
        draw(catalogue.generator("a run"), ("nosuch",))
    assert slips.place_of(told.value, "autograder.catalogue.a1") == "autograder.catalogue.a1"
