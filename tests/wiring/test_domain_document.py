"""docs/domain.md shows the state machines as they are."""

from django.core.management import call_command


def test_the_diagrams_are_drawn_from_the_tables_of_steps():
    call_command("domain_doc", check=True)
