"""The one grammar of typed formulas: ``"2/(lambda_max + lambda_min)"``, ``"|1 - ηa| < 1"``, ``r"\\frac{2}{a}"``.

::

    line        conditions, joined by "and", "or", commas or semicolons; or one formula
    condition   formula < formula [< formula …]  ·  not condition  ·  x in (low, high)  ·  an interval alone
    formula     products, joined by + and −
    product     factors, joined by *, / or nothing (2a, ηa, x0(1 − ηa)), from left to right: 1/2a is a/2
    factor      base ^ exponent, from right to left; −x² is −(x²); a power binds tighter than all else
    base        number · symbol · (formula) · |formula| · function(formula, …) · function base · √base

Numbers may have a decimal point or a decimal comma; a comma with a space after it separates. A name is read by
the symbols of the step: ``ax`` is a·x where both are symbols, ``x0(1 − a)`` is a product because x0 is no function,
``g(t − 1)``, ``g_{t-1}`` and ``gₜ₋₁`` are the gradient sequence where the step has one. What could mean two things
is refused, with both. In a formula x_t, or x_{t−1} where it is the only x, is the present x; ≈ stands for =, and
5 % is 0.05. Characters that look alike, superscripts, subscripts and LaTeX commands are made plain first
(:mod:`lrtutorial.formulas.characters`). Nothing is evaluated: no Python or SymPy ever sees the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from lrtutorial.course import current
from lrtutorial.formulas.characters import BREAK, GREEK_LETTERS, plain
from lrtutorial.formulas.tree import (
    MAX_DIGITS,
    MINUS_ONE,
    SET_KINDS,
    Tree,
    Unreadable,
    check_tree,
    is_condition,
    short,
)

MAX_CHARACTERS = 1_000
MAX_DEPTH = 60  #: brackets within brackets

#: Functions a text may apply: the name of each in a tree, with the least and the largest number of arguments.
FUNCTIONS = {
    **{name: (name, 1, 1) for name in ("sqrt", "abs", "sign", "exp", "floor", "factorial")},
    **{name: (name, 1, 1) for name in ("sinh", "cosh", "tanh", "sin", "cos", "tan", "atanh")},
    "Abs": ("abs", 1, 1),
    "ceil": ("ceiling", 1, 1),
    "ceiling": ("ceiling", 1, 1),
    "log": ("log", 1, 2),
    "ln": ("log", 1, 1),
    "artanh": ("atanh", 1, 1),
    **{name: (name.lower(), 2, 20) for name in ("max", "min", "Max", "Min")},
    "binomial": ("binomial", 2, 2),
}
_RELATIONS = {"<": "<", "<=": "<=", "=<": "<=", ">": ">", ">=": ">=", "=>": ">=", "=": "==", "==": "==", "!=": "!="}
_CALLED_RELATIONS = {"Eq": "==", "Ne": "!=", "Lt": "<", "Le": "<=", "Gt": ">", "Ge": ">="}
_INTERVALS = {"Interval": "cc", "Interval.open": "oo", "Interval.Lopen": "oc", "Interval.Ropen": "co"}
_CONSTANTS = {"oo": "oo", "inf": "oo", "infinity": "oo", "pi": "pi", "π": "pi", "e": "e", "E": "e"}
_WORDS = {"and": "and", "or": "or", "not": "not", "in": "in", "union": "union", "intersection": "intersection"}
_MODULES = ("sp", "sympy", "np", "numpy", "math", "torch")
_TOKEN = re.compile(
    rf"""(?P<space>[ \t{BREAK}]+)
    |(?P<number>(?:\d+(?:[.,]\d+)?|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z_]))?)
    |(?P<name>[^\W\d_](?:_?[^\W_])*)
    |(?P<sign>\\frac|\\sqrt|_\{{|\*\*|<=|>=|=<|=>|==|!=|&&|\.\.\.|[-+*/^<>=()\[\]{{}}|,;&!~.'"_])""",
    re.VERBOSE,
)
_DERIVATIVE = re.compile(r"[d∂]\w*\s*/\s*[d∂]\w+\s*=(?!=)")
_LABEL = re.compile(r"(?:E\s*[\[(][^=<>\[\]()]*[\])]|([^\W\d_]+)_(?:\{[^=<>{}]*\}|\([^=<>()]*\)|[^\W\d_]))\s*=(?!=)")
_FREE = re.compile(rf"([{''.join(GREEK_LETTERS)}](?:_?(?:max|min)(?![a-z])|_?\d+|_[A-Za-z0-9]+)?)")
_PERCENT = re.compile(r"(\d+(?:[.,]\d+)?|\.\d+)\s*\\?%(?!\s*[\w(.])")
_UNBRACED = re.compile(rf"([^\W\d_])_([^\W\d_]){BREAK}?\s*([+-])\s*(\d+)(?=\s*=(?!=))")
_TWOFOLD = re.compile(r"([^\W\d_])_([^\W\d_])([+-]\d+)(?![\w.*/^(])")
_INDEXED = re.compile(rf"([^\W\d_])_(?:([^\W\d_]){BREAK}?(?!\w)|\{{\s*([^\W\d_]\s*[-+]\s*\d+)\s*\}})")


def read_text(
    text: str, symbols: Sequence[str] = (), functions: Sequence[str] = (), condition: bool | None = None
) -> Tree:
    """Return the tree of a typed formula or condition; see the module for what may be typed.

    ``symbols`` and ``functions`` are the names of the step, by which what is ambiguous is decided; without them a name
    is taken whole. ``condition`` says whether a condition is expected, a formula, or (None) either.

    Raises
    ------
    Unreadable
        If the text is too long, no formula, or could mean two things; the message says which.
    """
    if len(text) > MAX_CHARACTERS:
        raise Unreadable(f"the text has {len(text)} characters; a formula of at most 1,000 was expected")
    line = re.sub(r"[\s.,;]+$", "", plain(text))
    if not line:
        raise Unreadable("the text is empty: type a formula between the quotes")
    words = _Words.of(symbols, functions)
    line = _PERCENT.sub(lambda found: f"{Decimal(found[1].replace(',', '.')).scaleb(-2):f}", line)
    if condition is False:
        line = _UNBRACED.sub(r"\1_{\2\3\4}", re.sub(r"^[≈≃≅~=]+\s*|[≈≃≅]", _about, line), count=1)
        line = _DERIVATIVE.sub("", line, count=1)
        label = _LABEL.match(line)  # E[m_t] = …, x_{t+1} = …: only a name for what follows, if it is no sequence's
        if label and label[1] not in words.functions:
            line = line[label.end() :].strip()
        line = _present(line, words)
    for twofold in _TWOFOLD.finditer(line):
        if twofold[1] in words.functions:
            name, index, rest = twofold.groups()
            both = f"as {name}_{{{index}{rest}}} and as ({name}_{index}) {rest[0]} {rest[1:]}"
            raise Unreadable(f"its {twofold[0]} can be read in two ways, {both}. Put the whole index in braces")
    try:
        try:
            return _decide_comma(line, words, condition)
        except Unreadable:
            head, equals, rest = line.partition("=")
            # A left side that is only a name for what follows, such as f'(x), need not be understood.
            if condition is False and equals and re.fullmatch(r"[^<>=!+*/^]{1,20}", head.strip()) and rest[:1] != "=":
                return _decide_comma(rest.strip(), words, condition)
            raise
    except Unreadable as why:
        raise Unreadable(f"the text {short(text.strip())} can't be read: {why}") from None
    except RecursionError:
        raise Unreadable("the formula is nested too deeply") from None


def _about(found: re.Match[str]) -> str:
    """Return what stands for "about": nothing where the line begins, else an equals sign."""
    return "" if found.start() == 0 else "="


def _present(line: str, words: _Words) -> str:
    """Write x_{t-1} as the present x where it is the only x of the line: some count the step from there."""
    for name in sorted({word for kind, word in words.spelled.values() if kind == "symbol" and len(word) == 1}):
        forms = {found[0] for found in _INDEXED.finditer(line) if found[1] == name}
        alone = re.search(rf"(?<![^\W_]){name}(?![^\W])", line)
        if len(forms) == 1 and not alone and re.fullmatch(r"\w_\{\s*\w\s*-\s*1\s*\}", form := forms.pop()):
            line = line.replace(form, f"{name}{BREAK}")
    return line


def _decide_comma(line: str, words: _Words, condition: bool | None) -> Tree:
    """Read a comma between two digits as what fits: a decimal comma, or one that separates."""
    if not re.search(r"\d,\d", line):
        return check_tree(_Parser(_tokens(line, words, False)).line())
    read: list[Tree | Unreadable] = []
    for separates in (False, True):
        try:
            read.append(check_tree(_Parser(_tokens(line, words, separates)).line()))
        except Unreadable as why:
            read.append(why)
    decimal, separated = read
    if isinstance(decimal, Unreadable) and isinstance(separated, Unreadable):
        raise decimal
    if isinstance(separated, Unreadable):
        assert not isinstance(decimal, Unreadable)
        return decimal
    if isinstance(decimal, Unreadable):
        return separated
    if condition is not None and is_condition(decimal) != is_condition(separated):
        return decimal if is_condition(decimal) == condition else separated
    if re.search(r"[,;]\s", line):  # another comma, with a space, is the one that separates
        return decimal
    if is_condition(decimal) and _twisted(decimal):
        return separated
    raise Unreadable(
        "its comma can be read in two ways. Write a number with a point, 0.5, or put a space after a comma"
    )


def _twisted(tree: Tree) -> bool:
    """Say whether a chain turns round or comes back to where it began: nobody means that by one chain."""
    if tree[0] != "and":
        return False
    signs = {part[1][0] for part in tree[1:] if part[0] == "relation"}
    return len(signs) > 1 or (tree[1][0] == tree[-1][0] == "relation" and tree[1][2] == tree[-1][3])


# ------------------------------------------------------------------------------------------------ names


@dataclass(frozen=True)
class _Words:
    """How the names of a step may be spelled: {spelling: (kind, name)}."""

    spelled: dict[str, tuple[str, str]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, symbols: Sequence[str], functions: Sequence[str]) -> _Words:
        spelled = {form: ("symbol", name) for name in symbols for form in _spellings(name)}
        for name in symbols:  # x_t is the present x
            if len(name) == 1:
                spelled.setdefault(f"{name}_t", ("symbol", name))
        applied = {
            form: name for name in functions for form in (name, name.removesuffix("_seq")) if form not in spelled
        }
        return cls(spelled, applied)

    def pieces(self, run: str, indices: set[str]) -> list[tuple[str, str]]:
        """Return what a run of letters and digits consists of, as tokens."""
        whole = self._whole(run, indices)
        if whole is not None:
            return whole
        if self.spelled:
            found = self._split(run, indices)
            if found is not None:
                return found
        if folded := [word for form, word in self.spelled.items() if len(form) > 2 and form.lower() == run.lower()]:
            return folded[:1]
        parts = [part for part in _FREE.split(run) if part]
        if len(parts) == 1:
            return [("symbol", _free_name(run))]
        return [piece for part in parts for piece in (self._whole(part, indices) or [("symbol", _free_name(part))])]

    def _whole(self, run: str, indices: set[str]) -> list[tuple[str, str]] | None:
        if run in self.spelled:
            return [self.spelled[run]]
        if run in self.functions:
            return [("applied", self.functions[run])]
        if run in indices:
            return [("symbol", run)]
        if run.lower() in _WORDS and run not in _CALLS:
            return [("word", run.lower())]
        if run in _CONSTANTS:
            return [("constant", _CONSTANTS[run])]
        if run in FUNCTIONS or run in _CALLS:
            return [("function", run)]
        head, _, below = run.partition("_")
        if head in self.functions and re.fullmatch(r"\d+|[A-Za-z]", below):
            return [("applied", self.functions[head]), ("sign", "_{"), *self._below(below), ("sign", "}")]
        return None

    def _below(self, text: str) -> list[tuple[str, str]]:
        return [("number", text) if text.isdigit() else self.spelled.get(text, ("symbol", text))]

    def _split(self, run: str, indices: set[str]) -> list[tuple[str, str]] | None:
        """Split a run into names of the step, the longest first: ``ηa`` is η and a."""
        memory: dict[int, list[tuple[str, str]] | None] = {len(run): []}
        for start in range(len(run) - 1, -1, -1):
            memory[start] = None
            for end in range(len(run), start, -1):
                rest = memory[end]
                if rest is None:
                    continue
                part = run[start:end]
                if part in self.spelled:
                    memory[start] = [self.spelled[part], *rest]
                elif part in indices:
                    memory[start] = [("symbol", part), *rest]
                elif end == len(run) and (part in FUNCTIONS or part in self.functions) and len(part) + start > 0:
                    memory[start] = self._whole(part, indices)
                elif part in self.functions:
                    continue
                elif (inner := self._whole(part, indices)) and inner[0][0] == "applied":
                    memory[start] = [*inner, *rest]
                if memory[start] is not None:
                    break
        return memory[0]


def _spellings(name: str) -> set[str]:
    """Return how a symbol may be typed: lambda_max, lambdamax, λ_max, λmax; beta1, beta_1, β1, β_1."""
    forms = {name, name.replace("_", ""), re.sub(r"(?<=[A-Za-z])(\d+)$", r"_\1", name)}
    for letter, word in GREEK_LETTERS.items():
        if name.startswith(word):
            forms |= {letter + form[len(word) :] for form in set(forms)}
    if name.startswith("lambda"):  # as SymPy spells it, because lambda is a word of Python
        forms |= {"lamda" + form[6:] for form in set(forms) if form.startswith("lambda")}
    if name == "epsilon":
        forms.add("eps")
    return forms


def no_limits(what: str, power: str = "**") -> Unreadable:
    """Return the error of a sum whose index or limits are missing, with one in the course's own letters."""
    return Unreadable(f"{what} needs its index with both limits, as in {current().sum_example(power)}")


def spelled_name(name: str, symbols: Sequence[str]) -> str:
    """Return which of the step's symbols is spelled ``name`` (``η``, ``lamda_max``, ``x_0``), or the plain name."""
    if name in symbols:
        return name
    typed = plain(name).replace(BREAK, "")
    return _Words.of(symbols, ()).spelled.get(typed, ("symbol", _free_name(typed) if typed else name))[1]


def _free_name(run: str) -> str:
    for letter, word in GREEK_LETTERS.items():
        if run.startswith(letter):
            tail = run[1:]
            return word + (
                tail.removeprefix("_")
                if tail.lstrip("_").isdigit()
                else tail
                if not tail or tail[0] == "_"
                else f"_{tail}"
            )
    return run


def _tokens(line: str, words: _Words, separates: bool) -> list[tuple[str, str]]:
    """Return the tokens of a line as (kind, text), each name split into the names it consists of."""
    indices = set(re.findall(r"\(\s*([A-Za-z])\s*,", line)) | set(re.findall(r"Σ[_\s\[{(]*([A-Za-z])\s*=", line))
    indices |= set(re.findall(r"Π[_\s\[{(]*([A-Za-z])\s*=", line))
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(line):
        found = _TOKEN.match(line, place)
        if found is None:
            raise Unreadable(f"{short(line[place])} has no place in a formula")
        place = found.end()
        kind, text = str(found.lastgroup), found[0]
        if kind == "number" and separates and "," in text:
            place = found.start() + text.index(",")
            text = text[: text.index(",")]
            tokens.append((kind, text))
        elif kind == "name":
            name = text
            if text == "Interval" and (method := re.match(r"\s*\.\s*(open|Lopen|Ropen)", line[place:])):
                name, place = f"Interval.{method[1]}", place + method.end()
            if text in _MODULES and line[place : place + 1] == ".":
                place += 1
                continue
            tokens.extend(words.pieces(name, indices) if name not in ("Σ", "Π") else [("function", name)])
        elif kind != "space":
            tokens.append((kind, text))
    return [*tokens, ("end", "")]


# ----------------------------------------------------------------------------------------------- parsing

_CALLS = (
    *_CALLED_RELATIONS,
    *_INTERVALS,
    *(
        "And",
        "Or",
        "Not",
        "Sum",
        "sum",
        "Product",
        "prod",
        "Rational",
        "Integer",
        "Float",
        "S",
        "Pow",
        "pow",
        "Mul",
        "Add",
    ),
    *("Reals", "Union", "Intersection", "True", "False", "Contains"),
)
_ARGUMENTS = {  # of what is called by name: the least and the largest number; of all others one
    **dict.fromkeys((*_CALLED_RELATIONS, *_INTERVALS, "Pow", "pow", "Contains"), (2, 2)),
    "Interval": (2, 4),
    "Rational": (1, 2),
    **dict.fromkeys(("Mul", "Add"), (1, 50)),
}


class _Parser:
    def __init__(self, tokens: list[tuple[str, str]]):
        self.tokens, self.place, self.depth, self.bars = tokens, 0, 0, 0

    @property
    def now(self) -> tuple[str, str]:
        return self.tokens[self.place]

    def at(self, *signs: str) -> bool:
        return self.now[0] == "sign" and self.now[1] in signs

    def at_word(self, word: str) -> bool:
        return self.now == ("word", word)

    def take(self, sign: str) -> bool:
        if self.at(sign):
            self.place += 1
            return True
        return False

    def need(self, *signs: str) -> str:
        if not self.at(*signs):
            raise Unreadable(f"{signs[0]} was expected {self._here()}")
        self.place += 1
        return self.tokens[self.place - 1][1]

    def _here(self) -> str:
        return "at its end" if self.now[0] == "end" else f"before {short(self.now[1])}"

    # ------------------------------------------------------------------------------------ conditions

    def line(self) -> Tree:
        parts = [self.either()]
        while self.take(",") or self.take(";"):
            parts.append(self.either())
        if self.now[0] != "end":
            raise Unreadable(f"an operator was expected {self._here()}")
        if len(parts) > 1 and not all(map(is_condition, parts)):
            raise Unreadable("a comma stands between two things that are not both conditions")
        tree = parts[0] if len(parts) == 1 else ["and", *parts]
        _check_sorts(tree)
        return tree

    def either(self) -> Tree:
        return self._joined("or", self.both)

    def both(self) -> Tree:
        return self._joined("and", self.negated)

    def _joined(self, word: str, part: Callable[[], Tree]) -> Tree:
        parts = [part()]
        while self._takes(word, parts[-1]):
            parts.append(part())
        return parts[0] if len(parts) == 1 else [word, *parts]

    def _takes(self, word: str, left: Tree) -> bool:
        if self.at_word(word) or self.now == ("function", word.capitalize()):
            self.place += 1
            return True
        if word == "and" and self.at("&&", "&"):
            self.place += 1
            return True
        if word == "or" and self.at("|") and self.bars == 0 and is_condition(left):
            self.place += 1
            self.take("|")
            return True
        return False

    def negated(self) -> Tree:
        if self.at_word("not") or self.at("!", "~"):
            self.place += 1
            return ["not", self.negated()]
        return self.relation()

    def relation(self) -> Tree:
        left = self.sets()
        parts: list[Tree] = []
        while self.at(*_RELATIONS) or self.at_word("in"):
            sign = self.now[1]
            self.place += 1
            right = self.sets()
            parts.append(["contains", left, right] if sign == "in" else ["relation", _RELATIONS[sign], left, right])
            left = right
        return left if not parts else parts[0] if len(parts) == 1 else ["and", *parts]

    def sets(self) -> Tree:
        parts = [self.formula()]
        kind = ""
        while self.at_word("union") or self.at_word("intersection"):
            if kind not in ("", self.now[1]):
                raise Unreadable("∪ and ∩ stand side by side without brackets")
            kind = self.now[1]
            self.place += 1
            parts.append(self.formula())
        return parts[0] if len(parts) == 1 else [kind, *parts]

    # -------------------------------------------------------------------------------------- formulas

    def formula(self) -> Tree:
        tree = self.product()
        while self.at("+", "-"):
            minus = self.now[1] == "-"
            self.place += 1
            part = self.product()
            tree = ["add", tree, ["mul", MINUS_ONE, part] if minus else part]
        return tree

    def product(self) -> Tree:
        tree = self.signed()
        while True:
            if self.at("*", "/"):
                divides = self.now[1] == "/"
                self.place += 1
                factor = self.signed()
                tree = ["mul", tree, ["pow", factor, MINUS_ONE] if divides else factor]
            elif self._begins_factor(tree):
                tree = ["mul", tree, self.power()]
            else:
                return tree

    def _begins_factor(self, left: Tree) -> bool:
        kind, text = self.now
        if kind == "number" and not is_condition(left):
            raise Unreadable(f"an operator was expected before the number {text}: * for a product, ^ for a power")
        if kind in ("symbol", "applied", "constant", "function"):
            return text not in ("And", "Or")
        if kind != "sign":
            return False
        if text == "|":
            return self.bars == 0 and not is_condition(left) and self._opens()
        return text in ("(", "{", "\\frac", "\\sqrt") or (
            text == "[" and left[0] != "symbol" and self._closes_before_comma()
        )

    def _opens(self) -> bool:
        """Say whether the bar here, behind a factor, opens a size: 2|x| has its other bar, "η < 0 | η > 2" has not."""
        if self.tokens[self.place + 1] == ("sign", "|"):
            return False
        depth = bars = 0
        for kind, text in self.tokens[self.place :]:
            if kind == "sign":
                depth += (text in "([{") - (text in ")]}")
                bars += text == "|"
                if depth < 0:
                    break
        return bars % 2 == 0

    def signed(self) -> Tree:
        if self.at("+", "-"):
            minus = self.now[1] == "-"
            self.place += 1
            inner = self._deeper(self.signed)
            return ["mul", MINUS_ONE, inner] if minus else inner
        return self.power()

    def power(self) -> Tree:
        base = self.base()
        while self.at("^", "**"):
            self.place += 1
            base = ["pow", base, self._deeper(self.exponent)]
        return base

    def exponent(self) -> Tree:
        if self.at("+", "-"):
            minus = self.now[1] == "-"
            self.place += 1
            inner = self._deeper(self.exponent)
            return ["mul", MINUS_ONE, inner] if minus else inner
        base = self.base()
        if self.at("^", "**"):  # from right to left
            self.place += 1
            return ["pow", base, self._deeper(self.exponent)]
        return base

    def _deeper(self, part: Callable[[], Tree]) -> Tree:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise Unreadable("the formula is nested too deeply")
        try:
            return part()
        finally:
            self.depth -= 1

    def base(self) -> Tree:
        kind, text = self.now
        self.place += 1
        if kind == "number":
            return _number(text)
        if kind == "symbol":
            return self._symbol(text)
        if kind == "constant":
            return ["constant", text]
        if kind == "applied":
            return self._applied(text)
        if kind == "function":
            return self._function(text)
        if kind == "sign" and text == "|":
            return self._size()
        if kind == "sign" and text in ("(", "[", "{", "]"):
            return self._deeper(lambda: self._bracket(text))
        if kind == "sign" and text in ("\\frac", "\\sqrt"):
            return self._fraction() if text == "\\frac" else self._root()
        self.place -= 1
        raise Unreadable(f"a number, a symbol or a bracket was expected {self._here()}")

    def _symbol(self, name: str) -> Tree:
        if self.at("_{"):
            start = self.place
            self._deeper(lambda: self._bracket("_{"))
            return ["symbol", name + "_" + "".join(text for _, text in self.tokens[start + 1 : self.place - 1])[:40]]
        return ["symbol", name]

    def _applied(self, name: str) -> Tree:
        if not self.at("(", "[", "_{"):
            raise Unreadable(f"{name} is a sequence here: which member is meant, as in {name}(t - 1)")
        opened = self.now[1]
        self.place += 1
        return ["apply", name, self._deeper(lambda: self._bracket(opened))]

    def _size(self) -> Tree:
        outside, self.bars = self.bars, self.bars + 1
        inner = self._deeper(self.formula)
        self.need("|")
        self.bars = outside
        return ["function", "abs", inner]

    def _bracket(self, opened: str) -> Tree:
        """Read what is in a bracket up to its end: a formula, a condition, or an interval."""
        outside, self.bars = self.bars, 0
        inner = self.either()
        self.bars = outside
        if opened in ("{", "_{"):
            self.need("}")
            return inner
        if opened != "]" and not self.at(",", ";"):
            self.need(")" if opened == "(" else "]")
            return inner
        self.need(",", ";")
        high = self.formula()
        closed = self.need(")", "]", "[")
        return ["interval", ("c" if opened == "[" else "o") + ("c" if closed == "]" else "o"), inner, high]

    def _closes_before_comma(self) -> bool:
        depth = 0
        for kind, text in self.tokens[self.place :]:
            if kind == "sign":
                depth += (text in "([{") - (text in ")]}")
                if depth == 0:
                    return text == "]"
                if depth == 1 and text in ",;":
                    return False
        return False

    def _group(self) -> Tree:
        """Read what a LaTeX command acts on: a group in braces, or one digit or letter."""
        if self.at("{"):
            self.place += 1
            return self._deeper(lambda: self._bracket("{"))
        kind, text = self.now
        if kind == "number" and len(text) > 1 and text.isdigit():  # \frac12
            self.tokens[self.place : self.place + 1] = [("number", text[0]), ("number", text[1:])]
        return self.base()

    def _fraction(self) -> Tree:
        top = self._group()
        return ["mul", top, ["pow", self._group(), MINUS_ONE]]

    def _root(self) -> Tree:
        degree: Tree | None = None
        if self.take("["):
            degree = self._deeper(lambda: self._bracket("["))
        inner = self._group()
        return ["function", "sqrt", inner] if degree is None else ["pow", inner, ["pow", degree, MINUS_ONE]]

    # ----------------------------------------------------------------------------------------- calls

    def _function(self, name: str) -> Tree:
        if name in ("Σ", "Π"):
            return self._series("sum" if name == "Σ" else "product")
        if name in ("True", "False"):
            return [name.lower()]
        if name == "Reals":
            return ["interval", "oo", ["constant", "-oo"], ["constant", "oo"]]
        if not self.at("(", "{"):
            if name in FUNCTIONS and FUNCTIONS[name][1] == 1:
                return ["function", FUNCTIONS[name][0], self._deeper(self._bare_argument)]
            if len(name) == 1:
                return self._symbol(name)
            raise Unreadable(f"{name} needs its brackets, {name}(…)")
        closing = ")" if self.now[1] == "(" else "}"
        self.place += 1
        return self._called(name, self._arguments(closing))

    def _bare_argument(self) -> Tree:
        """Read the one factor that a function without brackets acts on: √2a is √2·a."""
        if self.at("-"):
            self.place += 1
            return ["mul", MINUS_ONE, self.power()]
        return self.power()

    def _arguments(self, closing: str) -> list[Tree]:
        outside, self.bars = self.bars, 0
        found: list[Tree] = []
        if not self.at(closing):
            found.append(self._deeper(self.argument))
            while self.take(",") or self.take(";"):
                found.append(self._deeper(self.argument))
        self.need(closing)
        self.bars = outside
        return found

    def argument(self) -> Tree:
        """Read one argument; the limits of a Sum, (k, low, high), come as ["limits", index, low, high]."""
        kinds = [self.tokens[min(self.place + i, len(self.tokens) - 1)] for i in range(3)]
        if kinds[0] == ("sign", "(") and kinds[1][0] == "symbol" and kinds[2] == ("sign", ","):
            start = self.place
            self.place += 3
            low = self.formula()
            if self.take(","):
                high = self.formula()
                self.need(")")
                return ["limits", kinds[1][1], low, high]
            self.place = start
        return self.either()

    def _series(self, kind: str) -> Tree:
        """Read Σ_{k=0}^{t-1} body, or the form that is shown: Σ[k = 0 … t−1] body."""
        if self.at("["):
            self.place += 1
            index, low = self._index()
            self.need("...")
            high = self.formula()
            self.need("]")
        else:
            if not (self.take("_{") or (self.take("_") and self.take("("))):
                raise no_limits("a sum", "^")
            index, low = self._index()
            self.need("}", ")")
            self.need("^", "**")
            high = self._group() if self.at("{") else self.exponent()
        return [kind, index, low, high, self._deeper(self.product)]

    def _index(self) -> tuple[str, Tree]:
        kind, name = self.now
        if kind != "symbol":
            raise no_limits("a sum", "^")
        self.place += 1
        self.need("=", "==")
        return name, self.formula()

    def _called(self, name: str, found: list[Tree]) -> Tree:
        if any(tree[0] == "limits" for tree in found) and name not in ("Sum", "sum", "Product", "prod"):
            raise Unreadable(f"{name}(…) has a list among its arguments")
        if name in FUNCTIONS:
            return _function_tree(name, found)
        if name in ("Sum", "sum", "Product", "prod"):
            if len(found) != 2 or found[1][0] != "limits" or found[0][0] == "limits":
                raise no_limits("a Sum")
            return ["sum" if name.lower() == "sum" else "product", *found[1][1:], found[0]]
        if name in ("And", "Or", "Union", "Intersection") and found:
            return found[0] if len(found) == 1 else [name.lower(), *found]
        least, most = _ARGUMENTS.get(name, (1, 1))
        if not least <= len(found) <= most:
            raise Unreadable(f"{name}(…) has {len(found)} arguments")
        if name in _CALLED_RELATIONS:
            return ["relation", _CALLED_RELATIONS[name], *found]
        if name in _INTERVALS:
            flags = "".join("o" if flag == ["true"] else "c" for flag in (*found[2:], ["false"], ["false"]))[:2]
            return ["interval", flags if name == "Interval" else _INTERVALS[name], *found[:2]]
        if name == "Rational" and len(found) == 2:
            return ["mul", found[0], ["pow", found[1], MINUS_ONE]]
        kinds = {"Not": "not", "Pow": "pow", "pow": "pow", "Mul": "mul", "Add": "add", "Contains": "contains"}
        return [kinds[name], *found] if name in kinds else found[0]


def _function_tree(name: str, found: list[Tree]) -> Tree:
    known, least, most = FUNCTIONS[name]
    if not least <= len(found) <= most:
        raise Unreadable(f"{name}(…) has {len(found)} argument{'' if len(found) == 1 else 's'}")
    if known == "log" and len(found) == 2:
        over = ["function", "log", found[1]]
        return ["mul", ["function", "log", found[0]], ["pow", over, MINUS_ONE]]
    return ["function", known, *found]


def _number(text: str) -> Tree:
    if len(text) > MAX_DIGITS:
        raise Unreadable(f"the formula holds a number of more than {MAX_DIGITS} digits")
    text = text.replace(",", ".")
    return ["number", str(int(text))] if text.isdigit() else ["float", text]


def _check_sorts(tree: Tree) -> None:
    """Raise Unreadable where a condition stands as a number, a number as a condition, or a set as either."""
    stack = [(tree, _sort(tree))]
    while stack:
        node, wanted = stack.pop()
        if _sort(node) != wanted:
            raise Unreadable(f"{wanted} was expected where {_sort(node)} stands")
        kind = node[0]
        children = [child for child in node[1:] if isinstance(child, list)]
        if kind in ("and", "or", "not"):
            wanted_here = ["a condition"] * len(children)
        elif kind in ("union", "intersection"):
            wanted_here = ["an interval"] * len(children)
        elif kind == "contains":
            wanted_here = ["a number", "an interval"]
        else:
            wanted_here = ["a number"] * len(children)
        stack.extend(zip(children, wanted_here, strict=True))


def _sort(tree: Tree) -> str:
    if tree[0] in SET_KINDS:
        return "an interval"
    return "a condition" if is_condition(tree) else "a number"
