"""A PostgreSQL server of a test's own: made by initdb, reached by a socket in its folder, ended with the test."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def programs() -> Path | None:
    """Return the folder of the newest server's programs, on the PATH or where Debian puts them; None without one."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    return places[-1].parent if places else None


class Server:
    """A running server. ``url(name)`` makes a database and returns its address."""

    def __init__(self, folder: Path, bin: Path, user: dict[str, Any]):
        self.folder, self.bin, self.user = folder, bin, user

    def url(self, name: str) -> str:
        """Make an empty database and return its address."""
        command = [str(self.bin / "createdb"), "-h", str(self.folder), "-U", "grader", name]
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=60, **self.user)
        return f"postgresql+psycopg://grader@/{name}?host={self.folder}"


@contextmanager
def server() -> Iterator[Server]:
    """Start a server for the length of a test session; skip the test when PostgreSQL is not installed."""
    bin = programs()
    if bin is None:
        pytest.skip("needs PostgreSQL's server: initdb on the PATH or in /usr/lib/postgresql/*/bin")
    user: dict[str, Any] = {"cwd": "/"}
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path has at most 107 bytes
    if os.getuid() == 0:  # the server refuses to run as root
        name = next(name for name in ("postgres", "nobody") if name in {entry.pw_name for entry in pwd.getpwall()})
        entry = pwd.getpwnam(name)
        user |= {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data, log = folder / "data", folder / "log"
    try:
        subprocess.run(
            [bin / "initdb", "-D", data, "-U", "grader", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C"],
            check=True,
            capture_output=True,
            text=True,
            timeout=300,
            **user,
        )
        settings = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=40"
        with log.open("wb") as output:
            run = subprocess.Popen(
                [bin / "postgres", "-D", data, *settings.replace("'", "").split()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                **user,
            )
        try:
            _wait(run, bin, folder, log)
            yield Server(folder, bin, user)
        finally:
            run.send_signal(signal.SIGINT)  # "fast": connections are ended, nothing is left behind
            try:
                run.wait(60)
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(run: subprocess.Popen[bytes], bin: Path, folder: Path, log: Path) -> None:
    for _ in range(600):
        ready = subprocess.run([bin / "pg_isready", "-q", "-h", folder, "-t", "1"], check=False)
        if ready.returncode == 0:
            return
        if run.poll() is not None:
            break
        try:
            run.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
    raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')[-2000:]}")
