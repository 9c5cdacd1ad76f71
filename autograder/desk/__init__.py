"""What an instructor's commands do and say; :mod:`autograder.__main__` parses their words."""
