"""Stand-in until registered; replaced by the draft kind "order"."""
