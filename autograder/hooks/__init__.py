"""nbgrader's own commands as doors to this course: the release's skeletons, and the stock autograde."""
