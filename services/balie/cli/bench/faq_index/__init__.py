"""`balie bench faq-index`: how an index grows, from a thousand entries to a million."""
