from tests.catalog.live_elastic import elastic_url, live_elastic  # noqa: F401
from tests.market import demo_market, index_folder, nothing_remembered  # noqa: F401
