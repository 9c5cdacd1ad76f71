"""The instructors' package: references, misconceptions, secret probes, jailed grading, reports. Not for students."""

import sys

# jsonschema, which nbformat imports, builds a grammar of international addresses for a check that no notebook asks for:
# half of the time a command takes to start. Without the module it leaves that check out.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
