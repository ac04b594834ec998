"""What this machine is worth right now: a yardstick that every result carries.

Called once per run. Times of two machines, or of two hours of the same, compare through these figures only.
"""

import hashlib
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa

SYNCS = 200
STARTS = 50
KEYS_P256 = 50
KEYS_RSA = 8  # the time for one varies by a factor of ten: primes are found by luck
HASHED = 64 * 2**20


def measure(folder: Path) -> dict[str, float]:
    syncs = _syncs(folder)
    starts = [_seconds(lambda: subprocess.run(["/bin/true"], check=True)) for _ in range(STARTS)]
    block = bytes(2**20)

    def hashing() -> None:
        digest = hashlib.sha256()
        for _ in range(HASHED // len(block)):
            digest.update(block)

    return {
        "fdatasync_p50_ms": round(statistics.median(syncs) * 1000, 3),
        "fdatasync_p99_ms": round(sorted(syncs)[int(SYNCS * 0.99) - 1] * 1000, 3),
        "fork_exec_p50_ms": round(statistics.median(starts) * 1000, 2),
        "p256_key_cpu_ms": round(_cpu_seconds(lambda: ec.generate_private_key(ec.SECP256R1()), KEYS_P256) * 1000, 3),
        "rsa2048_key_cpu_ms": round(_cpu_seconds(lambda: rsa.generate_private_key(65537, 2048), KEYS_RSA) * 1000, 1),
        "sha256_mb_per_s": round(HASHED / 1e6 / _seconds(hashing)),
    }


def _syncs(folder: Path) -> list[float]:
    """Of 4 KiB each, where the clusters' data will lie."""
    path = folder / "sync"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:

        def write() -> None:
            os.write(descriptor, bytes(4096))
            os.fdatasync(descriptor)

        return [_seconds(write) for _ in range(SYNCS)]
    finally:
        os.close(descriptor)
        path.unlink()


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _cpu_seconds(act: Callable[[], object], times: int) -> float:
    before = resource.getrusage(resource.RUSAGE_SELF)
    for _ in range(times):
        act()
    after = resource.getrusage(resource.RUSAGE_SELF)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / times
