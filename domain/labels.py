"""Names that people give to rules, tags, calendars: one line that reads as it is written."""

from domain.composing import one_line


def label(text: str) -> str:
    """Give a name as it is kept: single blanks, and nothing that reorders or hides letters.

    Marks of direction would let one name look like another (UTR 36, 2.1 and 3.3).
    """
    return " ".join(one_line(text).split())
