"""Stand-in until registered."""
