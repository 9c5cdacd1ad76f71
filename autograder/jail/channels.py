"""The names of the channels whose listening sockets come with a request for a kernel, in this order."""

CHANNELS = ("shell", "iopub", "stdin", "control")
