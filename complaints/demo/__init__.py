"""The demo: master data, people, goods, and a quarter of lived history.

Orders and complaints in every state are not written into tables: `history` plays their stories through the same
services that people use, at the moments they happened, so the demo cannot contain what the rules forbid.
"""

from collections.abc import Callable

from catalog import loading as catalogue
from complaints import master_data
from complaints.demo import applicants, history, prepared, state_side, voices
from orders import loading as people
from suppliers import loading as suppliers
from suppliers.watch import signals

PASSWORD = "demo-portal"  # noqa: S105  # nosec B105  # public: it opens nothing but demo accounts


def load(say: Callable[[str], None]) -> None:
    """Load what is missing; a second run changes nothing."""
    master_data.load()
    say("regions, offices, authorities, calendar, rules, product types, complaint forms, routing")
    catalogue.load_products()
    say("products")
    known = people.load_people(password=PASSWORD)
    suppliers.load_suppliers()
    suppliers.load_offers()
    suppliers.refresh()
    say("people, suppliers, offers, search documents")
    people.load_entitlements(known)
    say("entitlements")
    played = history.play()
    say(f"{played} steps of orders and complaints")
    say(f"{voices.speak()} marks, a mystery visit")
    if state_side.act():
        say("a situational headquarters, an instruction, a fine, a lot that is called back")
    if signals.sweep():
        say("signals of the market, one of two suppliers with the same phone")
    if applicants.apply():
        say("two businesses that want to sell: one is being checked, one asks for a second check")
    if prepared.make():
        say("an application that is ready to be sent again, with a photo")
