"""Pairs of lines as a student writes them, in ten families: some go together, some hold a slip."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
ORDERS = ("<", "<=", ">", ">=")
Pair = tuple[str, str]


def number(rng: Random, low: int = -6, high: int = 6) -> str:
    """A whole number, a fraction or a decimal; in brackets when it is negative."""
    value = rng.choice([n for n in range(low, high + 1) if n])
    text = rng.choice([str(value), str(value), f"{value}/{rng.randint(2, 5)}", f"{value}.{rng.randint(0, 99)}"])
    return f"({text})" if value < 0 else text


def op(rng: Random) -> str:
    return rng.choice(ORDERS)


def slip(rng: Random, sign: str) -> str:
    """Mostly the same sign; sometimes turned, or with its border in or out."""
    other = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "=": "!=", "!=": "="}
    return rng.choice([sign, sign, sign, TURNED[sign], other[sign]])


def sum_of(rng: Random, *parts: str) -> str:
    parts = tuple(rng.sample(parts, len(parts)))
    return " + ".join(parts)


def linear(rng: Random) -> Pair:
    p, q, r, sign, s = number(rng), number(rng), number(rng), op(rng), rng.randint(2, 4)
    first = f"{p}*x + {q} {sign} {r}"
    return first, rng.choice(
        [
            f"{s}*{p}*x + {s}*{q} {slip(rng, sign)} {s}*{r}",
            f"{p}*x {slip(rng, sign)} {r} - {q}",
            f"-{p}*x - {q} {TURNED[slip(rng, sign)]} -{r}",
            f"x {slip(rng, sign if not p.startswith('(') else TURNED[sign])} ({r} - {q})/{p}",
            f"x {sign} {number(rng)}",
            f"{r} - {q} {TURNED[slip(rng, sign)]} {p}*x",
        ]
    )


def with_parameters(rng: Random) -> Pair:
    m, c, sign = rng.choice(["a", "a", "b", "lambda_max", "lambda_min", "b**2", "(b - c)"]), number(rng, 1), op(rng)
    base, _most = f"{m}*x {sign} {c}", rng.choice(["lambda_max", "lambda_min"])
    return rng.choice(
        [
            (base, f"x {slip(rng, sign)} {c}/{m}"),
            (base, f"{c}/{m} {TURNED[slip(rng, sign)]} x"),
            (base, f"-{m}*x {TURNED[slip(rng, sign)]} -{c}"),
            (base, f"{m}*x + b {slip(rng, sign)} {c} + b"),
            (f"b*x {sign} c", f"x {slip(rng, sign)} c/b"),
            (f"x + b {sign} c", f"x {slip(rng, sign)} c - b"),
            (
                f"0 < x*lambda_max < {c} and 0 < x*lambda_min < {c}",
                f"0 < x < {c}/{rng.choice(['lambda_max', 'lambda_min'])}",
            ),
            (f"x {sign} {c}/a", f"a*x {slip(rng, sign)} {c}"),
            (f"b > 0 and b*x {sign} {c}", f"b > 0 and x {slip(rng, sign)} {c}/b"),
        ]
    )


def absolute(rng: Random) -> Pair:
    p, q, r = number(rng), number(rng), number(rng, -1)
    sign = rng.choice(["<", "<=", ">", ">="])
    strict = "" if len(sign) == 1 else "="
    inner = f"{p}*x + {q}"
    other = rng.choice(["", "", "", "="])
    return rng.choice(
        [
            (f"|{inner}| {sign} {r}", f"-{r} <{other} {inner} <{strict} {r}"),
            (f"|{inner}| {sign} {r}", f"{inner} >{other} {r} or {inner} <{strict} -{r}"),
            (f"|{inner}| {sign} {r}", f"({inner})**2 {slip(rng, sign)} ({r})**2"),
            (f"|{inner}| {sign} {r}", f"|-{p}*x - {q}| {slip(rng, sign)} {r}"),
            (f"|{inner}| {sign} {r}", f"{inner} {sign} {r}"),
            (f"|x - {q}| + |x + {p}| {sign} {r}", f"|x + {p}| {slip(rng, sign)} {r} - |x - {q}|"),
            (f"|1 - a*x| {sign} {r}", f"-{r} <{other} 1 - a*x <{strict} {r}"),
            (f"max(x, {q}) {sign} {r}", f"x {slip(rng, sign)} {r} and {q} {sign} {r}"),
            (f"|x| {sign} |x - {q}|", f"x**2 {slip(rng, sign)} (x - {q})**2"),
        ]
    )


def squares(rng: Random) -> Pair:
    n, m, sign = rng.randint(1, 4), rng.randint(1, 5), op(rng)
    return rng.choice(
        [
            (f"x**2 {sign} {n * n}", f"|x| {slip(rng, sign)} {n}"),
            (f"x**2 {sign} {n * n}", f"-{n} <{rng.choice(['', '='])} x <{rng.choice(['', '='])} {n}"),
            (f"x**2 {sign} {n * n}", f"x {slip(rng, sign)} {n}"),
            (f"(x - {m})**2 {sign} {n * n}", f"x**2 - {2 * m}*x + {m * m} {slip(rng, sign)} {n * n}"),
            (f"(x - {m})**2 {sign} {n * n}", f"{m - n} < x < {m + n}"),
            (f"x**2 + {m} {sign} {m - n}", rng.choice(["x = x", "x**2 < -1", "x > 0"])),
            (f"x**2 {sign} {m}", f"|x| {slip(rng, sign)} sqrt({m})"),
            (f"x**2 {sign} b", f"x {slip(rng, sign)} b"),
            (f"(x + b)**2 {sign} {n * n}", f"|x + b| {slip(rng, sign)} {n}"),
            (f"x**3 {sign} {n**3}", f"x {slip(rng, sign)} {n}"),
            (f"x**4 {sign} {n}", f"x**2 {slip(rng, sign)} sqrt({n})"),
        ]
    )


def products(rng: Random) -> Pair:
    n, m = sorted(rng.sample(range(-4, 5), 2))
    sign = op(rng)
    end = "" if len(sign) == 1 else "="
    return rng.choice(
        [
            (f"(x - ({n}))*(x - ({m})) {sign} 0", f"{n} <{end} x <{rng.choice([end, '', '='])} {m}"),
            (f"(x - ({n}))*(x - ({m})) {sign} 0", f"x <{end} {n} or x >{end} {m}"),
            (f"(x - ({n}))*(x - ({m})) {sign} 0", f"x**2 {slip(rng, sign)} {n + m}*x - ({n * m})"),
            (f"x*(x - ({m})) {sign} 0", f"x {slip(rng, sign)} {m}"),
            (f"x*(x - b) {sign} 0", f"x**2 {slip(rng, sign)} b*x"),
            (f"x*(a*x - 2) {sign} 0", f"0 <{end} x <{end} 2/a"),
            (f"(x - b)*(x - c) {sign} 0", f"b <{end} x <{end} c or c <{end} x <{end} b"),
            (f"x*y {sign} 0", f"x {sign} 0 and y > 0 or x {TURNED[sign]} 0 and y < 0"),
            (f"x**2*(x - ({n})) {sign} 0", f"x {slip(rng, sign)} {n}"),
        ]
    )


def chains(rng: Random) -> Pair:
    low, width, f, c = rng.randint(-4, 3), rng.randint(1, 5), rng.randint(2, 4), rng.randint(1, 3)
    one, two = rng.choice(["<", "<="]), rng.choice(["<", "<="])
    high = low + width
    first = f"{low} {one} x {two} {high}"
    flip = {"<": ">", "<=": ">="}
    return rng.choice(
        [
            (first, f"{low + c} {one} x + {c} {rng.choice([two, '<', '<='])} {high + c}"),
            (first, f"{f * low} {one} {f}*x {rng.choice([two, '<'])} {f * high}"),
            (first, f"{-high} {two} -x {one} {-low}"),
            (first, f"{-low} {flip[one]} -x {flip[two]} {-high}"),
            (first, f"{-low} {one} -x {two} {-high}"),
            (first, f"x {two} {high} and x {flip[one]} {low}"),
            (first, f"x {two} {high}"),
            (first, f"{low} {one} x {two} {high + c}"),
            (f"-{c} {one} 1 - a*x {two} {c}", f"{-c - 1} {one} -a*x {two} {c - 1}"),
            (f"0 {one} a*x {two} {c}", f"0 {one} x {two} {c}/a"),
            (f"b {one} x {two} c", f"0 {one} x - b {two} c - b"),
        ]
    )


def joined(rng: Random) -> Pair:
    parts = [f"{rng.choice(['x', 'x', 'y', 'x + y'])} {op(rng)} {rng.randint(-3, 3)}" for _ in range(3)]
    p, q, r = parts
    flipped = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
    left, sign, right = p.rsplit(" ", 2)
    return rng.choice(
        [
            (f"{p} and {q}", f"{q} and {p}"),
            (f"{p} and ({q} or {r})", f"{p} and {q} or {p} and {r}"),
            (f"{p} or {q} and {r}", f"({p} or {q}) and ({p} or {r})"),
            (f"{p} and {q}", f"{p} or {q}"),
            (f"{p} or {q}", f"{q}"),
            (f"{p} and {q}", f"{q}"),
            (f"not ({p})", f"{left} {rng.choice([flipped[sign], TURNED[sign]])} {right}"),
            (f"not ({p} and {q})", f"not ({p}) or not ({q})"),
            (f"not ({p} or {q})", rng.choice([f"not ({p}) and not ({q})", f"not ({p}) or not ({q})"])),
            (f"{p} and {q} or {r}", f"{p} and ({q} or {r})"),
            (p, f"{p} or 1/(x - {rng.randint(0, 3)}) > y"),
            (f"{p} or 1/b > 1", rng.choice([f"1/b > 1 or {p}", p, f"{p} or b < 1"])),
            (f"not ({p} and 1/y > 1)", f"not ({p}) or y > 1"),
        ]
    )


def fractions(rng: Random) -> Pair:
    n, m, sign = rng.randint(1, 5), rng.randint(1, 4), op(rng)
    return rng.choice(
        [
            (f"{n}/x {sign} {m}", f"x {slip(rng, TURNED[sign])} {n}/{m}"),
            (f"{n}/x {sign} {m}", f"{n} {slip(rng, sign)} {m}*x"),
            (f"{n}/x {sign} {m}", f"x > 0 and x {slip(rng, TURNED[sign])} {n}/{m} or x < 0"),
            (f"{n}/x {sign} {m}", f"x*({n} - {m}*x) {slip(rng, sign)} 0"),
            (f"1/x {sign} 0", f"x {slip(rng, sign)} 0"),
            (f"x/x {rng.choice(['=', '<='])} 1", rng.choice(["x = x", "x != 0", "x**2 > 0"])),
            (f"(x - {n})/(x + {m}) {sign} 0", f"(x - {n})*(x + {m}) {slip(rng, sign)} 0"),
            (f"(x**2 - {n * n})/(x - {n}) {sign} {m}", f"x + {n} {slip(rng, sign)} {m}"),
            (f"x > 0 and {n}/x {sign} {m}", f"x > 0 and x {slip(rng, TURNED[sign])} {n}/{m}"),
            (f"x/a {sign} {n}", f"x {slip(rng, sign)} {n}*a"),
            (f"x/b {sign} {n}", f"x {slip(rng, sign)} {n}*b"),
            (f"1/(1 + x**2) {sign} 1/{n + 1}", f"x**2 {TURNED[slip(rng, sign)]} {n}"),
        ]
    )


def equalities(rng: Random) -> Pair:
    n, m = rng.randint(-7, 7), rng.randint(1, 7)
    same = rng.choice(["=", "=", "=", "!="])
    return rng.choice(
        [
            (f"x {same} {n}", f"{m}*x {slip(rng, same)} {m * n}"),
            (f"x = {n}", f"x**2 = {n * n}"),
            (f"x**2 = {m * m}", f"x = {m} or x = -{m}"),
            (f"x**2 = {m}", f"x = sqrt({m}) or x = -sqrt({m})"),
            (f"x != {n}", f"x < {n} or x > {n}"),
            (f"(x - {n})*(x - {m}) {same} 0", f"x {same} {n} {rng.choice(['or', 'and'])} x {same} {m}"),
            (f"x = {m} + b*x", f"x = {m}/(1 - b)"),
            (f"a*x {same} {n}", f"x {same} {n}/a"),
            (f"x + y {same} {n}", f"y {slip(rng, same)} {n} - x"),
            (f"|x| {same} {m}", f"x**2 {slip(rng, same)} {m * m}"),
            (f"x = {n}*y", f"x**2 = {n * n}*y**2"),
            (f"b*x {same} b*{m}", f"x {same} {m}"),
            (f"x**2 + {m}*y**2 = 0", "x = 0 and y = 0"),
        ]
    )


def near_misses(rng: Random) -> Pair:
    n, sign = rng.randint(1, 6), op(rng)
    close = rng.choice(["3.999", "4.0001", "4.000", "12/3", "4 - 1/10**9", "4", f"{rng.randint(2, 9)}999/2500"])
    k = rng.randint(2, 9)
    root = rng.choice(["1.41421356", "1.41421357", "sqrt(2)", "sqrt(8)/2", "99/70", "2/sqrt(2)"])
    border = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}[sign]
    return rng.choice(
        [
            (f"{k}*x {sign} {4 * k}", f"x {sign} {close}"),
            (f"2*x - {k} {sign} {8 - k}", f"x {rng.choice([sign, border])} {close}"),
            (f"x**2 {sign} 2 and x > 0", f"x {sign} {root} and x > 0"),
            ("0 < x < sqrt(2)", f"0 < x < {root}"),
            (f"x {sign} {n}/3", f"x {sign} {rng.choice([round(n / 3, 4), round(n / 3, 9), f'2*{n}/6'])}"),
            (f"|x| {sign} {n}", f"|x| {border} {n}"),
            (f"{k}*a*x {sign} {4 * k}", f"x {sign} {close}/a"),
            (f"0 < x < {n}", f"0 < x < {n} and x != {rng.choice([n, n - 1, 0])}"),
            (f"x**2 - 2*x + 1 {sign} 0", rng.choice(["x = 1", "x != 1", "x = x", "x**2 < 0", "x > 1"])),
            (f"x**3 {sign} 2", f"x {sign} {rng.choice(['1.26', '1.25992105', '1.2599211'])}"),
            (
                f"x {sign} sqrt(2) + sqrt(3)",
                f"x {sign} {rng.choice(['3.14626437', '3.1462643699419723'])}",
            ),
        ]
    )


FAMILIES: dict[str, Callable[[Random], Pair]] = {
    "linear": linear,
    "with parameters": with_parameters,
    "absolute values": absolute,
    "squares": squares,
    "products": products,
    "chains": chains,
    "and, or, not": joined,
    "fractions": fractions,
    "equalities": equalities,
    "near misses": near_misses,
}
