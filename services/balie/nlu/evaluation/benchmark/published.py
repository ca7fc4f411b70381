"""What others published on the sets that engines are measured on here.

Theirs are figures on the sets' own test files; `sets` says what ours are on.
"""

from dataclasses import dataclass

LARSON, CASANUEVA, ARORA, FITZGERALD, NLPJS = (
    "Larson 2019",
    "Casanueva 2020",
    "Arora 2020",
    "FitzGerald 2022",
    "NLP.js",
)

SOURCES = {
    LARSON: "Larson et al. 2019, arXiv:1909.02027",
    CASANUEVA: "Casanueva et al. 2020, arXiv:2003.04807",
    ARORA: "Arora et al. 2020, arXiv:2009.13833",
    FITZGERALD: "FitzGerald et al. 2022, arXiv:2204.08582; means of 51 languages",
    NLPJS: "the makers of NLP.js, who report F1, on the corpora of Braun et al. 2017",
}
"""Where figures were published, in full."""


@dataclass(frozen=True, slots=True)
class Published:
    """A figure that somebody published.

    Attributes:
        who: the engine or model.
        source: where it was published, a name of `SOURCES`.
        accuracy: in scope, [0, 1].
        oos_recall: share of out of scope that was found, at that accuracy; None where it was not measured.
    """

    who: str
    source: str
    accuracy: float
    oos_recall: float | None = None


CLINC150 = (
    Published("BERT", LARSON, 0.969, 0.403),
    Published("BERT, with a threshold", LARSON, 0.962, 0.523),
    Published("Rasa", LARSON, 0.915, 0.453),
    Published("Dialogflow", LARSON, 0.917, 0.140),
    Published("USE+ConveRT", CASANUEVA, 0.972),
)
BANKING77 = (Published("USE+ConveRT", CASANUEVA, 0.934),)
HWU64 = (Published("USE+ConveRT", CASANUEVA, 0.926),)
BANKING77_TEN_SHOT = (Published("USE+ConveRT", CASANUEVA, 0.852),)
CLINC150_TEN_SHOT = (Published("USE+ConveRT", CASANUEVA, 0.933),)
HWU64_TEN_SHOT = (Published("USE+ConveRT", CASANUEVA, 0.858),)
MASSIVE = (
    Published("XLM-R base", FITZGERALD, 0.851),
    Published("mT5 base, encoder", FITZGERALD, 0.861),
)
ASKUBUNTU = (
    Published("NLP.js", NLPJS, 0.94),
    Published("Watson", NLPJS, 0.92),
    Published("LUIS", NLPJS, 0.90),
    Published("Botfuel", NLPJS, 0.90),
    Published("Rasa", NLPJS, 0.86),
    Published("Dialogflow", NLPJS, 0.85),
)
WEBAPPLICATIONS = (
    Published("Watson", NLPJS, 0.83),
    Published("LUIS", NLPJS, 0.81),
    Published("NLP.js", NLPJS, 0.80),
    Published("Botfuel", NLPJS, 0.80),
    Published("Dialogflow", NLPJS, 0.80),
    Published("Rasa", NLPJS, 0.74),
)
CUREKART = (
    Published("Dialogflow, threshold 0.1", ARORA, 0.750, 0.551),
    Published("Dialogflow, best threshold", ARORA, 0.573, 0.865),
    Published("Rasa, threshold 0.1", ARORA, 0.841, 0.0),
    Published("Rasa, best threshold", ARORA, 0.739, 0.558),
    Published("LUIS, threshold 0.1", ARORA, 0.726, 0.223),
    Published("LUIS, best threshold", ARORA, 0.509, 0.879),
    Published("Haptik, threshold 0.1", ARORA, 0.803, 0.119),
    Published("Haptik, best threshold", ARORA, 0.604, 0.868),
    Published("BERT, threshold 0.1", ARORA, 0.836, 0.0),
    Published("BERT, best threshold", ARORA, 0.803, 0.523),
)
