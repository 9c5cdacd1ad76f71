"""Whatever a verdict says is so: thousands of wrong answers, every claim evaluated anew by SymPy.

The oracle shares no code with the judge: it has its own way from a tree to SymPy, the catalogue's SymPy references,
and points of its own.
"""

from __future__ import annotations

import functools
import random
from fractions import Fraction

import pytest
import sympy

from autograder.catalogue import as_answers, public_expectations, questions
from lrtutorial import formulas as ex
from lrtutorial.course import find_step, steps
from lrtutorial.kinds import Formula

STEPS = [step for step in questions() if step in steps() and isinstance(find_step(step).kind, Formula)]
DRAWS = 24  #: answers of each step: its catalogued mistakes, and mutants; together they meet every sort of claim


# ------------------------------------------------------------------------------------------ the oracle


def truth(tree: list, point: dict[str, Fraction]) -> bool | None:
    """Whether a condition holds at a point, by Python's logic over SymPy's numbers; None where it is not defined."""
    kind, *parts = tree
    if kind in ("and", "or"):
        found = [truth(part, point) for part in parts]
        return None if None in found else (all if kind == "and" else any)(found)
    if kind == "not":
        inner = truth(parts[0], point)
        return None if inner is None else not inner
    if kind == "interval":
        return truth(["contains", ["symbol", "eta"], tree], point)
    if kind == "contains":
        here = value(parts[0], point)
        (flags, *ends) = parts[1][1:]
        low, high = (value(end, point) for end in ends)
        above = here > low if flags[0] == "o" else here >= low
        return bool(above and (here < high if flags[1] == "o" else here <= high))
    left, right = value(parts[1], point), value(parts[2], point)
    if left is None or right is None:
        return None
    gap = sympy.sign(left - right if left.is_Rational and right.is_Rational else (left - right).evalf(40))
    signs = {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0), "==": (0,), "!=": (-1, 1)}
    return int(gap) in signs[parts[0]]


def value(tree: list, point: dict[str, Fraction]) -> sympy.Basic | None:
    """A formula's value at a point in SymPy's numbers, step by step in the reals; None where it has none."""
    kind, *parts = tree
    if kind in ("number", "float"):
        return sympy.Rational(parts[0])
    if kind == "symbol":
        return sympy.Rational(point[parts[0]].numerator, point[parts[0]].denominator)
    if kind == "constant":
        return {"pi": sympy.pi, "e": sympy.E, "oo": sympy.oo, "-oo": -sympy.oo}[parts[0]]
    if kind == "sum":
        return series(parts, point)
    found = [value(part, point) for part in parts if isinstance(part, list)]
    if any(one is None for one in found):
        return None
    if kind in ("add", "mul"):
        return shorter((sympy.Add if kind == "add" else sympy.Mul)(*found))
    if kind == "pow":
        return shorter(power(*found))
    made = {
        "abs": abs,
        "sign": sympy.sign,
        "max": sympy.Max,
        "min": sympy.Min,
        "exp": sympy.exp,
        "sqrt": lambda x: power(x, sympy.S.Half),
    }
    if parts[0] == "log":
        return shorter(sympy.log(found[0])) if found[0] > 0 else None
    return shorter(made[parts[0]](*found))


def power(base: sympy.Basic, exponent: sympy.Basic) -> sympy.Basic | None:
    if (base == 0 and exponent < 0) or (base < 0 and not exponent.is_Integer):
        return None
    return base**exponent


def shorter(number: sympy.Basic | None) -> sympy.Basic | None:
    return number if number is None or number.is_Rational else number.evalf(45)


def series(parts: list, point: dict[str, Fraction]) -> sympy.Basic | None:
    index, low, high, body = parts
    start = int(value(low, point))
    endless = high == ["constant", "oo"]
    end = start + 400 if endless else int(value(high, point))  # 0.9^400 is below 1e-18
    found = [value(body, {**point, index: Fraction(at)}) for at in range(start, end + 1)]
    return None if None in found else shorter(sympy.Add(*found))


def same(one: sympy.Basic | None, other: sympy.Basic | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(abs(one - other) <= sympy.Float(10, 30) ** -15 * max(1, abs(one), abs(other)))


@functools.cache
def own_points(step_id: str) -> tuple[dict[str, Fraction], ...]:
    """Points of the oracle's own: primes over primes, t and k whole."""
    rng, points = random.Random(step_id), []
    for _ in range(5):
        point = {}
        for name in sorted({"eta", *Formula.of(find_step(step_id)).symbols}):
            point[name] = Fraction(rng.choice([17, 19, 23, 29]), rng.choice([31, 37, 41]))
            if name in ("t", "k"):
                point[name] = Fraction(rng.randint(2, 5))
            elif name in ("lambda_max", "kappa"):
                point[name] *= 5
        points.append(point)
    if Formula.of(find_step(step_id)).condition:
        edge = 2 / points[0].get("a", points[0].get("lambda_max", Fraction(1)))
        points += [{**points[0], "eta": spot} for spot in (Fraction(0), edge, edge / 3, edge * 5 / 6, 2 * edge, -edge)]
    return tuple(points)


@functools.cache
def reference(step_id: str) -> list:
    step = find_step(step_id)
    answer = as_answers(step, questions()[step_id].reference, None)
    return step.collect(answer)["tree"]


def equal(step_id: str, one: list, other: list) -> bool:
    """Whether two trees are the same at the oracle's own points."""
    measure = truth if Formula.of(find_step(step_id)).condition else value
    found = [(measure(one, point), measure(other, point)) for point in own_points(step_id)]
    return all(a == b if isinstance(a, bool) or isinstance(b, bool) else same(a, b) for a, b in found)


# ------------------------------------------------------------------------------ what each claim states


def mended(step_id, tree, facts):
    return equal(step_id, facts["tree"], reference(step_id))


def mended_to_a_misconception(step_id, tree, facts):
    return equal(step_id, facts["tree"], catalogued(step_id, facts["id"]))


@functools.cache
def catalogued(step_id, key):
    step = find_step(step_id)
    answer = next(m.answer for m in questions()[step_id].misconceptions if m.id == key)
    return ex.right_hand_side(step.collect(as_answers(step, answer, None))["tree"])


def misconception(step_id, tree, facts):
    return equal(step_id, tree, catalogued(step_id, facts["id"]))


def rounded_misconception(step_id, tree, facts):
    theirs = value(catalogued(step_id, facts["id"]), {})
    return sympy.Float(str(theirs.evalf(30)), facts["digits"]).equals(
        sympy.Float(str(value(tree, {}).evalf(30)), facts["digits"])
    )


def constant(step_id, tree, facts):
    return len({value(tree, point) for point in own_points(step_id)}) == 1


def factor(step_id, tree, facts):
    ratio = sympy.Float(facts["ratio"], 30)
    found = [(value(tree, point), value(reference(step_id), point)) for point in own_points(step_id)]
    return abs(ratio - 1) > 1e-9 and all(same(sympy.Float(one, 30), other * ratio) for one, other in found)


def amount(step_id, tree, facts):
    gap = sympy.Float(facts["gap"], 30)
    found = [(value(tree, point), value(reference(step_id), point)) for point in own_points(step_id)]
    return all(same(sympy.Float(one, 30), other + gap) for one, other in found)


def probe(step_id, index):
    return {name: Fraction(text) for name, text in public_expectations(step_id).probes[index].items()}


def undefined(step_id, tree, facts):
    return all(value(tree, probe(step_id, index)) is None for index in facts["points"])


def right_where_defined(step_id, tree, facts):
    if not undefined(step_id, tree, facts):
        return False
    found = [(value(tree, point), value(reference(step_id), point)) for point in own_points(step_id)]
    return all(one is None or same(one, other) for one, other in found)


def width(step_id, tree, facts):
    right = reference(step_id)
    wide = all(
        truth(tree, probe(step_id, at)) is True and truth(right, probe(step_id, at)) is False for at in facts["wide"]
    )
    narrow = [(truth(tree, probe(step_id, at)), truth(right, probe(step_id, at))) for at in facts["narrow"]]
    nowhere = all(truth(tree, probe(step_id, at)) is None for at in facts["undefined"])
    return wide and narrow in ([], [(False, True)]) and nowhere


def limit(step_id, tree, facts):
    point = {name: Fraction(text) for name, text in facts["at"].items()}
    wanted = ex.read_text(facts["wanted"], Formula.of(find_step(step_id)).symbols, ("g_seq",))
    return not same(value(tree, point), value(wanted, point)) and same(
        value(reference(step_id), point), value(wanted, point)
    )


def shown_value(step_id, tree, facts):
    point = {name: Fraction(text) for name, text in facts["point"].items()}
    for which, formula in (("yours", tree), ("right", reference(step_id))):
        if Formula.of(find_step(step_id)).condition:
            found = truth(formula, point)
            told = {"true": True, "false": False, "undefined": None}[facts[which]]
            if found != told:
                return False
        elif facts[which] == "undefined":
            if value(formula, point) is not None:
                return False
        elif not same(
            value(formula, point),
            sympy.Rational(facts[which]) if "/" in facts[which] else sympy.Float(facts[which], 40),
        ):
            return False
    return True


def other_form(step_id, tree, facts):
    return bool(ex.symbols(ex.right_hand_side(tree))) and ex.symbols(ex.right_hand_side(tree)) <= set(facts["symbols"])


ORACLE = {
    "mended": mended,
    "mended to a misconception": mended_to_a_misconception,
    "misconception": misconception,
    "rounded misconception": rounded_misconception,
    "constant": constant,
    "factor": factor,
    "amount": amount,
    "undefined": undefined,
    "right where defined": right_where_defined,
    "width": width,
    "limit": limit,
    "value": shown_value,
    "other form": other_form,
}


# ------------------------------------------------------------------------------------- wrong answers


def mutated(rng: random.Random, tree: list, symbols: tuple[str, ...]) -> list:
    """The tree with one part changed at random."""
    places = []

    def walk(node, path):
        places.append(path)
        for index, child in enumerate(node):
            if isinstance(child, list):
                walk(child, (*path, index))

    walk(tree, ())
    path = rng.choice(places)

    def change(node):
        if node[0] in ("relation", "and", "or", "not", "interval", "contains"):
            if node[0] == "relation":
                return ["relation", rng.choice(["<", "<=", ">", ">="]), *node[2:]]
            return ["or" if node[0] == "and" else "and", *node[1:]] if node[0] in ("and", "or") else node
        other = ["symbol", rng.choice(symbols)] if symbols and rng.random() < 0.6 else ["number", rng.choice("1235")]
        return rng.choice(
            [
                other,
                ["mul", ["number", "-1"], node],
                ["mul", other, node],
                ["add", other, node],
                ["pow", node, ["number", rng.choice(["2", "-1", "1/2"])]],
                ["mul", node, ["pow", other, ["number", "-1"]]],
                ["function", rng.choice(["abs", "sqrt", "exp"]), node],
                node[1] if len(node) > 1 and isinstance(node[1], list) else other,
            ]
        )

    def put(node, path):
        if not path:
            return change(node)
        return [put(child, path[1:]) if index == path[0] else child for index, child in enumerate(node)]

    return put(tree, path)


def wrong_answers(step_id: str) -> list[list]:
    rng, step = random.Random(f"wrong {step_id}"), find_step(step_id)
    symbols = tuple(name for name in step.kind.symbols if name != "t" or rng.random() < 0.7)
    seeds = [ex.right_hand_side(reference(step_id))] * 3
    seeds += [catalogued(step_id, m.id) for m in questions()[step_id].misconceptions]
    found = list(seeds[3:])
    while len(found) < DRAWS:
        tree = rng.choice(seeds)
        for _ in range(rng.choice([1, 1, 2, 3])):
            tree = mutated(rng, tree, symbols)
        found.append(tree)
    return found


@pytest.mark.whole
@pytest.mark.parametrize("step_id", [step for step in STEPS if step != "a2-velocity"])
def test_every_claim_of_a_verdict_on_a_wrong_answer_is_true(step_id) -> None:
    step, expected = find_step(step_id), public_expectations(step_id)
    claims = 0
    for tree in wrong_answers(step_id):
        verdict = step.judge({"kind": "formula", "tree": tree}, expected)
        for claim in verdict.claims:
            if claim.states in ("rounded too far", "last digit", "follows"):
                continue
            claims += 1
            assert ORACLE[claim.states](step_id, ex.right_hand_side(tree), claim.facts), (ex.write(tree), claim)
            assert claim.words in (verdict.headline, verdict.hint, verdict.counterexample), claim
    assert claims > DRAWS / 2
