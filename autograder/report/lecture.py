"""What to say in the next lecture: a remark for every step, and its own for families of misconceptions.

A remark speaks to a class, not to one answer: the idea behind a family of mistakes, and something to put on the board.
Its numbers are tested.
"""

from __future__ import annotations

from autograder import catalogue

SHARED = "Draw the two names and one array: param -= … moves the array that the caller sees, param = param − … makes a "
SHARED += "new one that only the optimizer knows. The network holds the old one."

#: {step: what to say, unless a family below fits}
REMARKS: dict[str, str] = {
    "a1-gradient": "Differentiate a·x²/2 once, slowly: the 2 that comes down cancels the ½, which is why the ½ is "
    "there. Then check the units: the gradient of a bowl is proportional to x, and zero at its minimum.",
    "a1-update": "Write the update in words first: new place = old place − rate × gradient at the old place. Put in "
    "a = 1, x = 1, η = 0.1: the new place is 0.9.",
    "a1-closed_form": "Work out x₁, x₂ and x₃ on the board: each step multiplies by the same factor 1 − ηa. Equal "
    "factors make a power, equal steps would make a sum. Then check t = 0: it must give x₀.",
    "a1-derivation": "Take |u| < 1 apart on the number line: both −1 < u and u < 1 at once. Then do the same to all "
    "three parts of the chain at every step, and turn both signs when multiplying by −1.",
    "a1-condition": "Plot |1 − ηa| against η: it falls to 0 at η = 1/a and is back at 1 at η = 2/a. Ask for the range "
    "below 1 by eye, then for its ends: at 0 nothing moves, at 2/a x flips sign for ever.",
    "a2-velocity": "Unroll v₁, v₂, v₃ on the board with one colour for each gradient. The newest gradient enters in "
    "full; every step multiplies all that was there by β. Then shift the index and show that nothing changes.",
    "a2-contribution": "Follow one single gradient through the steps: its share of the step is η, ηβ, ηβ², … The rate "
    "enters once, when x moves; β enters once for every step of age.",
    "a2-effective_lr": "Sum the geometric series: with a gradient that stays the same the shares add up to η/(1 − β). "
    "With one that alternates they add up to η/(1 + β). Neither is a bound of stability, which is at 2(1 + β)/λ.",
    "a2-effective_lr_09": "Put numbers to it: at β = 0.9 a constant gradient is followed ten times as fast; the first "
    "ten shares make 6.5 of the ten.",
    "a3-second_moment": "Write s₁, s₂, s₃ for a constant g: the weights add up to 1 − βᵗ, not to 1. What is missing, "
    "βᵗ, is the weight of the start s₀ = 0.",
    "a3-effective_lr": "Build the rate in two steps on the board: s_t for a constant gradient first, then η over the "
    "root of s_t + ε. A large gradient makes it small: RMSprop divides by the size of what it has seen.",
    "a3-limit_lr": "Take the limits one after the other: βᵗ goes to 0, so s_t goes to g²; then ε goes to 0, and √(g²) "
    "is |g|, whatever the sign. So the rate settles at η/|g|, and the step at η.",
    "a4-expected_m": "Add the weights: (1 − β₁)(1 + β₁ + … + β₁ᵗ⁻¹) = 1 − β₁ᵗ. They fall short of 1 because m₀ = 0 has "
    "the rest. It needs a gradient whose mean stays the same: say so.",
    "a4-corrected_m": "Divide by the sum of the weights, 1 − β₁ᵗ. At t = 1 it gives back the gradient itself, and for "
    "large t it does nothing: two checks that catch nearly every slip.",
    "a4-bias_at_1": "At β₁ = 0.9 the first average is a tenth of the gradient. Ask what is in the other nine tenths: "
    "the start, which is zero.",
    "a4-first_step_ratio": "Both averages start too small, and what counts is their ratio: m is 10 times too small, √v "
    "31.6 times. Without correction the first step is 3.16 times too long, not too short.",
    "a5-derivation": "Two conditions that must hold together: the steepest direction sets the bound, since "
    "2/λ_max is the smaller of the two. Draw both ranges of η on one line and mark where they overlap.",
    "a5-condition": "Draw |1 − ηλ| for two eigenvalues in one picture. Both must be below 1, so the steepest "
    "direction decides: 0 < η < 2/λ_max.",
    "a5-optimal_lr": "In the same picture, look for the lowest point of the upper of the two curves: it is where they "
    "cross, at 2/(λ_max + λ_min). There one direction alternates and both shrink equally fast.",
    "a5-condition_number": "Scale f by 10: both eigenvalues grow, their ratio stays. The contours' axes have the "
    "ratio √κ, so an ellipse that is ten times as long as wide means κ = 100.",
    "a5-rate": "Put η* in: (κ − 1)/(κ + 1) is what a step leaves of the distance, its square what it leaves of f − f*. "
    "1 − 2/κ is smaller than that: an approximation for large κ, and no bound.",
    "a5-rate_100": "At κ = 100 a step leaves 99/101 of the distance. Ask how many steps divide it by ten: 116.",
    "b1": "Run the two lines of momentum by hand for three steps: the velocity first, from the gradients alone, then "
    "the parameters by the rate times the velocity.",
    "b2": "Go through the five lines of Algorithm 1 with one number, g = 1, for two steps. Every line has a value that "
    "can be checked: m̂ = 1 and v̂ = 1 from the first step on.",
    "b3": "Compare the first two points of each run with a calculation by hand from the same start; where they "
    "differ is the line to look at.",
    "b4": "Read the sweep as an experiment with a protocol: set the rate, measure the loss, step, and leave the model "
    "as it was found.",
    "b5": "Mark one period on the board: position 0, half of it, its end. The formula must give lr_max, the middle of "
    "the range, and nearly lr_min.",
    "c1-prediction_1": "Show the loss after a fixed budget against the rate, on a log axis: a valley. Left of it the "
    "run is slow, right of it it overshoots. Safe and small is also wrong.",
    "c1-prediction_2": "Plain gradient descent has no brake: on a parabola the factor 1 − ηλ is beyond −1 as soon as "
    "η > 2/λ. For networks that is a local statement, not a theorem about the whole run.",
    "c1-prediction_3": "Lay the runs over each other from the first step on: a better rate is ahead early, not only "
    "in the end.",
    "c2-prediction_1": "Steps go with κ for plain descent and with √κ for tuned momentum, on quadratics. At κ = 100 "
    "that is about ten in theory and seven in our run, not a hundred; and no tuning gives it on every convex function.",
    "c2-prediction_2": "Variances add with squared weights: (1 − β)²(1 + β² + β⁴ + …) = (1 − β)/(1 + β). At β = 0.9 "
    "the variance is divided by 19. The 10 of 1/(1 − β) is how far steps add up.",
    "c2-prediction_3": "Separate two things: the direction is smoother, the steps are longer. At the same η the "
    "parameter shakes more with momentum; at the matched rate η/(1 − β), about as much.",
    "c2-prediction_4": "A ball knows its speed, not the depth of a valley. Inertia passes what is too shallow to hold "
    "it, the better minimum included.",
    "c3-prediction_1": "Adam divides the size of each coordinate out, so a diagonal condition number hardly costs it "
    "steps. That is scaling along the axes, not a cure for conditioning.",
    "c3-prediction_2": "Turn the bowl by 45°: SGD's path turns with it, Adam's does not stay the same. Adam is "
    "invariant to rescaling each coordinate, not to rotation.",
    "c3-prediction_3": "Show the rotated bowl again: Adam's lead came from the axes, and momentum with one rate is "
    "ahead there. Which optimizer is best depends on the problem's axes.",
    "c4-prediction_1": "Stability of gradient descent at a minimum ends at sharpness 2/η: between 1/η and 2/η the "
    "iterates alternate and still shrink. Networks hover near 2/η (Cohen et al. 2021).",
    "c4-prediction_2": "The same function, other weights: scale one layer up and the next down, and the sharpness "
    "changes while no output does. So sharpness alone explains no generalization.",
    "c4-prediction_3": "Warmup has several causes, and which one counts is disputed: the variance of Adam's early "
    "averages (Liu et al. 2020), the size of updates (Ma & Yarats 2021). In our experiment it helps without any noise.",
    "c4-prediction_4": "The floor under constant noise is a balance: noise comes in with η², descent takes out with η. "
    "So the floor goes with η: half the rate, half the floor.",
    "c5-prediction_1": "Early on, progress is rate times steps. A small rate is not finer then, it is only late.",
    "c5-prediction_2": "Show the crossing of the two curves: the large rate is ahead early, and later cannot rest in "
    "what a small rate can fit. That this reads as a resolution is an analogy: say so.",
    "c5-prediction_3": "Compare the runs at their best moments, over seeds, with the spread: here no rate is better at "
    "generalizing than the others. One experiment; the literature is divided, too.",
    "c6-prediction_1": "Adam's step is about η long, whatever the gradient. So its good rates lie lower than SGD's, "
    "and a comparison at one common rate compares nothing.",
    "c6-prediction_2": "Put Wilson et al. 2017 and Choi et al. 2019 side by side: the ranking went away when both were "
    "tuned over a wide enough range. In our experiment the gap is within the spread.",
    "c6-prediction_3": "Look at what the failed run answers: not chance, but nearly always the same. A failure with a "
    "pattern has a cause to look for.",
}

#: {step: ((endings of misconception ids, what to say), …)}: families that a step's own remark doesn't fit
FAMILIES: dict[str, tuple[tuple[str, str], ...]] = {
    "a1-condition": (
        ("no_lower either_sign", "Ask what a negative rate does: it climbs, from every start. A condition on η has "
         "two ends, and the absolute value is that of the factor 1 − ηa, not of η."),
        ("no_upper", "Run η = 3/a: every step doubles the distance, with alternating sign. Small enough is a "
         "condition, not a habit."),
        ("monotone alternating", "Between 0 and 1/a the iterates come in from one side, between 1/a and 2/a they "
         "alternate; both shrink. Overshooting is not diverging."),
    ),
    "a2-velocity": (
        ("average swapped", "Put the two recursions side by side: momentum v ← βv + g adds gradients up, Adam's "
         "m ← βm + (1 − β)g averages them. Under g = 1 the first settles at 1/(1 − β), the second at 1."),
        ("future future_sum loses_oldest", "Count on the board which gradients are known when v_t is made: g(0) to "
         "g(t − 1), t of them. At t = 1 that is g(0) alone."),
    ),
    "a2-effective_lr": (
        ("times sign", "Memory of a constant gradient makes steps longer. So 1 − β stands below the line: at β = 0 "
         "nothing changes, and towards β = 1 the steps grow without end."),
    ),
    "a3-effective_lr": (
        ("epsilon_outside no_epsilon both epsilon_weighted", "Point at the place of ε. This derivation has √(s + ε); "
         "PyTorch and exercises B2 and B3 have √s + ε. At g = 1e-6 and ε = 1e-8 the steps are 0.010η and 0.990η: no "
         "detail for small gradients."),
        ("momentum", "Momentum adds gradients up, RMSprop divides by their size: 1/(1 − β) belongs to the first. The "
         "weights of an average add up to one, or to 1 − βᵗ after t steps from zero."),
    ),
    "a3-limit_lr": (
        ("momentum zero unchanged", "The weights of an average add up to one: s_t settles at g², it neither grows "
         "without end, as Adagrad's sum does, nor wears off. So the rate settles too, at η/|g|."),
    ),
    "a4-first_step_ratio": (
        ("inverse m_only m_inverse no_effect", "The common sentence “without correction Adam's steps are too small” "
         "is backwards at the default betas: m is 10 times too small, √v 31.6 times and below the line. The first "
         "step is 3.16 times too long, the twelfth 6.57 times."),
    ),
    "a5-rate": (
        ("approximation", "1 − 2/κ drops the 1 in κ + 1. At κ = 2 it says 0, and the rate is 1/3: fine for large κ, "
         "but smaller than the rate, so it is no bound."),
    ),
    "b1": (
        ("classical rate_twice", "Put v ← βv + g; x ← x − ηv beside v ← βv + ηg; x ← x − v. With a constant rate both "
         "are the same; cut the rate tenfold in the middle of a run and they part: in the second the velocity still "
         "carries the old rate."),
        ("sgd_rebinds sgd_local rebinds copies", SHARED),
        ("sgd_mutates mutates aliases", "Gradients belong to the caller. grad *= … or a velocity that is the "
         "gradient's own array changes them behind its back: hand the same gradient over twice and see."),
        ("average dampened one_minus", "Momentum in this course adds: v ← βv + g. The factor 1 − β makes an average, "
         "as in Adam, with steps that are 1 − β times as long."),
        ("sgd_fixed_rate sgd_frozen_rate fixed_momentum frozen_rate other_default", "A schedule sets optimizer.lr "
         "while training runs. So step must read self.lr each time, and every argument must end up in an attribute."),
        ("shared_velocity class_state", "State belongs to one parameter of one optimizer: an array for each, made in "
         "__init__. Run two optimizers side by side to see state that is shared."),
    ),
    "b2": (
        ("no_correction only_first only_second t_from_zero t_from_two t_never t_per_parameter stores_corrected "
         "correction_product correction_multiplied correction_power", "Correction undoes the start at zero: divide m "
         "by 1 − β₁ᵗ, v by 1 − β₂ᵗ, with t the number of steps taken, one count for all parameters. Without it the "
         "first step is 3.16 times too long at the defaults: longer, not shorter."),
        ("epsilon_inside epsilon_squared no_epsilon epsilon_hat fixed_epsilon", "Algorithm 1 has ε beside the root: "
         "√v̂ + ε. Under the root, or added before the correction, it is another algorithm for small gradients; the "
         "check drives with gradients near 1e-9, where it shows."),
        ("weights_swapped sums sum_first betas_swapped beta1_twice no_history", "An average keeps most of what it "
         "was: m ← β₁m + (1 − β₁)g, weights that add up to one. Feed g = 1 for ever and ask where m settles."),
        ("rebinds copies", SHARED),
        ("mutates_gradients shared_state class_state", "What belongs to whom: gradients to the caller, m and v to one "
         "parameter of one optimizer. Run two optimizers side by side on the same gradients."),
        ("frozen_rate fixed_betas fixed_rate rate_inside", "A schedule sets optimizer.lr while training runs: step "
         "must read self.lr each time, and the rate belongs to the last line alone."),
        ("amsgrad nadam adamw belief adagrad rmsprop momentum_only", "Show the relatives in one table, by the line in "
         "which each differs from Adam. Whoever handed one in knows a real optimizer, only not this one."),
    ),
    "b3": (
        ("gradient_no_ten gradient_no_two gradient_swapped", "f = x² + 10y² has the gradient (2x, 20y) and the "
         "curvatures 2 and 20, not 1 and 10. So plain descent is stable below η = 0.1, and best at 1/11."),
        ("rmsprop_inside rmsprop_no_epsilon adam_inside adam_no_epsilon", "B3 has ε beside the root, √s + ε. Under "
         "the root it is A3's convention: the two differ where gradients are small, which is near the minimum."),
        ("aliased moves_start rounds", "An array appended is a reference, not a picture: append pos.copy(), "
         "start from a float copy of the start, and the caller's own start stays where it was."),
        ("adam_no_correction adam_only_first adam_t_from_zero", "Adam's first steps without correction are too long, "
         "not too short: 3.16 times at the default betas. Show both paths from the same start."),
        ("rmsprop_corrected", "RMSprop has no correction: from s₀ = 0 its first step is η/√(1 − β) long, 3.16η at "
         "β = 0.9. Correcting it is half of the way to Adam."),
        ("momentum_average momentum_nesterov momentum_none momentum_late momentum_fixed", "Write the heavy ball's two "
         "lines: v ← βv + g(x), then x ← x − ηv. Then show which line Nesterov, the average and a late velocity "
         "change."),
        ("figure_labels figure_aspect figure_contours figure_other_bowl figure_names figure_rates figure_start "
         "figure_minimum", "A figure is read without its author: labels, equal axes, a legend, start and minimum "
         "marked. With stretched axes the gradient no longer looks perpendicular to the contours."),
        ("last_only no_start one_more list transposed no_return", "Agree on the shape first: steps + 1 rows, the "
         "start is row 0. A shape written on the board saves an hour of plotting."),
    ),
    "b4": (
        ("weights alias buffers mode rng interrupted", "A test must leave no trace: weights, batch norm's buffers, "
         "mode and random state come back, also after an error (finally). state_dict() holds the tensors themselves: "
         "copy them."),
        ("nan no_stop never_stops infinite stops_early", "nan > 4 * loss is False. A sweep that asks only “too large?” "
         "runs on through NaN: ask whether the loss is finite, first."),
        ("after_step rate_not_set rate_ahead rate_behind start_late never_steps no_zero_grad same_batch", "One turn "
         "of the loop, in order: set the rate, measure the loss, note both, clear gradients, step, raise the rate. "
         "losses[i] is measured before the step with lrs[i]."),
        ("index minimum largest smallest steepest_rise timid no_suggestion", "Suggest from the slope against log-rate, "
         "not from the lowest loss: there the fall is over. Steepest is a rule of thumb; over seeds it ranged over a "
         "factor of ten and more, so no single value is right."),
        ("linear uneven descends min_ignored max_ignored beyond_max never_arrives steps_ignored linear_axis",
         "Rates are compared by factors: multiply by the same factor each step, (max/min)^(1/steps), and plot on a "
         "log axis."),
    ),
    "b5": (
        ("not_lengthened never_restarts stays_low one_restart added late_by_one period_too_long ends_early "
         "divided_by_T_0 epoch_for_T_cur from_the_start T_0_fixed T_mult_fixed no_T_mult_1", "List the restarts for "
         "T_0 = 10, T_mult = 2 on the board: 10, 30, 70, 150. Take whole periods off one by one; the restart itself "
         "belongs to the new period."),
        ("float_log", "A logarithm in floating point lands just below a whole number at some restarts, as it does in "
         "a well-known library. Whole steps are exact: while T_cur >= T_i."),
        ("no_half no_one forgets_lr_min lr_min_on_top lr_min_twice lr_min_as_clip", "Check the two ends of a period: "
         "at cos 0 = 1 the formula gives lr_max, at cos π = −1 lr_min. That fixes the ½, the 1 + and both lr_min."),
        ("counts_calls only_forward changes_T_0 shared", "get_lr is a function of the epoch: the same epoch, "
         "the same rate, in any order of calls. Nothing may be counted or changed in it."),
        ("floored python_integers_only", "SGDR sets the rate within an epoch, too: fractional epochs are ordinary "
         "arguments, and so are NumPy's integers."),
    ),
}  # fmt: skip


def to_say(misconception: str) -> str:
    """Return what to say to a class that holds a misconception. Raises KeyError for an unknown id."""
    step, _ = catalogue.misconceptions_by_id()[misconception]
    ending = misconception.removeprefix(f"{step}-")
    for endings, remark in FAMILIES.get(step, ()):
        if ending in endings.split():
            return remark
    return REMARKS[step]
