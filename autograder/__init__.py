"""The instructors' package: references, misconceptions, secret probes, jailed grading, reports. Not for students."""
