"""The characters of a typed formula: look-alikes, superscripts, subscripts and LaTeX commands made plain.

What leaves :func:`plain` has ASCII operators, single Greek letters, ``^( )`` for superscripts and ``_{ }`` for
subscripts; :mod:`lrtutorial.formulas.grammar` parses that.
"""

from __future__ import annotations

import re
import unicodedata

from lrtutorial.course import current

#: Ends a name that a subscript or a LaTeX command has ended: in λ_{max}a the a is a letter of its own.
BREAK = "\u2063"

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵗᵏᵃᵇᵉᵍᵐˢˣʲ", "0123456789+-=()nitkabegmsxj", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵥᵦ", "0123456789+-=()aeoxhklmnpstijvβ", strict=True))
_SIGNS = {
    **dict.fromkeys("−–—‒―﹣－⁃˗‐‑", "-"),
    **dict.fromkeys("·⋅∙•×✕✖∗＊⨯∘", "*"),
    **dict.fromkeys("÷∕⁄／", "/"),
    **dict.fromkeys("＜‹", "<"),
    **dict.fromkeys("＞›", ">"),
    **dict.fromkeys("≤⩽≦⪕", "<="),
    **dict.fromkeys("≥⩾≧⪖", ">="),
    **dict.fromkeys("≠≢", "!="),
    **dict.fromkeys("＝←≔", "="),
    **dict.fromkeys("∧⋀", " and "),
    **dict.fromkeys("∨⋁", " or "),
    **dict.fromkeys("¬", " not "),
    **dict.fromkeys("∣｜❘", "|"),
    **dict.fromkeys("“”„‟″", '"'),
    **dict.fromkeys("‘’ʼ′", "'"),
    "√": " sqrt ",
    "∑": " Σ",
    "∏": " Π",
    "∞": " oo ",
    "∈": " in ",
    "ℝ": " Reals ",
    "∪": " union ",
    "∩": " intersection ",
    "…": "...",
    "½": "(1/2)",
    "⅓": "(1/3)",
    "¼": "(1/4)",
    "¾": "(3/4)",
    "⅔": "(2/3)",
    "\u00a0": " ",
    "\u200b": "",
    "\u2062": "*",
    "𝔼": "E",
}
#: Letters of other alphabets that look like the Latin or Greek ones meant here.
_LOOK_ALIKES = {
    **dict(zip("аеорсхутікѕјв", "aeopcxytiksjb", strict=True)),
    **dict(zip("АВЕКМНОРСТХІЅЈ", "ABEKMHOPCTXISJ", strict=True)),
    **dict(zip("ƞŋßɛϵєϰϐχϑϱ", "ηηβεεεκβχθρ", strict=True)),
    "ο": "o",  # a Greek omicron
    "ⅼ": "l",
    "ⅹ": "x",
}
GREEK_LETTERS = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "ζ": "zeta",
    "η": "eta",
    "θ": "theta",
    "ι": "iota",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "ν": "nu",
    "ξ": "xi",
    "ρ": "rho",
    "σ": "sigma",
    "τ": "tau",
    "φ": "phi",
    "χ": "chi",
    "ψ": "psi",
    "ω": "omega",
}
_COMMANDS = {
    **{name: f"{letter}" for letter, name in GREEK_LETTERS.items()},
    "varepsilon": "ε",
    "varkappa": "κ",
    "pi": " pi ",
    "infty": " oo ",
    "cdot": "*",
    "times": "*",
    "ast": "*",
    "div": "/",
    "le": "<=",
    "leq": "<=",
    "leqslant": "<=",
    "ge": ">=",
    "geq": ">=",
    "geqslant": ">=",
    "lt": "<",
    "gt": ">",
    "ne": "!=",
    "neq": "!=",
    "land": " and ",
    "wedge": " and ",
    "lor": " or ",
    "vee": " or ",
    "lnot": " not ",
    "neg": " not ",
    "in": " in ",
    "cup": " union ",
    "cap": " intersection ",
    "vert": "|",
    "lvert": "|",
    "rvert": "|",
    "mid": "|",
    "sum": " Σ",
    "prod": " Π",
    "ldots": "...",
    "dots": "...",
    "frac": " \\frac",
    "dfrac": " \\frac",
    "tfrac": " \\frac",
    "sqrt": " \\sqrt",
    **{name: f" {name} " for name in ("exp", "log", "ln", "max", "min", "sinh", "cosh", "tanh", "sin", "cos", "tan")},
    **dict.fromkeys(
        "left right bigl bigr big Big Bigl Bigr biggl biggr bigg displaystyle textstyle limits nolimits".split(), ""
    ),
    **dict.fromkeys(("quad", "qquad", "thinspace", "space"), " "),
}
# What Python makes of a backslash command in a string without r before it: "\beta" begins with a backspace.
_EATEN = (("\x08", "\\b"), ("\x0c", "\\f"), ("\x07", "\\a"), ("\x0b", "\\v"))
_EATEN_BEFORE = (
    ("\r(?=ight|ho\\b)", r"\\r"),
    ("\t(?=imes|frac|ext|anh|heta|au\\b)", r"\\t"),
    ("\n(?=eq?\\b|u\\b)", r"\\n"),
)
_STYLES = re.compile(
    r"\\(?:mathrm|mathbb|mathbf|mathit|text|textrm|textit|operatorname|mbox|rm|bm|boldsymbol)\s*\{([^{}]*)\}"
)
_MEAN = re.compile(r"(?<![A-Za-z0-9_])E\s*(?:[\[(]\s*([a-z])(?:_?\{?[ti]\}?)?\s*[\])]|\{\s*([a-z])\s*\})")


def plain(text: str) -> str:
    """Return the text with plain operators, letters and LaTeX commands; what is not known stays as it is."""
    for eaten, command in _EATEN:
        text = text.replace(eaten, command)
    for pattern, command in _EATEN_BEFORE:
        text = re.sub(pattern, command, text)
    text = "".join(_LOOK_ALIKES.get(mark, mark) for mark in _scripts(text))
    text = "".join(
        _SIGNS[mark] if mark in _SIGNS else mark if ord(mark) < 128 or mark == BREAK else _usual(mark) for mark in text
    )
    text = "".join(_SIGNS.get(mark, _LOOK_ALIKES.get(mark, mark)) for mark in text)
    return _MEAN.sub(_mean, _latex(text)).strip()


def _mean(found: re.Match[str]) -> str:
    """Return the name of a mean, E[g]: E_g where the course has such a symbol."""
    name = f"E_{found[1] or found[2]}"
    return f" {name} " if name in current().symbols else found[0]


def _usual(mark: str) -> str:
    """Return the compatible form of a character: full-width, italic or bold letters become ordinary ones."""
    return unicodedata.normalize("NFKC", mark)


def _scripts(text: str) -> str:
    """Write raised characters as ``^(…)`` and lowered ones as ``_{…}``."""

    def raised(found: re.Match[str]) -> str:
        return "^(" + "".join(_SUPERSCRIPTS[mark] for mark in found[0]) + ")"

    def lowered(found: re.Match[str]) -> str:
        return "_{" + "".join(_SUBSCRIPTS[mark] for mark in found[0]) + "}"

    text = re.sub(f"[{re.escape(''.join(_SUPERSCRIPTS))}]+", raised, text)
    return re.sub(f"[{re.escape(''.join(_SUBSCRIPTS))}]+", lowered, text)


def _latex(text: str) -> str:
    """Take LaTeX's dollars, spacing and styles away, and write its commands as signs and letters."""
    if "\\" in text or "$" in text:
        text = re.sub(r"\\[()\[\]]|\$", " ", text)
        text = re.sub(r"\\[,;:! ]|~", " ", text).replace("\\|", "|").replace("\\{", "(").replace("\\}", ")")
        for _ in range(3):  # styles within styles
            text = _STYLES.sub(lambda found: f" {found[1]} " if found[1].strip() in ("and", "or") else found[1], text)
        text = re.sub(r"_\s*\\(max|min)(?![A-Za-z])", r"_{\1}", text)
        text = re.sub(r"\{\s*\\(max|min)\s*\}", r"{\1}", text)
        text = re.sub(r"\\([A-Za-z]+)\s?", _command, text)
    return re.sub(r"_\{\s*([A-Za-z0-9]+)\s*\}", rf"_\1{BREAK}", text)


def _command(found: re.Match[str]) -> str:
    known = _COMMANDS.get(found[1])
    if known is None:
        return found[0]
    # A Greek letter that was a command ends there: "\eta a" is η, then a.
    return BREAK + known if known in GREEK_LETTERS else known
