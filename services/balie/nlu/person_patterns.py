"""How people ask for a person, as patterns over folded words: precise rather than complete.

A customer who asks once more is a smaller harm than one who is sent to a person for "can 2 persons travel". Words for
people therefore count only beside a verb of contact, a request to be put through, or alone. What is told of the past
("I spoke to an agent yesterday") and what is denied ("I don't need to speak to anyone") does not count.

The text that they read is folded, each word followed by one space, any run of other characters by the word `,`: so
`Ik wil, nú, een mens!` is ` ik wil , nu , een mens , `. A pattern begins at a word and ends with one.
"""

import re
from collections.abc import Mapping, Sequence

_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]+|_+")


def words_of(folded: str) -> str:
    """Returns a folded text as the patterns read it."""
    found = (word if word[0].isalnum() else "," for word in _WORDS.findall(folded))
    return f" {' '.join(found)} "


def compiled(patterns: Sequence[str]) -> re.Pattern[str]:
    """Returns one pattern that finds what any of them finds, and nothing when there are none."""
    return re.compile(rf"(?<= )(?:{'|'.join(patterns)})" if patterns else "(?!)")


def _one(words: str) -> str:
    """Returns what matches one of the words, with its space; `a_b` is two words."""
    return f"(?:{'|'.join(word.replace('_', ' ') for word in words.split())}) "


def _any(words: str, most: int = 6) -> str:
    """Returns what matches any number of the words, none included; bounded, so that no text makes it slow."""
    return f"(?:{_one(words)}){{0,{most}}}"


_ALONE = "(?<=^ )(?:, )?"
_END = "(?:, )?$"
_SOME = r"(?:[^\W_][\w']* ){0,3}"

# --- English ---------------------------------------------------------------------------------------------------------

_LEAD = _any(
    "a an the one some any of your you my another actual real live human physical proper damn goddamn bloody fucking"
)
_STAFF = _one(
    "persons? people humans? humans?_(?:beings?|agents?|operators?|colleagues?|support) (?:support_|service_)?agents? operators? "
    "(?:customer_(?:service_)?)?rep(?:resentative)?s? employees? colleagues? advis[eo]rs? assistants? staff(?:_members?)? "
    "members?_of_(?:the_|your_)?(?:staff|team) managers? supervisors? customer_(?:service|support|care) support(?:_team)? "
    "help_?desk"
)
_ANYONE = _one("some_?one some_?body any_?one any_?body")
_WHO = f"{_LEAD}(?:{_STAFF}|{_ANYONE})"
_DOER = _one("humans? persons? (?:live_)?agents? representatives? employees? colleagues? operators?")
_TALK = _one("talk(?:ing)? speak(?:ing)? chat(?:ting)?")
_TO = _one("to with wth wiht wit")
_BOT = _one("(?:chat_?)?bots? robots? machines? computers?")
_NOT = _one("don'?t do_not not won'?t")
_POLITE = f"(?:, )?{_any('please pls plz now thanks , asap')}"

ENGLISH = (
    f"{_TALK}{_any('directly again please')}(?:{_TO})?{_LEAD}{_STAFF}",
    f"{_TALK}{_any('directly again please')}{_TO}{_LEAD}{_ANYONE}",
    f"{_one('contact(?:ing)? reach phone call ring')}{_one('a an your the any some one_of_your any_of_your')}{_LEAD}{_STAFF}",
    f"contact(?:ing)? {_one('some_?one some_?body agents? operators?')}",
    f"can i {_one('phone call ring')}{_ANYONE}",
    f"{_one('connect transfer pass hand forward switch direct redirect put escalate')}{_any('me us this it through over on back')}{_TO}{_LEAD}{_STAFF}",
    f"{_one('connect transfer pass hand forward switch direct redirect put')}{_one('me us')}{_any('through over on back')}{_TO}{_LEAD}{_ANYONE}",
    f"put me (?:through |in touch with {_WHO})",
    f"talking to a {_one('(?:chat_?)?bot robot machine')}(?!{_one('or')})",
    f"(?:{_one('give get send find pass')}me |gimme )(?:(?:through )?to )?{_LEAD}{_DOER}",
    f"{_one('give get send find')}me {_one('some_?one some_?body')}{_one('from at who else real human')}",
    f"{_one('want need prefer rather_have get')}{_one('a an some your the another')}{_LEAD}{_one('humans? persons? agents? representatives? operators?')}(?!{_one('to ticket tickets rate fare card per')})",
    f"need {_one('some_?one some_?body')}{_one('to_(?:look_(?:at|into)|help_(?:me_)?with|check)_my_(?:booking|order|account|case|reservation|ticket|file|claim) from_your at_your')}",
    f"{_one('can could may will would')}{_one('a an one any another')}{_LEAD}{_STAFF}(?:please )?{_one('help call phone look take assist contact reach ring check')}",
    f"{_one('is are')}there {_any('also still a an any some real live')}{_one('humans? people person some_?one some_?body any_?one any_?body agents?')}{_one('(?:who|that)_(?:can|could)_(?:help|talk|speak|assist|answer|take|look) i_(?:can|could)_(?:talk|speak|chat|call|phone) working_for to_(?:talk|speak|chat)_(?:to|with)')}",
    f"do you have {_any('a any')}{_one('human_support humans (?:real|live)_(?:people|persons?|agents?)')}",
    f"{_one('call phone ring')}me {_one('back please')}",
    f"{_NOT}{_one('want wanna like wish')}(?:to )?{_TALK}{_TO}{_any('a an the this your some')}{_BOT}",
    f"{_NOT}{_one('want like')}{_any('a an this your some')}{_one('(?:chat_?)?bots? robots?')}",
    f"no (?:more )?{_one('(?:chat_?)?bots? robots?')}",
    f"{_ALONE}(?:{_one('please pls')}(?:, )?)?{_LEAD}(?:{_DOER}|{_one('rep human_(?:being|support|agents?) customer_(?:service|support|care) (?:real|live|human)_(?:people|support)')}){_POLITE}{_END}",
)

_DENIED_ENGLISH = (
    f"am i {_any('really actually even')}{_TALK}{_TO}(?:{_LEAD}{_BOT}|{_WHO})",
    f"(?:{_ALONE}|(?<=, )){_one('do will must should')}i (?:really )?(?:(?:have|need) to )?{_one('talk speak contact call')}(?:{_TO})?{_WHO}",
    f"(?:{_NOT}|no need to ){_any('want need wish have like wanna to', 3)}{_TALK}{_TO}{_WHO}",
    f"{_NOT}{_one('want need')}{_one('a an any')}{_LEAD}{_DOER}",
)

# --- Dutch -----------------------------------------------------------------------------------------------------------

_NL_LEAD = _any(
    "een de het 'n n jullie uw je mijn echte? levende? menselijke? fysieke? gewone andere? normale? van"
)
_NL_STAFF = _one(
    "mens mensen persoon (?:balie|service|klanten?service|telefoon)?medewerk(?:er|ster)s? collega(?:'?s)? agent operator "
    "klanten?(?:service|dienst) helpdesk vertegenwoordiger adviseur leidinggevende manager chef supervisor personeel"
)
_NL_ANYONE = "iemand (?:(?:van|bij|achter|uit) (?:(?:jullie|u|de|het|uw|je) )?(?:(?:balie|team|klantenservice|bedrijf|kantoor|organisatie|service|helpdesk) )?|anders )?"
_NL_WHO = f"(?:{_NL_LEAD}{_NL_STAFF}|(?:een |echt )?{_NL_ANYONE})"
_NL_FILL = _any(
    "even graag nu aub alsjeblieft alstublieft direct liever vandaag nog persoonlijk telefonisch gewoon kunnen te"
)
_NL_TALK = _one("spreken praten chatten bellen appen overleggen")
_NL_PERSON = _one("mens medewerker persoon collega agent")
_NL_WISH = _one("wil wou wens zoek liever graag nodig")
_NL_POLITE = f"(?:, )?{_any('aub alsjeblieft alstublieft graag nu svp please ,')}"
_NL_BOT = _one("(?:chat)?bots? robots?")

DUTCH = (
    f"met {_NL_WHO}{_NL_FILL}{_NL_TALK}",
    f"{_NL_TALK}{_NL_FILL}met {_NL_WHO}",
    f"{_one('praat spreek chat bel')}{_any('ik je me mij liever')}met {_NL_LEAD}{_NL_PERSON}",
    f"{_one('wil kan mag moet zou graag ik liever kon even')}{_any('ik wij we graag willen even nu liever')}{_NL_WHO}{_NL_FILL}{_one('spreken bereiken')}",
    f"{_ALONE}(?:even )?{_NL_WHO}{_NL_FILL}{_one('spreken bellen')}{_NL_POLITE}{_END}",
    f"{_NL_WHO}aan de {_one('lijn telefoon')}",
    f"contact {_any('opnemen hebben graag')}met {_NL_WHO}(?!{_one('gehad gezocht opgenomen')})",
    f"verbind {_one('me mij ons')}{_SOME}door ",
    f"{_one('schakel zet')}{_one('me mij ons')}{_SOME}{_one('door over')}",
    f"{_one('door(?:_?te_?)?(?:verbinden|schakelen) doorverbonden doorgeschakeld')}",
    f"{_one('geef stuur haal')}{_any('me mij ons nu maar dan even gewoon')}(?:een {_any('echte? levende?')}{_NL_PERSON}|iemand {_one('van die anders bij achter')})",
    f"{_NL_WISH}{_any('nu gewoon graag liever met')}een {_any('echte? levende? menselijke?')}{_NL_PERSON}(?!{_one('met meenemen in per')})",
    f"heb {_any('nu hier')}iemand nodig {_one('die van')}",
    f"{_one('kan kunnen wil zou')}{_one('een een_van_jullie jullie 1')}{_any('echte?')}{_NL_PERSON}{_any('me mij ons even nu nog vandaag hiermee daarmee ook dan', 5)}{_one('helpen bellen terugbellen kijken meekijken contact opnemen spreken mailen')}",
    f"is er {_any('ook nog hier misschien')}(?:een {_any('echte?')}{_one('medewerker collega mens')}|iemand (?:van jullie )?){_one('die_(?:nu_)?(?:even_)?(?:kan_)?(?:mee)?(?:kijken|kijkt) die_(?:me_|mij_)?(?:nu_|even_|persoonlijk_)*kan_(?:helpen|bellen|terugbellen|meekijken) beschikbaar bereikbaar')}",
    f"{_one('bel belt bellen')}{_any('u jij jullie')}{_one('me mij ons')}{_SOME}terug ",
    f"{_one('kan kun kunt kunnen wil willen')}{_one('je jij u jullie iemand')}{_one('me mij ons')}{_SOME}{_one('terugbellen opbellen')}",
    f"geen {_any('chat')}{_NL_BOT}(?:{_one(', meer aub alsjeblieft alstublieft maar')}|$)",
    f"{_one('niet geen')}{_any('meer langer verder')}(?:met )?{_any('een deze die')}(?:{_NL_BOT}|{_one('computer machine')}){_any('te')}{_one('praten spreken chatten')}",
    f"{_ALONE}{_any('een echte? echt')}(?:{_NL_PERSON}|{_one('medewerkster klantenservice operator iemand_van_jullie')}){_NL_POLITE}{_END}",
)

_DENIED_DUTCH = (
    f"{_one('hoe_laat wanneer welke_tijden')}{_one('kan is zijn')}(?:ik |er )?{_NL_WHO}(?:telefonisch )?(?:te )?{_one('bereiken bereikbaar spreken')}",
    f"{_one('moet hoef')}ik {_any('dan daarvoor eerst')}{_one('met een de')}{_NL_WHO}{_NL_FILL}(?:{_NL_TALK})?",
    f"{_one('spreek praat chat')}ik (?:nu |hier )?met een {_any('echte?')}{_NL_STAFF}",
    f"{_one('niet nooit')}{_NL_FILL}(?:met )?{_NL_WHO}{_NL_FILL}{_NL_TALK}",
    f"geen {_any('echte?')}{_NL_STAFF}(?:{_NL_FILL}{_NL_TALK})?",
)

# --- German ----------------------------------------------------------------------------------------------------------

_DE_LEAD = _any(
    "ein(?:en|em|er|e|es)? de[rmn] die das ihr(?:en|em|er|e)? eur(?:en|em|er|e) irgend(?:ein|einem|einen)? echt(?:en|em|er|e) "
    "richtig(?:en|em|er|e) menschlich(?:en|em|er|e) real(?:en|em|er|e) lebend(?:en|em|er|e) wirklich(?:en|em|er) ander(?:en|em|er)"
)
_DE_STAFF = _one(
    "mensch mensche?n person (?:service|kunden(?:dienst|service)?|support)?mitarbeiter(?:n|in|innen|s)? kolleg(?:e|en|in|innen) "
    "agent(?:en|in)? (?:kunden)?berater(?:n|in)? kunden(?:service|dienst|betreuung|betreuer) sachbearbeiter(?:n|in)? "
    "ansprechpartner(?:n|in)? vorgesetzte[nrm]? manager(?:in)? chefs? support personal operator"
)
_DE_ANYONE = "(?:irgend)?jemand(?:en|em)? (?:(?:von|aus|vom|bei|im) (?:(?:ihnen|euch|dem|der|ihrem) )?(?:(?:schalter|team|service|kundenservice|support) )?)?"
_DE_WHO = f"(?:{_DE_LEAD}{_DE_STAFF}|{_DE_ANYONE})"
_DE_FILL = _any(
    "bitte jetzt direkt lieber gerne? mal heute noch personlich telefonisch am_telefon kurz einfach zu"
)
_DE_TALK = _one("sprechen reden chatten telefonieren schreiben verbinden verbunden")
_DE_A = f"eine?[nr]? {_any('echte[nr]? richtige[nr]? menschliche[nr]? reale[nr]?')}"
_DE_PERSON = _one(
    "mensch(?:en)? mitarbeiter(?:in)? agent(?:en)? person kundenberater ansprechpartner berater kolleg(?:e|en|in)"
)
_DE_POLITE = f"(?:, )?{_any('bitte jetzt danke sofort ,')}"
_DE_BOT = _one("(?:chat)?bots? roboter")

GERMAN = (
    f"mit {_DE_WHO}{_DE_FILL}{_DE_TALK}",
    f"{_one('sprechen reden chatten telefonieren spreche rede')}{_any('ich wir sie')}{_DE_FILL}mit {_DE_WHO}",
    f"{_one('will mochte kann darf wurde muss wollte gerne? lieber ich kundenberater')}{_any('ich wir gerne? bitte mal jetzt nur')}{_DE_WHO}{_DE_FILL}{_one('sprechen erreichen')}",
    f"{_ALONE}{_DE_WHO}{_DE_FILL}{_one('sprechen anrufen')}{_DE_POLITE}{_END}",
    f"{_DE_WHO}{_one('ans_telefon an_den_apparat an_die_strippe')}",
    f"kontakt {_one('zu mit')}{_DE_WHO}(?!{_one('gehabt aufgenommen')})",
    f"verbinde[nt]? (?:sie )?{_one('mich uns')}(?!{_one('mit per')}(?:dem |einem )?{_one('wlan wifi internet bluetooth')})",
    f"stelle?n? (?:sie )?{_one('mich uns')}{_SOME}durch ",
    f"{_one('durchstellen durchzustellen durchgestellt')}",
    f"weiter(?:zu)?(?:leiten|geleitet|verbinden|verbunden) {_one('an zu zum mit')}(?:(?:den |die |dem )?service |{_DE_WHO})",
    f"{_one('an zu zum')}(?:{_DE_LEAD}service |{_DE_WHO}){_DE_FILL}weiter(?:leiten|geben|verbinden|geleitet) ",
    f"{_one('gib geben gebt holen? hol schicken')}(?:sie )?{_any('mir uns bitte')}(?:{_DE_A}{_DE_PERSON}|jemanden )",
    f"{_one('will mochte brauche hatte_gerne? wunsche lieber verlange')}{_any('jetzt bitte einfach lieber mir nur')}{_DE_A}{_DE_PERSON}(?!{_one('mit mitnehmen im per')})",
    f"brauche jemanden (?:, )?{_one('der die vom von aus')}",
    f"k(?:ann|onnte|onnen|onnten) {_any('mir mich sich uns bitte das jetzt heute noch mal vielleicht')}(?:{_DE_A}|{_one('ihre? eine?r?_(?:ihrer|eurer)')}){_DE_PERSON}{_any('mir mich sich uns bitte das jetzt heute noch mal meine[nr]? buchung', 5)}{_one('helfen anrufen zuruckrufen ansehen anschauen schauen melden kontaktieren kummern weiterhelfen')}",
    f"kann (?:mir|mich) {_any('bitte jetzt heute noch mal')}{_DE_LEAD}{_DE_STAFF}{_any('bitte jetzt heute noch mal')}{_one('helfen anrufen zuruckrufen')}",
    f"gibt es {_any('hier da auch bei_ihnen')}(?:jemand(?:en)? |{_DE_A}{_one('mitarbeiter(?:in)? menschen ansprechpartner')})(?:, )?{_one('der die mit_dem')}{_any('mir mich personlich ich jetzt')}{_one('hilft helfen sprechen reden weiterhilft weiterhelfen anruft')}",
    f"{_one('rufen ruft ruf')}(?:sie )?{_one('mich uns')}{_SOME}{_one('zuruck an')}",
    f"{_one('mich uns')}{_SOME}{_one('zuruckrufen zuruckzurufen')}",
    f"{_one('ruckruf_bitte bitte_(?:um_)?(?:einen_)?ruckruf')}",
    f"kein(?:en)? {_DE_BOT}(?:{_one(', bitte mehr sondern')}|$)",
    f"{_one('nicht kein(?:em|er)?')}{_any('mehr langer weiter')}(?:mit )?(?:{_one('einem einer diesem dem der')})?(?:{_DE_BOT}|{_one('computer maschine')}){_one('sprechen reden chatten schreiben')}",
    f"{_ALONE}{_any('eine[nr]? echte[nr]? ein')}(?:{_DE_PERSON}|{_one('kunden(?:service|dienst) operator')}){_DE_POLITE}{_END}",
)

_DENIED_GERMAN = (
    f"{_one('wann um_wie_viel_uhr um_wieviel_uhr')}(?:kann ich |ist |sind ){_DE_WHO}(?:telefonisch )?(?:zu )?{_one('erreichen erreichbar sprechen')}",
    f"muss ich {_any('dafur dazu erst')}mit {_DE_WHO}{_DE_FILL}{_DE_TALK}",
    f"{_one('spreche rede schreibe chatte')}ich (?:hier |gerade |jetzt )?mit {_DE_LEAD}{_DE_STAFF}",
    f"{_one('nicht nie')}{_DE_FILL}mit {_DE_WHO}{_DE_FILL}{_DE_TALK}",
    f"kein(?:e|en|em|er)? {_any('echte[nr]?')}{_DE_STAFF}(?:{_DE_FILL}{_DE_TALK})?",
)

ASKING: Mapping[str, Sequence[str]] = {"en": ENGLISH, "nl": DUTCH, "de": GERMAN}
"""What asks for a person, by language."""

DENIED: Mapping[str, Sequence[str]] = {"en": _DENIED_ENGLISH, "nl": _DENIED_DUTCH, "de": _DENIED_GERMAN}
"""What takes a request back: these stretches of a text are not looked at."""
