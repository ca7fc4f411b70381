"""Intent engines: one file each, found by name, each learning from examples into a folder and ranking intents from it."""
