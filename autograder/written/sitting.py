"""Grading one exercise's written answers: what is shown next, what a grader gave, and how far two looks agree.

An answer that nobody marked comes with those that are nearly the same; one in ten is shown a second time, later,
without what was given before. What is given goes into nbgrader's gradebook in one transaction with our own record of
the lines (:mod:`autograder.gradebook.markings`), so that ending at any point loses nothing.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nbgrader.api import Gradebook
from sqlalchemy.exc import IntegrityError

from autograder.gradebook.ledger import Ledger
from autograder.gradebook.markings import Marking, Markings, Overtaken, digest_of
from autograder.written.agreement import agreement, said
from autograder.written.alike import differences, groups, plain
from autograder.written.handed_in import Answer, Answers, Standing
from autograder.written.showing import shown
from lrtutorial.advice import Unusable
from lrtutorial.checking.written import ModelAnswer

#: Points by line, comment, whether it is a second look, the answers with their turn and points as shown.
Asked = tuple[tuple[float, ...], str, bool, list[tuple[int, int, float | None]]]
Reply = dict[str, Any]  #: what the page is told or says, as JSON

TWICE = 0.1  #: the share of answers that are shown a second time
APART = 6  #: answers marked in between, while there are as many
LONGEST = 5000  #: characters of a comment


@dataclass(frozen=True)
class Card:
    """Answers that are shown and marked as one; ``second`` for a second look at one of them."""

    id: str
    members: tuple[int, ...]
    second: bool = False


class Sitting:
    """One exercise's written answers at one gradebook. ``grader`` is a name for the record. Not for several threads."""

    def __init__(self, gradebook: Gradebook, answers: Answers, model: ModelAnswer, grader: str):
        self.gradebook, self.all, self.grader = gradebook, answers, grader
        self.rubric, self.lines = digest_of(model.rubric), model.rubric
        self.scale = answers.possible / model.points
        self.answers: Sequence[Answer] = answers.answers
        exercise = answers.exercise
        self.markings = Markings(exercise.part, exercise.notebook, answers.cell)
        self.markings.make(gradebook.engine)
        self.cards = [Card(f"g{n}", tuple(members)) for n, members in enumerate(self._groups())]
        self.cards += [Card(f"s{n}", (n,), second=True) for n in self._twice()]
        self._pages: dict[int, str] = {}
        self._desks: set[str] = set()

    def _groups(self) -> list[list[int]]:
        """An answer with a picture is alike to none: what the picture shows is not compared."""
        found = []
        for group in groups([answer.text for answer in self.answers]):
            alone = [n for n in group if self.answers[n].attachments]
            found += [[n] for n in alone]
            if rest := [n for n in group if n not in alone]:
                found.append(rest)
        return found

    def _twice(self) -> list[int]:
        """The answers for a second look: the same whenever it is asked, at most one of a group."""
        firsts = [card.members[0] for card in self.cards]
        drawn = sorted(
            firsts, key=lambda n: hashlib.sha256(f"{self.all.cell} {self.answers[n].digest}".encode()).digest()
        )
        return drawn[: math.ceil(TWICE * len(self.answers))]

    # ------------------------------------------------------------------------------------------- what there is

    def _read(self) -> tuple[dict[str, Standing], dict[tuple[str, bool], Marking], list[Marking]]:
        """Return what each answer has now, the newest marking of each (student, second), and all, oldest first."""
        standings = self.all.standings()
        every = [one for one in self.markings.read(self.gradebook.db.connection()) if one.rubric == self.rubric]
        digests = {answer.student: answer.digest for answer in self.answers}
        every = [one for one in every if digests.get(one.student) == one.answer]
        self.gradebook.db.rollback()
        return standings, {(one.student, one.second): one for one in every}, every

    def overview(self) -> Reply:
        """Return how many answers there are, wait and were seen twice, every card with its points, and the comments."""
        standings, newest, every = self._read()
        waiting = [n for n in range(len(self.answers)) if self._waits(n, standings)]
        comments: dict[str, int] = {}
        for one in newest.values():
            if one.comment:
                comments[one.comment] = comments.get(one.comment, 0) + 1
        first = {one.comment: n for n, one in reversed(list(enumerate(every))) if one.comment}
        return {
            "answers": len(self.answers),
            "waiting": len(waiting),
            "twice": sum(card.second for card in self.cards),
            "seen": sum(second for _, second in newest),
            "cards": [self._listed(card, standings, newest) for card in self.cards if not card.second],
            "comments": sorted(comments, key=lambda text: first[text]),
            "agreement": self.agreement(every),
        }

    def _listed(
        self, card: Card, standings: Mapping[str, Standing], newest: Mapping[tuple[str, bool], Marking]
    ) -> Reply:
        waits = sum(self._waits(n, standings) for n in card.members)
        points = {
            standings[self.answers[n].student].manual for n in card.members if self.answers[n].student in standings
        }
        first, second = (newest.get((self.answers[card.members[0]].student, again)) for again in (False, True))
        return {
            "id": card.id,
            "size": len(card.members),
            "waits": waits,
            "points": sorted(p for p in points if p is not None),
            "begins": plain(self.answers[card.members[0]].text)[:60],
            "differs": bool(first and second and first.lines != second.lines),
        }

    def _waits(self, n: int, standings: Mapping[str, Standing]) -> bool:
        standing = standings.get(self.answers[n].student)
        return standing is not None and standing.waits

    def agreement(self, every: Sequence[Marking] | None = None) -> str:
        """Return in sentences how far first and second looks agree; ``every`` marking, where it has been read.

        A first look is the one that came before the second, whatever was changed since.
        """
        pairs = []
        every = self._read()[2] if every is None else every
        for index, second in enumerate(every):
            before = [one for one in every[:index] if one.student == second.student and not one.second]
            if second.second and before:
                pairs.append((before[-1], second))
        graders = 2 if any(first.grader != second.grader for first, second in pairs) else 1
        return said(agreement([(first.lines, second.lines) for first, second in pairs]), graders)

    # ------------------------------------------------------------------------------------------- what comes next

    def next(self, desk: str, passed: Sequence[str] = ()) -> Reply | None:
        """Return the next card for a desk (a page that is open), and keep it for that; None when nothing is left.

        ``passed`` are cards to leave for later; a card that is open at another desk is left out.
        """
        self._desks.add(desk)
        for _ in range(2 * len(self.cards)):
            held = self.markings.claimed(self.gradebook.db.connection(), desk)
            card = self._choose(*self._read(), {*passed}, held)
            if card is None:
                return None
            kept = self.markings.claim(self.gradebook.db.connection(), desk, self._students(card))
            self.gradebook.db.commit()
            if kept and self._open(card):  # else somebody was quicker since it was chosen
                return self.show(card.id)
        return None

    def _open(self, card: Card) -> bool:
        standings, newest, _ = self._read()
        if card.second:
            return (*self._students(card), True) not in newest
        return any(self._waits(n, standings) for n in card.members)

    def close(self) -> None:
        """Let go of what the pages of this sitting have open, so that others are shown it."""
        self.markings.let_go(self.gradebook.db.connection(), self._desks)
        self.gradebook.db.commit()

    def _students(self, card: Card) -> list[str]:
        return [self.answers[n].student for n in card.members]

    def _choose(
        self,
        standings: Mapping[str, Standing],
        newest: Mapping[tuple[str, bool], Marking],
        every: Sequence[Marking],
        passed: set[str],
        held: set[str],
    ) -> Card | None:
        free = [card for card in self.cards if card.id not in passed and not held.intersection(self._students(card))]
        firsts = [c for c in free if not c.second and any(self._waits(n, standings) for n in c.members)]
        others = {one.grader for one in every} - {self.grader}
        for card in (c for c in free if c.second):
            (student,) = self._students(card)
            first = newest.get((student, False))
            if first is None or (student, True) in newest:
                continue
            since = {one.student for one in every if not one.second and one.at > first.at}
            mine = first.grader == self.grader
            if not firsts or len(since) >= APART and not (mine and others):
                return card
        return firsts[0] if firsts else None

    def show(self, card_id: str) -> Reply:
        """Return a card as the page shows it: the answers that are to be marked, or all of a card that is done.

        A second look shows nothing of the first. Raises Unusable for a card that isn't there.
        """
        card = next((one for one in self.cards if one.id == card_id), None)
        if card is None:
            raise Unusable(f"there is no card {card_id[:20]!r}")
        standings, newest, _ = self._read()
        waiting = [n for n in card.members if self._waits(n, standings)]
        members = card.members if card.second or not waiting else waiting
        first = members[0]
        marked = None if card.second else newest.get((self.answers[first].student, False))
        comment = "" if card.second else self.all.standing(self.answers[first].student).comment
        self.gradebook.db.rollback()
        return {
            "id": card.id,
            "second": card.second,
            "waits": len(waiting),
            "lines": list(marked.lines) if marked else [None] * len(self.lines),
            "comment": marked.comment if marked and marked.comment == comment else comment,
            "answers": [
                {
                    "key": n,
                    "html": self._page(n),
                    "changes": self._changes(first, n) if n != first else "",
                    "turn": self._turn(newest, n, card.second),
                    "manual": standings[self.answers[n].student].manual,
                }
                for n in members
            ],
        }

    def _page(self, n: int) -> str:
        if n not in self._pages:
            self._pages[n] = shown(self.answers[n])
        return self._pages[n]

    def _changes(self, first: int, other: int) -> str:
        one, two = self.answers[first].text, self.answers[other].text
        return "the same" if plain(one) == plain(two) else differences(one, two)

    def _turn(self, newest: Mapping[tuple[str, bool], Marking], n: int, second: bool) -> int:
        marked = newest.get((self.answers[n].student, second))
        return marked.turn if marked else 0

    # ------------------------------------------------------------------------------------------- what was given

    def mark(self, asked: Mapping[str, Any]) -> Reply:
        """Save what a grader gave a card: the lines' points and a comment, for every answer that was shown.

        Returns what to say of it. Raises Unusable for what no page of ours sends, Overtaken, with nothing saved, when
        an answer was marked or handed in anew since it was shown.
        """
        lines, comment, second, shown_then = self._asked(asked)
        rows = [
            Marking(self.answers[n].student, turn + 1, lines, comment, self.grader, self.answers[n].digest, self.rubric,
                    second)
            for n, turn, _ in shown_then
        ]  # fmt: skip
        session = self.gradebook.db
        try:
            self.markings.add(session.connection(), rows)  # takes the database's lock, so what is read below stays
            self._hold(shown_then, second)
            for n, _, _ in shown_then if not second else ():
                self._grade(n, sum(lines), comment)
            session.commit()
        except IntegrityError:
            raise Overtaken("somebody else marked this answer while it was open here; nothing was saved") from None
        finally:
            session.rollback()
        return self._after(shown_then[0][0], lines) if second else {"saved": len(rows), "points": self._points(lines)}

    def _points(self, lines: Sequence[float]) -> float:
        return round(sum(lines) * self.scale, 2)

    def _hold(self, shown_then: Sequence[tuple[int, int, float | None]], second: bool) -> None:
        """Raise Overtaken unless every answer is as it was shown."""
        exercise = self.all.exercise
        with Ledger(self.all.course.db_url) as ledger:
            known = ledger.answers(exercise.part, notebook=exercise.notebook)
        self.gradebook.db.expire_all()
        for n, _, manual in shown_then:
            answer = self.answers[n]
            now = self.all.grade(answer.student).manual_score
            if not second and now != manual:
                raise Overtaken(
                    f"this answer was given {f'{now:g} points' if now is not None else 'no points'} in the gradebook "
                    "while it was open here; nothing was saved"
                )
            if known.get((answer.student, exercise.notebook, self.all.cell), (answer.digest, 0))[0] != answer.digest:
                raise Overtaken("this answer was handed in and graded anew: end the command and start it again")

    def _grade(self, n: int, points: float, comment: str) -> None:
        """Enter points and words as Formgrader does."""
        student = self.answers[n].student
        grade, words = self.all.grade(student), self.all.comment(student)
        grade.manual_score, grade.needs_manual_grade = round(points * self.scale, 2), False
        if words is not None and (comment or words.manual_comment):
            words.manual_comment = comment or None

    def _after(self, n: int, lines: Sequence[float]) -> Reply:
        first = self._read()[1].get((self.answers[n].student, False))
        assert first is not None  # only what was marked is shown again
        off = [
            {"line": k, "first": a, "now": b}
            for k, (a, b) in enumerate(zip(first.lines, lines, strict=True), start=1)
            if a != b
        ]
        card = next(one for one in self.cards if not one.second and n in one.members)
        return {"saved": 1, "differs": off, "card": card.id}

    def _asked(self, asked: Mapping[str, Any]) -> Asked:
        """Return lines, comment, whether it is a second look, and the answers with their turn and points as shown."""
        card = next((one for one in self.cards if one.id == asked.get("id")), None)
        lines, comment, answers = asked.get("lines"), asked.get("comment"), asked.get("answers")
        if card is None or not isinstance(lines, list) or len(lines) != len(self.lines):
            raise Unusable(f"expected a card and points for each of {len(self.lines)} lines")
        for given, item in zip(lines, self.lines, strict=True):
            if isinstance(given, bool) or not isinstance(given, int | float) or given not in item.levels:
                allowed = ", ".join(f"{level:g}" for level in item.levels)
                raise Unusable(f"“{item.text[:40]}” takes {allowed} points; got {given!r}"[:300])
        if not isinstance(comment, str) or len(comment) > LONGEST:
            raise Unusable(f"a comment is text of at most {LONGEST} characters")
        if not isinstance(answers, list) or not answers:
            raise Unusable("expected at least one answer of the card")
        return tuple(map(float, lines)), _storable(comment).strip(), card.second, [_shown(one, card) for one in answers]


def _shown(one: Any, card: Card) -> tuple[int, int, float | None]:
    try:
        key, turn, manual = one["key"], int(one["turn"]), one["manual"]
    except (TypeError, KeyError, ValueError):
        raise Unusable("an answer comes with key, turn and manual") from None
    if key not in card.members or not isinstance(manual, int | float | None):
        raise Unusable("an answer of another card")
    return key, turn, manual


def _storable(text: str) -> str:
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")
