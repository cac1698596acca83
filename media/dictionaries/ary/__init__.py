"""Moroccan Arabic (Darija, ``ary``), as it is counted with in Casablanca and Rabat.

Written from memory of what Harrell, *A Short Reference Grammar of Moroccan Arabic* (1962), says of
numerals, and not yet confirmed by a native speaker; where usage varies the choice is said here, to
be changed in one place.

- 2 alone is "جوج", but "تنين" before a ten (تنين و عشرين); units stand before tens, all members
  are joined by "و", one clip of its own.
- Only 1 has genders: واحد، وحدة, also before a ten.
- 3 to 9 lose their ending before "آلاف": تلت آلاف. 2,000 is ألفين, 200 ميتين.
- A counted noun after 2-10 stands in the plural with "د" (of) and its article, خمسة د الدراهم;
  after 11-19 in the singular, their end with ر: حضاشر درهم; after tens in the singular: عشرين درهم;
  a hundred leans on its noun: ميات درهم، تلت ميات درهم. Million and milliard are such nouns.
- The noun goes before its 1: درهم واحد; above a hundred it follows alone: مية و درهم.
- Ordinals have words of their own to the tenth; beyond it is "رقم" and the number.
- Dates say the day as a number and the month by its Moroccan name; years are numbers after "عام".
- The twelve-hour clock counts in fives (قسم): و قسم، و قسماين، و ربع، و تلت، و نص; before the full
  hour قل تلت، قل ربع، قل قسماين، قل قسم. Other minutes are counted. Phones are read in pairs.

Letters are spelled as in ``ar``. No synthetic voice speaks Darija: the pack is read by the Arabic
one from this vocalised spelling, to be replaced by a Moroccan speaker's recordings.
"""

from .grammar import Darija
from .words import SAY, TEXT

__all__ = ["SAY", "TEXT", "Darija"]
