"""What is said of a fault: its words, the mistake it is named after, the numbers and the curve that show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from lrtutorial.course.exercise import Step
from lrtutorial.course.expected import Expected, misconceptions, recorded
from lrtutorial.kinds import LRFinder
from lrtutorial.kinds.crashes import crash_of, with_crash
from lrtutorial.kinds.driven import place_of, sentence
from lrtutorial.kinds.lr_finder.asking import Probe
from lrtutorial.kinds.lr_finder.runs import Run
from lrtutorial.kinds.lr_finder.simulate import losses_with, steep_range
from lrtutorial.verdict import Verdict
from lrtutorial.verdict.picture import two_curves

CLOSE = 2e-3  #: of the first loss: far more than float32's rounding over a hundred steps, far less than any mistake
FAULTS = {  # what is wrong: (rubric line, words), in the order in which it is told
    "error": ("", "your code raised an error"),
    "never_run": ("", "the model was never run, or no loss came back"),
    "no_values": ("sweep", "rates and losses must come back"),
    "crashed": ("figure", "your code raised an error; what was measured before it counts"),
    "return": ("suggestion", "three things must come back: the rates, the losses and the suggested rate"),
    "return_order": ("sweep", "rates and losses come back in each other's place"),
    "lengths": ("sweep", "there is one rate more than losses"),
    "other_lengths": ("sweep", "there must be one loss for each rate"),
    "order": ("sweep", "by name the bounds arrive, by position they don't"),
    "start_default": ("sweep", "min_lr is ignored: the sweep starts at the default"),
    "start_late": ("sweep", "the first rate reported is one factor above min_lr"),
    "start": ("sweep", "the sweep must start at min_lr"),
    "linear": ("sweep", "the rates grow by equal steps, not by equal factors"),
    "descends": ("sweep", "the sweep starts at max_lr and goes down"),
    "shrinks": ("sweep", "the rates fall from one to the next: the factor is below 1"),
    "end_default": ("sweep", "max_lr is ignored: the sweep heads for the default"),
    "beyond_max": ("sweep", "the factor is too large: in num_steps the rates go beyond max_lr"),
    "end": ("sweep", "the factor is too small: in num_steps the rates don't reach max_lr"),
    "uneven": ("sweep", "the factor from one rate to the next is not constant"),
    "too_many": ("sweep", "the sweep takes more steps than num_steps"),
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
    "fixed_limit": ("stop", "where the first loss is large, the sweep stops although the loss has not exploded"),
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
    "frozen": ("restore", "the weights are left with requires_grad = False: nothing could be trained afterwards"),
    "rng": ("restore", "torch's random state is not restored"),
    "untrained": ("restore", "no weight was seen to change, so that nothing could be restored"),
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
    "no_figure": ("figure", "no figure was drawn"),
    "figure_swapped": ("figure", "the figure's axes are swapped: the rate belongs on the x axis"),
    "no_line": ("figure", "no line of the figure shows the losses over the rates"),
    "linear_axis": ("figure", "the rate's axis is not logarithmic"),
    "no_xlabel": ("figure", "the x axis has no label"),
    "no_ylabel": ("figure", "the y axis has no label"),
}
#: Faults that follow from others and tell no mistake apart.
FOLLOW = {"not_interrupted"}
#: Faults of a run that an exception ended, which may be there for no other reason: they cost their line, unsaid.
CUT_OFF = {"stops_early", "fixed_limit", "no_suggestion", "not_interrupted", "untrained"}
#: What to do about a fault that has no name, by the line of the rubric that it breaks.
NEXT = {
    "sweep": "Print lrs[0], lrs[1]/lrs[0], lrs[-1] and len(lrs), and compare them with what you asked for.",
    "losses": "Write the plain training loop first; compare the first losses with those at a rate of nearly 0.",
    "stop": "Print the losses one by one: at which of them should the sweep end, and where does it?",
    "robust": "Call it by hand with a list of three batches, and once with num_steps=3.",
    "restore": "Compare model.state_dict(), model.training and torch.get_rng_state() before and after.",
    "interrupted": "Which Python statement runs in every case, also when a batch can't be read?",
    "suggestion": "Print what comes back, and mark the suggested rate in your curve.",
    "figure": "Look at the figure as someone who hasn't read the code.",
}
ORDER = list(FAULTS).index
_CALL = "lr_range_test(model, train_loader, min_lr=…, max_lr=…, num_steps=…)"


def explain(
    step: Step,
    verdict: Verdict,
    read: Mapping[str, Run],
    probes: Mapping[str, Probe],
    faults: Mapping[str, list[str]],
    expected: Expected,
) -> Verdict:
    """Return the verdict with what is said of the faults."""
    every = sorted({fault for found in faults.values() for fault in found}, key=ORDER)
    crashed = next((key for key, run in read.items() if run.error), None)
    error = read[crashed].error if crashed else None
    told = [fault for fault in every if fault not in ("error", "crashed") and _is_its_own(fault, read, faults)]
    verdict = replace(verdict, details=tuple(f"{sentence(FAULTS[fault][1])}." for fault in told))
    named = _named(step, set(every))
    if named:
        words = [misconceptions(step.id)[name] for name in named]
        rest = verdict.details if len(every) > 1 else ()
        said = f"{words[0].title}." if len(words) == 1 else f"Two mistakes together show just this. {words[0].title}."
        more = tuple(f"And: {one.title}." for one in words[1:])
        verdict = replace(
            verdict, misconception=named[0], headline=said, hint=words[0].hints[0], details=(*more, *rest)
        )
        verdict = replace(verdict, where=place_of(error))
    elif crashed and error:
        headline, hint = crash_of("Your code", error, _CALL, expected.secret)
        verdict = replace(verdict, headline=headline, hint=hint)
        verdict = with_crash(verdict, error, LRFinder.of(step).says[crashed], expected.secret)
    else:
        hint = NEXT.get(FAULTS[told[0]][0], step.hints[0])
        verdict = replace(verdict, headline=verdict.details[0], hint=hint, details=verdict.details[1:])
    if expected.secret:
        return verdict
    lead = told[0] if told and not (crashed and not named) else None
    first = next(key for key, found in faults.items() if found and (lead is None or lead in found))
    fault = lead or faults[first][0]
    counterexample = f"{LRFinder.of(step).says[first]}: {FAULTS[fault][1]}{_shown(fault, read[first], probes[first])}."
    if fault in ("return", "no_values"):
        counterexample = f"{counterexample[:-1]}; {read[first].returned}."
    picture = None
    if FAULTS[fault][0] == "losses" and len(read[first].losses) > 1:
        right = losses_with(probes[first], read[first].lrs)[:-1]
        picture = two_curves(read[first].losses, right, "The loss, step by step of the sweep")
    return replace(verdict, counterexample=counterexample, picture=picture)


def _is_its_own(fault: str, read: Mapping[str, Run], faults: Mapping[str, list[str]]) -> bool:
    """Whether some run shows a fault that did not merely end with an exception before the fault could be avoided."""
    cut_off = fault in CUT_OFF or FAULTS[fault][0] == "figure"
    return any(fault in found and not (read[key].error and cut_off) for key, found in faults.items())


def _counted(losses: int) -> str:
    return "1 loss" if losses == 1 else f"{losses} losses"


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


def _shown(fault: str, run: Run, probe: Probe) -> str:
    """Return the numbers that show a fault, as the end of a sentence."""
    lrs, losses = run.lrs, run.losses
    line = FAULTS[fault][0]
    if line == "sweep" and len(lrs) > 1 and fault not in ("lengths", "other_lengths", "order"):
        bounds = f"min_lr={probe['min_lr']:g}, max_lr={probe['max_lr']:g}, num_steps={probe['num_steps']}"
        return f". With {bounds} the rates are {lrs[0]:.4g}, {lrs[1]:.4g}, …, {lrs[-1]:.4g} ({len(lrs)} of them)"
    if fault in ("lengths", "other_lengths"):
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
        return f". It began with {losses[0]:.4g} and ended with {losses[-1]:.4g} after {_counted(len(losses))}"
    if line == "suggestion" and run.suggested is not None:
        low, high = steep_range(probe)
        told = f"over several first weights the loss falls from {low:.2g} to {high:.2g}"
        return f". {run.suggested:.3g} is suggested; {told}"
    return ""
