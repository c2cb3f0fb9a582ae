package answer

// Text holds the texts of the built-in page in one language, for one kind of downtime.
type Text struct {
	Heading  string // the situation, in a few words
	Lead     string // the same in a sentence or two
	Since    string // label of the beginning
	Until    string // label of the expected end
	Unknown  string // in place of an unknown expected end
	Overdue  string // to be added once the expected end has passed
	Comeback string // that the page reloads by itself
	Back     string // that the site is back, while it loads
}

// messages are all texts in one language.
type messages struct {
	tag         string // RFC 5646
	unavailable string // the title of a 503 in problem details
	colon       string // between a label and its value
	page        Text
	kinds       map[string]headline
}

// headline is the part that depends on [Facts].Kind.
type headline struct{ heading, lead string }

// text is the page's text for a kind.
func (m *messages) text(kind string) Text {
	t := m.page
	t.Heading, t.Lead = m.kinds[kind].heading, m.kinds[kind].lead
	return t
}

// translations are all messages. They promise nothing: an end is called expected, and an
// unknown end is called unknown.
var translations = [languages]messages{
	english: {
		tag:         "en",
		unavailable: "Service Unavailable",
		colon:       ": ",
		page: Text{
			Since:    "Down since",
			Until:    "Expected end",
			Unknown:  "Not known yet",
			Overdue:  "It is taking longer than planned.",
			Comeback: "This page checks by itself and reloads when the site is back.",
			Back:     "The site is back. Loading …",
		},
		kinds: map[string]headline{
			"planned": {
				"Down for maintenance",
				"We are carrying out planned work. The site will be available again when it is done.",
			},
			"emergency": {
				"Temporarily unavailable",
				"Something needs our attention. We are working on it.",
			},
			"starting": {
				"Starting up",
				"The site is starting and is not ready yet.",
			},
			"store-lost": {
				"Temporarily unavailable",
				"The site cannot answer at the moment.",
			},
		},
	},
	german: {
		tag:         "de",
		unavailable: "Dienst nicht verfügbar",
		colon:       ": ",
		page: Text{
			Since:    "Seit",
			Until:    "Voraussichtliches Ende",
			Unknown:  "Noch nicht bekannt",
			Overdue:  "Es dauert länger als geplant.",
			Comeback: "Diese Seite prüft selbst, ob es weitergeht, und lädt dann neu.",
			Back:     "Es geht weiter. Die Seite wird geladen …",
		},
		kinds: map[string]headline{
			"planned": {
				"Wartungsarbeiten",
				"Wir führen geplante Arbeiten durch. Sobald sie abgeschlossen sind, ist die Website wieder erreichbar.",
			},
			"emergency": {
				"Vorübergehend nicht erreichbar",
				"Es gibt eine Störung. Wir arbeiten daran.",
			},
			"starting": {
				"Die Website startet",
				"Sie ist noch nicht bereit.",
			},
			"store-lost": {
				"Vorübergehend nicht erreichbar",
				"Die Website kann im Moment nicht antworten.",
			},
		},
	},
	spanish: {
		tag:         "es",
		unavailable: "Servicio no disponible",
		colon:       ": ",
		page: Text{
			Since:    "Desde",
			Until:    "Fin previsto",
			Unknown:  "Aún no se sabe",
			Overdue:  "Está tardando más de lo previsto.",
			Comeback: "Esta página lo comprueba sola y se recarga cuando el sitio vuelve a estar disponible.",
			Back:     "El sitio vuelve a estar disponible. Cargando…",
		},
		kinds: map[string]headline{
			"planned": {
				"En mantenimiento",
				"Estamos realizando trabajos programados. El sitio volverá a estar disponible cuando terminen.",
			},
			"emergency": {
				"No disponible temporalmente",
				"Ha surgido un problema y estamos trabajando en él.",
			},
			"starting": {
				"Arrancando",
				"El sitio se está iniciando y todavía no está listo.",
			},
			"store-lost": {
				"No disponible temporalmente",
				"El sitio no puede responder en este momento.",
			},
		},
	},
	french: {
		tag:         "fr",
		unavailable: "Service indisponible",
		colon:       " : ",
		page: Text{
			Since:    "Depuis",
			Until:    "Fin prévue",
			Unknown:  "Pas encore connue",
			Overdue:  "Cela prend plus de temps que prévu.",
			Comeback: "Cette page vérifie d’elle-même et se recharge dès que le site est de retour.",
			Back:     "Le site est de retour. Chargement…",
		},
		kinds: map[string]headline{
			"planned": {
				"Site en maintenance",
				"Nous effectuons des travaux prévus. Le site sera de nouveau disponible une fois ceux-ci terminés.",
			},
			"emergency": {
				"Momentanément indisponible",
				"Un problème est survenu. Nous y travaillons.",
			},
			"starting": {
				"Démarrage en cours",
				"Le site démarre et n’est pas encore prêt.",
			},
			"store-lost": {
				"Momentanément indisponible",
				"Le site ne peut pas répondre pour le moment.",
			},
		},
	},
}
