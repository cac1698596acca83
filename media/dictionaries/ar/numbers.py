"""Arabic cardinals and counted nouns.

Every member begins with ``and.``; whoever begins a phrase takes the first one off (``opened``).
"""

from __future__ import annotations

from typing import Final

from media.dictionaries import parts

from .nouns import SCALES, Noun
from .words import TEXT

Keys = tuple[str, ...]


def opened(keys: list[str]) -> list[str]:
    """The phrase begins here: its first member has no "وَ"."""
    keys[0] = keys[0].removeprefix("and.")
    return keys


def _below_hundred(n: int, feminine: bool, construct: bool) -> Keys:
    gender = ".feminine" if feminine else ""
    if n <= 10:
        annexed = ".construct" if construct and n > 2 else ""
        return (f"and.number.{n}{gender}{annexed}",)
    if n < 20:
        return (f"and.number.{n}{gender}",)
    unit, ten = n % 10, f"and.number.{n - n % 10}"
    if not unit:
        return (ten,)
    joined = ".joined" if feminine and unit == 1 else ""
    return (f"and.number.{unit}{gender}{joined}", ten)


def _below_thousand(n: int, feminine: bool, construct: bool) -> Keys:
    if not n:
        return ("number.0.construct" if construct else "number.0",)
    hundreds, rest = n - n % 100, n % 100
    if not rest:
        return (f"and.number.{hundreds}.construct" if construct else f"and.number.{hundreds}",)
    tail = _below_hundred(rest, feminine, construct)
    return (f"and.number.{hundreds}", *tail) if hundreds else tail


_TABLES: Final = {
    (feminine, construct): tuple(_below_thousand(n, feminine, construct) for n in range(1000))
    for feminine in (False, True)
    for construct in (False, True)
}


def cardinal(whole: int, feminine: bool = False, construct: bool = False) -> list[str]:
    """Members of a number; ``construct`` annexes its last one to what it counts."""
    table = _TABLES[feminine, construct]
    if whole < 1000:
        return list(table[whole])
    keys: list[str] = []
    for group, power in parts.thousands(whole):
        scale = SCALES[power]
        if scale is None:
            keys.extend(table[group])
        else:
            keys.extend(_scaled(group, scale, construct and not whole % 1000**power))
            if power > 1 and whole % 1000**power:
                keys.append(parts.PAUSE_SHORT)
    return keys


def counted(count: int, noun: Noun) -> list[str]:
    """Members of a count and its noun, by the rules of the package's docstring."""
    if count == 1:
        one = "number.1.feminine" if noun.feminine else "number.1"
        return [f"and.{noun.key}.singular", one]
    return _with_noun(count, noun, "")


def _scaled(group: int, scale: Noun, construct: bool) -> list[str]:
    """Thousands: as any counted noun, but the first has no "one"."""
    form = ".construct" if construct else ""
    if group == 1:
        return [f"and.{scale.key}.singular{form}"]
    return _with_noun(group, scale, form)


def _with_noun(count: int, noun: Noun, form: str) -> list[str]:
    """``form`` is the noun's own suffix where it is annexed in turn; ``count`` is not 1."""
    if count == 2:
        return [f"and.{noun.key}.dual{form}"]
    rest = count % 100
    if rest in (1, 2):
        again = "singular" if rest == 1 else "dual"
        round_number = cardinal(count - rest, noun.feminine, construct=True)
        return [*round_number, f"{noun.key}.genitive", f"and.{noun.key}.{again}{form}"]
    if 3 <= rest <= 10:
        return [*cardinal(count, noun.feminine, construct=True), f"{noun.key}.plural{form}"]
    if rest:
        return [*cardinal(count, noun.feminine), f"{noun.key}.accusative{form}"]
    return [*cardinal(count, construct=True), f"{noun.key}.genitive{form}"]


def year(value: int) -> list[str]:
    """The genitive after "عام": what sounds the same in pause keeps its nominative clip."""
    keys = opened(cardinal(value))
    return [oblique if (oblique := f"{key}.oblique") in TEXT else key for key in keys]
