"""Time stamps in payloads: moving all of them at once."""

_STAMPS = frozenset({"timestamp", "creation_timestamp", "last_update_timestamp"})


def shifted(value: object, by_ms: int) -> object:
    """A copy of a payload with every time stamp ``by_ms`` later; expiries stay.

    >>> shifted([{"timestamp": 1000, "expiration_timestamp": 5, "price": 7.0}], -200)
    [{'timestamp': 800, 'expiration_timestamp': 5, 'price': 7.0}]
    """
    if isinstance(value, dict):
        return {
            key: entry + by_ms if key in _STAMPS and isinstance(entry, int) else shifted(entry, by_ms)
            for key, entry in value.items()
        }
    if isinstance(value, list):
        return [shifted(entry, by_ms) for entry in value]
    return value
