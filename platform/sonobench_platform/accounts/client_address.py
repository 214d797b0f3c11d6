"""Whose address a request comes from. What a client says of itself counts only where a proxy of ours said it."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from starlette.requests import HTTPConnection

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
UNKNOWN = "unknown"


def client_address(request: HTTPConnection, trusted_proxies: str) -> str:
    """The address to count by: the socket's, or the last one in X-Forwarded-For that is no trusted proxy's.

    Of an IPv6 address its network of 64 bits, which is what one household or one attacker has.

    Args:
        trusted_proxies: as in the settings, addresses and networks with commas between.
    """
    found = _parse(request.client.host) if request.client is not None else None
    trusted = networks(trusted_proxies)
    for each in reversed(request.headers.get("x-forwarded-for", "").split(",")) if trusted else ():
        if found is None or not any(found in network for network in trusted):
            break
        found = _parse(each.strip()) or found
    return _counted(found)


@lru_cache(maxsize=8)
def networks(trusted_proxies: str) -> tuple[Network, ...]:
    return tuple(ip_network(part.strip(), strict=False) for part in trusted_proxies.split(",") if part.strip())


def _parse(text: str) -> Address | None:
    try:
        found = ip_address(text.strip("[]").split("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _counted(found: Address | None) -> str:
    if found is None:
        return UNKNOWN
    return str(found) if found.version == 4 else str(ip_network((found, 64), strict=False))
