"""How far the bootstrap rankings agree with the full one: the distribution of Kendall's tau, for the whole and for each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sonobench_eval.ranking.stability_report import RankDistribution
from sonobench_eval.report.charts.chart import Chart, Spec, table_data
from sonobench_eval.report.charts.labels import labels_of, shortened
from sonobench_eval.report.charts.style import INK, SKY, VERMILLION, number_axis, sheet

FloatArray = NDArray[np.float64]
WIDTH_PX, ROW_PX = 480, 46
FINEST, COARSEST = 0.03, 0.1
"""Of the bins, in units of tau."""


def tau_distribution(distributions: Sequence[RankDistribution], *, titles: Mapping[str, str] | None = None) -> Chart | None:
    """A histogram for each ranking, mirrored, with its median and the range that holds the declared share of resamples.

    Args:
        distributions: of the whole ranking and of tasks, in the order to be shown.
        titles: scope -> what to call it.

    Returns:
        None where no ranking has two teams apart.
    """
    known = [each for each in distributions if each.tau.values]
    if not known:
        return None
    named = {
        each.scope: (titles or {}).get(each.scope, "Whole ranking" if each.scope == "score" else each.scope) for each in known
    }
    labels = labels_of(list(named.values()), 24)
    edges = _edges(max(len(each.teams) for each in known), min(each.tau.values[0] for each in known))
    table = pd.concat(
        [_rows(each, labels[named[each.scope]], edges).assign(ranking_order=number) for number, each in enumerate(known)],
        ignore_index=True,
    )
    heading = "Kendall's tau of bootstrap rankings with the full ranking"
    takeaway = _takeaway(known, named)
    spec = sheet(heading, takeaway, _view(table, edges), width_px=WIDTH_PX + 170)
    return Chart("tau", heading, takeaway, spec, table)


def _edges(teams: int, lowest: float) -> FloatArray:
    """Bins that hold equally many of the values that tau can have without ties, 4 / (n (n - 1)) apart, as far as these are
    fine enough; 1 is amid the last one, of which only the half up to 1 is drawn."""
    step = 4 / (teams * (teams - 1))
    width = min(step * np.ceil(FINEST / step - 1e-9), COARSEST)
    bins = max(10, int(np.ceil((1 - min(lowest, 0.8)) / width + 0.5)))
    return np.asarray(1 + width / 2 - width * np.arange(bins, -1, -1))


def _rows(distribution: RankDistribution, label: str, edges: FloatArray) -> pd.DataFrame:
    tau = distribution.tau
    counts, _ = np.histogram(tau.values, bins=edges)
    share = counts / len(tau.values)
    height = 0.5 * counts / counts.max()
    rows = {"from": edges[:-1], "to": np.minimum(edges[1:], 1), "share": share, "up": height, "down": -height}
    table = pd.DataFrame(rows).assign(ranking=label, scope=distribution.scope, median=tau.median, low=tau.low, high=tau.high)
    return table[table["share"] > 0]


def _view(table: pd.DataFrame, edges: FloatArray) -> Spec:
    x = number_axis("from", "Kendall's tau-b (1 is the same order)", domain=[float(edges[0]), float(edges[-1])])
    y = {"field": "up", "type": "quantitative", "axis": None, "scale": {"domain": [-0.62, 0.62]}}
    once = [
        {"aggregate": [{"op": "min", "field": each, "as": each} for each in ("low", "high", "median")], "groupby": ["ranking"]}
    ]
    middle = {"value": ROW_PX / 2}
    layers: list[Spec] = [
        {
            "mark": {"type": "rect", "color": SKY, "stroke": "white", "strokeWidth": 0.5},
            "encoding": {"x": x, "x2": {"field": "to"}, "y": y, "y2": {"field": "down"}},
        },
        {
            "transform": once,
            "mark": {"type": "rule", "color": INK, "strokeWidth": 1.4},
            "encoding": {"x": {**x, "field": "low"}, "x2": {"field": "high"}, "y": middle},
        },
        {
            "transform": once,
            "mark": {
                "type": "point",
                "shape": "diamond",
                "filled": True,
                "size": 60,
                "opacity": 1,
                "color": VERMILLION,
                "stroke": "white",
                "strokeWidth": 0.7,
            },
            "encoding": {"x": {**x, "field": "median"}, "y": middle},
        },
    ]
    header = {"labelAngle": 0, "labelAlign": "left", "labelAnchor": "middle", "labelOrient": "left", "labelPadding": 6}
    row = {
        "field": "ranking",
        "type": "nominal",
        "title": None,
        "header": header,
        "sort": {"field": "ranking_order", "op": "min"},
    }
    return {
        "data": table_data(table, {}),
        "facet": {"row": row},
        "spacing": 2,
        "spec": {"width": WIDTH_PX, "height": ROW_PX, "layer": layers},
    }


def _takeaway(known: Sequence[RankDistribution], named: Mapping[str, str]) -> str:
    least = min(known, key=lambda each: each.tau.median or 0.0)
    first = known[0]
    told = f"{shortened(named[first.scope], 40)}: median tau {first.tau.median:.2f} ({first.tau.low:.2f} to {first.tau.high:.2f})"
    if least is not first:
        told += f"; least stable is {shortened(named[least.scope], 40)} with {least.tau.median:.2f}"
    return f"{told}. Diamond: median; line: range in parentheses."
