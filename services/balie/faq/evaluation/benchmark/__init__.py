"""The tables of docs/faq-evaluation.md: retrievers on public sets and on the sample desk, beside what others reach."""
