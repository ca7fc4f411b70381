"""The words of language understanding: what is asked, and what is said about it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UNKNOWN_LANGUAGE = "und"
"""BCP 47's tag for a language that cannot be told."""


class Rule(Enum):
    """The rule by which a keyword was found, strongest first."""

    EXACT = "exact"
    NORMALISED = "normalised"
    FORM = "form"
    PATTERN = "pattern"
    FUZZY = "fuzzy"


class Verdict(Enum):
    """What an understanding is worth."""

    MATCH = "match"
    AMBIGUOUS = "ambiguous"
    NO_MATCH = "no match"


class NoMatchReason(Enum):
    """Why nothing matched."""

    ENGINE_UNAVAILABLE = "engine unavailable"
    BELOW_THRESHOLD = "below threshold"
    NO_MODEL = "no model"


class TargetKind(StrEnum):
    """What a keyword points at."""

    FAQ_ENTRY = "faq_entry"
    INTENT = "intent"
    VALUE = "value"


@dataclass(frozen=True, slots=True)
class Target:
    """What a keyword points at: an FAQ entry, an intent, or a value of the operator's own."""

    kind: TargetKind
    name: str


@dataclass(frozen=True, slots=True)
class ContactTerms:
    """Terms that count for one contact alone, such as the names and numbers of their bookings.

    Attributes:
        id: the caller's own, as a keyword's.
        terms: in any language.
    """

    id: str
    target: Target
    terms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message to understand.

    Attributes:
        text: the contact's words.
        language_hint: the language as the caller knows it, a BCP 47 tag, or "".
        want_embedding: whether the sentence vector is asked for.
        contact_terms: of the contact who wrote it.
    """

    text: str
    language_hint: str = ""
    want_embedding: bool = False
    contact_terms: tuple[ContactTerms, ...] = ()


@dataclass(frozen=True, slots=True)
class Detection:
    """The language of a text.

    Attributes:
        language: one of the configured tags, or `und`.
        confidence: probability of `language`, [0, 1]; 0 for `und`.
    """

    language: str
    confidence: float


@dataclass(frozen=True, slots=True)
class KeywordMatch:
    """A keyword that was found.

    Attributes:
        start_char: first character, in Unicode code points from 0.
        end_char: position after the last character.
        whole_message: whether the match is all that the message holds, punctuation and spaces aside.
    """

    keyword_id: str
    rule: Rule
    start_char: int
    end_char: int
    whole_message: bool
    target: Target


@dataclass(frozen=True, slots=True)
class ScoredIntent:
    """An intent and the classifier's probability for it, [0, 1]."""

    name: str
    score: float


class Frustration(IntEnum):
    """How frustrated a message sounds; a higher level includes the lower ones."""

    UNKNOWN = 0
    """Nobody can tell: the words of no configured language are known, and the form shows nothing."""
    NONE = 1
    """No sign of it."""
    MILD = 2
    """One sign of impatience or displeasure."""
    STRONG = 3
    """Abuse or anger, or several signs of which one at least is in the words."""


class FrustrationSign(Enum):
    """What makes a message sound frustrated."""

    ABUSE = "abuse"
    """Insults and swearing."""
    ANGER = "anger"
    """Says that it is enough: furious, unacceptable, never again."""
    DISPLEASURE = "displeasure"
    """Says that it is displeased: disappointed, annoying, a sigh."""
    REPETITION = "repetition"
    """Has asked or met with it several times: the third time, again and again."""
    NO_REPLY = "no_reply"
    """Waits too long, or nobody answers."""
    NOT_HELPED = "not_helped"
    """Is not understood: that is not what I asked."""
    SHOUTING = "shouting"
    """Words in capitals that are no names, codes or abbreviations."""
    PUNCTUATION = "punctuation"
    """Three or more exclamation or question marks in a row."""
    EMOJI = "emoji"
    """An angry face or gesture."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What routing needs to know of a message's tone and form.

    Attributes:
        asks_for_person: whether the contact asks for a person.
        frustration: how frustrated it sounds.
        frustration_signs: what that rests on; empty unless `frustration` is MILD or STRONG.
        question_count: questions in it.
        character_count: its length in Unicode code points.
    """

    asks_for_person: bool
    question_count: int
    character_count: int
    frustration: Frustration = Frustration.UNKNOWN
    frustration_signs: frozenset[FrustrationSign] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """A sentence vector, shape (dimensions,), float32, of Euclidean length 1, and the encoder it came from."""

    fingerprint: str
    values: "NDArray[np.float32]" = field(repr=False)


@dataclass(frozen=True, slots=True, eq=False)
class EncodedTexts:
    """Vectors of several texts, and the encoder that they came from.

    Attributes:
        vectors: shape (texts, dimensions), float32, each of Euclidean length 1, in the order of the texts.
        fingerprint: tells these vectors from any other encoder's.
        max_tokens: how many tokens of a text were read, special ones included.
        encoder_name: the model's, for people.
    """

    vectors: "NDArray[np.float32]" = field(repr=False)
    fingerprint: str
    max_tokens: int
    encoder_name: str


@dataclass(frozen=True, slots=True)
class Understanding:
    """What is said about one message.

    Attributes:
        intents: best first, ties by name; none when there is no model, or its engine cannot answer.
        threshold: the score from which an intent counted as a match, [0, 1].
        embedding: only when it was asked for.
        model_version: names the model that ranked the intents; empty when there is none.
        calibration_version: names the calibration that set the threshold.
        keyword_generation: the generation of the tenant's keywords that were looked for.
        no_match_reason: why the verdict is NO_MATCH; None with any other.
    """

    detection: Detection
    keywords: Sequence[KeywordMatch]
    intents: Sequence[ScoredIntent]
    verdict: Verdict
    threshold: float
    signals: Signals
    embedding: Embedding | None
    model_version: str
    calibration_version: str
    keyword_generation: int = 0
    no_match_reason: NoMatchReason | None = None
