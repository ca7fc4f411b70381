"""From a question to ranked answers, and whether the first may be given."""
