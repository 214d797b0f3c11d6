"""The identity provider over the network: where it is, what a code is worth, and whether an identity token is its own.

OpenID Connect Core 1.0: authorization code with PKCE. A token counts only where its signature is by one of the provider's
published keys with an asymmetric algorithm, and issuer, audience, time and nonce are those that were asked for.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sonobench_platform.clock import Clock
from sonobench_platform.config import Settings
from sonobench_platform.domain.errors import Forbidden, Unavailable

log = logging.getLogger(__name__)

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Never `none`, and none with a shared secret: a public key would then be a secret that everybody has."""
_LEEWAY_S = 60
_ANSWER_WITHIN_S = 10.0
_KEPT_S = 3600.0
_KEYS_AGAIN_AFTER_S = 60.0
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Claimed(NamedTuple):
    """Whom the provider says it is. `is_verified`: it vouches that the address is theirs."""

    subject: str
    email: str | None
    is_verified: bool
    name: str


@dataclass(frozen=True, slots=True)
class _Metadata:
    authorize: str
    token: str
    keys: str
    userinfo: str | None
    takes_basic: bool


class OidcProvider:
    """The provider that the settings name. Threads may share it."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.issuer = settings.oidc_issuer or ""
        self._client_id = settings.oidc_client_id
        self._secret_file = settings.oidc_client_secret_file
        self._redirect = f"{settings.public_url.rstrip('/')}/api/v1/account/oidc/callback"
        self._clock = clock
        self._lock = threading.Lock()
        self._metadata: tuple[float, _Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    def sign_in_address(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where to send the browser. Raises Unavailable where the provider does not answer."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        said = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "scope": "openid email profile",
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        address = self._described().authorize
        return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(said)}"

    def redeem(self, code: str, *, verifier: str, nonce: str) -> Claimed:
        """Whom a code stands for.

        Raises:
            Forbidden: the provider does not take the code, or its token is not to be believed.
            Unavailable: the provider does not answer.
        """
        answer = self._exchange(code, verifier)
        claims = self._verified(str(answer.get("id_token") or ""), nonce)
        userinfo = self._described().userinfo
        if "email" not in claims and userinfo is not None and isinstance(answer.get("access_token"), str):
            claims = {**self._ask_userinfo(userinfo, answer["access_token"], str(claims["sub"])), **claims}
        return _claimed(claims)

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        described = self._described()
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._redirect, "code_verifier": verifier}
        secret = None if self._secret_file is None else self._secret_file.read_text().strip()
        basic = None if secret is None or not described.takes_basic else httpx.BasicAuth(self._client_id, secret)
        if basic is None:
            form["client_id"] = self._client_id
            form |= {} if secret is None else {"client_secret": secret}
        answer = self._request("POST", described.token, data=form, auth=basic)
        if answer.status_code != httpx.codes.OK:
            raise _refused(f"the provider answered {answer.status_code} to the code")
        return _document(answer)

    def _verified(self, token: str, nonce: str) -> dict[str, Any]:
        """The claims of a token that is the provider's, for this platform and for this browser's question."""
        try:
            decoded = self._decoded(token)
            wanted = jwt.JWTClaimsRegistry(
                now=int(self._clock.now().timestamp()),
                leeway=_LEEWAY_S,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self._client_id},
                sub={"essential": True},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": nonce},
            )
            wanted.validate(decoded.claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise _refused(f"its token is not to be believed ({type(error).__name__})") from error
        if decoded.claims.get("azp", self._client_id) != self._client_id:
            raise _refused("its token was made for another program")
        return dict(decoded.claims)

    def _decoded(self, token: str) -> jwt.Token:
        """The token, its signature checked; the keys are asked for anew where they may have changed."""
        try:
            return jwt.decode(token, self._key_set(not_older_than_s=_KEPT_S), algorithms=ALGORITHMS)
        except (JoseError, ValueError):
            return jwt.decode(token, self._key_set(not_older_than_s=_KEYS_AGAIN_AFTER_S), algorithms=ALGORITHMS)

    def _key_set(self, *, not_older_than_s: float) -> KeySet:
        with self._lock:
            if self._keys is not None and time.monotonic() - self._keys[0] < not_older_than_s:
                return self._keys[1]
        found = KeySet.import_key_set(_document(self._request("GET", self._described().keys)))  # type: ignore[arg-type]
        with self._lock:
            self._keys = (time.monotonic(), found)
        return found

    def _described(self) -> _Metadata:
        with self._lock:
            if self._metadata is not None and time.monotonic() - self._metadata[0] < _KEPT_S:
                return self._metadata[1]
        said = _document(self._request("GET", f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"))
        if said.get("issuer") != self.issuer:
            raise Unavailable("oidc-misconfigured", "The identity provider calls itself otherwise than the settings do.")
        described = _metadata(said)
        with self._lock:
            self._metadata = (time.monotonic(), described)
        return described

    def _ask_userinfo(self, address: str, access_token: str, subject: str) -> dict[str, Any]:
        said = _document(self._request("GET", address, headers={"Authorization": f"Bearer {access_token}"}))
        if said.get("sub") != subject:
            raise _refused("its two answers are about two people")
        return {name: said[name] for name in ("email", "email_verified", "name") if name in said}

    def _request(self, method: str, address: str, **options: Any) -> httpx.Response:
        try:
            with httpx.Client(timeout=_ANSWER_WITHIN_S, follow_redirects=False) as client:
                return client.request(method, address, **{name: value for name, value in options.items() if value is not None})
        except httpx.HTTPError as error:
            log.warning("the identity provider does not answer at %s (%s)", address, type(error).__name__)
            raise Unavailable("oidc-away", "The identity provider does not answer; try again in a minute.") from error


def _metadata(said: dict[str, Any]) -> _Metadata:
    try:
        found = _Metadata(
            authorize=_safe(said["authorization_endpoint"]),
            token=_safe(said["token_endpoint"]),
            keys=_safe(said["jwks_uri"]),
            userinfo=_safe(said["userinfo_endpoint"]) if said.get("userinfo_endpoint") else None,
            takes_basic="client_secret_basic" in said.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Unavailable("oidc-misconfigured", "The identity provider does not describe itself in full.") from error
    return found


def _safe(address: str) -> str:
    """An address that secrets may be sent to. Raises ValueError."""
    parts = urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        raise ValueError(f"{address!r} is not an https address")
    return address


def _document(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = answer.json() if answer.status_code == httpx.codes.OK else None
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise Unavailable("oidc-away", "The identity provider answers with something else than it should; try again later.")
    return said


def _claimed(claims: dict[str, Any]) -> Claimed:
    subject, email, name = claims["sub"], claims.get("email"), claims.get("name")
    if not isinstance(subject, str) or not 1 <= len(subject) <= 200:
        raise _refused("its token names nobody")
    verified = claims.get("email_verified") in (True, "true")  # some providers quote it
    return Claimed(subject, email if isinstance(email, str) else None, verified, name if isinstance(name, str) else "")


def _refused(why: str) -> Forbidden:
    log.warning("a sign-in with the identity provider was refused: %s", why)
    return Forbidden("oidc-refused", "The identity provider's answer is not to be believed; start again from the sign-in page.")
