"""The instructors' half of the course of probability: never installed, never handed out."""
