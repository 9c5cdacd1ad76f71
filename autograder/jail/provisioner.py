"""Where jupyter_client meets the jail: a kernel provisioner, and the kernel manager that always uses it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import itertools
import os
import shutil
import signal
import socket
import sys
import tempfile
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import zmq.asyncio
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Bool, Dict, Enum, List, Type, Unicode, default

from . import nursery, view
from .channels import CHANNELS
from .client import JailedKernelClient, bounded_context
from .confine import IS_LINUX
from .errors import JailTooWeak, KernelNotStarted, WrongSettings
from .limits import Limits
from .profile import PROFILES, Profile
from .report import LAYERS, LEVELS, JailReport

MAX_SOCKET_PATH = 103  # macOS; Linux takes 107
MAX_CANARIES = 20
REPORT_SECONDS = 60.0


@dataclass
class Ordered:
    """What a kernel or shell is started with: its request, and what is on disk for it."""

    request: dict[str, Any]
    warm: bool
    places: list[str]
    bait: socket.socket | None = None  # a unix socket of the host that must not be reached from inside

    def close(self) -> None:
        """Let go of the bait."""
        if self.bait is not None:
            self.bait.close()


def _hold_to_names(given: Mapping[str, object], of: type) -> None:
    known = [field.name for field in dataclasses.fields(of)]
    if unknown := sorted(map(str, set(given) - set(known))):
        raise ValueError(f"there is no {', '.join(map(repr, unknown))}; known are {', '.join(known)}.")


def _made(prefix: str) -> str:
    try:
        return tempfile.mkdtemp(prefix=prefix)
    except OSError as error:
        said = f"No directory for a kernel can be made: {error}. Free some space, or set TMPDIR."
        raise KernelNotStarted(said) from error


def _own_directory() -> str:
    """A new directory for a kernel's sockets. Raises ``WrongSettings`` where their paths would be too long."""
    made = _made("jail-")
    if len(os.path.join(made, "k").encode()) > MAX_SOCKET_PATH - 2:
        os.rmdir(made)
        raise WrongSettings(f"The path of the temporary directory is too long for a socket: {made}. Set TMPDIR.")
    return made


class JailedProvisioner(KernelProvisionerBase):
    """Starts one kernel in the jail and ends it. `report` tells what holds it; `ended` why it is no more."""

    # "torch" hides nothing: a kernel that nobody gave a profile can run any notebook. Exercises name theirs.
    profile = Unicode("torch", help="Which of `profiles` this kernel gets.").tag(config=True)
    profiles = Dict(
        help="Further profiles, or changes to the built-in ones ('numpy', 'sympy', 'torch'): name to Profile's fields."
    ).tag(config=True)
    packages = List(Unicode(), help="Packages every kernel may import, wherever they are installed.").tag(config=True)
    preload = List(Unicode(), help="Modules of theirs that every kernel finds imported.").tag(config=True)
    readable = List(Unicode(), help="Further files and directories every kernel may read.").tag(config=True)
    canaries = List(
        Unicode(),
        help="Files that must not be readable, such as the gradebook: each kernel tries them first. The "
        "files beside the notebook and this package are always tried.",
    ).tag(config=True)
    limits = Dict(help="Limits that differ from the defaults: name to number, see Limits.").tag(config=True)
    minimum = Enum(LEVELS, "confined", help="The level below which no kernel runs.").tag(config=True)
    unsafe_no_jail = Bool(False, help="Run student code even where the jail is below the minimum.").tag(config=True)
    warm = Bool(IS_LINUX, help="Fork kernels from a zygote; False spawns each as a fresh process.").tag(config=True)
    layers_left_out = List(
        Unicode(), help="Layers not to apply, to see what the others hold without them. For tests."
    ).tag(config=True)

    parent: Any
    report: JailReport | None = None
    kernel: nursery.Kernel | None = None
    directory: str | None = None
    scratch: str | None = None
    _gone = False

    @property
    def ended(self) -> str:
        """Why the kernel ended before its time, in words; empty while it runs and after a shutdown."""
        return self.kernel.ended if self.kernel is not None else ""

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel to wait for."""
        return self.kernel is not None and not self._gone

    def chosen_profile(self) -> Profile:
        """The profile with this course's packages. Raises ``WrongSettings`` for an unknown or wrong one."""
        fields = self.profiles.get(self.profile, {})
        if self.profile not in PROFILES and self.profile not in self.profiles:
            known = ", ".join(sorted({*PROFILES, *self.profiles}))
            raise WrongSettings(f"There is no jail profile {self.profile!r}; known are {known}.")
        try:
            _hold_to_names(fields, Profile)
            base = replace(PROFILES.get(self.profile, Profile()), **fields)
            shown = [name for name in self.packages if name not in base.packages]
            return replace(
                base,
                packages=(*base.packages, *shown),
                preload=tuple(dict.fromkeys((*base.preload, *shown, *self.preload))),
                readable=(*base.readable, *self.readable),
            )
        except (TypeError, ValueError) as error:
            raise WrongSettings(f"The jail profile {self.profile!r} is wrong: {error}") from error

    def chosen_limits(self) -> Limits:
        """The limits of this kernel. Raises ``WrongSettings`` for unknown names or impossible values."""
        try:
            _hold_to_names(self.limits, Limits)
            return Limits(**self.limits)
        except (TypeError, ValueError) as error:
            raise WrongSettings(f"JailedProvisioner.limits is wrong: {error}") from error

    def settled(self) -> tuple[Profile, Limits, view.View]:
        """What a kernel is held by, of these settings. Raises ``WrongSettings`` where they can't be used."""
        profile = self.chosen_profile()
        hidden = frozenset((__package__.partition(".")[0], *profile.hidden))
        for path in profile.readable:
            if not os.path.exists(os.path.expanduser(path)):
                raise WrongSettings(f"There is no {path!r}, named as readable for the jail.")
        for module in self.preload:
            if not view.is_there(module):
                raise WrongSettings(f"There is no module {module!r}, named for the jail to import ahead.")
        if unknown := sorted(set(self.layers_left_out) - set(LAYERS)):
            raise WrongSettings(f"There is no layer {unknown[0]!r} to leave out; known are {', '.join(LAYERS)}.")
        return profile, self.chosen_limits(), view.interpreter_view(profile.packages, profile.readable, hidden)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Make the private directory, 0700, with the bound sockets; the kernel itself binds nothing."""
        self._gone, self.report = False, None
        self.directory = _own_directory()
        manager = self.parent
        manager.transport, manager.ip = "ipc", os.path.join(self.directory, "k")
        for port, channel in enumerate((*CHANNELS, "hb"), start=1):
            setattr(manager, f"{channel}_port", port)
        self.connection_info = manager.get_connection_info()
        # An environment is neither taken nor passed on.
        return {
            "cmd": [],
            "cwd": kwargs.get("cwd"),
            "arguments": list(kwargs.get("extra_arguments") or ()),
        }

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Start the kernel; returns when it has reported how its jail holds.

        Raises ``JailTooWeak`` below the minimum, ``KernelNotStarted`` and ``ZygoteFailed`` for faults of our own.
        """
        assert self.directory is not None
        connection = {**self.connection_info, "key": self.parent.session.key.decode()}
        ordered = self.ordered(kwargs.get("cwd"), directory=self.directory)
        ordered.request |= {
            "connection": connection,
            "arguments": kwargs["arguments"],
            "bait": f"{self.parent.ip}-{self.parent.shell_port}",
        }
        self.scratch = ordered.request["scratch"]
        order = nursery.Order(ordered.request, [self._listen(channel) for channel in CHANNELS])
        self.kernel = await asyncio.to_thread(nursery.start, order, *self.bred(), warm=ordered.warm)
        try:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.kernel.wait(until_report=True), REPORT_SECONDS)
            answer = self.kernel.report
            if answer is None or "error" in answer:
                raise KernelNotStarted(not_started(self.kernel))
            answer.pop("language", None)
            self.report = self.judged(answer, warm=ordered.warm)
        except BaseException:
            await self.kill()
            await self.cleanup()
            raise
        return self.connection_info

    def ordered(self, cwd: str | None, *, directory: str = "", shell: bool = False) -> Ordered:
        """What to start a kernel or, with `shell`, a shell on one socket with. `directory` is the kernel's own.

        A shell's directory is made here, with the bait; a kernel's bait is its own socket.
        """
        profile, limits, seen = self.settled()
        canaries = self._all_canaries(cwd, seen)
        # used only where the view cannot be had; not inside the other, which the kernel's user may not enter
        places, bait = [directory or _own_directory(), _made("jail-scratch-")], None
        if shell:
            bait = socket.socket(socket.AF_UNIX)
            bait.bind(os.path.join(places[0], "k"))
            bait.listen(1)
        request = {
            "shell": shell,
            "limits": limits.to_dict(),
            "view": {"readable": seen.readable, "links": seen.links, "hidden": seen.hidden},
            "scratch": places[1],
            "places": places,
            "canaries": canaries,
            "grader": os.getpid(),
            "bait": os.path.join(places[0], "k"),
            "blocked": list(profile.hidden),
            "arguments": [],
            "left_out": list(self.layers_left_out),
        }
        return Ordered(request, self.warm and IS_LINUX, places, bait)

    def zygote(self, *, shell: bool = False, often: bool = False) -> nursery.Zygote:
        """The zygote that kernels of this configuration are forked from, maybe `often`; it takes seconds to start."""
        return nursery.zygote(*self.bred(shell=shell), often=often)

    def bred(self, *, shell: bool = False) -> tuple[nursery.Names, nursery.Names, nursery.Names, bool]:
        """What tells zygotes apart: the modules to preload, where from, the packages to hide, what they become."""
        profile = self.chosen_profile()
        parents = {os.path.dirname(place) for package in profile.packages for place in view.locate(package)}
        return profile.preload, tuple(sorted(parents)), profile.hidden, shell

    def judged(self, answer: dict[str, Any], *, warm: bool) -> JailReport:
        """The report of what was found inside. Raises ``JailTooWeak`` below the minimum, unless that is asked for."""
        report = JailReport.from_dict({"mode": "forked" if warm else "spawned", "platform": sys.platform, **answer})
        if report.reaches(self.minimum):
            self.log.debug("%s", report.summary())
            return report
        missing = "; ".join(f"{name}: {detail}" for name, detail in report.missing(self.minimum).items())
        if not self.unsafe_no_jail:
            raise JailTooWeak(
                f"This machine holds student code at level {report.level!r} only, but the minimum is "
                f"{self.minimum!r} ({missing}). Nothing was run. Lower JailedProvisioner.minimum knowingly, "
                "or set JailedProvisioner.unsafe_no_jail=True to run it with whatever holds."
            )
        self.log.warning("UNSAFE, as asked: %s. Not held: %s", report.summary(), missing)
        return report

    def _listen(self, channel: str) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(f"{self.parent.ip}-{getattr(self.parent, channel + '_port')}")
        listener.listen(16)
        return listener

    def _all_canaries(self, cwd: str | None, seen: view.View) -> list[str]:
        """Files that must not open inside: configured ones, the notebook's neighbours, this package."""
        chosen = [os.path.abspath(os.path.expanduser(path)) for path in self.canaries]
        for path in chosen:
            if not os.path.exists(path):
                raise WrongSettings(f"The canary {path} does not exist, so whether it can be read proves nothing.")
        neighbours = sorted(entry.path for entry in os.scandir(cwd) if entry.is_file()) if cwd else []
        allowed = [os.path.abspath(os.path.expanduser(path)) for path in self.readable]
        shown = {path for path in neighbours if any(path == a or path.startswith(a + os.sep) for a in allowed)}
        found = [*chosen, *itertools.islice((path for path in neighbours if path not in shown), MAX_CANARIES)]
        return [*found, os.path.abspath(__file__)]

    async def poll(self) -> int | None:
        """The exit code, or None while the kernel runs."""
        return self.kernel.poll() if self.kernel is not None else 0

    async def wait(self) -> int | None:
        """Until the kernel has ended."""
        if self.kernel is None:
            return 0
        await self.kernel.wait()
        self._gone = True
        return self.kernel.exit_code

    async def send_signal(self, signum: int) -> None:
        """Pass a signal on through the warden, which cannot hit another process by mistake."""
        if self.kernel is not None:
            self.kernel.order(signal=int(signum))

    async def kill(self, restart: bool = False) -> None:
        """End the kernel and everything it started; returns when they are gone."""
        if self.kernel is not None:
            self.kernel.order(signal=int(signal.SIGKILL))
            await self.kernel.wait()

    async def terminate(self, restart: bool = False) -> None:
        """The same: a jailed kernel has nothing to finish."""
        await self.kill(restart)

    async def cleanup(self, restart: bool = False) -> None:
        """Remove what was on disk for this kernel."""
        if self.kernel is not None:
            self.kernel.close()
        for place in filter(None, (self.directory, self.scratch)):
            shutil.rmtree(place, ignore_errors=True)
        self.directory = self.scratch = None

    async def get_provisioner_info(self) -> dict[str, object]:
        """The base's information with the jail's report."""
        info = await super().get_provisioner_info()
        return {**info, "jail": self.report.to_dict() if self.report else None}


def not_started(kernel: nursery.Kernel) -> str:
    """Why there is no kernel, with its last words."""
    said = (kernel.report or {}).get("error") or kernel.ended or f"nothing for {REPORT_SECONDS:g} s"
    return f"A jailed kernel could not start: {said}\n{kernel.log_tail()}".strip()


class JailedKernelManager(AsyncKernelManager):
    """A kernel manager whose kernels are jailed, whatever kernel a notebook names.

    `jail` holds settings of `JailedProvisioner` for this kernel alone, over the configured ones:
    ``JailedKernelManager(jail={"profile": "numpy"}, config=config)``.
    """

    classes = [JailedProvisioner]
    jail = Dict(help="Settings for JailedProvisioner that differ for this kernel.").tag(config=True)
    client_factory = Type(JailedKernelClient, klass=JailedKernelClient)

    @property
    def kernel_spec(self) -> KernelSpec:
        """One specification for all: a notebook's own choice of kernel could name any program."""
        return KernelSpec(argv=[], display_name="Python 3, jailed", language="python")

    @property
    def ipykernel(self) -> bool:
        """Whether to pass it an option of IPython's that keeps its history in memory; a jailed one keeps none."""
        return False

    @property
    def jail_report(self) -> JailReport | None:
        """What holds the kernel that was started last."""
        return self.provisioner.report if isinstance(self.provisioner, JailedProvisioner) else None

    def ending(self) -> str:
        """Why the kernel ended before its time, in words; empty while it runs and after a shutdown."""
        return self.provisioner.ended if isinstance(self.provisioner, JailedProvisioner) else ""

    def watch_cell(self, running: bool) -> None:
        """A cell started (or another is still open), or all are answered: the warden's clock for one cell."""
        provisioner = self.provisioner
        if isinstance(provisioner, JailedProvisioner) and provisioner.kernel is not None:
            provisioner.kernel.order(watch=provisioner.chosen_limits().cell_seconds if running else None)

    def _provisioner(self) -> JailedProvisioner:
        if self.provisioner is None:
            self.kernel_id = self.kernel_id or str(uuid.uuid4())
            self.provisioner = JailedProvisioner(
                kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self, **self.jail
            )
        assert isinstance(self.provisioner, JailedProvisioner)
        return self.provisioner

    async def _async_pre_start_kernel(self, **kwargs: Any) -> Any:
        self._provisioner()
        return await super()._async_pre_start_kernel(**kwargs)

    pre_start_kernel = _async_pre_start_kernel

    @default("context")
    def _context_default(self) -> zmq.asyncio.Context:
        self._created_context = True
        return bounded_context(self._provisioner().chosen_limits().output_bytes)

    def client(self, **kwargs: object) -> Any:
        """A client with bounded channels."""
        limits = self._provisioner().chosen_limits()
        bounds = {"output_bytes": limits.output_bytes, "notebook_output_bytes": limits.notebook_output_bytes}
        return super().client(**bounds, **kwargs)

    def write_connection_file(self, **kwargs: object) -> None:
        """Nothing on disk: the key goes to the kernel with its request."""
