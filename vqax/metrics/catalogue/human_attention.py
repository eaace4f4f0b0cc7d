"""Agreement of a map with human attention maps."""

from vqax.metrics.emd import histogram_emd, spatial_emd
from vqax.metrics.metric import Metric
from vqax.metrics.rank_correlation import rank_correlation

METRICS = {
    "rank_correlation": Metric(
        "rank correlation with human maps",
        "Spearman correlation between the map and a person's map, both shrunk to "
        "14×14; 1 is the same order of places, 0 is no relation.",
        "higher",
        short="RC",
        unit="Spearman's rho",
        compute=rank_correlation,
    ),
    "share_of_ceiling": Metric(
        "share of the way to other people",
        "How far the rank correlation lies on the way from the best floor, a map that knows no "
        "image, to that of other people on the same question; 0 is the floor, 1 the ceiling.",
        "higher",
        short="Share of ceiling",
    ),
    "standard_error": Metric(
        "standard error",
        "Standard deviation of the rank correlation over √n questions, as if they "
        "were independent; the interval draws images whole.",
        "neither",
        short="± SE",
    ),
    "emd": Metric(
        "earth mover's distance to human maps",
        "How far attention has to be moved, as a fraction of the image's "
        "diagonal, to become the person's map.",
        "lower",
        short="EMD",
        unit="fraction of the grid diagonal",
        compute=spatial_emd,
    ),
    "histogram_emd": Metric(
        "histogram EMD to human maps",
        "Earth mover's distance between the two maps' value histograms; blind to where.",
        "lower",
        short="EMD (histogram)",
        unit="fraction of the value range",
        compute=histogram_emd,
    ),
    "uncertainty_map_correlation": Metric(
        "map quality",
        "Rank correlation over the questions of an uncertainty with how well the "
        "attention agrees with human maps; negative if the run is surer where it looks "
        "where people look.",
        "lower",
    ),
}
