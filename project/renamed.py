"""Settings that had another name once: whoever still writes it is told the new one."""

RENAMED = {
    "added": "extra_tables",
    "asked": "research_question",
    "emd_pictures": "emd_images",
    "gains": "baseline_differences",
    "pictures": "images",
}
"""Old key -> the key of now, in params.yaml and the files of studies/."""


def new_name(key: str) -> str:
    """``; did you mean KEY?`` for a key of old, nothing for any other."""
    return f"; did you mean {RENAMED[key]}?" if key in RENAMED else ""
