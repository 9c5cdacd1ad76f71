"""The signs of derivations against z3, a solver that shares no code with them: over generated pairs, none is false."""

from __future__ import annotations

import ast
import re
from random import Random
from typing import Any

import pytest
import z3

from lrtutorial.formulas.reading import read
from lrtutorial.formulas.relations import relation
from tests.part_a.line_pairs import FAMILIES

PAIRS = 220  #: of each family: some twenty of each shape in it
POSITIVE = {"a", "lambda_max", "lambda_min"}
OPS = {
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


class Oracle:
    """A line as a z3 formula: that every part of it is defined, and that it is true. A root is a letter r, r² = n."""

    def __init__(self) -> None:
        self.letters: dict[str, Any] = {}
        self.given: list[Any] = []

    def holds(self, line: str) -> Any:
        line = re.sub(r"\|([^|]*)\|", r"abs(\1)", line)
        line = re.sub(r"(?<![<>=!])=(?!=)", "==", line)
        defined: list[Any] = []
        said = self.condition(ast.parse(line, mode="eval").body, defined)
        return z3.And(said, *defined)

    def condition(self, node: ast.AST, defined: list[Any]) -> Any:
        if isinstance(node, ast.BoolOp):
            join = z3.And if isinstance(node.op, ast.And) else z3.Or
            return join(*[self.condition(part, defined) for part in node.values])
        if isinstance(node, ast.UnaryOp):
            return z3.Not(self.condition(node.operand, defined))
        assert isinstance(node, ast.Compare)
        sides = [self.number(side, defined) for side in (node.left, *node.comparators)]
        return z3.And(*[OPS[type(op)](a, b) for op, a, b in zip(node.ops, sides, sides[1:], strict=False)])

    def number(self, node: ast.AST, defined: list[Any]) -> Any:
        if isinstance(node, ast.Name):
            return self.letter(node.id)
        if isinstance(node, ast.Constant):
            return z3.RealVal(str(node.value))
        if isinstance(node, ast.UnaryOp):
            return -self.number(node.operand, defined)
        if isinstance(node, ast.Call):
            inner = [self.number(part, defined) for part in node.args]
            if node.func.id == "abs":
                return z3.If(inner[0] < 0, -inner[0], inner[0])
            if node.func.id == "max":
                return z3.If(inner[0] < inner[1], inner[1], inner[0])
            root = z3.Real(f"root{len(self.given)}")
            self.given += [root >= 0, root * root == inner[0]]
            return root
        left, right = self.number(node.left, defined), self.number(node.right, defined)
        if isinstance(node.op, ast.Div):
            defined.append(right != 0)
            return left / right
        if isinstance(node.op, ast.Pow):
            product = left
            for _ in range(int(ast.literal_eval(node.right)) - 1):
                product = product * left
            return product
        if isinstance(node.op, ast.Mult):
            return left * right
        return left + right if isinstance(node.op, ast.Add) else left - right

    def letter(self, name: str) -> Any:
        if name not in self.letters:
            self.letters[name] = z3.Real(name)
            if name in POSITIVE:
                self.given.append(self.letters[name] > 0)
            if {"lambda_max", "lambda_min"} <= self.letters.keys():
                self.given.append(self.letters["lambda_min"] <= self.letters["lambda_max"])
        return self.letters[name]

    def possible(self, *said: Any) -> bool | None:
        solver = z3.Solver()
        solver.set("timeout", 4000)
        solver.add(*self.given, *said)
        answer = solver.check()
        return None if answer == z3.unknown else answer == z3.sat


def sign_by_z3(above: str, below: str) -> str | None:
    oracle = Oracle()
    one, other = oracle.holds(above), oracle.holds(below)
    lost = oracle.possible(one, z3.Not(other))
    if lost is None or lost:
        return "✗" if lost else None
    more = oracle.possible(other, z3.Not(one))
    return None if more is None else "⇒" if more else "⇔"


@pytest.mark.whole  # many seconds
@pytest.mark.parametrize("family", FAMILIES)
def test_no_sign_is_false(family: str) -> None:
    rng = Random(f"lines of {family}")
    pairs = sorted({FAMILIES[family](rng) for _ in range(6 * PAIRS)})
    rng.shuffle(pairs)
    pairs = pairs[:PAIRS]
    wrong, open_, unknown, seen = [], 0, 0, set()
    for above, below in pairs:
        ours = relation(read(above), read(below), (), "x").mark
        theirs = sign_by_z3(above, below)
        seen.add(theirs)
        open_ += ours == "≈"
        unknown += theirs is None
        if ours != "≈" and theirs is not None and ours != theirs:
            wrong.append((above, below, ours, theirs))
    assert not wrong, wrong[:5]
    assert {"⇔", "⇒", "✗"} <= seen
    assert open_ <= 0.03 * len(pairs) and unknown <= 0.01 * len(pairs), (open_, unknown, len(pairs))
    assert len(pairs) == PAIRS
