"""FAISS, for those modules that know it: its type stubs lack half of what it has."""

from typing import Any

import faiss as _faiss

faiss: Any = _faiss
