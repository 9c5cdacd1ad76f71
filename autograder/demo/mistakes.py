"""Wrong answers of Part B as a student would type them: small edits to the model answer, by misconception."""

from __future__ import annotations

from lrtutorial.advice import Unusable

#: {misconception id: ((text in the model answer, what the student wrote there), …)}
EDITS: dict[str, tuple[tuple[str, str], ...]] = {
    "b1-one_minus": (("self.momentum * self.velocities[i] + grad", "(1 - self.momentum) * self.velocities[i] + grad"),),
    "b1-other_default": (("lr, momentum=0.9", "lr, momentum=0.5"),),
    "b1-fixed_momentum": (("self.momentum = momentum", "self.momentum = 0.9"),),
    "b1-mutates": (
        (
            "self.velocities[i] = self.momentum * self.velocities[i] + grad",
            "grad += self.momentum * self.velocities[i]\n            self.velocities[i] = grad.copy()",
        ),
    ),
    "b2-no_correction": (
        ("self.m[i] / (1 - self.beta1**self.t)", "self.m[i]"),
        ("self.v[i] / (1 - self.beta2**self.t)", "self.v[i]"),
    ),
    "b2-epsilon_inside": (("(np.sqrt(v_hat) + self.eps)", "np.sqrt(v_hat + self.eps)"),),
    "b2-only_first": (("self.v[i] / (1 - self.beta2**self.t)", "self.v[i]"),),
    "b2-betas_swapped": (
        ("self.beta1 = beta1", "self.beta2 = beta1"),
        ("self.beta2 = beta2", "self.beta1 = beta2"),
    ),
    "b2-t_per_parameter": (
        ("        self.t += 1\n", ""),
        ("            self.m[i] = self.beta1", "            self.t += 1\n            self.m[i] = self.beta1"),
    ),
    "b2-no_root": (("np.sqrt(v_hat)", "v_hat"),),
    "b3-gradient_no_ten": (("20 * pos[1]", "2 * pos[1]"),),
    "b3-gradient_no_two": (("[2 * pos[0], 20 * pos[1]]", "[pos[0], 10 * pos[1]]"),),
    "b3-rmsprop_epsilon_inside": (("np.sqrt(s) + eps", "np.sqrt(s + eps)"),),
    "b3-adam_no_correction": (("m / (1 - beta1**t), v / (1 - beta2**t)", "m, v"),),
    "b3-momentum_average": (("momentum * velocity + grad(pos)", "momentum * velocity + (1 - momentum) * grad(pos)"),),
    "b4-no_zero_grad": (("            optimizer.zero_grad()\n", ""),),
    "b4-nan": (("not np.isfinite(losses[-1]) or losses[-1] > 4", "losses[-1] > 4"),),
    "b4-alias": (("copy.deepcopy(model.state_dict())", "model.state_dict()"),),
    "b5-not_lengthened": (("            T_i = T_i * self.T_mult\n", ""),),
    "b5-late_by_one": (("while T_cur >= T_i", "while T_cur > T_i"),),
    "b5-no_half": (("0.5 * (self.lr_max", "(self.lr_max"),),
    "b5-forgets_lr_min": (("self.lr_min + 0.5 * (self.lr_max - self.lr_min)", "0.5 * self.lr_max"),),
    "b5-added": (("T_i = T_i * self.T_mult", "T_i = T_i + self.T_mult"),),
    "b5-divided_by_T_0": (("np.pi * T_cur / T_i", "np.pi * T_cur / self.T_0"),),
}


def with_mistake(model_answer: str, misconception: str) -> str:
    """Return the model answer with one mistake in it. Raises KeyError for a mistake not listed, ValueError when the
    model answer no longer has the text to change."""
    source = model_answer
    for old, new in EDITS[misconception]:
        if old not in source:
            raise Unusable(f"{misconception}: the model answer no longer holds {old!r}; renew the edit")
        source = source.replace(old, new)
    return source
