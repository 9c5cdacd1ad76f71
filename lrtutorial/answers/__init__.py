"""What becomes of an answer: collected within its time, checked to be one's own work, judged, and remembered."""
