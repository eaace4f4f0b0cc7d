"""Official data formats in and out, and the data sets made in them."""

from vqax.data.coco import Instance, load_rgb, read_instances, write_instances
from vqax.data.folder import VqaFolder
from vqax.data.hat import human_map_paths, read_human_map, write_human_map
from vqax.data.records import Annotation, Answer, Example, Question, Skipped, Split
from vqax.data.vqa import (
    read_annotations,
    read_questions,
    read_results,
    read_split,
    write_annotations,
    write_questions,
    write_results,
)

__all__ = [
    "Annotation",
    "Answer",
    "Example",
    "Instance",
    "Question",
    "Skipped",
    "Split",
    "VqaFolder",
    "human_map_paths",
    "load_rgb",
    "read_annotations",
    "read_human_map",
    "read_instances",
    "read_questions",
    "read_results",
    "read_split",
    "write_annotations",
    "write_human_map",
    "write_instances",
    "write_questions",
    "write_results",
]
