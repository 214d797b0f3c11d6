"""Times in units of the node's reference container, for challenges that rank them so (`measuring.relative_to_reference`).

Nodes differ, and one node differs from itself a month later. A run that took ten times as long as the reference container
took on its node is comparable with another's ten, wherever each of them ran. Only as far as a model's speed follows that
of one CPU: the reference container knows nothing of graphics cards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

NOTE = "Times are ranked in units of the reference container: a run's time divided by what that took on the same node."


def in_reference_units(time_s: float | None, reference_s: float | None) -> float | None:
    """The time over the node's reference time; None where either is not known.

    Args:
        time_s: of the run, at least 0; while the challenge is open, as it is shown.
        reference_s: of the reference container on the run's node, above 0.
    """
    return None if time_s is None or not reference_s else time_s / reference_s


def notes(teams: Sequence[str], references_s: Sequence[float | None]) -> Iterator[str]:
    """What the board says: the unit, and whose runs have none."""
    yield NOTE
    if without := [team for team, reference_s in zip(teams, references_s, strict=True) if not reference_s]:
        yield (
            f"There is no time of the reference container beside the run of {', '.join(without)}, "
            "so it has no time that could be ranked. It has to run again on a node that has one."
        )
