"""How soon does a page of the book answer, and how much does it load? `python -m benchmarks.pages` measures both.

The book must have been built (`make book`). A1 is opened in Chromium, an answer typed and checked at once. *Cold* is a
browser that has never seen the book, *warm* the same browser again. *Slowed*: all of the browser's processes are
stopped for three quarters of each 40 ms, threads of workers too (the developer tools slow the main thread only).
Bytes are those on the wire from a server that compresses nothing.
"""

from __future__ import annotations

import argparse
import os
import signal
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Playwright, sync_playwright

from tests.book.conftest import Site
from tests.browser.conftest import CHROMIUM_ARGUMENTS, ROOT, chromium_path

PAGE, STEP, FIELD = "part_a/a1_convergence", "a1-gradient", "gradient"
PERIOD = 0.04  # seconds


def processes(mark: str) -> list[int]:
    """The ids of the processes that have ``mark`` in their command line, and of their children."""
    parents, marked = {}, set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(entry.joinpath("stat").read_text().rpartition(")")[2].split()[1])
                if mark in entry.joinpath("cmdline").read_text():
                    marked.add(int(entry.name))
            except OSError:  # it has ended
                continue
    while more := {child for child, parent in parents.items() if parent in marked} - marked:
        marked |= more
    return sorted(marked)


@contextmanager
def slowed(factor: float, mark: str) -> Iterator[None]:
    """Let the browser run for 1/factor of the time."""
    ended = threading.Event()

    def send(what: int) -> None:
        for process in processes(mark):
            try:
                os.kill(process, what)
            except ProcessLookupError:
                continue

    def turn() -> None:
        while not ended.is_set():
            send(signal.SIGSTOP)
            ended.wait(PERIOD * (1 - 1 / factor))
            send(signal.SIGCONT)
            ended.wait(PERIOD / factor)

    if factor <= 1:
        yield
        return
    thread = threading.Thread(target=turn)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        send(signal.SIGCONT)


def first_and_later(context: BrowserContext, address: str) -> tuple[float, float, int]:
    """Seconds from opening the page to the first verdict, median ms of ten later ones, bytes on the wire."""
    page = context.new_page()
    sizes: list[int] = []
    page.on("requestfinished", lambda request: sizes.append(size_of(request)))
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.fill(f"[data-lr-answer={FIELD}]", "a*x/2", timeout=120_000)
    page.click(f"[data-lr-check={STEP}]", timeout=120_000)
    page.wait_for_selector(f".lr-verdict[data-step={STEP}]", timeout=120_000)
    first = time.perf_counter() - begun
    later = page.evaluate(
        """async home => {
            const { runtime } = await import(home);
            const times = [];
            for (const text of ["a*x", "2*a*x", "a", "x", "a*x^2", "-a*x", "a*x/3", "x*a", "a+x", "a*x+1"]) {
                const began = performance.now();
                await runtime.ask({ do: "check", step: "a1-gradient", answers: { gradient: text } });
                times.push(performance.now() - began);
            }
            return times;
        }""",
        address.replace(f"{PAGE}.html", "_static/answers/main.js"),
    )
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")  # the warm visit is to find it there
    page.close()
    return first, statistics.median(later), sum(sizes)


def size_of(request: object) -> int:
    """Bytes of an answer as they came over the wire."""
    try:
        sizes = request.sizes()  # type: ignore[attr-defined]
    except Exception:  # of what the page has left behind nothing is known
        return 0
    return max(sizes["responseBodySize"], 0)


def visits(playwright: Playwright, site: Site, factor: float) -> Iterator[tuple[str, float, float, int]]:
    """A cold and a warm visit with one fresh profile."""
    with tempfile.TemporaryDirectory() as profile:
        for name in ("cold", "warm"):
            context = playwright.chromium.launch_persistent_context(
                profile, executable_path=chromium_path(), args=CHROMIUM_ARGUMENTS
            )
            with slowed(factor, profile):
                measured = first_and_later(context, site.address(PAGE))
            context.close()
            yield (name, *measured)


def loaded_for_checking(book: Path) -> int:
    """Bytes of all files that a first check loads, page and pictures apart."""
    long_way = ("modules.zip", "stdlib.zip", "LICENSES.txt")
    files = [path for path in (book / "runtime").iterdir() if path.name not in long_way]
    files += [path for path in (book / "_static" / "answers").iterdir() if path.name != "sw.js"]
    return sum(path.stat().st_size for path in files)


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when there is no book with a runtime."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--book", type=Path, default=ROOT / "_build" / "book", help="folder of the built book")
    book = parser.parse_args(arguments).book
    if not (book / "runtime").is_dir():
        print(f"{book} has no runtime: run make book first, with npm installed.")
        return 1
    print(f"loaded for checking: {loaded_for_checking(book) / 1e6:.2f} MB")
    print(f"{'':<22}{'first verdict s':>16}{'later ms':>10}{'page and all, MB':>18}")
    site = Site(book)
    with sync_playwright() as playwright:
        for factor in (1, 4):
            for name, first, later, size in visits(playwright, site, factor):
                label = name if factor == 1 else f"{name}, slowed {factor} ×"
                print(f"{label:<22}{first:>16.1f}{later:>10.0f}{size / 1e6:>18.2f}", flush=True)
    site.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
