"""Makes one IPython shell when it is imported: the first takes three times as long as the next that each kernel makes.

What it leaves behind is what IPython keeps: compiled patterns, and what its configurable classes know of themselves.
"""

from __future__ import annotations

import sys

from ipykernel.zmqshell import ZMQInteractiveShell
from traitlets.config import Config


def make() -> None:
    """Make a shell and put back what it changes in the interpreter."""
    main = sys.modules["__main__"]
    config = Config()
    config.HistoryManager.enabled = False
    ZMQInteractiveShell(config=config)
    sys.modules["__main__"] = main


make()
