import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vqax.errors import UsageError
from vqax.vision.rasterise import rasterise

GRID = (3, 5)


def literal(weights, boxes, grid, divide_by_area, fine=60):
    """Paint every box on an image of fine×fine dots a cell, then average the dots of a cell."""
    height, width = grid
    y, x = (np.arange(size * fine) / fine + 0.5 / fine for size in grid)
    total = np.zeros(grid)
    for weight, (x1, y1, x2, y2) in zip(weights, boxes, strict=True):
        rows, columns = (y > y1 * height) & (y < y2 * height), (x > x1 * width) & (x < x2 * width)
        dots = np.outer(rows, columns).astype(float)
        cells = dots.reshape(height, fine, width, fine).mean(axis=(1, 3))
        total += weight * (cells / cells.sum() if divide_by_area else cells)
    return total


@st.composite
def some_boxes(draw):
    """Boxes of at least a dot whose sides lie between dots."""
    boxes = []
    for _ in range(draw(st.integers(1, 4))):
        sides = []
        for size in (GRID[1], GRID[0]):
            dots = size * 60
            first = draw(st.integers(0, dots - 1))
            sides.append((first / dots, draw(st.integers(first + 1, dots)) / dots))
        (x1, x2), (y1, y2) = sides
        boxes.append((x1, y1, x2, y2))
    return boxes


@given(some_boxes(), st.booleans(), st.randoms(use_true_random=False))
def test_as_if_painted_dot_by_dot(boxes, divide_by_area, random):
    weights = [random.uniform(-1, 1) for _ in boxes]
    fast = rasterise(
        torch.tensor([weights], dtype=torch.float64),
        torch.tensor([boxes], dtype=torch.float64),
        GRID,
        divide_by_area=divide_by_area,
    )
    assert fast.shape == (1, *GRID)
    np.testing.assert_allclose(fast[0], literal(weights, boxes, GRID, divide_by_area), atol=1e-9)


def test_attention_keeps_its_mass_whatever_the_boxes():
    generator = torch.Generator().manual_seed(0)
    attention = torch.rand(4, 6, generator=generator).softmax(dim=1)
    corner = torch.rand(4, 6, 2, generator=generator) * 0.5
    boxes = torch.cat([corner, corner + 0.1 + 0.3 * torch.rand(4, 6, 2, generator=generator)], -1)
    maps = rasterise(attention, boxes, (7, 4))
    torch.testing.assert_close(maps.sum(dim=(1, 2)), torch.ones(4))
    assert (maps >= 0).all()


def test_a_box_paints_the_cells_it_covers():
    weights = torch.tensor([[2.0]])
    box = torch.tensor([[[0.0, 0.0, 0.5, 1.0]]])
    painted = rasterise(weights, box, (2, 3), divide_by_area=False)
    torch.testing.assert_close(painted, torch.tensor([[[2.0, 1.0, 0.0], [2.0, 1.0, 0.0]]]))


def test_what_lies_outside_of_the_picture_counts_for_nothing():
    weights = torch.tensor([[1.0]])
    reaching_out = torch.tensor([[[-0.5, 0.5, 0.5, 1.5]]])
    within = torch.tensor([[[0.0, 0.5, 0.5, 1.0]]])
    torch.testing.assert_close(
        rasterise(weights, reaching_out, (4, 6)), rasterise(weights, within, (4, 6))
    )


def test_gradients_reach_the_weights():
    weights = torch.tensor([[0.3, 0.7]], requires_grad=True)
    boxes = torch.tensor([[[0.0, 0.0, 0.5, 0.5], [0.2, 0.1, 0.9, 1.0]]])
    (gradient,) = torch.autograd.grad(rasterise(weights, boxes, (3, 2)).sum(), weights)
    torch.testing.assert_close(gradient, torch.ones(1, 2))


@pytest.mark.parametrize(
    "box", [(0.5, 0.1, 0.5, 0.9), (0.1, 0.8, 0.9, 0.2), (1.1, 0, 1.5, 1), (float("nan"), 0, 1, 1)]
)
def test_a_box_without_area(box):
    boxes = torch.tensor([[(0.0, 0.0, 1.0, 1.0), box]])
    with pytest.raises(UsageError, match=r"box 1 of image 0 .*without area"):
        rasterise(torch.ones(1, 2), boxes, GRID)


def test_a_grid_without_cells():
    with pytest.raises(UsageError, match="0 by 4 has no cells"):
        rasterise(torch.ones(1, 1), torch.tensor([[[0.0, 0.0, 1.0, 1.0]]]), (0, 4))
