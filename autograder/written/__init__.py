"""Written answers, graded line by line in one page: alike ones together, a tenth of them twice.

``python -m autograder written EXERCISE`` serves the page on this machine alone (:mod:`~autograder.written.server`) and
saves into nbgrader's gradebook as Formgrader would (:mod:`~autograder.written.sitting`).
"""

from __future__ import annotations

from autograder.written.server import open_page

__all__ = ["open_page"]
