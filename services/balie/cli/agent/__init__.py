"""`balie agent`: a desk for a person in a terminal, for several chats at once."""
