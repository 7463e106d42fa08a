"""Parts of a whole, as every report gives them."""


def share(part: int, whole: int) -> float | None:
    """Per cent with one decimal; nothing of nothing."""
    return round(part * 100 / whole, 1) if whole else None
