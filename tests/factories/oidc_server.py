"""A tiny OpenID Connect provider on loopback: real keys, real tokens, codes that work once; and lies, where a test wants some."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "sonobench", "a secret of the provider's making"


class OidcServer:
    """`claims` go into every token, over what is true; `header` into its header; `key` signs it."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.claims: dict[str, Any] = {"sub": "ada-1", "email": "ada@example.org", "email_verified": True, "name": "Ada"}
        self.header: dict[str, Any] = {"alg": "RS256", "kid": "k1"}
        self.published = RSAKey.generate_key(2048, {"kid": "k1"})
        self.key = self.published
        self.userinfo: dict[str, Any] | None = None
        self.tokens_given = 0
        self.asked_with: dict[str, Any] = {}
        self.is_broken = False
        self._codes: dict[str, dict[str, str]] = {}
        self.issuer = ""

    def send_back(self, address: str) -> str:
        """What the browser is sent back to after its owner signed in at `address`."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state'], 'iss': self.issuer})}"

    def describe(self) -> dict[str, Any]:
        names = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        said = {"issuer": self.issuer, **{name: f"{self.issuer}/{path}" for name, path in names.items()}}
        return said if self.userinfo is None else {**said, "userinfo_endpoint": f"{self.issuer}/userinfo"}

    def give_token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self._codes.pop(form.get("code", ""), None)
        expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        challenge = _base64(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if asked is None or authorization != f"Basic {expected}" or challenge != asked["code_challenge"]:
            return 400, {"error": "invalid_grant"}
        if form.get("redirect_uri") != asked["redirect_uri"] or form.get("grant_type") != "authorization_code":
            return 400, {"error": "invalid_grant"}
        self.tokens_given += 1
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self._token(asked["nonce"])}

    def keys(self) -> dict[str, Any]:
        return dict(KeySet([self.published]).as_dict(private=False))

    def _token(self, nonce: str) -> str:
        now = int(self.clock.now().timestamp())
        true = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce}
        claims = {name: value for name, value in {**true, **self.claims}.items() if value is not None}
        unsigned = ".".join(_base64(json.dumps(each).encode()) for each in (self.header, claims))
        if self.header["alg"] == "none":
            return f"{unsigned}."
        if self.header["alg"] == "HS256":  # with what everybody may read: the public key
            return f"{unsigned}.{_base64(hmac.digest(self.published.as_pem(private=False), unsigned.encode(), 'sha256'))}"
        return jwt.encode(self.header, claims, self.key, algorithms=[self.header["alg"]])


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def oidc_server(clock: Any) -> Iterator[OidcServer]:
    """The provider, answering until the end of the block."""
    provider = OidcServer(clock)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = urlsplit(self.path).path
            if path == "/.well-known/openid-configuration":
                self._answer(200, provider.describe())
            elif path == "/keys":
                self._answer(200, provider.keys())
            elif path == "/userinfo" and self.headers["Authorization"] == "Bearer at":
                self._answer(200, provider.userinfo or {})
            else:
                self._answer(404, {})

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            self._answer(*provider.give_token(form, self.headers.get("Authorization", "")))

        def _answer(self, status: int, said: dict[str, Any]) -> None:
            body = b"<html>sorry" if provider.is_broken else json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
