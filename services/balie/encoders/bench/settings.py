"""What a bench tells the libraries through the environment, before it imports them."""

import os

_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_QUIET = {"TOKENIZERS_PARALLELISM": "false", "TQDM_DISABLE": "1", "TRANSFORMERS_VERBOSITY": "error"}


def keep_libraries_to_one_thread() -> None:
    """Tells matrix libraries to use one thread, and model libraries to draw no bars of their own.

    Torch is told again when it is to use more.
    """
    os.environ.update(dict.fromkeys(_THREADS, "1") | _QUIET)
