"""Weight on regions that show an object of the question, and how well regions are found."""

from vqax.metrics.key_objects import pointing_game, relevance_mass
from vqax.metrics.metric import Metric

METRICS = {
    "relevance_mass": Metric(
        "share on relevant objects",
        "Share of the weight over the regions that lies on regions showing an "
        "object which the question needs (intersection over union of at least .5).",
        "higher",
        short="Relevant",
        unit="fraction",
        compute=relevance_mass,
    ),
    "pointing_game": Metric(
        "pointing accuracy",
        "How often the region with the most weight shows an object that the question needs.",
        "higher",
        short="PointingGame",
        unit="fraction",
        compute=pointing_game,
    ),
    "key_object_sample_ratio": Metric(
        "questions with key objects",
        "Share of the training questions of which a region shows an object they speak of.",
        "neither",
        short="Ratio",
        shown_in="%",
        scale=100.0,
        digits=1,
    ),
    "key_share": Metric(
        "share on key objects",
        "Share of the attention that lies on key objects, of questions that have some.",
        "higher",
        short="Key objects",
    ),
    "key_share_where_ignored": Metric(
        "share on key objects ignored before",
        "The same share, of the questions alone of which the run trained on ignored a key object.",
        "higher",
        short="Key objects ignored before",
    ),
    "ignored_key_objects": Metric(
        "ignored key objects",
        "Key objects of a question that are not among the most attended regions.",
        "lower",
        short="Ignored",
    ),
    "recall": Metric(
        "objects reached", "Share of the objects that some box covers well.", "higher"
    ),
    "best_iou": Metric("IoU of the best box", "Of the box that covers an object best.", "higher"),
    "label_accuracy": Metric(
        "class right", "Share of the objects of which the surest box has the class.", "higher"
    ),
    "attribute_accuracy": Metric(
        "attribute right", "Share of those of which it has the attribute.", "higher"
    ),
}
