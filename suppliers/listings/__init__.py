"""Goods that a supplier puts on sale: ``answers`` reads the draft, ``sending`` makes the listing, ``deciding`` is what the
ministry and the supplier do with it. What is on sale is not touched before a listing is published."""
