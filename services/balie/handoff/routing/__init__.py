"""Routing: what is done on a turn. The policy is pure; the router stores what it decided and opens what it announced."""
