"""Suggestions: what agents made of the answers that were suggested to them."""
