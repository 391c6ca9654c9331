"""Date fields as senders write them (RFC 5322 3.3, 4.3, and worse), always in UTC."""

import re
from datetime import UTC, datetime, timedelta

_COMMENT = re.compile(r"\([^()]*\)")
_TIME = re.compile(r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:[.,]\d+)?)?\s*([AaPp][Mm]\b)?")
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T\s]|$)")
_NAMED = re.compile(r"([^\W\d_]{3,10})\.?")
_DAY = re.compile(r"(?<![\d:+-])(\d{1,2})(?:st|nd|rd|th)?\.?(?![\d:])")
_YEAR = re.compile(r"(?<![\d:+])(\d{2,4})(?![\d:])")
_OFFSET = re.compile(r"(?:GMT|UTC?)?\s*([+-])\s?(\d{1,2}):?(\d{2})\b")
_WORD = re.compile(r"\b([A-Za-z]{1,5})\b")

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan gen",
            "feb fév fev",
            "mar mär mrz",
            "apr avr",
            "may mag mai",
            "jun giu",
            "jul lug",
            "aug ago aoû",
            "sep set",
            "oct ott okt",
            "nov",
            "dec dic dez déc",
        ),
        start=1,
    )
    for name in names.split()
}
# RFC 5322 4.3, and the zones of Europe. A military letter or an unknown name means -0000.
_ZONES = {
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
    "akst": -540,
    "hst": -600,
    "wet": 0,
    "west": 60,
    "bst": 60,
    "cet": 60,
    "met": 60,
    "mez": 60,
    "cest": 120,
    "mest": 120,
    "mesz": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "ist": 330,
    "hkt": 480,
    "sgt": 480,
    "jst": 540,
    "kst": 540,
    "aest": 600,
    "aedt": 660,
    "nzst": 720,
    "nzdt": 780,
}


def read_date(text: str) -> datetime | None:
    """Give the moment that a date field names; None when it cannot be told."""
    plain = _COMMENT.sub(" ", text[:500])
    time = _TIME.search(plain)
    if time is None:
        return None
    day = _day_of(plain[: time.start()], plain[time.end() :])
    if day is None:
        return None
    hour, minute, second = int(time[1]), int(time[2]), min(int(time[3] or 0), 59)
    if time[4]:
        hour = hour % 12 + (12 if time[4].lower() == "pm" else 0)
    try:
        local = datetime(*day, hour, minute, second, tzinfo=UTC)
        moment = local - timedelta(minutes=_offset(plain[time.end() :]))
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= 1970 else None


def _day_of(before: str, after: str) -> tuple[int, int, int] | None:
    """Find year, month and day: before the time as a rule, the year after it in asctime."""
    if iso := _ISO.search(before):
        return int(iso[1]), int(iso[2]), int(iso[3])
    named = next(
        ((m, _MONTHS[m[1][:3].lower()]) for m in _NAMED.finditer(before) if _is_month(m[1])), None
    )
    if named is None:
        return None
    match, month = named
    head, tail = before[: match.start()], before[match.end() :]
    day = _DAY.search(head) or _DAY.search(tail)
    rest = tail[day.end() :] if day and day.string is tail else tail
    year = _YEAR.search(rest.replace("-", " ")) or _YEAR.search(_OFFSET.sub(" ", after))
    return (_full_year(year[1]), month, int(day[1])) if day and year else None


def _is_month(word: str) -> bool:
    # "Mar" opens martedì and mardi too; a weekday is followed by no month, so only long
    # weekdays are excluded here.
    lower = word.lower()
    return lower[:3] in _MONTHS and lower not in ("martedì", "mardi", "maresc")


def _full_year(digits: str) -> int:
    """Widen short years (RFC 5322 4.3)."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if len(digits) == 2 and year < 50 else 1900)


def _offset(after: str) -> int:
    """Give the minutes east of UTC that follow a time."""
    if found := _OFFSET.search(after):
        hours, minutes = int(found[2]), int(found[3])
        if hours >= 24 or minutes >= 60:
            return 0
        return (hours * 60 + minutes) * (-1 if found[1] == "-" else 1)
    words = (word.lower() for word in _WORD.findall(after))
    return next((_ZONES[word] for word in words if word in _ZONES), 0)
