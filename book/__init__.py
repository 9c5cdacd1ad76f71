"""The course as a static book: `make book`."""

import sys

# As `autograder` does it: without this module jsonschema, which nbformat imports, builds no grammar in each start.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
