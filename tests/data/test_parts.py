from vqax.data.parts import hold_out


def test_same_seed_same_pictures_whatever_their_order() -> None:
    assert hold_out([5, 3, 3, 9, 1], 0.5, seed=1) == hold_out([1, 9, 5, 3], 0.5, seed=1)


def test_share_is_of_pictures_not_of_questions() -> None:
    assert len(hold_out([1] * 100 + [2, 3, 4], 0.5, seed=0)) == 2


def test_at_least_one_picture_when_a_share_is_asked_for() -> None:
    assert len(hold_out([1, 2, 3], 0.01, seed=0)) == 1
    assert hold_out([1, 2, 3], 0.0, seed=0) == frozenset()


def test_another_seed_another_choice() -> None:
    assert hold_out(range(100), 0.2, seed=0) != hold_out(range(100), 0.2, seed=1)
