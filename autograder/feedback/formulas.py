"""LaTeX to MathML: every current browser shows it, speaks it and prints it, without a script or a font to load."""

from __future__ import annotations

import re
from html import escape

from latex2mathml.converter import convert

LONGEST = 5_000  #: characters of one formula; what is longer is shown as it was written
_WRAPPED = re.compile(r"^\s*(\$\$?)(.*?)\1\s*$", re.DOTALL)
_UNKNOWN = re.compile(r"\\(?:displaystyle|textstyle)\b")  # SymPy writes it; display is an attribute in MathML


def mathml(latex: str, display: bool = False) -> str:
    """Return a formula as MathML; as its source, marked as code, when it can't be converted.

    ``latex`` is without its dollars. The source is kept in ``alttext``, which screen readers without MathML speak.
    """
    source = _UNKNOWN.sub("", latex).strip()
    plain = f'<code class="formula">{escape(source)}</code>'
    if not source or len(source) > LONGEST:
        return plain
    try:
        converted = convert(source, display="block" if display else "inline")
    except Exception:  # the library has no one exception for LaTeX it can't read, and a student may write anything
        return plain
    return converted.replace("<math ", f'<math alttext="{escape(source)}" ', 1)


def latex_output(text: str) -> str:
    """Return a ``text/latex`` output (in its dollars, as SymPy gives it) as MathML."""
    match = _WRAPPED.match(text)
    return mathml(match[2] if match else text, display=True)
