"""The contracts there are, by the name a challenge gives."""

from __future__ import annotations

from sonobench_eval.contract.port import Contract
from sonobench_eval.contract.uusic25 import Uusic25

_CONTRACTS: dict[str, Contract] = {"uusic25": Uusic25()}


def contract_named(name: str) -> Contract:
    """The contract of that name.

    Raises:
        LookupError: there is none.
    """
    try:
        return _CONTRACTS[name]
    except KeyError:
        raise LookupError(f"there is no contract {name!r}; choose from {', '.join(sorted(_CONTRACTS))}") from None
