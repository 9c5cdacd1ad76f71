"""What holds a kernel: the layers that were applied and the probes made from inside, as plain data.

A layer says what was done; a probe says what was then tried from inside the jail, and what came of it. Levels
follow from the probes alone, never from the layers' own word.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

LEVELS = ("none", "limits", "confined", "full")

LAYERS = ("processes", "limits", "namespaces", "view", "landlock", "user", "seccomp")

# Each level needs the probes of its own line and of the lines above.
NEEDED = {
    "limits": ("memory", "file_size", "cpu"),
    "confined": ("environment", "files", "writes", "network", "processes", "signals", "privileges"),
    "full": ("other_processes", "scratch_size"),
}

MEANING = {
    "none": "a plain process of the grader's user: nothing holds it",
    "limits": "bounded memory, CPU time and file size; it can read what the grader's user can read",
    "confined": "no course files, no network, no new processes, no signals to others",
    "full": "confined, in its own process namespace (nothing outlives it) and on a sized scratch",
}


@dataclass(frozen=True)
class Finding:
    """One layer or probe: whether it holds, and why we say so."""

    held: bool
    detail: str = ""


@dataclass(frozen=True)
class JailReport:
    """How well one kernel was held. JSON-able through `to_dict`; stored with each grade."""

    mode: str  # "forked" from the warm zygote, or "spawned" as a fresh process
    platform: str
    layers: dict[str, Finding] = field(default_factory=dict)
    probes: dict[str, Finding] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """The highest level all of whose probes held: one of `LEVELS`."""
        reached = "none"
        for level in LEVELS[1:]:
            if not all(name in self.probes and self.probes[name].held for name in NEEDED[level]):
                break
            reached = level
        return reached

    def reaches(self, minimum: str) -> bool:
        """Whether the level is at least `minimum`, one of `LEVELS` (else ``ValueError``)."""
        if minimum not in LEVELS:
            raise ValueError(f"A jail level is one of {', '.join(LEVELS)}; got {minimum!r}.")
        return LEVELS.index(self.level) >= LEVELS.index(minimum)

    def missing(self, minimum: str) -> dict[str, str]:
        """The probes that `minimum` needs and that did not hold, with what happened instead."""
        wanted = [name for level in LEVELS[1 : LEVELS.index(minimum) + 1] for name in NEEDED[level]]
        absent = Finding(False, "not probed")
        return {name: self.probes.get(name, absent).detail for name in wanted if not self.probes.get(name, absent).held}

    def summary(self) -> str:
        """One line for logs and feedback."""
        layers = ", ".join(name for name, finding in self.layers.items() if finding.held) or "no layer"
        return f"jail level {self.level} ({self.mode}; {layers}): {MEANING[self.level]}"

    def to_dict(self) -> dict[str, object]:
        """Plain dicts, strings and bools, with the level added."""
        return {**asdict(self), "level": self.level}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> JailReport:
        """The inverse of `to_dict`; the level is worked out afresh."""
        findings = {key: {n: Finding(**f) for n, f in data[key].items()} for key in ("layers", "probes")}
        return cls(mode=data["mode"], platform=data["platform"], **findings)
