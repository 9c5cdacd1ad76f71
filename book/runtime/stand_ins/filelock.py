"""In a page there is one thread and a file system of its own: nothing to lock. Tabs take turns by themselves."""


class Timeout(Exception):
    """Never raised here."""


class FileLock:
    """A lock that is always free."""

    def __init__(self, *args, **settings):
        pass

    def acquire(self, *args, **settings):
        """Give the lock."""
        return self

    def release(self, *args, **settings):
        """Take it back."""

    def __enter__(self):
        return self

    def __exit__(self, *why):
        return None
