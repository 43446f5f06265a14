"""Invented households and what an authority decided about them, the same in every country's format.

A result follows from (seed, number, day) alone, so that a system can send the same one again after any interruption.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from deploy.simulators.reference import Programme

GIVEN_NAMES = {
    "es": ("María", "José", "Ana", "Luis", "Óscar", "Yolanda", "Ramón", "Zoila", "Brayan", "Xóchitl"),
    "ht": ("Rose", "Jean", "Wilner", "Guerline", "Fritz", "Mirlande", "Dieudonné", "Esperanta"),
    "fr": ("Aminata", "Noël", "Fatou", "Étienne", "Mariama", "Ousmane"),
    "pt": ("João", "Conceição", "Thiago", "Luzia", "Antônio", "Inês"),
    "en": ("Grace", "Samuel", "Blessing", "Patience", "Emmanuel", "Joy"),
    "ar": ("Layla", "Omar", "Nour", "Yusuf", "Mariam", "Khalid"),
}
FAMILY_NAMES = {
    "es": ("Hernández", "Muñoz", "López", "Güemes", "Pérez", "Quispe", "Álvarez", "Ramírez"),
    "ht": ("Jean-Baptiste", "St. Fleur", "Pierre", "Louis-Jacques", "Désir", "Toussaint"),
    "fr": ("Diallo", "N'Guessan", "Traoré", "Lefèvre", "Camara"),
    "pt": ("da Silva", "Gonçalves", "dos Santos", "Araújo", "Brandão"),
    "en": ("Okafor", "O'Brien", "Mensah", "Williams", "Achieng"),
    "ar": ("Al-Masri", "Haddad", "Ben Youssef", "Khoury", "El Amrani"),
}
LANGUAGES = {"es": 46, "ht": 16, "en": 12, "fr": 10, "pt": 8, "mam": 3, "quc": 3, "ar": 2}
"""Of a hundred households."""

PAGES_IN = ("es", "en", "fr", "ht", "pt", "ar")
NEEDS = ("wheelchair", "step-free", "hearing-loop", "quiet-room", "female-officer", "infant")
REFERRERS = ("government", "un", "ngo", "self")
SIZES = (1, 1, 1, 2, 2, 3, 3, 4, 5)
PHONE_STARTS = ("+5025", "+5037", "+50434", "+50937", "+52961")
DIGITS_AFTER = {"+5025": 7, "+5037": 7, "+50434": 6, "+50937": 6, "+52961": 7}


@dataclass(frozen=True)
class Person:
    """`number` counts from 1; `role` is principal, spouse or child; `sex` F, M or X."""

    number: int
    role: str
    given: str
    family: str
    born: date
    sex: str
    apart: bool
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Result:
    """A decision about a household. With `identifiers_valid` false its documents are written with a mistake."""

    number: int
    revision: int
    outcome: str
    programme: str
    decided_on: date
    valid_until: date
    registered_at: datetime
    referrer: str
    persons: tuple[Person, ...]
    language: str
    interpreter: bool
    phone: str = ""
    email: str = ""
    sites: tuple[str, ...] = ()
    admin_area: str = ""
    urgent: bool = False
    identifiers_valid: bool = True
    seed: str = field(default="", repr=False)

    @property
    def locale(self) -> str:
        """The language of letters: one that Puente has texts in, unreviewed ones too; Spanish for who reads none of them."""
        return self.language if self.language in PAGES_IN else "es"

    def random_for_documents(self) -> Random:
        """Gives the same identifiers to every revision of the household."""
        return Random(f"{self.seed}/documents/{self.number}")


def invent(programmes: Sequence[Programme], number: int, *, seed: str, day: date) -> Result:
    """Household `number` as first decided; `day` is the latest day of the decision."""
    random = Random(f"{seed}/{number}")
    programme = _programme(random, programmes)
    decided_on = day - timedelta(days=random.randint(0, 9))
    language = random.choices(list(LANGUAGES), list(LANGUAGES.values()))[0]
    site = random.choice(list(programme.areas)) if random.random() < 0.6 else ""
    return Result(
        number=number,
        revision=1,
        outcome=random.choices(("eligible", "ineligible", "review"), (93, 3, 4))[0],
        programme=programme.code,
        decided_on=decided_on,
        valid_until=day + timedelta(days=random.randint(75, 180)),
        registered_at=_moment(random, decided_on - timedelta(days=random.randint(20, 500))),
        referrer=random.choice(REFERRERS),
        persons=_household(random, language, decided_on),
        language=language,
        interpreter=language in ("mam", "quc", "ar") or (language == "ht" and random.random() < 0.5),
        phone=_phone(random) if random.random() < 0.4 else "",
        email=f"hogar{number}.{random.randrange(1000):03}@{random.choice(('mail', 'correo', 'familia'))}.example.org"
        if random.random() < 0.85
        else "",
        sites=(site,) if site else (),
        admin_area=programme.areas[site] if site and programme.code == "MX-REF" else "",
        urgent=random.random() < 0.08,
        seed=seed,
    )


def revised(result: Result, random: Random) -> Result:
    """What the authority says later about the same household."""
    changed = replace(result, revision=result.revision + 1)
    change = random.choice(("urgent", "withdrawn", "phone", "longer"))
    if change == "urgent":
        return replace(changed, urgent=True, outcome="eligible")
    if change == "withdrawn":
        return replace(changed, outcome="withdrawn")
    if change == "phone":
        return replace(changed, phone=_phone(random))
    return replace(changed, valid_until=changed.valid_until + timedelta(days=30))


def spoiled(result: Result, random: Random) -> Result:
    """The same with one mistake, for which intake has to quarantine it."""
    first, *others = result.persons
    mistake = random.choice(("identifier", "programme", "birth", "principal"))
    if mistake == "programme":
        return replace(result, programme=f"{result.programme[:3]}ZZZ")
    if mistake == "birth":
        return replace(result, persons=(replace(first, born=result.decided_on + timedelta(days=400)), *others))
    if mistake == "principal":
        return replace(result, persons=(replace(first, role="other"), *others))
    return replace(result, identifiers_valid=False)


def _programme(random: Random, programmes: Sequence[Programme]) -> Programme:
    """Every second household is of a programme that offers the earliest slot at once."""
    wanted = random.random() < 0.5
    return random.choice([p for p in programmes if p.is_immediate is wanted] or list(programmes))


def _household(random: Random, language: str, decided_on: date) -> tuple[Person, ...]:
    names = language if language in GIVEN_NAMES else "es"
    family = random.choice(FAMILY_NAMES[names])
    size = random.choice(SIZES)
    roles = ["principal", *(["spouse"] if size > 1 and random.random() < 0.7 else [])]
    roles += ["child"] * (size - len(roles))
    return tuple(
        Person(
            number=number,
            role=role,
            given=random.choice(GIVEN_NAMES[names]),
            family=family if role == "child" or random.random() < 0.5 else random.choice(FAMILY_NAMES[names]),
            born=_birth(random, role, decided_on),
            sex=random.choices(("F", "M", "X"), (50, 48, 2))[0],
            apart=role == "spouse" and random.random() < 0.15,
            needs=(random.choice(NEEDS),) if random.random() < 0.08 else (),
        )
        for number, role in enumerate(roles, start=1)
    )


def _birth(random: Random, role: str, decided_on: date) -> date:
    youngest, oldest = (0, 17) if role == "child" else (20, 66)
    return decided_on - timedelta(days=random.randint(365 * youngest + 30, 365 * oldest))


def _moment(random: Random, day: date) -> datetime:
    return datetime.combine(day, time(random.randrange(24), random.randrange(60)), UTC)


def _phone(random: Random) -> str:
    start = random.choice(PHONE_STARTS)
    return start + "".join(random.choices("0123456789", k=DIGITS_AFTER[start]))
