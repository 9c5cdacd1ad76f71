"""What a copyist does to an answer: names, order, comments, layout, constants, dead code."""

from __future__ import annotations

import ast
import builtins

import numpy as np

ASKED = {"SGD", "MomentumSGD", "Adam", "CosineAnnealingWarmRestarts", "run_sgd", "run_momentum", "run_rmsprop",
         "run_adam", "visualize_optimizers_2d", "step", "get_lr", "plot_schedule", "__init__", "grad", "self", "np",
         "plt", "math", "params", "lr", "momentum", "grads", "beta", "beta1", "beta2", "eps", "start", "steps",
         "lr_max", "lr_min", "T_0", "T_mult", "epoch", "total_epochs"}  # fmt: skip


class Renamed(ast.NodeTransformer):
    """Every name that the task doesn't ask for gets another, attributes of self too."""

    def __init__(self, own: set[str]):
        taken = ASKED | set(dir(builtins)) - {"_"}  # an example that doctest ran leaves its last value there
        self.names = {name: f"other_{i}" for i, name in enumerate(sorted(own - taken))}

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self.names.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.names.get(node.arg, node.arg)
        return node


def renamed(source: str) -> str:
    """The same code under other names, without comments and in another layout."""
    tree = ast.parse(source)
    own = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    own |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
    return ast.unparse(Renamed(own).visit(tree))


def reordered(source: str, rng: np.random.Generator) -> str:
    """Functions, classes, methods and the plain assignments in __init__ in another order."""
    tree = ast.parse(source)
    tree.body = [tree.body[i] for i in rng.permutation(len(tree.body))]
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            node.body = node.body[::-1]
        elif isinstance(node, ast.FunctionDef) and node.name == "__init__":
            node.body = [node.body[i] for i in rng.permutation(len(node.body))]
    return ast.unparse(tree)


def padded(source: str) -> str:
    """Docstrings, annotations, comments, and code that does nothing in every function."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body[:0] = ast.parse('"""My very own work."""\nchecked = [n for n in range(3) if n > 5]').body
            for argument in node.args.args[1:]:
                argument.annotation = ast.parse("object", mode="eval").body
    rows = ast.unparse(tree).splitlines()
    return "\n".join(
        row + ("  # I thought about this for a long time" if i % 3 == 0 else "") for i, row in enumerate(rows)
    )


def disguised(source: str, seed: int = 0) -> str:
    """All of it."""
    return padded(reordered(renamed(source), np.random.default_rng(seed)))
