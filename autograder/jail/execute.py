"""nbgrader's Execute, in the jail; and the one call that puts it into a course's configuration."""

from __future__ import annotations

from typing import Any

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode, ValidationError
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute
from traitlets import Bool, default
from traitlets.config import Config

from .errors import JailError, KernelNotStarted
from .provisioner import JailedKernelManager, JailedProvisioner
from .report import LEVELS, JailReport
from .shell import ready
from .shell.notebook import run_cell
from .shell.outside import Shell


class JailedExecute(Execute):  # type: ignore[misc]  # nbgrader ships no types
    """Runs a submission's cells in a jailed kernel. Everything configured for Execute holds here too.

    After a notebook has run, ``resources["jail"]`` holds the report as plain data and
    ``resources["kernel_ended"]`` why the kernel ended before its time ('' when it did not).
    """

    stock_kernel = Bool(
        False,
        help="Run a Jupyter kernel on its five sockets, in place of IPython's shell on a pipe each way (jail/shell).",
    ).tag(config=True)
    last_manager: object = None
    shell: Shell | None = None

    def __init__(self, *args: object, **kwargs: object) -> None:
        kwargs.setdefault("kernel_manager_class", JailedKernelManager)
        super().__init__(*args, **kwargs)

    @default("shutdown_kernel")
    def _shutdown_at_once(self) -> str:
        return "immediate"

    def create_kernel_manager(self) -> object:
        """The base's, remembered past the end of the kernel, when the base forgets it."""
        self.last_manager = super().create_kernel_manager()
        return self.last_manager

    def start_new_kernel_client(self) -> object:
        """The base's. Raises ``KernelNotStarted`` where that raises an error which a cell's could be taken for."""
        try:
            return super().start_new_kernel_client()
        except JailError:
            raise
        except RuntimeError as error:  # it died, or did not answer
            raise KernelNotStarted(f"The kernel didn't get ready: {error}") from error

    def process_message(self, msg: dict[str, object], cell: NotebookNode, cell_index: int) -> object:
        """The base's, but a message that no notebook can hold is dropped: a hostile kernel may say anything."""
        try:
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            raise
        except (ValidationError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None

    def preprocess(self, nb: NotebookNode, resources: object, km: object = None) -> Any:
        """Run the notebook; see the class for what is added to `resources`, also when this raises."""
        self.last_manager, self.shell = km, None
        try:
            if self.stock_kernel or km is not None:
                nb, result = super().preprocess(nb, resources, km)
            else:
                nb, result = self._through_a_shell(nb, resources)
        except BaseException:
            self._tell(resources)
            raise
        self._tell(result)
        return nb, result

    def _through_a_shell(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """As nbconvert's `preprocess`, without a kernel manager."""
        NotebookClient.__init__(self, nb, None)
        self.reset_execution_trackers()
        self._check_assign_resources(resources)
        cwd = self.resources.get("metadata", {}).get("path") or None
        self.shell = shell = ready.take(JailedProvisioner(config=self.config), cwd)
        self.kc: Any = shell  # what a widget of nbclient's sends its state to
        try:
            self.nb.metadata["language_info"] = shell.language
            for index, cell in enumerate(self.nb.cells):
                self.preprocess_cell(cell, resources, index)
        finally:
            shell.ending()  # why, if it has ended by itself
            self.kc = None
            ready.leave(shell)
        self.set_widgets_metadata()
        return self.nb, self.resources

    def execute_cell(self, cell: Any, cell_index: int, *args: Any, **words: Any) -> Any:
        """One cell, by whichever way the notebook runs."""
        if self.shell is None:
            return super().execute_cell(cell, cell_index, *args, **words)
        return run_cell(self, self.shell, cell, cell_index, *args, **words)

    def jail_report(self) -> JailReport | None:
        """What holds, or held, the notebook that ran last."""
        if self.shell is not None:
            return self.shell.jail_report
        return self.last_manager.jail_report if isinstance(self.last_manager, JailedKernelManager) else None

    def ending(self) -> str:
        """Why its kernel ended before its time, as far as is known; empty while it runs and after its work."""
        if self.shell is not None:
            return self.shell.ending()
        if not isinstance(self.last_manager, JailedKernelManager):
            return ""
        kernel = getattr(self.last_manager.provisioner, "kernel", None)
        if kernel is not None:
            kernel.poll()  # takes in what the warden said meanwhile
        return self.last_manager.ending()

    def _tell(self, resources: Any) -> None:
        if self.shell is not None or isinstance(self.last_manager, JailedKernelManager):
            report = self.jail_report()
            resources["jail"] = report.to_dict() if report else None
            resources["kernel_ended"] = self.ending()


def switch_on(config: Config, *, minimum: str = "confined", **settings: Any) -> None:
    """Jail the kernels of `nbgrader autograde` for the course whose configuration this is.

    `settings` are those of `JailedProvisioner`: ``packages``, ``profile``, ``limits``, ``canaries``, ... Call it after
    any line that sets ``c.Autograde.autograde_preprocessors``: Execute is replaced where it stands in that list. Raises
    ``ValueError`` for an unknown level or setting, or when there is no Execute to replace.
    """
    unknown = set(settings) - set(JailedProvisioner.class_traits(config=True))
    if unknown or minimum not in LEVELS:
        raise ValueError(f"Unknown jail setting: {', '.join(sorted(unknown)) or minimum}. Levels: {', '.join(LEVELS)}.")
    listed = config.Autograde.autograde_preprocessors
    steps = list(listed) if isinstance(listed, list) else Autograde.autograde_preprocessors.default()
    names = (Execute, "nbgrader.preprocessors.Execute", "nbgrader.preprocessors.execute.Execute")
    if not any(step in names for step in steps):
        raise ValueError("Autograde.autograde_preprocessors holds no nbgrader Execute that could be jailed.")
    config.Autograde.autograde_preprocessors = [JailedExecute if step in names else step for step in steps]
    config.JailedProvisioner.minimum = minimum
    for name, value in settings.items():
        setattr(config.JailedProvisioner, name, value)
