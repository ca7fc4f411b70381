"""Words that tell a language by themselves, for messages too short for a detector of letters.

Greetings, thanks, yes and no, and the words of grammar: what a message of one to four words consists of. A word that
two configured languages share tells nothing and is dropped when they are put together.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")

_DUTCH = """
hoi hallo hoihoi goedemorgen goedemiddag goedenavond goedendag goeiemorgen goeiedag dag dankje dankjewel dankuwel bedankt
dank graag alsjeblieft alstublieft aub svp ja nee neen oke prima doei doeg tot ziens sorry
ik jij je jullie u uw zij wij ons onze jouw mij mijn hij haar hun het een deze dit dat die er hier daar
en of maar want dus als dan ook nog niet geen wel al weer nu straks morgen vandaag gisteren altijd nooit
is zijn was waren ben bent heb heeft hebben had kan kunnen kun kunt mag mogen moet moeten wil willen zal zullen zou
word wordt worden ga gaat gaan kom komt doe doet doen zet speel geef stuur maak vertel toon laat zoek bel vraag
wat waar waarom wanneer wie hoe hoeveel welke welk voor naar van met bij uit aan op om over onder tussen zonder tegen
de te per iets iemand niets niemand alles veel meer minder goed slecht nieuw oud even graag kwijt stuk
"""

_GERMAN = """
hallo servus moin guten gute tag morgen abend grüezi danke dankeschön vielen bitte ja nein doch tschüss ciao okay gern gerne dank
entschuldigung wiedersehen
ich du er sie es wir ihr mich mir dich dir ihm ihn uns euch mein meine meinen meiner meinem dein deine sein seine ihre
ihren unser unsere der die das den dem des ein eine einen einem einer kein keine keinen dieser diese dieses
und oder aber denn weil dass wenn als auch noch nicht nur schon wieder jetzt heute gestern immer nie
ist sind war waren bin bist habe hast hat haben kann kannst können könnte muss müssen will möchte möchten soll sollte
wird werden wurde würde geht gehen komme kommt mach mache macht spiel spiele gib schick zeig zeige lass such stell stelle
was wo warum wann wer wie wieviel welche welcher welches für nach von vom mit bei beim aus an auf um über unter zwischen
ohne gegen zu zum zur im ins am bis seit etwas jemand nichts niemand alles viel mehr weniger gut schlecht neu alt kaputt weg
"""

_ENGLISH = """
hello hi hey thanks thank please yes no yeah yep nope okay sorry bye goodbye morning afternoon evening cheers
i you he she it we they me him us them my your his our their mine this that these those there here
and or but because so if than then also too not only already again now today tomorrow yesterday always never
is are was were am be been have has had can could may might must will would shall should do does did don't doesn't can't
get got go goes going come make made play give send show tell put turn set let find call ask what's i'm it's
what where why when who how which for to from of with at by out on off about over under between without against into
the a an some any something someone nothing nobody everything much many more less good bad new old lost broken
"""


def known_words(
    languages: Sequence[str], texts: Sequence[Mapping[str, Iterable[str]]]
) -> Mapping[str, frozenset[str]]:
    """Returns the words of each configured language, in lower case: those of the list, and those of texts in it.

    Args:
        languages: BCP 47 tags; the list is found by the primary subtag.
        texts: texts whose language is known, by tag; those of other languages are left out.
    """
    listed = {"nl": _DUTCH, "de": _GERMAN, "en": _ENGLISH}
    found: dict[str, frozenset[str]] = {}
    for language in languages:
        words = set(listed.get(language.split("-")[0].lower(), "").split())
        for given in texts:
            for text in given.get(language, ()):
                words.update(words_of(text))
        found[language] = frozenset(words)
    return found


def words_of(text: str) -> Iterator[str]:
    """Yields the words of a text, in lower case."""
    for word in _WORD.findall(text.lower()):
        yield word.replace("\u2019", "'")
