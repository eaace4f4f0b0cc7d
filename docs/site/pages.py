"""Gather the pages of the site in a folder: `python docs/site/pages.py FOLDER`, then mkdocs.

The pages of the repository keep their places, so that their links hold; links to what is no page
become the name of the file. Written anew each time: a page for each package of the library, the
gallery of explainers, and the finished reports there are.
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from pkgutil import iter_modules

import vqax
from stages.catalogue import Entry, methods

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "studies/**/*.md")
BESIDE = ("docs/images/**/*.png", "docs/images/**/*.jpg", "LICENSE", "CITATION.cff")
REPORTS = "data/reports/*/*.html"
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)")
EXTERNAL = ("http://", "https://", "mailto:")


def main(folder: Path) -> None:
    """Write every page into ``folder``, which is emptied before."""
    if folder.exists():
        shutil.rmtree(folder)
    pages = {path for pattern in PAGES for path in ROOT.glob(pattern)}
    for path in sorted(pages):
        write(folder, path.relative_to(ROOT), with_links_to_pages(path, pages))
    for path in (found for pattern in BESIDE for found in ROOT.glob(pattern)):
        copy(folder, path, path.relative_to(ROOT))
    write(folder, Path("gallery.md"), gallery(methods()))
    for package in packages():
        write(folder, Path("reference", f"{package}.md"), reference(package))
    write(folder, Path("reports.md"), "\n".join(reports(folder)))


def write(folder: Path, name: Path, text: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def copy(folder: Path, path: Path, name: Path) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, folder / name)


def with_links_to_pages(page: Path, pages: set[Path]) -> str:
    """The text of a page; a link to a file or folder that is no page is its name."""

    def kept(link: re.Match[str]) -> str:
        text, target = link[1], link[2]
        path = (page.parent / target).resolve()
        if target.startswith(EXTERNAL) or path in pages or path.suffix in {".png", ".jpg"}:
            return link[0]
        return text

    return LINK.sub(kept, page.read_text(encoding="utf-8"))


def gallery(entries: dict[str, Entry]) -> str:
    """Every explainer that there is an image of, with its sentence and source."""
    images = ROOT / "docs" / "images" / "methods"
    lines = ["# Gallery", "", "One image and question, seen by every method.", ""]
    lines += ["![The image](docs/images/methods/image.png)", ""]
    for name, entry in entries.items():
        if (images / f"{name}.png").exists():
            needs = ", ".join(entry["needs"]) or "answers alone"
            lines += [
                *(f"## {name}", "", entry["meaning"], "", f"Needs: {needs}."),
                *(f"Source: {entry['source'] or 'none'}.", ""),
                *(f"![{name}](docs/images/methods/{name}.png)", ""),
            ]
    return "\n".join(lines)


def packages() -> list[str]:
    """The packages of the library, itself first."""
    return [
        "vqax",
        *(f"vqax.{module.name}" for module in iter_modules(vqax.__path__) if module.ispkg),
    ]


def reference(package: str) -> str:
    """A page that mkdocstrings fills from docstrings: the package, then each of its modules."""
    path = ROOT.joinpath(*package.split("."))
    names = sorted(module.name for module in iter_modules([str(path)]) if not module.ispkg)
    members = [package, *(f"{package}.{name}" for name in names if name != "__main__")]
    return f"# {package}\n\n" + "\n\n".join(f"::: {name}" for name in members) + "\n"


def reports(folder: Path) -> Iterator[str]:
    """The reports that `vqax repro` left, to look at and to take along."""
    yield from ("# Reports", "", "One file each; nothing in it is loaded from elsewhere.", "")
    found = sorted(ROOT.glob(REPORTS))
    for path in found:
        name = Path("reports", path.parent.name, path.name)
        copy(folder, path, name)
        yield f"- [{path.parent.name}: {path.name}]({name.as_posix()})"
    if not found:
        yield "None was made here yet: `vqax repro` makes them."


if __name__ == "__main__":
    main(Path(sys.argv[1]))
