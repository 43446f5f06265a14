"""What staff and pages read."""
