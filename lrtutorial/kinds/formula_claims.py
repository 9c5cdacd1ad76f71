"""What can be said of a formula that is not right: claims, each tested on the points before it is said.

Work is bounded by counts and operations, never by a clock, so that grading says the same on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, partial

from lrtutorial import formulas as ex
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, misconceptions
from lrtutorial.formulas import repairs
from lrtutorial.kinds import Formula
from lrtutorial.kinds.formula_values import (
    UNDEFINED,
    describe_point,
    read,
    read_point,
    read_value,
    same_outcome,
    same_value_text,
    value_at,
)
from lrtutorial.verdict.claims import Claim, first_that_holds

HINT_WORK = 150_000  #: operations that may go into finding what to say
PAIR_WORK = 40_000  #: and into trying two changes at once: less than 150 ms
BRACKETS = (
    "It looks as if brackets are missing: a fraction line, a power or a root reaches over one thing only, unless "
    "brackets hold several together"
)


@dataclass(frozen=True)
class Case:
    """An answer that is not right, with what it gives and what was right at each point."""

    step: Step
    tree: ex.Tree
    expected: Expected
    yours: Sequence[str]  #: the answer's outcome, as :func:`~lrtutorial.kinds.formula_values.outcome` writes it

    @cached_property
    def kind(self) -> Formula:
        """The step's settings."""
        return Formula.of(self.step)

    @cached_property
    def loose(self) -> bool:
        """Whether the answer holds decimals, and is compared to 9 digits."""
        return ex.inexact(self.tree)

    @cached_property
    def points(self) -> list[dict[str, Fraction]]:
        """The points as numbers."""
        return [read_point(point) for point in self.expected.probes]

    @cached_property
    def floats(self) -> list[dict[str, float]]:
        """The points as floating-point numbers."""
        return [{name: float(value) for name, value in point.items()} for point in self.points]

    @cached_property
    def right(self) -> list[ex.Number]:
        """The right value at each point."""
        return [read_value(value) for value in self.expected.reference]

    @cached_property
    def wrong_at(self) -> list[int]:
        """The points at which the answer is not right."""
        pairs = enumerate(zip(self.yours, self.expected.reference, strict=True))
        return [index for index, (one, other) in pairs if not same_value_text(one, other, self.loose)]

    @cached_property
    def order(self) -> list[int]:
        """All points, those at which the answer fails first: a change that mends nothing is seen at once."""
        return [*self.wrong_at, *(index for index in range(len(self.points)) if index not in set(self.wrong_at))]

    def gives(self, tree: ex.Tree, wanted: Sequence[ex.Number]) -> bool:
        """Say whether a formula has the wanted value at every point."""
        return all(_same(self.at(tree, index), wanted[index], self.loose) for index in self.order)

    def at(self, tree: ex.Tree, index: int) -> object:
        """Return a formula's value at a point, ``"undefined"`` where it has none, None where that is not known."""
        try:
            return value_at(self.step, tree, self.points[index], 5_000)
        except ex.Undefined:
            return UNDEFINED
        except (ex.Undecided, ex.Unreadable):
            return None


def _same(one: object, other: object, loose: bool) -> bool:
    if one is None or isinstance(one, bool | str) or isinstance(other, bool | str):
        return type(one) is type(other) and one == other
    return ex.same_number(one, other, loose)


def _differ(one: object, other: object, loose: bool) -> bool:
    return not _same(one, other, loose)


# ----------------------------------------------------------------------------------------- the mistake


def misconception(case: Case) -> Claim | None:
    """Return the catalogued mistake that gives what the answer gives at every point, if there is one."""
    words = misconceptions(case.step.id)
    for key, theirs in case.expected.outcomes().items():
        if same_outcome(case.yours, theirs, case.loose):
            return Claim(words[key].title + ".", "misconception", {"id": key})
    return None


def missing_brackets(case: Case) -> Claim | None:
    """Return the claim that a pair of brackets would make the answer right, if one does."""
    with ex.at_most(HINT_WORK):
        for mended in repairs.brackets(case.tree):
            if case.gives(mended, case.right):
                words = f"{BRACKETS}. Yours was read as {ex.write(case.tree)}."
                return Claim(words, "mended", {"tree": mended})
    return None


def constant(case: Case) -> Claim | None:
    """Return the claim that the answer is a number where a formula was asked for."""
    if not case.kind.symbols or case.kind.condition or ex.symbols(case.tree) or ex.applied(case.tree):
        return None
    names = ", ".join(map(ex.letter, case.kind.symbols))
    return Claim(f"This is a constant: whatever {names} may be, it stays the same.", "constant")


# --------------------------------------------------------------------------------------- where to look


def where_to_look(case: Case) -> Claim | None:
    """Return what is said of a mistake without a name: the first claim that holds, or None."""
    with ex.at_most(HINT_WORK):
        found = first_that_holds(_everywhere_alike(case)) or first_that_holds(_one_change(case))
    if found:
        return found
    with ex.at_most(PAIR_WORK):
        found = first_that_holds(_two_things(case))
    if found:
        return found
    with ex.at_most(HINT_WORK):
        return first_that_holds(_width(case) if case.kind.condition else special_cases(case))


def _one_change(case: Case) -> Iterator[Claim]:
    for words, mended in repairs.edits(case.tree, case.kind.symbols):
        yield Claim(words, "mended", {"tree": mended}, partial(case.gives, mended, case.right))


def _two_things(case: Case) -> Iterator[Claim]:
    """Yield a change together with a catalogued mistake, then two changes together."""
    known = {key: [read_value(value) for value in theirs] for key, theirs in case.expected.outcomes().items()}
    words = misconceptions(case.step.id)
    first = case.order[0]
    for change, mended in repairs.edits(case.tree, case.kind.symbols):
        value = case.at(mended, first)
        for key, theirs in known.items():
            if _same(value, theirs[first], case.loose) and not _drops_a_symbol(case, mended):
                yield Claim(
                    f"More than one thing is off. {change} With that mended there is still this: {words[key].title}.",
                    "mended to a misconception",
                    {"tree": mended, "id": key},
                    partial(case.gives, mended, theirs),
                )
    for one, other, mended in repairs.pairs(case.tree, case.kind.symbols):
        if _close(case, mended, first):
            yield Claim(
                f"Two things are off. {one} And: {other}",
                "mended",
                {"tree": mended},
                partial(case.gives, mended, case.right),
            )


def _drops_a_symbol(case: Case, mended: ex.Tree) -> bool:
    """Say whether a change took out a symbol: "is β needed?" followed by "β is missing" would help nobody."""
    here = case.points[case.order[0]]
    for name in ex.symbols(case.tree) & set(here):
        if name not in ex.symbols(mended):
            return True
        elsewhere = next((point[name] for point in case.points if point[name] != here[name]), None)
        if case.kind.condition or elsewhere is None:
            continue
        if _same(_there(case, mended, here)[0], _there(case, mended, {**here, name: elsewhere})[0], case.loose):
            return True
    return False


def _close(case: Case, tree: ex.Tree, index: int) -> bool:
    """Say quickly whether a formula may have the right value at a point; the claim's test decides exactly."""
    right = case.right[index]
    if isinstance(right, bool | str):
        return _same(case.at(tree, index), right, case.loose)
    value = ex.approximate(tree, case.floats[index])
    if value is None:
        return _same(case.at(tree, index), right, case.loose)
    near = float(right)
    return abs(value - near) <= 1e-9 * max(abs(near), abs(value))


def _everywhere_alike(case: Case) -> Iterator[Claim]:
    """Yield what is the same at every point: no value, right where there is one, the sign, a factor, an amount."""
    if case.kind.condition:
        return
    pairs = [(read_value(one), right) for one, right in zip(case.yours, case.right, strict=True)]
    nowhere = [index for index, (one, _) in enumerate(pairs) if one == UNDEFINED]
    if nowhere:
        yield from _not_defined(case, pairs, nowhere)
    numbers = [(one, right) for one, right in pairs if UNDEFINED not in (one, right) and right != 0]
    if nowhere or len(numbers) < 3:
        return
    ratios = [ex.real(one) / ex.real(right) for one, right in numbers]
    gaps = [ex.real(one) - ex.real(right) for one, right in numbers]
    first = ratios[0]

    def alike(found: list[object]) -> bool:
        return all(ex.same_number(value, found[0], case.loose) for value in found)

    if alike(ratios) and first != 0 and not ex.same_number(first, ex.real(Fraction(1)), case.loose):
        if ex.same_number(first, ex.real(Fraction(-1)), case.loose):
            yield Claim("The size is right everywhere; look at the sign.", "factor", {"ratio": str(first)})
        else:
            said = f"You are off by the same factor everywhere: yours is {ex.show_number(first)} times the right value."
            yield Claim(said, "factor", {"ratio": str(first)})
    elif alike(gaps) and gaps[0] != 0:
        said = f"You are off by the same amount everywhere: {ex.show_number(gaps[0])}."
        yield Claim(said, "amount", {"gap": str(gaps[0])})


def _not_defined(case: Case, pairs: Sequence[tuple[object, object]], nowhere: Sequence[int]) -> Iterator[Claim]:
    index = nowhere[0]
    why = _why_undefined(case, index)
    if not why:
        return
    if len(nowhere) == len(pairs):
        words = f"Your formula has no value at any of the points tried: {why}."
        yield Claim(words, "undefined", {"points": list(nowhere)})
        return
    elsewhere = [pair for pair in pairs if pair[0] != UNDEFINED]
    at = (
        "at some points"
        if case.expected.secret or not case.points[index]
        else f"at {describe_point(case.points[index])}"
    )
    if all(_same(one, right, case.loose) for one, right in elsewhere):
        words = f"Yours is right where it has a value, but it has none {at}: {why}."
        yield Claim(words, "right where defined", {"points": list(nowhere)})


def _why_undefined(case: Case, index: int) -> str:
    try:
        value_at(case.step, case.tree, case.points[index], 5_000)
    except ex.Undefined as why:
        return str(why)
    except (ex.Undecided, ex.Unreadable):
        pass
    return ""


def _width(case: Case) -> Iterator[Claim]:
    """Yield whether a condition is too wide, too narrow, both, or not defined somewhere."""
    told = [read_value(value) for value in case.yours]
    cases = list(enumerate(zip(told, case.right, strict=True)))
    wide = [index for index, (yours, right) in cases if yours is True and right is False]
    narrow = [index for index, (yours, right) in cases if yours is False and right is True]
    nowhere = [index for index, (yours, _) in cases if yours == UNDEFINED]
    facts = {"wide": wide[:1], "narrow": narrow[:1], "undefined": nowhere[:1]}
    if wide and narrow:
        yield Claim("Your condition admits some values that fail and turns away some that work.", "width", facts)
    elif wide:
        yield Claim("Your condition admits values that fail: it is too wide.", "width", facts)
    elif narrow:
        yield Claim("Your condition turns away values that work: it is too narrow.", "width", facts)
    elif nowhere and (why := _why_undefined(case, nowhere[0])):
        yield Claim(f"Your condition is neither true nor false at some points: {why}.", "width", facts)


def _there(case: Case, tree: ex.Tree, point: Mapping[str, ex.Number]) -> tuple[object, str]:
    """Return a formula's value at a point and what is to be said of it; None when it takes too much work."""
    try:
        return value_at(case.step, tree, point, 5_000), ""
    except ex.Undefined as why:
        return UNDEFINED, f" It has no value there: {why}."
    except (ex.Undecided, ex.Unreadable):
        return None, ""


def special_cases(case: Case) -> list[Claim]:
    """Return the special cases of the step as claims: one holds where the answer gets that case wrong."""
    found: list[Claim] = []
    for words, at, wanted in case.kind.limits:
        put = {name: Fraction(value) for name, value in at.items()}
        for point in case.points[:3]:
            there = {**point, **put}
            meaning = case.kind.meaning
            right = ex.evaluate(read(case.step, wanted), there, meaning(there) if meaning else None)
            value, said = _there(case, case.tree, there)
            if value is None:
                continue
            facts = {"at": {name: str(value) for name, value in there.items()}, "wanted": wanted}
            claim = Claim(words + said, "limit", facts, partial(_differ, value, right, case.loose))
            found.append(claim)
    return found


# ------------------------------------------------------------------------------------- counterexample


def counterexample(case: Case) -> Claim | None:
    """Return the plainest point at which the answer is not right, with both values."""
    explain = case.kind.counterexample
    if explain is None or not case.wrong_at or case.expected.secret:
        return None

    def effort(index: int) -> tuple[bool, int, int]:
        return case.yours[index] == UNDEFINED, sum(map(len, case.expected.probes[index].values())), index

    index = min(case.wrong_at, key=effort)
    yours, right = read_value(case.yours[index]), case.right[index]
    facts = {
        "point": dict(case.expected.probes[index]),
        "yours": case.yours[index],
        "right": case.expected.reference[index],
    }
    if yours != UNDEFINED:
        return Claim(explain(case.points[index], yours, right), "value", facts)
    why = _why_undefined(case, index)
    place = f"at {describe_point(case.points[index])} " if case.points[index] else ""
    should = ("true" if right else "false") if isinstance(right, bool) else ex.show_number(right)
    return Claim(f"{place}yours has no value ({why or 'undefined'}), where {should} is right.", "value", facts)


# ------------------------------------------------------------------------------------- rounded numbers


@dataclass(frozen=True)
class Rounded:
    """A number that was typed as a decimal, with as many significant digits as it was given."""

    value: ex.Number
    digits: int

    @classmethod
    def of(cls, tree: ex.Tree) -> Rounded | None:
        """Return the decimal that an answer consists of; None for a whole number, a fraction or a formula."""
        if tree[0] == "mul" and len(tree) == 3 and tree[1] == ["number", "-1"] and tree[2][0] == "float":
            inner = cls.of(tree[2])
            return inner and cls(-inner.value, inner.digits)
        if tree[0] != "float":
            return None
        mantissa = tree[1].lower().partition("e")[0].replace(".", "").lstrip("-0")
        return cls(ex.evaluate(tree, {}), len(mantissa)) if mantissa else None

    def off(self, exact: object) -> ex.Number:
        """Return by how many units of its last digit this differs from ``exact``, rounded to as many digits."""
        mp = ex.mpmath_context()
        unit = unit_of(exact, self.digits)
        return abs(ex.real(self.value) - mp.floor(ex.real(exact) / unit + mp.mpf(1) / 2) * unit) / unit

    def rounds(self, exact: object) -> bool:
        """Say whether this is ``exact``, rounded to the digits this one has (a half may go either way)."""
        if isinstance(exact, bool | str) or exact == 0:
            return False
        distance = abs(ex.real(self.value) - ex.real(exact)) / unit_of(exact, self.digits)
        return bool(distance <= ex.mpmath_context().mpf("0.500000001"))


def unit_of(exact: object, digits: int) -> ex.Number:
    """Return one unit in the last of the first ``digits`` significant digits of a number that is not 0."""
    mp = ex.mpmath_context()
    return mp.mpf(10) ** (mp.floor(mp.log10(abs(ex.real(exact)))) + 1 - digits)


def rounded_misconception(case: Case, number: Rounded) -> Claim | None:
    """Return the one catalogued mistake that the number is a rounding of, if it has two digits or more."""
    if case.kind.symbols or number.digits < 2:
        return None
    near = [key for key, theirs in case.expected.outcomes().items() if number.rounds(read_value(theirs[0]))]
    if len(near) != 1:
        return None
    title = misconceptions(case.step.id)[near[0]].title
    return Claim(f"{title}.", "rounded misconception", {"id": near[0], "digits": number.digits})
