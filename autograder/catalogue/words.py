"""What is said of mistakes in an optimizer's pieces, for B1, B2 and B3: {mistake: (title, what it reveals, hints)}."""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, tuple[str, str, tuple[str, ...]]]


def of(who: str, words: Words) -> Words:
    """Return words with an optimizer's name in the place of ``{who}``."""
    return {name: (title.format(who=who), *rest) for name, (title, *rest) in words.items()}  # type: ignore[misc]


ANY: Words = {  # of every optimizer
    "ascends": (
        "{who} goes uphill: the sign of the update is turned",
        "adds the step",
        (
            "Take x > 0 with a positive gradient. Which way is down?",
            "Look at the sign in your last line.",
        ),
    ),
    "no_rate": (
        "{who} ignores the rate: the whole direction is subtracted",
        "forgets lr",
        (
            "Halve lr: every step should be half as long. Is it?",
            "Which line of step reads self.lr?",
        ),
    ),
    "rate_squared": (
        "The rate enters twice: {who}'s steps grow with its square",
        "multiplies by the rate twice",
        (
            "Halve lr: every step should be half as long. Yours is a quarter.",
            "Count how often lr acts on a step on its way to the parameter.",
        ),
    ),
    "fixed_rate": (
        "{who}'s rate is fixed, whatever is passed in",
        "hard-codes the rate",
        (
            "Take lr=0.5 and look at how long the first step is.",
            "Search your code for a number that stands where lr should.",
        ),
    ),
    "frozen_rate": (
        "{who}'s rate is frozen at construction: setting optimizer.lr has no effect",
        "stores a second copy of the rate",
        (
            "A schedule sets optimizer.lr between steps. Does your step look there?",
            "Which attribute does the update read?",
        ),
    ),
    "sign": (
        "{who} sees only the gradient's sign",
        "takes the sign of the gradient",
        (
            "Twice the gradient should give twice the step. Does it?",
            "Which function of g enters your update?",
        ),
    ),
    "normalized": (
        "{who} divides the gradient by its length",
        "normalizes the gradient",
        (
            "Twice the gradient should give twice the step. Does it?",
            "Plain SGD uses the gradient as it is.",
        ),
    ),
    "mean": (
        "{who} gives every entry the mean gradient",
        "averages over entries",
        (
            "Each entry has a slope of its own. Do two entries with opposite slopes move apart?",
            "The gradient has its parameter's shape; keep it.",
        ),
    ),
    "decays": (
        "{who} shrinks its rate from step to step",
        "builds a decay in",
        (
            "Print optimizer.lr after a few steps. Who should change it?",
            "Schedules live outside the optimizer (B5).",
        ),
    ),
    "shrinks": (
        "{who} shrinks the parameters too: weight decay was not asked for",
        "adds weight decay",
        (
            "With a zero gradient, should the parameters move?",
            "Look for a factor that multiplies the parameters.",
        ),
    ),
    "clipped_step": (
        "{who}'s steps are clipped to at most lr",
        "clips the step",
        (
            "May a step be longer than lr?",
            "Look for clip, minimum or maximum on the way from direction to parameter.",
        ),
    ),
    "clipped_gradient": (
        "{who}'s gradients are clipped",
        "clips the gradient",
        (
            "Ten times the gradient: does your update see the difference?",
            "Look for clip, minimum or maximum on the gradient.",
        ),
    ),
    "clipped_position": (
        "{who} keeps the parameters between fixed bounds",
        "clips the position",
        (
            "Start far from 0: where does the first step end?",
            "Look for clip, minimum or maximum on a parameter.",
        ),
    ),
    "first_only": (
        "{who} moves the first parameter only",
        "leaves the loop out",
        (
            "How many arrays does params hold? And how many does your step change?",
            "Pair every parameter with its gradient.",
        ),
    ),
    "last_only": (
        "{who} moves the last parameter only",
        "has the update outside the loop",
        (
            "How many arrays does params hold? And how many does your step change?",
            "Which lines belong to the loop over parameters? Look at how far they are indented.",
        ),
    ),
    "skips_first": (
        "{who} leaves the first parameter where it is",
        "begins the loop at 1",
        (
            "How many arrays does params hold? And how many does your step change?",
            "Which numbers does your loop run over? Print them.",
        ),
    ),
    "skips_last": (
        "{who} leaves the last parameter where it is",
        "ends the loop one too early",
        (
            "How many arrays does params hold? And how many does your step change?",
            "Which numbers does your loop run over? Print them.",
        ),
    ),
}

MANNERS: Words = {  # of optimizer classes
    "class_state": (
        "{who}'s state outlives the object: a second optimizer starts with what the first one left",
        "keeps the velocity on the class, in a default argument or in a global",
        (
            "Make two optimizers one after the other. Where does what the second one remembers come from?",
            "Everything a step remembers should be created in __init__ and belong to self.",
        ),
    ),
    "mutates": (
        "{who} changes the caller's gradients",
        "adds the velocity to g in place",
        (
            "Print a gradient array before and after step. It should be the same.",
            "Look for *=, += or out= on an array that came in through grads.",
        ),
    ),
    "rebinds": (
        "{who} puts a new array into the list: the caller's own array never changes",
        "writes params[i] = params[i] − …",
        (
            "After a step, is the caller's array still the very one that was passed in, with new numbers?",
            "x = x − d makes a new array. Which forms change the one that is there?",
        ),
    ),
    "copies": (
        "{who} never moves the caller's arrays: the steps go into copies, or nowhere",
        "copies the parameters in __init__, or stores no step",
        (
            "After a step, is the caller's array still the very one that was passed in, with new numbers?",
            "x = x − d makes a new array. Which forms change the one that is there?",
        ),
    ),
    "aliases": (
        "{who} keeps what it was handed, and a later step changes it",
        "stores g without copying it",
        (
            "After the first step, is anything you keep the very array that came in through grads?",
            "What happens to that array at the second step?",
        ),
    ),
    "single": (
        "{who}'s steps are in single precision: seven digits, where float64 parameters have sixteen",
        "makes arrays of float32",
        (
            "Print the dtype of every array after one step: which one is float32?",
            "np.zeros_like(p) has p's dtype. Does each of your arrays?",
        ),
    ),
}

DIVIDED: Words = {  # of a second moment and the division by its root
    "epsilon_inside": (
        "ε stands inside the root",
        "writes √(v̂ + ε)",
        (
            "Where does ε stand in the task's last line: under the root or beside it?",
            "With gradients near 1e-9, √v̂ is smaller than ε = 1e-8. Work out such a step on paper and compare.",
        ),
    ),
    "epsilon_squared": (
        "ε stands inside the root, squared",
        "writes √(v̂ + ε²)",
        (
            "Where does ε stand in the task's last line: under the root or beside it?",
            "With gradients near 1e-9, √v̂ is smaller than ε = 1e-8. Work out such a step on paper and compare.",
        ),
    ),
    "no_epsilon": (
        "ε is missing: a gradient that has been zero throughout divides zero by zero",
        "forgets ε",
        (
            "What does your update give for a parameter whose gradients have all been zero?",
            "Find the hyperparameter that your step never uses.",
        ),
    ),
    "fixed_epsilon": (
        "eps is fixed, whatever is passed in",
        "hard-codes ε",
        (
            "Take eps=0.1: does it change anything?",
            "Search your code for a number that stands where eps should.",
        ),
    ),
    "no_root": (
        "The root over the second moment is missing",
        "divides by v̂ instead of its root",
        (
            "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
            "What unit does v have if g is in metres? The ratio should have none.",
        ),
    ),
    "absolute": (
        "The second moment averages |g|, not g²",
        "averages absolute values",
        (
            "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
            "What is under a root should have the square of the gradient's unit.",
        ),
    ),
    "adagrad": (
        "The squares pile up without fading, as in AdaGrad",
        "sums g² for ever",
        (
            "Should a gradient from a thousand steps ago still count as much as today's?",
            "Which factor of yours makes an old square fade?",
        ),
    ),
    "norm": (
        "The squares of all entries are taken together: each entry has to be scaled by its own",
        "uses the norm of the gradient",
        (
            "Take one entry with large gradients and one with small: should they share a denominator?",
            "v has the shape of its parameter. What shape did you add to it?",
        ),
    ),
    "epsilon_apart": (
        "ε is added to the step: it belongs to what is divided by",
        "closes the bracket before + eps",
        (
            "What belongs below the fraction bar? Read your line with brackets around each operation.",
            "With gradients near zero, in which direction does your step go?",
        ),
    ),
    "multiplied": (
        "The step is multiplied by the root of the second moment, where it should be divided",
        "multiplies for divides",
        (
            "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
            "What unit does v have if g is in metres? The ratio should have none.",
        ),
    ),
    "late_second": (
        "The root is taken of the last step's second moment, not of this one's",
        "uses the old average",
        (
            "From s = 0, how long is the first step? Work it out on paper and compare.",
            "Write the line for the average next to yours, letter by letter.",
        ),
    ),
    "sum_second": (
        "The factor 1 − beta is missing from the average of squares",
        "keeps a sum of squares",
        (
            "Feed the gradient 1 for ever: where should m settle?",
            "The two weights of an average add up to one.",
        ),
    ),
    "swapped_second": (
        "The weights of the average of squares have changed places",
        "swaps the weights",
        (
            "With beta near 1, should s change quickly or slowly?",
            "Most of the old average should survive a step.",
        ),
    ),
    "not_squared": (
        "The average of squares holds gradients that aren't squared",
        "forgets the square",
        (
            "From s = 0, how long is the first step? Work it out on paper and compare.",
            "Write the line for the average next to yours, letter by letter.",
        ),
    ),
    "squared_weight": (
        "The weight 1 − beta is squared together with the gradient",
        "puts the bracket around both",
        (
            "From s = 0, how long is the first step? Work it out on paper and compare.",
            "Write the line for the average next to yours, letter by letter.",
        ),
    ),
    "second_zero": (
        "The average of squares stays 0, so that each step divides by ε alone",
        "never updates the average of squares",
        (
            "Print the average of squares after each step.",
            "Which line of step gives it a new value?",
        ),
    ),
    "second_not_stored": (
        "The average of squares is never stored: each step begins it anew",
        "keeps the average in a local variable",
        (
            "An average over past gradients needs its own last value.",
            "Print m after two steps with gradients 1 and then 0. It should not be 0.",
        ),
    ),
}

BOWL: Words = {  # of the gradient of x² + 10y²
    "gradient_no_ten": (
        "The gradient forgets the 10: this is the bowl x² + y²",
        "copies the slope of x²",
        (
            "Write ∂f/∂x and ∂f/∂y for f = x² + 10y² on paper, then print yours at (5, 4).",
            "Nudge y by 0.001 at (5, 4): by how much does f grow, and what slope is that?",
        ),
    ),
    "gradient_no_two": (
        "The gradient is half as large as it should be",
        "forgets the 2 of the power rule",
        (
            "Write ∂f/∂x and ∂f/∂y for f = x² + 10y² on paper, then print yours at (5, 4).",
            "Nudge y by 0.001 at (5, 4): by how much does f grow, and what slope is that?",
        ),
    ),
    "gradient_swapped": (
        "x and y have changed places in the gradient",
        "swaps the coordinates",
        (
            "Write ∂f/∂x and ∂f/∂y for f = x² + 10y² on paper, then print yours at (5, 4).",
            "Nudge y by 0.001 at (5, 4): by how much does f grow, and what slope is that?",
        ),
    ),
    "gradient_ten": (
        "The gradient of 10y² is taken as 10y",
        "forgets the 2 of the power rule for y",
        (
            "Write ∂f/∂x and ∂f/∂y for f = x² + 10y² on paper, then print yours at (5, 4).",
            "Nudge y by 0.001 at (5, 4): by how much does f grow, and what slope is that?",
        ),
    ),
    "gradient_value": (
        "The function's own value stands in place of its gradient",
        "computes f, or its two terms, and not their derivatives",
        (
            "Write ∂f/∂x and ∂f/∂y for f = x² + 10y² on paper, then print yours at (5, 4).",
            "On which side of the minimum is your gradient negative?",
        ),
    ),
    "gradient_sum": (
        "The two parts of the gradient are added: both coordinates get one and the same number",
        "returns a sum, not an array of two",
        (
            "Write ∂f/∂x and ∂f/∂y for f = x² + 10y² on paper, then print yours at (5, 4).",
            "How many numbers does your gradient have at a point of two coordinates?",
        ),
    ),
}

_SGD: Words = {  # of SGD alone
    "ascends": (
        "SGD goes uphill: the sign of the update is turned",
        "adds the gradient",
        (
            "Take x > 0 with a positive gradient. Which way is down?",
            "Look at the sign in your last line.",
        ),
    ),
    "no_rate": (
        "SGD ignores the rate: it subtracts the whole gradient",
        "forgets lr",
        (
            "Halve lr: every step should be half as long. Is it?",
            "Which line of step reads self.lr?",
        ),
    ),
    "sign": (
        "SGD uses only the gradient's sign",
        "takes sign descent for SGD",
        (
            "Twice the gradient should give twice the step. Does it?",
            "Which function of g enters your update?",
        ),
    ),
    "mean": (
        "SGD moves every entry by the mean gradient",
        "averages over entries",
        (
            "Each entry has a slope of its own. Do two entries with opposite slopes move apart?",
            "The gradient has its parameter's shape; keep it.",
        ),
    ),
}
SGD: Words = {k: said for k, said in {**of("SGD", ANY), **_SGD}.items() if k != "clipped_step"}

_MOMENTUM: Words = {  # of MomentumSGD alone
    "no_rate": (
        "The rate is missing from the update",
        "forgets lr",
        (
            "Halve lr: every step should be half as long. Is it?",
            "Which line of step reads self.lr?",
        ),
    ),
    "classical": (
        "The rate is inside the velocity: old gradients keep the rate of their time",
        "uses the classical form v = βv + ηg",
        (
            "At a constant rate both forms agree. Cut lr to a tenth: by how much should the very next step shrink?",
            "The velocity should remember gradients; the rate meets it only when x moves.",
        ),
    ),
    "nesterov": (
        "This is Nesterov's momentum: it looks ahead along the velocity",
        "adds the look-ahead",
        (
            "Is the very first step as long as SGD's? From rest it should be.",
            "What multiplies lr in your update: the velocity alone, or more?",
        ),
    ),
    "average": (
        "The velocity is an average: the gradient comes in with a factor 1 − momentum",
        "takes Adam's first moment for heavy-ball momentum",
        (
            "Is the very first step as long as SGD's? From rest it should be.",
            "Feed the gradient 1 for ever with momentum 0.9: the velocity should settle at 10, not at 1.",
        ),
    ),
    "dampened": (
        "Gradients are dampened by 1 − momentum from the second step on",
        "sets dampening = momentum",
        (
            "Your first step is right. With the gradient 1 twice and momentum 0.5, the velocity should be 1.5 then.",
            "With what weight does the second gradient enter?",
        ),
    ),
    "velocity_sign": (
        "The old velocity comes back with its sign turned",
        "subtracts the momentum term",
        (
            "With the same gradient again and again, should steps grow or shrink?",
            "A ball that rolls on keeps its direction.",
        ),
    ),
    "not_stored": (
        "The velocity is never stored: this is SGD",
        "computes the velocity in a local variable",
        (
            "Print the velocity after two steps. Does it remember the first gradient?",
            "Which line of step writes to an attribute of self?",
        ),
    ),
    "sum": (
        "Momentum doesn't enter the velocity: gradients pile up without fading",
        "forgets β",
        (
            "With momentum = 0 you should have SGD. Do you?",
            "Which line of step reads self.momentum?",
        ),
    ),
    "on_gradient": (
        "Momentum multiplies the gradient, where it should multiply the old velocity",
        "attaches β to the wrong term",
        (
            "Is the very first step as long as SGD's? From rest it should be.",
            "Which of the two should fade: the old velocity or the new gradient?",
        ),
    ),
    "moves_first": (
        "The parameters move before the velocity is updated: each gradient acts one step late",
        "swaps the two lines",
        (
            "Take a single step from rest. Does anything move?",
            "In which order do v and x change?",
        ),
    ),
    "from_one": (
        "The velocity starts at one, where it should start at zero",
        "initializes v with ones",
        (
            "Is the very first step as long as SGD's? From rest it should be.",
            "What is v before the first step?",
        ),
    ),
    "rate_twice": (
        "The rate enters twice: in the velocity and in the step",
        "multiplies by η twice",
        (
            "Halve lr: every step should be half as long. Yours is a quarter.",
            "Count how often self.lr acts on a gradient on its way to the parameter.",
        ),
    ),
    "gradient_twice": (
        "The gradient is added to a velocity that holds it already",
        "counts g twice",
        (
            "Is the very first step as long as SGD's? From rest it should be.",
            "What does the velocity hold once it has been updated?",
        ),
    ),
    "other_default": (
        "The default momentum is not the 0.9 that was asked for",
        "changes the default",
        (
            "Compare your signature with the one in the task.",
            "Which value does momentum have when nobody passes one?",
        ),
    ),
    "fading": (
        "The momentum fades as a power of the step number",
        "writes βᵗ",
        (
            "The velocity is multiplied by momentum once at every step: is the power needed?",
            "With the gradient 1 three times and momentum 0.5, the velocity should be 1, 1.5, 1.75.",
        ),
    ),
    "one_minus": (
        "The old velocity is weighted by 1 − momentum",
        "swaps β and 1 − β",
        (
            "With momentum = 0 you should have SGD. Do you?",
            "With momentum near 1, should the old velocity survive or vanish?",
        ),
    ),
    "shared_velocity": (
        "All parameters share one velocity",
        "keeps a single velocity",
        (
            "Does every parameter have a velocity of its own?",
            "Step two parameters of the same shape, one with zero gradients: does it move?",
        ),
    ),
    "fixed_momentum": (
        "Momentum is fixed, whatever is passed in",
        "hard-codes β",
        (
            "Make one with momentum=0: it should be SGD. Is it?",
            "Search your code for a number that stands where momentum should.",
        ),
    ),
    "weights_swapped": (
        "The velocity is an average with its weights swapped: 1 − momentum on the past, momentum on the gradient",
        "swaps the weights of an average",
        (
            "With momentum = 0 you should have SGD. Do you?",
            "With momentum near 1, should the old velocity survive or vanish?",
        ),
    ),
    "settings_swapped": (
        "The rate and the momentum have changed places",
        "swaps two parameters in the signature",
        (
            "Print both settings at the beginning. Which is which?",
            "Compare the order of your parameters with the signature asked for.",
        ),
    ),
    "momentum_for_rate": (
        "The step is multiplied by the momentum, where the rate belongs",
        "takes momentum for lr",
        (
            "Halve lr: every step should be half as long. Is it?",
            "Which of your two settings stands in the line that moves the parameters?",
        ),
    ),
    "whole_scaled": (
        "Momentum multiplies velocity and gradient together",
        "puts the bracket around both",
        (
            "Is the very first step as long as SGD's? From rest it should be.",
            "Which of the two should fade: the old velocity or the new gradient?",
        ),
    ),
    "momentum_of_last": (
        "Only the last parameter has momentum: the others move by their gradients alone",
        "keeps one velocity, the last",
        (
            "Does every parameter have a velocity of its own?",
            "Which lines belong to the loop over parameters?",
        ),
    ),
}
MOMENTUM: Words = {**of("MomentumSGD", ANY), **_MOMENTUM}

_RMSPROP: Words = {  # of RMSprop alone
    "sign": (
        "RMSprop uses only the gradient's sign",
        "takes sign descent for RMSprop",
        (
            "It agrees with Adam at the first step only. What does Adam carry over to the second?",
            "Which attributes of yours change from step to step?",
        ),
    ),
    "corrected": (
        "s is corrected for its start at zero, as in Adam: RMSprop has no correction",
        "adds Adam's correction",
        (
            "From s = 0, RMSprop's first step has length lr/√(1 − beta). How long is yours?",
            "Which of the two algorithms corrects its averages?",
        ),
    ),
    "warm": (
        "s starts at the first squared gradient, where it should start at zero",
        "initializes s with g²",
        (
            "From s = 0, RMSprop's first step has length lr/√(1 − beta). How long is yours?",
            "What is s before the first step?",
        ),
    ),
    "from_one": (
        "s starts at one, where it should start at zero",
        "initializes s with ones",
        (
            "From s = 0, RMSprop's first step has length lr/√(1 − beta). How long is yours?",
            "What is s before the first step?",
        ),
    ),
    "settings_swapped": (
        "Two settings have changed places",
        "swaps two parameters in the signature",
        (
            "Print all settings at the beginning. Which is which?",
            "Compare the order of your parameters with the signature asked for.",
        ),
    ),
    "fixed_beta": (
        "beta is fixed, whatever is passed in",
        "hard-codes β",
        (
            "Take beta=0.5: does it change anything?",
            "Search your code for a number that stands where beta should.",
        ),
    ),
    "not_divided": (
        "Nothing is divided by the root of s: this is SGD",
        "leaves the division out",
        (
            "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
            "What unit does v have if g is in metres? The ratio should have none.",
        ),
    ),
}
RMSPROP: Words = {**of("RMSprop", ANY), **DIVIDED, **_RMSPROP}

_ADAM: Words = {  # of Adam alone
    "ascends": (
        "It goes uphill: the sign of the update is turned",
        "adds the step",
        (
            "Take x > 0 with a positive gradient. Which way is down?",
            "Look at the sign in your last line.",
        ),
    ),
    "frozen_rate": (
        "The rate is frozen at construction: changing optimizer.lr later has no effect",
        "stores a copy of the rate",
        (
            "A schedule sets optimizer.lr between steps. Does your step look there?",
            "Which attribute does the update read?",
        ),
    ),
    "sign": (
        "Each step uses only the gradient's sign and remembers nothing",
        "takes sign descent for Adam",
        (
            "It agrees with Adam at the first step only. What does Adam carry over to the second?",
            "Which attributes of yours change from step to step?",
        ),
    ),
    "no_correction": (
        "Neither moment is corrected for its start at zero",
        "leaves the bias correction out",
        (
            "Both averages start at zero. How far has m come towards g after one step?",
            "Divide your first step's size by lr. With the default betas it is 3.16, when it should be 1.",
        ),
    ),
    "only_first": (
        "Only the first moment is corrected",
        "corrects m but not v",
        (
            "Both averages start at zero, so both are too small at first.",
            "Look at what stands under the root at step 1, and compare it with the squared gradient.",
        ),
    ),
    "only_second": (
        "Only the second moment is corrected",
        "corrects v but not m",
        (
            "Both averages start at zero, so both are too small at first.",
            "Look at the numerator at step 1, and compare it with the gradient.",
        ),
    ),
    "t_from_zero": (
        "t is still 0 in the first step, so the correction divides by zero",
        "counts the step after using it",
        (
            "Algorithm 1 raises t by one before anything else in a step. Which t does your first step use?",
            "Print self.t inside the correction for two steps with two parameters: it should read 1, 1, 2, 2.",
        ),
    ),
    "t_from_two": (
        "t starts one too high: the first step is corrected as if it were the second",
        "counts twice before the first step",
        (
            "Algorithm 1 raises t by one before anything else in a step. Which t does your first step use?",
            "Print self.t inside the correction for two steps with two parameters: it should read 1, 1, 2, 2.",
        ),
    ),
    "t_never": (
        "t never grows: every step is corrected like the first",
        "uses the constant 1 − β for the correction",
        (
            "How much correction is left to do after a thousand steps?",
            "The power in the correction must grow with the steps taken.",
        ),
    ),
    "t_per_parameter": (
        "t is raised once for every parameter, not once for every step",
        "counts inside the loop over parameters",
        (
            "Algorithm 1 raises t by one before anything else in a step. Which t does your first step use?",
            "Print self.t inside the correction for two steps with two parameters: it should read 1, 1, 2, 2.",
        ),
    ),
    "correction_product": (
        "The correction uses beta times t where a power belongs",
        "writes 1 − β·t",
        (
            "What happens to your correction when t is large?",
            "Each step multiplies what is left of the start by beta once more.",
        ),
    ),
    "correction_multiplied": (
        "The correction multiplies where it should divide",
        "makes the bias worse",
        (
            "m is too small at first. Does your correction make it larger?",
            "At step 1 the corrected m should be the gradient itself.",
        ),
    ),
    "correction_power": (
        "The correction divides by beta^t alone",
        "forgets the 1 −",
        (
            "What should be left of the correction after many steps? And what does yours become?",
            "At step 1 the corrected m should be the gradient itself.",
        ),
    ),
    "epsilon_hat": (
        "ε is added to the uncorrected root: this is the paper's reordered form, not Algorithm 1",
        "folds the correction into the rate but leaves ε as it was",
        (
            "Section 2 of the paper mentions this shortcut, with an ε̂ that is not ε.",
            "When the correction moves into the rate, everything in the denominator has to be scaled along with it.",
        ),
    ),
    "folded_without_root": (
        "The folded correction lacks its root: the rate is scaled by 1 − beta2^t, where its root belongs",
        "folds the correction of v into the rate and forgets the root",
        (
            "v stands under a root. What becomes of its correction when it is taken out from there?",
            "Divide your first step's size by lr: whatever the betas, it should be nearly 1.",
        ),
    ),
    "no_history": (
        "The moments forget: each step starts them from this gradient alone",
        "does not carry m and v over",
        (
            "An average over past gradients needs its own last value.",
            "Print m after two steps with gradients 1 and then 0. It should not be 0.",
        ),
    ),
    "betas_swapped": (
        "beta1 and beta2 have changed places",
        "mixes up which moment has which beta",
        (
            "Which of the two averages should remember longer?",
            "beta1 belongs to the first moment. Follow both through __init__ and step.",
        ),
    ),
    "weights_swapped": (
        "The weights have changed places: (1 − beta) on the past, beta on the new gradient",
        "swaps the weights of the moving average",
        (
            "With beta1 = 0.9, how much of the old m should survive a step: most of it or little?",
            "Let beta be nearly 1: the average should hardly change in one step.",
        ),
    ),
    "sums": (
        "The factors 1 − beta are missing from both moments: these are sums, not averages",
        "omits the weights 1 − β",
        (
            "Feed the gradient 1 for ever: where should m settle?",
            "The two weights of an average add up to one.",
        ),
    ),
    "sum_first": (
        "The factor 1 − beta1 is missing from the first moment",
        "uses heavy-ball momentum for m",
        (
            "Feed the gradient 1 for ever: where should m settle?",
            "The two weights of an average add up to one.",
        ),
    ),
    "square_of_m": (
        "The second moment averages m², not g²",
        "squares the first moment instead of the gradient",
        (
            "v is the average of squares, which is not the square of an average.",
            "Which quantity enters the line for v in Algorithm 1?",
        ),
    ),
    "fixed_betas": (
        "A beta is fixed, whatever is passed in",
        "hard-codes the betas",
        (
            "Make an Adam with beta1=0.5 and look at what your object stores.",
            "Search your class for 0.9 and 0.999.",
        ),
    ),
    "rate_inside": (
        "The rate is inside the first moment: old steps keep their old rate",
        "accumulates lr·g",
        (
            "Cut lr to a tenth in mid-run. By how much should the very next step shrink?",
            "The rate should meet the moments only in the last line.",
        ),
    ),
    "stores_corrected": (
        "The corrected moments are stored back, so they are corrected again and again",
        "overwrites m and v with m̂ and v̂",
        (
            "Which of the two should the next step continue from: m or its corrected value?",
            "Use names of their own for the corrected values.",
        ),
    ),
    "amsgrad": (
        "This is AMSGrad: the second moment's maximum never comes down",
        "keeps the largest v̂",
        (
            "After one huge gradient, should later steps stay small for ever?",
            "Algorithm 1 has no maximum.",
        ),
    ),
    "nadam": (
        "This is Nadam: the gradient is looked at once more, ahead of the momentum",
        "adds Nesterov's look-ahead",
        (
            "What multiplies the rate in Algorithm 1: does g itself appear there?",
            "The numerator is the corrected first moment and nothing else.",
        ),
    ),
    "rmsprop": (
        "The first moment isn't used: this is RMSprop with a correction",
        "divides the raw gradient",
        (
            "What happens to a gradient whose sign flips every step?",
            "The numerator of Adam remembers; is yours this step's gradient?",
        ),
    ),
    "momentum_only": (
        "The second moment isn't used: this is momentum with a correction",
        "leaves the normalization out",
        (
            "Multiply all gradients by 1000: the first step should stay the same. What does yours do?",
            "Where does v enter your update?",
        ),
    ),
    "belief": (
        "The second moment averages (g − m)²: this is AdaBelief",
        "centres the second moment",
        (
            "v is the uncentred second moment: what is squared in Algorithm 1?",
            "With a constant gradient your v goes to zero. It should go to g².",
        ),
    ),
    "beta1_twice": (
        "beta1 is used in both moments",
        "copies the line for m and keeps its beta",
        (
            "Compare the two lines that update m and v, letter by letter.",
            "Which line of yours reads beta2?",
        ),
    ),
    "shared_state": (
        "All parameters share one m and one v",
        "keeps a single pair of moments",
        (
            "Does every parameter have moments of its own?",
            "Take two parameters, one with large gradients, one with small: print what m holds after each.",
        ),
    ),
    "correction_unbracketed": (
        "The correction subtracts beta^t: the bracket around 1 − beta^t is missing",
        "writes m / 1 − β^t",
        (
            "What does Python divide first in a / 1 - b?",
            "At step 1 the corrected m should be the gradient itself.",
        ),
    ),
    "one_array": (
        "m and v are one and the same: what is stored for v takes the place of m",
        "makes both moments with one assignment",
        (
            "After one step, print both moments, and whether one is the other.",
            "How many lists are there after a = b = []?",
        ),
    ),
    "correction_plus": (
        "The correction divides by 1 + beta^t, where a minus belongs",
        "turns the sign in the correction",
        (
            "What should be left of the correction after many steps? And what does yours become?",
            "At step 1 the corrected m should be the gradient itself.",
        ),
    ),
    "correction_swapped": (
        "Each moment is corrected with the other one's beta",
        "swaps the betas in the correction",
        (
            "Which beta belongs to which moment? Follow both through the correction.",
            "At step 1 the corrected m should be the gradient itself.",
        ),
    ),
    "correction_one_beta": (
        "Both moments are corrected with the same beta",
        "copies the correction and keeps its beta",
        (
            "Compare the two lines of the correction, letter by letter.",
            "At step 1 the corrected m should be the gradient itself.",
        ),
    ),
    "moves_first": (
        "The parameters move before the moments are updated: each gradient acts one step late",
        "moves, then updates m and v",
        (
            "Take a single step from fresh state. Does anything move?",
            "In which order do m, v and the parameters change in Algorithm 1?",
        ),
    ),
    "from_one": (
        "A moment starts at one, where it should start at zero",
        "initializes m or v with ones",
        (
            "At step 1 the corrected m should be the gradient itself.",
            "What are m and v before the first step?",
        ),
    ),
    "first_not_stored": (
        "The first moment is never stored: each step begins it anew",
        "keeps m in a local variable",
        (
            "An average over past gradients needs its own last value.",
            "Print m after two steps with gradients 1 and then 0. It should not be 0.",
        ),
    ),
    "swapped_first": (
        "The weights of the first moment have changed places",
        "swaps the weights of m",
        (
            "With beta1 = 0.9, how much of the old m should survive a step: most of it or little?",
            "Let beta be nearly 1: the average should hardly change in one step.",
        ),
    ),
    "squared_first": (
        "The first moment averages g², not g",
        "copies the line for v",
        (
            "Compare the two lines that update m and v, letter by letter.",
            "At step 1 the corrected m should be the gradient itself.",
        ),
    ),
    "late_first": (
        "The step uses the last step's first moment, not this one's",
        "uses the old m",
        (
            "From m = 0, how long is the first step? Work it out on paper and compare.",
            "Which m does your last line read: the one from before this step, or the new one?",
        ),
    ),
    "beta2_twice": (
        "beta2 is used in both moments",
        "copies the line for v and keeps its beta",
        (
            "Compare the two lines that update m and v, letter by letter.",
            "Which line of yours reads beta1?",
        ),
    ),
    "other_default": (
        "A default is not the one that was asked for",
        "changes a default",
        (
            "Compare your signature with the one in the task.",
            "Print the four settings of an Adam made without any.",
        ),
    ),
}
ADAM: Words = {**of("Adam", ANY), **DIVIDED, **_ADAM}
