"""Words that names of columns are told by, as patterns of ``Look.says``: where a word begins.

English, German and French words; Chinese ones are put into English first (``words_of``).
"""

TIMES = (
    r"time|date|timestamp|ts\b|ms$|epoch|created|at(?:.[mun]?s)?$|when|dt(?:m|tm|ime)?\b|datum|zeit|fecha"
    "|heure"
)
# Times of a row that are not when it happened: they lie before it, or after it.
OF_SOMEBODY = (
    "sign.?up|signed|regist|birth|dob|join|since|member|(?:policy|contract).?(?:start|bind)|incept"
    "|earliest"
)
BEFORE = f"{OF_SOMEBODY}|open|first|issued|valid.?from|on.?sale"
AFTER = (
    "updat|modif|deliver|ship|redeem|refund|return|retour|remov|clos|resolv|decid|settl|report|known"
    "|expir|valid|end|status|last"
)
# Numbers that count from a day which the file does not tell: name -> likely unit.
COUNTED = {
    "step|hour": "h", r"min(?:ute)?s?\b": "min", "day": "d", "week": "week", "month": "month",
}  # fmt: skip
LABELS = (
    "fraud|is.?fraud|label|target|class|chargeback|abus|missbr|spam|scam|bad|default|cancel|return|betrug"
    "|retour|remov|banned|blocked|fake|scalp|brush|cheat|malicious|suspicious|disput|malici|verdict"
    r"|take.?over|hijack|launder|illicit|complain|collu|no.?show|ato\b|^y$"
)
# Values that no honest event has.
ABUSES = (
    "fraud|betrug|scam|abus|missbr|charge.?back|collu|stolen|malicious|fake|scalp|charged?.off|written.off"
    "|dispute.lost"
)
# A second column of such a name is a label too, or a flag that was set because of one.
SURELY_LABELS = "fraud|is.?fraud|label|chargeback|abus|scam|betrug"
# What may come of an event; the day of it stands in a column that is mostly empty.
OUTCOMES = (
    "return|refund|retour|r.ckgabe|chargeback|disput|remov|block|ban|cancel|storn|fraud|abus|scam"
)
AMOUNTS = (
    r"amount|amn?t|price|fare|total|value|sum|cost|paid|payment|\w*betrag|\w*preis|montant|importe"
)
MONEY = r"amount|amn?t|\w*betrag|montant|importe"
# Money beside what an event is worth.
PARTS_OF_IT = "discount|tax|vat|ship|freight|fee|tip|refund|coupon|rabatt|versand"
# Amounts in cents and the like.
MINOR = r"minor\b|cents?\b|pence\b|fen\b"
CURRENCIES = r"currency|curr\b|cur\b|ccy|w.hrung|devise"
# A price of one, which a quantity multiplies.
OF_ONE = "price|unit|each|preis|einzel|prix"
QUANTITIES = r"quantity|qty|menge|anzahl|units|pieces|pcs\b|quantit"
IDS = r"id|uid\b|key|number|num|\w*nummer|no$|\w*nr$|uuid|guid|ref\b|reference"
EVENTS = (
    "event|transaction|trans|tx|order|payment|purchase|invoice|session|record|row|request"
    "|bestell|auftrag|rechnung|buchung|incident|accident|loss"
)
ENTITIES = (
    "card|cc|customer|user|uid|invit|referr|account|acc|client|member|buyer|seller|merchant|shop|store|terminal|device"
    "|e?mail|ip|phone|tel|addr|iban|bank|payee|payer|sender|receiver|recipient|name|driver|agent"
    "|vendor|entity|domain|cookie|browser|id$|key$|orig|dest|kunde|karte|konto|h.ndler|ger.t"
    "|product|sku|asin|artikel|article|goods|reviewer|mobile|courier|holder|insured|claimant|dealer|company|rider|passenger"
    "|guest|caller|callee|call(?:ing|ed).?n|msisdn|imei|fingerprint|hotel|streamer|viewer|player|garage|policy|plate|counterpart"
)
PHONES = "phone|tel|mobile"
# Numbers that are counted or measured, whatever else their names say.
MEASURES = (
    "(?:counts?|months?|weeks?|days?|hours?|minutes?|secs?|seconds?|distinct|score|rate|ratio|avg|mean"
    "|len|length|age|years?|velocity|size|limit|similarity|percent|pct|duration|votes?|quantity)\\b"
)
# Parts of a time that stand in columns of their own.
YEARS, MONTHS, DAYS = "year|jahr|annee|ano\\b", "month|monat|mois|mes\\b", "day|tag\\b|jour|dia\\b"
CLOCKS = "time|hour|clock|uhr|zeit|heure|hora"
# Of these no clock counts, though they may be called hours or months.
NO_CLOCK = r"since|counts?\b|age\b|distinct|last|per\b|until|avg|mean|rate\b"
# Whole numbers that name a kind or a place and measure nothing.
KINDS = "zip|postal|postcode|plz|mcc|code|type|category|bin|channel|kind|app\\b|os\\b"
# A label of this value is not known, whatever the name of the column.
NOT_KNOWN = (
    "unknown|pending|open|current|in.progress|under.review|undecided|unlabel+ed|unclassified|undetermined|unbekannt"
    "|未知|未标注|待定|待审核?|审核中|处理中|进行中"
)
YES = (
    "1", "true", "True", "TRUE", "yes", "Yes", "YES", "Y", "y", "t", "fraud", "Fraud", "FRAUD",
    "是", "有", "真", "ja", "Ja", "JA", "J", "oui", "Oui", "si", "Si", "sí", "Sí",
)  # fmt: skip
