"""One book for all tests of it, and one web server that serves it below a path with the policy that the guide gives."""

from __future__ import annotations

import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from book.__main__ import ROOT
from tests.browser.conftest import CHROMIUM_ARGUMENTS, PATIENCE, chromium_path, kept, missing, patient

# Pages' Python is compiled as in its first seconds, simply: to optimize it while it runs takes more processor than the
# few answers of a test give back.
ARGUMENTS = [*CHROMIUM_ARGUMENTS, "--js-flags=--liftoff-only"]
HERE = Path(__file__).parent
REPOSITORY = "https://github.com/someone/course"
# A notebook of each part, with the explorers that the tests move; C2's experiments are the quickest.
RUN = ("start_here", "a5_optimal_rate", "b2_adam", "c2_momentum_intuition")


@pytest.fixture(scope="session")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("a folder with spaces") / "book"
    command = [sys.executable, "-m", "book", "--output", str(output), "--repository", REPOSITORY, "--run", *RUN]
    done = subprocess.run(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout  # Sphinx's warnings are failures
    return output


@contextmanager
def drives() -> Iterator[Playwright]:
    if chromium_path() is None:
        missing("Chromium (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")  # Playwright keeps an event loop running: `kept` ends it with this folder's tests
def chromium_driver(request: pytest.FixtureRequest) -> Playwright:
    return kept(request, drives, HERE)


@pytest.fixture(scope="module")
def chromium(request: pytest.FixtureRequest, chromium_driver: Playwright) -> Browser:
    """One Chromium for all tests of this folder."""

    @contextmanager
    def started() -> Iterator[Browser]:
        browser = chromium_driver.chromium.launch(executable_path=chromium_path(), args=ARGUMENTS)
        yield patient(browser)
        browser.close()

    return kept(request, started, HERE)


class Site:
    """The book below /course/ on a free port; `stop` and `begin` are the network's end and its return."""

    def __init__(self, folder: Path) -> None:
        guide = (ROOT / "docs" / "instructor.md").read_text(encoding="utf-8")
        (policy,) = re.findall(r"^Content-Security-Policy: (.+)$", guide, re.M)
        self.missing: set[str] = set()
        self.cut_off: set[str] = set()  # parts of addresses of which half a file comes
        self.slow, self.go_on = "", threading.Event()  # part of an address that is answered when told to go on
        site = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def translate_path(self, path: str) -> str:
                return super().translate_path(path.removeprefix("/course"))

            def end_headers(self) -> None:
                self.send_header("Content-Security-Policy", policy)
                super().end_headers()

            def do_GET(self) -> None:
                if not self.path.startswith("/course/") or any(name in self.path for name in site.missing):
                    return self.send_error(404)
                if site.slow and site.slow in self.path:
                    site.go_on.wait(PATIENCE / 1000)
                if any(name in self.path for name in site.cut_off):
                    return self.send_half()
                super().do_GET()

            def send_half(self) -> None:
                data = Path(self.translate_path(self.path)).read_bytes()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data) // 2))
                self.end_headers()
                self.wfile.write(data[: len(data) // 2])

            def log_message(self, *args: object) -> None:
                pass

        self._handler = lambda *args: Handler(*args, directory=str(folder))
        self._port = 0
        self.begin()

    def begin(self) -> None:
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", self._port), self._handler)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def address(self, page: str) -> str:
        return f"http://localhost:{self._port}/course/{page}.html"


@pytest.fixture(scope="session")
def site(book: Path) -> Iterator[Site]:
    if not (book / "runtime" / "memory.json").exists():
        missing("npm, which fetches Python for the pages,")
    served = Site(book)
    yield served
    served.stop()
