"""`balie bench faq`: what a search of ten thousand entries costs, beside txtai with the same questions."""
