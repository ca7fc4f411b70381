"""The lock: readers side by side, one writer alone, and nobody waits for ever."""

import threading

from balie.faq.index.locks import ReadWriteLock

PATIENCE = 10.0


def test_readers_are_inside_together() -> None:
    lock, inside = ReadWriteLock(), threading.Barrier(3)

    def read() -> None:
        with lock.reading():
            inside.wait(PATIENCE)  # breaks unless all three are in

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert not inside.broken


def test_a_writer_waits_for_readers_and_goes_before_later_ones() -> None:
    lock, order = ReadWriteLock(), list[str]()
    reading, release, asked = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with lock.reading():
            reading.set()
            release.wait(PATIENCE)
            order.append("first")

    def write() -> None:
        asked.set()
        with lock.writing():
            order.append("writer")

    def late() -> None:
        with lock.reading():
            order.append("late")

    threads = [threading.Thread(target=work) for work in (first, write, late)]
    threads[0].start()
    reading.wait(PATIENCE)
    threads[1].start()
    asked.wait(PATIENCE)
    while not lock._writers_waiting:
        pass
    threads[2].start()
    release.set()
    for thread in threads:
        thread.join()
    assert order == ["first", "writer", "late"]


def test_an_exception_inside_frees_the_lock() -> None:
    lock = ReadWriteLock()
    for held in (lock.reading, lock.writing):
        try:
            with held():
                raise ValueError
        except ValueError:
            pass
    entered = []
    with lock.writing():
        entered.append("after both")
    assert entered == ["after both"]
