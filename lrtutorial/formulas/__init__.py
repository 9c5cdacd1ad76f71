"""Formulas as plain data: read, written, evaluated exactly within bounds, searched for the one change that mends them.

The judge never imports, evals or sympifies anything a student wrote: it walks the tree.

>>> from lrtutorial import formulas as ex
>>> ex.write(ex.read("2*a*x + 1"))
'2·a·x + 1'
"""

from lrtutorial.formulas.evaluation import (
    BUDGET,
    DIGITS,
    EXACT_BITS,
    Number,
    Undecided,
    Undefined,
    approximate,
    at_most,
    evaluate,
    holds,
    mpmath_context,
    real,
    same_number,
    show_number,
)
from lrtutorial.formulas.grammar import read_text
from lrtutorial.formulas.reading import read
from lrtutorial.formulas.tree import (
    FUNCTIONS,
    MAX_DIGITS,
    MAX_NODES,
    RELATIONS,
    Tree,
    Unreadable,
    applied,
    as_fraction,
    check_tree,
    inexact,
    is_condition,
    nodes,
    right_hand_side,
    substitute,
    symbols,
)
from lrtutorial.formulas.typeset import mathml
from lrtutorial.formulas.writing import letter, write

__all__ = [
    "BUDGET",
    "DIGITS",
    "EXACT_BITS",
    "FUNCTIONS",
    "MAX_DIGITS",
    "MAX_NODES",
    "RELATIONS",
    "Number",
    "Tree",
    "Undecided",
    "Undefined",
    "Unreadable",
    "applied",
    "approximate",
    "as_fraction",
    "at_most",
    "check_tree",
    "evaluate",
    "holds",
    "inexact",
    "is_condition",
    "letter",
    "mathml",
    "mpmath_context",
    "nodes",
    "read",
    "read_text",
    "real",
    "right_hand_side",
    "same_number",
    "show_number",
    "substitute",
    "symbols",
    "write",
]
