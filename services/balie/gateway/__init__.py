"""The door: conversations, messages and turns; the only service that contacts, channels and agents talk to."""
