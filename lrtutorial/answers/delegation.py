"""The rule that an optimizer is the student's own work: find code that leaves it to a library.

:func:`delegates` reads source text and runs none of it. Comments, docstrings and other strings that only mention a
library are no use of it. The same rule holds in the notebook (:func:`delegates_here`) and in grading.
"""

from __future__ import annotations

import ast
import dis
import inspect
import linecache
import re
import sys
import textwrap
import types
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from lrtutorial.answers.parsing import nodes, shared
from lrtutorial.answers.reach import reached
from lrtutorial.course import current

_IMPORTERS = {"__import__", "import_module", "find_spec", "run_module", "locate", "resolve_name", "reload"}
_RUNNERS = {"exec", "eval", "compile", "run_cell", "ex", "run_code", "ev"}
_GETTERS = {"getattr", "attrgetter", "__getattribute__", "__getattr__", "get"}
_BINDING = {ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.NamedExpr}
_USING = {ast.Import, ast.ImportFrom, ast.Name, ast.Attribute, ast.Subscript, ast.Call}
_RUN = re.compile(r"^\s*%run\b|\bexec\(|\brunpy\b", re.MULTILINE)
#: Words one of which stands in whatever uses a library without its name.
_DOORS = _IMPORTERS | _RUNNERS | (_GETTERS - {"get"}) | {"modules", "vars", "__dict__"}
_WORD, _PART = re.compile(r"\w+"), re.compile(r"(?:^|[.,(\\]|\bimport\b)(?=\s*(\w+))", re.MULTILINE)
_STAR = re.compile(r"\bimport[\s\\]*\*")
ADVICE = "This exercise asks for your own code: take that line out"


@dataclass(frozen=True)
class _Use:
    """One use of a library: what is used, and the line of its source."""

    name: str
    line: int
    code: str


def delegates(
    source: str | Iterable[str], answers: Iterable[str] | None = None, files: Mapping[str, str] | None = None
) -> str | None:
    """Return why this source leaves the work to a library, in one sentence for the student, or None if it doesn't.

    ``source`` is Python text, or several pieces of it, such as the code cells of a notebook; IPython's magics are
    allowed. Names imported in one piece count in all. Text that doesn't parse can't run either and is passed over.
    With ``answers`` only the code that these names reach counts (:mod:`lrtutorial.answers.reach`), and torch itself
    counts, too: an exercise of one's own code is graded without it. ``files`` are modules beside the notebook.

    Examples
    --------
    >>> print(delegates("import torch.optim as o\\nopt = o.LBFGS(params)"))
    torch.optim is used (`import torch.optim as o`). This exercise asks for your own code: take that line out.
    >>> delegates("# as torch.optim.LBFGS does it\\nparam -= lr * grad")
    >>> delegates(["import torch", "class Mine: ...", "torch.optim.LBFGS"], ["Mine"])
    """
    pieces = [source] if isinstance(source, str) else list(source)
    if not _may_use([*pieces, *(files or {}).values()]):
        return None
    if answers is None:
        use = _first_use(pieces, {})
    else:
        runs = [piece for piece in pieces if _RUN.search(piece)]
        named = {name: text for name, text in (files or {}).items() if any(name in piece for piece in runs)}
        code = [
            ast.unparse(tree) if len(trees) > 1 else _without_magics(piece)
            for piece in pieces
            if (trees := _parsed(piece))
            for tree, _ in trees
        ]
        found = [(one.nodes, one.text) for one in reached(code, answers, files)]
        found += [(nodes(tree), text) for source in named.values() for tree, text in _parsed(source)]
        use = _use_in(found, {}, torch=True)
    return _say(use) if use else None


def delegates_here(answers: Mapping[str, object] | Iterable[object]) -> str | None:
    """Return why a notebook's answers leave the work to a library; None if they don't.

    Looks at the source of the answers and of whatever functions and classes they lead to, at the modules they reach by
    name, and at the cells of the session that define them. What other cells do, to compare for instance, is free.
    """
    named = answers if isinstance(answers, Mapping) else {getattr(one, "__name__", ""): one for one in answers}
    if use := _reached(named.values()):
        return _say(use)
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    cells = [str(cell) for cell in shell.user_ns.get("In", ())] if shell else []
    names = {*named, *(str(getattr(one, "__name__", "")) for one in named.values())}
    why = delegates(cells, names)
    return f"{why[:-1]}. If it is gone already, restart the kernel and run all cells." if why else None


def _say(use: _Use) -> str:
    shown = f" (`{use.code}`)" if use.code else ""
    if use.name.split(".")[0] == "torch" and not _library(use.name):
        return f"{use.name} is used{shown}. This exercise is graded without torch: write that line with NumPy."
    return f"{use.name} is used{shown}. {ADVICE}."


# ------------------------------------------------------------------------------------------ reading source


def _may_use(texts: Iterable[str]) -> bool:
    """Say whether source text holds a word without which no library can be used: most has none, and is not parsed.

    Every notebook imports something of the students' own packages: there the last part of a library's name counts,
    where code can have it.
    """
    words, parts = {"torch"} | _DOORS, set()
    for first, *rest in (library.split(".") for library in current().libraries):
        if first in ("lrtutorial", current().package) and rest:
            parts.add(rest[-1])
        else:
            words.add(first)
    plain = [unicodedata.normalize("NFKC", text) for text in texts]  # as Python reads identifiers
    return any(
        not words.isdisjoint(_WORD.findall(text)) or not parts.isdisjoint(_PART.findall(text)) or _STAR.search(text)
        for text in plain
    )


def _first_use(pieces: Iterable[str], known: Mapping[str, str]) -> _Use | None:
    return _use_in([(nodes(tree), text) for piece in pieces for tree, text in _parsed(piece)], known)


def _use_in(trees: Sequence[tuple[list[ast.AST], str]], known: Mapping[str, str], torch: bool = False) -> _Use | None:
    """Return the first use of a library in these trees, each as its nodes, with the text that its lines are of."""
    names = dict(known)
    binding = [node for each, _ in trees for node in each if type(node) in _BINDING]
    while True:  # until no name is new: an alias may be made of an alias
        before = len(names)
        _bind(binding, names)
        if len(names) == before:
            break
    for each, text in trees:
        for node in each:
            if type(node) not in _USING:
                continue
            name = _use_at(node, names) or (_torch_at(node, names) if torch else None)
            if name:
                line = getattr(node, "lineno", 1)
                rows = text.splitlines()
                return _Use(name, line, rows[line - 1].strip()[:100] if line <= len(rows) else "")
    return None


def _torch_at(node: ast.AST, names: Mapping[str, str]) -> str | None:
    """Return the part of torch that a node uses, or None."""
    if not isinstance(node, ast.Name | ast.Attribute | ast.Call) or isinstance(getattr(node, "ctx", None), ast.Store):
        return None
    name = _dotted(node, names)
    return name if name and name.split(".")[0] == "torch" else None


@lru_cache(maxsize=512)
def _parsed(source: str) -> tuple[tuple[ast.Module, str], ...]:
    """Return the trees of a source: one, or one for each part between blank lines when it does not parse as a whole."""
    text = _without_magics(source)
    tree = _tree(text)
    if tree is not None:
        return ((tree, text),)
    parts = re.split(r"\n(?=[^\s)\]}#])", text)
    found, begin = [], 0
    while begin < len(parts):  # the longest run of parts from here that parses; a part that never does is passed over
        for end in range(min(len(parts), begin + 40), begin, -1):
            piece = "\n".join(parts[begin:end])
            if (tree := _tree(piece)) is not None:
                found.append((tree, piece))
                break
        else:
            end = begin + 1
        begin = end
    return tuple(found)


def _tree(text: str) -> ast.Module | None:
    try:
        return shared(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _without_magics(source: str) -> str:
    """Return the source with IPython's magics and shell lines emptied; what %time and the like run is kept."""
    if "%" not in source and "!" not in source:
        return "\n".join(source.splitlines())
    rows = []
    for row in source.splitlines():
        kept = re.sub(r"^(\s*)%(?:time|timeit|prun|memit)\b(?:\s+-\w+(?:\s+\d+)?)*\s*", r"\1", row)
        kept = re.sub(r"^(\s*)(?:%|!).*$", r"\1pass", kept)
        rows.append(re.sub(r"^(\s*[\w, ]+=\s*)[%!].*$", r"\1None", kept))
    return "\n".join(rows)


def _bind(nodes: Iterable[ast.AST], names: dict[str, str]) -> None:
    """Note which names stand for (parts of) modules."""
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                names.setdefault(
                    alias.asname or alias.name.split(".")[0],
                    alias.name if alias.asname else alias.name.split(".")[0],
                )
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for alias in node.names:
                if alias.name == "*":
                    for library in current().libraries:  # a star brings the submodule's name
                        parent, _, child = library.rpartition(".")
                        if parent == node.module:
                            names.setdefault(child, library)
                else:
                    names.setdefault(alias.asname or alias.name, f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value is not None:
            value = _dotted(node.value, names)
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if value and isinstance(target, ast.Name) and target.id not in names:
                    names[target.id] = value


def _dotted(node: ast.AST, names: Mapping[str, str]) -> str | None:
    """Return the dotted name of a module's part that an expression stands for, or None."""
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.Attribute):
        owner = _dotted(node.value, names)
        return f"{owner}.{node.attr}" if owner else None
    if isinstance(node, ast.NamedExpr):
        return _dotted(node.value, names)
    if isinstance(node, ast.Call):
        called = _called(node)
        if called in _IMPORTERS and node.args:
            name = _text(node.args[0])
            package = _text(node.args[1]) if len(node.args) > 1 else None
            return f"{package}{name}" if name and name.startswith(".") and package else name
        if called in _GETTERS:
            return _got(node, names)
    if isinstance(node, ast.Subscript):  # sys.modules["torch"], vars(torch)["optim"], torch.__dict__["optim"]
        key = _text(node.slice)
        if key is None:
            return None
        if isinstance(node.value, ast.Attribute) and node.value.attr == "modules":
            return key
        owner = None
        if isinstance(node.value, ast.Attribute) and node.value.attr == "__dict__":
            owner = _dotted(node.value.value, names)
        elif isinstance(node.value, ast.Call) and _called(node.value) == "vars" and node.value.args:
            owner = _dotted(node.value.args[0], names)
        return f"{owner}.{key}" if owner else None
    return None


def _called(call: ast.Call) -> str:
    """Return the last name of what is called: ``import_module`` for ``importlib.import_module(…)``."""
    function = call.func
    if isinstance(function, ast.Name):
        return function.id
    return function.attr if isinstance(function, ast.Attribute) else ""


def _got(call: ast.Call, names: Mapping[str, str]) -> str | None:
    """Return what ``getattr(module, "name")`` and its relatives stand for."""
    texts = [text for text in map(_text, call.args) if text]
    if not texts:
        return None
    if _called(call) == "get":  # sys.modules.get("torch")
        table = call.func.value if isinstance(call.func, ast.Attribute) else None
        return texts[0] if isinstance(table, ast.Attribute) and table.attr == "modules" else None
    owners = [_dotted(arg, names) for arg in call.args]
    if isinstance(call.func, ast.Attribute):
        owners.append(_dotted(call.func.value, names))
    owner = next((one for one in owners if one), None)
    return f"{owner}.{texts[0]}" if owner else None


def _text(node: ast.AST) -> str | None:
    """Return the string that an expression spells out: constants, their sums, f-strings, joins; None otherwise."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left), _text(node.right)
        return left + right if left is not None and right is not None else None
    parts: list[ast.expr] = []
    joint = ""
    if isinstance(node, ast.JoinedStr):
        parts = [value.value if isinstance(value, ast.FormattedValue) else value for value in node.values]
    elif isinstance(node, ast.Call) and _called(node) == "join" and isinstance(node.func, ast.Attribute) and node.args:
        if isinstance(node.args[0], ast.List | ast.Tuple):
            parts, joint = node.args[0].elts, _text(node.func.value) or ""
    texts = [_text(part) for part in parts]
    return joint.join(text for text in texts if text is not None) if texts and None not in texts else None


def _use_at(node: ast.AST, names: Mapping[str, str]) -> str | None:
    """Return the library that this node uses, or None."""
    if isinstance(node, ast.Import):
        return next((alias.name for alias in node.names if _library(alias.name)), None)
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        full = [f"{node.module}.{alias.name}" for alias in node.names]
        return next((name for name in full if _library(name)), None)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        name = names.get(node.id)
        return name if name and _library(name) else None
    if isinstance(node, ast.Attribute | ast.Subscript):
        name = _dotted(node, names)
        return name if name and _library(name) else None
    if isinstance(node, ast.Call):
        called = _called(node)
        name = _dotted(node, names)
        if name and _library(name):
            return name
        if called in _IMPORTERS and node.args:
            if called in ("__import__", "import_module") and _text(node.args[0]) is None:
                return "an import by a computed name"
        if called == "getattr" and len(node.args) > 1 and _text(node.args[1]) is None:
            owner = _dotted(node.args[0], names)
            if owner and any(library.startswith(f"{owner}.") for library in current().libraries):
                return f"a computed part of {owner}"
        if called == "attrgetter" and node.args and (path := _text(node.args[0])):
            return next(
                (library for library in current().libraries if library.split(".")[1:] == path.split(".")[:1]), None
            )
        if called in _RUNNERS and node.args and (text := _text(node.args[0])):
            inner = _first_use([text], names)
            return inner.name if inner else None
    return None


def _library(name: str) -> str | None:
    return next((library for library in current().libraries if name == library or name.startswith(f"{library}.")), None)


# -------------------------------------------------------------------------------------- reading live objects


def _reached(answers: Iterable[object], limit: int = 400) -> _Use | None:
    """Return the library that the answers reach: through base classes, names of their code, and their source."""
    waiting: list[object] = list(answers)
    seen: set[int] = set()
    while waiting and len(seen) < limit:
        thing = waiting.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        home = thing.__name__ if isinstance(thing, types.ModuleType) else getattr(thing, "__module__", None)
        if isinstance(home, str) and _library(home) and not home.startswith("autograder"):  # ours, checked by our tests
            return _Use(
                home if isinstance(thing, types.ModuleType) else f"{home}.{getattr(thing, '__name__', '')}",
                1,
                "",
            )
        if isinstance(thing, types.ModuleType) and thing.__name__.split(".")[0] == "torch":
            return _Use(thing.__name__, 1, "")
        if isinstance(thing, types.ModuleType) or not _students(home):
            continue
        function = inspect.unwrap(thing) if callable(thing) and not isinstance(thing, type) else thing
        if isinstance(function, types.MethodType):
            function = function.__func__
        if isinstance(function, types.FunctionType):
            use = _in_function(function)
            if use:
                return use
            waiting.extend(_names_of(function))
        elif isinstance(thing, type):
            waiting.extend(thing.__mro__[1:])
            for value in vars(thing).values():
                waiting.append(getattr(value, "fget", None) or getattr(value, "__func__", value))
    return None


def _students(home: object) -> bool:
    """Say whether a thing of this module is a student's: made in a notebook, or anywhere but an installed package."""
    if home in (None, "__main__"):
        return True
    root = str(home).split(".")[0]
    if root in sys.stdlib_module_names or root in (
        "numpy",
        "matplotlib",
        "torch",
        "lrtutorial",
        "IPython",
        "sympy",
    ):
        return False
    file = getattr(sys.modules.get(str(home)), "__file__", None) or ""
    return "site-packages" not in file and "dist-packages" not in file


def _in_function(function: types.FunctionType) -> _Use | None:
    if not _may_use_here(function):
        return None
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        return None
    space = function.__globals__
    modules = {
        name: space[name].__name__
        for name in _code_names(function.__code__) & space.keys()
        if isinstance(space[name], types.ModuleType)
    }
    return _first_use([textwrap.dedent(source)], modules)


def _may_use_here(function: types.FunctionType) -> bool:
    """The same of a function: by the text that it stands in, and the modules that it has names for."""
    linecache.checkcache(file := function.__code__.co_filename)
    text = "".join(linecache.getlines(file))
    names = {thing.__name__ for thing in function.__globals__.values() if isinstance(thing, types.ModuleType)}
    return not text or _may_use([text]) or any(map(_leads_to_library, names))


def _leads_to_library(module: str) -> bool:
    """Say whether a module is (part of) a library, or of torch, or holds one."""
    below = (f"{library}.".startswith(f"{module}.") for library in current().libraries)
    return module.split(".")[0] == "torch" or bool(_library(module)) or any(below)


@lru_cache(maxsize=512)
def _code_names(code: types.CodeType) -> frozenset[str]:
    """Return the global names that code looks up; attributes have names of their own."""
    inner = [const for const in code.co_consts if isinstance(const, types.CodeType)]
    own = frozenset(step.argval for step in dis.get_instructions(code) if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"))
    return own.union(*map(_code_names, inner))


def _names_of(function: types.FunctionType) -> Iterator[object]:
    """What a function's code can reach by name: globals, closure, defaults."""
    space = function.__globals__
    yield from (space[name] for name in _code_names(function.__code__) if name in space)
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # not filled yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
