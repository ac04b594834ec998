"""What reads cost, beside a bare FastAPI hello on the same server: rates, the slowest hundredth, long lists.

Called by `python -m bench --only requests`; needs neither root nor components, but `wrk` (Debian's package). The
service runs on the simulated runtime. Reads are signed once: a signature holds for a minute, and reads may repeat it.
"""

import hashlib
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench import probes, service

SECONDS, QUICK_SECONDS = 6, 2  # of one load
ROUNDS, QUICK_ROUNDS = 5, 2
CONNECTIONS = (16, 200)
OWN, OTHERS = 1000, 5000
_SCALE = {"us": 1e-3, "ms": 1.0, "s": 1e3}
Keys = Mapping[str, str]


def measured(folder: Path, *, quick: bool) -> dict[str, Any]:
    rounds, seconds = (QUICK_ROUNDS, QUICK_SECONDS) if quick else (ROUNDS, SECONDS)
    with service.Service(folder / "requests", runtime="simulated") as served, _hello() as hello:
        cluster = served.client().post(served.kube, region=service.REGION)["id"]
        probes.until(lambda: _status(served, cluster) == "READY", within=120, every=0.5, what="a simulated cluster")
        keys = {
            "key": served.keys["applicationKey"],
            "secret": served.keys["applicationSecret"],
            "consumer": served.keys["consumerKey"],
        }
        ours = {"list": served.kube, "get": f"{served.kube}/{cluster}"}
        loads = [_round(hello, f"http://{served.listen}", ours, keys, seconds) for _ in range(rounds)]
    long = {str(others): _long(folder / f"many-{others}", others, quick=quick) for others in (0, OTHERS)}
    return {"loads": loads, "compared": _compared(loads), "list_of_1000": long}


def _status(served: service.Service, cluster: str) -> str:
    return str(served.client().get(f"{served.kube}/{cluster}")["status"])


def _round(hello: str, base: str, ours: Mapping[str, str], keys: Keys, seconds: int) -> dict[str, Any]:
    """Each load once, one after the other, so that what disturbs one disturbs the next as well."""
    found: dict[str, Any] = {}
    for connections in CONNECTIONS:
        found[f"hello/{connections}"] = _load(hello, {}, connections, seconds)
        for name, path in ours.items():
            url = f"{base}/1.0{path}"
            found[f"{name}/{connections}"] = _load(url, signed(url, keys), connections, seconds)
    return found


def _load(url: str, headers: Mapping[str, str], connections: int, seconds: int) -> dict[str, float]:
    given = [part for name, text in headers.items() for part in ("-H", f"{name}: {text}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "--timeout", "10s", *given, url]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        raise service.Trouble("wrk is missing: apt-get install -y wrk") from None
    if "Non-2xx" in done.stdout:
        raise service.Trouble(f"{url} refused requests under load: {done.stdout}")
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    worst = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if rate is None or worst is None:
        raise service.Trouble(f"wrk says something else than expected: {done.stdout}")
    return {"rate": float(rate[1]), "p99_ms": float(worst[1]) * _SCALE[worst[2]]}


def _compared(loads: list[dict[str, Any]]) -> dict[str, Any]:
    """Medians over the rounds of each round's own ratio."""
    found: dict[str, Any] = {}
    for name in ("list", "get"):
        for connections in CONNECTIONS:
            pairs = [(each[f"{name}/{connections}"], each[f"hello/{connections}"]) for each in loads]
            found[f"{name}/{connections}"] = {
                "rate_of_hello": round(statistics.median(ours["rate"] / hello["rate"] for ours, hello in pairs), 3),
                "p99_of_hello": round(statistics.median(ours["p99_ms"] / hello["p99_ms"] for ours, hello in pairs), 2),
            }
    return found


def _long(folder: Path, others: int, *, quick: bool) -> dict[str, float]:
    """One page of a project's 1,000 clusters, beside those of other customers; fresh and as it is kept."""
    folder.mkdir(parents=True)
    port = service.free_port()
    command = [sys.executable, "-m", "bench.many_clusters", str(port), str(folder), str(OWN), str(others)]
    with _running(command) as process:
        assert process.stdout is not None
        keys = json.loads(process.stdout.readline())
        url = f"http://127.0.0.1:{port}/1.0/cloud/project/{keys['project']}/kube"
        probes.until(lambda: _taken(url, keys) > 0, within=60, every=0.1, what="the service's own start")
        # Each with another query, so that nothing is kept of it.
        fresh = [_taken(f"{url}?round={number}", keys) for number in range(5 if quick else 15)]
        kept = [_taken(url, keys) for _ in range(5 if quick else 15)]
    return {"fresh_ms": round(statistics.median(fresh), 2), "kept_ms": round(statistics.median(kept), 2)}


def _taken(url: str, keys: Keys) -> float:
    """Milliseconds of one request; 0 where nobody answers."""
    import httpx2

    began = time.perf_counter()
    try:
        answer = httpx2.get(url, headers=dict(signed(url, keys)), timeout=30, trust_env=False)
    except httpx2.HTTPError:
        return 0.0
    if answer.status_code != 200 or len(answer.json()) != OWN:
        raise service.Trouble(f"{url} answered {answer.status_code} with {answer.text[:200]}")
    return (time.perf_counter() - began) * 1000


def signed(url: str, keys: Keys) -> dict[str, str]:
    now = str(int(time.time()))
    text = "+".join((keys["secret"], keys["consumer"], "GET", url, "", now))
    return {
        "X-Ovh-Application": keys["key"],
        "X-Ovh-Consumer": keys["consumer"],
        "X-Ovh-Timestamp": now,
        "X-Ovh-Signature": "$1$" + hashlib.sha1(text.encode()).hexdigest(),
    }


@contextmanager
def _hello() -> Iterator[str]:
    port = service.free_port()
    url = f"http://127.0.0.1:{port}/hello"
    with _running([sys.executable, "-m", "bench.hello", str(port)]):
        probes.until(lambda: _answers(url), within=30, every=0.1, what="the yardstick's start")
        yield url


def _answers(url: str) -> bool:
    import httpx2

    try:
        return httpx2.get(url, trust_env=False).status_code == 200
    except httpx2.HTTPError:
        return False


@contextmanager
def _running(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)
