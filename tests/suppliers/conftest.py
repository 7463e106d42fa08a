from tests.market import demo_market, index_folder, nothing_remembered  # noqa: F401
