"""Django's PostgreSQL, which asks no "are you there?" over a line that is plainly open."""
