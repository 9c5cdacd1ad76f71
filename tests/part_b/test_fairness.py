"""Right answers in other styles pass; what a careless check would overlook is caught; each costs its own line."""

from __future__ import annotations

from types import MappingProxyType

import matplotlib.pyplot as plt
import numpy as np
import pytest

from autograder.catalogue import b1, b2, b4, questions
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from tests.part_b.right_answers import B3, B4, B5

START = np.array([5.0, 4.0])
# A view, not a dictionary: a dictionary that an answer looks into may outlast it, and is copied for every probe.
TRUE = MappingProxyType(questions())


def gradient(position):
    return position * [2.0, 20.0]


def lost(verdict) -> dict[str, float]:
    """What each rubric line lost."""
    return {line.id: line.possible - line.earned for line in verdict.lines if line.earned < line.possible}


def b3_with(draw=None, **runs):
    given = {**TRUE["b3"].reference, **runs}
    if draw:
        given["visualize_optimizers_2d"] = draw
    return verdict_on("b3", *(given[name] for name in find_step("b3").answers))


# ------------------------------------------------------------------------------------------- optimizers


class OverwritesList(b1.Pieces):
    """The velocity takes the caller's list over."""

    def step(self, grads):
        old = getattr(self, "kept", None) or [0.0 * g for g in grads]
        self.kept = grads
        for i, g in enumerate(list(grads)):
            self.kept[i] = self.momentum * old[i] + g
            self.params[i] -= self.lr * self.kept[i]
        self.kept = list(self.kept)


class Clips(b1.PlainSGD):
    def step(self, grads):
        for p, g in zip(self.params, grads, strict=True):
            p[...] = np.clip(p - self.lr * g, -10, 10)


class OtherOrder(b1.Pieces):
    def __init__(self, params, momentum=0.9, lr=0.1):
        super().__init__(params, lr, momentum)


class BetasLast(b2.Pieces):
    def __init__(self, params, lr=0.001, eps=1e-8, beta1=0.9, beta2=0.999):
        super().__init__(params, lr, beta1, beta2, eps)


@pytest.mark.parametrize(
    ("step", "answers", "mistake", "line"),
    [
        ("b1", {"MomentumSGD": OverwritesList}, "b1-mutates", "manners"),
        ("b1", {"SGD": Clips}, "b1-sgd_clipped_position", "sgd"),
        ("b1", {"MomentumSGD": OtherOrder}, None, "manners"),
        ("b2", {"Adam": BetasLast}, None, "manners"),
    ],
)
def test_lists_bounds_and_the_order_of_parameters_are_looked_at(step, answers, mistake, line) -> None:
    right = TRUE[step].reference if step == "b1" else {}
    verdict = verdict_on(step, *({**right, **answers}[name] for name in find_step(step).answers))
    assert line in lost(verdict) and verdict.misconception == mistake, str(verdict)
    assert mistake or "By name the settings arrive; by position they don't." in verdict.headline


# ------------------------------------------------------------------------------------------- trajectories


def test_bounds_on_the_position_and_a_wrong_order_are_caught_in_runs_too() -> None:
    def clipped(start, lr, steps):
        rows = [np.array(start, float)]
        for _ in range(steps):
            rows.append(np.clip(rows[-1] - lr * gradient(rows[-1]), -10, 10))
        return np.array(rows)

    def swapped(start, steps, lr):
        return TRUE["b3"].reference["run_sgd"](start, lr, steps)

    assert b3_with(run_sgd=clipped).misconception == "b3-sgd_clipped_position"
    assert "run_sgd raised" in str(b3_with(run_sgd=swapped)) or "sgd" in lost(b3_with(run_sgd=swapped))


def crashes(start, lr, beta, eps, steps):
    raise ValueError("off")


def a_list(start, lr, steps):
    return list(TRUE["b3"].reference["run_sgd"](start, lr, steps))


def unfinished(start, lr, momentum, steps):
    pass


def only_the_last(start, lr, steps):
    return TRUE["b3"].reference["run_sgd"](start, lr, steps)[-1]


def forgets_to_return(start, lr, momentum, steps):
    TRUE["b3"].reference["run_momentum"](start, lr, momentum, steps)


def moves_the_start(start, lr, momentum, steps):
    rows = TRUE["b3"].reference["run_momentum"](start, lr, momentum, steps)
    start[...] = rows[-1]
    return rows


def drawing_with(**runs):
    """The figure, drawn by a function that finds the runs by name, as a cell's function does."""
    space: dict = {**TRUE["b3"].reference, **runs, "np": np, "plt": plt}
    exec(DRAWING, space)
    return space["visualize_optimizers_2d"]


DRAWING = """
def visualize_optimizers_2d():
    start = np.array([5.0, 4.0])
    fig, ax = plt.subplots()
    x, y = np.meshgrid(np.linspace(-6, 6, 80), np.linspace(-5, 5, 80))
    ax.contour(x, y, x**2 + 10 * y**2, 12)
    for name, path in (
        ("SGD", run_sgd(start, 0.05, 50)), ("Momentum", run_momentum(start, lr=0.05, momentum=0.9, steps=50)),
        ("RMSprop", run_rmsprop(start, 0.5, 0.9, 1e-8, 50)), ("Adam", run_adam(start, 0.5, 0.9, 0.999, 1e-8, 50)),
    ):
        ax.plot(path[:, 0], path[:, 1], label=name)
    ax.plot(5, 4, "o")
    ax.plot(0, 0, "*")
    ax.set(xlabel="x", ylabel="y", aspect="equal")
    ax.legend()
"""


@pytest.mark.parametrize(
    ("runs", "costs"),
    [
        ({}, {}),
        ({"run_rmsprop": crashes}, {"rmsprop": 3}),
        ({"run_sgd": a_list}, {"form": 2}),
        ({"run_momentum": unfinished}, {"momentum": 3}),
        ({"run_sgd": only_the_last}, {"form": 2}),
        ({"run_momentum": forgets_to_return}, {"momentum": 3}),
        ({"run_momentum": moves_the_start}, {"form": 2}),
    ],
)
def test_a_figure_is_judged_by_itself_where_a_run_that_it_needs_is_broken(runs, costs) -> None:
    verdict = b3_with(drawing_with(**runs), **runs)
    assert lost(verdict) == costs, str(verdict)
    assert any("made good" in text for text in verdict.details) == bool(runs)


@pytest.mark.parametrize("broken", [1, 2, 3, 4])
def test_a_crash_costs_its_own_function_and_what_all_share_only_where_most_crash(broken) -> None:
    def fails(*settings, **named):
        raise ValueError("off")

    own = {"sgd": 2, "momentum": 3, "rmsprop": 3, "adam": 4}
    words = list(own)[:broken]
    runs = {f"run_{word}": fails for word in words}
    shared = {} if broken <= 2 else {"form": 2, "integers": 1}
    verdict = b3_with(drawing_with(**runs), **runs)
    assert lost(verdict) == {word: own[word] for word in words} | shared, str(verdict)


def test_what_comes_back_is_no_crash_and_rows_come_before_a_run_without_steps() -> None:
    def two(start, lr, steps):
        rows = TRUE["b3"].reference["run_sgd"](start, lr, steps)
        return rows, rows[-1]

    def without_the_first(start, lr, steps):
        rows = np.zeros((steps, 2))
        rows[0] = start
        rows[:] = TRUE["b3"].reference["run_sgd"](start, lr, steps)[1:]
        return rows

    verdict = b3_with(run_sgd=two)
    assert "raised" not in str(verdict) and "it returned tuple" in verdict.counterexample, str(verdict)
    verdict = b3_with(run_sgd=without_the_first)
    assert lost(verdict) == {"form": 2}, str(verdict)
    assert "The start is missing" in verdict.headline and "with no step at all it raised IndexError" in verdict.headline


def test_a_run_that_stops_when_it_is_near_enough_is_caught_and_not_called_something_else() -> None:
    def near_enough(start, lr, steps):
        rows = [np.array(start, float)]
        for _ in range(steps):
            if np.abs(gradient(rows[-1])).max() < 1e-6:
                break
            rows.append(rows[-1] - lr * gradient(rows[-1]))
        return np.array(rows)

    verdict = b3_with(run_sgd=near_enough)
    assert lost(verdict) == {"sgd": 2} and verdict.misconception is None, str(verdict)
    assert "(1, 2); (7, 2) was expected" in verdict.counterexample


def test_runs_in_single_precision_and_settings_in_another_order_are_told_as_that() -> None:
    def single(start, lr, steps):
        return TRUE["b3"].reference["run_sgd"](np.array(start, np.float32), lr, steps).astype(np.float32)

    def swapped(start, momentum, lr, steps):
        return TRUE["b3"].reference["run_momentum"](start, lr, momentum, steps)

    verdict = b3_with(run_sgd=single)
    assert verdict.misconception == "b3-single" and lost(verdict) == {"form": 2}, str(verdict)
    verdict = b3_with(run_momentum=swapped)
    assert verdict.misconception == "b3-momentum_settings_swapped" and lost(verdict) == {"momentum": 3}, str(verdict)


class UphillWithTheRateInside(b1.Pieces):
    def step_one(self, i, g):
        self.v[i] = self.momentum * self.v[i] + self.lr * g
        self.params[i] += self.v[i]


class DecaysAndAscends(b1.PlainSGD):
    def step(self, grads):
        for p, g in zip(self.params, grads, strict=True):
            p += self.lr * g - 0.01 * p


@pytest.mark.parametrize(
    ("answers", "named", "costs"),
    [
        ({"MomentumSGD": UphillWithTheRateInside}, {"goes uphill", "rate is inside"}, {"velocity": 5, "rate": 2}),
        ({"SGD": DecaysAndAscends}, {"goes uphill", "weight decay"}, {"sgd": 4}),
    ],
)
def test_two_mistakes_in_the_last_line_are_both_named(answers, named, costs) -> None:
    verdict = verdict_on("b1", *({**TRUE["b1"].reference, **answers}[name] for name in find_step("b1").answers))
    said = " ".join((verdict.headline, *verdict.details))
    assert all(words in said for words in named) and lost(verdict) == costs, str(verdict)


def test_a_start_of_integers_works_or_is_refused_aloud() -> None:
    def refuses(start, lr, steps):
        position, rows = start.copy(), [start.copy()]
        for _ in range(steps):
            position -= lr * gradient(position)
            rows.append(position.copy())
        return np.array(rows)

    verdict = b3_with(run_sgd=refuses)
    assert verdict.right and any("a start of integers is refused" in text for text in verdict.details)


def test_nan_from_a_negative_root_is_not_called_a_division_by_zero() -> None:
    """Both give NaN at once; only NumPy knows which it was."""

    def adam(correct, sign):
        def run(start, lr, beta1, beta2, eps, steps):
            x, m, v, rows = np.array(start, float), np.zeros(2), np.zeros(2), [np.array(start, float)]
            for t in range(steps):
                g = gradient(x)
                m, v = beta1 * m + (1 - beta1) * g, beta2 * v + sign * (1 - beta2) * g**2
                top, below = m / (1 - beta1 ** (t + correct)), v / (1 - beta2 ** (t + correct))
                x = x - lr * top / (np.sqrt(below) + eps)
                rows.append(x)
            return np.array(rows)

        return run

    assert b3_with(run_adam=adam(0, 1)).misconception == "b3-adam_t_from_zero"
    negative = b3_with(run_adam=adam(1, -1))
    assert negative.misconception is None and "divides by zero" not in str(negative)


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        (lambda run, steps: np.zeros((steps + 1, 2)), None),
        (lambda run, steps: run[:-1], "b3-one_less"),
        (lambda run, steps: run[1:], "b3-no_start"),
        (lambda run, steps: np.array([run[-1]] * (steps + 1)), "b3-aliased"),
    ],
    ids=["never filled", "last one missing", "first one missing", "one array"],
)
def test_what_the_rows_lack_is_said_of_the_rows_that_are_there(rows, mistake) -> None:
    def run(start, lr, steps):
        return rows(TRUE["b3"].reference["run_sgd"](start, lr, steps), steps)

    verdict = b3_with(run_sgd=run)
    assert verdict.misconception == mistake, str(verdict)
    assert mistake or "same array" not in str(verdict)


# ------------------------------------------------------------------------------------------- figures


def drawn(legend="labels", contours="lines", mark=(5, 4), marker="-"):
    """A figure of the four runs in another style."""

    def draw():
        reference = TRUE["b3"].reference
        runs = {
            "SGD": reference["run_sgd"](START, 0.05, 50),
            "Momentum": reference["run_momentum"](START, 0.05, 0.9, 50),
            "RMSprop": reference["run_rmsprop"](START, 0.5, 0.9, 1e-8, 50),
            "Adam": reference["run_adam"](START, 0.5, 0.9, 0.999, 1e-8, 50),
        }
        figure, ax = plt.subplots()
        x, y = np.meshgrid(np.linspace(-6, 6, 80), np.linspace(-5, 5, 80))
        if contours == "circles":
            ax.contourf(x, y, x**2 + y**2, 12)
        elif contours == "filled":
            ax.contourf(x, y, x**2 + 10 * y**2, 12)
        else:
            ax.contour(x, y, x**2 + 10 * y**2, 15)
        for name, run in runs.items():
            ax.plot(run[:, 0], run[:, 1], marker, label=name if legend != "list" else None)
        if mark:
            ax.scatter(*mark, marker="s")
        ax.plot(0, 0, "*")
        ax.set(xlabel="x", ylabel="y", aspect="equal")
        if legend == "figure":
            figure.legend()
        elif legend == "list":
            ax.legend(list(runs))
        else:
            ax.legend()

    return draw


@pytest.mark.parametrize("style", [{"legend": "figure"}, {"legend": "list"}, {"contours": "filled"}, {}], ids=str)
def test_figures_in_another_style_are_right(style) -> None:
    assert b3_with(drawn(**style)).right


@pytest.mark.parametrize(
    ("style", "line"),
    [({"contours": "circles"}, "contours"), ({"mark": (4, 5), "marker": ".-"}, "marks"), ({"mark": None}, "marks")],
    ids=str,
)
def test_contours_of_another_bowl_and_a_start_elsewhere_cost_a_point(style, line) -> None:
    assert lost(b3_with(drawn(**style))) == {line: 1}


def test_a_schedule_may_be_drawn_as_points() -> None:
    class Scattered(TRUE["b5"].reference):
        def plot_schedule(self, total_epochs=100):
            rates = [self.get_lr(epoch) for epoch in range(total_epochs)]
            _, ax = plt.subplots()
            ax.scatter(range(total_epochs), rates)
            ax.set(xlabel="epoch", ylabel="rate")
            return rates

    assert verdict_on("b5", Scattered).right


# ------------------------------------------------------------------------------------------- schedules


def schedule(source: str, name: str = "CosineAnnealingWarmRestarts"):
    space: dict = {"np": np, "plt": plt}
    exec(source, space)
    return space[name]


def test_a_schedule_may_call_itself_for_each_period() -> None:
    source = B5["subtract"]
    a, b = source.index("    def get_lr"), source.index("    def plot_schedule")
    own = """    def get_lr(self, epoch, length=None):
        length = length or self.T_0
        if epoch >= length:
            return self.get_lr(epoch - length, length * self.T_mult)
        return self.lr_min + 0.5 * (self.lr_max - self.lr_min) * (1 + np.cos(np.pi * epoch / length))

"""
    assert verdict_on("b5", schedule(source[:a] + own + source[b:])).right


@pytest.mark.parametrize("change", [("T_mult=2", "T_mult=6"), ("T_0=10", "T_0=12"), ("lr_min=0", "lr_min=0.001")])
def test_a_default_of_a_schedule_that_is_another_number_is_caught(change) -> None:
    verdict = verdict_on("b5", schedule(B5["subtract"].replace(*change)))
    assert not verdict.right and "manners" in lost(verdict)


def test_a_wrong_order_of_a_schedules_parameters_is_caught() -> None:
    verdict = verdict_on("b5", schedule(B5["subtract"].replace("lr_max, lr_min=0, T_0=10", "lr_max, T_0=10, lr_min=0")))
    assert "manners" in lost(verdict)


CURVES = {
    "sine": ("np.cos(np.pi * T_cur / T_i)", "np.sin(np.pi * T_cur / T_i)"),
    "upside down": ("(1 + np.cos", "(1 - np.cos"),
    "whole cosine": ("np.cos(np.pi", "np.cos(2 * np.pi"),
    "degrees": ("np.cos(np.pi", "np.cos(180"),
    "no pi": ("np.cos(np.pi * T_cur", "np.cos(T_cur"),
    "in steps": ("np.pi * T_cur / T_i", "np.pi * T_cur // T_i"),
}


@pytest.mark.parametrize("curve", CURVES)
def test_restarts_are_judged_on_ones_own_curve_whatever_that_is(curve) -> None:
    assert CURVES[curve][0] in B5["subtract"]
    verdict = verdict_on("b5", schedule(B5["subtract"].replace(*CURVES[curve])))
    assert lost(verdict) == {"cosine": 5}, str(verdict)


def test_a_curve_that_never_changes_shows_no_restart() -> None:
    start = B5["subtract"].index("        return self.lr_min")
    flat = B5["subtract"][:start] + "        return self.lr_max\n" + B5["subtract"][B5["subtract"].index("\n", start) :]
    assert {"cosine", "restarts", "constant", "fractional"} <= set(lost(verdict_on("b5", schedule(flat))))


def test_what_only_two_schedules_or_only_the_defaults_show_is_said_as_that() -> None:
    shared = B5["subtract"].replace("self.T_0 = T_0", "type(self).T_0 = T_0")
    verdict = verdict_on("b5", schedule(shared))
    assert verdict.headline.startswith("Alone each schedule is right") and lost(verdict) == {"manners": 2}
    verdict = verdict_on("b5", schedule(B5["subtract"].replace("T_mult=2", "T_mult=3")))
    assert "where some are left out they aren't" in verdict.headline and lost(verdict) == {"manners": 2}


# ------------------------------------------------------------------------------------------- range tests


def ending(change):
    """A right range test, of which the result goes through ``change``."""

    def lr_range_test(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
        return change(*TRUE["b4"].reference(model, train_loader, min_lr, max_lr, num_steps), model)

    return lr_range_test


def frozen(lrs, losses, suggested, model):
    for weight in model.parameters():
        weight.requires_grad_(False)
    return lrs, losses, suggested


#: one slip in a written range test: (what it was, what it becomes, what it costs, words said, words that are false)
SLIPS = {
    "loader not started again": (
        "try:\n                x, y = next(batches)\n            except StopIteration:\n"
        "                batches = iter(train_loader)\n                x, y = next(batches)",
        "x, y = next(batches)", {"robust": 2}, "StopIteration", "Two mistakes",
    ),
    "forgotten return": ("    return lrs, losses, suggested", "", {"suggestion": 3}, "nothing came back", "NoneType"),
    "a dictionary": (
        "return lrs, losses, suggested", "return {'lrs': lrs, 'losses': losses, 'best': suggested}", {"suggestion": 3},
        "a dict came back", "body is still to be written",
    ),
    "one rate more": (
        "return lrs, losses", "return [*lrs, lr], losses",
        {"sweep": 4}, "one rate more than losses", "before it is used"),
    "one loss more": (
        "return lrs, losses", "return lrs, [*losses, 0.0]", {"sweep": 4}, "one loss for each rate", "one rate more"),
    "the factor upside down": (
        "(max_lr / min_lr)", "(min_lr / max_lr)", {"sweep": 4}, "factor is below 1", "goes down"),
    "the factor's brackets": ("(1 / num_steps)", "1 / num_steps", {"sweep": 4}, "too large", "interrupted"),
    "the rate is not set": (
        'group["lr"] = lr', 'group["rate"] = lr', {"losses": 3}, "keeps its first rate", "weights never move"),
    "a fixed count": ("range(num_steps)", "range(100)", {"sweep": 4}, "more steps than num_steps", "not constant"),
    "the largest rate over ten": (
        "lrs[int(np.nanargmin(losses))] / 10", "max_lr / 10",
        {"suggestion": 3}, "beyond the steep part", "steepest rise"),
    "stops above the first": (
        "> 4 * losses[0]", "> losses[0]",
        {"stop": 2, "interrupted": 1}, "before the loss has exploded", "the one before"),
    "evaluates": ("model.train()\n", "model.eval()\n", {"restore": 3}, "evaluation mode", "mode the model came in"),
    "a call with too little": ("criterion(model(x), y)", "criterion(model(x))",
        None, "Compare that call", "The check calls it"),
    "a crash on the way": (
        "loss.backward()", "loss.backward()\n            assert len(lrs) < 7",
        {"stop": 2, "suggestion": 3, "figure": 2},
        "AssertionError", "stops although",
    ),
}  # fmt: skip


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_range_test_costs_its_line_and_nothing_false_is_said(slip) -> None:
    before, after, costs, said, never = SLIPS[slip]
    source = B4["try and finally"]
    assert before in source
    space: dict = {"np": np, "plt": plt}
    exec(source.replace(before, after), space)
    verdict = verdict_on("b4", space["lr_range_test"])
    assert costs is None or lost(verdict) == costs, str(verdict)
    told = " ".join([verdict.headline, *verdict.details, verdict.counterexample or "", verdict.hint or ""])
    assert said in told and never not in told, str(verdict)


def test_bounds_in_another_order_are_told_as_that() -> None:
    verdict = verdict_on("b4", other_order)
    assert "By name the bounds arrive, by position they don't." in str(verdict) and lost(verdict) == {"sweep": 4}


def softmax_first(pieces, x, y):
    from torch.nn.functional import cross_entropy

    return cross_entropy(pieces.model(x).softmax(dim=1), y)


def other_order(model, train_loader, max_lr=10, min_lr=1e-7, num_steps=100):
    return TRUE["b4"].reference(model, train_loader, min_lr, max_lr, num_steps)


@pytest.mark.parametrize("style", B4)
def test_six_ways_of_writing_a_range_test_are_right(style) -> None:
    space: dict = {"np": np, "plt": plt}
    exec(B4[style], space)
    assert verdict_on("b4", space["lr_range_test"]).right


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        (ending(lambda lrs, losses, suggested, model: (lrs, losses)), {"suggestion": 3}),
        (ending(lambda lrs, losses, suggested, model: (lrs, losses, suggested, model)), {"suggestion": 3}),
        (ending(frozen), {"restore": 3, "interrupted": 0}),
        (other_order, {"sweep": 4}),
    ],
    ids=["two values", "four values", "frozen", "other order"],
)
def test_a_range_test_loses_the_line_that_broke(answer, lines) -> None:
    found = lost(verdict_on("b4", answer))
    assert {line: found.get(line, 0) for line in lines} == lines, found
    assert set(found) <= {*lines, "losses", "suggestion", "stop"}, found


def test_a_softmax_before_the_loss_is_said_of_the_losses_and_not_of_the_stop() -> None:
    verdict = verdict_on("b4", b4.with_piece(loss_of=softmax_first))
    assert "losses" in lost(verdict) and "inf" not in (verdict.hint or ""), str(verdict)


def test_what_a_frozen_network_is_told() -> None:
    assert "requires_grad = False" in verdict_on("b4", ending(frozen)).headline


@pytest.mark.parametrize(
    "body",
    ["return trace * 0", "return np.cumsum(np.ones_like(trace), 0)", "return np.zeros((51, 2))"],
    ids=["zeros", "ones", "always 51 zeros"],
)
def test_runs_that_take_no_notice_of_their_start_earn_nothing_for_how_they_take_it(body) -> None:
    """Whole numbers give the same as floats there: an answer compared with itself alone."""
    runs = ("run_sgd", "run_momentum", "run_rmsprop", "run_adam")
    wrapped = "".join(
        f"\n_{name} = {name}\ndef {name}(start, *more):\n    trace = _{name}(start, *more)\n    {body}\n"
        for name in runs
    )
    space: dict[str, object] = {"__name__": "__main__", "np": np, "plt": plt}
    exec(next(iter(B3.values())) + wrapped, space)
    answers = [space.get(name, ...) for name in find_step("b3").answers]
    assert verdict_on("b3", *answers).points == 0
