"""What a chart is: a specification that any Vega viewer draws, and the numbers it draws."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

Spec = dict[str, Any]
"""A Vega-Lite 5 or Vega 5 document. Its `$schema` says which; nothing in it is ever fetched."""
TABLE = "table"
"""The data set of a specification that holds the rows of the chart's table."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart, ready to be rendered or put on a page.

    `name` is a slug for file names. `takeaway` is one sentence, computed from the data; both it and `title`
    are plain text, without unseen characters, to be escaped like any other. `spec` holds all its data inline.
    `table` has the numbers that are drawn; its texts, names of teams above all, are as others wrote them: guard them where a
    spreadsheet or a page reads them.
    """

    name: str
    title: str
    takeaway: str
    spec: Spec
    table: pd.DataFrame


def table_data(table: pd.DataFrame, labels: Mapping[str, str]) -> Spec:
    """The table as inline data: names of teams as they are labelled, empty cells as null."""
    rows = [{str(key): _plain(value) for key, value in row.items()} for row in table.to_dict(orient="records")]
    for row in rows:
        for column in ("team", "other"):
            if row.get(column) is not None:
                row[column] = labels[str(row[column])]
    return {"name": TABLE, "values": rows}


def _plain(value: Any) -> str | int | float | bool | None:
    """As JSON has it; NaN and infinity, which it does not have, are null."""
    item = value.item() if hasattr(value, "item") else value
    if item is None or isinstance(item, str | bool | int):
        return item
    return float(item) if math.isfinite(item) else None
