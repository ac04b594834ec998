"""TLS towards a server that one authority vouches for, and with an identity of one's own; all of it from memory.

Called by whoever speaks to the API servers of clusters.
"""

import os
import ssl


def trusting(authority: str) -> ssl.SSLContext:
    """The authority, in PEM, and nobody else's."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=authority)
    return context


def identified(authority: str, *, certificate: str, key: str) -> ssl.SSLContext:
    """As the holder of a certificate and its key, both in PEM; `ssl.SSLError` where they do not belong together."""
    context = trusting(authority)
    # Python loads a key from a file only; this one has no name and lies in memory alone.
    with open(os.memfd_create("identity", os.MFD_CLOEXEC), "wb") as file:
        file.write(f"{certificate}\n{key}".encode())
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
    return context
