import asyncio
from typing import Any, cast

from structlog.testing import capture_logs

from balie.nlu.served import SHARED, ServedModel, ServedModels


class Closable:
    """Stands for a loaded model, and notes that it was closed."""

    def __init__(self, version: str, *, breaks: bool = False) -> None:
        self.version = version
        self.closed = False
        self._breaks = breaks

    def close(self) -> None:
        self.closed = True
        if self._breaks:
            raise RuntimeError("cannot close")


def model(version: str, **more: bool) -> tuple[Closable, ServedModel]:
    artifact = Closable(version, **more)
    return artifact, ServedModel(cast("Any", artifact), cast("Any", None))


async def test_a_message_ends_with_the_model_that_it_began_with() -> None:
    served = ServedModels()
    (old, old_model), (new, new_model) = model("old"), model("new")
    served.put("acme", old_model)
    with served.using("acme") as first:
        served.put("acme", new_model)
        with served.using("acme") as second:
            assert (first, second) == (old_model, new_model)
        await asyncio.sleep(0.01)
        assert not old.closed
    await served.freed()
    assert old.closed
    assert not new.closed
    await served.close()
    assert new.closed


async def test_the_last_of_several_messages_frees_the_model() -> None:
    served = ServedModels()
    old, old_model = model("old")
    served.put("acme", old_model)
    with served.using("acme"):
        with served.using("acme"):
            served.put("acme", None)
        await asyncio.sleep(0.01)
        assert not old.closed
    await served.freed()
    assert old.closed


async def test_who_has_no_model_has_the_shared_one() -> None:
    served = ServedModels()
    with served.using("acme") as nobody:
        assert nobody is None
    shared, own = model("shared")[1], model("own")[1]
    served.put(SHARED, shared)
    served.put("acme", own)
    assert [served.version(tenant) for tenant in ("acme", "other", SHARED)] == ["own", "shared", "shared"]
    served.put("acme", None)
    with served.using("acme") as found:
        assert found is shared
    await served.close()
    assert served.version("acme") == ""


async def test_putting_the_same_model_again_frees_nothing() -> None:
    served = ServedModels()
    artifact, one = model("one")
    served.put("acme", one)
    served.put("acme", one)
    await served.freed()
    assert not artifact.closed
    await served.close()


async def test_memory_is_given_back_after_a_model_even_if_it_cannot_close() -> None:
    given: list[bool] = []
    broken, broken_model = model("broken", breaks=True)
    served = ServedModels(lambda: given.append(broken.closed))
    served.put("acme", broken_model)
    with capture_logs() as lines:
        served.put("acme", None)
        await served.freed()
    assert given == [True]
    assert [line["event"] for line in lines] == ["model not closed", "model freed"]
