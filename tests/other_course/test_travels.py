"""Work for a cluster takes its course along: a worker that began with another one takes it up, or says it can't."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests import commands

ROOT = Path(__file__).resolve().parents[2]
TRAVEL = """
import pickle, sys
sys.path[:0] = [{folder!r}]
from autograder import catalogue
from autograder.grading import one
from lrtutorial import course

course.use("probability"), catalogue.use("probability_answers")
release = '{{"cells": [], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}'
name, about = "coins", one.checking_digest("coins")
work = one.Work("part_p", "ada", name, b"no notebook", release, "s" * 64, (), {{}}, checking=about)
sent = pickle.dumps(work.to_travel())
course.use("lrtutorial.exercises"), catalogue.use("autograder.catalogue")  # as a worker elsewhere begins
assert course.exercise_of(name) is None
print(one.grade_one(pickle.loads(sent)).status, course.current().home, catalogue.package())
course.use("lrtutorial.exercises"), catalogue.use("autograder.catalogue")
sys.path.remove({folder!r})
for loaded in [module for module in sys.modules if module.startswith("probability")]:
    del sys.modules[loaded]
try:
    one.grade_one(pickle.loads(sent))
except one.OtherChecks as why:
    print(why)
"""


def test_work_takes_its_course_along() -> None:
    program = TRAVEL.format(folder=str(Path(__file__).with_name("course")))
    done = commands.run([sys.executable, "-c", program], cwd=ROOT, env=os.environ)
    assert done.returncode == 0, done.stderr
    graded, refused = done.stdout.splitlines()
    assert graded == "rejected probability probability_answers"
    assert "hasn't the course probability" in refused and "start it in that course's folder" in refused
