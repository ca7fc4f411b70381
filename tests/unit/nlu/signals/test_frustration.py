import pytest

from balie.nlu.domain import Frustration, FrustrationSign
from balie.nlu.signals import SignalReader
from balie.nlu.signals.frustration import level_of

READER = SignalReader(("nl", "de", "en"))
SIGN = FrustrationSign


@pytest.mark.parametrize(
    ("sign", "text"),
    [
        (SIGN.ABUSE, "useless bot"),
        (SIGN.ABUSE, "what a shitty company"),
        (SIGN.ABUSE, "f*** this"),
        (SIGN.ABUSE, "stomme bot"),
        (SIGN.ABUSE, "wat een kutbedrijf"),
        (SIGN.ABUSE, "du blöder Bot"),
        (SIGN.ABUSE, "so ein Scheißladen"),
        (SIGN.ABUSE, "🤬"),
        (SIGN.ANGER, "This is unacceptable."),
        (SIGN.ANGER, "I am sick of waiting"),
        (SIGN.ANGER, "Dit is onacceptabel."),
        (SIGN.ANGER, "ik ben het zat"),
        (SIGN.ANGER, "Das ist inakzeptabel."),
        (SIGN.ANGER, "ich habe die Schnauze voll"),
        (SIGN.DISPLEASURE, "I'm very disappointed"),
        (SIGN.DISPLEASURE, "ik ben teleurgesteld"),
        (SIGN.DISPLEASURE, "pffff"),
        (SIGN.DISPLEASURE, "ich bin enttäuscht"),
        (SIGN.REPETITION, "this is the third time I ask"),
        (SIGN.REPETITION, "voor de derde keer: mijn nummer is 4411"),
        (SIGN.REPETITION, "ich habe das schon dreimal gefragt"),
        (SIGN.NO_REPLY, "nobody answers my mails"),
        (SIGN.NO_REPLY, "niemand reageert op mijn mails"),
        (SIGN.NO_REPLY, "niemand antwortet auf meine Mails"),
        (SIGN.NOT_HELPED, "that's not what I asked"),
        (SIGN.NOT_HELPED, "dat vroeg ik niet"),
        (SIGN.NOT_HELPED, "das habe ich nicht gefragt"),
        (SIGN.SHOUTING, "WHERE IS MY PARCEL"),
        (SIGN.SHOUTING, "waarom antwoordt u NOOIT"),
        (SIGN.SHOUTING, "WO IST MEIN PAKET"),
        (SIGN.PUNCTUATION, "hello???"),
        (SIGN.PUNCTUATION, "waar is het!!!"),
        (SIGN.EMOJI, "where is it 😡"),
    ],
)
def test_reads_each_sign_in_each_language(sign: FrustrationSign, text: str) -> None:
    assert sign in READER.read(text).frustration_signs


@pytest.mark.parametrize(
    "text",
    [
        # Denied, and idioms.
        "no problem",
        "not bad at all",
        "I'm not angry",
        "never mind",
        "geen probleem",
        "niet slecht",
        "ik ben niet boos",
        "kein Problem",
        "gar nicht übel",
        "ich bin nicht sauer",
        # A complaint is a topic, not a tone.
        "I want to file a complaint",
        "my parcel arrived damaged, what do I do?",
        "ik wil een klacht indienen",
        "de boot had vertraging, krijg ik compensatie?",
        "ich möchte eine Beschwerde einreichen",
        "mein Paket kam beschädigt an",
        # About oneself, about others, and titles.
        "stupid question maybe, but how do I log in",
        "my husband is mad because I booked too late",
        "do you sell Angry Birds",
        "sorry voor de domme vraag",
        "mijn man is boos omdat ik te laat was",
        "blöde Frage vielleicht, aber wie logge ich mich ein",
        "mein Mann ist sauer weil ich zu spät war",
        # Words with a second meaning.
        "bad weather today, does the ferry sail",
        "hoe is het weer in Harlingen",
        "slecht weer vandaag",
        "mir ist schlecht, gibt es eine Apotheke",
        "Müllabfuhr Termine",
        "Kölner Dom",
        "saure Gurken",
        "Hund",
        "vaart de boot bij dichte mist",
        "ich war noch nie hier",
        "ik ben afgezet bij de haven",
        "I was scammed by a fake website, how do I report it",
        "mijn moeder heeft kanker, kan ik omboeken",
        # Counting without reproach.
        "this is the third time we sail with you, always lovely",
        "hoe vaak vaart de boot",
        "kann ich dreimal pro Woche trainieren",
        # Capitals and marks without anger.
        "IBAN NL91ABNA0417164300",
        "Factuur BTW KVK 12345678",
        "MY NAME IS JOHN SMITH",
        "MIJN NAAM IS JAN VAN DER BERG",
        "DB BAHNCARD",
        "Thank you!!!",
        "Geweldig!!! Heel blij mee",
        "Herzlichen Glückwunsch!!!",
        "THANKS FOR THE QUICK HELP",
        "card ending in **** 1234",
        "😂😂😂",
        "😢 my toy is still on the boat",
        "",
    ],
)
def test_is_calm_where_there_is_no_frustration(text: str) -> None:
    read = READER.read(text)
    assert (read.frustration, set(read.frustration_signs)) == (Frustration.NONE, set())


@pytest.mark.parametrize(
    ("signs", "level"),
    [
        ((), Frustration.NONE),
        ((SIGN.DISPLEASURE,), Frustration.MILD),
        ((SIGN.NO_REPLY,), Frustration.MILD),
        ((SIGN.SHOUTING, SIGN.PUNCTUATION, SIGN.EMOJI), Frustration.MILD),
        ((SIGN.ABUSE,), Frustration.STRONG),
        ((SIGN.ANGER,), Frustration.STRONG),
        ((SIGN.NO_REPLY, SIGN.REPETITION), Frustration.STRONG),
        ((SIGN.NO_REPLY, SIGN.PUNCTUATION), Frustration.STRONG),
    ],
)
def test_several_signs_are_strong_unless_they_are_of_form_alone(
    signs: tuple[FrustrationSign, ...], level: Frustration
) -> None:
    assert level_of(frozenset(signs), knows_words=True) is level


def test_levels_include_the_ones_before() -> None:
    assert Frustration.STRONG > Frustration.MILD > Frustration.NONE > Frustration.UNKNOWN


def test_of_languages_without_words_only_the_form_is_known() -> None:
    french = SignalReader(("fr",))
    assert french.read("c'est nul").frustration is Frustration.UNKNOWN
    assert french.read("répondez!!!").frustration is Frustration.MILD
    assert french.read("🤬").frustration is Frustration.STRONG


def test_only_reads_the_configured_languages() -> None:
    assert SignalReader(("nl",)).read("this is unacceptable").frustration is Frustration.NONE
