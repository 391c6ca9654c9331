"""What spreadsheets and ERPs write, and what people break in it."""

import pytest

from adapters.csvfiles import BadFile, BadLine, Line, read_lines

HEADER = "id,name\n"


def read(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return list(read_lines(path, ("id", "name")))


def names(found):
    return [one.values["name"] for one in found if isinstance(one, Line)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_seen(tmp_path, encoding, delimiter):
    text = "id,name\n1,Müller & Söhne – Größe\n".replace(",", delimiter)
    assert names(read(tmp_path / "a.csv", text, encoding)) == ["Müller & Söhne – Größe"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_first_line_that_names_the_delimiter_is_no_header(tmp_path, delimiter):
    text = "id,name\n1,Anna\n".replace(",", delimiter)
    found = read(tmp_path / "a.csv", f"sep={delimiter}\n{text}")
    assert [(one.number, one.values["name"]) for one in found] == [(3, "Anna")]


@pytest.mark.parametrize("rows_after", [0, 1, 5])
def test_a_quotation_mark_that_stays_open_costs_its_row_alone(tmp_path, rows_after):
    after = "".join(f'{n},"Name {n}"\n' for n in range(rows_after))
    found = read(tmp_path / "a.csv", f'{HEADER}1,Good\n2,"Open\n{after}')
    assert names(found) == ["Good", *(f"Name {n}" for n in range(rows_after))]
    assert [one.number for one in found if isinstance(one, BadLine)] == [3]


def test_quoted_texts_may_hold_lines_and_doubled_marks(tmp_path):
    found = read(tmp_path / "a.csv", f'{HEADER}1,"Two\nlines"\n2,"The ""best"""\n3,x\n')
    assert names(found) == ["Two\nlines", 'The "best"', "x"]
    assert [one.number for one in found] == [2, 4, 5]


def test_a_mark_inside_a_quoted_text_is_told_not_guessed(tmp_path):
    found = read(tmp_path / "a.csv", f'{HEADER}1,"Rossi "Il Re" S.p.A."\n2,Fine\n')
    assert names(found) == ["Fine"]
    assert "quotation mark" in found[0].reason


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("number;name\n1;x\n", "'id' is missing"),
        ("id;name;Name\n1;x;y\n", "'name' stands there twice"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(tmp_path, text, said):
    with pytest.raises(BadFile, match=said):
        read(tmp_path / "a.csv", text)
