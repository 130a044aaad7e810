"""A hook of MkDocs: pages and files that lie outside docs/ become part of the site, and links lead to them.

README.md and its like stand at the root of the repository and link into docs/; pages of docs/ link to examples/. Those
links work where the repository is read. Here they are made to work on the site.

It is an extension of Griffe, too, which reads the docstrings.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from griffe import Extension, Object
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Files of the root, and the pages of the site that they are."""

LINK = re.compile(r"(?<=\]\()[^)#\s]+")


def repository_path(page: str) -> str:
    """Where a page of the site lies in the repository."""
    return next((name for name, own in PAGES.items() if own == page), f"docs/{page}")


def site_path(path: str) -> str:
    """Where a file of the repository lies on the site."""
    return PAGES.get(path, path.removeprefix("docs/"))


def target(link: str, page: str) -> str | None:
    """The file of the repository that a link leads to; `None` where it leads to none."""
    path = posixpath.normpath(posixpath.join(posixpath.dirname(repository_path(page)), link))
    return path if not path.startswith(("/", "..")) and (ROOT / path).is_file() else None


def linked(files: Files) -> Iterator[str]:
    """The files of the repository that pages link to."""
    for file in files.documentation_pages():
        for link in LINK.findall(file.content_string):
            path = target(link, file.src_uri)
            if path is not None:
                yield path


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages of the root, and the other files outside docs/ that a page links to."""
    for name, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    for path in sorted(set(linked(files))):
        if not path.startswith("docs/") and path not in PAGES:
            files.append(File.generated(config, path, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Makes links lead to the places of the site."""
    own = page.file.src_uri

    def moved(link: re.Match[str]) -> str:
        path = target(link[0], own)
        return link[0] if path is None else posixpath.relpath(site_path(path), posixpath.dirname(own) or ".")

    return LINK.sub(moved, markdown)


class Examples(Extension):
    """Griffe knows `Examples:` as a section of doctests, and not `Example:`."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        """Gives the section of an object's docstring the name that is known."""
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
