"""OVHcloud's request signature `$1$`; `connection` puts it into the header, the edge has its own check."""

import hashlib


def signature(*, application_secret: str, consumer_key: str, method: str, url: str, body: bytes, timestamp: int) -> str:
    """Over the URL as it is sent, escapes and query included, and the raw bytes of the body."""
    head = "+".join((application_secret, consumer_key, method.upper(), url, ""))
    # SHA-1 is what the protocol prescribes; the secret never leaves this machine.
    digest = hashlib.sha1(head.encode() + body + f"+{timestamp}".encode(), usedforsecurity=False)
    return "$1$" + digest.hexdigest()
