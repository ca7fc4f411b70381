"""The engines on public sets, beside what others published: which sets, how each is run, and the table of it all."""
