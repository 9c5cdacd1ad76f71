"""A changed check touches the exercises that it checks, and no others."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from autograder.gradebook.fingerprint import changes
from autograder.grading import digests
from autograder.grading.one import OtherChecks, Work, checking_digest, grade_one
from autograder.names import UnknownName
from lrtutorial.course import exercises
from tests.copying import without


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Return a copy of both packages, which the digests are taken from."""
    for name, home in list(digests.HOMES.items()):
        ignored = without("__pycache__", "demo", "static")
        shutil.copytree(home, tmp_path / name, ignore=ignored)
        monkeypatch.setitem(digests.HOMES, name, tmp_path / name)
    _forget()
    yield tmp_path
    _forget()


def _forget():
    digests.checking_files.cache_clear()
    digests.digest_of_checks.cache_clear()


def _all():
    _forget()
    return {name: checking_digest(name) for name in exercises()}


@pytest.mark.parametrize(
    ("path", "touched"),
    [
        ("autograder/catalogue/b2.py", {"b2"}),
        ("autograder/catalogue/a4.py", {"a4", "a5"}),  # a5 builds on a4's forms
        ("autograder/references/schedules.py", {"b5"}),
        ("lrtutorial/exercises/c2.py", {"c2"}),
        ("lrtutorial/experiments/c2_momentum_intuition.py", {"c2"}),  # imported by name
        ("lrtutorial/experiments/network.py", {"b4", "c1", "c3", "c4", "c5", "c6"}),
        ("lrtutorial/kinds/optimizer.py", {"b1", "b2"}),
        ("lrtutorial/kinds/formula.py", {"a1", "a2", "a3", "a4", "a5"}),
        ("lrtutorial/recorded/a1-gradient.json", {"a1"}),
        ("lrtutorial/verdict/__init__.py", set(exercises())),
        ("autograder/grading/judging.py", set(exercises())),
        ("autograder/grading/expectations.py", {"c1", "c2", "c3", "c4", "c5", "c6"}),  # it chooses the class's seed
        ("lrtutorial/explorer/widget.py", set()),
        ("autograder/jail/warden.py", set()),
    ],
)
def test_a_change_touches_what_it_checks(course, path, touched):
    before = _all()
    with open(course / path, "a", encoding="utf-8") as file:
        file.write("\n")
    after = _all()
    assert {name for name in before if before[name] != after[name]} == touched


def test_digests_do_not_depend_on_the_place(course):
    there = _all()
    assert len(set(there.values())) == len(there)
    (course / "elsewhere").mkdir()
    for name in list(digests.HOMES):
        digests.HOMES[name] = shutil.move(course / name, course / "elsewhere" / name)
    assert _all() == there


def test_every_step_is_checked_by_its_own_data():
    for name, exercise in exercises().items():
        files = {path.name for path in digests.checking_files(name)}
        assert {f"{step.id}.json" for step in exercise.steps} <= files
        assert {f"{name}.py", "judging.py", "claims.py"} <= files


def test_a_fingerprint_tells_what_changed():
    one = Work("part_b", "ada", "b2_adam", b"{}", "release", "secret", (), {}, checking="checks")
    assert len(one.fingerprint) == 64
    for name, other in {
        "submission": replace(one, data=b"[]"),
        "release": replace(one, release="new"),
        "secret": replace(one, secret="another"),
        "checking": replace(one, checking="stricter"),
    }.items():
        assert changes(one.fingerprint, other.fingerprint) == (name,)
    assert changes(one.fingerprint, replace(one, settings={"x": 1}, needless=("y",)).fingerprint) == ()


def test_a_worker_of_another_version_grades_nothing():
    work = Work("part_b", "ada", "b2_adam", b"{}", "{}", "secret", (), {}, checking="of last year")
    with pytest.raises(OtherChecks, match="another version"):
        grade_one(work)


def test_an_unknown_exercise_is_said():
    assert checking_digest("b2") == checking_digest("b2_adam")
    with pytest.raises(UnknownName, match="Did you mean 'b2'"):
        checking_digest("b22")
