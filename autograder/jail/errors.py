"""What can go wrong with the jail itself. A student's error, timeout or dead kernel is none of these."""

from __future__ import annotations


class JailError(RuntimeError):
    """A fault of the jail, not of a submission: nothing was run, nothing may be scored."""


class ZygoteFailed(JailError):
    """The process that kernels are forked from could not start, or died; carries the end of its log."""


class KernelNotStarted(JailError):
    """A kernel's process ended before the jail was complete; carries the reason it gave."""


class JailTooWeak(JailError):
    """The jail is below the configured minimum: the kernel was ended before any cell ran."""


class WrongSettings(JailError):
    """What the jail was told (profile, packages, limits, canaries, TMPDIR) can't be used: whoever wrote it mends it."""
