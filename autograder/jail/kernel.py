"""The jailed kernel process: put on the layers, probe them, report, then become an IPython kernel."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from dataclasses import asdict
from typing import Any, NoReturn

from . import confine, linux, probes
from .limits import Limits
from .report import Finding
from .view import View


def run(
    request: dict[str, Any],
    layers: dict[str, Finding],
    channels: dict[str, int],
    log: int,
    report: int,
    lifeline: int,
    *,
    unique: int,
    mapped: bool,
) -> NoReturn:
    """Never returns. `report` is written once, before the kernel listens; `lifeline` ends with the warden."""
    status = 1
    try:
        app = application(shell=request["shell"])  # inside the view it could not be imported
        _start_afresh(log, {report, lifeline, *channels.values()})
        limits = Limits(**request["limits"])
        environment = {
            **{
                "PATH": "/usr/bin:/bin",
                "LANG": "C.UTF-8",
                "OMP_NUM_THREADS": "1",
                "OPENBLAS_NUM_THREADS": "1",
            },
            **{"MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONDONTWRITEBYTECODE": "1"},
        }
        os.environ.clear()
        os.environ.update(environment)
        place = confine.confine(
            layers, limits, View(**request["view"]), request["scratch"], unique=unique, mapped=mapped
        )
        own = {"HOME": place, "TMPDIR": place, "IPYTHONDIR": os.path.join(place, ".ipython")}
        os.environ.update(own)
        if (temporary := sys.modules.get("tempfile")) is not None:
            vars(temporary)["tempdir"] = None  # what the zygote was told of, which had another place
        _die_with(lifeline)
        confine.lock(layers, limits)
        bait, outsider = request["bait"], request["grader"]
        found = probes.probe(limits, request["canaries"], outsider, bait, place, {*environment, *own})
        _send(report, {"layers": _plain(layers), "probes": _plain(found), "language": app.kernel_class.language_info})
        _forget(request["blocked"], shell=request["shell"])
        reseed()
        app.channels, app.modules = channels, _known
        if not request["shell"]:
            app.load_connection_info(request["connection"])
        app.initialize(request["arguments"])
        request.clear()
        app.start()
        status = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            _send(report, {"error": f"{type(error).__name__}: {error}"})
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def application(*, shell: bool) -> Any:
    """IPython's kernel application, made when it is first asked for: a zygote has it made before it forks."""
    from . import application as stock
    from .shell import inside

    return inside.made() if shell else stock.made()


def _plain(findings: dict[str, Finding]) -> dict[str, object]:
    return {name: asdict(finding) for name, finding in findings.items()}


def _send(report: int, message: dict[str, object]) -> None:
    os.write(report, json.dumps(message).encode())
    os.close(report)


def _start_afresh(log: int, keep: set[int]) -> None:
    """A session of its own, no inherited descriptors or handlers, output to `log` (bounded as a file)."""
    os.setsid()
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
    signal.set_wakeup_fd(-1)
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    first = 3
    for descriptor in sorted(keep):
        os.closerange(first, descriptor)
        first = descriptor + 1
    os.closerange(first, 1 << 20)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)
    vars(sys).update(__stdin__=sys.stdin, __stdout__=sys.stdout, __stderr__=sys.stderr)


def _die_with(lifeline: int) -> None:
    """Killed when the warden ends; set after the last change of user, which clears it."""
    if confine.IS_LINUX:
        linux.prctl(linux.PR_SET_PDEATHSIG, signal.SIGKILL, what="parent-death signal")
    os.set_blocking(lifeline, False)
    try:
        if os.read(lifeline, 1) == b"":
            os._exit(1)  # the warden ended before the signal was set
    except BlockingIOError:
        pass
    os.close(lifeline)


_known: set[str] = set()
_own: list[str] = []


def prepare_to_forget() -> None:
    """In the zygote, once: what each kernel forgets. Looking at 4,000 modules there would copy as many pages."""
    here = __package__.partition(".")[0]
    _known.update(sys.modules)
    _own[:] = [name for name in sys.modules if name.partition(".")[0] == here]
    inside = (sys.prefix, sys.base_prefix)
    for path in [path for path in sys.path_importer_cache if not path.startswith(inside)]:
        del sys.path_importer_cache[path]  # its names are those of a directory that kernels may not see


def _forget(blocked: list[str], *, shell: bool) -> None:
    """Drop the jail's own modules, bar the hidden packages, and keep only what can be seen on sys.path."""
    if not _own:
        prepare_to_forget()
    for name in _own:
        sys.modules.pop(name, None)
    if not shell:  # it connects itself to IPython when it is imported, and in the zygote there was none
        sys.modules.pop("matplotlib_inline.backend_inline", None)
    for name in blocked:
        sys.modules[name] = None  # type: ignore[assignment]  # import says so at once
    sys.path[:] = ["", *(entry for entry in sys.path if entry and os.path.exists(entry))]
    sys.argv = ["ipykernel"]


def reseed() -> None:
    """New random states: forked kernels would otherwise all draw the zygote's numbers."""
    import random

    random.seed()
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None:
        numpy.random.seed()
    if torch is not None:
        torch.default_generator.seed()  # the only one there is: torch.seed() also looks for accelerators
