"""Two stores whose bytes tell where they are."""

from qnet_circuits.qkd.delivery.key_ids import Audience
from qnet_circuits.qkd.delivery.store import SECRET_BYTES, KeyStore

ONE, TWO = Audience("app-a", ("app-b",), ("app-b",)), Audience("app-b", ("app-a",), ("app-a",))


def numbered(first, count):
    """Return a key of numbers of four bytes, each of which is there once."""
    return b"".join(number.to_bytes(4) for number in range(first, first + count))


def numbers(keys):
    """Return the numbers in keys that were cut out of it."""
    return [key[at : at + 4] for key in keys for at in range(0, len(key), 4)]


def pair(base, key=b"", name="session 1"):
    """Return the stores of two hosts A and B, with a key if one is given."""
    stores = KeyStore(base / "a", "A", "B"), KeyStore(base / "b", "B", "A")
    for store in stores if key else ():
        store.add(name, key, 1e-10)
    return stores


def halves(key):
    """Return the bits for applications of A and of B."""
    middle = len(key) // 2
    return key[SECRET_BYTES:middle], key[middle + SECRET_BYTES :]
