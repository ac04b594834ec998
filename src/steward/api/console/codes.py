"""Pictures that a telephone's camera reads."""

import segno


def picture(text: str) -> str:
    """As a `data:` address of an SVG; dark on light whatever the page's colours are, or cameras do not read it."""
    made = segno.make(text, error="m", micro=False)
    return made.svg_data_uri(scale=5, border=4, dark="#000", light="#fff")
