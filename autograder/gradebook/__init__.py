"""What is kept: nbgrader's gradebook, the ledger of verdicts beside it, and the one writer of both."""
