"""From what was handed in to verdicts: one notebook (one), a class (engine), and what would change (preview)."""
