"""A result's fingerprint: what it depends on, in parts, so that a change has a name."""

from __future__ import annotations

#: What a fingerprint is made of, with the hexadecimal digits that each part has in it.
FINGERPRINT = {"submission": 28, "release": 12, "secret": 12, "checking": 12}


def changes(before: str, now: str) -> tuple[str, ...]:
    """Return what differs between two fingerprints: names of ``FINGERPRINT``, in its order.

    >>> changes("a" * 64, "a" * 28 + "b" * 12 + "a" * 24)
    ('release',)
    """
    found, start = [], 0
    for name, digits in FINGERPRINT.items():
        if before[start : start + digits] != now[start : start + digits]:
            found.append(name)
        start += digits
    return tuple(found)
