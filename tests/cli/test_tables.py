"""Tables as they are printed: aligned, and nothing of a piped one is shortened."""

from io import StringIO

from rich.console import Console

from api.cli.tables import table_of


def printed(*rows: tuple[str, str], width: int, terminal: bool) -> list[str]:
    out = StringIO()
    table = table_of("=state", "subject", "#size")
    for state, subject in rows:
        table.add_row(state, subject, "7")
    console = Console(file=out, width=width, force_terminal=terminal, color_system=None)
    console.print(table)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_a_long_text_that_is_piped_is_whole_and_moves_no_other_row() -> None:
    long = "word " * 100 + "end"
    lines = printed(("bounced", long), ("sent", "Order"), width=100_000, terminal=False)
    assert lines[1] == f"bounced  {long}     7"
    assert max(map(len, (lines[0], lines[2]))) < 80
    assert lines[2].startswith("sent     Order ")


def test_a_terminal_gets_what_fits_into_it() -> None:
    lines = printed(("bounced", "word " * 100), ("sent", "Order"), width=60, terminal=True)
    assert max(map(len, lines)) <= 60
    assert "…" in lines[2]
