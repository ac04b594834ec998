"""`python -m docs.generate`, from the root of the checkout: writes the pages that are stale."""

import sys

from docs import generate

written = "".join(f"docs/{name} is written anew\n" for name in generate.write())
sys.stdout.write(written or "All generated pages are as the code.\n")
