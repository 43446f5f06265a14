"""What is wrong with the texts of a language."""

from string import Formatter

from shared.languages import Catalogue


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def faults_of(catalogues: dict[str, Catalogue]) -> list[str]:
    """Texts that are missing, or have other placeholders than in English."""
    english = catalogues["en"].texts
    return [
        f"{language}: {key}"
        for language, catalogue in catalogues.items()
        for key in english.keys() | catalogue.texts.keys()
        if placeholders(catalogue.texts.get(key, "{missing}")) != placeholders(english.get(key, "{missing}"))
        or key not in catalogue.texts
    ]
