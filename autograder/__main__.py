"""The instructor's commands: ``python -m autograder <command>``, from the course's root."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    top = argparse.ArgumentParser(prog="python -m autograder", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True, metavar="command")

    demo = commands.add_parser(
        "demo", help="grade the sample class from end to end", description="Grade the sample class from end to end.",
        epilog="example: python -m autograder demo",
    )  # fmt: skip
    demo.add_argument("parts", nargs="*", metavar="part", help="part_a, part_b, part_c (default: all that are released)")
    demo.set_defaults(run=_demo)

    record = commands.add_parser(
        "record", help="write the recorded expectations of the public probes into lrtutorial/recorded/",
        description="Compute reference and misconceptions on the public probes and record them for the notebooks.",
        epilog="example: python -m autograder record a1-gradient b2",
    )  # fmt: skip
    record.add_argument("steps", nargs="*", metavar="step", help="steps to record (default: all)")
    record.set_defaults(run=_record)
    return top


def _demo(arguments: argparse.Namespace) -> int:
    from autograder.demo import grade_sample_class

    return grade_sample_class(arguments.parts)


def _record(arguments: argparse.Namespace) -> int:
    from autograder.record import record

    for path in record(arguments.steps):
        print(f"{path.name:28} {path.stat().st_size / 1000:8.1f} kB")
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code: 0, or 1 after a message that says what to do."""
    arguments = parser().parse_args(words)
    try:
        return int(arguments.run(arguments))
    except (KeyError, ValueError, RuntimeError, OSError) as error:
        message = error.args[0] if isinstance(error, KeyError) and error.args else error
        print(f"{parser().prog} {arguments.command}: {message}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
