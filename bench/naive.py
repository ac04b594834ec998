"""The naive way to a control plane, to compare with: what a careful person writes on a first afternoon.

Run as a script of its own, `python naive.py <folder of programs> <folder for its files>`. RSA-2048 keys and
certificates by openssl, one after the other; then etcd, API server, controller-manager and scheduler, each
started when the one before it answers; looked at each second. Everything on loopback.

It says on standard output when the API answered and when all run, and ends what it started when its
standard input ends.
"""

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVICES = "10.3.0.0/16"
NAMES = "IP:127.0.0.1,IP:10.3.0.1,DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
LOOK_EVERY = 1.0
GIVE_UP_AFTER = 120
# Name: authority, subject. The same that steward makes for the programs of a control plane and for its customer.
LEAVES = {
    "etcd-server": ("etcd-ca", "/CN=etcd"),
    "etcd-client": ("etcd-ca", "/CN=kube-apiserver"),
    "apiserver": ("ca", "/CN=kube-apiserver"),
    "kubelet-client": ("ca", "/O=system:masters/CN=kubelet-client"),
    "front-proxy-client": ("front-proxy-ca", "/CN=front-proxy-client"),
    "controller-manager": ("ca", "/CN=system:kube-controller-manager"),
    "scheduler": ("ca", "/CN=system:kube-scheduler"),
    "admin": ("ca", "/O=system:masters/CN=admin"),
}


def main(programs: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True)
    make_keys(folder)
    ports = dict(zip(("etcd", "peer", "api", "controllers", "scheduler"), free_ports(5), strict=True))
    api = f"https://127.0.0.1:{ports['api']}"
    for user in ("controller-manager", "scheduler", "admin"):
        write_kubeconfig(folder, user, api)
    with ending() as started:
        launch(started, programs, folder, "etcd", etcd(folder, ports))
        wait(folder, f"https://127.0.0.1:{ports['etcd']}/health", "etcd-ca", "etcd-client")
        launch(started, programs, folder, "kube-apiserver", api_server(folder, ports))
        wait(folder, f"{api}/readyz", "ca", "admin")
        wait(folder, f"{api}/api/v1/namespaces/default", "ca", "admin")
        print("api", flush=True)
        launch(started, programs, folder, "kube-controller-manager", controller_manager(folder, ports))
        wait(folder, f"https://127.0.0.1:{ports['controllers']}/healthz", "", "")
        launch(started, programs, folder, "kube-scheduler", scheduler(folder, ports))
        wait(folder, f"https://127.0.0.1:{ports['scheduler']}/healthz", "", "")
        print("all", flush=True)
        sys.stdin.read()


def make_keys(folder: Path) -> None:
    for name in ("ca", "etcd-ca", "front-proxy-ca"):
        openssl(folder, "req", "-x509", *new_key(name), "-subj", f"/CN={name}", "-days", "365", "-out", f"{name}.crt")
    openssl(folder, "genrsa", "-out", "sa.key", "2048")
    openssl(folder, "rsa", "-in", "sa.key", "-pubout", "-out", "sa.pub")
    for name, (authority, subject) in LEAVES.items():
        request = f"{name}.csr"
        openssl(folder, "req", *new_key(name), "-subj", subject, "-addext", f"subjectAltName={NAMES}", "-out", request)
        signing = ("-CA", f"{authority}.crt", "-CAkey", f"{authority}.key", "-CAcreateserial", "-copy_extensions=copy")
        openssl(folder, "x509", "-req", "-in", request, *signing, "-days", "365", "-out", f"{name}.crt")


def new_key(name: str) -> tuple[str, ...]:
    return ("-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key")


def openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def write_kubeconfig(folder: Path, user: str, server: str) -> None:
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server, "certificate-authority": f"{folder}/ca.crt"}}],
        "users": [
            {"name": "u", "user": {"client-certificate": f"{folder}/{user}.crt", "client-key": f"{folder}/{user}.key"}}
        ],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (folder / f"{user}.kubeconfig").write_text(json.dumps(document))


def etcd(folder: Path, ports: dict[str, int]) -> list[str]:
    client, peer = f"https://127.0.0.1:{ports['etcd']}", f"https://127.0.0.1:{ports['peer']}"
    pair = [f"{folder}/etcd-server.crt", f"{folder}/etcd-server.key", f"{folder}/etcd-ca.crt"]
    return [
        *("--name=etcd", f"--data-dir={folder}/etcd", f"--listen-client-urls={client}"),
        *(f"--advertise-client-urls={client}", f"--listen-peer-urls={peer}", f"--initial-cluster=etcd={peer}"),
        *(f"--initial-advertise-peer-urls={peer}", "--client-cert-auth=true", "--peer-client-cert-auth=true"),
        *(f"--cert-file={pair[0]}", f"--key-file={pair[1]}", f"--trusted-ca-file={pair[2]}"),
        *(f"--peer-cert-file={pair[0]}", f"--peer-key-file={pair[1]}", f"--peer-trusted-ca-file={pair[2]}"),
    ]


def api_server(folder: Path, ports: dict[str, int]) -> list[str]:
    return [
        *("--bind-address=127.0.0.1", f"--secure-port={ports['api']}", "--allow-privileged=true"),
        *("--authorization-mode=Node,RBAC", "--enable-admission-plugins=AlwaysPullImages,NodeRestriction"),
        *(f"--client-ca-file={folder}/ca.crt", f"--etcd-servers=https://127.0.0.1:{ports['etcd']}"),
        *(f"--tls-cert-file={folder}/apiserver.crt", f"--tls-private-key-file={folder}/apiserver.key"),
        *(f"--etcd-cafile={folder}/etcd-ca.crt", f"--etcd-certfile={folder}/etcd-client.crt"),
        *(f"--etcd-keyfile={folder}/etcd-client.key", f"--kubelet-client-certificate={folder}/kubelet-client.crt"),
        *(f"--kubelet-client-key={folder}/kubelet-client.key", "--requestheader-allowed-names=front-proxy-client"),
        *(f"--proxy-client-cert-file={folder}/front-proxy-client.crt",),
        *(f"--proxy-client-key-file={folder}/front-proxy-client.key",),
        *(f"--requestheader-client-ca-file={folder}/front-proxy-ca.crt",),
        *("--requestheader-username-headers=X-Remote-User", "--requestheader-group-headers=X-Remote-Group"),
        *(f"--service-account-key-file={folder}/sa.pub", f"--service-account-signing-key-file={folder}/sa.key"),
        *("--service-account-issuer=https://kubernetes.default.svc", f"--service-cluster-ip-range={SERVICES}"),
    ]


def controller_manager(folder: Path, ports: dict[str, int]) -> list[str]:
    return [
        *("--bind-address=127.0.0.1", f"--secure-port={ports['controllers']}"),
        *(f"--kubeconfig={folder}/controller-manager.kubeconfig", f"--root-ca-file={folder}/ca.crt"),
        *(f"--cluster-signing-cert-file={folder}/ca.crt", f"--cluster-signing-key-file={folder}/ca.key"),
        *(f"--service-account-private-key-file={folder}/sa.key", "--use-service-account-credentials=true"),
        f"--service-cluster-ip-range={SERVICES}",
    ]


def scheduler(folder: Path, ports: dict[str, int]) -> list[str]:
    return [
        *("--bind-address=127.0.0.1", f"--secure-port={ports['scheduler']}"),
        f"--kubeconfig={folder}/scheduler.kubeconfig",
    ]


@contextmanager
def ending() -> Iterator[list[subprocess.Popen[bytes]]]:
    """What was started ends with the script, however that ends."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started: list[subprocess.Popen[bytes]] = []
    try:
        yield started
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


def launch(
    started: list[subprocess.Popen[bytes]], programs: Path, folder: Path, name: str, arguments: list[str]
) -> None:
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen([programs / name, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    started.append(process)
    (folder / f"{name}.pid").write_text(str(process.pid))


def wait(folder: Path, url: str, authority: str, user: str) -> None:
    """Each second, until it answers with success."""
    context = ssl.create_default_context(cafile=f"{folder}/{authority}.crt" if authority else None)
    if user:
        context.load_cert_chain(folder / f"{user}.crt", folder / f"{user}.key")
    else:
        # The two programs serve their health under a certificate that they made up.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    # No proxy that the environment names: all of it is on this machine.
    asking = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    for _ in range(GIVE_UP_AFTER):
        try:
            with asking.open(url, timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(LOOK_EVERY)
    sys.exit(f"{url} does not answer")


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
