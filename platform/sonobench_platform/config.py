"""Configuration: the only room that reads the environment (`SONOBENCH_...`).

Every value has a default that works on one machine without a server to run; nothing here is a secret.
Tokens are made at the first start and kept in files that only their owner may read.
"""

from __future__ import annotations

import re
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from sonobench_eval.sandbox.cpuset import parse_cpuset

Positive = Annotated[float, Field(gt=0, le=7 * 86400, allow_inf_nan=False)]


class Settings(BaseSettings):
    """Where things lie and how long they may take. Times in seconds, sizes in bytes."""

    model_config = SettingsConfigDict(env_prefix="SONOBENCH_", extra="ignore")

    home: Path = Field(default=Path("./var"), validate_default=True)
    """Database, uploads, images, results: everything the platform keeps. Readable by its owner alone."""
    database_url: str = Field(default="", repr=False)
    """SQLAlchemy address, `postgresql://...` or `sqlite:///...`; empty for a SQLite file under `home`."""
    broker_url: str | None = Field(default=None, repr=False)
    """Redis address for Celery; None for the embedded broker, or for none."""
    public_url: str = "http://127.0.0.1:8100"
    """What people type to reach the pages."""
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8100
    api_url: str = "http://127.0.0.1:8100"
    """Where a run worker finds the API."""

    node_name: str = Field(default="", validate_default=True)
    """This run worker's name, unique among them; empty for the machine's own name."""
    node_token_file: Path | None = None
    organiser_token_file: Path | None = None
    metrics_token_file: Path | None = None
    """Whoever sends the token in this file may read `/metrics`; None: only this machine may, and without a token."""
    runtime: str | None = None
    """Container runtime on this node, for example `runsc` (gVisor); None for the engine's default."""
    gpu_uuid: str | None = None
    """The GPU this run worker hands to containers; None for none."""
    cpuset: str | None = None
    """The CPUs that this run worker's containers may use, for example `0-7,16-23`; None for all of the node."""
    output_in_memory_bytes: Annotated[int, Field(ge=0)] | None = None
    """Challenges whose results may be larger than this have them on this node's disk while they run, which needs root;
    None for half of the node's memory."""
    reference_every_s: Annotated[float, Field(ge=0, le=30 * 86400, allow_inf_nan=False)] = 6 * 3600.0
    """How often the reference container tells how fast this node is; 0 for never."""
    accept_unsafe_node: bool = False
    """Run strangers' images beside hidden data although `sonobench doctor` finds this node unsafe. Organisers see it."""

    link_secret_file: Path | None = None
    """What signs the links in mails; made at the first start, in `home` unless named here."""
    open_sign_up: bool = True
    """Whether people may make accounts themselves; if not, administrators add them."""
    session_idle_s: Annotated[float, Field(ge=60, le=90 * 86400, allow_inf_nan=False)] = 12 * 3600.0
    """A browser that asks nothing for this long is signed out."""
    session_max_s: Annotated[float, Field(ge=60, le=90 * 86400, allow_inf_nan=False)] = 14 * 86400.0
    """A browser is signed out this long after it signed in, whatever it does."""
    trusted_proxies: str = ""
    """Addresses or networks with commas between, such as `127.0.0.1,10.0.0.0/8`: reverse proxies whose X-Forwarded-For is
    believed. Empty: nobody's."""
    requests_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 1200
    """API requests that only read, by one caller; those without a token count by address, ten times as many. 0: no limit."""
    writes_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 300
    """API requests that change something, by one caller; bytes of uploads do not count. 0: no limit."""
    node_requests_per_minute: Annotated[int, Field(ge=0, le=1_000_000)] = 12_000
    """Requests to the internal API from one address of nodes. 0: no limit."""
    oidc_issuer: str | None = None
    """An OpenID Connect provider that people may sign in with, such as `https://login.example.org/realms/hospital`."""
    oidc_client_id: str = ""
    """What the provider calls this platform."""
    oidc_client_secret_file: Path | None = None
    """The file with the secret that the provider gave this platform; None where it gave none (a public client)."""
    oidc_name: Annotated[str, Field(max_length=60)] = "your organisation"
    """What the provider is called on the sign-in page."""

    smtp_host: str | None = None
    """The mail server that takes mails for people. None: mails, with their links, are printed to the score worker's log."""
    smtp_port: Annotated[int, Field(ge=1, le=65535)] = 587
    smtp_tls: Literal["starttls", "tls", "none"] = "starttls"
    """How the mail server is spoken to: TLS after STARTTLS (port 587), TLS from the start (465), or in clear (25)."""
    smtp_user: str = ""
    """Whom to sign in as at the mail server; empty: not at all."""
    smtp_password_file: Path | None = None
    """The file with that user's password."""
    mail_from: str = "Sonobench <sonobench@localhost>"
    """Who mails are from: `Name <address>`, or an address."""
    webhooks_over_http: bool = False
    """Whether webhooks may be sent in clear, to `http://` addresses."""
    webhooks_to_private_addresses: bool = False
    """Whether webhooks may be sent into this machine's own networks. Then an organiser can reach what listens there."""
    registry_host: str = ""
    """What teams type before an image's name in `docker push`, for example `bench.example.org`; empty: no registry."""
    registry_url: str = ""
    """Where this server reaches the registry; empty for `https://` and the host, or for the private one."""
    registry_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Have `serve` start a private registry on this port (Debian: docker-registry). None: none, or one of your own."""
    registry_ca_file: Path | None = None
    """Certificates to trust when the registry is asked, where they are not the public ones."""

    lease_s: Positive = 40.0
    """How long a claimed run belongs to its worker without a heartbeat. With `sweep_s` it bounds how long a dead worker's
    run lies unseen: a minute at most."""
    heartbeat_s: Positive = 4.0
    """How often a worker says that it lives. It hears by the answer that its run was cancelled."""
    sweep_s: Positive = 10.0
    """How often lost and overdue work is looked for."""
    max_attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """How often a run is started anew after the platform's own trouble."""

    max_upload_bytes: Annotated[int, Field(gt=0)] = 20 * 2**30
    min_free_bytes: Annotated[int, Field(ge=0)] = 1 * 2**30
    """Disk space that an upload must leave free."""

    retention_images_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False)] | None = None
    """Days after the last of its submissions ended that an image is removed (its description stays); None: never. So below."""
    retention_superseded_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False)] | None = None
    """Of the predictions of runs that another run replaced."""
    retention_logs_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False)] | None = None
    """Of what containers printed, after their submission ended."""
    retention_tokens_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False)] | None = None
    """Of tokens, after they were revoked or expired."""
    retention_notices_days: Annotated[float, Field(gt=0, le=36500, allow_inf_nan=False)] | None = None
    """Of mails and webhooks' messages, after they were sent or given up."""
    upload_idle_s: Positive = 120.0
    """An upload that sends nothing for this long is broken off; it can be sent again."""
    max_uploads_at_once: Annotated[int, Field(ge=1)] = 4
    """Bodies that one team may be sending at the same time, and resumable uploads that it may have begun."""
    upload_expires_s: Annotated[float, Field(gt=0, le=86400, allow_inf_nan=False)] = 86400.0
    """A resumable upload that is not whole this long after its creation is cancelled, at no cost to the team."""
    upload_disk_factor: Annotated[float, Field(ge=2, le=20, allow_inf_nan=False)] = 3.0
    """Disk space promised to an upload, as a multiple of its size: itself, the tar that is written of it, and the layers that
    an engine on the same disk unpacks. Tars sent with gzip or zstd become larger: 5 is safe for them; 2 where the engine has
    a disk of its own."""
    max_open_submissions: Annotated[int, Field(ge=1)] = 20
    """Submissions of one team to one challenge that may wait or run at the same time."""
    canary_failures_per_day: Annotated[int, Field(ge=1, le=10_000)] = 20
    """Images of one team that may crash on the public samples in a day: they cost no attempt, and would be free computing."""

    @field_validator("home")
    @classmethod
    def _home_is_absolute(cls, value: Path) -> Path:
        return value.expanduser().resolve()

    @field_validator("broker_url")
    @classmethod
    def _nameless_broker_is_none(cls, value: str | None) -> str | None:
        return value or None

    @field_validator("gpu_uuid")
    @classmethod
    def _nameless_gpu_is_none(cls, value: str | None) -> str | None:
        return (value or "").strip() or None

    @field_validator("cpuset")
    @classmethod
    def _cpuset_is_one(cls, value: str | None) -> str | None:
        if value:
            parse_cpuset(value)
        return value or None

    @field_validator("node_name")
    @classmethod
    def _node_name_is_plain(cls, value: str) -> str:
        value = value or re.sub(r"[^A-Za-z0-9_-]+", "-", socket.gethostname().split(".")[0]).strip("-_")[:64] or "node"
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", value):
            raise ValueError(f"{value!r} is not a node name; use letters, digits, - and _")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, value: str) -> str:
        for each in filter(None, (part.strip() for part in value.split(","))):
            ip_network(each, strict=False)
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer_is_an_address(cls, value: str | None) -> str | None:
        if value and not re.match(r"https://|http://(127\.0\.0\.1|localhost|\[::1\])[:/]", value):
            raise ValueError(f"{value!r} is no OpenID Connect issuer; it starts with https://")
        return value or None

    @model_validator(mode="after")
    def _fill_in(self) -> Self:
        if self.heartbeat_s * 2 > self.lease_s:
            raise ValueError("heartbeat_s must be at most half of lease_s, or one late heartbeat loses a run")
        if self.oidc_issuer and not self.oidc_client_id:
            raise ValueError("oidc_issuer needs oidc_client_id, which the provider gives")
        self.node_token_file = (self.node_token_file or self.home / "node-token").expanduser().resolve()
        self.organiser_token_file = (self.organiser_token_file or self.home / "organiser-token").expanduser().resolve()
        self.link_secret_file = (self.link_secret_file or self.home / "link-secret").expanduser().resolve()
        self._find_the_registry()
        self._keep_the_mail_password()
        self.database_url = self.database_url or f"sqlite:///{self.home / 'sonobench.sqlite'}"
        return self

    def _keep_the_mail_password(self) -> None:
        if bool(self.smtp_user) != (self.smtp_password_file is not None):
            raise ValueError("smtp_user and smtp_password_file go together")
        if self.smtp_user and self.smtp_tls == "none" and self.smtp_host not in {"127.0.0.1", "::1", "localhost"}:
            raise ValueError("smtp_user needs smtp_tls, or its password would cross the network in clear")
        if self.smtp_host is not None and self.mail_from.endswith("@localhost>"):
            raise ValueError("smtp_host needs mail_from, the address that mails are from")

    def _find_the_registry(self) -> None:
        if self.registry_port is not None:
            self.registry_host = self.registry_host or f"127.0.0.1:{self.registry_port}"
            self.registry_url = self.registry_url or f"http://127.0.0.1:{self.registry_port}"
        elif self.registry_host and not self.registry_url:
            self.registry_url = f"https://{self.registry_host}"
