"""A new term's course: whole, with a secret of its own, and nothing of last term's class."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nbformat
import pytest

from autograder.__main__ import main
from autograder.demo.students import STUDENTS, submission
from autograder.desk import new_course as module
from autograder.desk.new_course import new_course
from autograder.gradebook.ledger import Ledger
from lrtutorial.advice import Advice
from tests import commands

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This course with a class in it, caches, an environment and a history."""
    root = tmp_path_factory.mktemp("old") / "course"
    shutil.copytree(ROOT, root, ignore=module._left_out(ROOT, False))
    for name in (".venv/bin/python", "_build/x", ".git/HEAD", "lrtutorial/__pycache__/x.pyc", ".pytest_cache/x",
                 "tests/artifacts/x.png", "lrtutorial.egg-info/x", "notebooks/.ipynb_checkpoints/x.ipynb",
                 "autograder/course/submitted/ada/part_a/a1_convergence.ipynb", "autograder/course/gradebook.db",
                 "autograder/course/exchange/x", "autograder/course/quarantine/ada/x"):  # fmt: skip
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("last term")
    (root / "autograder" / "course" / "secret").write_text("f" * 64)
    (root / "docs" / "link.md").symlink_to("author.md")
    os.mkfifo(root / "docs" / "pipe")
    return root


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture(scope="module")
def made(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The copy, made once: reading this course changes nothing in it."""
    target = tmp_path_factory.mktemp("new") / "a term, with spaces"
    before = contents(small)
    assert new_course(target, root=small) == 0
    assert contents(small) == before
    return target


def test_the_copy_holds_the_course_and_nothing_of_the_class(small: Path, made: Path) -> None:
    copied = {name for name in contents(made) if "__pycache__" not in name}
    for name in ("notebooks/start_here.ipynb", "solutions/part_b/b2_adam.ipynb", "nbgrader_config.py", "Makefile",
                 "lrtutorial/recorded/b2.json", ".gitignore", "docs/link.md"):  # fmt: skip
        assert name in copied, name
    assert (made / "docs" / "link.md").is_symlink()
    assert not [name for name in copied if "last term" in (made / name).read_text("utf-8", errors="replace")[:20]]
    assert [name for name in copied if name.startswith("autograder/course/")] == ["autograder/course/secret"]
    assert list(made.parent.iterdir()) == [made]


def test_the_secret_is_new_and_yours_alone(made: Path) -> None:
    secret = made / "autograder" / "course" / "secret"
    assert len(secret.read_text().strip()) == 64
    assert secret.read_text().strip() != "f" * 64
    assert secret.stat().st_mode & 0o777 == 0o600


def test_the_copy_grades(made: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(made, copy)
    ada = STUDENTS[0]
    folder = copy / "autograder" / "course" / "submitted" / ada.name / "part_b"
    folder.mkdir(parents=True)
    released = copy / "notebooks" / "part_b" / "b5_cosine_restarts.ipynb"
    nbformat.write(submission(ada, released, copy / "solutions" / "part_b" / released.name), folder / released.name)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LRTUTORIAL_COURSE")}
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment["PATH"]])
    for words in (
        ("nbgrader", "generate_assignment", "part_b", "--create", "--force"),
        ("autograder", "grade", "part_b"),
    ):
        done = commands.run([sys.executable, "-m", *words], cwd=copy, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
    with Ledger(f"sqlite:///{copy / 'autograder' / 'course' / 'gradebook.db'}") as ledger:
        (verdict,) = ledger.verdicts("part_b")
    assert verdict["points"] == verdict["possible"] > 0


def test_the_history_comes_along_only_when_asked_for(small: Path, made: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_look_at", lambda copy: None)
    assert not (made / ".git").exists()
    new_course(tmp_path / "with", with_git=True, root=small)
    assert (tmp_path / "with" / ".git" / "HEAD").exists()


def test_an_empty_folder_may_be_named(small: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, "_look_at", lambda copy: None)
    (tmp_path / "empty").mkdir()
    assert new_course(tmp_path / "empty", root=small) == 0
    assert (tmp_path / "empty" / "Makefile").exists()


@pytest.mark.parametrize(
    ("where", "words"),
    [("full", "isn't empty"), ("file", "link or a file"), ("link", "link or a file"), ("", "holds this course"),
     ("course", "inside this course"), ("course/new", "inside this course"),
     ("course/../course/x", "inside this course"), ("linked/x", "inside this course")],
)  # fmt: skip
def test_a_wrong_place_is_refused(where: str, words: str, tmp_path: Path, capsys) -> None:
    root = tmp_path / "course"
    root.mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thing").write_text("mine")
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    (tmp_path / "linked").symlink_to(root)
    before = sorted(map(str, tmp_path.rglob("*")))
    with pytest.raises(Advice, match=words):
        new_course(tmp_path / where, root=root)
    assert sorted(map(str, tmp_path.rglob("*"))) == before
    assert (tmp_path / "full" / "thing").read_text() == "mine"


def failing(error: BaseException):
    def fail(*_: object, **__: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize(
    ("step", "error", "raised"),
    [
        ("_look_at", RuntimeError("the copy would not grade"), RuntimeError),
        ("course_secret", PermissionError(13, "no"), OSError),
        ("_look_at", KeyboardInterrupt(), KeyboardInterrupt),
        ("course_secret", OSError(28, "disk full"), OSError),
    ],
)
def test_a_failed_copy_leaves_nothing(step, error, raised, small: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(module, step, failing(error))
    with pytest.raises(raised):
        new_course(tmp_path / "deep" / "er" / "term", root=small)
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_would_not_grade_is_taken_away(small: Path, tmp_path: Path) -> None:
    root = tmp_path / "broken"
    shutil.copytree(small, root, ignore=module._left_out(small, False), symlinks=True)
    (root / "notebooks" / "part_a" / "a1_convergence.ipynb").unlink()
    with pytest.raises(RuntimeError, match="a1_convergence.*make release"):
        new_course(tmp_path / "term", root=root)
    assert not (tmp_path / "term").exists()


def test_the_command_says_what_is_wrong(tmp_path: Path, capsys) -> None:
    (tmp_path / "thing").write_text("mine")
    assert main(["new-course", str(tmp_path)]) == 1
    assert "isn't empty" in capsys.readouterr().err
