"""Rules of ranking in a file of their own: what stands under `ranking:` in a challenge file, for tables and what-ifs."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from sonobench_eval.challenge.errors import ChallengeError, Problem
from sonobench_eval.challenge.explain import problems_of
from sonobench_eval.challenge.ranking_rules import Ranking
from sonobench_eval.challenge.yaml_text import read_yaml


def read_rules(path: Path) -> Ranking:
    """Read the rules, with or without `ranking:` above them; of a whole challenge file, those in it.

    Raises:
        ChallengeError: the file cannot be read or is not valid; one line for each problem.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ChallengeError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ChallengeError(f"{path}: the file is not UTF-8; save it as UTF-8") from error
    found = read_yaml(text)
    inside = found.data.get("ranking", found.data) if isinstance(found.data, dict) else found.data
    if not isinstance(inside, dict):
        problems = found.problems or [Problem((), "rules of ranking are a mapping, for example {scheme: sonobench-70-30}", 1)]
        raise ChallengeError.of(path.name, problems)
    above = () if inside is found.data else ("ranking",)
    try:
        rules = Ranking.model_validate(inside)
    except ValidationError as error:
        told = [Problem(loc := (*above, *each.loc), each.sentence, found.line_of(loc)) for each in problems_of(error, inside)]
        raise ChallengeError.of(path.name, [*found.problems, *told]) from None
    if found.problems:
        raise ChallengeError.of(path.name, found.problems)
    return rules
