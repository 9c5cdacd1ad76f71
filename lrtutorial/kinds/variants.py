"""Optimizers in pieces, and many variants of one run at once: what a mistake in one piece, or in two, would give.

A step is a chain of named values, each an expression over those before it: the settings ``lr``, ``b1``, ``b2``,
``eps``; the gradient ``g``; the count ``t``; the moments ``m1`` and ``v1`` from the stored ``m`` and ``v``; the same
corrected, ``mh`` and ``vh``; a maximum ``w1``; the direction ``d``; the step ``s`` along it, its sign and whether it is
taken at all, ``way``, what is taken off beside it, ``shrink``, and all that is subtracted, ``dx``; what is stored,
``sm`` and ``sv``. The finer the pieces, the more pairs of mistakes can be told: two that change one value can't.
A mistake gives some of these another expression. A *variant* is a tuple of forms of mistakes in one of ``FAMILIES``;
:func:`simulate` runs hundreds side by side, a row of each array a variant, so that pairs of mistakes are compared with
an answer's numbers within a blink.

Beside these names an expression may use ``x`` (the parameter), ``i`` of ``n`` (which one it is), ``lr0`` (the rate at
the beginning), ``since`` (steps since the rate was last set) and ``given`` (the settings that were passed in).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from types import CodeType
from typing import Any

import numpy as np

Array = np.ndarray
Form = Mapping[str, str]  #: {value: expression}
Variant = tuple[Form, ...]
SETTINGS = ("lr", "b1", "b2", "eps")
CHAIN = ("g", "t", "shared", "m1", "v1", "mh", "vh", "w1", "d", "s", "way", "shrink", "dx", "sm", "sv")
NARROW = {*SETTINGS, "t", "shared", "way"}  #: one number a variant, not one an entry

RIGHT: Form = {
    **{name: name for name in (*SETTINGS, "g", "t")},
    "shared": "0", "m1": "0", "v1": "0", "mh": "m1", "vh": "v1", "w1": "0", "d": "g", "s": "lr*d",
    "way": "1", "shrink": "0", "dx": "way*s + shrink", "sm": "m1", "sv": "v1",
}  # fmt: skip
FAMILIES: dict[str, Form] = {
    "sgd": RIGHT,
    "momentum": {**RIGHT, "m1": "b1*m + g", "d": "mh"},
    "rmsprop": {**RIGHT, "v1": "b2*v + (1-b2)*g**2", "d": "g/(sqrt(vh)+eps)"},
    "adam": {
        **RIGHT,
        "m1": "b1*m + (1-b1)*g",
        "v1": "b2*v + (1-b2)*g**2",
        "mh": "m1/(1-b1**t)",
        "vh": "v1/(1-b2**t)",
        "d": "mh/(sqrt(vh)+eps)",
    },
}


@dataclass(frozen=True)
class Change:
    """A mistake in one piece: ``breaks`` says of what (a word for points); ``forms`` are ways to make it."""

    breaks: str
    forms: tuple[Form, ...]


def _ways(breaks: str, name: str, *expressions: str) -> Change:
    return Change(breaks, tuple({name: expression} for expression in expressions))


def _constants(breaks: str, name: str, *values: float) -> Change:
    return _ways(breaks, name, *map(repr, values))


def _defaults(**values: Sequence[float]) -> Change:
    forms = tuple({name: f"{name} if '{name}' in given else {c!r}"} for name, many in values.items() for c in many)
    return Change("default", forms)


RATES = (0.01, 0.001, 0.05, 0.1, 0.5, 0.02, 0.2)  #: that are found written into code
SMALL = (0.1, 0.01, 0.001, 0.0001, 0.0005)  #: weights of a decay that are found written into code
COUNTS = ("since", "(t-1)", "t")
ANY = {  # in every family
    "ascends": _ways("step", "way", "-1"),
    "no_rate": Change("step", ({"s": "d"}, {"lr": "1.0"})),
    "rate_squared": _ways("step", "s", "lr*lr*d"),
    "fixed_rate": _ways("step", "lr", *(f"{c}{until}" for c in RATES for until in ("", " if lr == lr0 else lr"))),
    "frozen_rate": _ways("rate", "lr", "lr0"),
    "sign": _ways("step", "g", "sign(g)"),
    "normalized": _ways("step", "g", "g/norm(g)"),
    "mean": _ways("step", "g", "mean(g) + 0*g"),
    "decays": _ways(
        "step", "s", *(f"lr*{f}**{p}*d" for f in (0.99, 0.9, 0.95, 0.999) for p in COUNTS), "lr*d/t", "lr*d/sqrt(t)"
    ),
    "shrinks": Change(
        "step",
        (
            {"shrink": "lr*x"},
            *({"shrink": f"{c}*{x}"} for c in SMALL for x in ("lr*x", "x")),
            *({"g": f"g + {c}*x"} for c in SMALL),
        ),
    ),
    "clipped_step": _ways("step", "s", "clip(lr*d, -lr, lr)"),
    "clipped_gradient": _ways("step", "g", "clip(g, -10, 10)", "clip(g, -1, 1)", "clip(g, -5, 5)"),
    "clipped_position": _ways("step", "dx", *(f"x - clip(x - way*s, -{c}, {c})" for c in (1, 5, 6, 10, 100))),
    "first_only": _ways("step", "way", "1 if i == 0 else 0"),
    "last_only": _ways("step", "way", "1 if i == n-1 else 0"),
    "skips_first": _ways("step", "way", "1 if i else 0"),
    "skips_last": _ways("step", "way", "1 if i < n-1 or n == 1 else 0"),
}
MOMENTUM = {
    # twice the same: beside the other the velocity's own mistakes can be told
    "classical": Change("rate", ({"m1": "b1*m + lr*g", "s": "d"}, {"g": "lr*g", "s": "d"})),
    "nesterov": _ways("step", "d", "g + b1*mh"),
    "average": _ways("memory", "m1", "b1*m + (1-b1)*g"),
    "dampened": _ways("memory", "m1", "b1*m + where(t == 1, 1, 1-b1)*g"),
    "velocity_sign": _ways("memory", "m1", "g - b1*m"),
    "not_stored": _ways("memory", "sm", "m"),
    "sum": _ways("memory", "m1", "m + g"),
    "on_gradient": _ways("memory", "m1", "m + b1*g"),
    "moves_first": _ways("memory", "d", "m", "b1*m"),
    "from_one": _ways("memory", "m1", "b1*where(t == 1, 1, m) + g"),
    "rate_twice": _ways("step", "m1", "b1*m + lr*g"),
    "momentum_for_rate": _ways("step", "lr", "b1"),
    "settings_swapped": Change("step", ({"lr": "b1", "b1": "lr"},)),
    "gradient_twice": _ways("step", "d", "mh + g"),
    "fixed_momentum": _constants("memory", "b1", 0.9, 0.99, 0.5, 0.95, 0.8),
    "other_default": _defaults(b1=(0.5, 0.99, 0.0, 0.8, 0.95, 1.0, 0.1)),
    "fading": _ways("memory", "m1", "b1**t*m + g", "b1**(t-1)*m + g"),
    "one_minus": _ways("memory", "m1", "(1-b1)*m + g"),
    "weights_swapped": _ways("memory", "m1", "(1-b1)*m + b1*g"),
    "whole_scaled": _ways("memory", "m1", "b1*(m + g)"),
    "shared_velocity": _ways("each", "shared", "1"),
    "momentum_of_last": _ways("memory", "d", "mh if i == n-1 else g"),
}


def _each(first: str, second: str) -> Change:
    """A mistake in the correction: of both moments, or of one."""
    return Change("correction", ({"mh": first, "vh": second}, {"mh": first}, {"vh": second}))


def _divided(top: str) -> dict[str, Change]:
    """What goes wrong with a second moment and the division by its root, whatever is divided."""
    return {
        "epsilon_inside": _ways("epsilon", "d", f"{top}/sqrt(vh+eps)"),
        "epsilon_squared": _ways("epsilon", "d", f"{top}/sqrt(vh+eps**2)"),
        "no_epsilon": _ways("epsilon", "d", f"{top}/sqrt(vh)"),
        "epsilon_apart": Change(
            "epsilon",
            ({"d": f"{top}/sqrt(vh) + eps"}, *({"d": f"{top}/sqrt(vh)", "s": f"lr*d {sign} eps"} for sign in "+-")),
        ),
        "fixed_epsilon": _constants("epsilon", "eps", 1e-8, 1e-7, 1e-6, 1e-10, 1e-5, 1e-3),
        "no_root": _ways("memory", "d", f"{top}/(vh+eps)"),
        "multiplied": _ways("memory", "d", f"{top}*(sqrt(vh)+eps)"),
        "second_zero": _ways("memory", "v1", "0*g"),
        "late_second": _ways("memory", "d", f"{top}/(sqrt(v)+eps)"),
        "sum_second": _ways("memory", "v1", "b2*v + g**2"),
        "swapped_second": _ways("memory", "v1", "(1-b2)*v + b2*g**2"),
        "absolute": _ways("memory", "v1", "b2*v + (1-b2)*abs(g)"),
        "not_squared": _ways("memory", "v1", "b2*v + (1-b2)*g"),
        "squared_weight": _ways("memory", "v1", "b2*v + ((1-b2)*g)**2", "b2*v + (1-b2)**2*g**2"),
        "adagrad": Change("memory", ({"v1": "v + g**2", "vh": "v1"}, {"v1": "v + g**2"}, {"v1": "v + (1-b2)*g**2"})),
        "norm": _ways("memory", "v1", *(f"b2*v + (1-b2)*{what}(g**2)" for what in ("sum", "mean"))),
        "second_not_stored": _ways("memory", "sv", "v"),
    }


RMSPROP = {
    **_divided("g"),
    "fixed_beta": _constants("memory", "b2", 0.9, 0.99, 0.999, 0.5, 0.95),
    "settings_swapped": Change("memory", ({"b2": "eps", "eps": "b2"}, {"lr": "b2", "b2": "lr"})),
    "corrected": _ways("memory", "vh", "v1/(1-b2**t)"),
    "warm": _ways("memory", "v1", "where(t == 1, g**2, b2*v + (1-b2)*g**2)"),
    "from_one": _ways("memory", "v1", "b2*where(t == 1, 1, v) + (1-b2)*g**2"),
    "not_divided": _ways("step", "d", "g"),
    "sign": _ways("memory", "d", "sign(g)"),
}
ADAM = {
    "no_correction": Change("correction", ({"mh": "m1", "vh": "v1"},)),
    "only_first": _ways("correction", "vh", "v1"),
    "only_second": _ways("correction", "mh", "m1"),
    "t_from_zero": Change("correction", (
        {"t": "t-1"}, {"t": "0"}, {"mh": "m1/(1-b1**(t-1))"}, {"vh": "v1/(1-b2**(t-1))"})),
    "t_from_two": _ways("correction", "t", "t+1"),
    "t_never": _ways("correction", "t", "1"),
    "t_per_parameter": _ways("correction", "t", "(t-1)*n + i + 1", "i+1"),
    "correction_product": Change("correction", (
        {"mh": "m1/(1-b1*t)", "vh": "v1/abs(1-b2*t)"}, {"mh": "m1/(1-b1*t)", "vh": "v1/(1-b2*t)"},
        {"mh": "m1/(1-b1*t)"}, {"vh": "v1/(1-b2*t)"})),
    "correction_multiplied": _each("m1*(1-b1**t)", "v1*(1-b2**t)"),
    "correction_power": _each("m1/b1**t", "v1/b2**t"),
    "correction_unbracketed": _each("m1 - b1**t", "v1 - b2**t"),
    "correction_plus": _each("m1/(1+b1**t)", "v1/(1+b2**t)"),
    "correction_swapped": Change("correction", ({"mh": "m1/(1-b2**t)", "vh": "v1/(1-b1**t)"},)),
    "correction_one_beta": Change("correction", ({"vh": "v1/(1-b1**t)"}, {"mh": "m1/(1-b2**t)"})),
    **_divided("mh"),
    "epsilon_hat": _ways("epsilon", "d", "m1*sqrt(1-b2**t)/(1-b1**t)/(sqrt(v1)+eps)"),
    "folded_without_root": _ways("correction", "d", *(
        f"m1*(1-b2**t)/(1-b1**t)/(sqrt(v1)+{eps})" for eps in ("eps", "eps*sqrt(1-b2**t)"))),
    "no_history": Change("memory", ({"sm": "0", "sv": "0"},)),
    "moves_first": Change("memory", ({"mh": "m/(1-b1**t)", "vh": "v/(1-b2**t)"},)),
    "from_one": Change("memory", (
        {"m1": "b1*where(t == 1, 1, m) + (1-b1)*g", "v1": "b2*where(t == 1, 1, v) + (1-b2)*g**2"},
        {"m1": "b1*where(t == 1, 1, m) + (1-b1)*g"}, {"v1": "b2*where(t == 1, 1, v) + (1-b2)*g**2"})),
    "one_array": Change("memory", ({"v1": "b2*m1 + (1-b2)*g**2", "mh": "v1/(1-b1**t)", "sm": "v1"},)),
    "first_not_stored": _ways("memory", "sm", "m"),
    "betas_swapped": Change("memory", ({"b1": "b2", "b2": "b1"},)),
    "weights_swapped": Change("memory", ({"m1": "(1-b1)*m + b1*g", "v1": "(1-b2)*v + b2*g**2"},)),
    "swapped_first": _ways("memory", "m1", "(1-b1)*m + b1*g"),
    "sums": Change("memory", ({"m1": "b1*m + g", "v1": "b2*v + g**2"},)),
    "sum_first": _ways("memory", "m1", "b1*m + g"),
    "squared_first": _ways("memory", "m1", "b1*m + (1-b1)*g**2"),
    "square_of_m": _ways("memory", "v1", "b2*v + (1-b2)*m1**2"),
    "fixed_betas": Change("memory", (
        {"b1": "0.9", "b2": "0.999"}, {"b1": "0.9"}, {"b2": "0.999"}, {"b1": "0.9", "b2": "0.99"})),
    "other_default": _defaults(lr=(0.01, 0.1, 0.0001), b2=(0.99, 0.9), b1=(0.99, 0.5, 0.8), eps=(1e-7, 1e-6, 1e-3)),
    "rate_inside": Change("rate", ({"m1": "b1*m + (1-b1)*lr*g", "s": "d"},)),
    "stores_corrected": Change("correction", ({"sm": "mh", "sv": "vh"},)),
    "amsgrad": Change("memory", ({"w1": "maximum(w, vh)", "d": "mh/(sqrt(w1)+eps)"},
                                {"w1": "maximum(w, v1)", "d": "mh/(sqrt(w1/(1-b2**t))+eps)"})),
    "nadam": _ways("step", "d", "(b1*mh + (1-b1)*g/(1-b1**t))/(sqrt(vh)+eps)"),
    "rmsprop": _ways("memory", "d", "g/(sqrt(vh)+eps)"),
    "momentum_only": _ways("memory", "d", "mh"),
    "late_first": _ways("memory", "mh", "m/(1-b1**t)"),
    "belief": _ways("memory", "v1", "b2*v + (1-b2)*(g-m1)**2"),
    "beta1_twice": _ways("memory", "v1", "b1*v + (1-b1)*g**2"),
    "beta2_twice": _ways("memory", "m1", "b2*m + (1-b2)*g"),
    "shared_state": _ways("each", "shared", "1"),
    "sign": _ways("memory", "d", "sign(g)"),
}  # fmt: skip
CHANGES: dict[str, dict[str, Change]] = {
    "sgd": {name: change for name, change in ANY.items() if name != "clipped_step"},  # there it is clipped_gradient
    "momentum": {**ANY, **MOMENTUM},
    "rmsprop": {**ANY, **RMSPROP},
    "adam": {**ANY, **ADAM},
}


def on_a_bowl(family: str, factors: tuple[float, float], mistaken: Mapping[str, Sequence[str]]) -> dict[str, Change]:
    """Return what can be told of a run on p·x² + q·y²: a family's mistakes, and those in the gradient.

    There the gradient at the place where the velocity leads to can be told, too.
    """
    changes = CHANGES[family] | {name: _ways("gradient", "g", *forms) for name, forms in mistaken.items()}
    if family == "momentum":
        slopes = ", ".join(repr(2 * factor).removesuffix(".0") for factor in factors)
        ahead = {"m1": f"b1*m + g - row({slopes})*lr*b1*m"}
        changes["nesterov"] = Change("step", (*MOMENTUM["nesterov"].forms, ahead))
    return changes


# ---------------------------------------------------------------------------------------------- run

_TOOLS: dict[str, object] = {
    "sqrt": np.sqrt, "sign": np.sign, "abs": np.abs, "clip": np.clip, "where": np.where, "maximum": np.maximum,
    "norm": lambda g: np.sqrt((g**2).sum(axis=1, keepdims=True)),
    "mean": lambda g: g.mean(axis=1, keepdims=True), "sum": lambda g: g.sum(axis=1, keepdims=True),
    "row": lambda *values: np.array([values]), "__builtins__": {},
}  # fmt: skip


@cache
def _compiled(expression: str) -> CodeType:
    return compile(expression, f"<{expression}>", "eval")


class _Some(dict[str, object]):
    """The values of a step as some rows see them."""

    def __init__(self, values: Mapping[str, object], rows: Array | slice) -> None:
        super().__init__()
        self.values_of_all, self.rows = values, rows

    def __missing__(self, name: str) -> object:
        value = self.values_of_all[name]
        return value[self.rows] if isinstance(value, np.ndarray) and value.ndim == 2 else value


def _rows(own: list[int]) -> Array | slice:
    """Rows to look at: one is seen in place, several are copied."""
    return slice(own[0], own[0] + 1) if len(own) == 1 else np.array(own)


class Bank:
    """Variants of one family side by side; :meth:`step` takes one step of all of them."""

    def __init__(self, family: str, variants: Sequence[Variant]) -> None:
        self.count = len(variants)
        changed: dict[str, dict[str, list[int]]] = {}  # {name: {expression: rows}}
        for row, variant in enumerate(variants):
            for name, text in {k: v for form in variant for k, v in form.items()}.items():
                changed.setdefault(name, {}).setdefault(text, []).append(row)
        self.usual: dict[str, CodeType | None] = {}  # for all rows; the others have their own in its place
        self.others: dict[str, list[tuple[CodeType, Array | slice]]] = {}
        for name in (*SETTINGS, *CHAIN):
            usual, rows = FAMILIES[family][name], changed.get(name, {})
            rows.pop(usual, None)
            everywhere = bool(rows) and sum(map(len, rows.values())) == self.count
            if everywhere and len(rows) == 1:
                (usual,), rows, everywhere = rows, {}, False
            self.usual[name] = None if everywhere else _compiled(usual)
            self.others[name] = [(_compiled(text), _rows(own)) for text, own in rows.items()]
        self.unshared = self.usual["shared"] == _compiled(RIGHT["shared"]) and not self.others["shared"]
        self.numbers: dict[tuple[float, int], Array] = {}
        self.state: dict[Any, tuple[Array, Array, Array]] = {}
        self.shape_shared: object = None

    def _value(self, name: str, values: Mapping[str, object], size: int) -> Array:
        """Return a value of all variants, to be read alone: one that all have in common may be kept or another's."""
        shape = self.count, 1 if name in NARROW else size
        usual, others = self.usual[name], self.others[name]
        value = None if usual is None else eval(usual, _TOOLS, values)  # an expression of this module
        if not others:
            if not isinstance(value, np.ndarray):
                return self._number(value, shape[1])
            if value.shape == shape and value.dtype == float:
                return value
        out = np.empty(shape)
        if usual is not None:
            out[:] = value
        for code, rows in others:
            out[rows] = eval(code, _TOOLS, _Some(values, rows))
        return out

    def _number(self, value: Any, width: int) -> Array:
        """Return one number for all variants; settings and what a family has none of come again at every step."""
        if (value, width) not in self.numbers:
            self.numbers[value, width] = np.full((self.count, width), value, dtype=float)
        return self.numbers[value, width]

    def step(self, x: Array, g: Array, t: int, i: int, n: int, shape: object, settings: Mapping[str, Any]) -> Array:
        """Return what this step subtracts from parameter ``i`` of ``n``, (variants, size); x and g likewise."""
        size = x.shape[1]
        zeros = self._number(0.0, size)
        own = self.state.get(i, (zeros, zeros, zeros))
        common = self.state.get("shared", own) if self.shape_shared == shape else (zeros, zeros, zeros)
        values: dict[str, Any] = {"x": x, "g": g, "t": t, "i": i, "n": n, "since": t - 1, **settings}
        values |= {name: self._value(name, values, size) for name in SETTINGS}
        for name in ("g", "t", "shared"):
            values[name] = self._value(name, values, size)
        if self.unshared:
            values |= zip("mvw", own, strict=True)
        else:
            shared = values["shared"] > 0
            values |= {k: np.where(shared, b, a) for k, a, b in zip("mvw", own, common, strict=True)}
        for name in CHAIN[3:]:
            values[name] = self._value(name, values, size)
        self.state[i] = self.state["shared"] = values["sm"], values["sv"], values["w1"]
        self.shape_shared = shape
        dx: Array = values["dx"]
        return dx


def singles(changes: Mapping[str, Change]) -> Iterator[tuple[tuple[str, ...], Variant]]:
    """Return (names, variant) for every form of every mistake."""
    for name, change in changes.items():
        yield from (((name,), (form,)) for form in change.forms)


def pairs(changes: Mapping[str, Change]) -> Iterator[tuple[tuple[str, ...], Variant]]:
    """Return (names, variant) for two mistakes at once, wherever they don't change the same value."""
    for (a, one), (b, other) in combinations(changes.items(), 2):
        for first in one.forms:
            for second in other.forms:
                if not set(first) & set(second):
                    yield (a, b), (first, second)


Candidates = list[tuple[tuple[str, ...], Variant]]
MOST = 200  #: candidates that are kept from one run to the next: a bound on the work, the same on every machine
Fits = Callable[[str, Array], Array]  #: (probe id, traces (variants, rows, size)) -> which of them are the answer's


def explained(
    changes: Mapping[str, Change], runs: Sequence[str], simulate: Callable[[str, Sequence[Variant]], Array], fits: Fits
) -> Candidates:
    """Return the mistakes, or failing that the pairs, that give every number of every run.

    ``runs`` are the ids of the runs to explain, those first that tell most for least work: what does not fit one is not
    run on the next.
    """
    for source in (singles, pairs):
        left: Candidates = list(source(changes))
        for run in runs:
            if not left:
                break
            traces = simulate(run, [variant for _, variant in left])
            left = [one for one, fit in zip(left, fits(run, traces), strict=True) if fit][:MOST]
        if left:
            return left
    return []
