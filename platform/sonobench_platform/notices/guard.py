"""Where a webhook may go: to public addresses over HTTPS, unless this server's settings allow more.

A name is resolved once. Every address it has must be allowed, and the connection is made to the very address that was looked
at: a name that answers differently a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sonobench_platform.config import Settings
from sonobench_platform.notices.sending import Refused, Unreachable

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name. Raises OSError where it has none."""

# What `is_global` lets through or has let through in some versions of Python: IPv4 inside IPv6, by tunnels and translators, and
# what a router treats as its own.
_NEVER = tuple(
    ipaddress.ip_network(each)
    for each in (
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",
        "100::/64",
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
        "100.64.0.0/10",  # carrier-grade NAT
        "192.88.99.0/24",  # 6to4 relays
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """An address to connect to, and what to ask it for. `host` is the name as TLS and the Host header say it."""

    is_https: bool
    host: str
    port: int
    path: str
    address: str


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine resolves it."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


def check_url(settings: Settings, url: str) -> tuple[bool, str, int, str]:
    """Whether an address is one at all, and of an allowed kind: HTTPS?, host, port, path with its query.

    Raises:
        Refused: it is not; the message says why.
    """
    if not url.isascii() or any(each <= " " or each in '\\\x7f"<>^`{|}' for each in url) or len(url) > 2000:
        raise Refused("the address holds characters that an address has not; write it in ASCII, percent-encoded")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise Refused(f"this is no address: {error}") from None
    if parts.scheme not in {"https", "http"} or not host:
        raise Refused("the address must begin with https:// and name a host")
    if parts.scheme == "http" and not settings.webhooks_over_http:
        raise Refused("the address must begin with https://; plain HTTP is not allowed here (SONOBENCH_WEBHOOKS_OVER_HTTP)")
    if parts.username is not None or parts.password is not None or "@" in parts.netloc or parts.fragment:
        raise Refused("the address must not hold a name, a password or a fragment")
    if port == 0 or len(host) > 253:
        raise Refused("the address names no port or host that could be reached")
    is_https = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if is_address(host) and not (settings.webhooks_to_private_addresses or is_public(host)):
        raise _private()
    return is_https, host, port or (443 if is_https else 80), path


def aim(settings: Settings, url: str, *, resolve: Resolve = resolve) -> Target:
    """Resolve an address, once, and see that it may be connected to.

    Raises:
        Refused: it may not. Unreachable: its name has no address now.
    """
    is_https, host, port, path = check_url(settings, url)
    try:
        addresses = resolve(host, port)
    except (OSError, UnicodeError):
        raise Unreachable(f"the name {host} has no address now") from None
    if not addresses:
        raise Unreachable(f"the name {host} has no address now")
    if not settings.webhooks_to_private_addresses and not all(is_public(each) for each in addresses):
        raise _private()
    return Target(is_https=is_https, host=host, port=port, path=path, address=addresses[0])


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the public Internet, and is no other address in disguise."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # a scope (`fe80::1%eth0`), or no address
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.scope_id is not None:
        return False
    if any(found in network for network in _NEVER if network.version == found.version):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def is_address(host: str) -> bool:
    """Whether a host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _private() -> Refused:
    return Refused(
        "the address leads into a private network, which this server does not ask "
        "(its administrator can allow that with SONOBENCH_WEBHOOKS_TO_PRIVATE_ADDRESSES)"
    )
