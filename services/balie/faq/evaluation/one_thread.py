"""Keeps searches to one thread while they are timed: what takes all cores for one question takes them from others."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from balie.faq.index.faiss_index import use_one_thread
from balie.faq.index.library import faiss


@contextmanager
def one_thread() -> Iterator[None]:
    """Keeps FAISS to the calling thread, and NumPy's products too where threadpoolctl is there to say so."""
    before = faiss.omp_get_max_threads()
    use_one_thread()
    try:
        with _products():
            yield
    finally:
        faiss.omp_set_num_threads(before)


def _products() -> AbstractContextManager[object]:
    try:
        from threadpoolctl import threadpool_limits
    except ModuleNotFoundError:  # it comes with the extra `nlu`
        return nullcontext()
    limits: AbstractContextManager[object] = threadpool_limits(1)
    return limits
