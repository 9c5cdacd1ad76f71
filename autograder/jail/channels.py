"""What comes with a request for a kernel, in this order: a Jupyter kernel's sockets, or a shell's two pipes."""

CHANNELS = ("shell", "iopub", "stdin", "control")
PIPES = ("requests", "answers")
