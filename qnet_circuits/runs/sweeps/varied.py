"""The options that a sweep varies, and all combinations of their values."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any

from qnet_circuits.devices.device_noise import DeviceNoise
from qnet_circuits.errors import ParameterError, check_count
from qnet_circuits.runs.options import RunOptions

MOST_POINTS = 100_000
#: Options whose values are tables, of which single terms may vary.
TABLES = ("noise", "options")
_DEFAULTS = vars(RunOptions())


def listed(name: str, given: Any) -> list[Any]:
    """Return the values of a list, or a single value as a list.

    Raises:
        ParameterError: If the list is empty.
    """
    if hasattr(given, "tolist"):
        given = given.tolist()
    found = list(given) if isinstance(given, list | tuple | range) else [given]
    if not found:
        raise ParameterError(f"the list of values of {name} is empty; leave {name} out for its default")
    return found


def combinations(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return all combinations of some values by name; the last name changes fastest.

    Raises:
        ParameterError: If a list is empty, or there are more than 100,000 combinations.
    """
    lists = {name: listed(name, given) for name, given in values.items()}
    check_count("the number of combinations", math.prod(map(len, lists.values())), 1, MOST_POINTS)
    return [dict(zip(lists, chosen, strict=True)) for chosen in itertools.product(*lists.values())]


def options_asked(given: Mapping[str, Any], vary: Mapping[str, Any] | None) -> list[RunOptions]:
    """Return the options of each combination of the varied options.

    Args:
        given: The options with one value.
        vary: Lists of values by the option's name, or by that of a term, such as ``noise.feedforward_latency``.

    Raises:
        ParameterError: If an option has values twice, or a value is out of range.
        TypeError, UnsupportedError: If there is no such option, or a sweep does not take it.
    """
    lists = {str(name): values for name, values in (vary or {}).items()}
    return [RunOptions.of("sweep", _with(given, chosen)) for chosen in combinations(lists)]


def _with(given: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options with a combination of values. A whole option is set before its terms."""
    asked = dict(given)
    for name in sorted(chosen, key=lambda each: "." in each):
        option, _, term = name.partition(".")
        if not term:
            _check_once(name, given)
            asked[option] = chosen[name]
            continue
        if option not in TABLES:
            raise ParameterError(f"terms of {' and '.join(TABLES)} may vary, got {name!r}")
        table = asked.get(option)
        plain = table.to_dict() if isinstance(table, DeviceNoise) else dict(table or {})
        if table is given.get(option) and isinstance(table, Mapping):
            _check_once(term, table)
        asked[option] = {**plain, term: chosen[name]}
    return asked


def _check_once(name: str, given: Mapping[str, Any]) -> None:
    if name in given:
        raise ParameterError(
            f"{name} has one value, {given[name]!r}, and a list of values; give it only once"
        )


def varied(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return for each row of a sweep the options, and terms of options, that differ between rows."""
    said = [_flat({**_DEFAULTS, **row["point"]["options"]}) for row in rows]
    names = [
        name
        for name in dict.fromkeys(name for each in said for name in each)
        if any(each.get(name) != said[0].get(name) for each in said)
    ]
    return [{name: each.get(name) for name in names} for each in said]


def changed(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a point, and terms of options, that differ from their defaults."""
    defaults = _flat(_DEFAULTS)
    return {name: value for name, value in _flat(options).items() if value != defaults.get(name)}


def _flat(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with the terms of tables by dotted names. Unnamed terms of noise have their defaults."""
    flat: dict[str, Any] = {}
    for name, value in options.items():
        table = DeviceNoise().to_dict() if name == "noise" and value is None else value
        terms = table if name in TABLES and isinstance(table, Mapping) else None
        flat.update(
            {name: value} if terms is None else {f"{name}.{term}": each for term, each in terms.items()}
        )
    return flat
