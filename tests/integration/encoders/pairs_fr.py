"""French that customers of a web shop write, with English, put together from phrases by a small grammar."""

import random
from collections.abc import Iterator

Pair = dict[str, str]

# English, French, and the ending that a French participle gets.
_THINGS = (
    ("my order", "ma commande", "e"),
    ("the parcel", "le colis", ""),
    ("my invoice", "ma facture", "e"),
    ("the washing machine", "la machine à laver", "e"),
    ("my subscription", "mon abonnement", ""),
    ("the gift card", "la carte cadeau", "e"),
    ("the blue jacket", "la veste bleue", "e"),
    ("my refund", "mon remboursement", ""),
    ("the wooden chair", "la chaise en bois", "e"),
    ("my appointment", "mon rendez-vous", ""),
    ("the charger", "le chargeur", ""),
    ("the headphones box", "la boîte du casque", "e"),
    ("the delivery note", "le bon de livraison", ""),
    ("my phone", "mon téléphone", ""),
    ("the mattress", "le matelas", ""),
    ("the garden table", "la table de jardin", "e"),
    ("the coffee maker", "la cafetière", "e"),
    ("the winter coat", "le manteau d'hiver", ""),
)
_ACTIONS = (
    ("cancel", "annuler"),
    ("return", "renvoyer"),
    ("pay for", "payer"),
    ("change", "modifier"),
    ("exchange", "échanger"),
    ("track", "suivre"),
    ("find", "retrouver"),
    ("receive", "recevoir"),
    ("pick up", "récupérer"),
    ("replace", "remplacer"),
)
_TIMES = (
    ("today", "aujourd'hui"),
    ("tomorrow", "demain"),
    ("this week", "cette semaine"),
    ("before Friday", "avant vendredi"),
    ("next month", "le mois prochain"),
    ("in the evening", "le soir"),
    ("on Saturday", "samedi"),
    ("as soon as possible", "dès que possible"),
)
_STATES = (
    ("is broken", "est cassé{e}"),
    ("has been damaged", "a été endommagé{e}"),
    ("has been lost", "a été perdu{e}"),
    ("does not work", "ne fonctionne pas"),
    ("has not arrived", "n'est pas arrivé{e}"),
    ("is too expensive", "est trop chèr{e}"),
    ("was delivered to my neighbour", "a été livré{e} à mon voisin"),
    ("is missing", "manque"),
)
_PLACES = (
    ("in the shop", "dans le magasin"),
    ("at the post office", "au bureau de poste"),
    ("at home", "à la maison"),
    ("at work", "au travail"),
    ("on the website", "sur le site"),
)
_WITH_ACTION = (
    ("I want to {act} {thing} {time}.", "Je veux {act} {thing} {time}."),
    ("How can I {act} {thing}?", "Comment puis-je {act} {thing} ?"),
    ("May I {act} {thing} {place}?", "Puis-je {act} {thing} {place} ?"),
    ("I could not {act} {thing} {place}.", "Je n'ai pas pu {act} {thing} {place}."),
    ("My wife would like to {act} {thing} {time}.", "Ma femme voudrait {act} {thing} {time}."),
    ("Who can help me to {act} {thing}?", "Qui peut m'aider à {act} {thing} ?"),
    ("Can you help me to {act} {thing} {time}?", "Pouvez-vous m'aider à {act} {thing} {time} ?"),
    ("Good morning, I still have to {act} {thing}.", "Bonjour, je dois encore {act} {thing}."),
)
_WITH_STATE = (
    ("{Thing} {state}.", "{Thing} {state}."),
    ("Good morning, {thing} {state}, what should I do?", "Bonjour, {thing} {state}, que dois-je faire ?"),
    ("I think that {thing} {state}.", "Je pense que {thing} {state}."),
    ("{Thing} {state}, I want my money back {time}.", "{Thing} {state}, je veux mon argent {time}."),
    ("Why do you say that {thing} {state}?", "Pourquoi dites-vous que {thing} {state} ?"),
)
_WITH_THING = (
    ("Where is {thing}?", "Où est {thing} ?"),
    ("How much does {thing} cost {place}?", "Combien coûte {thing} {place} ?"),
    ("When will you send {thing}?", "Quand allez-vous envoyer {thing} ?"),
    ("Can you deliver {thing} {time} {place}?", "Pouvez-vous livrer {thing} {time} {place} ?"),
    ("I am still waiting for {thing}.", "J'attends toujours {thing}."),
    ("Good morning, do you send {thing} {time}?", "Bonjour, est-ce que vous envoyez {thing} {time} ?"),
    ("I have a question about {thing}.", "J'ai une question sur {thing}."),
)


def french_pairs(count: int = 700, *, seed: int = 3) -> list[Pair]:
    """Returns different pairs, always the same ones for a seed."""
    chance = random.Random(seed)
    found: dict[str, Pair] = {}
    for pair in _endless(chance):
        found.setdefault(pair["en"], pair)
        if len(found) == count:
            return list(found.values())
    raise AssertionError("unreachable")


def _endless(chance: random.Random) -> Iterator[Pair]:
    while True:
        english, french = chance.choice(chance.choice((_WITH_ACTION, _WITH_STATE, _WITH_THING)))
        thing, chose, ending = chance.choice(_THINGS)
        act, agir = chance.choice(_ACTIONS)
        time, temps = chance.choice(_TIMES)
        place, lieu = chance.choice(_PLACES)
        state, etat = chance.choice(_STATES)
        if etat.endswith("chèr{e}") and not ending:
            etat = "est trop cher"
        yield {
            "en": english.format(
                act=act, thing=thing, Thing=_capital(thing), time=time, place=place, state=state
            ),
            "fr": french.format(
                act=agir,
                thing=chose,
                Thing=_capital(chose),
                time=temps,
                place=lieu,
                state=etat.format(e=ending),
            ),
        }


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
