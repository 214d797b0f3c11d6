"""How passwords are kept: with the parameters that production uses, which other tests replace by quick ones."""

from __future__ import annotations

from argon2 import extract_parameters
from argon2.low_level import Type

from sonobench_platform.accounts.passwords import HASHER


class TestHasher:
    def test_takes_the_memory_and_time_of_rfc_9106(self) -> None:
        found = extract_parameters(HASHER.hash("seven teal kettles"))
        assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 65536, 3, 4)
