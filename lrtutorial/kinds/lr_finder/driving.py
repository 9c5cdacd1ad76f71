"""One probe put to a range test with torch, in the student's process: what it did, and what it left behind."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np

from lrtutorial.answers.arrays import pack
from lrtutorial.figures import watched
from lrtutorial.figures.reading import read_figure
from lrtutorial.figures.undrawn import undrawn
from lrtutorial.kinds.driven import Run, describe_error, quiet
from lrtutorial.kinds.lr_finder.asking import DEFAULTS, Probe
from lrtutorial.kinds.lr_finder.simulate import BUFFERS, FEATURES, data_of, weights_of

if TYPE_CHECKING:
    import torch
    from matplotlib.figure import Figure
    from torch import nn


MAX_LOSSES = 2000


class _Unrecorded(contextlib.ContextDecorator):
    """In the place of torch's notes for a profiler, which take a seventh of a small sweep's time."""

    def __init__(self, *about: object) -> None: ...

    def __enter__(self) -> _Unrecorded:
        return self

    def __exit__(self, *_: object) -> None: ...


class LoaderError(RuntimeError):
    """Raised by a probe's loader in the middle of a sweep."""


class StopButton(KeyboardInterrupt):
    """The stop button of a probe."""


class _Watch:
    """Notes what a model goes through in its forward passes. A copy of the model has the same watch."""

    def __init__(self) -> None:
        self.modes: list[bool] = []
        self.weights: list[np.ndarray] = []  # of the first two forward passes
        self.moved = False  # whether a later pass had other weights than the first
        self.loaded = 0

    def __deepcopy__(self, memo: object) -> _Watch:
        return self

    def forward(self, model: nn.Module, inputs: object) -> None:
        self.modes.append(bool(model.training))
        if self.moved and len(self.weights) == 2:
            return
        weights = _flat(model.parameters())
        self.weights = [*self.weights, weights][:2]
        self.moved = self.moved or not np.array_equal(weights, self.weights[0])

    def load(self, model: nn.Module, incompatible: object) -> None:
        self.loaded += 1


class _Batches:
    """A dataset whose items are batches; fetching the poisoned one raises, gives NaN, or makes the loss infinite."""

    def __init__(self, probe: Probe) -> None:
        import torch

        inputs, classes = data_of(probe)
        self.inputs = torch.from_numpy(inputs * np.float32(probe["gain"]))
        self.classes = torch.from_numpy(classes)
        self.poison = probe.get("poison")
        self.fetched = 0
        self.raised = False
        self.infinite = False  # whether the model is to give the last batch fetched an infinite loss

    def __len__(self) -> int:
        return len(self.inputs)

    def __getitem__(self, i: int) -> tuple[torch.Tensor, torch.Tensor]:
        self.fetched += 1
        x = self.inputs[i]
        now = self.poison["what"] if self.poison and self.fetched - 1 == self.poison["at"] else ""
        self.infinite, self.raised = now == "inf", self.raised or now in ("error", "stop")
        if now == "error":
            raise LoaderError("the loader could not read a batch")
        if now == "stop":
            raise StopButton
        if now == "nan":
            x = x * math.nan
        return x, self.classes[i]


def drive(range_test: Callable[..., object], probe: Probe, look_inside: bool = False, draws: bool = True) -> Run:
    """Run one probe on a range test and return what it did, and what it left behind.

    Where no lists come back, it is run once more to ``look_inside``: a forgotten return costs what is not returned.
    Unless it ``draws``, its figures are left out, which take most of the time.
    """
    import torch
    from torch.autograd import profiler
    from torch.utils.data import DataLoader

    run: Run = {"nothing": False, "error": None, "interrupted": None, "returned": "", "figure": None}
    run |= {"lrs": [], "losses": [], "suggested": None}
    watch = _Watch()
    with torch.random.fork_rng(devices=[]), quiet():
        torch.default_generator.manual_seed(probe["seed"])  # torch.manual_seed looks for accelerators first
        batches = _Batches(probe)
        model = _model(probe, batches)
        model.register_forward_pre_hook(watch.forward)
        model.register_load_state_dict_post_hook(watch.load)  # type: ignore[no-untyped-call]
        loader: object = DataLoader(batches, batch_size=None)  # type: ignore[arg-type]  # any sequence will do
        args, kwargs = _bounds(probe)
        state = torch.get_rng_state()
        returned: object = None
        watching = watched() if draws else _without_figures()
        with watching as figures, mock.patch.object(profiler, "record_function", _Unrecorded):
            held: dict[str, object] = {}
            try:
                with _names_at_return(range_test, held) if look_inside else contextlib.nullcontext():
                    returned = range_test(model, loader, *args, **kwargs)
                run["nothing"] = returned is None and not watch.modes
                run["interrupted"] = "swallowed" if batches.raised else None
            except (LoaderError, StopButton):
                run["interrupted"] = "raised"
            except Exception as error:
                run["error"] = describe_error(error)
                _read_names(_names_at(error, range_test), run)
            drawn = [read_figure(figure) for figure in figures if figure.axes]
        run["rng"] = bool(torch.equal(state, torch.get_rng_state()))
    if run["interrupted"] is None and run["error"] is None:
        read_return(returned, run)
        if run["returned"] and not run["losses"] and not run["nothing"] and watch.modes:
            if not look_inside:
                return drive(range_test, probe, look_inside=True, draws=draws)
            _read_names(held, run)
    if run["interrupted"] is None:
        run["figure"] = drawn[-1] if drawn else None
    return {
        **run,
        **_left_behind(model, watch, probe),
        "lrs": pack(np.array(run["lrs"], dtype=float)),
        "losses": pack(np.array(run["losses"], dtype=float)),
    }


def _left_behind(model: nn.Module, watch: _Watch, probe: Probe) -> Run:
    return {
        "weights": pack(_flat(model.parameters())),
        "buffers": pack(_flat(model.buffers())),
        "frozen": not all(weight.requires_grad for weight in model.parameters()),
        "mode": all(module.training == probe["training"] for module in model.modules()),
        "modes": "".join("T" if mode else "E" for mode in watch.modes[:MAX_LOSSES]),
        "moved": watch.moved,
        "second": pack(watch.weights[1]) if len(watch.weights) > 1 else None,
        "loaded": watch.loaded > 0,
    }


@contextlib.contextmanager
def _without_figures() -> Iterator[list[Figure]]:
    with undrawn():
        yield []


def _model(probe: Probe, batches: _Batches) -> nn.Module:
    import torch
    from torch import nn

    class Gain(nn.Module):
        """Multiplies by a constant; for a batch meant to, class 0 becomes impossible."""

        def forward(self, x: torch.Tensor) -> torch.Tensor:
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


def _flat(tensors: Iterator[torch.Tensor]) -> np.ndarray:
    parts = [tensor.detach().cpu().numpy().astype(np.float64).ravel() for tensor in tensors]
    return np.concatenate([np.zeros(0), *parts])


def read_return(returned: object, run: Run) -> None:
    """Put what came back into the run, or say in ``returned`` why it can't be read."""
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        size = f" of {len(returned)}" if isinstance(returned, tuple | list) else ""
        run["returned"] = "nothing came back" if returned is None else f"a {type(returned).__name__}{size} came back"
        returned = list(returned.values()) if type(returned) is dict else returned
        several = list(returned)[:8] if isinstance(returned, tuple | list) else []
        lists = [values for one in several if (values := _numbers(one)) is not None]
        if len(lists) >= 2:  # what is there is judged
            run["lrs"], run["losses"] = lists[:2]
            run["suggested"] = next((rate for one in several if (rate := number(one)) is not None), None)
        return
    try:
        for key, values in zip(("lrs", "losses"), returned[:2], strict=True):
            run[key] = [float(value) for value in list(values)[:MAX_LOSSES]]
    except Exception as error:  # a student's object may raise anything here
        run["returned"] = f"a list of numbers was expected ({type(error).__name__})"
        return
    run["suggested"] = number(returned[2])


def _numbers(value: Any) -> list[float] | None:
    """Return a list of numbers as floats; None for anything else."""
    try:
        return [float(one) for one in list(value)[:MAX_LOSSES]]
    except Exception:  # a student's object may raise anything here
        return None


def number(value: Any) -> float | None:
    """Return a finite number as a float; None for anything else."""
    try:
        found = float(value)
    except Exception:
        return None
    return found if math.isfinite(found) else None


def _bounds(probe: Probe) -> tuple[list[float], dict[str, float]]:
    """Return the bounds as they are given: by position, by name, or not at all."""
    values = [probe["min_lr"], probe["max_lr"], probe["num_steps"]]
    named = dict(zip(DEFAULTS, values, strict=True)) if probe["how"] == "keywords" else {}
    return values if probe["how"] == "positional" else [], named


def _names_at(error: BaseException, range_test: object) -> dict[str, object]:
    """Return what the function held by name when it failed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code is not getattr(range_test, "__code__", None):
        trace = trace.tb_next
    return dict(trace.tb_frame.f_locals) if trace is not None else {}


@contextlib.contextmanager
def _names_at_return(range_test: object, held: dict[str, object]) -> Iterator[None]:
    """Put into ``held`` what the function holds by name when it returns."""

    def returns(frame: FrameType, event: str, _: object) -> None:
        if event == "return" and frame.f_code is getattr(range_test, "__code__", None):
            held.update(frame.f_locals)

    before = sys.getprofile()
    sys.setprofile(returns)
    try:
        yield
    finally:
        sys.setprofile(before)


def _read_names(held: Mapping[str, object], run: Run) -> None:
    """Put into the run what a function held: rates, losses and suggestion, by their names."""
    for name, value in held.items():
        low = name.lower()
        if "sugg" in low and run["suggested"] is None:
            run["suggested"] = number(value)
        key = "losses" if "loss" in low else "lrs" if low.startswith(("lr", "rate")) or "rates" in low else ""
        if key and not run[key] and isinstance(value, list | np.ndarray) and not low.startswith(("smooth", "avg")):
            run[key] = _numbers(value) or []
