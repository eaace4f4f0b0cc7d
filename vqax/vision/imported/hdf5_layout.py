"""Which of the published HDF5 layouts a file of region features has, and whether it is whole.

``attreg``: features (n,k,d), boxes (n,k,4), ids, widths, heights, and cls_score (n,k,2) = class,
probability. ``updn``: image_features, image_bb, spatial_features (n,k,6) = x1, y1, x2, y2, w, h
as fractions; image_ids in a file apart. ``scr``: the same without image_bb, with cls_score.
``adaptive`` (BAN, ReGAT): updn with the boxes of all images below each other, image_features
(total,d) and so on, and pos_boxes (n,2), the first box of an image and the one behind its last.
``counting``: features (n,d,k) and boxes (n,4,k), padded with zeros.
"""

from typing import NamedTuple

import h5py

from vqax.hdf5 import INTEGERS, REALS, claim, numbers

OWN_IDS = ("features", "boxes", "ids", "widths", "heights")
SPATIAL = ("image_features", "spatial_features")
POSITIONS = "pos_boxes"


class Layout(NamedTuple):
    """``own_ids``: with ids and sizes; ``adaptive``: its boxes are at ``POSITIONS``."""

    name: str
    own_ids: bool = False
    channels_first: bool = False
    adaptive: bool = False

    @property
    def features(self) -> str:
        """The dataset of the features."""
        return "features" if self.own_ids else "image_features"


def recognised(file: h5py.File) -> Layout:
    """The layout by the names of the datasets, and where those are the same, by their shapes.

    Raises:
        ValueError: it is none of them.
    """
    names = set(file)
    if set(OWN_IDS) <= names:
        features, boxes = (numbers(file, name, axes=[3]).shape for name in OWN_IDS[:2])
        first = boxes[1] == 4 and features[2] == boxes[2]
        return Layout("counting" if first else "attreg", own_ids=True, channels_first=first)
    if set(SPATIAL) <= names:
        if numbers(file, SPATIAL[0], axes=[2, 3]).ndim == 2:
            return Layout("adaptive", adaptive=True)
        return Layout("updn" if "image_bb" in names else "scr")
    raise ValueError(
        f"it holds {', '.join(sorted(names)[:20]) or 'nothing'}, no known layout; those have "
        f"{', '.join(OWN_IDS)} or {', '.join(SPATIAL)}"
    )


def checked_rows(file: h5py.File, layout: Layout) -> int:
    """The number of images.

    Raises:
        ValueError: a dataset of the layout is absent, holds no numbers, is of another shape than
            the features ask for, or claims more than can lie in the file.
    """
    features = numbers(file, layout.features, axes=[2 if layout.adaptive else 3]).shape
    for name, (shape, kinds) in _expected(file, layout, features).items():
        found = numbers(file, name, axes=[len(shape)], kinds=kinds).shape
        if found != shape:
            raise ValueError(f"{name} has the shape {found}, not {shape}")
    if layout.adaptive:
        positions = claim(numbers(file, POSITIONS, axes=[2], kinds=INTEGERS))
        if positions.shape[1] != 2:
            raise ValueError(f"{POSITIONS} has the shape {positions.shape}, not (images, 2)")
        return int(positions.shape[0])
    claim(file[layout.features], rows=1)
    return int(features[0])


def _expected(
    file: h5py.File, layout: Layout, features: tuple[int, ...]
) -> dict[str, tuple[tuple[int, ...], str]]:
    """Shape and kind of number of every dataset beside the features."""
    boxes, classes = (*features[:-1], 4), (*features[:-1], 2)
    if layout.channels_first:
        boxes, classes = (features[0], 4, features[2]), (features[0], features[2], 2)
    beside: dict[str, tuple[tuple[int, ...], str]] = {}
    if layout.own_ids:
        beside = {"boxes": (boxes, REALS), "ids": (features[:1], INTEGERS)}
        beside |= dict.fromkeys(("widths", "heights"), (features[:1], REALS))
    else:
        beside["spatial_features"] = ((*features[:-1], 6), REALS)
        if "image_bb" in file:
            beside["image_bb"] = (boxes, REALS)
    return beside | ({"cls_score": (classes, REALS)} if "cls_score" in file else {})
