import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from probability import COURSE

from autograder.configuration import configure

configure(get_config(), course=COURSE, catalogue="probability_answers")  # type: ignore[name-defined]  # noqa: F821
