"""The United States' system: NDJSON, one message a line."""

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any

from deploy.simulators import identifiers
from deploy.simulators.households import Person, Result

OUTCOMES = {"eligible": "ELIGIBLE", "ineligible": "NOT_ELIGIBLE", "review": "PENDING_REVIEW", "withdrawn": "WITHDRAWN"}

Document = dict[str, Any]


def document(results: Sequence[Result], sent_at: datetime) -> bytes:
    """The messages; the same result sent twice has the same `messageId`."""
    return "".join(json.dumps(_message(each, sent_at), ensure_ascii=False) + "\n" for each in results).encode()


def _message(result: Result, sent_at: datetime) -> Document:
    random = result.random_for_documents()
    return {
        "messageId": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{result.seed}/{result.number}/{result.revision}")),
        "sentAt": f"{sent_at:%Y-%m-%dT%H:%M:%SZ}",
        "determination": {
            "id": f"US-{result.registered_at.year}-{result.number:06}",
            "revision": result.revision,
            "outcome": OUTCOMES[result.outcome],
            "programCode": result.programme,
            "decidedOn": result.decided_on.isoformat(),
            "validUntil": result.valid_until.isoformat(),
            "reason": None,
        },
        "case": {
            "registeredAt": f"{result.registered_at:%Y-%m-%dT%H:%M:%SZ}",
            "referredBy": {"kind": result.referrer.upper(), "code": f"REF-{result.number % 20:02}"},
            **_case_number(result, random),
        },
        "applicants": [_applicant(result, person, random) for person in result.persons],
        "contact": {
            **({"mobile": result.phone} if result.phone else {}),
            **({"email": result.email} if result.email else {}),
            "locale": result.locale,
            "sharedDevice": False,
            "safeHours": None,
        },
        "interview": {"sites": list(result.sites), "urgency": "URGENT" if result.urgent else "ROUTINE"},
    }


def _case_number(result: Result, random: Random) -> Document:
    if result.programme == "US-IMV":
        return {"nvcCaseNumber": identifiers.nvc_case(random, result.registered_at.year)}
    return {"receiptNumber": identifiers.uscis_receipt(random)}


def _applicant(result: Result, person: Person, random: Random) -> Document:
    shown: Document = {
        "personId": f"p{person.number}",
        "role": person.role.upper(),
        "familyName": person.family,
        "givenName": person.given,
        "dateOfBirth": person.born.isoformat(),
        "sex": person.sex,
        "attends": True,
        "interviewApart": person.apart,
        "languages": [{"tag": result.language, "mode": "spoken", "interpreter": result.interpreter}],
        "needs": list(person.needs),
    }
    number = identifiers.a_number(random)
    mrz = identifiers.passport_mrz(random, f"UTOPIAN<<{person.role.upper()}", person.born, person.sex)
    if person.role == "principal":
        shown["aNumber"] = number if result.identifiers_valid else number[:5]
    if random.random() < 0.2:
        shown["passportMrz"] = mrz
    return shown
