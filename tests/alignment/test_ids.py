import pytest

from vqax.alignment.ids import canonical, question_of


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("262144005", "262144005"),
        ("011000868", "11000868"),
        ("COCO_val2014_000000000136", "136"),
        ("000000000136", "136"),
        ("i1182314083", "i1182314083"),
        ("n2_a", "n2_a"),
        ("²", "²"),
    ],
)
def test_an_id_is_the_same_however_its_number_is_written(name, written):
    assert canonical(name) == written


@pytest.mark.parametrize(
    ("name", "question"),
    [
        ("262144005_3", "262144005"),
        ("262144005", "262144005"),
        ("COCO_val2014_000000000136", "136"),
        ("COCO_val2014_000000000136_2", "136"),
        ("b_1", "b_1"),
        ("b_1_2", "b_1"),
        ("c_1", None),
        ("7", None),
    ],
)
def test_a_human_map_is_of_a_known_question_with_or_without_a_number_for_the_person(name, question):
    assert question_of(name, {"262144005", "136", "b_1"}) == question
