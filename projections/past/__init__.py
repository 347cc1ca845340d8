"""What was: as of a position or a time, and why."""
