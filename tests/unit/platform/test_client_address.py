"""Whose address a request comes from: never one that a client may make up."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from sonobench_platform.accounts.client_address import client_address


def _request(socket: str | None, forwarded: str | None = None) -> Request:
    headers = [] if forwarded is None else [(b"x-forwarded-for", forwarded.encode())]
    return Request({"type": "http", "headers": headers, "client": None if socket is None else (socket, 1)})


class TestClientAddress:
    @pytest.mark.parametrize(
        ("socket", "forwarded", "trusted", "counted"),
        [
            ("192.0.2.1", None, "", "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", "", "192.0.2.1"),
            ("192.0.2.1", "198.51.100.7", "10.0.0.0/8", "192.0.2.1"),
            ("10.0.0.1", "198.51.100.7", "10.0.0.0/8", "198.51.100.7"),
            ("10.0.0.1", "203.0.113.9, 198.51.100.7", "10.0.0.0/8", "198.51.100.7"),
            ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "10.0.0.0/8", "198.51.100.7"),
            ("10.0.0.1", "203.0.113.9, 10.0.0.3, 10.0.0.2", "10.0.0.0/8, 127.0.0.1", "203.0.113.9"),
            ("10.0.0.1", "nonsense", "10.0.0.0/8", "10.0.0.1"),
            ("10.0.0.1", None, "10.0.0.0/8", "10.0.0.1"),
            ("::1", "198.51.100.7", "::1", "198.51.100.7"),
            (None, None, "", "unknown"),
        ],
    )
    def test_a_header_counts_only_where_a_trusted_proxy_wrote_it(
        self, socket: str | None, forwarded: str | None, trusted: str, counted: str
    ) -> None:
        assert client_address(_request(socket, forwarded), trusted) == counted

    def test_a_whole_network_of_ipv6_is_one(self) -> None:
        one, other = "2001:db8:1:2:aaaa::1", "2001:db8:1:2:bbbb::2"
        assert client_address(_request(one), "") == client_address(_request(other), "") == "2001:db8:1:2::/64"

    def test_an_ipv4_address_in_ipv6_is_the_ipv4_address(self) -> None:
        assert client_address(_request("::ffff:192.0.2.1"), "") == "192.0.2.1"
