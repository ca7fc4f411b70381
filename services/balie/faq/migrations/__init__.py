"""The versions of the FAQ service's database."""
