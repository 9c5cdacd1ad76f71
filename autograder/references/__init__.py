"""Reference answers of Part B. Each is checked against torch or a closed form in ``tests/references``."""
