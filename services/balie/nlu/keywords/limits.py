"""How much one keyword may hold, wherever it comes from."""

ID_CHARACTERS = 128
TARGET_CHARACTERS = 128
TERM_CHARACTERS = 200
KEYWORD_TERMS = 200
KEYWORD_LANGUAGES = 16
KEYWORD_PATTERNS = 10
EXPRESSION_CHARACTERS = 256

TENANT_KEYWORDS = 250_000
"""Each takes some 3 kB of memory on each replica."""

TENANT_PATTERNS = 1000
"""All are compiled together whenever one changes, and a text runs through all of them at once."""
