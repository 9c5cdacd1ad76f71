"""The course as a static book: `make book`."""
