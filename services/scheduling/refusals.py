"""Refusals that more than one command, search or view gives."""

from shared.web.problems import Problem


def began() -> Problem:
    """The refusal of changes to an interview whose time has come."""
    return Problem(409, "interview_began", "its time has come: staff at the site say what became of it")


def offer_changed() -> Problem:
    """The refusal of an answer whose sender saw another appointment than the one that is there now."""
    return Problem(409, "offer_changed", "this answers an earlier offer: read the case again and answer the new one")


def being_referred() -> Problem:
    """The refusal of a place to a household that is on its way to another country's system."""
    return Problem(409, "being_referred", "the household goes on to another country's programme: follow its new case")


def missed() -> Problem:
    """The refusal of another place while nobody has looked at why the one before was missed."""
    return Problem(
        409, "missed", "the household missed its interview: staff look at why, and excuse it or offer another"
    )


def appointment_unknown() -> Problem:
    """The refusal of an id that no appointment has."""
    return Problem(404, "appointment_unknown", "no appointment has this id: read the day's list again")
