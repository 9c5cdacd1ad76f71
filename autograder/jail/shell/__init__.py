"""IPython's shell in the jail, over a pipe each way: what a Jupyter kernel does for a notebook without its ceremony.

`inside` is the shell's side, made in the zygote before it forks; `outside` is the grader's, which trusts nothing that
comes; `ready` keeps some of them ahead of the work; `notebook` runs a notebook's cells through one.

On the pipes go frames: the length of a JSON text and of the bytes behind it (`FRAME`), the text, the bytes. The text
is a Jupyter message: ``msg_type``, ``parent`` (the request it answers), ``content``, ``metadata``, and ``sizes``, the
lengths of its buffers in the bytes behind it.
"""

import struct

FRAME = struct.Struct("!II")
