"""Copies are found and honest answers are not, on classes whose every choice is known."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import numpy as np
import pytest

from autograder.catalogue import questions
from autograder.cells import answer_cells, without_markers
from autograder.demo.students import STUDENTS, submission
from autograder.grading.assignment import Assignment
from autograder.names import UnknownName
from autograder.similar import listing
from autograder.similar.comparison import THRESHOLD, Source, compare, known
from autograder.similar.fingerprints import MAX_CHARACTERS, fingerprints, grams, structure, views, winnow
from autograder.similar.programs import given, handed_in, own_cells
from lrtutorial.advice import Unwritable
from tests.desk.disguise import disguised, padded, renamed, reordered
from tests.desk.honest import WRITERS, answers

ROOT = Path(__file__).resolve().parents[2]
RELEASE, SOLUTIONS = ROOT / "notebooks" / "part_b", ROOT / "solutions" / "part_b"
CLASS = 60
#: An Adam that nobody else in the class writes: state in one array, moments by matrix products, a generator of steps.
ODD_ADAM = """
class Adam:
    def __init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8):
        self.parts = [(block, block.reshape(-1)) for block in params]
        self.lr, self.decay, self.eps = lr, np.array([[beta1], [beta2]]), eps
        self.book = [np.zeros((2, flat.size)) for _, flat in self.parts]
        self.clock = 0

    def powers(self, gradient):
        flat = np.asarray(gradient).reshape(-1)
        return np.vstack([flat, flat ** 2])

    def unbiased(self, page):
        return page / (1 - self.decay ** self.clock)

    def step(self, grads):
        self.clock += 1
        for number, gradient in enumerate(grads):
            fresh = (1 - self.decay) * self.powers(gradient)
            self.book[number] = fresh + self.decay * self.book[number]
            mean, square = self.unbiased(self.book[number])
            block, flat = self.parts[number]
            length = self.lr * mean / (self.eps + np.sqrt(square))
            block -= length.reshape(block.shape)
"""


@pytest.fixture(scope="module")
def handed_out() -> dict[str, set[int]]:
    return known(given(Assignment.find("part_b")))


def honest(notebook: str, count: int = CLASS, seed: int = 0) -> list[Source]:
    return [Source(f"s{i:03}", (answers(i, seed)[notebook],)) for i in range(count)]


def names(found) -> list[tuple[str, str]]:
    return [(pair.left.student, pair.right.student) for pair in found.pairs]


# ----------------------------------------------------------------------------------------------- fingerprints


def test_winnowing_keeps_one_of_any_window_in_common() -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        shared = list(rng.integers(0, 50, 5))
        one, other = ([*rng.integers(0, 50, 20), *shared, *rng.integers(0, 50, 20)] for _ in "12")
        assert {one[i] for i in winnow(one)} & {other[i] for i in winnow(other)}
    assert winnow([]) == []
    assert winnow([7]) == [0]
    assert len(winnow([3] * 1000)) <= 200  # repetition isn't kept again and again


@pytest.mark.parametrize("change", [renamed, padded], ids=lambda change: change.__name__)
def test_names_and_comments_are_not_structure(change) -> None:
    words = structure(ODD_ADAM).words
    found = structure(change(ODD_ADAM)).words
    assert found == words if change is renamed else set(words) <= set(found)


def test_what_is_not_structure() -> None:
    plain = structure("def f(a, b=1):\n    c = a + b\n    return c").words
    dressed = (
        'import os\ndef g(x: int, y: float = 2.5) -> "text":\n  """Says."""\n  z: int = (x + y)  # sum\n  return z'
    )
    assert structure(dressed).words == plain
    assert structure("def f(a, b=1):\n    c = a * b\n    return c").words != plain


HOSTILE = {
    "nested": "(" * 50_000, "signs": "-" * 50_000 + "1", "attributes": "a" + ".b" * 40_000, "sum": "1" + "+1" * 40_000,
    "comparison": "1" + "<1" * 40_000, "quotes": '\\"""' * 20_000, "zero": "x = 1\0", "half": "x = '\ud800'",
    "digits": "x = " + "9" * 50_000, "indented": "\n".join(" " * i + "if 1:" for i in range(400)), "empty": "",
    "long": "x = 1\n" * 100_000, "f-strings": "f'" + "{x}" * 20_000 + "'", "returns": "x = 1\r" * 10,
}  # fmt: skip


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_sources_are_read(source) -> None:
    for view, tokens in views(source).items():
        if tokens is not None:
            assert len(tokens.words) == len(tokens.lines) <= 2 * MAX_CHARACTERS
            fingerprints(tokens, grams(tokens, 20))
        else:
            assert view == "structure"


# ----------------------------------------------------------------------------------------------- whole classes


@pytest.mark.parametrize("notebook", WRITERS)
def test_honest_classes_are_hardly_listed(notebook, handed_out) -> None:
    """Chance alone brings a pair or two of 1770 over the bound, as the page says; never a crowd."""
    found = compare(notebook, honest(notebook), handed_out)
    assert found.found <= 3, names(found)
    assert all(pair.score < 1.5 * THRESHOLD for pair in found.pairs)


@pytest.mark.parametrize(
    "change",
    [renamed, padded, disguised, lambda source: reordered(source, np.random.default_rng(2))],
    ids=["renamed", "padded", "disguised", "reordered"],
)
def test_a_disguised_copy_is_at_the_top(change, handed_out) -> None:
    sources = [*honest("b2_adam"), Source("ada", (ODD_ADAM,)), Source("bo", (change(ODD_ADAM),))]
    found = compare("b2_adam", sources, handed_out)
    assert names(found)[0] == ("ada", "bo")
    assert found.pairs[0].score > 1.2 * max([THRESHOLD, *(pair.score for pair in found.pairs[1:])])


@pytest.mark.parametrize("change", [renamed, disguised], ids=lambda change: change.__name__)
def test_a_long_ordinary_answer_copied_in_disguise_is_found(change, handed_out) -> None:
    sources = honest("b3_trajectories")
    copies = [Source(f"t{i:03}", (change(sources[i].text),)) for i in range(4)]
    found = names(compare("b3_trajectories", [*sources, *copies], handed_out))
    # s001 writes nothing that many others don't write as well: its copy can't be told from an honest answer.
    assert set(found) == {("s000", "t000"), ("s002", "t002"), ("s003", "t003")}


@pytest.mark.parametrize("notebook", WRITERS)
def test_an_ordinary_answer_copied_word_for_word_is_found_by_its_wording(notebook, handed_out) -> None:
    sources = honest(notebook)
    found = compare(notebook, [*sources, Source("copy", sources[5].cells)], handed_out)
    assert names(found)[0] == ("copy", "s005")
    assert max(found.pairs[0].evidence, key=lambda one: one.score).view == "wording"


def test_a_function_taken_out_of_a_long_answer_keeps_its_marks(handed_out) -> None:
    sources = honest("b2_adam", 12)
    mine = Source("ada", (ODD_ADAM,))
    theirs = Source("bo", ("x = 1", renamed(ODD_ADAM) + "\n\n" + answers(99)["b2_adam"]))
    pair = compare("b2_adam", [*sources, mine, theirs], handed_out).pairs[0]
    marked = [row for row in listing.rows(pair, 0) if row.mark == "structure"]
    assert len(marked) > 15
    other = {row.number: row.text for row in listing.rows(pair, 1)}
    step = next(row for row in marked if "np.vstack" in row.text)
    assert "np.vstack" in other[step.other]


def test_the_skeleton_the_model_answer_and_the_demo_students_give_nothing(handed_out) -> None:
    course = Assignment.find("part_b")
    for path in sorted(RELEASE.glob("*.ipynb")):
        release = nbformat.read(path, as_version=4)
        assert own_cells(release, release) == ()
        skeleton = tuple(cell.source for cell in release.cells if cell.cell_type == "code")
        right = tuple(without_markers(cell) for cell in answer_cells(nbformat.read(SOLUTIONS / path.name, 4)).values())
        for cells in (skeleton, right):
            found = compare(path.stem, [Source("one", cells), Source("other", cells)], handed_out, threshold=0.01)
            assert found.pairs == (), path.stem
        handed = [Source(s.name, own_cells(submission(s, path, SOLUTIONS / path.name), release)) for s in STUDENTS]
        assert compare(course.name, handed, handed_out).pairs == (), path.stem


def test_the_accepted_styles_are_not_alike_even_where_they_are_not_left_out() -> None:
    """The catalogue's own classes and functions, two at a time, with only the skeletons given."""
    import inspect

    for step in ("b1", "b2", "b3"):
        sources: dict[str, str] = {}
        for style, answer in questions()[step].accepted.items():
            objects = answer.values() if isinstance(answer, dict) else [answer]
            text = "\n\n".join(inspect.getsource(thing) for thing in objects)
            sources[style] = text
        release = [c.source for p in RELEASE.glob(f"{step}_*.ipynb") for c in nbformat.read(p, 4).cells]
        found = compare(step, [Source(style, (text,)) for style, text in sources.items()], known(release))
        assert found.pairs == (), names(found)


def test_what_many_hold_is_an_idiom(handed_out) -> None:
    ring = [Source(f"r{i}", (ODD_ADAM,)) for i in range(5)]
    few = compare("b2_adam", [*honest("b2_adam", 20), *ring[:4]], handed_out)
    many = compare("b2_adam", [*honest("b2_adam", 20), *ring], handed_out)
    assert len([pair for pair in names(few) if pair[0].startswith("r")]) == 6
    assert not [pair for pair in names(many) if pair[0].startswith("r")]


def test_code_that_does_not_parse_is_compared_by_tokens(handed_out) -> None:
    broken = renamed(ODD_ADAM) + "\nif True print(1)\n"
    found = compare(
        "b2_adam", [*honest("b2_adam", 12), Source("ada", (ODD_ADAM,)), Source("bo", (broken,))], handed_out
    )
    assert found.unparsed == ("bo",)
    assert names(found)[0] == ("ada", "bo")
    assert {one.view for one in found.pairs[0].evidence} == {"tokens", "wording"}


def test_the_order_of_the_class_changes_nothing(handed_out) -> None:
    sources = [*honest("b2_adam", 20), Source("ada", (ODD_ADAM,)), Source("bo", (renamed(ODD_ADAM),))]
    assert compare("b2_adam", sources, handed_out) == compare("b2_adam", sources[::-1], handed_out)


# ----------------------------------------------------------------------------------------------- the command


class Page(HTMLParser):
    """The tags and the text of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.append(tag)

    def handle_data(self, data) -> None:
        self.text += data


def hand_in(course: Path, student: str, sources: dict[str, str]) -> Path:
    folder = course / "submitted" / student / "part_b"
    folder.mkdir(parents=True)
    for notebook, source in sources.items():
        written = nbformat.read(RELEASE / f"{notebook}.ipynb", as_version=4)
        next(iter(answer_cells(written).values())).source = source
        nbformat.write(written, folder / f"{notebook}.ipynb")
    return folder


EVIL = '</td><script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    found = Assignment.find("part_b")
    found.config.CourseDirectory.submitted_directory = str(tmp_path / "submitted")
    monkeypatch.setattr(listing.Assignment, "find", classmethod(lambda cls, name: found))
    monkeypatch.setattr(listing, "COURSE", tmp_path)
    for i in range(8):
        hand_in(tmp_path, f"s{i}", {"b2_adam": answers(i)["b2_adam"]})
    hand_in(tmp_path, "=cmd() <b>bold", {"b2_adam": f"{ODD_ADAM}\n# {EVIL}\n"})
    hand_in(tmp_path, "-bo\nnewline\u202e", {"b2_adam": renamed(ODD_ADAM) + f"\nlabel = '''{EVIL}'''\n"})
    (hand_in(tmp_path, "cy", {}) / "b2_adam.ipynb").write_bytes(b"no notebook")
    (hand_in(tmp_path, "dee", {}) / "b2_adam.ipynb").symlink_to(SOLUTIONS / "b2_adam.ipynb")
    (tmp_path / "submitted" / "eli").mkdir()
    (tmp_path / "submitted" / "eli" / "part_b").symlink_to(SOLUTIONS)
    return tmp_path


def test_the_page_shows_both_and_runs_nothing(course: Path, capsys) -> None:
    before = {path: path.read_bytes() for path in (course / "submitted").rglob("*.ipynb")}
    assert listing.list_similar("part_b") == 0
    assert "A list, not a verdict" in capsys.readouterr().out
    text = (course / "similar" / "similar.html").read_text("utf-8")
    page = Page(text)
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert "http:" not in text
    assert "https:" not in text
    said = ("not a verdict", "Similar answers in B · Code", "Short answers converge")
    for words in (EVIL, "=cmd() <b>bold", "-bo_newline", *said):
        assert words in page.text, words
    assert page.text.count("np.vstack") == 2
    data = json.loads((course / "similar" / "similar.json").read_text("utf-8"))
    assert [(pair["one"], pair["other"]) for pair in data["pairs"]] == [("-bo_newline\\u202e", "=cmd() <b>bold")]
    assert {row["student"] for row in data["unreadable"]} == {"cy", "dee", "eli"}
    table = (course / "similar" / "similar.csv").read_text("utf-8")
    assert "'=cmd() <b>bold" in table
    assert "'-bo_newline" in table
    assert {path: path.read_bytes() for path in (course / "submitted").rglob("*.ipynb")} == before


def test_the_same_class_gives_the_same_page(course: Path) -> None:
    listing.list_similar("part_b", course / "one")
    listing.list_similar("part_b", course / "other")
    for name in ("similar.html", "similar.csv", "similar.json"):
        assert (course / "one" / name).read_bytes() == (course / "other" / name).read_bytes()


def test_wrong_words_are_refused(course: Path) -> None:
    for bad, words in (
        ({"threshold": -1}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"common": 0}, "share of the class"),
        ({"most": 0}, "most"),
    ):
        with pytest.raises(ValueError, match=words):
            listing.list_similar("part_b", course / "out", **bad)
    (course / "file").write_text("here")
    with pytest.raises(Unwritable, match="--output"):
        listing.list_similar("part_b", course / "file")
    assert (course / "file").read_text() == "here"


def test_other_parts_are_refused_and_typos_get_the_nearest() -> None:
    with pytest.raises(ValueError, match="similar part_b"):
        listing.list_similar("part_a")
    with pytest.raises(UnknownName, match="'part_b'"):
        listing.list_similar("prt_b")


def test_nothing_handed_in_is_said(tmp_path: Path, monkeypatch) -> None:
    found = Assignment.find("part_b")
    found.config.CourseDirectory.submitted_directory = str(tmp_path / "submitted")
    with pytest.raises(UnknownName, match="nothing was handed in"):
        list(handed_in(found, found.folders(), "b2_adam"))
