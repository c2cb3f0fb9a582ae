package answer

// Text holds the texts of the built-in page in one language, for one kind of downtime.
type Text struct {
	Heading  string // the situation, in a few words
	Lead     string // the same in a sentence or two
	Since    string // label of the beginning
	Until    string // label of the expected end
	Unknown  string // in place of an unknown expected end
	Overdue  string // to be added once the expected end has passed
	Comeback string // that the page checks by itself and reloads
	Back     string // that the site is back, while it loads
	Retry    string // of the button that checks now
	Checking string // after a press of it
	Still    string // its result: the site is down
	NoAnswer string // its result: no answer came

	// These are for a request that sent something, such as a form.
	NotProcessed string // that the request was not processed
	Resend       string // how to send it again
	Watch        string // in place of Comeback: the page checks by itself, and says that the site is back
	Returned     string // in place of Back: the site is back, and the visitor can send again
	GoBack       string // of the button that goes back to the form

	Contact    string // label of the contact
	StatusPage string // text of the link to the status page
}

// messages are all texts in one language.
type messages struct {
	tag         string // RFC 5646
	unavailable string // the title of a 503 in problem details
	colon       string // between a label and its value
	page        Text
	kinds       map[string]Headline
}

// Headline is the part that depends on [Facts].Kind.
type Headline struct{ Heading, Lead string }

// text is the page's text for a kind.
func (m *messages) text(kind string) Text {
	t := m.page
	t.Heading, t.Lead = m.kinds[kind].Heading, m.kinds[kind].Lead
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
			Since:        "Down since",
			Until:        "Expected end",
			Unknown:      "Not known yet",
			Overdue:      "It is taking longer than planned.",
			Comeback:     "This page checks by itself and reloads when the site is back.",
			Back:         "The site is back. Loading …",
			Retry:        "Try now",
			Checking:     "Checking …",
			Still:        "Not back yet.",
			NoAnswer:     "The site did not answer.",
			NotProcessed: "The request was not processed.",
			Resend:       "When the site is back, go back and send it again.",
			Watch:        "This page checks by itself and says when the site is back.",
			Returned:     "The site is back. Go back and send it again.",
			GoBack:       "Go back",
			Contact:      "Contact",
			StatusPage:   "Status page",
		},
		kinds: map[string]Headline{
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
			Since:        "Seit",
			Until:        "Voraussichtliches Ende",
			Unknown:      "Noch nicht bekannt",
			Overdue:      "Es dauert länger als geplant.",
			Comeback:     "Diese Seite prüft selbst, ob es weitergeht, und lädt dann neu.",
			Back:         "Es geht weiter. Die Seite wird geladen …",
			Retry:        "Jetzt versuchen",
			Checking:     "Wird geprüft …",
			Still:        "Die Website ist noch nicht erreichbar.",
			NoAnswer:     "Die Website hat nicht geantwortet.",
			NotProcessed: "Die Anfrage wurde nicht verarbeitet.",
			Resend:       "Wenn die Website wieder erreichbar ist, gehen Sie zurück und senden Sie sie erneut.",
			Watch:        "Diese Seite prüft selbst, ob es weitergeht, und sagt dann Bescheid.",
			Returned:     "Es geht weiter. Gehen Sie zurück und senden Sie die Anfrage erneut.",
			GoBack:       "Zurück",
			Contact:      "Kontakt",
			StatusPage:   "Statusseite",
		},
		kinds: map[string]Headline{
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
			Since:        "Desde",
			Until:        "Fin previsto",
			Unknown:      "Aún no se sabe",
			Overdue:      "Está tardando más de lo previsto.",
			Comeback:     "Esta página lo comprueba sola y se recarga cuando el sitio vuelve a estar disponible.",
			Back:         "El sitio vuelve a estar disponible. Cargando…",
			Retry:        "Probar ahora",
			Checking:     "Comprobando…",
			Still:        "El sitio aún no está disponible.",
			NoAnswer:     "El sitio no ha respondido.",
			NotProcessed: "La solicitud no se ha procesado.",
			Resend:       "Cuando el sitio vuelva a estar disponible, vuelva atrás y envíela de nuevo.",
			Watch:        "Esta página lo comprueba sola y avisa cuando el sitio vuelve a estar disponible.",
			Returned:     "El sitio vuelve a estar disponible. Vuelva atrás y envíe la solicitud de nuevo.",
			GoBack:       "Volver atrás",
			Contact:      "Contacto",
			StatusPage:   "Página de estado",
		},
		kinds: map[string]Headline{
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
			Since:        "Depuis",
			Until:        "Fin prévue",
			Unknown:      "Pas encore connue",
			Overdue:      "Cela prend plus de temps que prévu.",
			Comeback:     "Cette page vérifie d’elle-même et se recharge dès que le site est de retour.",
			Back:         "Le site est de retour. Chargement…",
			Retry:        "Essayer maintenant",
			Checking:     "Vérification…",
			Still:        "Le site n’est pas encore de retour.",
			NoAnswer:     "Le site n’a pas répondu.",
			NotProcessed: "La demande n’a pas été traitée.",
			Resend:       "Quand le site sera de retour, revenez en arrière et envoyez-la de nouveau.",
			Watch:        "Cette page vérifie d’elle-même et vous prévient dès que le site est de retour.",
			Returned:     "Le site est de retour. Revenez en arrière et envoyez de nouveau la demande.",
			GoBack:       "Revenir en arrière",
			Contact:      "Contact",
			StatusPage:   "Page d’état",
		},
		kinds: map[string]Headline{
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
