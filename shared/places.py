"""A place of interviews in one line, as messages and calendars name it."""


def in_one_line(name: str, address: str, city: str) -> str:
    """Name, address and city, of which none says again what another has said: the address of some repeats the others."""
    name, address, city = (" ".join(part.split()) for part in (name, address, city))
    before = [] if address.lower().startswith(name.lower()) else [name]
    after = [] if city.lower() in address.lower() else [city]
    return ", ".join(part for part in (*before, address, *after) if part)
