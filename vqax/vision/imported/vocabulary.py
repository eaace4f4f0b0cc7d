"""The names of the classes of a detector trained on Visual Genome."""

from pathlib import Path

from vqax.errors import BadData, MissingArtefact

BACKGROUND = "__background__"
OBJECTS = "objects_vocab.txt"


def read_class_names(folder: Path, *, background: bool) -> tuple[str, ...]:
    """The names in ``objects_vocab.txt``, of synonyms the first; class 0 is the first name.

    With ``background`` the file's classes count from a background that the vocabulary does not
    list, and which gets a name here.

    Raises:
        MissingArtefact: the folder has no such file.
        BadData: it is empty or a line has no name.
    """
    path = folder / OBJECTS
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise MissingArtefact(
            f"{path}: no such file; give the folder of the Visual Genome vocabulary"
        ) from error
    names = [line.partition(",")[0].strip() for line in lines]
    if not names or not all(names):
        line = names.index("") + 1 if names else 1
        raise BadData(f"{path}: line {line} has no name; fetch the file again")
    return (BACKGROUND, *names) if background else tuple(names)
