"""What is handed in is read, repaired from the release where that is safe, or that one submission is rejected."""
