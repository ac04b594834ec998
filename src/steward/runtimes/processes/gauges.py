"""Figures that etcd publishes of itself, read inside the cluster's network namespace: `ports/gauges.py` for real."""

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from steward.domain import clusters, errors
from steward.ports.gauges import EtcdUsage
from steward.runtimes.processes import arguments, places, sockets

PATIENCE = 5.0  # seconds
MOST_BYTES = 4 * 2**20
_LINE = "^{name} ([0-9.e+]+)$"
_QUOTA, _USAGE = "etcd_server_quota_backend_bytes", "etcd_mvcc_db_total_size_in_bytes"
_REQUEST = b"GET /metrics HTTP/1.0\r\nHost: localhost\r\n\r\n"


class ProcessGauges:
    def __init__(self, spot: places.Places) -> None:
        self._spot = spot
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="gauge-sockets")

    async def etcd(self, cluster_id: clusters.ClusterId, slot: int) -> EtcdUsage:
        try:
            async with asyncio.timeout(PATIENCE):
                said = await self._metrics(slot)
        except (OSError, TimeoutError) as reason:
            raise errors.Unavailable(
                f"etcd of cluster {cluster_id} does not answer ({reason or 'it takes too long'}); it is the provider's "
                "turn to bring it back, and it is being tried"
            ) from None
        return EtcdUsage(quota=_figure(said, _QUOTA), usage=_figure(said, _USAGE))

    async def _metrics(self, slot: int) -> str:
        loop = asyncio.get_running_loop()
        with await loop.run_in_executor(self._thread, sockets.made, self._spot.namespace(slot)) as made:
            await loop.sock_connect(made, arguments.ETCD_METRICS)
            reader, writer = await asyncio.open_connection(sock=made, limit=MOST_BYTES)
            try:
                writer.write(_REQUEST)
                return (await reader.read(-1)).decode(errors="replace")
            finally:
                writer.transport.abort()


def _figure(said: str, name: str) -> int:
    found = re.search(_LINE.format(name=name), said, re.MULTILINE)
    if found is None:
        raise errors.Unavailable(f"etcd does not say its {name}")
    return int(float(found[1]))
