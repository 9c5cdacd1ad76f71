"""Answers to B1, B2, B3 and B5 as independent students write them: each takes its own choice wherever there is one.

Two of them agree here and there by chance, as in any class; nobody has copied.
"""

from __future__ import annotations

from textwrap import indent

import numpy as np

NAMES = {
    "param": ("p", "param", "w", "x", "theta"),
    "grad": ("g", "grad", "d", "dp", "gradient"),
    "index": ("i", "j", "k", "idx", "n"),
    "first": ("m", "moment", "mean", "m1", "avg"),
    "second": ("v", "var", "sq", "s", "uncentered"),
    "clock": ("t", "step_count", "iteration", "n_steps", "count"),
    "velocity": ("v", "velocity", "vel", "buf", "u"),
}
COMMENTS = (
    *[""] * 20, "  # update", "  # as in the lecture", "  # see Algorithm 1", "  # in place!", "  # bias", "  # ok?",
    "  # exponential average", "  # keep the shape", "  # not sure about this", "  # do not forget",
    "  # per parameter",
)  # fmt: skip


class Choices:
    """One student's choices, drawn once."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.names = {role: str(rng.choice(names)) for role, names in NAMES.items()}

    def of(self, *forms: str) -> str:
        return str(self.rng.choice(forms))

    def write(self, template: str) -> str:
        for role, name in self.names.items():
            template = template.replace(f"<{role}>", name)
        rows = [row + (str(self.rng.choice(COMMENTS)) if row.strip() else "") for row in template.splitlines()]
        return "\n".join(rows)


def stored(c: Choices, names: tuple[str, ...]) -> str:
    """The arguments kept on self: in one line, in several, in one by one of the student's own order."""
    if c.of("lines", "lines", "tuple") == "tuple":
        return f"{', '.join(f'self.{n}' for n in names)} = {', '.join(names)}"
    rows = [f"self.{n} = {n}" for n in names]
    if c.of("kept", "list") == "list":
        rows[0] = "self.params = list(params)"
    return "\n".join([rows[0], *c.rng.permutation(rows[1:])])


def zeros(c: Choices, name: str) -> str:
    return c.of(
        f"self.{name} = [np.zeros_like(p) for p in params]",
        f"self.{name} = [np.zeros(p.shape) for p in params]",
        f"self.{name} = [0.0 for _ in params]",
        f"self.{name} = [0.0] * len(params)",
        f"self.{name} = []\nfor p in params:\n    self.{name}.append(np.zeros_like(p))",
        f"self.{name} = list(map(np.zeros_like, params))",
    )


def loop(c: Choices) -> tuple[str, str]:
    """How step goes over the parameters: the loop's head, and what the parameter is called inside."""
    head = c.of(
        "for <index>, (<param>, <grad>) in enumerate(zip(self.params, grads)):",
        "for <index>, <grad> in enumerate(grads):",
        "for <index> in range(len(self.params)):\n    <grad> = grads[<index>]",
        "for <index> in range(len(grads)):\n    <param>, <grad> = self.params[<index>], grads[<index>]",
        "for <index>, <param> in enumerate(self.params):\n    <grad> = grads[<index>]",
    )
    return head, "<param>" if "<param>" in head else "self.params[<index>]"


def moved(c: Choices, param: str, step: str) -> str:
    return c.of(f"{param} -= {step}", f"{param} -= {step}", f"{param}[...] = {param} - {step}",
                f"{param} += -({step})", f"delta = {step}\n{param} -= delta")  # fmt: skip


def method(head: str, *blocks: str) -> str:
    return f"    def {head}:\n" + indent("\n".join(blocks), "        ")


def b1(rng: np.random.Generator) -> str:
    c = Choices(rng)
    head, param = loop(c)
    plain = head + "\n" + indent(moved(c, param, "self.lr * <grad>"), "    ")
    head, param = loop(c)
    update = c.of(
        "self.<velocity>[<index>] = self.momentum * self.<velocity>[<index>] + <grad>",
        "self.<velocity>[<index>] = <grad> + self.momentum * self.<velocity>[<index>]",
        "self.<velocity>[<index>] *= self.momentum\nself.<velocity>[<index>] = self.<velocity>[<index>] + <grad>",
        "new = self.momentum * self.<velocity>[<index>]\nnew = new + <grad>\nself.<velocity>[<index>] = new",
    )
    heavy = head + "\n" + indent(update + "\n" + moved(c, param, "self.lr * self.<velocity>[<index>]"), "    ")
    return c.write("\n\n".join([
        "class SGD:\n" + method("__init__(self, params, lr)", stored(c, ("params", "lr"))),
        method("step(self, grads)", plain),
        "class MomentumSGD:\n" + method("__init__(self, params, lr, momentum=0.9)",
                                       stored(c, ("params", "lr", "momentum")), zeros(c, "<velocity>")),
        method("step(self, grads)", heavy),
    ]))  # fmt: skip


def average(c: Choices, old: str, beta: str, new: str) -> str:
    return c.of(f"{old} = {beta} * {old} + (1 - {beta}) * {new}", f"{old} = (1 - {beta}) * {new} + {beta} * {old}",
                f"{old} = {old} + (1 - {beta}) * ({new} - {old})", f"{old} = {old} * {beta} + {new} * (1 - {beta})",
                f"kept = {beta} * {old}\n{old} = kept + (1 - {beta}) * {new}")  # fmt: skip


def adam_step(c: Choices, m: str, v: str, g: str, t: str, own: str) -> tuple[str, str]:
    """The moments' lines, and the step's length, for names of any kind."""
    square = c.of(f"{g}**2", f"{g} * {g}", f"np.square({g})")
    updates = [average(c, m, f"{own}beta1", g), average(c, v, f"{own}beta2", square)]
    root = c.of("np.sqrt(<>)", "<> ** 0.5")
    form = c.of("named", "named", "inline", "folded", "rate")
    m_hat, v_hat = f"{m} / (1 - {own}beta1**{t})", f"{v} / (1 - {own}beta2**{t})"
    if form == "named":
        updates += [f"mh = {m_hat}", f"vh = {v_hat}"]
        if c.of("together", "apart") == "apart":
            updates = [updates[0], updates[2], updates[1], updates[3]]
        return "\n".join(updates), f"{own}lr * mh / ({root.replace('<>', 'vh')} + {own}eps)"
    if form == "inline":
        return "\n".join(updates), f"{own}lr * ({m_hat}) / ({root.replace('<>', f'({v_hat})')} + {own}eps)"
    if form == "folded":
        updates += [f"c1 = 1 - {own}beta1**{t}", f"c2 = 1 - {own}beta2**{t}"]
        return "\n".join(updates), f"{own}lr * {m} / c1 / ({root.replace('<>', f'({v} / c2)')} + {own}eps)"
    updates += [f"rate = {own}lr / (1 - {own}beta1**{t})", f"vh = {v_hat}"]
    return "\n".join(updates), f"rate * {m} / ({root.replace('<>', 'vh')} + {own}eps)"


def b2(rng: np.random.Generator) -> str:
    c = Choices(rng)
    head, param = loop(c)
    updates, step = adam_step(c, "self.<first>[<index>]", "self.<second>[<index>]", "<grad>", "self.<clock>", "self.")
    body = head + "\n" + indent(updates + "\n" + moved(c, param, step), "    ")
    tick = c.of("self.<clock> += 1", "self.<clock> = self.<clock> + 1")
    state = [zeros(c, "<first>"), zeros(c, "<second>"), "self.<clock> = 0"]
    return c.write("\n\n".join([
        "class Adam:\n" + method("__init__(self, params, lr=0.001, beta1=0.9, beta2=0.999, eps=1e-8)",
                                 stored(c, ("params", "lr", "beta1", "beta2", "eps")),
                                 *map(str, c.rng.permutation(state))),
        method("step(self, grads)", tick, body),
    ]))  # fmt: skip


def run(c: Choices, head: str, state: str, body: str, clock: str = "_") -> str:
    start = c.of("pos = np.array(start, dtype=float)", "pos = np.array(start, float)", "pos = np.asarray(start) * 1.0",
                 "pos = start.astype(float)")  # fmt: skip
    first, keep, last = (
        ("path = [pos.copy()]", "path.append(pos.copy())", c.of("return np.array(path)", "return np.stack(path)")),
        ("path = np.zeros((steps + 1, 2))\npath[0] = pos", "path[s + 1] = pos", "return path"),
        ("path = []\npath.append(pos.copy())", "path.append(pos.copy())", "path = np.array(path)\nreturn path"),
    )[c.rng.integers(3)]
    count = "s" if "[s + 1]" in keep else "_"
    over = f"for {count} in range(steps):"
    if clock != "_":
        body = f"{clock} = s + 1\n{body}" if count == "s" else body
        over = over if count == "s" else f"for {clock} in range(1, steps + 1):"
    rows = [start, *([state] if state else []), first, over, indent(f"{body}\n{keep}", "    "), last]
    return f"def {head}:\n" + indent("\n".join(rows), "    ")


def b3(rng: np.random.Generator) -> str:
    c = Choices(rng)
    gradient = c.of("grad(pos)", "grad(pos)", "np.array([2 * pos[0], 20 * pos[1]])", "pos * np.array([2.0, 20.0])")
    updates, step = adam_step(c, "<first>", "<second>", "<grad>", "<clock>", "")
    adam = f"<grad> = {gradient}\n{updates}\n{moved(c, 'pos', step)}"
    none = c.of("np.zeros(2)", "0.0", "np.zeros_like(start, dtype=float)")
    figure, line = c.of("plt.figure(figsize=(8, 6))", "plt.figure()", "fig = plt.figure(figsize=(10, 8))"), c.of(
        "plt.plot(path[:, 0], path[:, 1], label=name)", "plt.plot(*path.T, 'o-', label=name)",
        "plt.plot(path[:, 0], path[:, 1], 'o-', label=name, markersize=3)",
    )  # fmt: skip
    grid = c.of(
        "x = np.linspace(-6, 6, 100)\ny = np.linspace(-6, 6, 100)\nX, Y = np.meshgrid(x, y)",
        "X, Y = np.meshgrid(np.linspace(-6, 6), np.linspace(-6, 6))",
    )
    runs = [("SGD", "run_sgd(s, 0.05, 50)"), ("Momentum", "run_momentum(s, 0.05, 0.9, 50)"),
            ("RMSprop", "run_rmsprop(s, 0.5, 0.9, 1e-8, 50)"),
            ("Adam", "run_adam(s, 0.5, 0.9, 0.999, 1e-8, 50)")]  # fmt: skip
    if c.of("dict", "list") == "dict":
        table = (
            "runs = {" + ", ".join(f"'{name}': {call}" for name, call in runs) + "}\nfor name, path in runs.items():"
        )
    else:
        table = "for name, path in [" + ", ".join(f"('{name}', {call})" for name, call in runs) + "]:"
    ends = list(c.rng.permutation([c.of("plt.plot(0, 0, 'k*')", "plt.scatter(0, 0, marker='*', s=100)"),
                                   c.of("plt.plot(5, 4, 'ko')", "plt.scatter([5], [4], color='k')"),
                                   "plt.xlabel('x')", "plt.ylabel('y')", "plt.legend()"]))  # fmt: skip
    contour = c.of("plt.contour(X, Y, X**2 + 10 * Y**2, levels=20)", "plt.contour(X, Y, X**2 + 10 * Y**2, 30)",
                   "plt.contourf(X, Y, X**2 + 10 * Y**2)", "Z = X**2 + 10 * Y**2\nplt.contour(X, Y, Z)")  # fmt: skip
    draw = ["s = np.array([5.0, 4.0])", figure, grid, contour, table, indent(line, "    "), *ends, "plt.show()"]
    heavy = c.of("<velocity> = momentum * <velocity> + {g}", "<velocity> = {g} + momentum * <velocity>",
                 "<grad> = {g}\n<velocity> = momentum * <velocity> + <grad>")  # fmt: skip
    root = c.of("np.sqrt(<second>)", "<second> ** 0.5")
    rms = f"<grad> = {gradient}\n{average(c, '<second>', 'beta', c.of('<grad>**2', '<grad> * <grad>'))}\n"
    rms += moved(c, "pos", f"lr * <grad> / ({root} + eps)")
    own = c.of("return np.array([2 * x[0], 20 * x[1]])", "a, b = x\nreturn np.array([2 * a, 20 * b])",
               "return np.array([2.0, 20.0]) * x")  # fmt: skip
    return c.write("\n\n\n".join([
        f"def grad(x):\n{indent(own, '    ')}",
        run(c, "run_sgd(start, lr, steps)", "", moved(c, "pos", f"lr * {gradient}")),
        run(c, "run_momentum(start, lr, momentum, steps)", f"<velocity> = {none}",
            heavy.replace("{g}", gradient) + "\n" + moved(c, "pos", "lr * <velocity>")),
        run(c, "run_rmsprop(start, lr, beta, eps, steps)", f"<second> = {none}", rms),
        run(c, "run_adam(start, lr, beta1, beta2, eps, steps)", f"<first> = {none}\n<second> = {none}", adam,
            "<clock>"),
        "def visualize_optimizers_2d():\n" + indent("\n".join(draw), "    "),
    ]))  # fmt: skip


def b5(rng: np.random.Generator) -> str:
    c = Choices(rng)
    period = c.of(
        "T_cur, T_i = epoch, self.T_0\nwhile T_cur >= T_i:\n    T_cur -= T_i\n    T_i *= self.T_mult",
        "length = self.T_0\nrest = epoch\nwhile rest >= length:\n    rest = rest - length\n"
        "    length = length * self.T_mult\nT_cur, T_i = rest, length",
        "begin = 0\nT_i = self.T_0\nwhile epoch >= begin + T_i:\n"
        "    begin += T_i\n    T_i *= self.T_mult\nT_cur = epoch - begin",
        "T_i, end = self.T_0, self.T_0\nwhile end <= epoch:\n"
        "    T_i *= self.T_mult\n    end += T_i\nT_cur = epoch - (end - T_i)",
        "if self.T_mult == 1:\n    T_i = self.T_0\n    T_cur = epoch % self.T_0\nelse:\n"
        "    T_i, T_cur = self.T_0, epoch\n"
        "    while T_cur >= T_i:\n        T_cur, T_i = T_cur - T_i, T_i * self.T_mult",
    )
    pi, cos = c.of("np.pi", "math.pi"), c.of("np.cos", "math.cos")
    cosine = c.of(
        f"return self.lr_min + 0.5 * (self.lr_max - self.lr_min) * (1 + {cos}({pi} * T_cur / T_i))",
        f"share = T_cur / T_i\nreturn self.lr_min + (self.lr_max - self.lr_min) * (1 + {cos}({pi} * share)) / 2",
        f"wave = (1 + {cos}({pi} * T_cur / T_i)) / 2\nreturn self.lr_min + wave * (self.lr_max - self.lr_min)",
        f"span = self.lr_max - self.lr_min\nreturn self.lr_min + span / 2 * (1 + {cos}(T_cur / T_i * {pi}))",
    )
    rates = c.of(
        "rates = [self.get_lr(e) for e in range(total_epochs)]",
        "rates = []\nfor e in range(total_epochs):\n    rates.append(self.get_lr(e))",
        "epochs = np.arange(total_epochs)\nrates = [self.get_lr(e) for e in epochs]",
    )
    x = "epochs" if rates.startswith("epochs") else c.of("range(total_epochs)", "list(range(len(rates)))")
    labels = [c.of("plt.xlabel('epoch')", "plt.xlabel('Epoch', fontsize=12)"), "plt.ylabel('learning rate')",
              c.of("plt.title('schedule')", "plt.grid(True)", "plt.grid(alpha=0.5)", "plt.tight_layout()")]  # fmt: skip
    plot = [rates, c.of("plt.figure()", "plt.figure(figsize=(10, 4))"), f"plt.plot({x}, rates)",
            *map(str, c.rng.permutation(labels)), "plt.show()", "return rates"]  # fmt: skip
    return c.write("class CosineAnnealingWarmRestarts:\n" + "\n\n".join([
        method("__init__(self, lr_max, lr_min=0, T_0=10, T_mult=2)", stored(c, ("lr_max", "lr_min", "T_0", "T_mult"))
               .replace("self.params = list(params)", "self.lr_max = float(lr_max)")),
        method("get_lr(self, epoch)", period, cosine), method("plot_schedule(self, total_epochs=100)", *plot),
    ]))  # fmt: skip


WRITERS = {"b1_optimizers": b1, "b2_adam": b2, "b3_trajectories": b3, "b5_cosine_restarts": b5}


def answers(student: int, seed: int = 0) -> dict[str, str]:
    """Return {notebook: source} of one honest student."""
    return {name: write(np.random.default_rng((seed, student, i))) for i, (name, write) in enumerate(WRITERS.items())}
