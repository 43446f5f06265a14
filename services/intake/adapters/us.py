"""The United States: JSON, one object or NDJSON. Source: docs/formats.md, "US".

Assumptions:
- NDJSON is a document of which at least one whole line is a JSON object of ours (or whose first line is any JSON object). A
  line of it that is not JSON, not UTF-8 or not an object is one quarantined result (`field_invalid`, pointer `line 3`) and
  blocks no other. A document without such a line is refused.
- Of a key that occurs twice in an object the last one counts, as everywhere in Python.
- US-IMV needs `nvcCaseNumber`, every other US programme `receiptNumber`; if the other one is there too, its form is checked.
  Which one an unknown or foreign programme needs cannot be said: either will do.
- `languages` must be there but may be `[]`: a language never blocks. `reason` may be absent.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from services.intake.adapters.reading import DocumentRefused, Fields, refuse_too_fine, refuse_too_many
from services.intake.domain.facts import Telling
from services.intake.domain.results import Language, Person, Pointers, Problem, Problems, Referrer, Reported
from services.intake.vocabulary import is_known_language

SYSTEM = "us"
OUTCOMES = {
    "ELIGIBLE": "eligible",
    "NOT_ELIGIBLE": "ineligible",
    "PENDING_REVIEW": "review",
    "WITHDRAWN": "withdrawn",
}
REFERRERS = {word: word.lower() for word in ("GOVERNMENT", "UN", "NGO", "EMPLOYER", "SPONSOR", "SELF")}
ROLES = {word: word.lower() for word in ("PRINCIPAL", "SPOUSE", "CHILD", "PARENT", "SIBLING", "OTHER")}
SEXES = {"F": "F", "M": "M", "X": "X"}
MODES = {word: word for word in ("spoken", "signed", "written")}
URGENCIES = {"ROUTINE": "routine", "URGENT": "urgent"}
_NUMBERS = ("nvcCaseNumber", "receiptNumber")
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


class _JsonFields(Fields):
    """The members of one JSON object; `at` is its JSON pointer."""

    def __init__(self, values: object, at: str, problems: Problems) -> None:
        super().__init__(values if isinstance(values, dict) else None, problems)
        self.at = at

    def pointer(self, name: str) -> str:
        return f"{self.at}/{name}"

    def flag(self, name: str) -> bool | None:
        value = self.take(name)
        if value is None or isinstance(value, bool):
            return value
        self.ill(name, "this field is true or false")
        return None

    def whole(self, name: str) -> int | None:
        return self._revision(name, self.take(name))

    def part(self, name: str) -> "_JsonFields":
        """The object of this name; without it, one problem."""
        value = self.take(name)
        if value is not None and not isinstance(value, dict):
            self.ill(name, "this field is an object")
        return _JsonFields(value, self.pointer(name), self.problems)

    def several(self, name: str) -> list[object] | None:
        value = self.take(name)
        if value is None or isinstance(value, list):
            return value
        self.ill(name, "this field is a list")
        return None

    def parts(self, name: str) -> "list[_JsonFields] | None":
        """The objects of a list; one that is no object is a problem and has no fields."""
        found = self.several(name)
        if found is None:
            return None
        parts = [_JsonFields(value, f"{self.pointer(name)}/{at}", self.problems) for at, value in enumerate(found)]
        for part in parts:
            if part.values is None:
                self.problems.append(Problem(part.at, "field_invalid", "this entry is an object"))
        return parts

    def codes(self, name: str) -> dict[str, str]:
        """The codes of a list, each once, and their pointers."""
        codes: dict[str, str] = {}
        for at, value in enumerate(self.several(name) or []):
            entry = _JsonFields({str(at): value}, self.pointer(name), self.problems)
            code = entry.code(str(at))
            if code:
                codes.setdefault(code, entry.pointer(str(at)))
        return codes


def read(body: bytes) -> list[Reported]:
    """The results of a document, in its order. Raises: DocumentRefused."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    refuse_too_fine(body.count(b"{"))
    try:
        whole = _parse(body)
    except ValueError:
        return _read_lines(body)
    if not isinstance(whole, dict):
        raise DocumentRefused(422, "document_invalid", "a document is one JSON object, or one object per line")
    return [_result(whole)]


def _read_lines(body: bytes) -> list[Reported]:
    lines = []
    for number, line in enumerate(io.BytesIO(body), start=1):
        if line.strip():
            lines.append((number, line))
            refuse_too_many(len(lines))
    messages = [_message(line) for _, line in lines]
    if not any(_is_ours(message) for message in messages) and not (messages and isinstance(messages[0], dict)):
        raise DocumentRefused(400, "document_unreadable", "this is neither a JSON object in UTF-8 nor one per line")
    return [
        _result(message) if isinstance(message, dict) else _unreadable(number)
        for (number, _), message in zip(lines, messages, strict=True)
    ]


def _message(line: bytes) -> object:
    try:
        return _parse(line)
    except ValueError:
        return None


def _parse(text: bytes) -> object:
    """Raises: ValueError, also for what JSON does not know (NaN), nests too deep or has a number with thousands of digits."""
    try:
        parsed: object = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    return parsed


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _is_ours(message: object) -> bool:
    return isinstance(message, dict) and ("messageId" in message or "determination" in message)


def _unreadable(line: int) -> Reported:
    return Reported(SYSTEM, problems=(Problem(f"line {line}", "field_invalid", "this line is not a JSON object"),))


def _result(message: Mapping[str, object]) -> Reported:
    problems = Problems()
    top = _JsonFields(message, "", problems)
    delivery = top.matched("messageId", _UUID, "a message id is a UUID")
    top.instant("sentAt")
    decision = top.part("determination")
    result_id, revision = decision.code("id"), decision.whole("revision")
    programme = decision.code("programCode")
    case = top.part("case")
    referrer = case.part("referredBy")
    applicants = top.parts("applicants")
    interview = top.part("interview")
    contact = top.part("contact")
    sites = interview.codes("sites")
    unnumbered = _unnumbered(case, programme, problems)
    return Reported(
        system=SYSTEM,
        result_id=result_id,
        revision=revision,
        delivery_id=delivery[0].lower() if delivery else None,
        outcome=decision.word("outcome", OUTCOMES),
        programme=programme,
        decided_on=decision.day("decidedOn"),
        valid_until=decision.day("validUntil"),
        reason=decision.prose("reason"),
        registered_at=case.instant("registeredAt"),
        referred_by=Referrer(referrer.word("kind", REFERRERS), referrer.code("code")),
        identifiers=case.identifier("receiptNumber", "uscis_receipt") + case.identifier("nvcCaseNumber", "nvc_case"),
        persons=None if applicants is None else tuple(_person(applicant) for applicant in applicants),
        contact=contact.contact(
            "mobile", "email", "locale", contact.flag("sharedDevice"), contact.safe_hours("safeHours")
        ),
        sites=tuple(sites),
        urgency=interview.word("urgency", URGENCIES),
        problems=tuple(problems),
        missing_for_programme=unnumbered,
        pointers=_pointers(len(applicants or ()), tuple(sites.values())),
    )


def _unnumbered(case: _JsonFields, programme: str | None, problems: Problems) -> tuple[Problem, ...]:
    """The problem of a case that has only the number of another programme; one that has no number has it anyway."""
    needed, other = _NUMBERS if programme == "US-IMV" else reversed(_NUMBERS)
    missing = Problems()
    _JsonFields(case.values, case.at, missing).take(needed)
    if case.take(other, optional=True) is None:
        problems.extend(missing)
        return ()
    return tuple(missing)


def _pointers(persons: int, sites: tuple[str, ...]) -> Pointers:
    return Pointers(
        revision="/determination/revision",
        programme="/determination/programCode",
        decided_on="/determination/decidedOn",
        valid_until="/determination/validUntil",
        household="/applicants",
        births=tuple(f"/applicants/{at}/dateOfBirth" for at in range(persons)),
        sites=sites,
    )


def _person(applicant: _JsonFields) -> Person:
    applicant.need_one("familyName", "givenName")
    languages = applicant.parts("languages")
    return Person(
        person_id=applicant.code("personId"),
        role=applicant.word("role", ROLES),
        born_on=applicant.day("dateOfBirth"),
        sex=applicant.word("sex", SEXES, optional=True),
        family_name=applicant.name("familyName"),
        given_name=applicant.name("givenName"),
        attends=applicant.flag("attends"),
        apart=applicant.flag("interviewApart"),
        identifiers=applicant.identifier("aNumber", "a_number") + applicant.identifier("passportMrz", "passport_mrz"),
        languages=tuple(_language(language) for language in languages or ()),
        needs=tuple(applicant.codes("needs")),
    )


def _language(part: _JsonFields) -> Language:
    tag = part.tag("tag")
    return Language(tag, part.word("mode", MODES), part.flag("interpreter"), tag is None or is_known_language(tag))


TELLING_TYPE = "application/json"


def render(tellings: Sequence[Telling], sent_at: datetime) -> bytes:
    """What became of interviews, as one JSON object."""
    appointments = [_told(telling) for telling in tellings]
    return json.dumps({"sentAt": f"{sent_at:%Y-%m-%dT%H:%M:%SZ}", "appointments": appointments}).encode()


def _told(telling: Telling) -> dict[str, Any]:
    fact = telling.fact
    return {
        "messageId": str(telling.id),
        "version": telling.version,
        "determination": {"id": telling.result_id, "revision": telling.revision, "programCode": telling.programme},
        "caseRef": telling.case_ref,
        "status": telling.state.upper().replace("-", "_"),
        "reason": fact.reason,
        "waitingFor": fact.waiting,
        "referredFrom": telling.origin
        and {"caseRef": telling.origin.case_ref, "registeredAt": telling.origin.registered_at},
        "interview": fact.appointment
        and {
            "id": fact.appointment,
            "site": fact.site,
            "localTime": fact.wall_time,
            "timeZone": fact.zone,
            "startsAt": fact.starts_at,
            "minutes": fact.minutes,
            "answerBy": fact.deadline,
        },
    }
