"""Settings: defaults that work, and values that cannot work refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from sonobench_platform.config import Settings


class TestSettings:
    def test_everything_has_a_default_under_the_home(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path)
        assert settings.database_url == f"sqlite:///{tmp_path}/sonobench.sqlite"
        assert settings.node_token_file == tmp_path / "node-token"
        assert settings.broker_url is None
        assert settings.node_name

    def test_the_environment_is_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SONOBENCH_HOME", str(tmp_path / "x"))
        monkeypatch.setenv("SONOBENCH_LEASE_S", "60")
        assert Settings().home == tmp_path / "x"
        assert Settings().lease_s == 60

    def test_addresses_with_passwords_are_not_printed(self, tmp_path: Path) -> None:
        settings = Settings(home=tmp_path, database_url="postgresql://u:hunter2@db/x", broker_url="redis://:hunter2@r/0")
        assert "hunter2" not in repr(settings)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("lease_s", 7),
            ("node_name", "a b"),
            ("node_name", "../x"),
            ("max_attempts", 0),
            ("lease_s", "nan"),
            ("cpuset", "a-b"),
            ("reference_every_s", -1),
        ],
    )
    def test_what_cannot_work_is_refused(self, tmp_path: Path, field: str, value: object) -> None:
        with pytest.raises(ValidationError):
            Settings(home=tmp_path, **{field: value})
