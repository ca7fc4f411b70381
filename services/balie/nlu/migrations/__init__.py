"""The versions of the NLU service's database."""
