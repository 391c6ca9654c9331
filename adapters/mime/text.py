"""What a person reads in a mail: its text parts, or text made from its HTML."""

import re

from selectolax.lexbor import LexborHTMLParser

from adapters.mime.charsets import clean, decode
from adapters.mime.tree import Part

MOST_HTML = 4_000_000
MOST_FLOWED = 4_000_000
DEEPEST_MARKUP = 5_000

_LINES = re.compile(
    r"(?i)<(?:/?(?:p|div|h[1-6]|ul|ol|li|dl|dt|dd|table|tr|blockquote|pre|section|article|header"
    r"|footer|center|address|form|fieldset|figure|caption)|br|hr)(?=[\s/>])"
)
_CELLS = re.compile(r"(?i)<t[dh](?=[\s/>])")
_PRE = re.compile(r"(?i)(<pre(?=[\s>])|</pre(?=[\s>]))")
_SPACES = re.compile(r"[ \t\n\r\xa0\u200b\u200c\u200d\ufeff\u034f\u00ad]+")
_EMPTY_LINES = re.compile(r"\n{3,}")
_TAGS = re.compile(r"<[^<>]{0,1000}>")
_OPEN_OR_CLOSE = re.compile(r"<(/?)(?!(?:br|hr|img|meta|link|input|col)\b)[a-zA-Z]")
_META_CHARSET = re.compile(rb"(?i)<meta[^>]{0,200}charset\s*=\s*[\"']?([\w.:-]{1,40})")
_UNSEEN = (
    "script,style,head,title,template,noscript,object,select,textarea,[hidden],"
    '[style*="display:none" i],[style*="display: none" i]'
)


def text_of(part: Part) -> str:
    """Give the text under a part, in the order in which it is shown."""
    if not part.children:
        return leaf_text(part) if part.is_body else ""
    if part.media_type == "multipart/alternative":
        return _best_of(part.children)
    # Apple Mail sends the text in several parts, with the pictures between them.
    texts = (text_of(child) for child in part.children)
    return "\n".join(text for text in texts if text.strip())


def _best_of(children: list[Part]) -> str:
    plain = [child for child in children if child.media_type == "text/plain" and child.is_body]
    texts = [text for child in plain if (text := leaf_text(child)).strip()]
    if texts:
        return "\n".join(texts)
    # RFC 2046 5.1.4: the last is the best, as far as one can read it.
    return next((text for child in reversed(children) if (text := text_of(child)).strip()), "")


def leaf_text(part: Part) -> str:
    """Give the text of one part."""
    if part.media_type in {"text/html", "text/x-amp-html"}:
        return html_to_text(html_source(part))
    text = decode(part.octets(), part.parameters.get("charset", "")).replace("\r\n", "\n")
    text = text.replace("\r", "\n")
    if part.media_type in ("text/enriched", "text/richtext"):
        return _TAGS.sub("", text)
    if part.parameters.get("format", "").lower() == "flowed" and len(text) <= MOST_FLOWED:
        return unflowed(text, delete_space=part.parameters.get("delsp", "").lower() == "yes")
    return text


def html_source(part: Part) -> str:
    """Give the HTML of a part as it was written, up to 4 million octets."""
    octets = part.octets()
    label = part.parameters.get("charset", "")
    if not label and (named := _META_CHARSET.search(octets[:4_000])):
        label = named[1].decode("ascii", "replace")
    return decode(octets[:MOST_HTML], label)


def unflowed(text: str, *, delete_space: bool = False) -> str:
    """Join the lines of format=flowed text (RFC 3676 4.1)."""
    lines: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        body = content[:-1] if flows and delete_space else content
        if depth == open_depth and content != "-- ":
            lines[-1].append(body)
        else:
            lines.append([f"{'>' * depth} {body}" if depth else body])
        open_depth = depth if flows else -1
    return "\n".join(map("".join, lines))


def html_to_text(source: str) -> str:
    """Give the text that a browser would show, a line for every block, without markup."""
    marked, breaks = _marked(source)
    if breaks > DEEPEST_MARKUP and is_deep(marked):
        return clean(" ".join(_TAGS.sub(" ", marked).split()))
    parser = LexborHTMLParser(marked)
    for node in parser.css(_UNSEEN):
        if node.tag not in ("html", "body"):
            node.decompose()
    if parser.root is None:
        return ""
    # Form feeds are blanks to HTML, so they survive even between the rows of a table.
    lines = (_SPACES.sub(" ", line).strip() for line in parser.root.text(deep=True).split("\f"))
    return clean(_EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip())


def is_deep(source: str) -> bool:
    """Tell whether elements nest so deep that building their tree takes quadratic time."""
    depth = deepest = 0
    for tag in _OPEN_OR_CLOSE.finditer(source):
        depth = max(0, depth - 1) if tag[1] else depth + 1
        deepest = max(deepest, depth)
    return deepest > DEEPEST_MARKUP


def _marked(source: str) -> tuple[str, int]:
    """Put a form feed where a browser would begin a line, a blank before a cell."""
    source = source[:MOST_HTML].replace("\f", " ")
    if "<pre" in source or "<PRE" in source:
        source = _with_lines_kept(source)
    lines, breaks = _LINES.subn("\f\\g<0>", source)
    return _CELLS.sub(r" \g<0>", lines), breaks


def _with_lines_kept(source: str) -> str:
    pieces = _PRE.split(source)
    inside = False
    for index, piece in enumerate(pieces):
        if index % 2:
            inside = not piece.startswith("</")
        elif inside:
            pieces[index] = piece.replace("\n", "\f")
    return "".join(pieces)
