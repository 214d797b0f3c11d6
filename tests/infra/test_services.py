"""What an operator installs: systemd's units, the nightly backup, the certificate to try with, and scripts that hold water."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import time
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sonobench_platform.commands.plugin import register
from sonobench_platform.config import Settings

PROGRAM = "/opt/sonobench/.venv/bin/sonobench"
SCRIPTS = ("infra/node/setup-gpu.sh", "infra/backup/nightly.sh", "infra/tls/self-signed.sh", "infra/setup.sh", "infra/engine.sh")
UNITS = ("serve", "score-worker", "beat", "run-worker@", "backup")


def _unit(repo_root: Path, name: str) -> dict[str, list[str]]:
    settings: dict[str, list[str]] = {}
    for line in (repo_root / f"infra/systemd/sonobench-{name}.service").read_text().splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


class TestUnits:
    def test_systemd_finds_nothing_wrong_with_them(self, repo_root: Path, tmp_path: Path) -> None:
        if shutil.which("systemd-analyze") is None:
            pytest.skip("systemd-analyze is not installed")
        for unit in (repo_root / "infra/systemd").iterdir():
            programs = (
                unit.read_text().replace(PROGRAM, "/bin/true").replace("/opt/sonobench/infra/backup/nightly.sh", "/bin/true")
            )
            # The services of other packages need not be installed here.
            here = "\n".join(line for line in programs.splitlines() if not line.startswith("Requires=docker"))
            (tmp_path / unit.name).write_text(here)
        units = sorted(str(path) for path in tmp_path.iterdir())
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False)
        told = [line for line in done.stderr.splitlines() if "sonobench" in line]
        assert told == []

    @pytest.mark.parametrize("name", UNITS)
    def test_the_command_is_one_that_there_is(self, repo_root: Path, name: str) -> None:
        (command,) = _unit(repo_root, name)["ExecStart"]
        if name == "backup":
            assert (repo_root / command.split()[0].removeprefix("/opt/sonobench/")).is_file()
            return
        assert command.startswith(f"{PROGRAM} ")
        words = [word for word in command.split()[1:] if word not in {"--slot", "${SLOT}"}]
        app = typer.Typer()
        register(app)
        shown = CliRunner().invoke(app, [*words, "--help"])
        assert shown.exit_code == 0, shown.output

    @pytest.mark.parametrize("name", UNITS)
    def test_every_setting_they_name_exists(self, repo_root: Path, name: str) -> None:
        named = [word.split("=")[0] for word in _unit(repo_root, name)["Environment"] if word.startswith("SONOBENCH_")]
        assert {each.removeprefix("SONOBENCH_").lower() for each in named} <= set(Settings.model_fields)

    @pytest.mark.parametrize("name", UNITS)
    def test_each_can_gain_no_rights_and_write_only_what_is_its_own(self, repo_root: Path, name: str) -> None:
        unit = _unit(repo_root, name)
        for setting in ("NoNewPrivileges", "PrivateTmp", "ProtectControlGroups", "ProtectKernelModules", "RestrictSUIDSGID"):
            assert unit[setting] == ["yes"], setting
        assert unit["ProtectSystem"] == ["strict"]

    def test_only_the_run_worker_needs_the_engine_and_it_knows_no_database(self, repo_root: Path) -> None:
        for name in UNITS:
            text = (repo_root / f"infra/systemd/sonobench-{name}.service").read_text()
            assert ("docker" in text) == (name == "run-worker@")
            assert "server.env" not in text or name != "run-worker@"


class TestNightlyBackup:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        made = tmp_path / "backups"
        made.mkdir()
        for name, days, is_backup in (
            ("2026-01-01T031500Z", 30, True),
            ("2026-01-20T031500Z", 3, True),
            ("2025-kept-Z", 90, False),
        ):
            (made / name).mkdir()
            if is_backup:
                (made / name / "manifest.json").write_text("{}")
            then = time.time() - days * 86400
            os.utime(made / name, (then, then))
        return made

    def _run(self, repo_root: Path, folder: Path, program: str, **variables: str) -> subprocess.CompletedProcess[str]:
        path = folder.parent / "sonobench"
        path.write_text(f"#!/bin/bash\n{program}\n")
        path.chmod(0o755)
        return subprocess.run(
            [repo_root / "infra/backup/nightly.sh", folder],
            env={**os.environ, "SONOBENCH_PROGRAM": str(path), **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_old_backups_go_once_a_new_one_is_whole_and_nothing_else_does(self, repo_root: Path, folder: Path) -> None:
        done = self._run(repo_root, folder, '[ "$2" = restore ] || { mkdir "$3"; echo {} >"$3/manifest.json"; }')
        assert done.returncode == 0, done.stderr
        left = {path.name for path in folder.iterdir()}
        assert "2026-01-01T031500Z" not in left
        assert {"2026-01-20T031500Z", "2025-kept-Z"} < left
        assert len(left) == 3

    @pytest.mark.parametrize("failing", ["backup", "restore"])
    def test_where_the_new_one_fails_the_old_ones_are_kept(self, repo_root: Path, folder: Path, failing: str) -> None:
        before = {path.name for path in folder.iterdir()}
        done = self._run(repo_root, folder, f'[ "$2" != {failing} ] || exit 1; [ "$2" = restore ] || mkdir "$3"')
        assert done.returncode == 1
        assert "older ones are kept" in done.stderr
        assert before <= {path.name for path in folder.iterdir()}

    def test_days_that_are_none_remove_nothing(self, repo_root: Path, folder: Path) -> None:
        done = self._run(repo_root, folder, "exit 0", KEEP_DAYS="two weeks")
        assert (done.returncode, len(list(folder.iterdir()))) == (1, 3)


class TestCertificate:
    @pytest.mark.parametrize(
        ("name", "alternative"), [("bench.example.org", "DNS:bench.example.org"), ("192.0.2.7", "IP Address:192.0.2.7")]
    )
    def test_it_is_for_the_name_that_was_asked_for_and_its_key_for_few_eyes(
        self, repo_root: Path, tmp_path: Path, name: str, alternative: str
    ) -> None:
        done = subprocess.run(
            [repo_root / "infra/tls/self-signed.sh", name, tmp_path / "tls"], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        assert stat.S_IMODE((tmp_path / "tls" / "privkey.pem").stat().st_mode) == 0o600
        shown = subprocess.run(
            ["openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", tmp_path / "tls" / "fullchain.pem"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert alternative in shown.stdout

    def test_one_that_is_there_is_never_replaced(self, repo_root: Path, tmp_path: Path) -> None:
        (tmp_path / "privkey.pem").write_text("precious")
        done = subprocess.run(
            [repo_root / "infra/tls/self-signed.sh", "localhost", tmp_path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert (tmp_path / "privkey.pem").read_text() == "precious"


class TestScripts:
    @pytest.mark.parametrize("script", SCRIPTS)
    def test_shellcheck_finds_nothing(self, repo_root: Path, script: str) -> None:
        program = shutil.which("shellcheck")
        if program is None:
            pytest.skip("shellcheck is not installed")
        done = subprocess.run([program, repo_root / script], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")


class TestProxy:
    def test_nginx_takes_the_configuration(self, repo_root: Path, tmp_path: Path) -> None:
        nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
        if nginx is None:
            pytest.skip("nginx is not installed")
        subprocess.run([repo_root / "infra/tls/self-signed.sh", "localhost", tmp_path], capture_output=True, check=True)
        text = (repo_root / "infra/compose/nginx.conf").read_text().replace("/etc/nginx/tls", str(tmp_path))
        (tmp_path / "nginx.conf").write_text(text)
        done = subprocess.run([nginx, "-t", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
