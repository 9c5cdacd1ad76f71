"""Which answers are alike: the same and nearly the same in groups, and the groups in an order that keeps like by like.

Texts are compared by TF-IDF over runs of three to five letters, within words, and clustered by complete linkage: in a
group every two answers are close. Two that differ in a number or in a "not" are never in one group, however close.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

import numpy as np
from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
from scipy.spatial.distance import squareform
from sklearn.feature_extraction.text import TfidfVectorizer

NEAR = 0.25  #: the greatest distance (1 − cosine) in a group of nearly the same answers
_DECIDES = re.compile(r"\d+(?:[.,]\d+)?|\b(?:not|no|never|nor|neither|none|without|cannot|nothing)\b|n['’]t\b|[<>≤≥±]")
_MARKS = re.compile(r"[*_`#>]+|\s+")


def plain(text: str) -> str:
    """Return a text without what makes no difference: case, spaces, Markdown's marks, look-alike letters.

    >>> plain("**Too  high**: it\\nDiverges.")
    'too high: it diverges.'
    """
    return _MARKS.sub(" ", unicodedata.normalize("NFKC", text).casefold()).replace(" :", ":").strip()


def groups(texts: Sequence[str]) -> list[list[int]]:
    """Return the numbers of the texts in groups, those that are the same or nearly the same in one, like by like.

    >>> groups(["It diverges beyond 2/λ.", "No idea.", "it  diverges beyond 2/λ."])
    [[0, 2], [1]]
    """
    same: dict[str, list[int]] = {}
    for number, text in enumerate(texts):
        same.setdefault(plain(text), []).append(number)
    forms = list(same)
    clusters: dict[tuple[object, ...], list[int]] = {}
    for form, cluster in _ordered(forms):
        decides = tuple(sorted(Counter(_DECIDES.findall(form)).items()))
        clusters.setdefault((cluster, decides), []).extend(same[form])
    return [sorted(members) for members in clusters.values()]


def _ordered(forms: Sequence[str]) -> list[tuple[str, int]]:
    """Return each text with its cluster, in the order of the tree's leaves."""
    if len(forms) < 2:
        return [(form, 0) for form in forms]
    weights = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True, lowercase=False)
    vectors = weights.fit_transform([f"  {form}  " for form in forms])
    apart = np.clip(1.0 - (vectors @ vectors.T).toarray(), 0.0, None)
    np.fill_diagonal(apart, 0.0)
    tree = linkage(squareform(apart, checks=False), "complete")
    cluster = fcluster(tree, NEAR, "distance")
    return [(forms[leaf], int(cluster[leaf])) for leaf in leaves_list(tree)]


def differences(first: str, other: str) -> str:
    """Return ``other`` as HTML, with what it says differently from ``first`` marked word by word.

    >>> differences("it diverges", "it <b> diverges")
    'it <ins>&lt;b&gt; </ins>diverges'
    """
    old, new = (re.findall(r"\S+\s*", text) for text in (first, other))
    parts = []
    matcher = SequenceMatcher(None, [word.strip() for word in old], [word.strip() for word in new], autojunk=False)
    for what, a, b, c, d in matcher.get_opcodes():
        gone, there = escape("".join(old[a:b])), escape("".join(new[c:d]))
        if what == "equal":
            parts.append(there)
        else:
            parts.append(f"<del>{gone}</del>" * bool(gone) + f"<ins>{there}</ins>" * bool(there))
    return "".join(parts)
