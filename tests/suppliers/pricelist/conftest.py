from tests.market import index_folder, nothing_remembered  # noqa: F401
from tests.suppliers.pricelist.lists import media, shop  # noqa: F401
