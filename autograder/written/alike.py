"""Which answers are alike: the same and nearly the same in groups, and the groups in an order that keeps like by like.

Texts are compared by TF-IDF over runs of three to five letters, within words, and clustered by complete linkage. In a
cluster, an answer joins a group only if it says the same as the group's first, word by word: but for spelling, for
words that carry nothing ("the", "also") and for how it opens ("In short:"). One word can turn an answer round: longer
for shorter, two for one, "not".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from html import escape

import numpy as np

NEAR = 0.25  #: the greatest distance (1 − cosine) in a group of nearly the same answers
ALIKE_SPELLING = 0.8  #: of two words with the same first letter: a slip of the hand, or another ending
_WORD = re.compile(r"\d+(?:[.,]\d+)?|[^\W\d_]+(?:['’][^\W\d_]+)?|[^\s\w.,:;!?()\"'“”„…-]")
_OPENING = re.compile(r"(?:well|so|briefly|in short|i think|i think that|my answer|answer|in my opinion)\s*[,:]\s*")
_EMPTY = frozenset(
    "a an the that this these those it its is are was were be of to in on at as for by and so then also just very "
    "really quite rather here there we you i which thus hence therefore".split()
)
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
    clusters: dict[int, list[tuple[list[str], list[int]]]] = {}
    for form, cluster in _ordered(list(same)):
        words = _words(form)
        near = clusters.setdefault(cluster, [])
        group = next((members for first, members in near if _say_the_same(first, words)), None)
        if group is None:
            near.append((words, list(same[form])))
        else:
            group.extend(same[form])
    return [sorted(members) for near in clusters.values() for _, members in near]


def _words(form: str) -> list[str]:
    """Return what an answer says, word by word: numbers and signs are words too."""
    return _WORD.findall(_OPENING.sub("", form, count=1) if _OPENING.match(form) else form)


def _say_the_same(first: Sequence[str], other: Sequence[str]) -> bool:
    """Say whether two answers differ in spelling, and in words that carry nothing, alone."""
    for what, a, b, c, d in SequenceMatcher(None, first, other, autojunk=False).get_opcodes():
        gone, there = ([word for word in part if word not in _EMPTY] for part in (first[a:b], other[c:d]))
        if what != "equal" and not (len(gone) == len(there) and all(map(_spelled_alike, gone, there))):
            return False
    return True


def _spelled_alike(one: str, other: str) -> bool:
    if one == other:
        return True
    both_words = min(len(one), len(other)) > 3 and one.isalpha() and other.isalpha()
    return both_words and one[0] == other[0] and SequenceMatcher(None, one, other).ratio() >= ALIKE_SPELLING


def _ordered(forms: Sequence[str]) -> list[tuple[str, int]]:
    """Return each text with its cluster, in the order of the tree's leaves."""
    if len(forms) < 2:
        return [(form, 0) for form in forms]
    # a second to import, for which a command that only says what is wrong does not wait
    from scipy.cluster.hierarchy import fcluster, leaves_list, linkage
    from scipy.spatial.distance import squareform
    from sklearn.feature_extraction.text import TfidfVectorizer

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
