"""Which files of the two packages are this course and not the engine, each with a reason."""

from __future__ import annotations

from pathlib import Path

#: This course itself: another course has its own, so the engine must do without these files.
COURSE_FILES = {
    "lrtutorial/exercises": "its exercises",
    "lrtutorial/recorded": "what its answers give, recorded",
    "lrtutorial/experiments": "what its predictions are about",
    "lrtutorial/symbols.py": "what its formulas are written with",
    "lrtutorial/problems.py": "the functions its optimizers descend on",
    "lrtutorial/plots.py": "pictures of them",
    "lrtutorial/datasets.py": "the data its networks learn",
    "autograder/catalogue/[a-z][0-9].py": "its references and mistakes",
    "autograder/catalogue/gradients.py": "probes of its optimizers",
    "autograder/catalogue/made.py": "its optimizers with mistakes",
    "autograder/catalogue/seeds.py": "probes of its experiments",
    "autograder/catalogue/words.py": "what is said of its optimizers' mistakes",
    "autograder/references": "its optimizers, schedules and range test",
    "autograder/demo": "its sample class",
}


def course_files(root: Path) -> list[Path]:
    """Return the files and folders of this course below ``root``, those of every pattern: one without any is old."""
    found = [(pattern, sorted(root.glob(pattern))) for pattern in COURSE_FILES]
    assert all(paths for _, paths in found), [pattern for pattern, paths in found if not paths]
    return [path for _, paths in found for path in paths]


#: Files of the engine that may name a thing of this course: they stay when another course is taught.
KNOW_IT = {
    "lrtutorial/explorer": "this course's sliders; the search for a line borrows their worker",
    "lrtutorial/kinds/optimizer.py": "a kind that is about optimizers: their arguments are beta1 and epsilon anywhere",
    "lrtutorial/kinds/trajectories.py": "a kind that runs optimizers and knows them by name in a picture",
    "lrtutorial/kinds/variants.py": "the pieces of optimizers, for both",
    "lrtutorial/kinds/schedule.py": "a kind that is about cosine annealing with warm restarts",
    "lrtutorial/kinds/lr_finder": "a kind that is about range tests: a loss is smoothed with a beta anywhere",
    "lrtutorial/formulas/characters.py": "the Greek letters and how they are typed, beta one of them",
    "lrtutorial/formulas/grammar.py": "how Greek letters are spelled: epsilon as eps",
    "autograder/written/agreement.py": "Cohen's kappa",
}
