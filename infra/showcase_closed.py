"""The closed challenge of the showcase: fifteen teams with the levels of the published table, some of them more than once."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from infra.showcase_challenges import Extent, write_closed
from infra.showcase_scores import Skill
from infra.showcase_stage import Stage


class Published(NamedTuple):
    """A line of the published table (arXiv 2512.17279): time in seconds, peak GPU memory in GB, means in [0, 1]."""

    team: str
    time_s: float
    gpu_gb: float
    dsc: float
    auc: float
    auc_subtype: float


TABLE = (
    Published("SMART", 36.03, 0.59, 0.854, 0.766, 0.540),
    Published("AImageLab-zip", 46.67, 2.76, 0.833, 0.752, 0.524),
    Published("Lanzhou", 52.55, 0.74, 0.825, 0.776, 0.543),
    Published("FDBMELAB", 33.00, 2.27, 0.843, 0.707, 0.547),
    Published("SDFMU", 45.90, 1.53, 0.850, 0.628, 0.576),
    Published("Sigma-WHU", 54.77, 5.57, 0.828, 0.768, 0.525),
    Published("flamingo", 7.14, 12.41, 0.738, 0.798, 0.538),
    Published("junqiangmler", 42.79, 0.39, 0.828, 0.613, 0.502),
    Published("cvhci", 55.70, 3.45, 0.800, 0.714, 0.525),
    Published("Anidiot", 29.84, 1.63, 0.784, 0.606, 0.505),
    Published("ZRS03", 54.40, 1.07, 0.719, 0.745, 0.549),
    Published("NCCK_BC", 44.07, 1.31, 0.796, 0.634, 0.560),
    Published("Zhijianlife", 37.23, 2.51, 0.747, 0.533, 0.522),
    Published("BeautyUS", 46.69, 4.36, 0.819, 0.578, 0.498),
    Published("U-Vision", 45.81, 0.00, 0.208, 0.487, 0.484),
)
_OPEN_DAYS = 40.0


def tell_closed(stage: Stage, folder: Path, extent: Extent, *, opens: datetime) -> dict[str, str]:
    """Register it, have every team hand in, close it; each team's last submission. The clock ends a day after it closed."""
    closes = opens + timedelta(days=_OPEN_DAYS)
    stage.platform.register_challenge(write_closed(folder, extent, opens=opens, closes=closes))
    stage.clock.go_to(opens + timedelta(hours=1))
    stage.platform.sweep()
    tokens = {each.team: stage.team(each.team) for each in TABLE}
    handed_in = {}
    for round_, worse in enumerate((0.06, 0.0)):
        for at, each in enumerate(TABLE):
            if worse and at % 3:  # a third of the teams come twice
                continue
            stage.clock.go_to(opens + timedelta(days=3 + 18 * round_ + at))
            handed_in[each.team] = _hand_in(stage, tokens[each.team], each, worse)
    stage.clock.go_to(closes + timedelta(minutes=5))
    stage.platform.sweep()
    stage.clock.go_to(closes + timedelta(days=1))
    return handed_in


def _hand_in(stage: Stage, token: str, line: Published, worse: float) -> str:
    skill = Skill(
        dsc=line.dsc - worse,
        auc=line.auc - worse,
        auc_of_many=line.auc_subtype,
        bad_masks=2 if line.team == "BeautyUS" else 0,
        label=line.team,
    )
    note = "first try" if worse else None
    return stage.scored(token, "uusic25", skill, time_s=line.time_s * (1 + worse), gpu_gb=line.gpu_gb, note=note)
