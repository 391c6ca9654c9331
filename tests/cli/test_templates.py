"""Templates from the command line: from the samples to the mail that they make."""

import re
import tomllib
from pathlib import Path

import pytest

from commands import Instance
from templating import ERP

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def house(instance: Instance, tmp_path_factory: pytest.TempPathFactory) -> Instance:
    folder = tmp_path_factory.mktemp("erp")
    for name, text in ERP.items():
        (folder / name).write_text(text, encoding="utf-8")
    instance.done("import", "directory", folder)
    return instance


def names(house: Instance, *more: str) -> list[str]:
    return [one["name"] for one in house.asked("template", "list", *more)]


def test_samples_are_saved_edited_tried_and_retired(house: Instance, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    assert "15 templates are in" in house.done("template", "samples", folder).out
    assert "stays as it is" in house.done("template", "samples", folder).out
    samples = sorted(folder.glob("*.toml"))
    house.done("template", "save", *samples)
    assert {tomllib.loads(one.read_text("utf-8"))["name"] for one in samples} <= set(names(house))
    assert "Fattura (it)" in names(house, "--document-kind", "invoice", "--language", "it")
    asked = ("--document", "FT 118/2026", "--to", "maria@rossi.example", "--file", "spool.pdf")
    shown = house.done(
        "template", "preview", "Fattura (it)", *asked, "--sender", "anna@ditta.example"
    )
    assert "Subject: Fattura FT 118/2026 del 20 febbraio 2026" in shown.out
    assert "File: Fattura_FT 118-2026_Rossi & Figli S.r.l._2026-02-20.pdf" in shown.out
    assert "Gentile Dott.ssa Rossi," in shown.out
    assert "Anna Bianchi\nDitta SRL" in shown.out
    assert "Missing" not in shown.out
    file = tmp_path / "own.toml"
    file.write_text(house.done("template", "show", "Fattura (it)").out, encoding="utf-8")
    assert "says the same already" in house.done("template", "save", file).out
    file.write_text(file.read_text("utf-8").replace("Cordiali", "Distinti"), encoding="utf-8")
    assert "Fattura (it) is version 2" in house.done("template", "save", file).out
    assert [one["version"] for one in house.asked("template", "versions", "fattura (it)")] == [
        2,
        1,
    ]
    first = house.done("template", "show", "Fattura (it)", "--version", "1").out
    assert "Cordiali" in first
    assert "offered no longer" in house.done("template", "retire", "Fattura (it)").out
    assert "Fattura (it)" not in names(house)
    assert "Fattura (it)" in names(house, "--retired")
    assert "retired" in house.done("template", "list", "--retired").out


def test_the_sample_of_the_readme_is_a_template(house: Instance, tmp_path: Path) -> None:
    found = re.search(r"```toml\n(name = .*?)```", README.read_text("utf-8"), re.DOTALL)
    assert found is not None
    file = tmp_path / "readme.toml"
    file.write_text(found[1], encoding="utf-8")
    assert "Rechnung is version 1" in house.done("template", "save", file).out
    (mail,) = house.asked("template", "preview", "Rechnung", "--document", "FT 118/2026")
    assert mail["missing"] == ["attachment.name", "sender.name"]
    assert "Bitte überweisen Sie 2.710,40\xa0€ bis zum 22.03.26." in mail["text"]
    html = house.done("template", "preview", "Rechnung", "--document", "FT 118/2026", "--html").out
    assert "<b>{{ sender.name }}</b>" in html
    assert "Missing: attachment.name" in html


def test_what_is_wrong_is_told_with_file_part_and_line(house: Instance, tmp_path: Path) -> None:
    for text, said in (
        ('name = "x"\nclosing = "{{ document.nubmer }}"', "closing, line 1: there is no value"),
        ("name = ", "it is no TOML"),
        ('name = "x"\nowner = "nobody@ditta.example"', "no colleague has the address"),
    ):
        file = tmp_path / "wrong.toml"
        file.write_text(text, encoding="utf-8")
        ended = house.run("template", "save", file)
        assert ended.code == 1
        assert f"{file}: " in ended.err.replace("\n", "")
        assert said in ended.err
    assert house.run("template", "save", tmp_path / "none.toml").code == 1
    assert "there is no template" in house.run("template", "show", "Nothing").err
    assert house.run("template", "preview", "Nothing", "--value", "x").code == 2


def test_samples_are_for_the_words_by_which_the_company_calls_its_documents(
    house: Instance, tmp_path: Path
) -> None:
    folder = tmp_path / "templates"
    told = house.done("template", "samples", folder).out
    kinds = {
        one.name: tomllib.loads(one.read_text("utf-8"))["document_kind"]
        for one in folder.iterdir()
    }
    assert "of these kinds" not in told
    assert (kinds["offer.it.toml"], kinds["invoice.de.toml"]) == ("offer", "invoice")
    assert kinds["order_confirmation.it.toml"] == "order_confirmation"
