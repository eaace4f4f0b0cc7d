"""The experiments with trained classifiers."""

from studies.edl import answers, map_kinds, out_of_distribution, overlap, rotation

EXPERIMENTS = {
    "answers": answers.run,
    "rotation": rotation.run,
    "out_of_distribution": out_of_distribution.run,
    "overlap": overlap.run,
    "map_kinds": map_kinds.run,
}
