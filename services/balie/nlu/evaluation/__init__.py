"""What an engine is worth on labelled messages: it is taught, it judges messages that it has not seen, and is measured."""
