"""What people paste, without what must not leave."""

import json
import os
import re
from pathlib import Path

import pytest

from adapters.building.markup import clean, cleaned, document, of_text

DATA = os.environ.get("CARTEGGIO_TEST_DATA", "")


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("<p onclick='x()'>a<script>b</script></p>", "<p>a</p>"),
        ('<a href="java&#10;script:x()">a</a>', "<a>a</a>"),
        ('<a href="/relative">a</a>', "<a>a</a>"),
        ('<img src="https://t.example/x.gif" alt="Logo &lt;3">', "[Logo &lt;3]"),
        ('<img src="https://t.example/x.gif">', ""),
        ('<img src="cid:gone@x.example" alt="x">', "[x]"),
        ('<img src="CID:a%40x.example">', '<img src="cid:a@x.example">'),
        ('<p style="color:rgb(1,2,3);background:url(x);position:fixed">a</p>',
         '<p style="color:rgb(1, 2, 3)">a</p>'),
        ('<p style="width:expression(x)">a</p>', "<p>a</p>"),
        ("<style>p{}</style><title>t</title><!-- c --><iframe src=x></iframe><p class=c>a", "<p>a</p>"),
        ('<td style="color:red">a', "a"),
        ("<form><input name=x>a</form><svg><script>1</script></svg><base href=x>", "a"),
    ],
)  # fmt: skip
def test_what_runs_or_tells_a_third_does_not_leave(source, kept):
    assert clean(source, {"a@x.example"}) == kept


def test_pasted_pictures_become_parts_once_each():
    picture = '<img src="data:image/png;base64,aGFsbG8=" alt="p">'
    found = cleaned(f"<p>{picture}{picture}</p>", (), "ditta.example")
    (only,) = found.pictures
    assert (only.media_type, only.octets) == ("image/png", b"hallo")
    assert found.source.count(f'src="cid:{only.content_id}"') == 2
    assert only.content_id.endswith("@ditta.example")


@pytest.mark.parametrize("source", ["<div>" * 60_000 + "deep", "long " * 900_000])
def test_what_is_too_deep_or_too_long_is_given_as_text(source):
    found = clean(source, ())
    assert "<div>" not in found
    assert found[-4:].strip() in ("deep", "long")


def test_text_is_written_as_html_with_its_lines_and_blanks():
    assert of_text("a <b>\n  c  d\n") == "a &lt;b&gt;<br>\n\xa0\xa0c\xa0\xa0d".replace(
        "c\xa0\xa0d", "c\xa0 d"
    ).replace("\xa0\xa0c", "\xa0 c")
    assert '<html lang="de">' in document("<p>a</p>", "de")


@pytest.mark.skipif(not DATA, reason="CARTEGGIO_TEST_DATA names no folder of test mail")
def test_of_the_collected_attacks_none_is_left():
    vectors = (Path(DATA) / "hostile_vectors.jsonl").read_text(encoding="utf-8").splitlines()
    bad = re.compile(r"(?i)<(?:script|iframe|object|embed|svg|math|form|base|meta|link|style)\b"
                     r"|\son\w+\s*=\s*\"|=\"\s*(?:javascript|vbscript|data|file):")  # fmt: skip
    texts = [json.loads(line)["payload"] for line in vectors]
    assert len(texts) > 500
    assert [
        text for text in texts if bad.search(re.sub(r"(^|>)[^<]*", ">", clean(text, ())))
    ] == []
