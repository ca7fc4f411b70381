"""Keys of texts: an entry's number, and the text's place within the entry."""

PLACES = 32
"""Keys of one entry: the contract allows texts in 20 languages."""


def key_of(number: int, place: int) -> int:
    """Returns the key of an entry's texts at a place."""
    return number * PLACES + place


def keys_of(number: int) -> range:
    """Returns all keys that an entry's texts may have."""
    return range(key_of(number, 0), key_of(number + 1, 0))
