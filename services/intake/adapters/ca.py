"""Canada: XML, UTF-8, without a DTD. Source: docs/formats.md, "CA".

Assumptions:
- A pointer is the line on which the element starts, and the element and attribute: `line 6, Person/@uci`. Lines are what an
  editor shows; the name says which of the attributes on that line.
- The bytes must be UTF-8, whatever encoding they declare. `sent` is not read, since nothing depends on it.
- Elements come in any order, unknown ones are left alone; of one that may stand once, the first counts.
- A Person has at least one Language (an element that is missing is a missing field); Need and Site may be missing.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError, SubElement, TreeBuilder, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from services.intake.adapters.reading import DocumentRefused, Fields, refuse_too_fine, refuse_too_many
from services.intake.domain.facts import Telling
from services.intake.domain.results import Language, Person, Pointers, Problem, Problems, Referrer, Reported
from services.intake.vocabulary import is_known_language

SYSTEM = "ca"
NAMESPACE = "{urn:example:ca:eligibility:1}"
OUTCOMES = {word: word for word in ("eligible", "ineligible", "review", "withdrawn")}
REFERRERS = {word: word for word in ("government", "un", "ngo", "employer", "sponsor", "self")}
ROLES = {word: word for word in ("principal", "spouse", "child", "parent", "sibling", "other")}
SEXES = {"F": "F", "M": "M", "X": "X"}
MODES = {word: word for word in ("spoken", "signed", "written")}
URGENCIES = {"routine": "routine", "urgent": "urgent"}


class _Builder(TreeBuilder):
    """Builds the tree and keeps the line of each element's start, in document order."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[int] = []
        self.parser = DefusedXMLParser(target=self, encoding="utf-8", forbid_dtd=True)

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        self.lines.append(self.parser.parser.CurrentLineNumber)
        return super().start(tag, attrs)


class _XmlFields(Fields):
    """The attributes of one element, which starts on `line`."""

    def __init__(self, element: Element | None, line: int, problems: Problems) -> None:
        super().__init__(None if element is None else element.attrib, problems)
        self.element = element
        self.line = line

    def pointer(self, name: str) -> str:
        return (
            f"line {self.line}, {self.element.tag.removeprefix(NAMESPACE) if self.element is not None else ''}/@{name}"
        )


class _Reader:
    """Reads the elements of one document."""

    def __init__(self, root: Element, lines: list[int]) -> None:
        self.lines = dict(zip(root.iter(), lines, strict=True))

    def result(self, element: Element) -> Reported:
        problems = Problems()
        top = self._fields(element, problems)
        application = self._part(element, "Application", problems)
        referral = self._part(element, "Referral", problems)
        contact = self._part(element, "Contact", problems)
        people = element.findall(f"{NAMESPACE}Person")
        sites: dict[str, str] = {}
        for site, code in self._codes(element, "Site", problems):
            sites.setdefault(code, site.pointer("code"))
        return Reported(
            system=SYSTEM,
            result_id=top.code("id"),
            revision=top.whole("revision"),
            outcome=top.word("outcome", OUTCOMES),
            programme=top.code("programme"),
            decided_on=top.day("decided"),
            valid_until=top.day("validUntil"),
            registered_at=application.instant("registered"),
            referred_by=Referrer(referral.word("kind", REFERRERS), referral.code("code")),
            identifiers=application.identifier("number", "ca_application", optional=False),
            persons=tuple(self._person(person, problems) for person in people),
            contact=contact.contact(
                "phone", "email", "locale", contact.flag("sharedDevice"), contact.safe_hours("safeHours")
            ),
            sites=tuple(sites),
            urgency=top.word("urgency", URGENCIES),
            problems=tuple(problems),
            pointers=self._pointers(top, people, tuple(sites.values())),
        )

    def _person(self, element: Element, problems: Problems) -> Person:
        person = self._fields(element, problems)
        name = self._part(element, "Name", problems)
        name.need_one("family", "given")
        languages = self._parts(element, "Language", problems)
        if not languages:
            problems.append(
                Problem(f"line {person.line}, Person/Language", "field_invalid", "this element is required")
            )
        needs = [code for _, code in self._codes(element, "Need", problems)]
        return Person(
            person_id=person.code("id"),
            role=person.word("role", ROLES),
            born_on=person.day("born"),
            sex=person.word("sex", SEXES),
            family_name=name.name("family"),
            given_name=name.name("given"),
            attends=person.flag("attends"),
            apart=person.flag("apart"),
            identifiers=person.identifier("uci", "uci"),
            languages=tuple(_language(language) for language in languages),
            needs=tuple(dict.fromkeys(needs)),
        )

    def _pointers(self, top: _XmlFields, people: list[Element], sites: tuple[str, ...]) -> Pointers:
        return Pointers(
            revision=top.pointer("revision"),
            programme=top.pointer("programme"),
            decided_on=top.pointer("decided"),
            valid_until=top.pointer("validUntil"),
            household=f"line {top.line}, Result",
            births=tuple(f"line {self.lines[person]}, Person/@born" for person in people),
            sites=sites,
        )

    def _fields(self, element: Element, problems: Problems) -> _XmlFields:
        return _XmlFields(element, self.lines[element], problems)

    def _parts(self, parent: Element, name: str, problems: Problems) -> list[_XmlFields]:
        return [self._fields(child, problems) for child in parent.iterfind(NAMESPACE + name)]

    def _part(self, parent: Element, name: str, problems: Problems) -> _XmlFields:
        """The first element of this name; without it, one problem."""
        child = parent.find(NAMESPACE + name)
        if child is not None:
            return self._fields(child, problems)
        at = f"line {self.lines[parent]}, {parent.tag.removeprefix(NAMESPACE)}/{name}"
        problems.append(Problem(at, "field_invalid", "this element is required"))
        return _XmlFields(None, self.lines[parent], problems)

    def _codes(self, parent: Element, name: str, problems: Problems) -> Iterator[tuple[_XmlFields, str]]:
        for part in self._parts(parent, name, problems):
            code = part.code("code")
            if code:
                yield part, code


def read(body: bytes) -> list[Reported]:
    """The results of a document, in its order. Raises: DocumentRefused."""
    refuse_too_fine(body.count(b"<"))
    root, lines = _parse(body)
    if root.tag != f"{NAMESPACE}EligibilityResults":
        raise DocumentRefused(422, "document_invalid", "the root is EligibilityResults of urn:example:ca:eligibility:1")
    results = root.findall(f"{NAMESPACE}Result")
    refuse_too_many(len(results))
    reader = _Reader(root, lines)
    return [reader.result(result) for result in results]


def _parse(body: bytes) -> tuple[Element, list[int]]:
    builder = _Builder()
    try:
        body.decode("utf-8")
        builder.parser.feed(body)
        return builder.parser.close(), builder.lines
    except DefusedXmlException as error:
        raise DocumentRefused(400, "dtd_forbidden", "a document has no DTD and no entities") from error
    except (ParseError, ValueError, LookupError) as error:
        raise DocumentRefused(400, "document_unreadable", "this is not well-formed XML in UTF-8") from error


def _language(part: _XmlFields) -> Language:
    tag = part.tag("tag")
    return Language(tag, part.word("mode", MODES), part.flag("interpreter"), tag is None or is_known_language(tag))


TELLING_TYPE = "application/xml"
TELLING_NAMESPACE = "urn:example:ca:appointments:1"


def render(tellings: Sequence[Telling], sent_at: datetime) -> bytes:
    """What became of interviews, as an XML document with an element each."""
    root = Element("Appointments", xmlns=TELLING_NAMESPACE, sent=f"{sent_at:%Y-%m-%dT%H:%M:%SZ}")
    for telling in tellings:
        _tell(root, telling)
    return bytes(tostring(root, encoding="UTF-8", xml_declaration=True))


def _tell(root: Element, telling: Telling) -> None:
    fact = telling.fact
    said = {
        "message": str(telling.id),
        "version": str(telling.version),
        "result": telling.result_id,
        "revision": str(telling.revision),
        "programme": telling.programme,
        "case": telling.case_ref,
        "state": telling.state.value,
        "reason": fact.reason,
        "waiting": fact.waiting,
    }
    node = SubElement(root, "Appointment", _known(said))
    if telling.origin:
        came = {"case": telling.origin.case_ref, "registered": telling.origin.registered_at}
        SubElement(node, "ReferredFrom", came)
    if fact.appointment:
        when = {"local": fact.wall_time, "zone": fact.zone, "starts": fact.starts_at, "minutes": str(fact.minutes)}
        where = {"id": fact.appointment, "site": fact.site}
        SubElement(node, "Interview", _known({**where, **when, "answerBy": fact.deadline}))


def _known(attributes: dict[str, str | None]) -> dict[str, str]:
    """Those that have a value: XML knows no null."""
    return {name: value for name, value in attributes.items() if value is not None}
