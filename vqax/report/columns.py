"""The columns of a table of metrics: what every stage that measures writes.

Apart from the report, so that a stage which measures does not depend on how it is shown.
"""

METRIC_COLUMNS = ["run", "metric", "value", "ci_low", "ci_high", "n", "unit", "direction"]
