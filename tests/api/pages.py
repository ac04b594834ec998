"""Forms of served pages, read as a browser reads them."""

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag == "input" and named.get("name"):
            self.fields[str(named["name"])] = named.get("value") or ""


def fields(page: str) -> dict[str, str]:
    """The names of its inputs with the values that they begin with."""
    form = _Form()
    form.feed(page)
    return form.fields
