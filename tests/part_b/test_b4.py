"""B4: the reference keeps its contract, the NumPy replay agrees with torch, every style passes, every slip is named."""

from __future__ import annotations

import copy
import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder import catalogue
from autograder.catalogue import b4
from autograder.references import range_test as reference
from lrtutorial import datasets
from lrtutorial.checking import verdict_on
from lrtutorial.course import find_step
from lrtutorial.course.expected import recorded
from lrtutorial.kinds import lr_finder
from lrtutorial.kinds.lr_finder import driving, simulate, words

STEP = find_step("b4")
QUESTION = catalogue.questions()["b4"]
PUBLIC = recorded("b4")
SECRET = catalogue.expectations("b4", catalogue.generator("test", "b4"))
SWEEP = next(probe for probe in PUBLIC.probes if probe["id"] == "sweep")


def judged(answer, expected=PUBLIC):
    """The verdict on one answer; the evidence goes through JSON, as it does from a kernel."""
    evidence = json.loads(json.dumps(lr_finder.collect(STEP, {"lr_range_test": answer}, expected.probes)))
    return lr_finder.judge(STEP, evidence, expected, {})


def batches(n=6, seed=0):
    import torch

    rng = np.random.default_rng(seed)
    return [(torch.tensor(rng.normal(size=(8, 4)), dtype=torch.float32), torch.arange(8) % 3) for _ in range(n)]


def network():
    import torch
    from torch import nn

    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Dropout(0.2), nn.Tanh(), nn.Linear(6, 3))


# ------------------------------------------------------------------------------------------- the reference


def state_of(model):
    import torch

    return (
        copy.deepcopy(model.state_dict()),
        [module.training for module in model.modules()],
        [None if param.grad is None else param.grad.clone() for param in model.parameters()],
        torch.get_rng_state(),
    )


def same_state(a, b) -> bool:
    import torch

    tensors = all(torch.equal(a[0][key], b[0][key]) for key in a[0])
    grads = all(
        (x is None) == (y is None) and (x is None or torch.equal(x, y)) for x, y in zip(a[2], b[2], strict=True)
    )
    return tensors and a[1] == b[1] and grads and torch.equal(a[3], b[3])


@pytest.mark.parametrize("ending", [None, RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("mixed", [False, True])
def test_reference_gives_everything_back_however_it_ends(ending, mixed) -> None:
    import matplotlib.pyplot as plt
    import torch

    model = network().train(not mixed)
    model[1].eval()  # a frozen batch norm in a training network, too
    model(batches()[0][0]).sum().backward()

    class Loader:
        def __iter__(self):
            torch.rand(3)
            yield from batches(4)
            if ending:
                raise ending

    before = state_of(model)
    if ending:
        with pytest.raises(ending):
            reference.lr_range_test(model, Loader(), 1e-3, 0.5, 12)
    else:
        lrs, losses, suggested = reference.lr_range_test(model, Loader(), 1e-3, 0.5, 12)
        assert len(lrs) == len(losses) == 12 and suggested in lrs
    assert same_state(before, state_of(model))
    plt.close("all")


@given(low=st.floats(1e-8, 1e-2), decades=st.floats(0.5, 8), steps=st.integers(1, 200))
def test_rates_are_a_geometric_sequence(low, decades, steps) -> None:
    rates = np.array(reference.exponential_rates(low, low * 10**decades, steps))
    assert rates[0] == pytest.approx(low)
    assert np.allclose(rates, low * np.logspace(0, decades, steps + 1)[:-1], rtol=1e-9)


@given(values=st.lists(st.floats(-10, 10), min_size=1, max_size=30))
def test_the_average_is_debiased(values) -> None:
    """Against the definition: weights 0.8^(t−i), normalized."""
    smooth = reference.debiased_average(values)
    for t in range(len(values)):
        weights = 0.8 ** np.arange(t, -1, -1)
        assert smooth[t] == pytest.approx(np.sum(weights * values[: t + 1]) / weights.sum(), abs=1e-9)


@given(n=st.integers(1, 12), data=st.data())
def test_the_choice_never_crashes_and_is_one_of_the_rates(n, data) -> None:
    lrs = list(np.geomspace(1e-5, 1, n))
    losses = data.draw(st.lists(st.sampled_from([0.5, 1.0, 2.0, math.nan, math.inf]), min_size=n, max_size=n))
    assert reference.steepest(lrs, losses) in lrs


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), gain=st.sampled_from([1.0, 7.0, 25.0]), steps=st.integers(2, 40))
def test_the_judges_numpy_losses_are_torchs(seed, gain, steps) -> None:
    """The replay against torch training the same probe by hand, one loss beyond the last step included."""
    import torch

    probe = {**SWEEP, "seed": seed, "gain": gain, "batches": 9, "num_steps": steps}
    rates = np.geomspace(1e-3, 0.5, steps) / gain**2
    data = driving._Batches(probe)
    model = driving._model(probe, data)
    losses = []
    for i, rate in enumerate([*rates, 0.0]):
        x, y = data[i % 9]
        loss = torch.nn.functional.cross_entropy(model(x), y)
        losses.append(loss.item())
        grads = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for param, grad in zip(model.parameters(), grads, strict=True):
                param -= float(rate) * grad
    assert np.allclose(simulate.losses_with(probe, rates), losses, rtol=0, atol=words.CLOSE * losses[0] / 4)


# ------------------------------------------------------------------------------------------- right answers


@pytest.mark.parametrize("expected", [PUBLIC, SECRET], ids=["public", "secret"])
@pytest.mark.parametrize("style", ["reference", *QUESTION.accepted])
def test_every_right_style_has_full_marks(style, expected) -> None:
    answer = QUESTION.reference if style == "reference" else QUESTION.accepted[style]
    verdict = judged(answer, expected)
    assert verdict.right and verdict.points == verdict.possible == 20, str(verdict)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("style", ["tenth_of_minimum", "documents_choice", "pieces"])
def test_honest_suggestions_lie_in_the_range_whatever_the_draw(style, seed) -> None:
    probes = [p for p in b4.probes(np.random.default_rng(seed)) if p["id"] in ("sweep", "scaled")]
    evidence = lr_finder.collect(STEP, {"f": QUESTION.accepted[style]}, probes)
    assert not any(lr_finder.outcome_of(STEP, evidence, probes).values())


def test_no_fixed_rate_lies_in_the_range_of_every_network() -> None:
    for probes in (PUBLIC.probes, SECRET.probes):
        ranges = {p["id"]: simulate.steep_range(p) for p in probes if p["id"] in ("sweep", "scaled")}
        assert ranges["scaled"][1] < ranges["sweep"][0] * 2, ranges
        constant = b4.with_piece(suggest=lambda self: 0.3)
        evidence = lr_finder.collect(STEP, {"f": constant}, probes)
        assert "suggests_high" in lr_finder.outcome_of(STEP, evidence, probes)["scaled"]


@pytest.mark.parametrize("limit", [4.0, 4.4, 5.0])
def test_no_fixed_loss_is_four_times_the_first_of_every_network(limit) -> None:
    """At the usual first losses, 1.1 or so, such a stop ends where a right one does."""
    fixed = b4.with_piece(stop=lambda self: not math.isfinite(self.losses[-1]) or self.losses[-1] > limit)
    for expected in (PUBLIC, SECRET):
        verdict = judged(fixed, expected)
        assert {line.id: line.earned for line in verdict.lines}["stop"] == 0, str(verdict)
        assert verdict.misconception == "b4-fixed_limit", str(verdict)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("style", ["reference", *QUESTION.accepted])
def test_a_first_loss_far_above_the_others_misleads_no_right_stop(style, seed) -> None:
    probes = [p for p in b4.probes(np.random.default_rng(seed)) if "spread" in p]
    answer = QUESTION.reference if style == "reference" else QUESTION.accepted[style]
    evidence = lr_finder.collect(STEP, {"f": answer}, probes)
    assert len(probes) == 1 and not any(lr_finder.outcome_of(STEP, evidence, probes).values())


# ------------------------------------------------------------------------------------------- misconceptions


@pytest.mark.whole  # many seconds: each trains networks
@pytest.mark.parametrize("expected", [PUBLIC, SECRET], ids=["public", "secret"])
@pytest.mark.parametrize("mistake", QUESTION.misconceptions, ids=lambda m: m.id)
def test_every_misconception_is_caught_and_named(mistake, expected) -> None:
    verdict = judged(mistake.answer, expected)
    assert verdict.misconception == mistake.id, str(verdict)
    assert verdict.status in ("wrong", "partly") and verdict.points < verdict.possible
    assert mistake.title in verdict.headline and verdict.hint == mistake.hints[0]
    assert bool(verdict.counterexample) == (not expected.secret)
    assert verdict.picture is None or not expected.secret


def test_there_are_enough_and_no_two_are_alike() -> None:
    assert len(QUESTION.misconceptions) >= 20
    assert all(2 <= len(m.hints) <= 3 for m in QUESTION.misconceptions)
    found = {
        key: frozenset(fault for faults in outcome.values() for fault in faults) - words.FOLLOW
        for key, outcome in PUBLIC.outcomes().items()
    }
    assert len(set(found.values())) == len(found)
    assert all(found.values())


def test_what_is_recorded_is_what_the_catalogue_says() -> None:
    """The faults are words, the same on every machine; a few are computed anew here, all by the record's own test."""
    for key in ("b4-linear", "b4-after_step", "b4-alias", "b4-minimum"):
        mistake = next(m for m in QUESTION.misconceptions if m.id == key)
        evidence = lr_finder.collect(STEP, {"f": mistake.answer}, PUBLIC.probes)
        assert lr_finder.outcome_of(STEP, evidence, PUBLIC.probes) == PUBLIC.outcomes()[key]


def test_two_slips_at_once_name_one_and_tell_both() -> None:
    both = b4.with_piece(rates=b4.linear, restore_weights=b4.no_op)
    verdict = judged(both)
    assert verdict.misconception in ("b4-linear", "b4-weights")
    text = " ".join(verdict.details)
    assert "equal steps" in text and "weights are not restored" in text


def documents_own(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
    """The course document's code, B4, word for word in what it does."""
    import matplotlib.pyplot as plt
    import torch
    from torch import nn

    initial_state = {k: v.clone() for k, v in model.state_dict().items()}
    lr_mult = (max_lr / min_lr) ** (1 / num_steps)
    optimizer = torch.optim.SGD(model.parameters(), lr=min_lr)
    criterion = nn.CrossEntropyLoss()
    lrs, losses, lr = [], [], min_lr
    data_iter = iter(train_loader)
    for _ in range(num_steps):
        try:
            x, y = next(data_iter)
        except StopIteration:
            data_iter = iter(train_loader)
            x, y = next(data_iter)
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        lrs.append(lr)
        losses.append(loss.item())
        if loss.item() > 4 * losses[0]:
            break
        loss.backward()
        optimizer.step()
        lr *= lr_mult
        for param_group in optimizer.param_groups:
            param_group["lr"] = lr
    model.load_state_dict(initial_state)
    smoothed_losses = np.convolve(losses, np.ones(5) / 5, mode="valid")
    suggested_lr = lrs[np.argmin(np.gradient(smoothed_losses)) + 2]
    plt.figure(figsize=(10, 5))
    plt.semilogx(lrs, losses)
    plt.xlabel("Learning Rate (log scale)")
    plt.ylabel("Loss")
    plt.show()
    return lrs, losses, suggested_lr


def test_the_documents_code_loses_what_the_notebook_asks_beyond_it() -> None:
    lost = {line.id for line in judged(documents_own).lines if not line.earned}
    assert lost == {"stop", "restore", "interrupted"}


def two_axes(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
    """Draws in a way that no stand-in for pyplot keeps up with, and uses what it drew."""
    import matplotlib.pyplot as plt

    lrs, losses, suggested = reference.lr_range_test(model, train_loader, min_lr, max_lr, num_steps)
    plt.close("all")
    fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
    left.semilogx(lrs, losses)
    right.plot(losses)
    for ax in (left, right):
        low, high = ax.get_ylim()
        ax.set_ylim(low, 1.1 * high)
        ax.set(xlabel="learning rate", ylabel="loss")
    right.set_visible(False)
    return lrs, losses, suggested


def test_an_answer_that_uses_what_it_drew_is_run_on_real_figures() -> None:
    runs = lr_finder.collect(STEP, {"lr_range_test": two_axes}, PUBLIC.probes)["runs"]
    assert not any(run["error"] for run in runs.values())


def test_a_plot_that_fails_with_the_default_settings_alone_is_not_right() -> None:
    """Nobody looks at that run's figure, and still it is the call that one makes first."""

    def slips(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
        import matplotlib.pyplot as plt

        returned = reference.lr_range_test(model, train_loader, min_lr, max_lr, num_steps)
        if num_steps == 100:
            plt.gca().set_ylim(float("nan"), 1)
        return returned

    for expected in (PUBLIC, SECRET):
        assert not judged(slips, expected).right


@pytest.mark.parametrize("line", ["plt.xlabels('rate')", "plt.plot(lrs, losses[1:])", "plt.gca().no_such_thing()"])
def test_a_plot_that_fails_costs_the_figure(line) -> None:
    def slips(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
        import matplotlib.pyplot as plt

        lrs, losses, suggested = reference.lr_range_test(model, train_loader, min_lr, max_lr, num_steps)
        exec(line, {"plt": plt, "lrs": lrs, "losses": losses})
        return lrs, losses, suggested

    verdict = judged(slips)
    assert not verdict.right and any("figure" in row.id and not row.earned for row in verdict.lines), str(verdict)


# ------------------------------------------------------------------------------------------- hazards


def unfinished(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100): ...


def empty(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
    return [], [], 0.1


def raises(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
    raise ValueError("no idea")


def texts(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
    return "abc", "def", "g"


def forged(model, train_loader, min_lr=1e-7, max_lr=10, num_steps=100):
    """Returns a plausible curve without any training."""
    lrs = list(np.geomspace(min_lr, max_lr, num_steps))
    return lrs, list(np.linspace(1.1, 0.2, num_steps)), lrs[num_steps // 2]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (..., "unfinished"),
        (None, "unfinished"),
        (unfinished, "unfinished"),
        (3, "unreadable"),
        (([], [], 0.1), "unreadable"),
        (dict, "unreadable"),
        (raises, "wrong"),
        (texts, "wrong"),
        (empty, "wrong"),
    ],
)
def test_what_is_no_answer_earns_nothing(answer, status) -> None:
    verdict = judged(answer)
    assert verdict.points == 0 and verdict.headline and verdict.status == status


def test_a_curve_that_was_made_up_is_seen_through() -> None:
    verdict = judged(forged)
    assert verdict.points == 0


def test_the_students_random_state_and_figures_stay_as_they_are() -> None:
    import matplotlib.pyplot as plt
    import torch

    mine = plt.figure()
    torch.manual_seed(5)
    before = torch.get_rng_state()
    judged(b4.with_piece(restore_rng=b4.no_op))
    assert torch.equal(before, torch.get_rng_state())
    assert plt.get_fignums() == [mine.number]
    plt.close(mine)


HOSTILE = [
    None,
    3,
    [],
    {},
    {"kind": "lr_finder"},
    {"kind": "lr_finder", "problems": {}, "runs": {}},
    {"kind": "lr_finder", "problems": {"lr_range_test": {"right": "all"}}, "runs": {}},
    {"kind": "lr_finder", "problems": 1, "runs": 2},
    {"kind": "range_test", "problem": None, "runs": {}},
]


@pytest.mark.parametrize("evidence", HOSTILE)
def test_hostile_evidence_earns_nothing(evidence) -> None:
    verdict = lr_finder.judge(STEP, evidence, PUBLIC, {})
    assert verdict.points == 0 and not verdict.right


@pytest.fixture(scope="module")
def honest():
    return lr_finder.collect(STEP, {"f": QUESTION.reference}, PUBLIC.probes)


def test_evidence_is_plain_data_of_modest_size(honest) -> None:
    text = json.dumps(honest, allow_nan=False)
    assert len(text) < 200_000
    assert lr_finder.judge(STEP, json.loads(text), PUBLIC, {}).right


@pytest.mark.parametrize("key", ["lrs", "losses", "suggested", "weights", "figure", "modes", "second", "rng", "error"])
@pytest.mark.parametrize("value", [1, "x", [], {}, True, math.nan, math.inf, {"message": 3}], ids=repr)
def test_damaged_evidence_never_gains(honest, key, value) -> None:
    evidence = copy.deepcopy(honest)
    evidence["runs"]["sweep"][key] = value
    verdict = lr_finder.judge(STEP, evidence, PUBLIC, {})
    same = value == honest["runs"]["sweep"][key] and type(value) is type(honest["runs"]["sweep"][key])
    assert verdict.points < 20 or same or (key == "modes" and value == "x") or (key, value) == ("suggested", 1)


def test_check_shows_it_in_the_notebook() -> None:
    assert verdict_on("b4", QUESTION.reference).right
    assert verdict_on("b4", b4.with_piece(rates=b4.linear)).misconception == "b4-linear"


# ------------------------------------------------------------------------------------------- data sets


def test_spirals_and_digits_are_balanced_reproducible_and_bounded() -> None:
    for make, width, kinds in ((datasets.spirals, 2, 3), (datasets.digits, 64, 10)):
        inputs, classes = make(300, seed=4)
        again, _ = make(300, seed=4)
        other, _ = make(300, seed=5)
        assert inputs.shape == (300, width) and inputs.dtype == np.float32 and classes.dtype == np.int64
        assert np.array_equal(inputs, again) and not np.array_equal(inputs, other)
        assert set(np.bincount(classes)) == {300 // kinds}
        assert np.isfinite(inputs).all()
        with pytest.raises(ValueError, match="at least"):
            make(2)
    with pytest.raises(ValueError, match="one class for each"):
        datasets.loader(inputs, classes[:-1])


def test_digits_can_be_told_apart_by_their_mean_pictures() -> None:
    inputs, classes = datasets.digits(2000, noise=0.0, seed=0)
    means = np.stack([inputs[classes == digit].mean(axis=0) for digit in range(10)])
    nearest = np.argmin(((inputs[:, None] - means) ** 2).sum(axis=2), axis=1)
    assert 0.4 < np.mean(nearest == classes) < 1  # better than guessing by far, and not trivial
