"""Retrieval judged by questions with known answers, and what is learned from them; needs no service and no database."""
