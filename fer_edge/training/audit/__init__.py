"""Training images whose labels are most likely wrong, and a report for a person to review."""
