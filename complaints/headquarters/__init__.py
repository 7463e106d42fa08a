"""The situational headquarters of a region: bodies and invited NGOs over anonymised cases, tasks and minutes (S1 1.5)."""
