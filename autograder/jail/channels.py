"""What comes with a request for a kernel, in this order: a Jupyter kernel's sockets, or a shell's two pipes."""

CHANNELS = ("shell", "iopub", "stdin", "control")
PIPES = ("requests", "answers")

#: What a zygote is told in place of an order for a kernel: to fork another zygote.
ANOTHER = b"zygote"
