"""The FAQ service: what the desk knows, and the answer to a question, or that there is none."""
