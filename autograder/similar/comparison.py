"""Which answers of a class are alike in what is neither handed out nor common: an inverted index, then few pairs.

A fingerprint that the class was given (skeleton, model answer, references, catalogued answers) or that many answers
hold says nothing about two of them. What is left counts 1 when only the two have it, and less the more others do.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations

from autograder.similar.fingerprints import LENGTH, VIEWS, Fingerprint, fingerprints, grams, views

COMMON_SHARE = 0.05  #: of the class: a fingerprint that more answers hold is an idiom
COMMON_AT_LEAST = 4  #: so many answers may hold a fingerprint in any class, however small
THRESHOLD = 10.0  #: of a pair's score; tests/desk hold it to classes of honest and of copied answers

Known = Mapping[str, Collection[int]]  #: {view: hashes that don't count}
Lines = tuple[dict[int, int], dict[int, int]]  #: for the left and the right source: {line: line of the other}


@dataclass(frozen=True)
class Source:
    """One student's answer to one exercise: the source of each cell that the student wrote or changed."""

    student: str
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        """All cells, one below the other."""
        return "\n\n".join(self.cells)


@dataclass
class Reading:
    """A source's fingerprints by view; ``parsed`` says whether each of its cells is Python that can be parsed."""

    source: Source
    parsed: bool
    prints: dict[str, list[Fingerprint]] = field(repr=False)
    grams: dict[str, set[int]] = field(repr=False)  #: every hash, kept or not: for counting how common one is

    def values(self, view: str) -> set[int]:
        """Return the hashes kept."""
        return {found.value for found in self.prints[view]}


@dataclass(frozen=True)
class Evidence:
    """What two answers share in one view.

    ``weight`` counts the shared fingerprints, each by how few answers hold it; ``share`` is their part of all that is
    the shorter answer's own; ``lines`` holds the lines alike that count, ``common`` those that don't.
    """

    view: str
    weight: float
    share: float
    lines: Lines
    common: Lines

    @property
    def score(self) -> float:
        """Weight times share: long answers share more by chance, short ones all of little."""
        return self.weight * self.share


@dataclass(frozen=True)
class Pair:
    """Two alike answers to one exercise, the students in order of their names."""

    notebook: str
    left: Source
    right: Source
    evidence: tuple[Evidence, ...]

    @property
    def score(self) -> float:
        """The greater of the views' scores."""
        return max(one.score for one in self.evidence)


@dataclass(frozen=True)
class Compared:
    """One exercise: its alike pairs, and how much there was that could be alike."""

    notebook: str
    answers: int
    pairs: tuple[Pair, ...]
    found: int  #: pairs that reach the threshold, listed or not
    unparsed: tuple[str, ...]  #: students whose code doesn't parse: compared by tokens
    own_share: float | None  #: of a typical (median) answer, the part that is neither handed out nor common


def read(source: Source) -> Reading:
    """Return a source's fingerprints. Lines are those of ``source.text``."""
    prints: dict[str, list[Fingerprint]] = {view: [] for view in VIEWS}
    all_grams: dict[str, set[int]] = {view: set() for view in VIEWS}
    parsed, before = True, 0
    for cell in source.cells:
        for view, tokens in views(cell).items():
            if tokens is None:
                parsed = False
                continue
            hashes = grams(tokens, LENGTH[view])
            all_grams[view].update(hashes)
            prints[view] += [
                Fingerprint(found.value, tuple(line + before for line in found.lines))
                for found in fingerprints(tokens, hashes)
            ]
        before += cell.count("\n") + 2
    return Reading(source, parsed, prints, all_grams)


def known(sources: Iterable[str]) -> dict[str, set[int]]:
    """Return every hash in sources that were handed out or that everybody may arrive at."""
    found: dict[str, set[int]] = {view: set() for view in VIEWS}
    for source in sources:
        for view, tokens in views(source).items():
            if tokens is not None:
                found[view].update(grams(tokens, LENGTH[view]))
    return found


def compare(
    notebook: str,
    sources: Iterable[Source],
    given: Known,
    *,
    threshold: float = THRESHOLD,
    common_share: float = COMMON_SHARE,
    most: int = 100,
) -> Compared:
    """Return the pairs of answers to one exercise that reach the threshold, at most ``most``, most alike first.

    Work grows with the number of fingerprints, not with the number of pairs of students: those that many hold are
    dropped first, and only pairs that share a rare one are ever looked at.
    """
    readings = sorted(map(read, sources), key=lambda reading: reading.source.student)
    counts = {view: Counter(value for r in readings for value in r.grams[view]) for view in VIEWS}
    rarity = Rarity(len(readings), max(COMMON_AT_LEAST, int(common_share * len(readings))), counts, given)
    best: dict[tuple[int, int], float] = defaultdict(float)
    for view in VIEWS:
        for pair, score in _scores(readings, view, rarity).items():
            best[pair] = max(best[pair], score)
    alike = sorted((pair for pair in best if best[pair] >= threshold), key=lambda pair: (-best[pair], pair))
    pairs = [_pair(notebook, readings[one], readings[other], rarity) for one, other in alike[:most]]
    unparsed = tuple(reading.source.student for reading in readings if not reading.parsed)
    shares = [share for reading in readings if (share := _own_share(reading, rarity)) is not None]
    return Compared(
        notebook, len(readings), tuple(pairs), len(alike), unparsed, statistics.median(shares) if shares else None
    )


@dataclass(frozen=True)
class Rarity:
    """How much a fingerprint says in a class: ``counts`` has the number of answers that hold each."""

    answers: int
    limit: int  #: what more answers than this hold is an idiom
    counts: Mapping[str, Counter[int]]
    given: Known

    def own(self, view: str, value: int) -> bool:
        """Say whether a fingerprint is neither handed out nor common."""
        return self.counts[view][value] <= self.limit and value not in self.given[view]

    def weight(self, view: str, value: int) -> float:
        """Return 1 for a fingerprint of two answers, less for more: log(answers / holders) over log(answers / 2)."""
        holders = self.counts[view][value]
        return 1.0 if holders <= 2 else math.log(self.answers / holders) / math.log(self.answers / 2)


def _compared(view: str, one: Reading, other: Reading) -> bool:
    """Say whether a view counts for a pair: tokens stand in for the structure of what can't be parsed."""
    parsed = one.parsed and other.parsed
    return view == "wording" or (view == "structure") == parsed


def _scores(readings: Sequence[Reading], view: str, rarity: Rarity) -> dict[tuple[int, int], float]:
    """Return the score of each pair that shares a fingerprint of its own, by the readings' places."""
    own = [{value for value in reading.values(view) if rarity.own(view, value)} for reading in readings]
    holders: dict[int, list[int]] = defaultdict(list)
    for index, values in enumerate(own):
        for value in values:
            if rarity.counts[view][value] > 1:
                holders[value].append(index)
    weights: dict[tuple[int, int], float] = defaultdict(float)
    shared: Counter[tuple[int, int]] = Counter()
    for value in sorted(holders):  # in one order, so that sums are the same to the last bit
        weight = rarity.weight(view, value)
        for pair in combinations(holders[value], 2):
            weights[pair] += weight
            shared[pair] += 1
    return {
        (one, other): weight * shared[one, other] / min(len(own[one]), len(own[other]))
        for (one, other), weight in weights.items()
        if _compared(view, readings[one], readings[other])
    }


def _pair(notebook: str, left: Reading, right: Reading, rarity: Rarity) -> Pair:
    evidence = []
    for view in (view for view in VIEWS if _compared(view, left, right)):
        both = left.values(view) & right.values(view)
        counted = {value for value in both if rarity.own(view, value)}
        own = min(sum(rarity.own(view, value) for value in side.values(view)) for side in (left, right))
        weight = sum(rarity.weight(view, value) for value in sorted(counted))
        evidence.append(
            Evidence(
                view,
                weight,
                len(counted) / own if own else 0.0,
                _lines(left, right, view, counted),
                _lines(left, right, view, both - counted),
            )
        )
    return Pair(notebook, left.source, right.source, tuple(evidence))


def _lines(left: Reading, right: Reading, view: str, values: Collection[int]) -> Lines:
    """Return which line of each side is alike which of the other, for some shared fingerprints."""
    at: tuple[dict[int, tuple[int, ...]], dict[int, tuple[int, ...]]] = ({}, {})
    for found, reading in zip(at, (left, right), strict=True):
        for fingerprint in reading.prints[view]:
            if fingerprint.value in values:
                found.setdefault(fingerprint.value, fingerprint.lines)
    pairs: tuple[dict[int, int], dict[int, int]] = ({}, {})
    for value in at[0]:
        for one, other in zip(at[0][value], at[1][value], strict=True):
            pairs[0].setdefault(one, other)
            pairs[1].setdefault(other, one)
    return pairs


def _own_share(reading: Reading, rarity: Rarity) -> float | None:
    view = "structure" if reading.parsed else "tokens"
    values = reading.values(view)
    return sum(rarity.own(view, value) for value in values) / len(values) if values else None
