"""What a browser sends of a form that nobody touched: what stands in it, is ticked or is chosen."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        name, value = has.get("name", ""), has.get("value", "")
        if tag == "input" and (has.get("type") not in ("radio", "checkbox") or "checked" in has):
            self.fields[name] = value
        elif tag == "select":
            self._select = name
        elif tag == "option" and ("selected" in has or self._select not in self.fields):
            self.fields[self._select] = value
        elif tag == "textarea":
            self._area, self.fields[name] = name, ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = ""


def filled(form: str) -> dict[str, str]:
    """The fields in this piece of HTML, with what a browser sends of them."""
    parser = _Form()
    parser.feed(form)
    return parser.fields
