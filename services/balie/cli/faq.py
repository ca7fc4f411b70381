"""`balie faq`: the knowledge of the FAQ service. What a command does is in its own module."""

import typer

from balie.cli.faq_review import review_app

faq_app = typer.Typer(help="The knowledge of the FAQ service.", no_args_is_help=True)
faq_app.add_typer(review_app, name="review")
