"""Every format of files: read as it was written, and whatever is wrong told with its place."""

import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from balie.faq.errors import EntryFileWrong
from balie.faq.knowledge.domain import EntryContent, EntryState, EntryText
from balie.faq.knowledge.files import WRITERS, FileEntry, Source, read_entries, scan_entries
from balie.faq.knowledge.files.html_text import html_text
from balie.faq.knowledge.files.lists import join, split
from balie.faq.knowledge.files.question_ids import id_of

ENDINGS = {"jsonl": ".jsonl", "csv": ".csv", "yaml": ".yaml", "jsonld": ".jsonld"}
ANY = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)
WORDS = ANY.filter(lambda text: bool(text.strip()))
LANGUAGES = st.lists(st.sampled_from(["nl", "de", "no", "pt-BR"]), min_size=1, max_size=3, unique=True)
TEXTS = LANGUAGES.flatmap(
    lambda names: st.tuples(
        *[
            st.builds(EntryText, st.just(name), WORDS, st.lists(WORDS, max_size=3).map(tuple), WORDS)
            for name in names
        ]
    )
)
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
CONTENTS = st.builds(
    EntryContent,
    id=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,20}", fullmatch=True),
    texts=TEXTS,
    tags=st.lists(WORDS, max_size=3).map(tuple),
    metadata=st.dictionaries(WORDS, st.just("") | WORDS, max_size=3),
    state=st.sampled_from(EntryState),
    valid_from=st.none() | MOMENTS,
    valid_until=st.none() | st.just(datetime(2100, 1, 1, tzinfo=UTC)),
    audience=st.lists(WORDS, max_size=2).map(tuple),
    market=st.lists(WORDS, max_size=2).map(tuple),
)


def put(folder: Path, name: str, text: str | bytes) -> Source:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return Source(path)


def entries(source: Source) -> list[EntryContent]:
    return [entry.content for entry in read_entries(source)]


def told(source: Source) -> list[str]:
    """Returns what is wrong with a file, without its name."""
    found = []
    try:
        found += [str(one) for one in scan_entries(source) if isinstance(one, EntryFileWrong)]
    except EntryFileWrong as wrong:
        found.append(str(wrong))
    return [text.removeprefix(str(source.path)) for text in found]


@pytest.mark.parametrize("name", list(WRITERS))
@given(contents=st.lists(CONTENTS, min_size=1, max_size=4, unique_by=lambda content: content.id))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_back_as_it_was(name: str, contents: list[EntryContent]) -> None:
    stream = io.StringIO(newline="")
    writer = WRITERS[name](stream)
    for content in contents:
        writer.write(content)
    writer.end()
    with tempfile.TemporaryDirectory() as folder:
        assert entries(put(Path(folder), f"faq{ENDINGS[name]}", stream.getvalue())) == contents


@pytest.mark.parametrize("name", list(WRITERS))
def test_a_file_of_nothing_says_so(tmp_path: Path, name: str) -> None:
    stream = io.StringIO(newline="")
    WRITERS[name](stream).end()
    assert told(put(tmp_path, f"faq{ENDINGS[name]}", stream.getvalue())) == [": holds no entries"]


@given(st.lists(WORDS, max_size=4))
def test_texts_in_one_cell_are_parted_again(texts: list[str]) -> None:
    assert split(join(texts)) == texts


def test_people_write_bars_with_spaces() -> None:
    assert split(" hond | hondje ||puppy| ") == ["hond", "hondje", "puppy"]
    assert split(r"a\|b | c\\|d") == ["a|b", "c\\", "d"]


CSV = """\
id;language;question;answer;phrasings;tags;state;valid_from;valid_until;audience;market;metadata
dogs;nl;Mag mijn hond mee?;"Ja;
aan de lijn.";hond | hondje;pets|dogs;draft;2026-05-01;2026-06-01T12:00:00+02:00;members;be|nl;{"owner": "shop"}
dogs;en;May I bring my dog?;Yes.;;;;;;;;
cats;nl;En de kat?;Ook.;;;;;;;;
"""


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_reads_csv_whatever_parts_its_columns(tmp_path: Path, delimiter: str) -> None:
    text = 'id;lang;question;answer\na;nl;"Hond, kat; of\tkoe|?";Ja.\n'.replace(";", "\x01")
    text = text.replace("Hond, kat\x01 of", "Hond, kat; of").replace("\x01", delimiter)
    (found,) = entries(put(tmp_path, "faq.csv", text))
    assert found.texts == (EntryText("nl", "Hond, kat; of\tkoe|?", (), "Ja."),)


def test_reads_everything_that_csv_holds_and_joins_its_languages(tmp_path: Path) -> None:
    dogs, cats = read_entries(put(tmp_path, "faq.csv", CSV))
    assert dogs.content == EntryContent(
        id="dogs",
        texts=(
            EntryText("nl", "Mag mijn hond mee?", ("hond", "hondje"), "Ja;\naan de lijn."),
            EntryText("en", "May I bring my dog?", (), "Yes."),
        ),
        tags=("pets", "dogs"),
        metadata={"owner": "shop"},
        state=EntryState.DRAFT,
        valid_from=datetime(2026, 5, 1, tzinfo=UTC),
        valid_until=datetime(2026, 6, 1, 10, tzinfo=UTC),
        audience=("members",),
        market=("be", "nl"),
    )
    assert (dogs.place, cats.place, cats.content.state) == (2, 5, EntryState.PUBLISHED)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("a,nl,q,a,", []),
        ("a,nl,q", [":2: has 3 columns, the header has 4"]),
        ("a,nl,q,a,b", [":2: has 5 columns, the header has 4: put a text that holds ',' between quotes"]),
        ("a,nl,,a", [":2: 'question' must be a text"]),
        (",nl,q,a", [":2: 'id' must be a text"]),
        (
            "a,,q,a",
            [":2: 'language' must be a text: write it beside the question, or name it with --lang"],
        ),
        ('a,nl,"q,a\nb,nl,q,a', [":2: a quote that begins in this row is not closed"]),
        ('a,nl,"q"x,a', [":2: a quote stands inside a text in quotes: write it twice"]),
        (
            "a,nl,q,a\n\nb,nl,q\nc,nl,q,a\nd,nl",
            [":4: has 3 columns, the header has 4", ":6: has 2 columns, the header has 4"],
        ),
        ("a,nl,q,a\nb,nl,q,a\na,en,q,a", [":4: the id 'a' is that of line 2 too"]),
        ("a,nl,q,a\na,NL,q,a", [":3: 'a' has texts in NL already, since line 2"]),
    ],
)
def test_names_the_row_of_what_is_wrong_in_csv(tmp_path: Path, rows: str, says: list[str]) -> None:
    assert told(put(tmp_path, "faq.csv", f"id,language,question,answer\n{rows}\n")) == says


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("state", "gone", "'state' must be one of draft, published, archived"),
        ("valid_from", "tomorrow", "'valid_from' must be a day or a moment such as 2026-05-01"),
        ("valid_until", "9999-12-31T23:59:59-12:00", "'valid_until' must be a day or a moment"),
        ("metadata", "owner", "'metadata' must be a JSON object"),
        ("metadata", "[1]", "'metadata' must be a JSON object"),
        ("metadata", '{"a": 1}', "'a' of 'metadata' must be a text"),
    ],
)
def test_names_the_cell_of_what_is_wrong(tmp_path: Path, column: str, cell: str, says: str) -> None:
    quoted = cell.replace('"', '""')
    text = f'id,language,question,answer,{column}\na,nl,q,a,"{quoted}"\n'
    (problem,) = told(put(tmp_path, "faq.csv", text))
    assert problem.startswith(f":2: {says}")


def test_a_later_row_of_an_entry_may_not_contradict_the_first(tmp_path: Path) -> None:
    text = "id,language,question,answer,tags\na,nl,q,a,x\na,en,q,a,x\na,de,q,a,y\n"
    assert told(put(tmp_path, "faq.csv", text)) == [
        ":4: 'tags' of 'a' is not that of line 2, where the entry begins"
    ]


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("id,question", ":1: the first line must name the columns id, question, answer"),
        ("id,question,answer,phrasing", ":1: the column 'phrasing' is unknown"),
        ("id,question,answer,answer", ":1: the column 'answer' is there twice"),
        ("", ": is empty"),
    ],
)
def test_says_what_a_header_lacks(tmp_path: Path, header: str, says: str) -> None:
    (problem,) = told(put(tmp_path, "faq.csv", header))
    assert problem.startswith(says)


def test_json_lines_of_one_language_each_are_joined_and_doubles_named(tmp_path: Path) -> None:
    flat = '{"id": "a", "language": "%s", "question": "q", "answer": "a"}\n'
    source = put(
        tmp_path, "faq.jsonl", flat % "nl" + flat % "en" + '{"id": "b", "texts": {}}\n' + flat % "de"
    )
    assert told(source) == [":3: 'texts' holds no language"]
    (found,) = [one for one in scan_entries(source) if isinstance(one, FileEntry)]
    assert [text.language for text in found.texts] == ["nl", "en", "de"]


def test_names_every_line_that_is_wrong(tmp_path: Path) -> None:
    text = '{"id": "a"\n[]\n{"id": "a", "id": "b"}\n{"id": "c", "texts": {"nl": {"question": "q"}}}\n'
    problems = told(put(tmp_path, "faq.jsonl", text))
    assert [problem.split(":")[1] for problem in problems] == ["1", "2", "3", "4"]
    assert "column" in problems[0]
    assert "'id' is given twice" in problems[2]


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16"]


@pytest.mark.parametrize("name", ["faq.csv", "faq.yaml", "faq.jsonl", "faq.jsonld", "faq.html"])
@pytest.mark.parametrize("encoding", [*ENCODINGS, "cp1252"])
def test_reads_unicode_with_its_mark_and_whatever_is_named(tmp_path: Path, name: str, encoding: str) -> None:
    page = json.dumps(
        {
            "@type": "FAQPage",
            "mainEntity": {
                "@type": "Question",
                "identifier": "a",
                "inLanguage": "nl",
                "name": "één?",
                "acceptedAnswer": {"text": "Ja, één."},
            },
        },
        ensure_ascii=False,
    )
    text = {
        "faq.csv": 'id,language,question,answer\na,nl,één?,"Ja, één."\n',
        "faq.yaml": "entries:\n- id: a\n  texts: {nl: {question: één?, answer: 'Ja, één.'}}\n",
        "faq.jsonl": '{"id": "a", "language": "nl", "question": "één?", "answer": "Ja, één."}\n',
        "faq.jsonld": page,
        "faq.html": f'<html><script type="application/ld+json">{page}</script>',
    }[name]
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    source = Source(path, "" if encoding in ENCODINGS else encoding)
    assert entries(source) == [EntryContent("a", (EntryText("nl", "één?", (), "Ja, één."),))]
    if encoding == "cp1252":
        (problem,) = told(Source(path))
        assert "the byte 0xE9" in problem
        assert "--encoding windows-1252" in problem


def test_bytes_that_are_nothing_are_told(tmp_path: Path) -> None:
    cut = put(tmp_path, "cut.jsonl", '{"id": "a"}\n'.encode("utf-16")[:-1])
    assert told(cut) == [": begins like UTF-16 and is not: save the file as UTF-8"]
    assert "0x81 in column 1 is not UTF-8: save" in told(put(tmp_path, "odd.jsonl", b"\x81\n"))[0]
    nul = put(tmp_path, "nul.csv", "id,question,answer\n".encode("utf-16-le"))
    assert told(nul) == [":1: the line holds a NUL character: save the file as UTF-8"]
    named = Source(put(tmp_path, "x.csv", b"id\x81").path, "windows-1252")
    assert "0x81 in column 3 is not windows-1252" in told(named)[0]


PAGE = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "WebSite", "name": "Shop"},
        {
            "@type": ["WebPage", "FAQPage"],
            "inLanguage": "nl-BE",
            "mainEntity": [
                {
                    "@type": "Question",
                    "@id": "https://shop.example/#q1",
                    "name": "Mag mijn hond mee &amp; de kat?",
                    "acceptedAnswer": {
                        "@type": "Answer",
                        "text": "<p>Ja, <b>aan de lijn</b>.</p><ul><li>klein</li><li>groot</li></ul>"
                        '<p>Zie <a href="https://shop.example/pets">huisdieren</a>.</p>',
                    },
                    "keywords": "honden, dieren",
                },
                {
                    "@type": "https://schema.org/Question",
                    "identifier": "late",
                    "name": "Why late?",
                    "inLanguage": {"@type": "Language", "alternateName": "en"},
                    "acceptedAnswer": [{"@type": "Answer", "text": "3 < 4 boats"}],
                },
            ],
        },
    ],
}


def test_reads_a_faq_page_wherever_it_stands(tmp_path: Path) -> None:
    dogs, late = entries(put(tmp_path, "faq.json", json.dumps([PAGE])))
    assert dogs.id == "mag-mijn-hond-mee-de-kat.nl-be"
    (text,) = dogs.texts
    assert (text.language, text.question) == ("nl-BE", "Mag mijn hond mee & de kat?")
    assert (
        text.answer == "Ja, aan de lijn.\n\n- klein\n- groot\n\nZie huisdieren (https://shop.example/pets)."
    )
    assert dogs.tags == ("honden", "dieren")
    assert late == EntryContent("late", (EntryText("en", "Why late?", (), "3 < 4 boats"),))


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ({"name": "q"}, "has no acceptedAnswer with a text"),
        ({"name": "q", "acceptedAnswer": {"text": ""}}, "has no acceptedAnswer with a text"),
        ({"acceptedAnswer": {"text": "a"}}, "'name' and the answer's 'text' must be texts"),
        ({"name": 7, "acceptedAnswer": {"text": "a"}}, "'name' and the answer's 'text' must be texts"),
        ({"name": "q", "acceptedAnswer": {"text": "<br>"}}, "'answer' must be a text"),
    ],
)
def test_names_the_question_that_is_wrong(tmp_path: Path, question: dict[str, object], says: str) -> None:
    right = {"@type": "Question", "name": "Right?", "acceptedAnswer": {"text": "Yes."}}
    page = {"@type": "FAQPage", "inLanguage": "en", "mainEntity": [right, {"@type": "Question"} | question]}
    assert told(put(tmp_path, "faq.jsonld", json.dumps(page))) == [f": question 2: {says}"]


def test_names_both_questions_with_one_id(tmp_path: Path) -> None:
    one = {"@type": "Question", "name": "Dogs?", "acceptedAnswer": {"text": "Yes."}}
    other = {"@type": "Question", "name": "Cats?", "acceptedAnswer": {"text": "Yes."}}
    page = {"@type": "FAQPage", "inLanguage": "en", "mainEntity": [one, other, one | {"name": "dogs!"}]}
    assert told(put(tmp_path, "faq.jsonld", json.dumps(page))) == [
        ": question 3: the id 'dogs.en' is that of question 1 too"
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", ":1: is not JSON, column 2"),
        ('{"id": "a"}\n{"id": "b"}', ":2: is not JSON, column 1: Extra data; name its ending .jsonl"),
        ('{"@type": "QAPage"}', ": holds no FAQPage of schema.org"),
        ("[" * 100_000, ": is not JSON that could hold questions"),
        ('{"@type": "FAQPage"}', ": holds no entries"),
    ],
)
def test_says_that_json_holds_no_faq(tmp_path: Path, text: str, says: str) -> None:
    (problem,) = told(put(tmp_path, "faq.json", text))
    assert problem.startswith(says)


def test_a_language_can_be_named_for_a_page_that_says_none(tmp_path: Path) -> None:
    page = {
        "@type": "FAQPage",
        "mainEntity": {"@type": "Question", "name": "Q?", "acceptedAnswer": {"text": "A."}},
    }
    source = put(tmp_path, "faq.jsonld", json.dumps(page))
    assert told(source) == [
        ": question 1: 'language' must be a text: write it beside the question, or name it with --lang"
    ]
    (found,) = entries(Source(source.path, language="nl"))
    assert (found.id, found.texts[0].language) == ("q.nl", "nl")


MICRODATA = """<!doctype html>
<html lang="de"><head><title>FAQ</title><script>var x = "FAQPage";</script></head>
<body><div itemscope itemtype="https://schema.org/FAQPage">
 <h1>Fragen</h1>
 <div itemscope itemprop="mainEntity" itemtype="https://schema.org/Question">
  <h3 itemprop="name">Darf mein <em>Hund</em> &amp; die Katze mit?</h3>
  <div itemscope itemprop="acceptedAnswer" itemtype="https://schema.org/Answer">
   <div itemprop="text"><p>Ja,   an der
   Leine.<p>Mehr <a href="https://shop.example/x">hier</a>.<br>Bis bald</div>
  </div>
 </div>
 <div itemscope itemprop="mainEntity" itemtype="https://schema.org/Question">
  <meta itemprop="name" content="Wann?"><meta itemprop="identifier" content="when">
  <div itemscope itemprop="acceptedAnswer" itemtype="https://schema.org/Answer">
   <span itemprop="text">Um &lt;8&gt; Uhr.</span></div>
 </div>
</div></body></html>
"""


def test_reads_microdata(tmp_path: Path) -> None:
    dogs, when = entries(put(tmp_path, "faq.html", MICRODATA))
    assert dogs == EntryContent(
        "darf-mein-hund-die-katze-mit.de",
        (
            EntryText(
                "de",
                "Darf mein Hund & die Katze mit?",
                (),
                "Ja, an der Leine.\nMehr hier (https://shop.example/x).\nBis bald",
            ),
        ),
    )
    assert when == EntryContent("when", (EntryText("de", "Wann?", (), "Um <8> Uhr."),))


def test_a_page_that_says_the_same_in_both_ways_says_it_once(tmp_path: Path) -> None:
    script = f'<script type="application/ld+json">\n{json.dumps(PAGE)}\n</script>'
    found = entries(put(tmp_path, "faq.htm", MICRODATA.replace("<body>", f"<body>{script}")))
    assert [content.id for content in found] == ["mag-mijn-hond-mee-de-kat.nl-be", "late"]


def test_says_that_a_page_holds_no_faq_or_a_broken_one(tmp_path: Path) -> None:
    (none,) = told(put(tmp_path, "a.html", "<html><script type='application/ld+json'>{}</script><p>FAQ"))
    assert none == ": holds no FAQPage of schema.org, neither as JSON-LD in a script nor as microdata"
    broken = '<html>\n<script type="application/ld+json">\n{"@type": "FAQPage",\n "mainEntity": [,]}</script>'
    assert told(put(tmp_path, "b.html", broken)) == [":4: the JSON-LD is not JSON: Expecting value"]


@pytest.mark.parametrize(
    ("given_ids", "question", "expected"),
    [
        (["faq-1", None], "Q?", "faq-1"),
        ([None, "faq-2"], "Q?", "faq-2"),
        (["not an id", "https://x/#q"], "Hoe laat?", "hoe-laat.nl"),
        ([], "Één  café?", "een-cafe.nl"),
    ],
)
def test_a_question_gets_a_stable_id(given_ids: list[object], question: str, expected: str) -> None:
    assert id_of(given_ids, question, "nl") == expected


def test_questions_in_other_letters_or_of_many_words_get_ids_of_their_own() -> None:
    names = {id_of([], text, "zh") for text in ("狗可以上船吗", "猫可以上船吗", "x" * 200, "x" * 201, "?")}
    assert len(names) == 5
    assert all(len(name) <= 128 for name in names)
    assert id_of([], "狗可以上船吗", "zh") in names


@given(st.text(max_size=60))
def test_any_text_is_read_as_html_without_an_error(text: str) -> None:
    assert isinstance(html_text(text), str)


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".yaml", ".jsonld", ".html"])
@given(data=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace")))
@settings(max_examples=40, deadline=None)
def test_whatever_a_file_holds_is_entries_or_told(ending: str, data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source = put(Path(folder), f"any{ending}", data)
        try:
            found: list[object] = list(scan_entries(source))
        except EntryFileWrong as wrong:
            found = [wrong]
        assert all(isinstance(one, FileEntry | EntryFileWrong) for one in found)


def test_yaml_goes_on_after_an_entry_that_is_wrong(tmp_path: Path) -> None:
    text = (
        "entries:\n- id: a\n  metadata: {a: {b: {c: {d: {e: {f: {g: [1, 2]}}}}}}}\n- id: b\n"
        "- {id: c, texts: {nl: {question: q, answer: a}}}\n- *nowhere\n"
    )
    source = put(tmp_path, "faq.yaml", text)
    problems = told(source)
    assert [problem.split(":")[1] for problem in problems] == ["3", "4", "6"]
    assert [found.id for found in scan_entries(source) if isinstance(found, FileEntry)] == ["c"]


def test_names_two_entries_of_one_line_with_one_id(tmp_path: Path) -> None:
    one = "{id: a, texts: {nl: {question: q, answer: a}}}"
    assert told(put(tmp_path, "faq.yaml", f"entries: [{one}, {one}]")) == [
        ":1: the id 'a' is that of line 1 too"
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ":1: has no list `entries`"),
        ("[a]", ":1: has no list `entries`"),
        ("entries: {a: b}", ":1: has no list `entries`"),
        ("entries: []\nentries: []", ":2: 'entries' is given twice"),
        ("entries: []\n---\nentries: []", ": is not YAML: there is more than one document"),
        ("entries:\n\t- a", ":2: is not YAML"),
        ("entries: [\x07]", "not YAML"),
    ],
)
def test_says_what_is_wrong_with_yaml(tmp_path: Path, text: str, says: str) -> None:
    assert says in told(put(tmp_path, "faq.yaml", text))[0]
