"""How a mail greets whom it is for: by language, title and gender, or neutrally.

Read of a contact's attributes, of each the first that is there, whatever its case: `gender`, `sex`,
`salutation`, `anrede`, `genere`, `sesso`, `civilite`; `title`, `titel`, `titolo`; `surname`,
`last_name`, `cognome`, `nachname`, `nom`, `apellidos`; `language`, `lang`, `lingua`, `sprache`,
`langue`. Gender is read in words of any of these languages (`f`, `Frau`, `Sig.ra`, `Mme`, …).
"""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from domain.classes import dataclass
from domain.values import Rejected


class Gender(StrEnum):
    """How somebody is addressed."""

    FEMALE = "female"
    MALE = "male"


@dataclass(frozen=True, slots=True)
class Greeted:
    """A person who is greeted; `name` is the whole name, `surname` what follows a title."""

    name: str = ""
    surname: str = ""
    title: str = ""
    gender: Gender | None = None


NEUTRAL: Final = "neutral"
FORMS: Final = (
    "titled_female", "titled_male", "titled", "female", "male", "named", NEUTRAL,
)  # fmt: skip
"""What a greeting may be for: whoever has a title and a gender, a title alone, …, a name alone."""
FIELDS: Final = ("title", "surname", "name")

SALUTATIONS: Final[Mapping[str, Mapping[str, str]]] = {
    "it": {
        "titled": "Gentile {title} {surname},",
        "female": "Gentile Sig.ra {surname},",
        "male": "Gentile Sig. {surname},",
        "named": "Gentile {name},",
        NEUTRAL: "Gentili Signore e Signori,",
    },
    "de": {
        "titled_female": "Guten Tag Frau {title} {surname},",
        "titled_male": "Guten Tag Herr {title} {surname},",
        "titled": "Guten Tag {title} {name},",
        "female": "Guten Tag Frau {surname},",
        "male": "Guten Tag Herr {surname},",
        "named": "Guten Tag {name},",
        NEUTRAL: "Sehr geehrte Damen und Herren,",
    },
    "de-ch": {
        "titled_female": "Guten Tag Frau {title} {surname}",
        "titled_male": "Guten Tag Herr {title} {surname}",
        "titled": "Guten Tag {title} {name}",
        "female": "Guten Tag Frau {surname}",
        "male": "Guten Tag Herr {surname}",
        "named": "Guten Tag {name}",
        NEUTRAL: "Sehr geehrte Damen und Herren",
    },
    "en": {
        "titled": "Dear {title} {surname},",
        "female": "Dear Ms {surname},",
        "male": "Dear Mr {surname},",
        "named": "Dear {name},",
        NEUTRAL: "Dear Sir or Madam,",
    },
    "fr": {
        "titled_female": "Bonjour Madame {title} {surname},",
        "titled_male": "Bonjour Monsieur {title} {surname},",
        "titled": "Bonjour {title} {surname},",
        "female": "Bonjour Madame {surname},",
        "male": "Bonjour Monsieur {surname},",
        "named": "Bonjour {name},",
        NEUTRAL: "Madame, Monsieur,",
    },
    "es": {
        "titled": "Hola, {title} {surname}:",
        "female": "Estimada Sra. {surname}:",
        "male": "Estimado Sr. {surname}:",
        "named": "Hola, {name}:",
        NEUTRAL: "Estimados señores y señoras:",
    },
    "pl": {
        "female": "Szanowna Pani,",
        "male": "Szanowny Panie,",
        NEUTRAL: "Szanowni Państwo,",
    },
}
"""What is usual; a template may say it otherwise, form by form. Polish greets without a name: names
would have to be inflected."""

_GENDER_NAMES: Final = ("gender", "sex", "salutation", "anrede", "genere", "sesso", "civilite")
_TITLE_NAMES: Final = ("title", "titel", "titolo")
_SURNAME_NAMES: Final = ("surname", "last_name", "cognome", "nachname", "nom", "apellidos")
_LANGUAGE_NAMES: Final = ("language", "lang", "lingua", "sprache", "langue")
_FEMALE: Final = frozenset((
    "f", "w", "female", "woman", "mrs", "ms", "miss", "frau", "fr", "weiblich", "sig.ra",
    "sigra", "signora", "donna", "femmina", "madame", "mme", "mlle", "femme", "féminin", "sra",
    "señora", "mujer", "pani",
))  # fmt: skip
_MALE: Final = frozenset((
    "m", "male", "man", "mr", "herr", "hr", "männlich", "sig", "signor", "signore", "uomo",
    "maschio", "monsieur", "homme", "masculin", "sr", "señor", "hombre", "pan",
))  # fmt: skip
_HER_TITLES: Final = ("ssa", "essa")
_PARTICLES: Final = frozenset((
    "de", "di", "da", "del", "della", "dello", "dei", "degli", "dalla", "d'", "la", "le", "lo",
    "von", "van", "vom", "zu", "zum", "zur", "der", "den", "du", "des", "dos", "das",
))  # fmt: skip
_FIELD: Final = re.compile(r"\{([^{}]*)\}")


def salutation(
    language: str, people: Sequence[Greeted | None], own: Mapping[str, str] | None = None
) -> str:
    """Greet the recipients; `own` forms stand above those of the language.

    Several, none, or one of whom no name is known are greeted neutrally. Raises Rejected (INVALID)
    where a language has no forms and none are given.
    """
    tag = language.casefold()
    base = SALUTATIONS.get(tag) or SALUTATIONS.get(tag.partition("-")[0], {})
    forms = {**base, **(own or {})}
    one = people[0] if len(people) == 1 else None
    for form in _fitting(one):
        if form in forms:
            return _filled(forms[form], one or Greeted())
    raise Rejected(
        "INVALID",
        f"salutation: there is none for the language {language or '(none)'}: write it in the "
        "template, or give its form neutral",
    )


def person_of(name: str, attributes: Mapping[str, str]) -> Greeted | None:
    """Read of a contact's record how to greet; None without a name."""
    whole = " ".join(name.split())
    said = _first(attributes, _GENDER_NAMES)
    title, gender = _title(_first(attributes, _TITLE_NAMES))
    gender = _gender(said) or gender
    surname = _first(attributes, _SURNAME_NAMES) or _surname(whole)
    whole = whole or surname
    return Greeted(whole, surname, title, gender) if whole else None


def language_of(attributes: Mapping[str, str]) -> str:
    """Give the language that a record names; empty if it names none."""
    return _first(attributes, _LANGUAGE_NAMES).replace("_", "-")


def check_salutations(language: str, own: Mapping[str, str]) -> None:
    """Refuse forms that are none, patterns with other fields, and a language without a neutral one."""
    for form, pattern in own.items():
        if form not in FORMS:
            raise Rejected(
                "INVALID", f"salutations: {form} is no form; there are {', '.join(FORMS)}"
            )
        allowed = () if form == NEUTRAL else FIELDS
        for field in _FIELD.findall(pattern):
            if field not in allowed:
                known = ", ".join(f"{{{one}}}" for one in allowed) or "none"
                raise Rejected(
                    "INVALID", f"salutations, {form}: {{{field}}} is no field; there are {known}"
                )
    if language:
        salutation(language, (), own)


def _fitting(one: Greeted | None) -> list[str]:
    """Give the forms that fit somebody, the best first."""
    if one is None:
        return [NEUTRAL]
    named = ["named", NEUTRAL]
    by_gender = [one.gender.value] if one.gender else []
    if not one.title:
        return [*by_gender, *named]
    titled = [f"titled_{one.gender.value}"] if one.gender else []
    return [*titled, "titled", *by_gender, *named]


def _filled(pattern: str, one: Greeted) -> str:
    values = {"title": one.title, "surname": one.surname, "name": one.name}
    return " ".join(_FIELD.sub(lambda found: values.get(found[1], ""), pattern).split())


def _first(attributes: Mapping[str, str], names: Sequence[str]) -> str:
    plain = {name.casefold(): value for name, value in attributes.items()}
    return next((" ".join(plain[one].split()) for one in names if plain.get(one, "").strip()), "")


def _word(text: str) -> str:
    return text.casefold().rstrip(".")


def _gender(said: str) -> Gender | None:
    """Read the first word that tells: `Herr Dr.`, `Sig.ra`, `f`."""
    for one in said.split():
        if _word(one) in _FEMALE:
            return Gender.FEMALE
        if _word(one) in _MALE:
            return Gender.MALE
    return None


def _title(said: str) -> tuple[str, Gender | None]:
    """Part `Frau Dr.` into the title and what it tells of gender; `Dott.ssa` tells it by itself."""
    words = said.split()
    kept = [one for one in words if _gender(one) is None]
    title = " ".join(kept)
    gender = _gender(said)
    if gender is None and any(_word(one).endswith(_HER_TITLES) for one in kept):
        gender = Gender.FEMALE
    return title, gender


def _surname(name: str) -> str:
    """Take the surname out of a name where that is plain; else give all of it, which is never wrong.

    Plain are `Bianchi, Anna`, `ROSSI Anna`, `Anna Rossi`, `Anna de Luca`, `Rossi`.
    """
    before, comma, _ = name.partition(",")
    if comma:
        return before.strip()
    words = name.split()
    loud = [one for one in words if len(one) > 1 and one.isupper() and one.isalpha()]
    if loud and len(loud) < len(words):
        return " ".join(loud)
    given = next((at for at, one in enumerate(words) if at and one.casefold() in _PARTICLES), 0)
    if given == 1:
        return " ".join(words[1:])
    return words[-1] if len(words) == 2 else name
