"""The contract of a challenge: one that has a name, or one made of the rules that the challenge declares."""

from __future__ import annotations

from typing import get_args

from sonobench_eval.challenge.contract_rules import ContractName
from sonobench_eval.challenge.model import Challenge
from sonobench_eval.contract.configured import ConfiguredContract
from sonobench_eval.contract.port import Contract
from sonobench_eval.contract.presets import PRESETS, rules_of
from sonobench_eval.contract.uusic25 import Uusic25

_CONTRACTS: dict[str, Contract] = {
    name: Uusic25() if name == "uusic25" else ConfiguredContract(PRESETS[name]) for name in get_args(ContractName)
}


def contract_of(challenge: Challenge) -> Contract:
    """The contract that a challenge names or declares."""
    declared: object = challenge.contract
    return contract_named(declared) if isinstance(declared, str) else ConfiguredContract(rules_of(challenge))


def contract_named(name: str) -> Contract:
    """The contract of that name.

    Raises:
        LookupError: there is none.
    """
    try:
        return _CONTRACTS[name]
    except KeyError:
        raise LookupError(f"there is no contract {name!r}; choose from {', '.join(sorted(_CONTRACTS))}") from None
