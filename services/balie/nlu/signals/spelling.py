"""Puts right what is often misspelt in the words that signals hang on, and only there.

A word counts as misspelt when one letter is left out, doubled or wrong, or two are swapped, and the result is no word
of the language itself (Damerau 1964: four of five misspellings differ from the word by one such step).
"""

from collections.abc import Iterable, Iterator

from balie.nlu.signals.alphabet import Alphabet

_LETTERS = "abcdefghijklmnopqrstuvwxyz"

_OFTEN_MISSPELT = {
    "nl": """medewerker medewerkers collega persoon iemand spreken klantenservice doorverbinden terugbellen contact
        belachelijk waardeloos onacceptabel schandalig irritant teleurgesteld frustrerend antwoord reactie niemand""",
    "de": """mitarbeiter mitarbeiterin menschen mensch person jemand jemanden jemandem sprechen kundenservice kundendienst
        ansprechpartner verbinden kollegen ruckruf zuruckrufen unverschamtheit unverschamt lacherlich inakzeptabel
        enttauscht antwort reaktion niemand frechheit""",
    "en": """human humans person agent agents operator assistant representative colleague employee someone somebody anyone
        anybody speak speaking talking chatting customer manager supervisor transfer ridiculous unacceptable disgusting
        disappointed frustrated frustrating annoying answer pathetic nobody""",
}
_OWN_WORDS = {
    "nl": """iemands college collage collages perron contract contant contacten contacts antwoorde antwoordt reacties reactive
        spreker sprekend spraken spek verbonden medewerkster persoons personen belachelijke niemands""",
    "de": """jemands sprachen sprecher sprechend verbunden verbinde verbinder verbindet mitarbeitern mitarbeiten antworte
        kolleges ruckrufe menschs niemands""",
    "en": """humane hunan agency parson persona persons perron operators operate assistants assistent representatives
        colleagues employees employed employer somebodys someones speaks spear sneak speck steak speaker sneaking taking
        tanking charting customers transfers transfert managers manage manages managed manger supervisors answers annoyin""",
}
_KNOWN = {
    "nl": "mdw=medewerker medew=medewerker iem=iemand iemant=iemand persoonn=persoon telefoontje=telefoontje pers=persoon",
    "de": """moechte=mochte moechten=mochten koennen=konnen koennte=konnte koennten=konnten koennt=konnt muessen=mussen
        wuerde=wurde wuerden=wurden fuer=fur ueber=uber zurueck=zuruck zurueckrufen=zuruckrufen rueckruf=ruckruf
        persoenlich=personlich persoenlichen=personlichen persoenliche=personliche uebergabe=ubergabe moeglich=moglich
        moeglichkeit=moglichkeit hoeren=horen bloed=blod bloeder=bloder bloede=blode lacherlich=lacherlich
        laecherlich=lacherlich unverschaemt=unverschamt unverschaemtheit=unverschamtheit enttaeuscht=enttauscht
        aergerlich=argerlich veraergert=verargert wuetend=wutend verfuegbar=verfugbar mitm=mit_einem nich=nicht net=nicht""",
    "en": """dont=don't doesnt=doesn't didnt=didn't wont=won't cant=can't isnt=isn't arent=aren't havent=haven't hasnt=hasn't
        im=i'm ive=i've youre=you're wanna=want_to gotta=have_to lemme=let_me plz=please pls=please u=you ppl=people
        talkk=talk tallk=talk takl=talk tlak=talk taok=talk talj=talk chatt=chat caht=chat chta=chat chst=chat smn=someone
        sb=somebody sm1=someone sum1=someone some1=someone any1=anyone wiht=with wirh=with wih=with wtih=with""",
}


def respell(alphabet: Alphabet, languages: Iterable[str]) -> None:
    """Makes an alphabet read misspelt words as what is meant.

    Args:
        alphabet: with the letters of all words that phrases know.
        languages: primary subtags; those that are not known are left out.
    """
    known = [language for language in languages if language in _OFTEN_MISSPELT]
    own = {word for language in known for word in _OWN_WORDS[language].split()}
    for language in known:
        for pair in _KNOWN[language].split():
            written, _, meant = pair.partition("=")
            alphabet.respell(written, meant.replace("_", " "))
    for language in known:
        for word in _OFTEN_MISSPELT[language].split():
            for misspelt in _misspellings(word):
                if misspelt not in own:
                    alphabet.respell(misspelt, word)


def _misspellings(word: str) -> Iterator[str]:
    """Yields what is one step from a word, its first letter kept unless it is swapped with the second."""
    for place in range(len(word)):
        before, after = word[:place], word[place:]
        if place > 0:
            yield before + after[1:]
            for letter in _LETTERS:
                yield before + letter + after[1:]
                yield before + letter + after
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
    for letter in _LETTERS:
        yield word + letter
