"""Modern Standard Arabic: polarity, the dual and the counted noun (التمييز), in one case.

**The case.** Every number is nominative (مرفوع), as the answer to "how much?". Two places have a
genitive that nothing else could stand for: the year after "عام" (عَامَ أَلْفَيْنِ وَسِتَّةٍ وَعِشْرِين) and the
hundreds after "بعد" in an ordinal. Each clip is spoken in pause (وقف), without its final vowel,
except where the next word leans on it: the first term of an annexation (مضاف) keeps its vowel and
loses its nun (ثَلَاثَةُ آلَاف، مِئَتَا دِرْهَم), and the accusative of specification (تمييز منصوب) its tanwin.

**The rules**, for a count N of a noun (المعدود), after R = N mod 100:

- 1 and 2 follow the noun or are in its dual: دِرْهَم وَاحِد، دِرْهَمَان. They agree in gender.
- R = 3-10: polarity (المخالفة): ة with a masculine noun, none with a feminine; the noun is a
  genitive plural: ثَلَاثَةُ دَرَاهِم، ثَلَاثُ دَقَائِق.
- R = 11-99: accusative singular: خَمْسَةَ عَشَر دِرْهَمًا. 11 and 12 agree in both parts (أَحَدَ عَشَر، إِحْدَى
  عَشْرَة); in 13-19 the unit has polarity and ten agrees. Both parts are built on fatha; only 12
  declines. Tens have no gender; their unit comes first: خَمْسَة وَعِشْرُون; 21 feminine is إِحْدَى وَعِشْرُون.
- R = 0: genitive singular in annexation: مِئَةُ دِرْهَم، أَلْفَا دِرْهَم، ثَلَاثَةُ آلَافِ دِرْهَم.
- R = 1, 2 above a hundred: the round number's noun, then the noun again: مِئَةُ دِرْهَم وَدِرْهَم, as in
  أَلْفُ لَيْلَةٍ وَلَيْلَة.

Thousand, million and milliard (10^9) are masculine nouns counted by the same rules, so 103,000 is
مِئَة وَثَلَاثَةُ آلَاف and 101,000 مِئَةُ أَلْف وَأَلْف. Members are joined by "وَ", which is one clip with what
follows. A bare number is masculine unless asked otherwise: ``gender`` is the noun's, so masculine
3 is ثَلَاثَة. Decimals follow "فَاصِلَة" as one number after their zeros, four and more one by one.

Dates are day, month, year: the day a definite ordinal (الأَوَّل مِن يَنَايِر عَام …), years 1000 to 2999.
Months are the common names; ``ar-MA`` has غُشْت, ``ar-DZ`` and ``ar-TN`` أُوت, the Levant and Iraq آب.
Ordinals go to 999: بَعْدَ المِئَة joins the hundreds.

Keys: ``and.`` in front is "وَ"; then the stem, then ``feminine``, ``joined`` (إِحْدَى، الحَادِي),
``construct`` (مضاف), ``oblique`` (مجرور). Nouns have ``singular dual plural accusative genitive``.
"""

from .calendar import Calendar
from .grammar import Arabic
from .words import SAY, TEXT

__all__ = ["SAY", "TEXT", "Arabic", "Calendar"]
