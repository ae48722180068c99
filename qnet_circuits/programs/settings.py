"""Settings, a Pauli for each qubit, that measure many products of Paulis together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def grouped(
    products: Iterable[str], settings: Sequence[str] = (), most: int | None = None
) -> dict[str, list[str]]:
    """Return settings that measure all of these Pauli products, each with the products that joined it.

    Products with the most Paulis come first, and each joins the first setting that it does not contradict.

    Args:
        products: Products of Paulis, with I where nothing is measured.
        settings: Settings that are there already.
        most: With more settings than this, the search ends, and some products are left out. Default: no limit.

    Example:
        >>> grouped(["ZXI", "IXZ", "YYI"], ["XZX"])
        {'XZX': [], 'ZXZ': ['ZXI', 'IXZ'], 'YYZ': ['YYI']}
    """
    found = list(settings)
    joined: list[list[str]] = [[] for _ in found]
    for paulis in sorted(products, key=lambda each: each.count("I")):
        k = next((k for k, setting in enumerate(found) if measures(setting, paulis)), None)
        if k is not None:
            found[k] = "".join(b if a == "I" else a for a, b in zip(found[k], paulis, strict=True))
            joined[k].append(paulis)
            continue
        found.append(paulis)
        joined.append([paulis])
        if most is not None and len(found) > most:
            break
    return dict(zip(map(whole, found), joined, strict=True))


def measures(setting: str, product: str) -> bool:
    """Tell whether a setting measures a product of Paulis, if wires with I are free.

    Example:
        >>> measures("XZ", "IZ"), measures("XI", "XY"), measures("XZ", "XX")
        (True, True, False)
    """
    return all("I" in (a, b) or a == b for a, b in zip(setting, product, strict=True))


def whole(setting: str) -> str:
    """Return a setting in which wires that may be measured in any basis are measured in Z.

    Example:
        >>> whole("XIY")
        'XZY'
    """
    return setting.replace("I", "Z")
