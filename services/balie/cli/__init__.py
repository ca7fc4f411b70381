"""The `balie` command: starts the suite, talks to it as a customer and as a person of the desk, and looks after data."""
