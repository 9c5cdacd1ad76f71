"""Answers that are a learning-rate range test (B4): run on tiny networks, judged as a contract and a range.

A probe is a dictionary::

    {"id": "sweep", "seed": 7, "network": "tanh" | "norm", "gain": 1.0, "noise": 0.6, "batches": 100, "training": true,
     "how": "keywords" | "positional" | "defaults", "min_lr": 1e-6, "max_lr": 20.0, "num_steps": 90,
     "poison": {"at": 5, "what": "nan" | "inf" | "error" | "stop"}}

Data and first weights follow from the seed by NumPy on both sides. The judge needs no torch: it trains the same
network in NumPy with the rates that the answer reports, and sees whether the reported losses come of it. So any
exponential sweep is accepted, whether its last rate is max_lr or one factor below, and any sensible stopping rule. The
suggestion must lie where the loss falls steeply over several first weights.

The outcome is the list of faults found with each probe (keys of FAULTS): plain words, the same on every machine.
The settings of a step are those of :class:`lrtutorial.kinds.RangeTest`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from typing import Any

import numpy as np

from lrtutorial.answers.arrays import Malformed, pack, unpack
from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, misconceptions, recorded
from lrtutorial.experiments.network import Network
from lrtutorial.figures import watched
from lrtutorial.figures.reading import figure_from, read_figure
from lrtutorial.kinds import RangeTest
from lrtutorial.kinds.crashes import crash_of, with_crash
from lrtutorial.kinds.driven import describe_error, place_of, quiet
from lrtutorial.verdict import Verdict
from lrtutorial.verdict.picture import two_curves

Probe = Mapping[str, Any]
NETWORK = Network((2, 16, 3), "tanh", "cross_entropy")
BATCH, FEATURES = 384, 8
BUFFERS = (
    *[0.25] * FEATURES,
    *[1.5] * FEATURES,
    3.0,
)  #: batch norm's mean, variance and count as they are handed over
DEFAULTS = {"min_lr": 1e-7, "max_lr": 10.0, "num_steps": 100}
MAX_LOSSES = 2000
INITS = 6  #: first weights over which the steep range is taken
CLOSE = 2e-3  #: of the first loss: far more than float32's rounding over a hundred steps, far less than any mistake
FAULTS = {  # what is wrong: (rubric line, words), in the order in which it is told
    "error": ("", "your code raised an error"),
    "never_run": ("", "the model was never run, or no loss came back"),
    "no_values": ("sweep", "rates and losses must come back"),
    "crashed": ("figure", "your code raised an error after the sweep"),
    "return": ("suggestion", "three things must come back: the rates, the losses and the suggested rate"),
    "return_order": ("sweep", "rates and losses come back in each other's place"),
    "lengths": ("sweep", "there must be one loss for each rate"),
    "start_default": ("sweep", "min_lr is ignored: the sweep starts at the default"),
    "start_late": ("sweep", "the first rate reported is one factor above min_lr"),
    "start": ("sweep", "the sweep must start at min_lr"),
    "linear": ("sweep", "the rates grow by equal steps, not by equal factors"),
    "descends": ("sweep", "the rates fall instead of growing"),
    "end_default": ("sweep", "max_lr is ignored: the sweep heads for the default"),
    "beyond_max": ("sweep", "the rates go beyond max_lr"),
    "end": ("sweep", "with this factor the sweep does not reach max_lr in num_steps"),
    "uneven": ("sweep", "the factor from one rate to the next is not constant"),
    "steps_default": ("sweep", "num_steps is ignored: there are always 100"),
    "after_step": ("losses", "each loss is measured after its step, not before"),
    "accumulates": ("losses", "gradients pile up: they are never set to zero"),
    "constant_rate": ("losses", "the optimizer keeps its first rate: only the list grows"),
    "rate_ahead": ("losses", "each step is taken with the next rate, not with the one reported"),
    "rate_behind": ("losses", "each step is taken with the rate before the one reported"),
    "no_step": ("losses", "the weights never move: no step is taken"),
    "same_batch": ("losses", "every step sees the same first batch"),
    "momentum": ("losses", "the steps have momentum: the test is for plain SGD"),
    "adaptive": (
        "losses",
        "the steps are rescaled for each weight, as Adam's are: the test is for plain SGD",
    ),
    "averaged": ("losses", "a smoothed loss is reported, not the loss measured"),
    "other_losses": ("losses", "the losses are not those that plain SGD meets with these rates"),
    "no_stop": ("stop", "the sweep goes on after the loss has exploded"),
    "stops_early": ("stop", "the sweep stops although the loss has not exploded"),
    "goes_on_after_nan": ("stop", "the sweep goes on after a loss that is not a number"),
    "goes_on_after_inf": ("stop", "the sweep goes on after a first loss that is infinite"),
    "short_crash": ("robust", "a loader with fewer batches than num_steps is not started again"),
    "short_stops": ("robust", "the sweep ends with the loader: it must be started again until num_steps"),
    "few_crash": ("robust", "a sweep with fewer than five losses crashes"),
    "bad_start_crash": ("robust", "a first loss that is not finite crashes the function"),
    "evaluates": ("restore", "the model is in evaluation mode during the sweep: it must train"),
    "weights": ("restore", "the weights are not restored"),
    "weights_alias": (
        "restore",
        "what is restored is not a copy: state_dict() shares memory with the weights",
    ),
    "buffers": ("restore", "batch norm's buffers are not restored"),
    "mode": ("restore", "the model is not put back into the mode it came in"),
    "rng": ("restore", "torch's random state is not restored"),
    "untrained": ("restore", "nothing was trained, so that nothing could be restored"),
    "interrupted": ("interrupted", "after an interruption the model is not as it was"),
    "swallowed": ("interrupted", "the loader's error is swallowed"),
    "not_interrupted": ("interrupted", "the sweep ended before it could be interrupted"),
    "no_suggestion": ("suggestion", "the suggested rate is not a number"),
    "suggests_index": ("suggestion", "the suggestion is a position in the list, not a rate"),
    "suggests_minimum": (
        "suggestion",
        "the rate with the lowest loss is suggested: there the loss has stopped falling",
    ),
    "suggests_largest": ("suggestion", "the largest rate is suggested, where the loss explodes"),
    "suggests_smallest": ("suggestion", "the smallest rate is suggested, where nothing happens yet"),
    "suggests_high": ("suggestion", "the suggested rate lies beyond the steep part of the curve"),
    "suggests_low": ("suggestion", "the suggested rate lies before the steep part of the curve"),
    "suggestion_follows": (
        "suggestion",
        "the suggested rate is off too, as it must be with these rates or losses",
    ),
    "no_figure": ("figure", "no figure was drawn"),
    "figure_swapped": ("figure", "the figure's axes are swapped: the rate belongs on the x axis"),
    "no_line": ("figure", "no line of the figure shows the losses over the rates"),
    "linear_axis": ("figure", "the rate's axis is not logarithmic"),
    "no_xlabel": ("figure", "the x axis has no label"),
    "no_ylabel": ("figure", "the y axis has no label"),
}
_ORDER = list(FAULTS).index
_CALL = "lr_range_test(model, train_loader, min_lr=…, max_lr=…, num_steps=…)"
#: Faults that follow from others and tell no mistake apart.
FOLLOW = {"suggestion_follows", "not_interrupted"}


# ------------------------------------------------------------------------------- data and weights, in NumPy


def data_of(probe: Probe) -> tuple[np.ndarray, np.ndarray]:
    """Return a probe's batches: inputs (batches, 384, 2) in float32, classes (batches, 384). Three clouds on
    a circle, in equal parts.
    """
    rng = np.random.default_rng(probe["seed"])
    classes = np.broadcast_to(np.arange(BATCH) % 3, (probe["batches"], BATCH)).copy()
    angles = 2 * np.pi * classes / 3
    clouds = 1.5 * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    return (clouds + probe["noise"] * rng.standard_normal(clouds.shape)).astype(np.float32), classes


def weights_of(probe: Probe) -> np.ndarray:
    """Return a probe's first weights as torch holds them, flat; for "norm" those of its four layers."""
    rng = np.random.default_rng([probe["seed"], 1])
    if probe["network"] == "norm":
        return rng.normal(0, 0.5, 2 * FEATURES + FEATURES + 2 * FEATURES + 3 * FEATURES + 3).astype(np.float32)
    return _as_torch(NETWORK.initial(rng)[0], probe["gain"]).astype(np.float32)


def _as_torch(weights: np.ndarray, gain: float) -> np.ndarray:
    """Return NumPy's flat weights in torch's order. Inputs and outputs are multiplied by ``gain``, so
    weights divided.
    """
    first, second = NETWORK.layers(weights[None])
    return np.concatenate(
        [first[0, :-1].T.ravel() / gain, first[0, -1], second[0, :-1].T.ravel() / gain, second[0, -1] / gain]
    )


def _speed(gain: float) -> np.ndarray:
    """Return how much faster each NumPy weight moves than torch's: gain² for all but the first biases."""
    speed = np.full((1, NETWORK.parameters), gain**2)
    NETWORK.layers(speed)[0][:, -1] = 1.0
    return speed.astype(np.float32)


def _train(
    probe: Probe, weights: np.ndarray, rates: np.ndarray, variant: str = "", until: float = math.inf
) -> np.ndarray:
    """Return the losses that plain SGD meets with these rates and after the last, (len(rates) + 1, runs), or
    those of a mistaken ``variant``. Training ends when every run's loss is ``until`` times its first; what
    follows is NaN. In float32, as torch trains.
    """
    inputs, classes = _data(probe["seed"], probe["batches"], probe["noise"])
    rates, speed = np.asarray(rates, dtype=np.float32), _speed(probe["gain"])
    memory = np.zeros_like(weights)
    losses = np.full((len(rates) + 1, len(weights)), np.nan)
    with np.errstate(all="ignore"):
        for i in range(len(losses)):
            batch = 0 if variant == "same_batch" else i % len(inputs)
            losses[i], gradient = NETWORK.losses_and_gradients(weights, inputs[batch], classes[batch])
            if i == len(rates) or not (losses[i] <= until * losses[0]).any():
                break
            if variant in ("accumulates", "momentum"):
                memory = gradient + memory * np.float32(1.0 if variant == "accumulates" else 0.9)
                gradient = memory
            neighbour = {"rate_ahead": i + 1, "rate_behind": i - 1, "constant_rate": 0}.get(variant, i)
            rate = rates[min(max(neighbour, 0), len(rates) - 1)]
            if variant != "no_step":
                weights = weights - rate * speed * gradient
            if variant == "after_step":
                losses[i] = NETWORK.losses(weights, inputs[batch], classes[batch])
    return losses


@lru_cache(maxsize=16)
def _data(seed: int, batches: int, noise: float) -> tuple[np.ndarray, np.ndarray]:
    return data_of({"seed": seed, "batches": batches, "noise": noise})


def losses_with(probe: Probe, rates: np.ndarray, variant: str = "") -> np.ndarray:
    """Return the losses that training the probe's own network with ``rates`` gives, before each step and after
    the last, (len(rates) + 1,).
    """
    settings = (probe[key] for key in ("seed", "batches", "noise", "gain"))
    return _losses_with(*settings, np.asarray(rates, dtype=float).tobytes(), variant)


@lru_cache(maxsize=256)  # in a class many sweep the public probes with the very same rates
def _losses_with(seed: int, batches: int, noise: float, gain: float, rates: bytes, variant: str) -> np.ndarray:
    probe = {"seed": seed, "batches": batches, "noise": noise, "gain": gain}
    weights = NETWORK.initial(np.random.default_rng([seed, 1])).astype(np.float32)
    losses = _train(probe, weights, np.frombuffer(rates), variant)[:, 0]
    losses.flags.writeable = False
    return losses


def steep_range(probe: Probe, inits: int = INITS) -> tuple[float, float]:
    """Return the rates between which the loss falls steeply: from 5% to 95% of its fall, over several first weights."""
    keys = ("seed", "batches", "noise", "gain", "min_lr", "max_lr", "num_steps")
    return _steep_range(*(probe[key] for key in keys), inits)


@lru_cache(maxsize=64)
def _steep_range(
    seed: int, batches: int, noise: float, gain: float, min_lr: float, max_lr: float, num_steps: int, inits: int
) -> tuple[float, float]:
    probe = {"seed": seed, "batches": batches, "noise": noise, "gain": gain}
    rates = min_lr * (max_lr / min_lr) ** (np.arange(num_steps) / num_steps)
    weights = NETWORK.initial(np.random.default_rng([seed, 2]), INITS)[:inits].astype(np.float32)
    curves = _train(probe, weights, rates, until=4)[:-1]
    lows, highs = [], []
    for curve in curves.T:
        gone = ~(curve <= 4 * curve[0])
        smooth = _smooth(curve[: int(gone.argmax()) if gone.any() else None], 0.8)
        start, lowest = curve[:10].mean(), int(smooth.argmin())
        fall = start - smooth[lowest]
        before = np.flatnonzero(smooth[:lowest] > start - 0.05 * fall)  # the last is where the fall begins for good
        lows.append(rates[before[-1] if len(before) else 0])
        highs.append(rates[int((smooth <= start - 0.95 * fall).argmax())])
    return float(min(lows)), float(max(highs))


def _is_steep(suggested: float, probe: Probe) -> bool:
    """Say whether a rate lies in the steep range. More first weights only widen it: the rest is trained when needed."""
    ranges = (steep_range(probe, inits) for inits in (2, INITS))
    return any(low * (1 - 1e-9) <= suggested <= high * (1 + 1e-9) for low, high in ranges)


def _smooth(values: np.ndarray, beta: float, debias: bool = True) -> np.ndarray:
    average, smooth = 0.0, []
    for t, value in enumerate(values, start=1):
        average = beta * average + (1 - beta) * value
        smooth.append(average / (1 - beta**t) if debias else average)
    return np.array(smooth)


# ---------------------------------------------------------------------------------------------- collect


class LoaderError(RuntimeError):
    """Raised by a probe's loader in the middle of a sweep."""


class StopButton(KeyboardInterrupt):
    """The stop button of a probe."""


def collect(step: Step, answers: Mapping[str, object], probes: list[Probe]) -> dict[str, Any]:
    """Return one run for every probe, or what is wrong with an answer that is no function."""
    (name, answer), *_ = answers.items()
    problem = _not_a_function(name, answer)
    runs = {}
    if problem is None:
        for probe in probes:
            runs[probe["id"]] = run = drive(answer, probe)  # type: ignore[arg-type]
            if run["nothing"]:  # a body that is still to be written: the rest would say the same
                problem = {"unfinished": f"{name} returns None: its body is still to be written."}
                break
    return {"kind": "range_test", "problem": problem, "runs": runs}


def _not_a_function(name: str, answer: object) -> dict[str, str] | None:
    if answer is ... or answer is None:
        return {"unfinished": f"{name} is still {'...' if answer is ... else 'None'}: define the function above."}
    if callable(answer) and not isinstance(answer, type):
        return None
    came = (
        f"the result of calling it, a {type(answer).__name__}," if isinstance(answer, tuple) else type(answer).__name__
    )
    return {
        "unreadable": f"The function {name} was expected, but {came} came. Pass {name} itself, without parentheses."
    }


class _Watch:
    """Notes what a model goes through in its forward passes. A copy of the model has the same watch."""

    def __init__(self) -> None:
        self.modes: list[bool] = []
        self.weights: list[np.ndarray] = []  # of the first two forward passes
        self.moved = False  # whether a later pass had other weights than the first
        self.loaded = 0

    def __deepcopy__(self, memo: Any) -> _Watch:
        return self

    def forward(self, model: Any, inputs: Any) -> None:
        self.modes.append(bool(model.training))
        if self.moved and len(self.weights) == 2:
            return
        weights = _flat(model.parameters())
        self.weights = [*self.weights, weights][:2]
        self.moved = self.moved or not np.array_equal(weights, self.weights[0])

    def load(self, model: Any, incompatible: Any) -> None:
        self.loaded += 1


class _Batches:
    """A dataset whose items are batches; fetching the poisoned one raises, gives NaN, or makes the loss infinite."""

    def __init__(self, probe: Probe) -> None:
        import torch

        inputs, classes = data_of(probe)
        self.inputs = torch.from_numpy(inputs * np.float32(probe["gain"]))
        self.classes = torch.from_numpy(classes)
        self.poison = probe.get("poison") or {"at": -1, "what": ""}
        self.fetched = 0
        self.raised = False
        self.infinite = False  # whether the model is to give the last batch fetched an infinite loss

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, i: int) -> tuple[Any, Any]:
        self.fetched += 1
        x = self.inputs[i]
        poisoned = self.fetched - 1 == self.poison["at"]
        self.infinite = poisoned and self.poison["what"] == "inf"
        if poisoned:
            self.raised = self.poison["what"] in ("error", "stop")
            if self.poison["what"] == "error":
                raise LoaderError("the loader could not read a batch")
            if self.poison["what"] == "stop":
                raise StopButton
            if self.poison["what"] == "nan":
                x = x * math.nan
        return x, self.classes[i]


def drive(range_test: Callable[..., Any], probe: Probe) -> dict[str, Any]:
    """Run one probe on a range test and return what it did, and what it left behind."""
    import torch
    from torch.utils.data import DataLoader

    run: dict[str, Any] = {
        "nothing": False,
        "error": None,
        "interrupted": None,
        "returned": "",
        "figure": None,
    }
    run |= {"lrs": [], "losses": [], "suggested": None}
    watch = _Watch()
    with torch.random.fork_rng(devices=[]), quiet():
        torch.default_generator.manual_seed(probe["seed"])  # torch.manual_seed looks for accelerators first
        batches = _Batches(probe)
        model = _model(probe, batches)
        model.register_forward_pre_hook(watch.forward)
        model.register_load_state_dict_post_hook(watch.load)
        loader: Any = DataLoader(batches, batch_size=None)  # type: ignore[arg-type]  # any sequence will do
        values = [probe[key] for key in DEFAULTS]
        args = values if probe["how"] == "positional" else []
        kwargs = dict(zip(DEFAULTS, values, strict=True)) if probe["how"] == "keywords" else {}
        state = torch.get_rng_state()
        returned: Any = None
        with watched() as figures:
            try:
                returned = range_test(model, loader, *args, **kwargs)
                run["nothing"] = returned is None and not watch.modes
                run["interrupted"] = "swallowed" if batches.raised else None
            except (LoaderError, StopButton):
                run["interrupted"] = "raised"
            except Exception as error:
                run["error"] = describe_error(error)
                _read_locals(error, range_test, run)
            drawn = [read_figure(figure) for figure in figures if figure.axes]
        run["rng"] = bool(torch.equal(state, torch.get_rng_state()))
    if run["interrupted"] is None and run["error"] is None:
        _read_return(returned, run)
    if run["interrupted"] is None:
        run["figure"] = drawn[-1] if drawn else None
    run |= {
        "weights": pack(_flat(model.parameters())),
        "buffers": pack(_flat(model.buffers())),
        "mode": all(module.training == probe["training"] for module in model.modules()),
        "modes": "".join("T" if mode else "E" for mode in watch.modes[:MAX_LOSSES]),
        "moved": watch.moved,
        "second": pack(watch.weights[1]) if len(watch.weights) > 1 else None,
        "loaded": watch.loaded > 0,
    }
    return {
        **run,
        "lrs": pack(np.array(run["lrs"], dtype=float)),
        "losses": pack(np.array(run["losses"], dtype=float)),
    }


def _model(probe: Probe, batches: _Batches) -> Any:
    import torch
    from torch import nn

    class Gain(nn.Module):
        """Multiplies by a constant; for a batch meant to, class 0 becomes impossible."""

        def forward(self, x: Any) -> Any:
            x = x * probe["gain"]
            return torch.where(torch.arange(3) == 0, -torch.inf, x) if batches.infinite else x

    if probe["network"] == "norm":
        layers = [
            nn.Linear(2, FEATURES),
            nn.BatchNorm1d(FEATURES),
            nn.Tanh(),
            nn.Dropout(0.3),
            nn.Linear(FEATURES, 3),
        ]
    else:
        layers = [nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 3), Gain()]
    model = nn.Sequential(*layers)
    with torch.no_grad():
        for tensors, values in (
            (model.parameters(), weights_of(probe)),
            (model.buffers(), np.array(BUFFERS)),
        ):
            begin = 0
            for tensor in tensors:
                chunk = torch.from_numpy(values[begin : begin + tensor.numel()].reshape(tuple(tensor.shape)))
                tensor.copy_(chunk)
                begin += tensor.numel()
    return model.train(probe["training"])


def _flat(tensors: Iterator[Any]) -> np.ndarray:
    parts = [tensor.detach().cpu().numpy().astype(np.float64).ravel() for tensor in tensors]
    return np.concatenate([np.zeros(0), *parts])


def _read_return(returned: Any, run: dict[str, Any]) -> None:
    """Put what came back into the run, or say in ``returned`` why it can't be read."""
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        size = f" of {len(returned)}" if isinstance(returned, tuple | list) else ""
        run["returned"] = f"a {type(returned).__name__}{size} came back"
        several = list(returned)[:8] if isinstance(returned, tuple | list) else []
        lists = [values for one in several if (values := _numbers(one)) is not None]
        if len(lists) >= 2:  # what is there is judged
            run["lrs"], run["losses"] = lists[:2]
            run["suggested"] = next((rate for one in several if (rate := _number(one)) is not None), None)
        return
    try:
        for key, values in zip(("lrs", "losses"), returned[:2], strict=True):
            run[key] = [float(value) for value in list(values)[:MAX_LOSSES]]
    except Exception as error:  # a student's object may raise anything here
        run["returned"] = f"a list of numbers was expected ({type(error).__name__})"
        return
    run["suggested"] = _number(returned[2])


def _numbers(value: Any) -> list[float] | None:
    """Return a list of numbers as floats; None for anything else."""
    try:
        return [float(one) for one in list(value)[:MAX_LOSSES]]
    except Exception:  # a student's object may raise anything here
        return None


def _number(value: Any) -> float | None:
    """Return a finite number as a float; None for anything else."""
    try:
        number = float(value)
    except Exception:
        return None
    return number if math.isfinite(number) else None


def _read_locals(error: BaseException, range_test: Callable[..., Any], run: dict[str, Any]) -> None:
    """Put into the run what the function held when it failed: rates, losses and suggestion, by their names."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not getattr(range_test, "__code__", None):
        trace = trace.tb_next
    held = dict(trace.tb_frame.f_locals) if trace is not None else {}
    for name, value in held.items():
        low = name.lower()
        if "sugg" in low and run["suggested"] is None:
            run["suggested"] = _number(value)
        key = "losses" if "loss" in low else "lrs" if low.startswith(("lr", "rate")) or "rates" in low else ""
        if key and not run[key] and isinstance(value, list | np.ndarray) and not low.startswith(("smooth", "avg")):
            run[key] = _numbers(value) or []


def outcome_of(step: Step, evidence: Mapping[str, Any], probes: list[Probe]) -> dict[str, list[str]]:
    """Return the faults of each probe's run."""
    if evidence["problem"]:
        raise ValueError(f"no outcome for {evidence['problem']}")
    return all_faults({probe["id"]: read_run(evidence["runs"][probe["id"]], probe) for probe in probes}, probes)


# ---------------------------------------------------------------------------------------------- judge


def judge(step: Step, evidence: object, expected: Expected, earlier: Mapping[str, Any] | None = None) -> Verdict:
    """Find the faults of every run; a rubric line is earned when its probes ran and none of its faults was found."""
    blank = Verdict.blank(step)
    if not isinstance(evidence, Mapping) or evidence.get("kind") != "range_test":
        return blank.with_no_points("failed", "No evidence came back from this answer.")
    problem, runs = evidence.get("problem"), evidence.get("runs")
    if problem is not None:
        if not isinstance(problem, Mapping) or not problem:
            return blank.with_no_points("failed", "The evidence can't be counted: it did not arrive whole.")
        (status, headline), *_ = problem.items()
        status = status if status in ("unfinished", "unreadable") else "unreadable"
        return blank.with_no_points(status, str(headline)[:400], hint=f"This task asks for {step.asks}.")
    if not isinstance(runs, Mapping):
        return blank.with_no_points("failed", "The evidence can't be counted: it did not arrive whole.")
    probes = {probe["id"]: probe for probe in expected.probes}
    try:
        read = {key: read_run(runs.get(key), probe) for key, probe in probes.items()}
    except Malformed as why:
        return blank.with_no_points("failed", f"The evidence can't be counted: {why}.")
    faults = all_faults(read, expected.probes)
    lines = tuple(
        replace(line, earned=0.0 if _lost(rubric.id, rubric.probes, faults) else line.possible)
        for line, rubric in zip(blank.lines, step.rubric, strict=True)
    )
    checked = (
        "Checked on fresh inputs."
        if expected.secret
        else f"Checked with {len(probes)} small training runs. Grading repeats them with data nobody has seen."
    )
    verdict = replace(blank, lines=lines, checked=checked)
    if not any(faults.values()):
        return replace(verdict, status="right", headline=f"This is {step.asks}.")
    verdict = replace(verdict, status="partly" if any(line.earned for line in lines) else "wrong")
    return _explain(step, verdict, read, probes, faults, expected)


def _lost(line: str, line_probes: tuple[str, ...], faults: Mapping[str, list[str]]) -> bool:
    """Say whether a line is lost: by a fault of its own anywhere, or because one of its probes gave nothing
    to judge.
    """
    own = any(FAULTS[fault][0] == line for found in faults.values() for fault in found)
    unjudged = {"error", "never_run", "no_values", "short_crash", "few_crash", "bad_start_crash"}
    if line != "sweep":
        unjudged |= {"return_order", "lengths"}
    return own or any(unjudged & set(faults[probe]) for probe in line_probes)


def read_run(data: object, probe: Probe) -> dict[str, Any]:
    """Return a run with its arrays. Raises Malformed unless it is whole and of the size that the probe calls for."""
    flags, rest = (
        ("nothing", "rng", "mode", "moved", "loaded"),
        ("error", "interrupted", "returned", "figure", "lrs", "losses"),
    )
    keys = {*flags, *rest, "suggested", "weights", "buffers", "modes", "second"}
    if not isinstance(data, Mapping) or set(data) != keys or not all(isinstance(data[flag], bool) for flag in flags):
        raise Malformed("a run of the range test was expected")
    lrs, losses = unpack(data["lrs"]), unpack(data["losses"])
    weights, buffers = unpack(data["weights"]), unpack(data["buffers"])
    size = len(weights_of(probe))
    if any(array.ndim != 1 or array.dtype != np.float64 or len(array) > MAX_LOSSES for array in (lrs, losses)):
        raise Malformed("rates or losses have the wrong form")
    if weights.shape != (size,) or buffers.shape != ((len(BUFFERS),) if probe["network"] == "norm" else (0,)):
        raise Malformed("a model came back in another size")
    second = None if data["second"] is None else unpack(data["second"])
    if second is not None and second.shape != (size,):
        raise Malformed("a model came back in another size")
    error, suggested = data["error"], data["suggested"]
    if error is not None and not (isinstance(error, Mapping) and isinstance(error.get("message"), str)):
        raise Malformed("an error is not described as one")
    real = isinstance(suggested, float | int) and not isinstance(suggested, bool) and math.isfinite(suggested)
    if not (suggested is None or real) or data["interrupted"] not in (None, "raised", "swallowed"):
        raise Malformed("a run did not arrive whole")
    if not isinstance(data["returned"], str) or not isinstance(data["modes"], str) or len(data["modes"]) > MAX_LOSSES:
        raise Malformed("a run did not arrive whole")
    figure = [] if data["figure"] is None else figure_from(data["figure"])
    arrays = {
        "lrs": lrs,
        "losses": losses,
        "weights": weights,
        "buffers": buffers,
        "second": second,
        "figure": figure,
    }
    return {**data, **arrays}


def all_faults(runs: Mapping[str, Any], probes: list[Probe]) -> dict[str, list[str]]:
    """Return the faults of every run, without those that only follow from another.

    What is wrong with the losses is told by the first probe that shows it: short sweeps can't tell mistakes apart.
    """
    faults = {probe["id"]: faults_of(runs[probe["id"]], probe) for probe in probes}
    everywhere = _error_at(runs["sweep"]) if "sweep" in runs else None
    for key, run in runs.items():
        if everywhere and _error_at(run) == everywhere:  # no fault of this probe's own
            rest = [fault for fault in faults[key] if not fault.endswith("_crash") and fault != "error"]
            faults[key] = sorted({*rest, "crashed" if rest or "crashed" in faults["sweep"] else "error"}, key=_ORDER)
    every = [fault for found in faults.values() for fault in found]
    first = next((fault for fault in every if FAULTS[fault][0] == "losses"), None)
    if first:
        faults = {
            key: list(dict.fromkeys(first if FAULTS[fault][0] == "losses" else fault for fault in found))
            for key, found in faults.items()
        }
    if "stops_early" in every:
        faults = {key: [fault for fault in found if fault != "short_stops"] for key, found in faults.items()}
    return faults


def _error_at(run: Mapping[str, Any]) -> tuple[Any, ...] | None:
    error = run["error"]
    return (error["type"], error.get("line"), error.get("code")) if error else None


def faults_of(run: Mapping[str, Any], probe: Probe) -> list[str]:
    """Return what is wrong with a run, as keys of FAULTS; an empty list when it is as it should be."""
    name = probe["id"]
    if (probe.get("poison") or {}).get("what") in ("error", "stop"):
        return _interrupted_faults(run, probe)
    if run["error"]:
        crash = {"short_loader": "short_crash", "few": "few_crash", "bad_start": "bad_start_crash"}.get(name, "error")
        if not len(run["losses"]) or len(run["lrs"]) != len(run["losses"]):
            return [crash]
    if run["returned"] and not len(run["losses"]):
        return ["no_values"]
    if not run["modes"] or (len(run["losses"]) == 0 and name != "bad_start"):
        return ["never_run"]
    found = _left_behind(run, probe)
    found += ["crashed" if crash == "error" else crash] if run["error"] else []
    found += ["return"] if run["returned"] else []
    lrs, losses = run["lrs"], run["losses"]
    if len(lrs) != len(losses):
        return ["lengths", *found]
    if name == "bad_start":
        return found + (["goes_on_after_inf"] if len(losses) > 1 else [])
    if _heads_for(losses, probe) and not _heads_for(lrs, probe):
        return ["return_order", *found]
    sweep = _sweep_faults(lrs, probe)
    found = [*sweep, *found]
    if probe["network"] == "tanh" and name != "explodes" and len(lrs):
        found += _loss_faults(run, probe)
    found += _stop_faults(
        run, probe, bool(set(sweep) - {"steps_default"}) or any(FAULTS[f][0] == "losses" for f in found)
    )
    if name in ("sweep", "scaled") and len(lrs):
        suggestion = _suggestion_faults(run, probe)
        wrong = any(FAULTS[fault][0] in ("sweep", "losses", "stop") for fault in found)
        found += ["suggestion_follows"] if wrong and suggestion else suggestion
    if name == "sweep":
        found += _figure_faults(run)
    return sorted(set(found), key=list(FAULTS).index)


def _left_behind(run: Mapping[str, Any], probe: Probe) -> list[str]:
    """Return what a run did not put back; only the probes that look at it."""
    if probe["id"] not in ("sweep", "restore"):
        return []
    found = []
    if "E" in run["modes"]:
        found.append("evaluates")
    if not run["moved"]:
        found.append("untrained")
    if not np.array_equal(run["weights"], weights_of(probe)):
        found.append("weights_alias" if run["loaded"] else "weights")
    if probe["network"] == "norm" and not np.array_equal(run["buffers"], BUFFERS):
        found.append("buffers")
    if not run["mode"]:
        found.append("mode")
    if not run["rng"]:
        found.append("rng")
    if "weights_alias" in found and "buffers" in found:
        found.remove("buffers")  # the same slip
    return found


def _interrupted_faults(run: Mapping[str, Any], probe: Probe) -> list[str]:
    found = []
    changed = not np.array_equal(run["weights"], weights_of(probe)) or not np.array_equal(run["buffers"], BUFFERS)
    if run["error"]:
        return ["error"]
    if run["interrupted"] is None:
        return ["not_interrupted"]
    if changed or not run["mode"] or not run["rng"] or not run["moved"]:
        found.append("interrupted")
    if run["interrupted"] == "swallowed" and probe["poison"]["what"] == "error":
        found.append("swallowed")  # a graceful end after the stop button is fine
    return found


def _heads_for(values: np.ndarray, probe: Probe) -> bool:
    return len(values) > 1 and bool(np.isclose(values[0], probe["min_lr"], rtol=1e-6)) and bool(values[1] > values[0])


def _sweep_faults(lrs: np.ndarray, probe: Probe) -> list[str]:
    low, high, steps = probe["min_lr"], probe["max_lr"], probe["num_steps"]
    if len(lrs) == 0 or not np.isfinite(lrs).all() or not (lrs > 0).all():
        return ["uneven"]
    found = []
    if len(lrs) > steps:
        found.append("steps_default" if len(lrs) == DEFAULTS["num_steps"] else "uneven")
        steps = len(lrs)
    factors = [(high / low) ** (1 / n) for n in (steps, steps - 1)]
    growth = lrs[1:] / lrs[:-1]
    even = len(growth) < 1 or np.allclose(growth, growth[0], rtol=1e-5, atol=0)
    if len(growth) > 1 and not even and np.allclose(np.diff(lrs), lrs[1] - lrs[0], rtol=1e-3, atol=1e-9 * high):
        return [*found, "linear"]
    if len(growth) and growth[0] < 1:
        return [*found, "descends"]
    if not np.isclose(lrs[0], low, rtol=1e-6):
        if np.isclose(lrs[0], DEFAULTS["min_lr"], rtol=1e-6):
            return [*found, "start_default"]
        if any(np.isclose(lrs[0], low * factor, rtol=1e-5) for factor in factors):
            return [*found, "start_late"]
        return [*found, "start"]
    if not even:
        return [*found, "uneven"]
    if len(growth) and not any(np.isclose(growth[0], factor, rtol=1e-5) for factor in factors):
        to_default = [(DEFAULTS["max_lr"] / low) ** (1 / n) for n in (steps, steps - 1)]
        if any(np.isclose(growth[0], factor, rtol=1e-5) for factor in to_default):
            return [*found, "end_default"]
        return [*found, "beyond_max" if lrs[-1] > high * (1 + 1e-5) else "end"]
    return found


def _loss_faults(run: Mapping[str, Any], probe: Probe) -> list[str]:
    """Compare the reported losses with those of training by the reported rates, up to where the curve turns chaotic."""
    lrs, losses = run["lrs"], run["losses"]
    if (probe.get("poison") or {}).get("what") == "nan":
        lrs, losses = lrs[: probe["poison"]["at"]], losses[: probe["poison"]["at"]]
    right = losses_with(probe, lrs)[:-1]
    with np.errstate(invalid="ignore"):
        wild = ~(right <= 1.5 * right[0])
    calm = int(wild.argmax()) if wild.any() else len(right)
    turn = min(calm, max(8, int(np.argmin(right[:calm])) + 1)) if calm else 0

    def agrees(other: np.ndarray) -> bool:
        with np.errstate(invalid="ignore"):
            return bool(np.all(np.abs(losses[:turn] - other[:turn]) <= CLOSE * right[0]))

    if agrees(right):
        return []
    for variant in (
        "no_step",
        "constant_rate",
        "same_batch",
        "after_step",
        "rate_ahead",
        "rate_behind",
        "accumulates",
        "momentum",
    ):
        if agrees(losses_with(probe, lrs, variant)[:-1]):
            return [variant]
    if any(
        agrees(_smooth(right, beta, debias)) for beta in (0.5, 0.8, 0.9, 0.95, 0.98, 0.99) for debias in (True, False)
    ):
        return ["averaged"]
    if run["second"] is not None and len(lrs):
        moved = np.abs(run["second"] - weights_of(probe))
        if np.mean(np.abs(moved - lrs[0]) <= 0.2 * lrs[0] + 1e-7) > 0.8:
            return ["adaptive"]
    return ["other_losses"]


def _stop_faults(run: Mapping[str, Any], probe: Probe, lost: bool) -> list[str]:
    """Look at where the sweep ended. ``lost``: rates or losses are wrong, so that only plain facts can be
    held against it.
    """
    losses, steps = run["losses"], probe["num_steps"]
    poison = (probe.get("poison") or {}).get("what")
    if poison == "nan":
        return ["goes_on_after_nan"] if len(losses) > probe["poison"]["at"] + 1 else []
    if probe["id"] == "short_loader" and len(losses) == probe["batches"]:
        return ["short_stops"]
    exploded = np.flatnonzero(~(losses <= 4 * losses[0])) if len(losses) else np.zeros(0, int)
    if len(exploded) and len(losses) > exploded[0] + 6:  # a smoothed loss notices a few steps later
        return ["no_stop"]
    if len(losses) >= steps or lost or probe["network"] != "tanh" or len(losses) == 0:
        return []
    seen = np.append(losses, losses_with(probe, run["lrs"])[-1])  # the last may have been seen and not reported
    rose = ~(seen <= 2 * np.minimum.accumulate(seen))
    return [] if rose.any() else ["stops_early"]


def _suggestion_faults(run: Mapping[str, Any], probe: Probe) -> list[str]:
    suggested, lrs, losses = run["suggested"], run["lrs"], run["losses"]
    if suggested is None:
        return ["no_suggestion"]
    if _is_steep(suggested, probe):
        return []
    if np.isclose(suggested, lrs[np.nanargmin(losses)] if np.isfinite(losses).any() else np.nan, rtol=1e-9):
        return ["suggests_minimum"]
    if np.isclose(suggested, lrs.max(), rtol=1e-9):
        return ["suggests_largest"]
    if np.isclose(suggested, lrs.min(), rtol=1e-9):
        return ["suggests_smallest"]
    if suggested == int(suggested) and 1 <= suggested < len(lrs):
        return ["suggests_index"]
    return ["suggests_high" if suggested > steep_range(probe)[1] else "suggests_low"]


def _figure_faults(run: Mapping[str, Any]) -> list[str]:
    axes, lrs = run["figure"], run["lrs"]
    lines = [(ax, line) for ax in axes for line in ax["lines"]]
    if not lines:
        return ["no_figure"]

    def among(values: np.ndarray, wanted: np.ndarray) -> bool:
        ordered = np.sort(wanted)
        nearest = ordered[np.clip(np.searchsorted(ordered, values * (1 - 1e-6)), 0, len(ordered) - 1)]
        return len(values) >= min(5, len(wanted)) and bool(np.allclose(values, nearest, rtol=1e-5))

    good = [ax for ax, line in lines if len(lrs) and among(line["x"], lrs)]
    if not good:
        logs = len(lrs) > 0 and any(
            among(line["x"] - np.log10(lrs[0]) + 1, np.log10(lrs) - np.log10(lrs[0]) + 1) for _, line in lines
        )
        if logs:
            return ["linear_axis"]
        return ["figure_swapped" if len(lrs) and any(among(line["y"], lrs) for _, line in lines) else "no_line"]
    checks = {
        "linear_axis": good[0]["xscale"] != "log",
        "no_xlabel": not good[0]["xlabel"].strip(),
        "no_ylabel": not good[0]["ylabel"].strip(),
    }
    return [fault for fault, found in checks.items() if found]


# ---------------------------------------------------------------------------------------------- explaining


def _explain(
    step: Step, verdict: Verdict, read: Mapping[str, Any], probes: Mapping[str, Probe], faults: Mapping[str, list[str]],
    expected: Expected,
) -> Verdict:  # fmt: skip
    every = sorted({fault for found in faults.values() for fault in found}, key=list(FAULTS).index)
    crashed = next((key for key, run in read.items() if run["error"]), None)
    told = [fault for fault in every if fault not in ("error", "crashed")]
    verdict = replace(verdict, details=tuple(f"{FAULTS[fault][1].capitalize()}." for fault in told))
    named = _named(step, set(every))
    if named:
        words = [misconceptions(step.id)[name] for name in named]
        rest = verdict.details if len(every) > 1 else ()
        said = f"{words[0].title}." if len(words) == 1 else f"Two mistakes at once. {words[0].title}."
        more = tuple(f"And: {one.title}." for one in words[1:])
        verdict = replace(
            verdict, misconception=named[0], headline=said, hint=words[0].hints[0], details=(*more, *rest)
        )
        verdict = replace(verdict, where=place_of(read[crashed]["error"]) if crashed else None)
    elif crashed:
        error = read[crashed]["error"]
        headline, hint = crash_of("Your code", error, _CALL, expected.secret)
        verdict = replace(verdict, headline=headline, hint=hint)
        verdict = with_crash(verdict, error, RangeTest.of(step).says[crashed], expected.secret)
    else:
        verdict = replace(verdict, headline=verdict.details[0], hint=step.hints[0])
    if expected.secret:
        return verdict
    first = next(key for key, found in faults.items() if found)
    fault = faults[first][0]
    counterexample = f"{RangeTest.of(step).says[first]}: {FAULTS[fault][1]}{_shown(fault, read[first], probes[first])}."
    if fault in ("return", "no_values"):
        counterexample = f"{counterexample[:-1]}; {read[first]['returned']}."
    picture = None
    if FAULTS[fault][0] == "losses" and len(read[first]["losses"]) > 1:
        right = losses_with(probes[first], read[first]["lrs"])[:-1]
        picture = two_curves(read[first]["losses"], right, "The loss, step by step of the sweep")
    return replace(verdict, counterexample=counterexample, picture=picture)


def _named(step: Step, found: set[str]) -> tuple[str, ...]:
    """Return the catalogued mistake, or the two, whose faults these are: all of them and no others; () if none are.

    A run that ended with an error of no probe's own shows no more than the error.
    """
    if found & {"error", "crashed"}:
        return ()
    theirs = {
        key: {fault for faults in outcome.values() for fault in faults} - FOLLOW
        for key, outcome in recorded(step.id).outcomes().items()
    }
    found = found - FOLLOW
    ones = [key for key, faults in theirs.items() if faults == found]
    if ones:
        return (ones[0],)
    parts = [(key, faults) for key, faults in theirs.items() if faults and faults < found]
    return next(((a, b) for (a, one), (b, other) in combinations(parts, 2) if one | other == found), ())


def _shown(fault: str, run: Mapping[str, Any], probe: Probe) -> str:
    """Return the numbers that show a fault, as the end of a sentence."""
    lrs, losses = run["lrs"], run["losses"]
    line = FAULTS[fault][0]
    if line == "sweep" and len(lrs) > 1 and fault not in ("return", "lengths", "return_order"):
        bounds = f"min_lr={probe['min_lr']:g}, max_lr={probe['max_lr']:g}, num_steps={probe['num_steps']}"
        return f". With {bounds} the rates are {lrs[0]:.4g}, {lrs[1]:.4g}, …, {lrs[-1]:.4g} ({len(lrs)} of them)"
    if fault == "lengths":
        return f": {len(lrs)} rates and {len(losses)} losses came back"
    if line == "losses" and len(losses) > 1:
        right = losses_with(probe, lrs)[:-1]
        with np.errstate(invalid="ignore"):
            off = ~(np.abs(losses - right) <= CLOSE * right[0])
        i = int(off.argmax())
        return (
            f". losses[{i}] is {losses[i]:.6g}; {right[i]:.6g} is the loss before the step with lrs[{i}] = {lrs[i]:.4g}"
        )
    if line == "stop" and len(losses):
        return f". It began with {losses[0]:.4g} and ended with {losses[-1]:.4g} after {len(losses)} losses"
    if line == "suggestion" and run["suggested"] is not None:
        low, high = steep_range(probe)
        told = f"over several first weights the loss falls from {low:.2g} to {high:.2g}"
        return f". {run['suggested']:.3g} is suggested; {told}"
    return ""
