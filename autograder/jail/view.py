"""What a jailed kernel may see of the file system: an explicit list, never `sys.path`.

`sys.path` of the grader holds the course's directory, and with it the solutions. So the list is put
together from the interpreter's own directories, the shared libraries, and the packages that are named.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import PathFinder

from . import linux
from .errors import WrongSettings

SYSTEM = (
    *("/lib", "/lib32", "/lib64", "/libx32", "/usr/lib", "/usr/lib32", "/usr/lib64", "/usr/libx32"),
    *("/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo", "/usr/share/fonts"),
    # torch asks these what the processor can do, and complains on stderr when it gets no answer
    *("/proc/cpuinfo", "/sys/devices/system/cpu"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
SCRATCH = "/scratch"


@dataclass(frozen=True)
class View:
    """Real paths for reading, other spellings of them (link: target), real paths below to leave out."""

    readable: tuple[str, ...]
    links: dict[str, str]
    hidden: tuple[str, ...]

    def shows(self, path: str) -> bool:
        """Whether a file at this path can be read through the view."""
        real = os.path.realpath(path)
        return _within(real, self.readable) and not _within(real, self.hidden)


def _within(path: str, roots: Iterable[str]) -> bool:
    return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


def locate(package: str) -> list[str]:
    """Where an importable top-level package or module lies, without importing it; [] when there is none."""
    if "." in package:
        raise WrongSettings(f"A package for the jail's view is named by its top level; got {package!r}.")
    try:
        spec = importlib.util.find_spec(package) if package != "__main__" else None
    except ValueError:  # what is no name
        spec = None
    if spec is None:
        return []
    if spec.submodule_search_locations is not None:
        return list(spec.submodule_search_locations)
    return [spec.origin] if spec.origin and os.path.exists(spec.origin) else []


@lru_cache(maxsize=1024)
def is_there(module: str) -> bool:
    """Whether a module can be found; what it lies in is imported only where that isn't to be seen from its files."""
    package, *inside = module.split(".")
    places = locate(package)
    found = bool(places) or package in sys.builtin_module_names
    for name in inside:
        spec = PathFinder.find_spec(name, places) if found else None
        found, places = spec is not None, list(spec.submodule_search_locations or ()) if spec else []
    try:
        return found or bool(inside and importlib.util.find_spec(module))  # as os.path, which no file is
    except (ImportError, ValueError):
        return False


@lru_cache(maxsize=64)
def interpreter_view(packages: tuple[str, ...], readable: tuple[str, ...], hidden: frozenset[str]) -> View:
    """The interpreter, its libraries and site-packages, plus `packages` (by name) and `readable` (paths).

    `hidden` names packages to leave out, wherever they lie. Raises ``WrongSettings`` for a package that cannot
    be found. What is installed meanwhile is not seen.
    """
    paths = sysconfig.get_paths()
    wanted = [*SYSTEM, *(paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib"))]
    # conda and pyenv keep their shared libraries beside the standard library
    wanted += [os.path.join(sys.base_prefix, "lib")] if sys.base_prefix != "/usr" else []
    wanted += [os.path.realpath(sys.executable), sys.executable]
    for package in packages:
        found = locate(package)
        if not found:
            raise WrongSettings(f"The package {package!r}, named for the jail, is not importable by {sys.executable}.")
        wanted += found
    wanted += [os.path.abspath(os.path.expanduser(path)) for path in readable]

    real: list[str] = []
    links: dict[str, str] = {}
    for path in sorted({path for path in wanted if os.path.exists(path)}, key=lambda path: (len(path), path)):
        target = os.path.realpath(path)
        if target != os.path.abspath(path):
            links[os.path.abspath(path)] = target
        real.append(target)
    roots: list[str] = []
    for path in sorted(set(real), key=len):
        if not _within(path, roots):
            roots.append(path)
    out = {os.path.realpath(place) for package in hidden for place in locate(package)}
    if "/" in roots:
        raise WrongSettings("The jail's view would be the whole file system: one of the readable paths is '/'.")
    return View(
        readable=tuple(roots),
        links={link: target for link, target in links.items() if not _within(link, roots)},
        hidden=tuple(sorted(path for path in out if _within(path, roots))),
    )


def enter(view: View, scratch_bytes: int, scratch_files: int) -> str:
    """Make the view this process's whole file system, in its own mount namespace.

    The view is a tmpfs with read-only binds; the scratch is a tmpfs of its own, sized. On failure the process is put
    back before the ``OSError`` goes on.
    """
    linux.mount("none", "/", None, linux.MS_REC | linux.MS_PRIVATE)
    base = "/tmp"  # only covered in this namespace; any directory that exists would do
    linux.mount("tmpfs", base, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0755,size=1m")
    os.mkdir(f"{base}/new")
    os.mkdir(f"{base}/old")
    linux.pivot_root(base, f"{base}/old")
    os.chdir("/")
    try:
        linux.mount("tmpfs", "/new", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=0755,size=4m")
        _populate(view)
        os.mkdir("/new" + SCRATCH)
        options = f"mode=0700,size={scratch_bytes},nr_inodes={scratch_files}"
        flags = linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC
        linux.mount("tmpfs", "/new" + SCRATCH, "tmpfs", flags, options)
        if not os.path.lexists("/new/tmp"):  # an interpreter may live there
            os.symlink(SCRATCH, "/new/tmp")
        linux.restrict_mount("/new", linux.ATTR_RDONLY, recursive=False)
    except OSError:
        os.chroot("/old")
        os.chdir("/")
        raise
    os.chdir("/new")
    linux.pivot_root(".", ".")
    linux.umount(".")
    os.chdir("/")
    return f"{len(view.readable)} read-only binds, {len(view.hidden)} hidden, scratch of {scratch_bytes} bytes"


def _populate(view: View) -> None:
    """Fill /new from /old."""
    for path in view.readable:
        _bind(path, "/new" + path, linux.ATTR_RDONLY | linux.ATTR_NOSUID | linux.ATTR_NODEV)
    for path in DEVICES:
        if os.path.exists("/old" + path):
            _bind(path, "/new" + path, linux.ATTR_RDONLY | linux.ATTR_NOSUID | linux.ATTR_NOEXEC)
    for link, target in view.links.items():
        if not os.path.lexists("/new" + link):
            os.makedirs(os.path.dirname("/new" + link), exist_ok=True)
            os.symlink(target, "/new" + link)
    os.mkdir("/new/.hidden", 0)
    os.close(os.open("/new/.nothing", os.O_CREAT, 0))
    for path in view.hidden:
        empty = "/new/.hidden" if os.path.isdir("/new" + path) else "/new/.nothing"
        linux.mount(empty, "/new" + path, None, linux.MS_BIND)


def _bind(path: str, target: str, attributes: int) -> None:
    if os.path.isdir("/old" + path):
        os.makedirs(target, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_RDONLY, 0o444))
    linux.mount("/old" + path, target, None, linux.MS_BIND | linux.MS_REC)
    linux.restrict_mount(target, attributes)
