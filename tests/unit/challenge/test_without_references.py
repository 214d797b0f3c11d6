from __future__ import annotations

from sonobench_eval.challenge.model import Challenge


class TestWithoutReferences:
    def test_tells_a_run_worker_nothing_of_labels_masks_subjects_or_subgroups(self, challenge: Challenge) -> None:
        marked = tuple(case.model_copy(update={"subject": "s", "subgroup": "g"}) for case in challenge.cases)
        hidden = challenge.model_copy(update={"cases": marked}).without_references()
        assert hidden.truth is None
        told = {(case.mask, case.label, case.subject, case.subgroup) for case in hidden.cases}
        assert told == {(None, None, None, None)}

    def test_keeps_everything_a_run_needs(self, challenge: Challenge) -> None:
        hidden = challenge.without_references()
        assert [(case.id, case.task, case.center) for case in hidden.cases] == [
            (case.id, case.task, case.center) for case in challenge.cases
        ]
        assert (hidden.tasks, hidden.limits, hidden.writable) == (challenge.tasks, challenge.limits, challenge.writable)
