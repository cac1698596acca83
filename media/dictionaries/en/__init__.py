"""English: British reading by default ("one hundred and five", day first); ``en-US`` without.

Clips are words: 0-19, the tens, hundred, thousand, million, billion (10^9). "And" stands before
the tens of the last group ("one thousand and five"); a decimal is read digit by digit. Years from
1100 are read in pairs ("nineteen oh five"), the first ten of a millennium as numbers. The 24-hour
clock is "oh nine thirty", "fifteen hundred".
"""

from .grammar import English
from .words import SAY, TEXT

__all__ = ["SAY", "TEXT", "English"]
