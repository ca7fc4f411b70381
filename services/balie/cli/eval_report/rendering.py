"""Makes a page of a template, with its style and script inside, and writes it."""

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

_PAGE_FILE = "index.html"


def rendered(template: str, **values: object) -> str:
    """Returns a page as HTML that needs no other file; whatever text comes from the data is escaped."""
    environment = Environment(
        loader=PackageLoader("balie.cli.eval_report", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    here = Path(__file__).parent
    return environment.get_template(template).render(
        style=Markup((here / "page.css").read_text(encoding="utf-8")),  # noqa: S704  our own files
        script=Markup((here / "page.js").read_text(encoding="utf-8")),  # noqa: S704
        **values,
    )


def written(page: str, folder: Path) -> Path:
    """Writes a page into a folder, which is made when it is not there, and returns its path.

    Raises:
        OSError: it cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _PAGE_FILE
    path.write_text(page, encoding="utf-8")
    return path
