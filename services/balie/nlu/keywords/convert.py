"""Between the contract of keywords and the domain; checks every documented bound on the way in."""

from collections.abc import Sequence
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from balie.api.common.v1 import language_pb2
from balie.api.nlu.v1 import keyword_pb2, keyword_service_pb2, nlu_service_pb2
from balie.kit import bounds
from balie.kit.errors import (
    Failure,
    FieldMalformed,
    FieldRequired,
    FieldUnknownValue,
    ImportOutOfOrder,
    TooManyItems,
)
from balie.kit.imports.progress import ImportProgress, Problem
from balie.nlu.domain import ContactTerms, Detection, KeywordMatch, Rule, Target, TargetKind
from balie.nlu.keywords import limits
from balie.nlu.keywords.catalogue import Listed
from balie.nlu.keywords.check_digits import SCHEMES
from balie.nlu.keywords.errors import PatternInvalid
from balie.nlu.keywords.keyword import ANY_LANGUAGE, Keyword, Pattern
from balie.nlu.keywords.patterns import PatternRefused, compile_pattern
from balie.nlu.keywords.stored import StoredKeyword

ETAG_CHARACTERS = 64
CHECK_CHARACTERS = 64
CONTACT_TERMS = 50
CONTACT_TERM_WAYS = 8
GENERATION = (1 << 63) - 1

_RULES = {
    Rule.EXACT: language_pb2.KEYWORD_RULE_EXACT,
    Rule.NORMALISED: language_pb2.KEYWORD_RULE_NORMALISED,
    Rule.FORM: language_pb2.KEYWORD_RULE_FORM,
    Rule.PATTERN: language_pb2.KEYWORD_RULE_PATTERN,
    Rule.FUZZY: language_pb2.KEYWORD_RULE_FUZZY,
}
_TARGET_FIELDS = {
    TargetKind.FAQ_ENTRY: "faq_entry_id",
    TargetKind.INTENT: "intent",
    TargetKind.VALUE: "value",
}
_TARGETS = {name: kind for kind, name in _TARGET_FIELDS.items()}


def match_to_proto(match: KeywordMatch) -> language_pb2.KeywordMatch:
    """Returns a keyword that was found as it is sent."""
    found = language_pb2.KeywordMatch(
        keyword_id=match.keyword_id,
        rule=_RULES[match.rule],
        start_char=match.start_char,
        end_char=match.end_char,
        whole_message=match.whole_message,
    )
    setattr(found, _TARGET_FIELDS[match.target.kind], match.target.name)
    return found


def contact_terms_from_proto(
    field: str, given: Sequence[nlu_service_pb2.ContactTerms]
) -> tuple[ContactTerms, ...]:
    """Returns the terms of a contact.

    Raises:
        TooManyItems: there are more than 50, or one has more than 8 terms.
        FieldRequired: one has no id, term or target.
        FieldTooLong: a text is over its limit.
        FieldMalformed: an id is none, or comes twice; a text holds a NUL character.
    """
    found: dict[str, ContactTerms] = {}
    for one in bounds.items(field, given, CONTACT_TERMS):
        key = bounds.identifier(f"{field}.id", one.id)
        if key in found:
            raise FieldMalformed(f"{field}.id", expected="an id that comes once")
        terms = bounds.items(f"{field}.terms", one.terms, CONTACT_TERM_WAYS, minimum=1)
        found[key] = ContactTerms(key, _target(field, one), _ways(f"{field}.terms", terms))
    return tuple(found.values())


def keyword_from_proto(message: keyword_pb2.Keyword) -> Keyword:
    """Returns what a caller says a keyword is.

    Raises:
        FieldRequired, FieldTooLong, FieldMalformed, TooManyItems, FieldUnknownValue: a field is outside its bounds.
        PatternInvalid: an expression cannot be compiled.
    """
    found = Keyword(
        id=bounds.identifier("keyword.id", message.id),
        target=_target("keyword", message),
        terms=_terms(message.terms),
        patterns=_patterns(message.patterns),
        literal=message.literal,
    )
    if not found.terms and not found.patterns:
        raise FieldRequired("keyword.terms")
    return found


def _target(field: str, message: keyword_pb2.Keyword | nlu_service_pb2.ContactTerms) -> Target:
    name = message.WhichOneof("target")
    if name is None:
        raise FieldRequired(f"{field}.target")
    value = bounds.text(f"{field}.{name}", getattr(message, name), limits.TARGET_CHARACTERS)
    return Target(_TARGETS[name], value)


def _terms(given: Sequence[keyword_pb2.KeywordTerms]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for one in bounds.items("keyword.terms", given, limits.KEYWORD_LANGUAGES):
        if one.language != ANY_LANGUAGE:
            bounds.language("keyword.terms.language", one.language, required=True)
        if one.language in found:
            raise FieldMalformed("keyword.terms.language", expected="a language that comes once")
        field = "keyword.terms.terms"
        found[one.language] = _ways(field, bounds.items(field, one.terms, limits.KEYWORD_TERMS, minimum=1))
    count = sum(map(len, found.values()))
    if count > limits.KEYWORD_TERMS:
        raise TooManyItems("keyword.terms.terms", limit=limits.KEYWORD_TERMS, actual=count)
    return found


def _ways(field: str, terms: Sequence[str]) -> tuple[str, ...]:
    """Returns terms without spaces around them, each once."""
    return tuple(dict.fromkeys(bounds.text(field, term, limits.TERM_CHARACTERS).strip() for term in terms))


def _patterns(given: Sequence[keyword_pb2.KeywordPattern]) -> tuple[Pattern, ...]:
    found: list[Pattern] = []
    for place, one in enumerate(bounds.items("keyword.patterns", given, limits.KEYWORD_PATTERNS)):
        field = f"keyword.patterns[{place}]"
        expression = bounds.text(f"{field}.expression", one.expression, limits.EXPRESSION_CHARACTERS)
        check = bounds.text(f"{field}.check", one.check, CHECK_CHARACTERS, required=False)
        if check and check not in SCHEMES:
            raise FieldUnknownValue(f"{field}.check", value=check, known=sorted(SCHEMES))
        pattern = Pattern(expression, check)
        try:
            compile_pattern(pattern)
        except PatternRefused as refused:
            raise PatternInvalid(f"{field}.expression", str(refused)) from None
        found.append(pattern)
    return tuple(dict.fromkeys(found))


def keyword_to_proto(listed: Listed) -> keyword_pb2.Keyword:
    """Returns a keyword as it is sent."""
    content = listed.content if isinstance(listed, StoredKeyword) else listed
    message = keyword_pb2.Keyword(
        id=content.id,
        terms=[
            keyword_pb2.KeywordTerms(language=language, terms=ways)
            for language, ways in content.terms.items()
        ],
        patterns=[
            keyword_pb2.KeywordPattern(expression=pattern.expression, check=pattern.check)
            for pattern in content.patterns
        ],
        literal=content.literal,
        source=keyword_pb2.KEYWORD_SOURCE_FILE,
    )
    setattr(message, _TARGET_FIELDS[content.target.kind], content.target.name)
    if isinstance(listed, StoredKeyword):
        message.source = keyword_pb2.KEYWORD_SOURCE_STORED
        message.revision, message.etag = listed.revision, listed.etag
        message.create_time.CopyFrom(timestamp(listed.created_at))
        message.update_time.CopyFrom(timestamp(listed.updated_at))
    return message


def keyword_id(value: str) -> str:
    """Returns a keyword's id."""
    return bounds.identifier("keyword_id", value)


def etag(value: str) -> str:
    """Returns an etag, empty when none is given."""
    return bounds.text("etag", value, ETAG_CHARACTERS, required=False)


def import_header(part: keyword_service_pb2.ImportKeywordsRequest | None) -> bool:
    """Returns whether an import is a dry run, from its first message.

    Raises:
        ImportOutOfOrder: there is none, or it is no header.
    """
    if part is None or part.WhichOneof("part") != "header":
        raise ImportOutOfOrder("header")
    return part.header.dry_run


def import_keyword(number: int, part: keyword_service_pb2.ImportKeywordsRequest) -> Keyword | Problem:
    """Returns what an import's message says a keyword is, or why it is refused.

    Raises:
        ImportOutOfOrder: it is no keyword.
    """
    if part.WhichOneof("part") != "keyword":
        raise ImportOutOfOrder("keyword")
    try:
        return keyword_from_proto(part.keyword)
    except Failure as refused:
        shown = part.keyword.id[: bounds.IDENTIFIER_CHARACTERS]
        return Problem(number, shown, refused.reason, refused.message)


def progress_to_proto(progress: ImportProgress) -> keyword_service_pb2.ImportKeywordsResponse:
    """Returns an import's progress as it is sent."""
    counts = progress.counts
    return keyword_service_pb2.ImportKeywordsResponse(
        received=counts.received,
        created=counts.created,
        updated=counts.updated,
        unchanged=counts.unchanged,
        refused=counts.refused,
        problems=[
            keyword_service_pb2.KeywordProblem(
                number=found.number, keyword_id=found.item_id, reason=found.reason, message=found.message
            )
            for found in progress.problems
        ],
        generation=counts.generation,
        done=progress.done,
    )


def min_generation(value: int) -> int:
    """Returns the generation that is waited for."""
    return bounds.number("min_generation", value, 0, GENERATION)


def found_to_proto(
    detection: Detection, matches: Sequence[KeywordMatch], generation: int
) -> keyword_service_pb2.LookupKeywordsResponse:
    """Returns the keywords of a text as they are sent."""
    return keyword_service_pb2.LookupKeywordsResponse(
        keywords=map(match_to_proto, matches), language=detection.language, generation=generation
    )


def timestamp(moment: datetime) -> Timestamp:
    """Returns a moment as it is sent."""
    message = Timestamp()
    message.FromDatetime(moment)
    return message
