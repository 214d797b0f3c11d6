from __future__ import annotations

import numpy as np
import pytest

from sonobench_eval.metrics import instances
from sonobench_eval.metrics.instances import connected, instance_answers, instance_overlaps, nothing_found


class TestInstanceOverlaps:
    def test_measures_areas_and_what_pairs_share(self) -> None:
        prediction = np.array([[1, 1, 0, 2], [1, 1, 0, 2]])
        reference = np.array([[0, 7, 7, 7], [0, 7, 7, 0]])
        found = instance_overlaps(prediction, reference)
        assert found.predicted_px.tolist() == [4, 2]
        assert found.reference_px.tolist() == [5]
        pairs = zip(found.predicted.tolist(), found.reference.tolist(), found.shared_px.tolist(), strict=True)
        assert list(pairs) == [(0, 0, 2), (1, 0, 1)]
        # 2 / (4 + 5 - 2) and 1 / (2 + 5 - 1); 4 / 9 and 2 / 7.
        assert found.iou.tolist() == pytest.approx([2 / 7, 1 / 6])
        assert found.dsc.tolist() == pytest.approx([4 / 9, 2 / 7])

    def test_orders_instances_by_their_first_pixels_whatever_their_numbers(self) -> None:
        image = np.array([[9, 0, 3, 3], [0, 1, 1, 1]])
        assert instance_overlaps(image, image).reference_px.tolist() == [1, 2, 3]

    @pytest.mark.parametrize("counted", [4_000_000, 1])
    def test_is_the_same_for_small_and_for_huge_numbers(self, counted: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(instances, "CODES_COUNTED", counted)
        small = np.array([[1, 1, 0], [0, 2, 2], [3, 0, 0]])
        huge = np.where(small > 0, small * 1_000_000_007, 0)
        for image in (small, huge):
            found = instance_overlaps(image, small[::-1])
            # The rows of the one against the other's: 1 over 3 in the top row's first pixel, 2 over 2, 3 over 1 at the bottom.
            assert found.predicted_px.tolist() == [2, 2, 1]
            assert found.reference_px.tolist() == [1, 2, 2]
            assert found.shared_px.tolist() == [1, 2, 1]

    def test_takes_volumes_and_masks_of_any_whole_kind(self) -> None:
        volume = np.zeros((2, 3, 4), dtype=np.uint8)
        volume[:, 1, 1:3] = 5
        found = instance_overlaps(volume, volume.astype(bool))
        assert found.iou.tolist() == [1.0]
        assert found.reference_px.tolist() == [4]

    def test_two_empty_images_have_no_instances(self) -> None:
        empty = np.zeros((3, 3), dtype=np.int64)
        found = instance_overlaps(empty, empty)
        assert [len(each) for each in found] == [0, 0, 0, 0, 0]

    def test_refuses_other_shapes_fractions_and_negative_numbers(self) -> None:
        image = np.zeros((2, 3), dtype=np.int64)
        with pytest.raises(ValueError, match="shape"):
            instance_overlaps(image, image.T)
        for wrong in (image.astype(float), image - 1):
            with pytest.raises(ValueError, match="whole numbers"):
                instance_overlaps(wrong, image)


class TestConnected:
    MASK = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]])

    def test_corners_join_or_do_not_as_it_is_said(self) -> None:
        assert connected(self.MASK, connectivity="faces").tolist() == [[1, 0, 0], [0, 2, 2], [0, 0, 0]]
        assert connected(self.MASK, connectivity="corners").tolist() == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]

    def test_in_three_dimensions(self) -> None:
        volume = np.zeros((2, 2, 2), dtype=np.uint8)
        volume[0, 0, 0] = volume[1, 1, 1] = 200
        assert connected(volume, connectivity="faces").max() == 2
        assert connected(volume, connectivity="corners").max() == 1


class TestInstanceAnswers:
    REFERENCE = np.array([[1, 0, 2]])

    def test_a_case_without_an_answer_has_its_references_all_the_same(self) -> None:
        answers = instance_answers([None, nothing_found(self.REFERENCE)], [self.REFERENCE, None])
        assert [len(each.reference_px) for each in answers.overlaps] == [2, 2]
        assert answers.unusable.tolist() == [True, False]

    def test_refuses_a_case_of_which_nothing_is_known(self) -> None:
        with pytest.raises(ValueError, match="case 1 has no answer"):
            instance_answers([nothing_found(self.REFERENCE), None])

    def test_some_cases_may_be_named_twice(self) -> None:
        answers = instance_answers([None, nothing_found(self.REFERENCE)], [self.REFERENCE, None]).take(np.array([1, 0, 0]))
        assert answers.unusable.tolist() == [False, True, True]
