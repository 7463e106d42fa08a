"""What every installation needs before its first person: places, rules, product types, complaint forms."""

from catalog import loading as catalogue
from complaints import loading as complaints
from marketplace import loading as marketplace


def load() -> None:
    """Bring the master data of the data files into the tables; safe to run twice, edited rules stay."""
    marketplace.load_all()
    catalogue.load_types()
    complaints.load_all()
