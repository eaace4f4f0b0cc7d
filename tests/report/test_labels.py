import math

import pytest

from vqax.report.captions import dataset_name
from vqax.report.labels import METRICS, explained, label_of, reported_number, scale_of
from vqax.report.numbers import deciding_digits, number


@pytest.mark.parametrize(
    ("metric", "name", "direction"),
    [
        (
            "attention_rank_correlation",
            "rank correlation with human maps (attention)",
            "higher",
        ),
        ("grad_cam_emd", "earth mover's distance to human maps (Grad-CAM)", "lower"),
        ("attention_histogram_emd", "histogram EMD to human maps (attention)", "lower"),
        ("rise_emd", "earth mover's distance to human maps (rise)", "lower"),
        ("auroc_entropy", "AUROC of errors (entropy)", "higher"),
        ("object_emd_difference", "difference in EMD to the object", ""),
        ("dice_effect", "effect size, Dice", ""),
        ("something_new", "something new", ""),
    ],
)
def test_labels_are_put_together_from_method_and_measure(metric, name, direction):
    assert (label_of(metric).name, label_of(metric).direction) == (name, direction)


def test_a_put_together_metric_is_explained_by_its_family():
    assert explained("grad_cam_emd") is METRICS["emd"]
    assert explained("attention_histogram_emd") is METRICS["histogram_emd"]
    assert explained("auroc_predictive") is METRICS["auroc"]
    assert explained("margin") is METRICS["margin"]


@pytest.mark.parametrize(
    ("value", "digits", "sign", "text"),
    [
        (1234.56, 1, False, "1,234.6"),
        (-0.4, 1, False, "−0.4"),
        (1.2, 1, True, "+1.2"),
        (-1.2, 1, True, "−1.2"),
        (-0.001, 1, False, "−0.0"),
        (-0.0, 1, False, "0.0"),
        (math.nan, 2, False, "–"),
        (None, 2, True, "–"),
    ],
)
def test_numbers_for_readers(value, digits, sign, text):
    assert number(value, digits, sign=sign) == text


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (66.5, "accuracy_all", "66.5"),
        (83.0, "accuracy_yes_no", "83.0"),
        (0.3931, "emd", "0.3931"),
        (0.246, "rank_correlation", "0.246"),
        (math.nan, "top2_distance", "–"),
    ],
)
def test_published_numbers_keep_the_printed_digits(value, metric, text):
    assert reported_number(value, metric) == text


def test_fractions_of_accuracy_are_shown_in_per_cent_and_per_cent_stays():
    assert scale_of("accuracy_all", "fraction") == 100.0
    assert scale_of("accuracy_all", "percent") == 1.0
    assert scale_of("emd", "fraction of the grid diagonal") == 1.0


def test_data_set_keys_become_names_and_other_names_stay():
    assert dataset_name("vqa_hat val") == "VQA-HAT val"
    assert dataset_name("Scenes v1, validation") == "Scenes v1, validation"


@pytest.mark.parametrize(
    ("low", "high", "digits"),
    [
        (0.01, 0.02, 3),
        (0.0004, 0.002, 4),
        (-0.3, -0.00004, 5),
        (-0.0001, 0.0001, 3),
        (0.0, 0.0001, 3),
        (1e-12, 2e-12, 6),
    ],
)
def test_an_interval_beside_zero_is_not_written_as_touching_it(low, high, digits):
    assert deciding_digits(low, high, 3) == digits


def test_a_sum_of_two_data_sets_names_both():
    assert dataset_name("vqa_cp_v2 test + vqa_v2 val") == "VQA-CP v2 test + VQA v2 val"
    assert dataset_name("vqa val") == "VQA val"
    assert dataset_name("Scenes v1 val") == "Scenes v1 val"
