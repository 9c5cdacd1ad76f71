"""nbgrader's Execute, in the jail; and the one call that puts it into a course's configuration."""

from __future__ import annotations

from typing import Any

from nbclient.exceptions import CellExecutionComplete
from nbformat import NotebookNode, ValidationError
from nbgrader.converters import Autograde
from nbgrader.preprocessors import Execute
from traitlets import default
from traitlets.config import Config

from .provisioner import JailedKernelManager
from .report import LEVELS


class JailedExecute(Execute):
    """Runs a submission's cells in a jailed kernel. Everything configured for Execute holds here too.

    After a notebook has run, ``resources["jail"]`` holds the report as plain data and
    ``resources["kernel_ended"]`` why the kernel ended before its time ('' when it did not).
    """

    last_manager: object = None

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

    def process_message(self, msg: dict[str, object], cell: NotebookNode, cell_index: int) -> object:
        """The base's, but a message that no notebook can hold is dropped: a hostile kernel may say anything."""
        try:
            return super().process_message(msg, cell, cell_index)
        except CellExecutionComplete:
            raise
        except (ValidationError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None

    def preprocess(self, nb: object, resources: object, km: object = None) -> Any:
        """Run the notebook; see the class for what is added to `resources`, also when this raises."""
        self.last_manager = km
        try:
            nb, result = super().preprocess(nb, resources, km)
        except BaseException:
            self._tell(resources)
            raise
        self._tell(result)
        return nb, result

    def _tell(self, resources: Any) -> None:
        if isinstance(self.last_manager, JailedKernelManager):
            report = self.last_manager.jail_report
            resources["jail"] = report.to_dict() if report else None
            resources["kernel_ended"] = self.last_manager.ending()


def switch_on(config: Config, *, minimum: str = "confined", **settings: Any) -> None:
    """Jail the kernels of `nbgrader autograde` for the course whose configuration this is.

    `settings` are those of `JailedProvisioner`: ``packages``, ``profile``, ``limits``, ``canaries``, ...
    Call it after any line that sets ``c.Autograde.autograde_preprocessors``: Execute is replaced where it
    stands in that list. Raises ``ValueError`` for an unknown level or setting, or when there is no Execute
    to replace.
    """
    from .provisioner import JailedProvisioner

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
