"""A plug-in that chooses agents, served elsewhere in any language."""
