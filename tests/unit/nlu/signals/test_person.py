import pytest

from balie.nlu.signals import SignalReader

READER = SignalReader(("nl", "de", "en"))


@pytest.mark.parametrize(
    "text",
    [
        "I want to speak to a person",
        "can i talk with a real human being please?",
        "Human.",
        "agent please!!",
        "connect me with one of your colleagues",
        "put me through",
        "don’t want to talk to a bot",
        "dont want to talk to a bot",
        "please call me back",
        "is there anyone I can talk to",
        "no, not the faq, a human",
        "Ik wil een medewerker spreken",
        "kan ik met een echt mens praten?",
        "medewerker aub",
        "Verbind me door alstublieft",
        "geen bot, een mens",
        "kan een collega me vandaag nog bellen",
        "bel me even terug",
        "hoe praat ik met een mens",
        "kan iemand mij te woord staan",
        "Ich möchte mit einem Mitarbeiter sprechen",
        "Ich moechte mit einem Kollegen sprechen",
        "bitte verbinden Sie mich",
        "Mensch bitte",
        "stellen sie mich bitte durch",
        "kein Chatbot bitte",
        "rufen Sie mich morgen zurück",
        "Können Sie mich an einen Kollegen weiterleiten",
        "Mit Support-Mitarbeiter verbinden",
    ],
)
def test_hears_the_request_for_a_person(text: str) -> None:
    assert READER.asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "can 2 persons travel on one ticket",
        "what does it cost per person",
        "is my personal data safe",
        "do you rent out to travel agents",
        "the person next to me was sick",
        "i lost my human rights book",
        "I spoke to an agent yesterday",
        "I don't want to talk to anyone, just tell me the price",
        "do I need to speak to a representative to change my pin?",
        "am I talking to a real person?",
        "will the driver call me back",
        "wat kost het per persoon",
        "kunnen er 4 personen in een auto",
        "mijn persoonlijke gegevens",
        "kan iemand mijn koffer dragen",
        "is er een medewerker aan boord",
        "ik heb al met een medewerker gesproken",
        "ik hoef geen medewerker te spreken",
        "ik wil een klacht indienen over een medewerker",
        "vanaf hoe laat kan ik de klantenservice bereiken",
        "wie viel kostet es pro person",
        "für zwei personen bitte",
        "meine persönlichen daten",
        "ich will nicht mit einem mitarbeiter sprechen",
        "ab wann ist der kundenservice erreichbar",
        "verbinden sie mich mit dem wlan",
        "ich möchte einem mitarbeiter ein lob aussprechen",
        "kan ik op zondag iemand spreken",
        "kann ich am Wochenende jemanden erreichen",
        "can I get hold of anyone on a sunday",
        "😀",
        "",
    ],
)
def test_does_not_hear_a_request_where_there_is_none(text: str) -> None:
    assert not READER.asks_for_person(text)


@pytest.mark.parametrize(
    "text",
    [
        "i want to talk to somone",
        "can i speak with an asistant",
        "ik wil een medwerker sprekn",
        "mag ik iemnd spreken",
        "ich will mit einem Mitarbieter sprechen",
    ],
)
def test_hears_it_when_it_is_misspelt(text: str) -> None:
    assert READER.asks_for_person(text)


@pytest.mark.parametrize(
    "text", ["steak please", "ik zoek een perron", "contant betalen aub", "a hunan dish"]
)
def test_a_word_of_its_own_is_not_taken_for_a_misspelt_one(text: str) -> None:
    assert not READER.asks_for_person(text)


def test_only_hears_the_configured_languages() -> None:
    dutch = SignalReader(("nl",))
    assert dutch.asks_for_person("ik wil een medewerker spreken")
    assert not dutch.asks_for_person("I want to speak to a person")
    other = SignalReader(("fr",))
    assert not other.asks_for_person("I want to speak to a person")


def test_hears_a_region_s_language_as_the_language() -> None:
    assert SignalReader(("nl-BE", "de-AT")).asks_for_person("kan ik een medewerker spreken")


@pytest.mark.parametrize("text", ["Can ik please een medewerker spreken", "Please einen Mitarbeiter, thanks"])
def test_hears_it_in_mixed_languages(text: str) -> None:
    assert READER.asks_for_person(text)


def test_hears_it_at_the_end_of_a_long_message() -> None:
    story = "Wij hebben in juni een boeking gemaakt voor de overtocht naar het eiland. " * 60
    assert not READER.asks_for_person(story)
    assert READER.asks_for_person(story + "Kan ik hierover een medewerker spreken?")
