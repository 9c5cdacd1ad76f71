"""From a source to its fingerprints: tokens that a copyist can't change cheaply, hashed k at a time, then winnowed.

Source of the selection: Schleimer, Wilkerson & Aiken 2003, "Winnowing: local algorithms for document fingerprinting".
A source is seen in three views, since each misses what another shows:

- ``structure``: the syntax tree, in pre-order, without names, constants, docstrings, annotations and imports;
- ``tokens``: names and constants blotted out as well, but no tree is needed: for a source that doesn't parse;
- ``wording``: names, numbers, texts and comments as they stand.

By hand: copydetect (last release: 2024) winnows a lexer's tokens alone, and what is seen in the tree would stay ours.
"""

from __future__ import annotations

import ast
import hashlib
import keyword
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lrtutorial.answers.parsing import parsed

MAX_CHARACTERS = 100_000  #: of one cell; of a longer one the beginning is looked at
VIEWS = ("structure", "tokens", "wording")
#: Tokens in one fingerprint: fewer are noise. About one statement of an optimizer's step.
LENGTH = {"structure": 16, "tokens": 20, "wording": 20}
#: Of this many fingerprints in a row one is kept: a stretch of LENGTH + WINDOW − 1 tokens is found for certain.
WINDOW = 5

_LEXICAL = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r'|(?P<text>[rbfuRBFU]{0,2}(?:"""(?:\\.|[^\\])*?(?:"""|\Z)|\'\'\'(?:\\.|[^\\])*?(?:\'\'\'|\Z)'
    r'|"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?))'
    r"|(?P<number>\d[\w.]*)|(?P<name>\w+)|(?P<sign>[^\s\w])",
    re.S,
)
_MAGIC = re.compile(r"^[ \t]*[%!][^\n]*", re.M)
_BLOCKS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.With, ast.Try)
_SILENT = (
    ast.Module, ast.Expr, ast.Pass, ast.expr_context, ast.arguments, ast.BinOp, ast.Compare, ast.UnaryOp, ast.BoolOp,
    ast.Import, ast.ImportFrom,
)  # fmt: skip


@dataclass(frozen=True)
class Tokens:
    """What stands in one cell, in order: words, and the source line (from 1) that each stands on."""

    words: tuple[str, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True)
class Fingerprint:
    """One hashed stretch of tokens, and the line that each of them stands on."""

    value: int
    lines: tuple[int, ...]


def structure(source: str) -> Tokens | None:
    """Return a source's syntax tree as tokens, or None when it doesn't parse. Bounded, whatever the nesting."""
    try:
        tree = parsed(_MAGIC.sub("pass", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return Tokens(*_transposed(_walked(tree)))


def _walked(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield (word, line) in pre-order, without recursion."""
    own = _own_names(tree)
    waiting: list[tuple[ast.AST | str, int]] = [(tree, 1)]
    while waiting:
        node, line = waiting.pop()
        if isinstance(node, str):
            yield node, line
            continue
        line = getattr(node, "lineno", line)
        if word := _word(node, own):
            yield word, line
        if isinstance(node, _BLOCKS):
            waiting.append(("end", getattr(node, "end_lineno", line)))
        waiting += [(child, line) for child in reversed(_children(node))]


def _own_names(tree: ast.AST) -> set[str]:
    """Return every name that the source itself gives: those could be renamed."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.attr if isinstance(node, ast.Attribute) else node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
    return names


def _word(node: ast.AST, own: set[str]) -> str:
    """Return the token that stands for a node; empty for one that says nothing by itself."""
    match node:
        case ast.Name():
            return "name"
        case ast.Attribute():
            return ".own" if node.attr in own else f".{node.attr}"
        case ast.keyword():
            return "own=" if node.arg in own else f"{node.arg}="
        case ast.Constant():
            kind = type(node.value)
            return {str: "text", bytes: "text", int: "number", float: "number", complex: "number"}.get(kind, "constant")
        case ast.JoinedStr():
            return "text"
        case ast.AnnAssign():
            return "Assign" if node.value is not None else ""
    return "" if isinstance(node, _SILENT) else type(node).__name__


def _children(node: ast.AST) -> list[ast.AST]:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.JoinedStr() | ast.arg():
            return []
        case ast.Expr(value=ast.Constant()):  # a docstring, or `...`
            return []
        case ast.AnnAssign():
            return [node.target, node.value] if node.value is not None else []
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [*node.decorator_list, node.args, *node.body]
        case ast.BinOp():
            return [node.op, node.left, node.right]
    return list(ast.iter_child_nodes(node))


def lexical(source: str, wording: bool) -> Tokens:
    """Return a source as tokens without parsing it; with ``wording``, names, constants and comments as they stand."""
    return Tokens(*_transposed(_lexed(source, wording)))


def _lexed(source: str, wording: bool) -> Iterator[tuple[str, int]]:
    line, seen = 1, 0
    for match in _LEXICAL.finditer(source):
        line += source.count("\n", seen, match.start())
        seen = match.start()
        kind, word = match.lastgroup, match.group()
        if kind in ("comment", "text") and wording:
            for offset, row in enumerate(word.splitlines()):
                yield from ((piece, line + offset) for piece in re.findall(r"\w+", row))
        elif kind == "name":
            yield (word if wording or keyword.iskeyword(word) else "name"), line
        elif kind in ("number", "text"):
            yield (word if wording else str(kind)), line
        elif kind == "sign":
            yield word, line


def _transposed(pairs: Iterator[tuple[str, int]]) -> tuple[tuple[str, ...], tuple[int, ...]]:
    words, lines = [], []
    for word, line in pairs:
        words.append(word)
        lines.append(line)
    return tuple(words), tuple(lines)


def views(source: str) -> dict[str, Tokens | None]:
    """Return the tokens of one cell in each of VIEWS; ``structure`` is None when the cell doesn't parse."""
    source = source[:MAX_CHARACTERS].replace("\r\n", "\n").replace("\r", "\n")
    return {"structure": structure(source), "tokens": lexical(source, False), "wording": lexical(source, True)}


def grams(tokens: Tokens, length: int) -> list[int]:
    """Return the hash of every run of ``length`` tokens: the same on every machine."""
    words = [word.encode("utf-8", "replace") for word in tokens.words]
    return [
        int.from_bytes(hashlib.blake2b(b"\x1f".join(words[i : i + length]), digest_size=8).digest(), "big")
        for i in range(len(words) - length + 1)
    ]


def winnow(hashes: Sequence[int], window: int = WINDOW) -> list[int]:
    """Return the places of the hashes kept: of each ``window`` in a row the smallest.

    Of equals the one kept before, else the rightmost (the paper's "robust winnowing"), so that a source that repeats
    itself keeps few. Two sources that share ``window`` hashes in a row keep at least one of them both.

    Examples
    --------
    >>> winnow([77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98], 4)
    [3, 6, 8, 11, 15]
    """
    kept: list[int] = []
    for start in range(max(1, len(hashes) - window + 1) if hashes else 0):
        smallest = min(hashes[start : start + window])
        if kept and kept[-1] >= start and hashes[kept[-1]] == smallest:
            continue
        end = min(start + window, len(hashes)) - 1
        while hashes[end] != smallest:
            end -= 1
        kept.append(end)
    return kept


def fingerprints(tokens: Tokens, hashes: Sequence[int]) -> list[Fingerprint]:
    """Return the fingerprints of one cell, given its :func:`grams`."""
    length = len(tokens.words) - len(hashes) + 1
    return [Fingerprint(hashes[i], tokens.lines[i : i + length]) for i in winnow(hashes)]
