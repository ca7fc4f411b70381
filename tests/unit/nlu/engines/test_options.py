"""Options of engines: typed, bounded, and messages that say what to do."""

from collections.abc import Mapping
from typing import Literal, Self

import pytest
from pydantic import Field, model_validator

from balie.nlu.engines.options import EngineOptions, read_options
from balie.nlu.errors import OptionWrong


class BrewOptions(EngineOptions):
    cups: int = Field(default=2, ge=1, le=12, description="Cups, 1 to 12.")
    heat: float = Field(default=0.5, gt=0, le=1, description="Heat, above 0 to 1.")
    kind: Literal["black", "white"] = "black"
    sugar: bool = False
    names: tuple[str, ...] = ()
    weights: tuple[float, ...] = (1.0, 2.0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.sugar and self.kind == "black":
            raise ValueError("sugar goes with kind=white")
        return self


class NoOptions(EngineOptions):
    pass


class NeedsOne(EngineOptions):
    address: str = Field(min_length=1, description="Where it listens, host:port.")


def refusal(given: Mapping[str, str], kind: type[EngineOptions] = BrewOptions) -> str:
    with pytest.raises(OptionWrong) as raised:
        read_options("brew", kind, given)
    return str(raised.value)


def test_texts_become_what_the_options_are() -> None:
    given = {
        "cups": "3",
        "heat": "1e-1",
        "kind": "white",
        "sugar": "true",
        "names": "an, jo,",
        "weights": "0.5,3",
    }
    read = read_options("brew", BrewOptions, given)
    assert read == BrewOptions(
        cups=3, heat=0.1, kind="white", sugar=True, names=("an", "jo"), weights=(0.5, 3.0)
    )


def test_what_is_not_given_has_its_default() -> None:
    assert read_options("brew", BrewOptions, {}) == BrewOptions()


def test_an_unknown_option_lists_the_known_ones() -> None:
    assert refusal({"cup": "3"}) == (
        "engine brew: option 'cup' is unknown; known are: cups, heat, kind, names, sugar, weights"
    )
    assert refusal({"cup": "3"}, NoOptions).endswith("is unknown; this engine has no options")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"cups": "many"}, "option 'cups' is 'many': should be a valid integer"),
        ({"cups": "13"}, "option 'cups' is '13': should be less than or equal to 12 (Cups, 1 to 12.)"),
        ({"heat": "0"}, "option 'heat' is '0': should be greater than 0"),
        ({"heat": "nan"}, "option 'heat' is 'nan': should be a finite number"),
        ({"heat": "inf"}, "option 'heat' is 'inf': should be a finite number"),
        ({"kind": "green"}, "option 'kind' is 'green': should be 'black' or 'white'"),
        ({"sugar": "perhaps"}, "option 'sugar' is 'perhaps': should be a valid boolean"),
        ({"weights": "1,x"}, "option 'weights' is '1,x': should be a valid number"),
        ({"sugar": "true"}, "option 'sugar' makes no sense: sugar goes with kind=white"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_with_what_would(given: dict[str, str], message: str) -> None:
    assert message in refusal(given)


def test_a_long_value_is_cut_in_the_message() -> None:
    assert len(refusal({"cups": "x" * 10_000})) < 300


def test_a_required_option_says_what_it_means() -> None:
    assert refusal({}, NeedsOne) == "engine brew: option 'address' is required (Where it listens, host:port.)"
