"""Every folder of `submissions_example/hostile/`: handed in, run on a real engine, harmless, and told as what it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from gallery import Attack, attack_names, read_attack
from gallery_bench import Told

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


class TestAttack:
    @pytest.mark.parametrize("name", attack_names())
    def test_it_is_harmless_and_told_as_what_it_is(self, name: str, attempt: Callable[[Attack], Told], honest: Told) -> None:
        attack = read_attack(name)
        told = attempt(attack)
        assert told.harm == (), told.log
        assert (told.stage, told.category, told.blame) == (attack.stage, attack.category, attack.blame), told.log
        assert [words for words in attack.tried if words not in told.log] == [], told.log
        assert expected_findings(told, attack) == attack.findings
        if attack.scores == "as honest":
            assert told.values == honest.values


def expected_findings(told: Told, attack: Attack) -> dict[str, int | None]:
    """What was found, with None where the folder leaves the count open."""
    return {code: count if attack.findings.get(code, count) is not None else None for code, count in told.findings.items()}
