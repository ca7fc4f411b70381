"""Keywords: words, codes and names that say by themselves what a message is about, and how they are found and kept."""
