"""Keys in their order."""

from hypothesis import given
from hypothesis import strategies as st

from balie.handoff.storage.ordered import Lines, Ordered

keys = st.lists(st.tuples(st.integers(0, 9), st.text(max_size=1)), unique=True)


@given(keys, st.data())
def test_is_as_a_sorted_list(given_keys: list[tuple[int, str]], data: st.DataObject) -> None:
    line: Ordered[tuple[int, str]] = Ordered()
    for key in given_keys:
        line.add(key)
    gone = data.draw(st.sets(st.sampled_from(given_keys))) if given_keys else set()
    for key in gone:
        line.remove(key)
    left = sorted(set(given_keys) - gone)
    assert (list(line), len(line)) == (left, len(left))
    assert line.last() == (left[-1] if left else None)
    for key in given_keys:
        assert line.before(key) == sum(other < key for other in left)
        assert list(line.after(key)) == [other for other in left if other > key]
    assert list(line.after(None)) == left


def test_a_name_without_keys_takes_no_room() -> None:
    lines: Lines[str, tuple[int]] = Lines()
    lines.add("a", (1,))
    lines.add("a", (2,))
    lines.remove("a", (1,))
    assert (list(lines), list(lines["a"]), list(lines["b"])) == (["a"], [(2,)], [])
    lines.remove("a", (2,))
    assert list(lines) == []
