"""What must become of a result: its receipt, with every reason. Source: docs/formats.md, "What must become of a result".

Assumptions:
- A revision is known when it was seen and not quarantined, so also one that came late. The same one again is a duplicate,
  with other content a conflict, even if a higher one is known by now; only a lower one that was never seen is stale.
- The same delivery id again is a duplicate, whatever it now holds.
- A programme gets one code: unknown, else foreign, else closed.
- A site is of a programme when the programme lists it. A state without a site of the programme in it is no error: the case
  waits. A site that has no state disagrees with every state.
- What could not be read is not judged twice: an unreadable role is no missing principal.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from services.intake.domain.cases import MOST_DIFFERENT, languages, needs, state_of
from services.intake.domain.results import Problem, Reported, content_digest


@dataclass(frozen=True, slots=True)
class Programme:
    """A country's programme as the judge sees it. `status` is `open`, `paused` or `closed`; both dates are its own days."""

    code: str
    system: str
    status: str
    opens_on: date
    closes_on: date | None
    sites: frozenset[str]

    def is_open(self, day: date | None) -> bool:
        """Whether it was open on the day; without one, whether it is open at all."""
        if self.status != "open" or day is None:
            return self.status == "open"
        return self.opens_on <= day and (self.closes_on is None or day <= self.closes_on)


@dataclass(frozen=True, slots=True)
class World:
    """Programmes by code, and the state code of every site that we know (None for a site in no Mexican state)."""

    programmes: Mapping[str, Programme]
    states: Mapping[str, str | None]


@dataclass(slots=True)
class History:
    """What is known of one system's results: delivery ids, and of each result id the known revisions with their digests."""

    deliveries: set[str] = field(default_factory=set)
    revisions: dict[str, dict[int, bytes]] = field(default_factory=dict)

    def learn(self, reported: Reported, verdict: "Verdict") -> None:
        if reported.delivery_id:
            self.deliveries.add(reported.delivery_id)
        if verdict.digest and reported.result_id and reported.revision is not None:
            self.revisions.setdefault(reported.result_id, {})[reported.revision] = verdict.digest


@dataclass(frozen=True, slots=True)
class Verdict:
    """The receipt: `accepted`, `duplicate`, `stale` or `quarantined`. `state` is the case's, if accepted; `digest` is that
    of a revision which is known from now on."""

    receipt: str
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    state: str | None = None
    digest: bytes | None = None

    @property
    def codes(self) -> tuple[str, ...]:
        """The code of every problem, each once, sorted."""
        return tuple(sorted({problem.code for problem in self.problems}))


def judge_document(results: Iterable[Reported], history: History, world: World, today: date) -> list[Verdict]:
    """The verdicts of one document, as if its results had arrived one after the other. `history` learns from each."""
    verdicts = []
    for reported in results:
        verdict = judge(reported, history, world, today)
        history.learn(reported, verdict)
        verdicts.append(verdict)
    return verdicts


def judge(reported: Reported, history: History, world: World, today: date) -> Verdict:
    """What becomes of one result, given what is known. `today` is the UTC date."""
    if reported.delivery_id in history.deliveries:
        return Verdict("duplicate")
    revisions = history.revisions.get(reported.result_id or "", {})
    if reported.revision is not None and revisions:
        if reported.revision in revisions:
            return _again(reported, revisions[reported.revision])
        if reported.revision < max(revisions):
            return Verdict("stale", digest=content_digest(reported))
    problems = (*reported.problems, *_dates(reported, today), *_household(reported), *_programme(reported, world))
    if problems:
        return Verdict("quarantined", problems)
    return Verdict("accepted", (), _warnings(reported), state_of(reported, today), content_digest(reported))


def _again(reported: Reported, digest: bytes) -> Verdict:
    if content_digest(reported) == digest:
        return Verdict("duplicate")
    detail = "this revision was received before with other content; send a change as a higher revision"
    return Verdict("quarantined", (Problem(reported.pointers.revision, "revision_conflict", detail),))


def _dates(reported: Reported, today: date) -> Iterable[Problem]:
    decided, until = reported.decided_on, reported.valid_until
    if decided and decided > today:
        yield Problem(reported.pointers.decided_on, "date_invalid", "the decision is in the future")
    if decided and until and until < decided:
        yield Problem(reported.pointers.valid_until, "date_invalid", "the validity ends before the decision")
    for person, pointer in zip(reported.persons or (), reported.pointers.births, strict=False):
        if person.born_on and person.born_on > today:
            yield Problem(pointer, "date_invalid", "the birth is in the future")


def _household(reported: Reported) -> Iterable[Problem]:
    if reported.persons is None:
        return
    at = reported.pointers.household
    roles = [person.role for person in reported.persons]
    if roles.count("principal") > 1:
        yield Problem(at, "household_invalid", "a household has one principal, not several")
    if "principal" not in roles and None not in roles:
        yield Problem(at, "household_invalid", "a household has a principal")
    attendance = [person.attends for person in reported.persons]
    if True not in attendance and None not in attendance:
        yield Problem(at, "household_invalid", "at least one person of a household attends")
    if len(languages(reported)) > MOST_DIFFERENT or len(needs(reported)) > MOST_DIFFERENT:
        yield Problem(at, "field_invalid", f"a household has at most {MOST_DIFFERENT} different languages and needs")


def _programme(reported: Reported, world: World) -> Iterable[Problem]:
    if reported.programme is None:
        return
    at = reported.pointers.programme
    programme = world.programmes.get(reported.programme)
    if programme is None:
        yield Problem(at, "programme_unknown", "there is no such programme")
    elif programme.system != reported.system:
        yield Problem(at, "programme_foreign", "this programme belongs to another country")
    else:
        yield from reported.missing_for_programme
        if not programme.is_open(reported.decided_on):
            yield Problem(at, "programme_closed", "this programme was not open on the decision date")
        yield from _sites(reported, programme, world)


def _sites(reported: Reported, programme: Programme, world: World) -> Iterable[Problem]:
    for site, pointer in zip(reported.sites, reported.pointers.sites, strict=True):
        if site not in programme.sites:
            yield Problem(pointer, "site_not_allowed", "this site is unknown or not of the programme")
        elif reported.admin_area and world.states.get(site) != reported.admin_area:
            yield Problem(pointer, "site_not_allowed", "this site is in another state than the one that binds the case")


def _warnings(reported: Reported) -> tuple[str, ...]:
    contact = reported.contact
    tongues = [language for person in reported.persons or () for language in person.languages]
    found = {
        "language_unknown": any(not language.known for language in tongues),
        "no_contact": contact is not None and not contact.mobile and not contact.email,
        "phone_invalid": contact is not None and not contact.mobile_possible,
    }
    return tuple(warning for warning, given in found.items() if given)
