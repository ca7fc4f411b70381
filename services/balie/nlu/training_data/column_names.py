"""How data sets call their columns; the first name that is there counts."""

TEXT = ("text", "utterance", "utt", "message", "sentence")
LABEL = ("label", "intent", "category")
LANGUAGE = ("lang", "language", "locale")
