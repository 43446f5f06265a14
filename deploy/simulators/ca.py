"""Canada's system: XML."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from deploy.simulators import identifiers
from deploy.simulators.households import Person, Result

NAMESPACE = "urn:example:ca:eligibility:1"
OTTAWA = ZoneInfo("America/Toronto")


def document(results: Sequence[Result], sent_at: datetime) -> bytes:
    """One XML document with a `Result` for each."""
    root = ElementTree.Element("EligibilityResults", xmlns=NAMESPACE, sent=_instant(sent_at))
    for result in results:
        _add_result(root, result)
    ElementTree.indent(root)
    return bytes(ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _add_result(root: ElementTree.Element, result: Result) -> None:
    random = result.random_for_documents()
    node = ElementTree.SubElement(
        root,
        "Result",
        id=f"CA-{result.registered_at.year}-{result.number:06}",
        revision=str(result.revision),
        outcome=result.outcome,
        programme=result.programme,
        decided=result.decided_on.isoformat(),
        validUntil=result.valid_until.isoformat(),
        urgency="urgent" if result.urgent else "routine",
    )
    number, registered = identifiers.application_number(random), _instant(result.registered_at)
    ElementTree.SubElement(node, "Application", number=number, registered=registered)
    ElementTree.SubElement(node, "Referral", kind=result.referrer, code=f"REF-{result.number % 20:02}")
    for person in result.persons:
        _add_person(node, result, person, random)
    ElementTree.SubElement(
        node,
        "Contact",
        locale=result.locale,
        phone=result.phone,
        email=result.email,
        sharedDevice="false",
        safeHours="",
    )
    for site in result.sites:
        ElementTree.SubElement(node, "Site", code=site)


def _add_person(parent: ElementTree.Element, result: Result, person: Person, random: Random) -> None:
    uci = identifiers.uci(random)
    node = ElementTree.SubElement(
        parent,
        "Person",
        id=str(person.number),
        uci=uci if result.identifiers_valid else uci[:9],
        role=person.role,
        born=person.born.isoformat(),
        sex=person.sex,
        attends="true",
        apart=_flag(person.apart),
    )
    ElementTree.SubElement(node, "Name", family=person.family, given=person.given)
    spoken = {"tag": result.language, "mode": "spoken", "interpreter": _flag(result.interpreter)}
    ElementTree.SubElement(node, "Language", spoken)
    for need in person.needs:
        ElementTree.SubElement(node, "Need", code=need)


def _flag(so: bool) -> str:
    return str(so).lower()


def _instant(moment: datetime) -> str:
    return moment.astimezone(OTTAWA).isoformat(timespec="seconds")
