"""Octets into text, by the label that a mail gives and by what mail really means with it."""

import codecs
import re
from functools import lru_cache

# What senders mean: the WHATWG Encoding Standard's supersets of the registered names, and
# names that mail software invented.
_ALIASES = {
    "ascii": "us-ascii",
    "ansi_x3.4-1968": "us-ascii",
    "646": "us-ascii",
    "us_ascii": "us-ascii",
    "7bit": "us-ascii",
    "8bit": "us-ascii",
    "default": "us-ascii",
    "unknown": "us-ascii",
    "unknown-8bit": "us-ascii",
    "x-unknown": "us-ascii",
    "iso-8859-1": "windows-1252",
    "iso8859-1": "windows-1252",
    "iso_8859-1": "windows-1252",
    "iso88591": "windows-1252",
    "8859-1": "windows-1252",
    "latin1": "windows-1252",
    "latin-1": "windows-1252",
    "l1": "windows-1252",
    "ansi": "windows-1252",
    "x-ansi": "windows-1252",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-6-e": "iso-8859-6",
    "iso-8859-9": "windows-1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "x-unicode-2-0-utf-7": "utf-7",
    "unicode": "utf-16",
    "ucs-2": "utf-16",
    "iso-10646-ucs-2": "utf-16",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "euc-cn": "gb18030",
    "cp936": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "ms_kanji": "cp932",
    "windows-31j": "cp932",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc-jp",
    "euc-kr": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "ksc_5601": "cp949",
    "korean": "cp949",
    "windows-949": "cp949",
    "x-windows-949": "cp949",
    "koi8": "koi8-r",
    "x-koi8-r": "koi8-r",
    "koi8-ru": "koi8-u",
    "dos-866": "cp866",
    "ibm850": "cp850",
    "macintosh": "mac-roman",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-greek": "mac-greek",
    "x-mac-turkish": "mac-turkish",
    "x-mac-ce": "mac-latin2",
    "x-mac-centraleurroman": "mac-latin2",
    "x-user-defined": "us-ascii",
}
# Python calls these codecs, but they are no character sets: some are slow, some run a language.
_NO_CHARSETS = frozenset(
    ("idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "mbcs", "oem")
)
_WINDOWS = re.compile(r"(?:x-)?(?:windows|win|cp|ms|microsoft-cp)[-_]?(\d{3,5})")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


@lru_cache(maxsize=512)
def codec_for(label: str) -> str:
    """Give the codec for a charset label; empty when there is none, or none worth trusting."""
    name = label.strip().strip("\"'").lower().partition("*")[0]
    name = _ALIASES.get(name, name)
    if not name or len(name) > 40 or not name.isascii() or "\0" in name:
        return ""
    if windows := _WINDOWS.fullmatch(name):
        name = _ALIASES.get(f"cp{windows[1]}", f"cp{windows[1]}")
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError, UnicodeError):
        return ""
    known = info.name.replace("_", "-") not in _NO_CHARSETS
    return info.name if known and getattr(info, "_is_text_encoding", True) else ""


def clean(text: str) -> str:
    """Give text that UTF-8 and PostgreSQL can hold: no NUL, no lone surrogate."""
    if "\0" in text:
        text = text.replace("\0", "")
    if not text.isascii() and _SURROGATES.search(text):
        # UTF-7 and CESU-8 senders write pairs; what stays alone becomes U+FFFD.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        text = text.replace("\0", "")
    return text


def decode(data: bytes, label: str = "") -> str:
    """Give the text that octets stand for under a label, right or wrong; never raise."""
    if label and (codec := codec_for(label)) not in ("", "ascii", "utf-8"):
        return clean(_by_codec(data, codec))
    return clean(guess(data))


def guess(data: bytes) -> str:
    """Read octets as UTF-8, or else as Windows-1252: what unlabelled mail holds in the West.

    Where most sequences are good UTF-8, the bad ones are damage, not another charset.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    good = len(text) - text.count("\ufffd") - len(text.encode("ascii", "ignore"))
    return text if good > 3 * text.count("\ufffd") else windows_1252(data)


def windows_1252(data: bytes) -> str:
    """Read Windows-1252; its five holes are the C1 controls, as browsers have it."""
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(map(_CP1252.__getitem__, data))


def _by_codec(data: bytes, codec: str) -> str:
    if codec == "cp1252":
        return windows_1252(data)
    if codec == "utf-16" and data[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        # RFC 2781 4.3 means big-endian; Windows programs send the other one.
        codec = "utf-16-le" if data[1::2].count(0) > data[::2].count(0) else "utf-16-be"
    try:
        return data.decode(codec, "replace")
    except (UnicodeError, ValueError, LookupError):
        return guess(data)


def _one_octet(octet: int) -> str:
    try:
        return bytes((octet,)).decode("cp1252")
    except UnicodeDecodeError:
        return chr(octet)


_CP1252 = tuple(map(_one_octet, range(256)))
