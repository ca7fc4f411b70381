"""Files of entries: YAML, JSON Lines, CSV, and schema.org's FAQPage as JSON-LD or in a page; one format a module.

A file that is wrong is refused with its name and the place, before anything is sent. Nothing here knows a service or needs a
heavy library.
"""

from balie.faq.knowledge.files.entry import FileEntry
from balie.faq.knowledge.files.formats import WRITERS, format_of
from balie.faq.knowledge.files.reading import count_entries, read_entries, scan_entries
from balie.faq.knowledge.files.source import Source

__all__ = ["WRITERS", "FileEntry", "Source", "count_entries", "format_of", "read_entries", "scan_entries"]
