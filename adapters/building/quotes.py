"""The quote below an answer or a forward, in text and HTML, from a captured mail."""

import html
import re
from typing import Final

from adapters.building.markup import clean, of_text
from adapters.mime import pec
from adapters.mime.text import html_source, leaf_text
from adapters.mime.tree import Part, parse
from domain.composing import Quote, QuotedPicture
from domain.content import Content
from domain.quoting import Telling, attribution, forwarded_fields, forwarded_head, quoted

_CID: Final = re.compile(r'<img[^>]* src="cid:([^"]+)"')
_PLAIN_ID: Final = re.compile(r"[A-Za-z0-9_.+@$=-]{1,200}")
_BAR: Final = "margin:0 0 0 0.8em;border-left:2px solid #bbb;padding-left:0.8em"


def quote_reply(content: Content, raw: bytes, telling: Telling) -> Quote:
    """Quote a whole mail below an answer, as it is told to the correspondent."""
    line = attribution(content, telling)
    source, pictures = _shown(content, raw)
    above = f"<p>{html.escape(line, quote=False)}</p>"
    rich = f'{above}\n<blockquote type="cite" style="{_BAR}">\n{source}\n</blockquote>'
    return Quote(f"{line}\n{quoted(content.text)}", rich, pictures)


def quote_forward(content: Content, raw: bytes, telling: Telling) -> Quote:
    """Give a whole mail below a block that says what it is, to pass it on within the text."""
    source, pictures = _shown(content, raw)
    fields = forwarded_fields(content, telling)
    lines = "<br>\n".join(
        f"<b>{html.escape(name)}:</b> {html.escape(value, quote=False)}" for name, value in fields
    )
    above = f"<p>---------- {html.escape(telling.words.forwarded)} ----------<br>\n{lines}</p>"
    text = forwarded_head(content, telling) + content.text
    return Quote(text, f"{above}\n{source}", pictures)


def _shown(content: Content, raw: bytes) -> tuple[str, tuple[QuotedPicture, ...]]:
    """Give a mail's HTML, or its text as HTML, and the pictures that stand in it."""
    root = parse(raw).root
    envelope = pec.envelope(root.fields, root)
    page = _page(envelope.inner.root if envelope and envelope.inner else root)
    if not page:
        return f"<div>{of_text(content.text)}</div>", ()
    places = {
        one.content_id: place
        for place, one in reversed(list(enumerate(content.attachments)))
        if _PLAIN_ID.fullmatch(one.content_id)
    }
    source = clean(page, places)
    used = dict.fromkeys(_CID.findall(source))
    return source, tuple(QuotedPicture(id, places[id]) for id in used)


def _page(part: Part) -> str:
    """Give the HTML of a mail, its parts in the order in which they are shown; empty without any."""
    if not part.children:
        return html_source(part) if part.is_body and part.media_type == "text/html" else ""
    if part.media_type == "multipart/alternative":
        return next((page for child in reversed(part.children) if (page := _page(child))), "")
    pages = [(_page(child), child) for child in part.children]
    if not any(page for page, _ in pages):
        return ""
    return "<br>\n".join(page or _plain(child) for page, child in pages)


def _plain(part: Part) -> str:
    text = leaf_text(part) if part.is_body and not part.children else ""
    return of_text(text) if text.strip() else ""
