"""Small edits of a syntax tree, the likeliest slips first: what one changes is where a mistake may be.

An :class:`Edit` changes the tree in place and takes the change back. Nothing here knows an exercise: the edits follow
from the tree and from the names that are in scope.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from lrtutorial.answers.parsing import nodes, parsed

#: How likely an edit is, the likeliest first: an operator, brackets or a number; a name, an order or the form of a
#: statement; something left out or too much; the same, less often; another shape; a part that stands elsewhere,
#: as it is or with other names in it.
PEN, SLIP, LEFT_OUT, RARE, OTHER, COPIED, RENAMED = range(1, 8)
AFTER = "after"  #: the role of a statement behind which something is missing
FUNCTIONS = (  # taken for each other
    ("sqrt", "square", "abs", "sign"), ("zeros_like", "ones_like"), ("zeros", "ones"), ("cos", "sin"),
    ("mean", "sum"), ("min", "max"), ("argmin", "argmax"), ("minimum", "maximum"), ("floor", "ceil", "round"),
    ("log", "log10", "log2", "exp"), ("append", "extend"), ("linspace", "logspace", "geomspace"),
    ("xlabel", "ylabel"), ("set_xlabel", "set_ylabel"),
)  # fmt: skip
CONSTANTS = (0, 1, 2, 0.5, 10, 0.9, 0.99, 0.999, 1e-8, 1e-3)
ARITHMETIC = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.Pow)
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)


Part = ast.expr | ast.stmt  #: what has a place in the source


@dataclass(frozen=True, slots=True)
class Edit:
    """Fields of nodes with the values they get, how likely that is, and the part of the source to look at.

    ``role`` says what the part is to its surroundings ("the divisor"); a ``before`` edit puts a statement in front of
    the part, so that it stands for a gap.
    """

    likelihood: int
    part: Part
    role: str
    changes: tuple[tuple[object, str, object], ...]
    before: bool = False
    function: Any = None  #: the function that it lies in
    statement: ast.stmt | None = None  #: the statement whose expression it changes

    def swap(self) -> Edit:
        """Make the change; the edit returned takes it back."""
        old = tuple((node, field, getattr(node, field)) for node, field, _ in self.changes)
        for node, field, value in self.changes:
            setattr(node, field, value)
        return replace(self, changes=tuple(reversed(old)))


@dataclass(frozen=True)
class Known:
    """What is known of a program from running it, where it was looked at."""

    kinds: Mapping[str, str] = dataclasses.field(
        default_factory=dict
    )  #: of what names held: "number", "array", "list" or "thing"
    missing: tuple[str, ...] = ()  #: statements that such a program has, and this one hasn't

    def add_up(self, name: str) -> bool:
        """Say whether a name may stand in a sum or a product."""
        return self.kinds.get(name, "number") == "number"

    def alike(self, name: str, other: str) -> bool:
        """Say whether one name may stand in the other's place."""
        return name not in self.kinds or other not in self.kinds or self.kinds[name] == self.kinds[other]


NOTHING = Known()


def edits(tree: ast.AST, known: Known = NOTHING) -> list[Edit]:
    """Return the edits of a function or class, the likeliest first, in the order of the source among equals."""
    if isinstance(tree, ast.Assign):  # a constant of the cell
        every = _in_expressions(tree, Scope((), (), frozenset(), frozenset(), ()))
        return sorted(every, key=lambda edit: edit.likelihood)
    functions = [node for node in nodes(tree) if isinstance(node, ast.FunctionDef)]
    attributes = sorted({n.attr for n in nodes(tree) if isinstance(n, ast.Attribute) and is_self(n.value)})
    unset = sorted(set(attributes) - _set_or_defined(tree))
    counters = _counters(tree)
    indexed = {ast.unparse(n.value) for n in nodes(tree) if isinstance(n, ast.Subscript)}
    runs_over = set().union(*map(_run_over, functions))
    listed = [name for name in attributes if f"self.{name}" in indexed | runs_over]
    idle = _idle(tree)
    found = [
        edit
        for function in functions
        for edit in _in_function(function, Scope.of(function, attributes, unset, counters, listed, idle, known))
    ]
    return sorted(found, key=lambda edit: (edit.likelihood, getattr(edit.part, "lineno", 0)))


def explodes(statement: ast.stmt | None, edit: Edit) -> bool:
    """Say whether an edit makes a variable a power or a square of itself: in a loop whole numbers grow past all bounds.

    Python does one such power without a break, so that no time limit inside the process would end it.
    """
    targets = _assigned(statement) if statement is not None else set()
    for _, _, value in edit.changes if targets else ():
        for new in value if isinstance(value, list) else [value]:
            for node in nodes(new) if isinstance(new, ast.AST) else ():
                if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.Mult):
                    powers = [node.left] if isinstance(node.op, ast.Pow) else [node.left, node.right]
                    if all(targets & {n.id for n in nodes(one) if isinstance(n, ast.Name)} for one in powers):
                        return True
    return False


def _assigned(statement: ast.stmt) -> set[str]:
    return {n.id for n in nodes(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _set_or_defined(tree: ast.AST) -> set[str]:
    stored = {n.attr for n in nodes(tree) if isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store)}
    return stored | {n.name for n in nodes(tree) if isinstance(n, ast.FunctionDef)}


def _idle(tree: ast.AST) -> list[str]:
    """Return the attributes that are set and never read: what is missing uses one of them."""
    own = [n for n in nodes(tree) if isinstance(n, ast.Attribute) and is_self(n.value)]
    counted = {
        n.target.attr for n in nodes(tree) if isinstance(n, ast.AugAssign) and isinstance(n.target, ast.Attribute)
    }
    read = {n.attr for n in own if isinstance(n.ctx, ast.Load)} | counted
    return sorted({n.attr for n in own if isinstance(n.ctx, ast.Store)} - read)


def _counters(tree: ast.AST) -> tuple[str, ...]:
    """What is set to a whole number somewhere: it may count."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and type(node.value.value) is int:
            found += [ast.unparse(target) for target in node.targets if isinstance(target, ast.Name | ast.Attribute)]
    return tuple(dict.fromkeys(found))


def _corrections(function: ast.FunctionDef, scalars: list[str]) -> Iterator[ast.expr]:
    """``1 - b**t`` as it stands, and with one name in it exchanged for another number in scope."""
    texts: dict[str, None] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub) and isinstance(node.left, ast.Constant):
            texts[text := ast.unparse(node)] = None
            inner = {ast.unparse(n) for n in nodes(node) if isinstance(n, ast.Name | ast.Attribute)} & set(scalars)
            texts |= {re.sub(rf"(?<![\w.]){re.escape(old)}(?!\w)", new, text): None for old in inner for new in scalars}
    yield from map(_expression, list(texts)[:40])


def _in_function(function: ast.FunctionDef, scope: Scope) -> Iterator[Edit]:
    for statement in _statements(function):
        for edit in _in_expressions(statement, scope):
            yield replace(edit, function=function, statement=statement)
    yield from (replace(edit, function=function) for edit in _of_whole(function, scope))


def _of_whole(function: ast.FunctionDef, scope: Scope) -> Iterator[Edit]:
    """Edits of a function's signature, of its statements as such, and of what it returns."""
    yield from _in_signature(function)
    for statement in _statements(function):
        yield from _of_statement(statement, scope)
    inserted = list(_insertions(scope))
    for owner, field, block in _blocks(function):
        yield from _in_block(owner, field, block, inserted)
    yield from _returns(function, scope)


# -------------------------------------------------------------------------------------------- what is in scope


@dataclass(frozen=True)
class Scope:
    """What an expression of a function may use in place of another: names, attributes, entries of lists."""

    atoms: tuple[ast.expr, ...]
    scalars: tuple[ast.expr, ...]
    lists: frozenset[str]  #: what is indexed or run over
    indices: frozenset[str]  #: what stands in an index
    calls: tuple[ast.expr, ...]
    counters: tuple[str, ...] = ()  #: what is set to a whole number somewhere
    corrections: tuple[ast.expr, ...] = ()  #: ``1 - …`` as it stands in the function, and with another name in it
    unused: tuple[ast.expr, ...] = ()  #: names that are given a value, and never read
    unset: tuple[str, ...] = ()  #: statements that set what the class reads and never sets
    idle: tuple[str, ...] = ()  #: settings that are given, and never read
    moved: tuple[str, ...] = ()  #: what a loop runs over and never changes: its update may be missing
    known: Known = NOTHING  #: from running it

    def like(self, slot: _Slot) -> Iterator[ast.expr]:
        """What may stand in a name's place: lists for lists, indices in an index, numbers and arrays elsewhere."""
        text = ast.unparse(slot.child)
        inside = isinstance(slot.parent, ast.Subscript) and slot.field == "slice"
        for atom in self.atoms:
            other = ast.unparse(atom)
            is_list, is_index = other in self.lists, other in self.indices
            if other == text or not self.known.alike(other, text):
                continue
            if is_index if inside else is_list == (text in self.lists) and not is_index:
                yield atom

    @classmethod
    def of(
        cls,
        function: ast.FunctionDef,
        attributes: list[str],
        unset: list[str],
        counters: tuple[str, ...],
        listed: list[str],
        idle: list[str],
        known: Known,
    ) -> Scope:
        """Return the scope of a function, in a class whose objects have these attributes, some of them never set."""
        names = [a.arg for a in [*function.args.args, *function.args.kwonlyargs] if a.arg != "self"]
        names += [n.id for n in nodes(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        methods = {
            n.func.attr
            for n in nodes(function)
            if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and is_self(n.func.value)
        }
        texts = list(dict.fromkeys(names))
        is_method = bool(function.args.args) and function.args.args[0].arg == "self"
        texts += [f"self.{name}" for name in attributes if name not in methods] if is_method else []
        indexed = {ast.unparse(n.value) for n in nodes(function) if isinstance(n, ast.Subscript)}
        lists = indexed | _run_over(function)
        slices = [n.slice for n in nodes(function) if isinstance(n, ast.Subscript)]
        indices = {n.id for node in slices for n in nodes(node) if isinstance(n, ast.Name)}
        scalars = [text for text in texts if text not in lists | indices and known.add_up(text)]
        entries = [ast.unparse(n) for n in nodes(function) if isinstance(n, ast.Subscript) and _is_entry(n)]
        read = {n.id for n in nodes(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        unused = [name for name in dict.fromkeys(names) if name not in read]
        entries += [f"{name}[{index}]" for name in unused for index in sorted(indices)]
        entries += [f"self.{name}[{index}]" for name in listed for index in sorted(indices)] if is_method else []
        texts += list(dict.fromkeys(entries))
        bare = [ast.unparse(n) for n in nodes(function) if isinstance(n, ast.Call) and not n.args and not n.keywords]
        return cls(
            tuple(_expression(text) for text in texts),
            tuple(_expression(text) for text in scalars),
            frozenset(lists),
            frozenset(indices),
            tuple(_expression(text) for text in dict.fromkeys(bare)),
            counters if function.name != "__init__" else (),
            tuple(_corrections(function, scalars)),
            tuple(_expression(one) for one in unused),
            _settings(unset, names) if function.name == "__init__" else (),
            ()
            if function.name == "__init__"
            else tuple(
                [one.arg for one in function.args.args if one.arg != "self" and one.arg not in read]
                + ([f"self.{name}" for name in idle] if is_method else [])
            ),
            _never_changed(function, entries),
            known,
        )


def _never_changed(function: ast.FunctionDef, entries: list[str]) -> tuple[str, ...]:
    """Return the variables of loops, and the entries in them, to which nothing is assigned."""
    loops = [node for node in nodes(function) if isinstance(node, ast.For) and not _counts(node.iter)]
    run = [n.id for loop in loops for n in nodes(loop.target) if isinstance(n, ast.Name)]
    indices = {n.id for one in entries for n in nodes(_expression(one).slice) if isinstance(n, ast.Name)}  # type: ignore[attr-defined]
    targets = {
        ast.unparse(target).removesuffix("[:]").removesuffix("[...]")
        for node in ast.walk(function)
        if isinstance(node, ast.Assign | ast.AugAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
    }
    return tuple(one for one in dict.fromkeys([*run, *entries]) if loops and one not in targets | indices)


def _counts(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "range"


def _settings(unset: list[str], names: list[str]) -> tuple[str, ...]:
    """Statements that set an attribute: to what has its name, to another argument, to 0."""
    return tuple(f"self.{one} = {value}" for one in unset for value in ([one] if one in names else [*names, "0"]))


def _run_over(function: ast.FunctionDef) -> set[str]:
    """What loops run over, or what is counted: lists, which no sum or product is made of."""
    iters = [n.iter for n in nodes(function) if isinstance(n, ast.For | ast.comprehension)]
    calls = [n for n in nodes(function) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)]
    inside = [arg for call in calls if call.func.id in ("enumerate", "zip", "len", "list") for arg in call.args]  # type: ignore[attr-defined]
    return {ast.unparse(node) for node in [*iters, *inside]}


def is_self(node: ast.AST) -> bool:
    """Say whether this is the name ``self``."""
    return isinstance(node, ast.Name) and node.id == "self"


def _is_entry(node: ast.Subscript) -> bool:
    return isinstance(node.slice, ast.Name | ast.Constant)


@lru_cache(maxsize=30_000)  # the same few are put in everywhere; an edit changes the student's nodes and never these
def _expression(text: str) -> ast.expr:
    return parsed(text, mode="eval").body


@lru_cache(maxsize=10_000)
def _statement(text: str) -> ast.stmt:
    return parsed(text).body[0]


def _load(node: ast.expr) -> ast.expr:
    return _expression(ast.unparse(node))


def _store(node: ast.expr) -> ast.expr:
    assign = _statement(f"{ast.unparse(node)} = 0")
    assert isinstance(assign, ast.Assign)
    return assign.targets[0]


def _statements(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    for node in ast.walk(function):
        if isinstance(node, ast.stmt) and node is not function and not isinstance(node, ast.FunctionDef):
            yield node


def _blocks(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str, list[ast.stmt]]]:
    for node in ast.walk(function):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(node, field, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield node, field, block


# -------------------------------------------------------------------------------------------- expressions


@dataclass(frozen=True)
class _Slot:
    """The place of an expression: its parent, the field, and the position in it where that is a list."""

    parent: ast.AST
    field: str
    index: int | None
    child: ast.expr

    def put(self, new: ast.expr | None, likelihood: int, role: str = "", part: Part | None = None) -> Edit:
        if self.index is None:
            value: object = new
        else:
            value = list(getattr(self.parent, self.field))
            value[self.index : self.index + 1] = [] if new is None else [new]
        where = part or self.child
        return Edit(likelihood, where, role or role_of(self.parent, self.field), ((self.parent, self.field, value),))


def role_of(parent: ast.AST, field: str) -> str:
    """Return what a part is to its surroundings, in words."""
    if isinstance(parent, ast.BinOp):
        left = field == "left"
        roles = {
            ast.Div: ("what is divided", "the divisor"),
            ast.Mult: ("the factor", "the factor"),
            ast.Pow: ("the base of the power", "the exponent"),
            ast.Add: ("the term", "the term"),
            ast.Sub: ("the term", "what is subtracted"),
        }
        return roles.get(type(parent.op), ("the operand", "the operand"))[0 if left else 1]
    if isinstance(parent, ast.Call):
        return "the function called" if field == "func" else f"what goes into {ast.unparse(parent.func)[:30]}"
    if isinstance(parent, ast.AugAssign):
        return "what is taken off" if isinstance(parent.op, ast.Sub) else "what the variable changes by"
    words = {
        ("Assign", "value"): "the right-hand side", ("Subscript", "slice"): "the index",
        ("If", "test"): "the condition", ("While", "test"): "the condition", ("Return", "value"): "what is returned",
        ("For", "iter"): "what the loop runs over", ("comprehension", "iter"): "what the list is made from",
        ("ListComp", "elt"): "what the list holds",
        ("arguments", "defaults"): "the default", ("Compare", "left"): "what is compared",
        ("Compare", "comparators"): "what is compared", ("keyword", "value"): "the argument",
        ("Subscript", "value"): "what is indexed", ("List", "elts"): "what the list holds",
        ("Tuple", "elts"): "the entry", ("UnaryOp", "operand"): "the sign",
    }  # fmt: skip
    return words.get((type(parent).__name__, field), "the part")


def _slots(root: ast.AST) -> Iterator[_Slot]:
    """Every expression that is read in a statement, the inner statements of a compound one left out."""
    for field, value in ast.iter_fields(root):
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if isinstance(child, ast.stmt) or not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.expr) and isinstance(getattr(child, "ctx", ast.Load()), ast.Load):
                yield _Slot(root, field, index if isinstance(value, list) else None, child)
            yield from _slots(child)


def _in_expressions(statement: ast.stmt, scope: Scope) -> Iterator[Edit]:
    plain = _has_no_numbers(statement, scope.known)
    for slot in _slots(statement):
        if isinstance(slot.child, ast.Slice | ast.Starred | ast.JoinedStr | ast.FormattedValue):
            continue
        if isinstance(slot.child, ast.BinOp):
            yield from _operators(slot.child, slot)
        if isinstance(slot.child, ast.Compare):
            yield from _comparisons(slot.child, slot)
        if isinstance(slot.child, ast.Constant):
            equal = isinstance(slot.parent, ast.Compare) and isinstance(slot.parent.ops[0], ast.Eq | ast.NotEq)
            for edit in _constants(slot.child, slot):  # another number there takes a whole branch away
                yield replace(edit, likelihood=max(edit.likelihood, LEFT_OUT)) if equal else edit
        if isinstance(slot.child, ast.Call):
            yield from _calls(slot.child, slot)
        if isinstance(slot.child, ast.UnaryOp):
            yield slot.put(slot.child.operand, SLIP, "the sign of")
        if isinstance(slot.child, ast.Subscript):
            yield from _indices(slot.child, slot)
        if isinstance(slot.child, ast.Tuple):
            yield from _entries(slot.child, slot)
        if isinstance(slot.child, ast.BoolOp):
            other = ast.Or() if isinstance(slot.child.op, ast.And) else ast.And()
            yield slot.put(ast.BoolOp(other, slot.child.values), SLIP, "the condition")
        if slot.field == "func" or isinstance(slot.parent, ast.Attribute):
            continue
        yield from _names(slot, scope)
        if plain or scope.known.kinds and not _may_add_up(slot.child, scope.known):
            continue
        yield from _wraps(slot)
        yield from _missing(slot, scope)
        if slot.parent is statement and slot.field == "value":
            yield from _own_past(statement, slot, scope)


def _has_no_numbers(statement: ast.stmt, known: Known) -> bool:
    """Whether a statement is known to be about things alone: neither numbers nor lists have a name in it."""
    if not known.kinds:
        return False
    names = _assigned(statement) if isinstance(statement, ast.Assign) else set()
    names |= {slot.child.id for slot in _slots(statement) if isinstance(slot.child, ast.Name)}
    kinds = {known.kinds[name] for name in names if name in known.kinds}
    return kinds == {"thing"}


def _may_add_up(node: ast.expr, known: Known) -> bool:
    """Whether an expression may be a number or an array: no condition, no list, no thing and what it leads to."""
    if isinstance(node, ast.Compare | ast.BoolOp | ast.List | ast.Tuple | ast.Dict | ast.ListComp | ast.GeneratorExp):
        return False
    kinds = {known.kinds[n.id] for n in nodes(node) if isinstance(n, ast.Name) and n.id in known.kinds}
    return kinds != {"thing"} and not (isinstance(node, ast.Name) and kinds == {"list"})


def _operators(node: ast.BinOp, slot: _Slot) -> Iterator[Edit]:
    for op in ARITHMETIC:
        if not isinstance(node.op, op):
            # away from a sum's plus is rarer than back to it: averages and velocities add
            rare = isinstance(node.op, ast.Add) and op is ast.Sub and not (_updates(node, slot) or _is_one(node.left))
            yield slot.put(ast.BinOp(node.left, op(), node.right), LEFT_OUT if rare else PEN, "the operator in")
    if isinstance(node.op, ast.FloorDiv | ast.Div | ast.Mod):
        for other in (ast.FloorDiv(), ast.Div(), ast.Mod()):
            if type(other) is not type(node.op):
                yield slot.put(ast.BinOp(node.left, other, node.right), PEN, "the operator in")
    if isinstance(node.op, ast.Sub | ast.Div | ast.Pow | ast.FloorDiv | ast.Mod):
        from_one = isinstance(node.op, ast.Sub) and isinstance(node.right, ast.Constant) and node.right.value == 1
        yield slot.put(ast.BinOp(node.right, node.op, node.left), PEN if from_one else SLIP, "the order in")
    yield slot.put(node.left, SLIP, part=node)
    yield slot.put(node.right, SLIP, part=node)
    yield from _regroupings(node, slot)


def _is_one(node: ast.expr) -> bool:
    """Whether this is the 1 of ``1 + beta``: weights of an average are 1 minus something."""
    return isinstance(node, ast.Constant) and node.value == 1


def _updates(node: ast.BinOp, slot: _Slot) -> bool:
    """Whether this is the right-hand side of ``p = p + …``."""
    if not isinstance(slot.parent, ast.Assign):
        return False
    target, left = ast.unparse(slot.parent.targets[0]), ast.unparse(node.left)
    return target.removesuffix("[:]").removesuffix("[...]") == left.removesuffix("[:]").removesuffix("[...]")


def _regroupings(node: ast.BinOp, slot: _Slot) -> Iterator[Edit]:
    """(a ∘ b) ∙ c against a ∘ (b ∙ c): brackets that are missing, or stand where none should."""
    if isinstance(node.left, ast.BinOp):
        inner = node.left
        regrouped = ast.BinOp(inner.left, inner.op, ast.BinOp(inner.right, node.op, node.right))
        yield slot.put(regrouped, PEN, "the brackets in")
    if isinstance(node.right, ast.BinOp):
        inner = node.right
        regrouped = ast.BinOp(ast.BinOp(node.left, node.op, inner.left), inner.op, inner.right)
        yield slot.put(regrouped, PEN, "the brackets in")
    for this, other, is_left in ((node.left, node.right, True), (node.right, node.left, False)):
        if isinstance(this, ast.Call) and len(this.args) == 1 and not this.keywords:  # sqrt(v) + eps, sqrt(v + eps)
            inside = (this.args[0], node.op, other) if is_left else (other, node.op, this.args[0])
            yield slot.put(ast.Call(this.func, [ast.BinOp(*inside)], []), PEN, "the brackets in")


def _comparisons(node: ast.Compare, slot: _Slot) -> Iterator[Edit]:
    if len(node.ops) != 1:
        return
    likely = LEFT_OUT if isinstance(node.ops[0], ast.Eq | ast.NotEq) else PEN
    for op in COMPARISONS:
        if not isinstance(node.ops[0], op):
            yield slot.put(ast.Compare(node.left, [op()], node.comparators), likely, "the comparison")
    yield slot.put(ast.Compare(node.comparators[0], node.ops, [node.left]), likely, "the comparison")
    yield slot.put(ast.UnaryOp(ast.Not(), node), likely, "the comparison")


def _constants(node: ast.Constant, slot: _Slot) -> Iterator[Edit]:
    value = node.value
    if isinstance(value, bool):
        yield slot.put(ast.Constant(not value), PEN)
    elif isinstance(value, int | float):
        near = [*CONSTANTS, value + 1, value - 1, -value, value * 10, value / 10, 1 - value, value * 2, value / 2]
        if value and not 1e-3 < abs(value) < 100:  # a power of ten, more likely
            near.append(type(value)(10.0 ** math.floor(math.log10(abs(value)))))
        for new in dict.fromkeys(near):
            if new != value:
                yield slot.put(_expression(repr(new)), SLIP if new == -value else PEN)
    elif value is None:
        for empty in ("0", "0.0", "[]", "{}"):
            yield slot.put(_expression(empty), LEFT_OUT)


def _calls(node: ast.Call, slot: _Slot) -> Iterator[Edit]:
    function = node.func
    if isinstance(function, ast.Attribute):
        for group in FUNCTIONS:
            if function.attr in group:
                for other in group:
                    if other != function.attr:
                        called = ast.Attribute(function.value, other, ast.Load())
                        yield slot.put(ast.Call(called, node.args, node.keywords), SLIP, "the function called in")
    if isinstance(function, ast.Attribute) and function.attr in ("copy", "astype", "item", "detach"):
        yield slot.put(function.value, SLIP)
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield slot.put(node.args[0], SLIP, part=node)
    if len(node.args) == 1 and isinstance(node.args[0], ast.BinOp):  # f(a + b) against f(a) + b
        inner = node.args[0]
        left, right = (ast.Call(function, [one], node.keywords) for one in (inner.left, inner.right))
        yield slot.put(ast.BinOp(left, inner.op, inner.right), SLIP, "the brackets in")
        yield slot.put(ast.BinOp(inner.left, inner.op, right), SLIP, "the brackets in")
    for i in range(len(node.args)):
        for j in range(i):
            args = list(node.args)
            args[i], args[j] = args[j], args[i]
            yield slot.put(ast.Call(function, args, node.keywords), SLIP, "the order of the arguments in")
    for i in range(len(node.args)):
        if len(node.args) > 1:
            yield slot.put(ast.Call(function, node.args[:i] + node.args[i + 1 :], node.keywords), LEFT_OUT, part=node)
    for i in range(len(node.keywords)):
        rest = node.keywords[:i] + node.keywords[i + 1 :]
        yield slot.put(ast.Call(function, node.args, rest), LEFT_OUT, part=node)
    if isinstance(function, ast.Name) and function.id in ("range", "enumerate"):
        first = [ast.Constant(1), *node.args] if function.id == "range" else [*node.args, ast.Constant(1)]
        if len(node.args) == 1:
            yield slot.put(ast.Call(function, first, node.keywords), SLIP, part=node)
    if isinstance(function, ast.Name) and function.id == "range":
        yield from _turns(node, slot)


def _turns(node: ast.Call, slot: _Slot) -> Iterator[Edit]:
    """As many turns of a loop, counted from 1 in place of 0, or from 0 in place of 1."""
    one = ast.Constant(1)
    if len(node.args) == 1:
        yield slot.put(ast.Call(node.func, [one, ast.BinOp(node.args[0], ast.Add(), one)], []), SLIP, part=node)
    if len(node.args) == 2 and isinstance(node.args[0], ast.Constant) and node.args[0].value == 1:
        yield slot.put(ast.Call(node.func, [ast.BinOp(node.args[1], ast.Sub(), one)], []), SLIP, part=node)


def _indices(node: ast.Subscript, slot: _Slot) -> Iterator[Edit]:
    if isinstance(node.slice, ast.Slice):
        for lower, upper in ((None, None), (1, None), (None, -1), (2, None)):
            ends = [None if end is None else _expression(str(end)) for end in (lower, upper)]
            yield slot.put(ast.Subscript(node.value, ast.Slice(*ends), ast.Load()), SLIP, "the slice")
    yield slot.put(node.value, LEFT_OUT, part=node)


def _entries(node: ast.Tuple, slot: _Slot) -> Iterator[Edit]:
    for i in range(len(node.elts)):
        for j in range(i):
            elts = list(node.elts)
            elts[i], elts[j] = elts[j], elts[i]
            yield slot.put(ast.Tuple(elts, ast.Load()), SLIP, "the order in")


def _names(slot: _Slot, scope: Scope) -> Iterator[Edit]:
    node = slot.child
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        for atom in scope.like(slot):
            yield slot.put(atom, SLIP)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        for atom in scope.scalars:
            yield slot.put(atom, SLIP)
            yield slot.put(ast.BinOp(atom, ast.Add(), ast.Constant(1)), LEFT_OUT)
            if node.value == 1:
                yield slot.put(ast.BinOp(node, ast.Sub(), atom), SLIP)
    elif isinstance(node, ast.BinOp | ast.Call):
        for atom in scope.like(slot):
            yield slot.put(atom, OTHER)


def _wraps(slot: _Slot) -> Iterator[Edit]:
    """A root, a square, a sign, a reciprocal, a copy, one more, one less: put around an expression."""
    node = slot.child
    if isinstance(node, ast.Constant) and not isinstance(node.value, int | float):
        return
    text = f"({ast.unparse(node)})"
    likely = ("-{}", "{}**2", "np.sqrt({})", "1 - {}", "{} + 1", "{} - 1", "{}.copy()")
    for form in likely:
        # signs that come in pairs: the one of the statement is told, not that of each factor in it
        rare = form == "-{}" and isinstance(slot.parent, ast.BinOp | ast.UnaryOp | ast.Call | ast.Subscript)
        yield slot.put(_expression(form.format(text)), RARE if rare else LEFT_OUT if form == "-{}" else SLIP)
    for form in ("1 / {}", "np.abs({})", "np.array({}, dtype=float)", "2 * {}", "{} / 2", "int({})", "np.cos({})",
                 "list({})", "np.pi * {}", "len({})"):  # fmt: skip
        yield slot.put(_expression(form.format(text)), RARE)


def _missing(slot: _Slot, scope: Scope) -> Iterator[Edit]:
    """A factor, divisor, term or power that was left out."""
    node = slot.child
    if isinstance(node, ast.Constant) or isinstance(slot.parent, ast.Subscript) and slot.field == "slice":
        return
    outer = slot.parent.op if isinstance(slot.parent, ast.BinOp) else None
    factor, term = isinstance(outer, ast.Mult | ast.Div), isinstance(outer, ast.Add | ast.Sub)
    for atom in scope.scalars:
        for op in (ast.Mult, ast.Div, ast.Add, ast.Sub, ast.Pow):
            same = factor and op in (ast.Mult, ast.Div) or term and op in (ast.Add, ast.Sub)
            if not same:  # of a product's factors only the whole product: the others are the same edit
                inside = isinstance(slot.parent, ast.Call) and not isinstance(slot.parent.func, ast.Attribute)
                likely = LEFT_OUT if op in (ast.Mult, ast.Div) and not inside else RARE
                yield slot.put(ast.BinOp(node, op(), atom), likely)
        yield slot.put(ast.BinOp(node, ast.Mult(), ast.BinOp(atom, ast.Pow(), ast.Constant(2))), OTHER)
        if factor:
            continue
        one_less = ast.BinOp(ast.Constant(1), ast.Sub(), atom)
        yield slot.put(ast.BinOp(one_less, ast.Mult(), node), LEFT_OUT)
        yield slot.put(ast.BinOp(ast.BinOp(one_less, ast.Mult(), node), ast.Mult(), node), RARE)
        yield slot.put(ast.BinOp(ast.Constant(1), ast.Sub(), ast.BinOp(node, ast.Pow(), atom)), OTHER)
        yield slot.put(ast.BinOp(atom, ast.Sub(), node), OTHER)
    for idle in scope.idle:  # what nothing uses, less another: the height between two bounds
        for atom in scope.scalars:
            text = ast.unparse(atom)
            for height in (f"{idle} - {text}", f"{text} - {idle}") if text != idle else ():
                yield slot.put(ast.BinOp(node, ast.Mult(), _expression(height)), LEFT_OUT)
    for atom in scope.unused if isinstance(slot.parent, ast.stmt) else ():
        for weight in scope.scalars:
            for op in (ast.Add, ast.Sub):
                yield slot.put(ast.BinOp(node, op(), ast.BinOp(weight, ast.Mult(), atom)), OTHER)
    for atom in scope.corrections if isinstance(slot.parent, ast.stmt) else ():
        for op in (ast.Mult, ast.Div):
            yield slot.put(ast.BinOp(node, op(), atom), LEFT_OUT)
    for atom in scope.atoms:
        if atom not in scope.scalars:
            for op in (ast.Mult, ast.Add, ast.Sub, ast.Div):
                yield slot.put(ast.BinOp(node, op(), atom), RARE if op is ast.Mult else OTHER)


def _own_past(statement: ast.stmt, slot: _Slot, scope: Scope) -> Iterator[Edit]:
    """A variable's own old value, with a weight, that its new one lacks: an average or a velocity forgets."""
    target = ast.unparse(statement.targets[0] if isinstance(statement, ast.Assign) else slot.child)
    value = ast.unparse(slot.child)
    if not isinstance(statement, ast.Assign) or target in {ast.unparse(n) for n in ast.walk(slot.child)}:
        return
    for weight in map(ast.unparse, scope.scalars):
        likely = LEFT_OUT if weight in scope.idle else OTHER
        if weight != target:
            yield slot.put(_expression(f"{weight} * {target} + ({value})"), likely)
            yield slot.put(_expression(f"{weight} * {target} + (1 - {weight}) * ({value})"), likely)


def _in_signature(function: ast.FunctionDef) -> Iterator[Edit]:
    arguments = function.args
    for index, default in enumerate(arguments.defaults):
        if isinstance(default, ast.Constant):
            yield from _constants(default, _Slot(arguments, "defaults", index, default))
    names = [one.arg for one in arguments.args]
    for i in range(len(names)):
        for j in range(i):
            if "self" not in (names[i], names[j]):
                args = list(arguments.args)
                args[i], args[j] = args[j], args[i]
                yield Edit(SLIP, function, "the order of the parameters of", ((arguments, "args", args),))


# -------------------------------------------------------------------------------------------- statements


def _of_statement(node: ast.stmt, scope: Scope) -> Iterator[Edit]:
    if isinstance(node, ast.AugAssign):
        for op in ARITHMETIC:
            if not isinstance(node.op, op) and op is not ast.Pow:
                rare = isinstance(node.op, ast.Sub)  # most updates go downhill already
                yield Edit(LEFT_OUT if rare else PEN, node, "the operator of", ((node, "op", op()),))
        for atom in scope.scalars if isinstance(node.op, ast.Add) else ():
            downhill = ast.BinOp(atom, ast.Mult(), node.value)
            yield Edit(LEFT_OUT, node.value, "", ((node, "op", ast.Sub()), (node, "value", downhill)))
    if isinstance(node, ast.If | ast.While):
        yield Edit(SLIP, node.test, "the condition", ((node, "test", ast.UnaryOp(ast.Not(), node.test)),))
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        for atom in scope.atoms:
            if isinstance(atom, ast.Subscript | ast.Attribute):
                yield Edit(LEFT_OUT, node.targets[0], "what is assigned to", ((node, "targets", [_store(atom)]),))
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Attribute):
        for atom in scope.atoms:
            if isinstance(atom, ast.Attribute):
                yield Edit(SLIP, node.targets[0], "what is assigned to", ((node, "targets", [_store(atom)]),))


def _forms_of(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """The same statement in place, and not."""
    if (
        isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and not isinstance(node.targets[0], ast.Tuple | ast.List)
    ):
        target, value = ast.unparse(node.targets[0]), node.value
        base = target.removesuffix("[:]").removesuffix("[...]")
        if target == base:
            yield f"{target}[...] = {ast.unparse(value)}", "what is assigned to"
        for op in ("+", "-", "*"):
            yield f"{target} {op}= {ast.unparse(value)}", "the = of"
        if isinstance(value, ast.BinOp) and ast.unparse(value.left) in (base, f"{base}[:]"):
            sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}.get(type(value.op))
            if sign:
                yield f"{base} {sign}= {ast.unparse(value.right)}", "the = of"
    if isinstance(node, ast.AugAssign):
        op = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}.get(type(node.op), "+")
        target, value_text = ast.unparse(node.target), ast.unparse(node.value)
        yield f"{target} = {target} {op} ({value_text})", "the operator of"
        yield f"{target} = {value_text}", "the operator of"


_SIMPLE = (ast.Assign, ast.AugAssign, ast.Expr)  #: statements that may be moved or taken out: a loop isn't one


def _in_block(owner: object, field: str, block: list[ast.stmt], inserted: list[tuple[ast.stmt, int]]) -> Iterator[Edit]:
    def becomes(new: list[ast.stmt], likelihood: int, part: Part, role: str, before: bool = False) -> Edit:
        return Edit(likelihood, part, role, ((owner, field, new),), before)

    for i, node in enumerate(block):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            continue
        rest = block[:i] + block[i + 1 :]
        for form, role in _forms_of(node):
            yield becomes([*block[:i], _statement(form), *block[i + 1 :]], SLIP, node, role)
        if isinstance(node, ast.For | ast.While | ast.If | ast.With):
            yield from _in_or_out(owner, field, block, i, node)
        for new, likelihood in inserted:
            yield becomes([*block[:i], new, *block[i:]], likelihood, node, "", before=True)
        if not isinstance(node, _SIMPLE):
            continue
        for j in range(i + 1, len(block)):  # a statement that comes too early or too late
            if not isinstance(block[j], ast.FunctionDef | ast.Return):
                likely = SLIP if j == i + 1 else LEFT_OUT
                yield becomes([*rest[:j], node, *rest[j:]], likely, node, "the order: when is this done,")
                if j > i + 1 and isinstance(block[j], _SIMPLE):
                    moved = [*block[:i], block[j], *block[i:j], *block[j + 1 :]]
                    yield becomes(moved, likely, block[j], "the order: when is this done,")
        if len(block) > 1 and not _is_docstring(node):
            again = ast.dump(node) in [ast.dump(one) for one in block[max(i - 1, 0) : i] + block[i + 1 : i + 2]]
            yield becomes(rest, PEN if again else LEFT_OUT, node, "")
    for new, likelihood in inserted:
        yield becomes([*block, new], likelihood, block[-1], AFTER, before=True)


def _in_or_out(
    owner: object, field: str, block: list[ast.stmt], i: int, loop: ast.For | ast.While | ast.If | ast.With
) -> Iterator[Edit]:
    """A statement indented too far, or too little."""
    body = loop.body
    for moved in body if len(body) > 1 else ():
        left = [one for one in body if one is not moved]
        for new in ([*block[: i + 1], moved, *block[i + 1 :]], [*block[:i], moved, *block[i:]]):
            yield Edit(SLIP, moved, "how often this is done:", ((loop, "body", left), (owner, field, new)))
    if i + 1 < len(block):
        moved, new = block[i + 1], [*block[: i + 1], *block[i + 2 :]]
        for inner in ([*body, moved], [moved, *body]):
            yield Edit(SLIP, moved, "how often this is done:", ((loop, "body", inner), (owner, field, new)))
    if i and not _is_docstring(block[i - 1]):
        moved, new = block[i - 1], [*block[: i - 1], *block[i:]]
        yield Edit(SLIP, moved, "how often this is done:", ((loop, "body", [moved, *body]), (owner, field, new)))


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _returns(function: ast.FunctionDef, scope: Scope) -> Iterator[Edit]:
    """A result that is not returned: of a function that has no return."""
    if function.name == "__init__" or any(isinstance(node, ast.Return) for node in ast.walk(function)):
        return
    last = function.body[-1]
    for atom in scope.atoms:
        for form in ("return {}", "return np.array({})") if isinstance(atom, ast.Name) else ():
            new = [*function.body, _statement(form.format(ast.unparse(atom)))]
            yield Edit(SLIP, last, AFTER, ((function, "body", new),), before=True)


def _insertions(scope: Scope) -> Iterator[tuple[ast.stmt, int]]:
    """Statements that may be missing: counting on, keeping what was computed, a call that clears or steps."""
    for text in scope.counters:
        yield _statement(f"{text} += 1"), SLIP
    for call in scope.calls:
        yield ast.Expr(call), LEFT_OUT
    yield from ((_statement(text), PEN) for text in scope.known.missing)  # nothing like it stands in the function
    yield from ((_statement(text), LEFT_OUT) for text in scope.unset)
    if not scope.known.kinds:  # updates of an optimizer's state; what such a program may lack is known otherwise
        yield from _updates_missing(scope)
    names = [atom for atom in scope.atoms if isinstance(atom, ast.Name)]
    for atom in scope.atoms:
        if isinstance(atom, ast.Subscript):
            for name in names:
                if name.id not in scope.lists | scope.indices:
                    yield _statement(f"{ast.unparse(atom)} = {name.id}"), RARE


def _updates_missing(scope: Scope) -> Iterator[tuple[ast.stmt, int]]:
    """Statements with a setting that nothing reads, and updates of what a loop runs over and never changes."""
    scalars = [ast.unparse(one) for one in scope.scalars]
    values = [text for atom in scope.atoms if (text := ast.unparse(atom)) not in scope.lists | scope.indices]
    for idle in scope.idle:
        for one in values:
            if one != idle:
                yield _statement(f"{one} *= {idle}"), LEFT_OUT
        for one in scope.moved:
            for other in values:
                if other not in (one, idle):
                    yield _statement(f"{one} -= {idle} * {other}"), LEFT_OUT
                    yield _statement(f"{one} = {idle} * {one} + {other}"), LEFT_OUT
    for one in scope.moved:
        for other in values:
            if other != one and other not in scalars:
                yield _statement(f"{one} += {other}"), RARE
                for weight in scalars:
                    yield _statement(f"{one} -= {weight} * {other}"), RARE
