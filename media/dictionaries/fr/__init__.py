"""French, with the Belgian ("septante", "nonante") and Swiss ("huitante" besides) tens.

0 to 99 are whole clips, since elision and liaison run through them. A word has more than one
form where the ear expects it:

- ``joined``: before a consonant ("six" /si/, "huit" /ɥi/, "dix" /di/), and "quatre-vingt" without
  its s before "mille";
- ``voiced``: "neuf" /nœv/ before "heures";
- ``feminine``: "une", "vingt et une";
- nouns that begin with a vowel have the liaison in front: "deux z-euros" is ``number.2`` and
  ``currency.EUR.other.z``, "vingt t-heures" ``number.20`` and ``unit.hour.other.t``.

"Cent" takes its s where it is multiplied and ends the number or stands before a noun (million is
one, mille is none); "mille" never varies; "million" and "milliard" take "de" before a noun.
"Mille" is masculine whatever is counted: "vingt et un mille livres". Decimals are read as one
number after their zeros ("trois virgule zéro cinq"), four and more digit by digit.
"""

from .grammar import French
from .numbers import BELGIAN, FRENCH, SWISS
from .words import SAY, TEXT

__all__ = ["BELGIAN", "FRENCH", "SAY", "SWISS", "TEXT", "French"]
