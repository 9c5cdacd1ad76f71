"""A real JupyterLab and a real Chromium for the browser tests.

    def test_something(notebook):
        nb = notebook("a1.ipynb", cells=["1 + 1"])     # or notebook("b2.ipynb", source=path_to_an_ipynb)
        nb.run_all()
        assert nb.output_text(0) == "2"
        nb.screenshot("a1-verdict")                      # -> tests/artifacts/a1-verdict.png

One JupyterLab serves the whole test session, with empty settings and a folder of its own, and one page of it stays
open for the tests of this folder: to load it takes longer than most of what is done there. Each notebook opens in it
when the one before is closed, with a kernel of its own that is ended with the test.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import nbformat
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests import commands, kernels
from tests.browser.pictures import ARTIFACTS, picture

# Their assertions say what they saw, as a test's do.
pytest.register_assert_rewrite("tests.browser.explorer_page", "tests.browser.fuzzed_answers")

__all__ = ["ARTIFACTS"]

ROOT = Path(__file__).resolve().parents[2]
#: What Chromium does without for these tests. The address bar's popup is a page of its own in each window and costs
#: more than a small page of ours; the spare process is for a next page, which seldom comes.
OURS_LEFT_OUT = ["WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "SpareRendererForSitePerProcess"]
#: What Playwright leaves out: of several such lists Chromium takes the last (test_chromium.py compares the two).
PLAYWRIGHTS_LEFT_OUT = [
    "AimEnabled", "AvoidCorsURLLoaderRestartOnRedirect", "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose", "HttpsFirstBalancedModeAutoEnable", "HttpsUpgrades", "LensOverlay", "MediaRouter",
    "NetworkTimeServiceQuerying", "OptimizationHints", "PaintHolding", "PreconnectToSearch",
    "TcpPortRandomizationWin", "ThirdPartyStoragePartitioning",
    "msEdgeUpdateLaunchServicesPreferredVersion", "msForceBrowserSignIn",
]  # fmt: skip
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=" + ",".join(OURS_LEFT_OUT + PLAYWRIGHTS_LEFT_OUT),
]
HERE = Path(__file__).parent
KEPT = pytest.StashKey[dict[str, Any]]()
#: What gets a web socket of Playwright's, to stand between a page and its server.
Wire = Callable[[Any], None]
SCREEN = {"width": 1280, "height": 1000}
#: How long (ms) a test waits for what it expects to see: a busy machine takes its time; what never comes still fails.
PATIENCE = 300_000
expect.set_options(timeout=PATIENCE)
#: What JupyterLab leaves in the console when a kernel is restarted before it answered (tests/browser/test_explorer.py
#: shows that nothing else is lost).
LOST_WITH_THE_KERNEL = "Error: Canceled future for create_subshell_request message before replies were done"
#: What anywidget leaves there when a widget's program took over two seconds to begin, as on a busy machine.
SLOW_TO_BEGIN = "[anywidget] Failed to initialize model."
SETTINGS = {
    # Every cell is in the page, so that a test finds an output without scrolling to it.
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": {
        "fetchNews": "false",
        "checkForUpdates": False,
    },
}


def missing(what: str) -> None:
    """Fail in CI, skip with the reason elsewhere: a browser test never vanishes without a word."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is needed for the browser tests", pytrace=False)
    pytest.skip(f"{what} is needed for the browser tests")


def chromium_path() -> str | None:
    """The system's Chromium: $CHROMIUM, or the first usual name on the PATH."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@dataclass(frozen=True)
class JupyterLab:
    """A running server: `url` without a trailing slash, `token`, and the `directory` it serves."""

    url: str
    token: str
    directory: Path

    def address(self, path: str, app: str = "lab/tree") -> str:
        """The page that shows one notebook (a path below `directory`): in JupyterLab, with a fresh workspace, or in
        Notebook 7, which the same server holds (`notebooks`)."""
        return f"{self.url}/{app}/{path}?token={self.token}&reset"

    def api(self, path: str, method: str = "GET") -> Any:
        """Call the server's REST API, e.g. `api("sessions")`."""
        request = urllib.request.Request(f"{self.url}/api/{path}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        with urllib.request.urlopen(request, timeout=PATIENCE / 1000) as answer:
            body = answer.read()
        return json.loads(body) if body else None


def server_environment(home: Path) -> dict[str, str]:
    """An environment in which neither the server nor its kernels see the user's settings."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("JPY", "JUPYTER", "IPYTHON"))
    }
    settings = home / "settings"
    for name, content in SETTINGS.items():
        file = settings / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    page = home / "config" / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(json.dumps({"buildCheck": False}))  # whether JupyterLab should be built anew, node looks up
    environment |= {
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_PATH": str(home / "shared"),  # where kernels are looked for first
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "IPYTHONDIR": str(home / "ipython"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": "1",
    }
    return environment


#: As `python -m jupyterlab`; the library it leaves out takes 1.5 s to import (tests/conftest.py).
START = "import sys; sys.modules['rfc3987_syntax'] = None; from jupyterlab.labapp import main; sys.exit(main())"


def start_jupyterlab(home: Path, directory: Path) -> tuple[JupyterLab, subprocess.Popen[bytes]]:
    """Start a server on a free port and wait until it answers."""
    token = "browser-tests"
    with (home / "jupyterlab.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable, "-c", START, "--no-browser", "--allow-root",
                "--ServerApp.port=0", "--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={directory}",
                f"--IdentityProvider.token={token}", "--LabApp.expose_app_in_browser=True",
                "--JupyterNotebookApp.expose_app_in_browser=True", "--LabApp.news_url=",
                "--LabApp.extension_manager=readonly",
                "--LanguageServerManager.autodetect=False",  # which asks npm where to look for some
            ],
            env=server_environment(home), stdout=log, stderr=subprocess.STDOUT, cwd=directory,
        )  # fmt: skip
    deadline = time.monotonic() + PATIENCE / 1000
    while time.monotonic() < deadline and process.poll() is None:
        for info in (home / "runtime").glob("jpserver-*.json"):
            try:
                port = json.loads(info.read_text())["port"]
                lab = JupyterLab(f"http://127.0.0.1:{port}", token, directory)
                lab.api("status")
                return lab, process
            except (OSError, ValueError, KeyError):
                continue  # half-written file, or not listening yet
        time.sleep(0.1)
    process.kill()
    process.wait()
    raise RuntimeError("JupyterLab did not start:\n" + (home / "jupyterlab.log").read_text(errors="replace")[-3000:])


@pytest.fixture(scope="session")
def jupyterlab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """One JupyterLab for the whole session, with empty settings and a temporary root folder; its kernels are forked."""
    home = tmp_path_factory.mktemp("jupyter-home")
    server = commands.server([sys.executable], kernels.MODULES, server_environment(home))
    kernels.describe(home / "shared", "python3", sys.executable, server)
    lab, process = start_jupyterlab(home, tmp_path_factory.mktemp("jupyter-root"))
    yield lab
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture
def jupyterlab_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], JupyterLab]]:
    """A function that starts a JupyterLab of its own in a folder, such as a course with its nbgrader_config.py."""
    started: list[subprocess.Popen[bytes]] = []

    def start(directory: Path) -> JupyterLab:
        lab, process = start_jupyterlab(tmp_path_factory.mktemp("jupyter-home"), directory)
        started.append(process)
        return lab

    yield start
    for process in started:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def patient(browser: Browser) -> Browser:
    """Let every page of a browser wait for `PATIENCE`."""
    make = browser.new_context

    def new_context(**settings: Any) -> BrowserContext:
        context = make(**settings)
        context.set_default_timeout(PATIENCE)
        return context

    browser.new_context = new_context  # type: ignore[method-assign]
    return browser


T = TypeVar("T")


def kept(request: pytest.FixtureRequest, make: Callable[[], AbstractContextManager[T]], home: Path = HERE) -> T:
    """What a fixture makes once for all tests of a folder, and for a module where it is borrowed elsewhere."""
    chain = request.node.listchain()
    keeper = next((node for node in chain if node.path == home), request.node)
    made = keeper.stash.setdefault(KEPT, {})
    if request.fixturename not in made:
        stack = ExitStack()
        made[request.fixturename] = stack.enter_context(make())

        def end() -> None:
            del made[request.fixturename]
            stack.close()

        keeper.addfinalizer(end)
    return made[request.fixturename]


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium with an empty profile."""
    path = chromium_path()
    if path is None:
        missing("Chromium (set CHROMIUM to its path)")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, headless=True, args=CHROMIUM_ARGUMENTS)
        yield patient(started)
        started.close()


@pytest.fixture(scope="module")  # Playwright keeps an event loop running: `kept` ends it with a folder's tests
def browser(request: pytest.FixtureRequest) -> Browser:
    """The system's Chromium with an empty profile."""
    return kept(request, chromium)


@contextmanager
def a_page(browser: Browser) -> Iterator[Page]:
    """A page in a fresh context; an error in the page's own scripts that a test did not expect is in `page.errors`."""
    context = browser.new_context(viewport=SCREEN)  # type: ignore[arg-type]
    page = context.new_page()
    page.errors = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.errors.append(str(error)))  # type: ignore[attr-defined]
    yield page
    context.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of the test's own, in a fresh context (`a_page`)."""
    with a_page(browser) as page:
        yield page


class NotebookPage:
    """One notebook open in JupyterLab; its cells are numbered from 0, code cells only for outputs."""

    wire: Wire | None = None

    def __init__(self, page: Page, lab: JupyterLab, path: str) -> None:
        self.page, self.lab, self.path = page, lab, path

    def open(self, app: str = "lab/tree") -> NotebookPage:
        """Load the page and wait until the kernel is ready."""
        self.page.goto(self.lab.address(self.path, app))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.wait_idle()
        return self

    def open_instead(self, path: str, wire: Wire | None = None) -> None:
        """Close what is open as it is, and open a notebook in the same JupyterLab, with a kernel of its own.

        `wire` gets the web sockets between the page and that kernel.
        """
        self.close()
        self.as_it_was()
        self.connect_by(wire)
        self.path = path
        self.page.evaluate(
            """async path => {
                const { shell, commands } = window.jupyterapp;
                const opened = await commands.execute('docmanager:open', { path });
                await opened.context.ready;
                shell.activateById(opened.id);
            }""",
            path,
        )
        self.page.wait_for_function("path => window.jupyterapp.shell.currentWidget?.context?.path === path", arg=path)
        self.page.wait_for_selector(".jp-Notebook .jp-Cell")
        self.wait_idle()

    def close(self) -> None:
        """Close whatever is open, saving nothing; the kernels live on."""
        self.path = ""
        self.page.evaluate(
            """() => {
                for (const widget of [...window.jupyterapp.shell.widgets('main')]) {
                    if (widget.context) widget.context.model.dirty = false;
                    widget.close();
                }
            }"""
        )

    def connect_by(self, wire: Wire | None) -> None:
        """Let `wire` have the web sockets of the kernels that start from now on; None: nothing lies between."""
        if wire is not None and self.wire is None:
            self.page.evaluate("() => { window.directly = WebSocket; }")
            self.page.route_web_socket(re.compile(r"/channels"), lambda socket: self.wire(socket))
        if wire is not None or self.wire is not None:
            self.page.evaluate(
                """by_wire => {
                    window.jupyterapp.serviceManager.serverSettings.WebSocket = by_wire ? WebSocket : window.directly;
                }""",
                wire is not None,
            )
        self.wire = wire or self.wire

    def as_it_was(self) -> None:
        """Bring the page back to its usual screen and colours, without errors."""
        self.page.errors.clear()  # type: ignore[attr-defined]
        self.page.set_viewport_size(SCREEN)  # type: ignore[arg-type]
        self.page.emulate_media(reduced_motion="no-preference")
        self.page.mouse.move(0, 0)
        self.dark(False)

    def begin(self, sources: list[str]) -> None:
        """Bring a notebook that stays open back to how it was: no outputs, these code cells."""
        self.as_it_was()
        self.command("notebook:clear-all-cell-outputs")
        for index, source in enumerate(sources):
            self.set_source(index, source)
        self.page.evaluate(
            """() => {
                const content = window.jupyterapp.shell.currentWidget.content;
                content.activeCellIndex = 0;
                content.outerNode.scrollTop = 0;
            }"""
        )

    def wait_idle(self) -> None:
        """Wait until the kernel answers and nothing runs."""
        self.page.wait_for_function(
            """() => {
                const context = window.jupyterapp?.shell.currentWidget?.context;
                return context?.sessionContext?.session?.kernel?.status === 'idle';
            }""",
            polling=50,  # ms: to look with each frame, as is usual, has all the frames drawn
        )

    def command(self, name: str) -> None:
        """Execute a command of JupyterLab and wait for it, e.g. `docmanager:save`."""
        self.page.evaluate("async name => { await window.jupyterapp.commands.execute(name); }", name)

    def run_all(self) -> None:
        """Run every cell, wait until the kernel is idle again."""
        self.command("notebook:run-all-cells")
        self.wait_idle()

    def run_cell(self, index: int, command: str = "notebook:run-cell") -> None:
        """Run the code cell `index` alone."""
        self.page.evaluate(
            """async ([index, command]) => {
                const content = window.jupyterapp.shell.currentWidget.content;
                content.activeCellIndex = content.widgets.map((w, i) => [w, i])
                    .filter(([w]) => w.model.type === 'code')[index][1];
                await window.jupyterapp.commands.execute(command);
            }""",
            [index, command],
        )
        self.wait_idle()

    def run_from(self, index: int) -> None:
        """Run the code cell `index` and all below it."""
        self.run_cell(index, "notebook:run-all-below")

    def set_source(self, index: int, source: str) -> None:
        """Replace the text of the code cell `index`, as if it was typed."""
        self.page.evaluate(
            """([index, source]) => window.jupyterapp.shell.currentWidget.content.widgets
                .filter(w => w.model.type === 'code')[index].model.sharedModel.setSource(source)""",
            [index, source],
        )

    def output(self, index: int) -> Locator:
        """The output area of the code cell `index`."""
        return self.page.locator(".jp-CodeCell").nth(index).locator(".jp-Cell-outputArea")

    def output_text(self, index: int) -> str:
        """What the code cell `index` printed or showed, as text."""
        return self.output(index).inner_text().strip()

    def save(self) -> Path:
        """Save the notebook (with its widgets' state) and return the file."""
        self.command("docmanager:save")
        return self.lab.directory / self.path

    def errors(self) -> list[str]:
        """Errors in the page's own scripts since the notebook was opened."""
        return [error for error in self.page.errors if error != SLOW_TO_BEGIN]  # type: ignore[attr-defined]

    def has_run(self) -> bool:
        """Whether a cell was run since the outputs were cleared."""
        return self.page.evaluate(
            """() => window.jupyterapp.shell.currentWidget.content.widgets
                .some(w => w.model.type === 'code' && w.model.executionCount !== null)"""
        )

    def restart_kernel(self) -> None:
        """Restart the kernel without running anything."""
        self.page.evaluate(
            "() => window.jupyterapp.shell.currentWidget.context.sessionContext.session.kernel.restart()"
        )
        self.wait_idle()

    def dark(self, on: bool = True) -> None:
        """Switch JupyterLab's theme."""
        theme = "JupyterLab Dark" if on else "JupyterLab Light"
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", theme)
        self.page.wait_for_function("light => document.body.dataset.jpThemeLight === light", arg=str(not on).lower())

    def screenshot(self, name: str, locator: Locator | None = None) -> Path:
        """Keep a picture of the page (or of one element) in tests/artifacts/ for people to look at."""
        return picture(locator or self.page, name)


@contextmanager
def own_kernels(lab: JupyterLab) -> Iterator[None]:
    """End the kernels that are started meanwhile, and no other."""
    before = {session["id"] for session in lab.api("sessions")}
    yield
    for session in lab.api("sessions"):
        if session["id"] not in before:
            lab.api(f"sessions/{session['id']}", "DELETE")


def write_notebook(file: Path, cells: list[str]) -> None:
    """Write a notebook of code cells."""
    content = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    content.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    file.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(content, file)


@pytest.fixture(scope="module")
def lab(request: pytest.FixtureRequest, browser: Browser, jupyterlab: JupyterLab) -> NotebookPage:
    """JupyterLab in a page that stays, for notebook after notebook (`open_instead`)."""

    @contextmanager
    def opened() -> Iterator[NotebookPage]:
        with a_page(browser) as page:
            page.goto(f"{jupyterlab.url}/lab?token={jupyterlab.token}&reset")
            page.wait_for_function("() => window.jupyterapp")
            page.evaluate("() => window.jupyterapp.restored.then(() => null)")
            yield NotebookPage(page, jupyterlab, "")

    return kept(request, opened)


@pytest.fixture
def notebook(lab: NotebookPage) -> Iterator[Callable[..., NotebookPage]]:
    """A function that puts a notebook into JupyterLab's folder and opens it.

    `notebook("name.ipynb", cells=["code", …])` makes one of code cells; `notebook("name.ipynb",
    source=path)` copies one; `wire=`: see `NotebookPage.open_instead`.
    """

    def open_notebook(
        name: str, cells: list[str] | None = None, source: Path | None = None, wire: Wire | None = None
    ) -> NotebookPage:
        file = lab.lab.directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        if source is not None:
            shutil.copyfile(source, file)
        else:
            write_notebook(file, cells or [])
        lab.open_instead(name, wire)
        return lab

    with own_kernels(lab.lab):
        yield open_notebook
        lab.close()
