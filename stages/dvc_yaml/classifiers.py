"""The stage ``classify``: a training of a classifier of images for each of its seeds.

DVC cannot multiply the entries of settings by a list in each, so the trainings are written out.
"""

from typing import Any

from project.params import Params
from project.settings_files import OF_CLASSIFIERS

SETTINGS = f"studies/{OF_CLASSIFIERS}/classifiers.yaml"
SHARED = "classifier_training"


def classify_stage(params: Params) -> dict[str, Any]:
    """The template and, under ``foreach``, the trainings that it is made for.

    A training depends on the settings of its classifier but for the seeds, so that one more seed
    trains nothing again.
    """
    own = ["network", "head"]
    keys = [SHARED, *(f"classifiers.${{item.name}}.{one}" for one in own), "${item.training}"]
    return {
        "foreach": {
            f"{name}_seed{seed}": {"name": name, "seed": seed, **_read(params, name)}
            for name in params.classifiers
            for seed in params.classifier_seeds(name)
        },
        "do": {
            "cmd": "vqax edl train ${item.name} --seed ${item.seed}",
            "deps": ["data/code/classify/code.txt"],
            "params": [{SETTINGS: [*keys, "images.${item.images}"]}],
            "outs": ["data/classifiers/${key}"],
        },
    }


def _read(params: Params, name: str) -> dict[str, str]:
    """Its images, and what it changes of the shared training; the shared one again if nothing."""
    spec = params.classifier(name)
    training = f"classifiers.{name}.training" if spec.training else SHARED
    return {"images": spec.images, "training": training}
