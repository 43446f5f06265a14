"""What other services of Puente ask intake, which alone knows people: contacts to send to, names to check in by, years of birth."""

import time
from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Response
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, Field

from services.intake import commands
from shared import tracing
from shared.reference import canonical_case_ref
from shared.service import Service
from shared.settings import Role
from shared.tracing import Span
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires

QUESTION_BYTES = 256 * 1024
"""Largest question for contacts: a thousand of them."""

OurService = Annotated[Role, Depends(requires("service"))]


class CaseQuestion(BaseModel):
    """A case, and the trace of what is asked about it."""

    case_ref: str
    traceparent: str | None = None


class ContactsQuestion(BaseModel):
    """Whose contacts are needed, each with the trace of what it is needed for."""

    contacts: Annotated[list[CaseQuestion], Field(max_length=1_000)]


class ContactView(BaseModel):
    """How a household is reached. `safe_hours` is `HH:MM-HH:MM`, local to the person."""

    case_ref: str
    email: str | None
    mobile: str | None
    locale: str
    shared_device: bool
    safe_hours: str | None
    reachable: str


class ContactsView(BaseModel):
    contacts: list[ContactView]
    unknown: list[str]


class PeopleQuestion(BaseModel):
    """Whose names are needed, and which member of staff wants to see them; each look is recorded with both."""

    people: Annotated[list[CaseQuestion], Field(max_length=100)]
    shown_to: Literal["officer"]


class BirthQuestion(CaseQuestion):
    """A case and a year in which someone of it may be born."""

    year: Annotated[int, Field(ge=0, le=9999, strict=True, repr=False)]


class BirthView(BaseModel):
    """Yes or no, and never the year."""

    fits: bool


class PersonView(BaseModel):
    """Someone who must come. At least one name is there; none is required to be a surname."""

    person_id: str
    role: str
    family_name: str | None
    second_family_name: str | None
    given_name: str | None
    apart: bool


class HouseholdView(BaseModel):
    case_ref: str
    persons: list[PersonView]


class PeopleView(BaseModel):
    households: list[HouseholdView]
    unknown: list[str]


def router(service: Service) -> APIRouter:
    """The routes under /internal."""
    api = APIRouter(prefix="/internal", tags=["internal"], responses=refusals(413), route_class=CheckedFirst)

    @api.post("/contacts", max_body_size=QUESTION_BYTES)
    async def contacts(question: ContactsQuestion, role: OurService) -> ContactsView:
        asked = _Asked(question.contacts)
        found = await service.run(lambda uow: commands.contacts_of(uow, asked.possible, service.sealer, who=role))
        asked.answered("look up contact")
        known = {each.case_ref: each for each in found}
        views = [_contact_view(known[ref]) for ref in asked.refs if ref in known]
        return ContactsView(contacts=views, unknown=asked.without(known))

    @api.post("/people", max_body_size=QUESTION_BYTES)
    async def people(question: PeopleQuestion, role: OurService, response: Response) -> PeopleView:
        response.headers["Cache-Control"] = "no-store"
        asked, who = _Asked(question.people), f"{role} for {question.shown_to}"
        found = await service.run(lambda uow: commands.people_of(uow, asked.possible, service.sealer, who=who))
        asked.answered("look up people")
        known = {each.case_ref: each for each in found}
        views = [_household_view(known[ref]) for ref in asked.refs if ref in known]
        return PeopleView(households=views, unknown=asked.without(known))

    @api.post("/births", max_body_size=QUESTION_BYTES)
    async def births(question: BirthQuestion, role: OurService, response: Response) -> BirthView:
        response.headers["Cache-Control"] = "no-store"
        asked, year = _Asked([question]), question.year
        fits = await service.run(lambda uow: commands.birth_fits(uow, asked.possible, year, service.sealer, who=role))
        asked.answered("look up birth")
        return BirthView(fits=fits)

    return api


class _Asked:
    """The cases of a question, in its order; `possible` are those whose reference can exist, with their trace."""

    def __init__(self, questions: list[CaseQuestion]) -> None:
        self.refs = list(dict.fromkeys(each.case_ref for each in questions))
        self.possible = {
            each.case_ref: each.traceparent for each in questions if each.case_ref == canonical_case_ref(each.case_ref)
        }
        self._starts_ns = time.time_ns()

    def without(self, known: Mapping[str, object]) -> list[str]:
        return [ref for ref in self.refs if ref not in known]

    def answered(self, name: str) -> None:
        """The question's span in the trace of each case; the request itself is one for many traces, and only linked."""
        for case_ref, traceparent in self.possible.items():
            parent = tracing.from_traceparent(traceparent)
            if parent:
                attributes = {tracing.CASE: tracing.case_hash(case_ref)}
                links, context = (tracing.current(),), tracing.child_of(parent)
                Span(name, SpanKind.SERVER, context, parent, attributes, links, self._starts_ns).end()


def _contact_view(contact: commands.Contact) -> ContactView:
    return ContactView(case_ref=contact.case_ref, reachable=contact.reachable, **contact.contact.model_dump())


def _household_view(household: commands.Household) -> HouseholdView:
    persons = [PersonView.model_validate(person.model_dump()) for person in household.persons if person.attends]
    return HouseholdView(case_ref=household.case_ref, persons=persons)
