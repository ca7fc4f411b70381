"""Knowledge work: collections and entries in SQL, imports, files of entries."""
