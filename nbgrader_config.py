"""The course's nbgrader configuration: directories, the trusted executor, the jail. Run nbgrader from this folder."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # the grader is used from here and never installed

from autograder.configuration import configure  # noqa: E402
from lrtutorial.exercises import COURSE  # noqa: E402

configure(get_config(), course=COURSE, catalogue="autograder.catalogue")  # type: ignore[name-defined]  # noqa: F821
