"""What listens on the host while the gallery runs: whatever a container says to any of it is heard."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading


class Listeners:
    """TCP and UDP on every address, and an abstract Unix socket. `heard` names each that something spoke to."""

    def __init__(self, abstract: str) -> None:
        self.abstract = abstract
        self.heard: list[str] = []
        self._ending = threading.Event()
        self._selector = selectors.DefaultSelector()
        tcp = self._listen("tcp", _bound(socket.AF_INET, socket.SOCK_STREAM, ("0.0.0.0", 0)))  # noqa: S104 - to be attacked
        udp = self._listen("udp", _bound(socket.AF_INET, socket.SOCK_DGRAM, ("0.0.0.0", 0)))  # noqa: S104
        self.tcp_port, self.udp_port = int(tcp.getsockname()[1]), int(udp.getsockname()[1])
        self._listen("abstract socket", _bound(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract))
        with contextlib.suppress(OSError):  # a machine without IPv6 has nothing to be reached there
            self._listen("tcp over IPv6", _bound(socket.AF_INET6, socket.SOCK_STREAM, ("::", self.tcp_port)))
        self._thread = threading.Thread(target=self._hear, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._ending.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]
        self._selector.close()

    def _listen(self, name: str, door: socket.socket) -> socket.socket:
        self._selector.register(door, selectors.EVENT_READ, name)
        return door

    def _hear(self) -> None:
        while not self._ending.is_set():
            for key, _ in self._selector.select(timeout=0.2):
                door = key.fileobj
                assert isinstance(door, socket.socket)
                self.heard.append(str(key.data))
                if door.type == socket.SOCK_STREAM:
                    door.accept()[0].close()
                else:
                    door.recv(1)


def own_addresses() -> tuple[str, ...]:
    """Addresses of this host as a container on a bridge would use them, and both loopbacks."""
    found = {"127.0.0.1", "172.17.0.1"}
    with contextlib.suppress(OSError):
        found |= {str(each[4][0]) for each in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    return tuple(sorted(found))


def _bound(family: int, kind: int, address: tuple[str, int] | str) -> socket.socket:
    door = socket.socket(family, kind)
    if family == socket.AF_INET6:
        door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    door.bind(address)
    if kind == socket.SOCK_STREAM:
        door.listen()
    return door
