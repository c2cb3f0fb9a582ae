package answer

import (
	"cmp"
	"encoding/json"
	"html"
	"net/http"
	"strings"
	"time"
)

// renderText is the answer for terminals and logs. The reason stays on one indented line,
// so that no part of it can pass for a line of ours.
func renderText(m *messages, p Page) []byte {
	var b strings.Builder
	b.WriteString(p.Text.Heading + "\n\n" + p.Text.Lead + "\n")
	if p.Sent {
		b.WriteString("\n" + p.Text.NotProcessed + "\n")
	}
	if reason := strings.Join(strings.Fields(p.Reason), " "); reason != "" {
		b.WriteString("\n  " + reason + "\n")
	}
	b.WriteString("\n")
	if !p.Since.IsZero() {
		b.WriteString(p.Text.Since + m.colon + p.Since.Format(time.RFC3339) + "\n")
	}
	until := p.Text.Unknown
	if !p.Until.IsZero() {
		until = p.Until.Format(time.RFC3339)
	}
	b.WriteString(p.Text.Until + m.colon + until + "\n")
	if p.Contact != "" {
		b.WriteString(p.Text.Contact + m.colon + cmp.Or(p.ContactURL, p.Contact) + "\n")
	}
	if p.StatusURL != "" {
		b.WriteString(p.Text.StatusPage + m.colon + p.StatusURL + "\n")
	}
	return []byte(b.String())
}

// renderFragment is the text as a part of a page, without style and script.
func renderFragment(m *messages, p Page) []byte {
	var b strings.Builder
	b.WriteString(`<div role="alert" lang="` + p.Lang + `" dir="` + p.Dir + "\">\n")
	for paragraph := range strings.SplitSeq(string(renderText(m, p)), "\n\n") {
		tag := "<p>"
		if strings.HasPrefix(paragraph, "  ") && p.ReasonLang != p.Lang { // only the reason is indented
			tag = `<p lang="` + html.EscapeString(p.ReasonLang) + `" dir="` + p.ReasonDir + `">`
		}
		b.WriteString(tag + html.EscapeString(strings.TrimSpace(paragraph)) + "</p>\n")
	}
	b.WriteString("</div>\n")
	return []byte(b.String())
}

// turboFrame is the tag that begins the answer to a request of a Turbo frame; "" if r is none. Turbo
// shows only the content of a frame with the same id. The end tag may be left out.
func turboFrame(r *http.Request) string {
	id := r.Header["Turbo-Frame"]
	if len(id) != 1 || len(id[0]) > 128 {
		return ""
	}
	return `<turbo-frame id="` + html.EscapeString(id[0]) + "\">\n"
}

// problemType identifies the problem, and is the address of its documentation (RFC 9457 section
// 3.1.1).
const problemType = "https://github.com/go-downtime/downtime/blob/main/docs/problem.md"

// problem is the answer for programs: problem details (RFC 9457), with own members after
// the standard ones. The member retry_after follows as the last one.
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// ReasonLang and ReasonDir are about the operator's reason in Detail. They are absent if the
	// language is not known.
	ReasonLang string    `json:"reason_lang,omitempty"`
	ReasonDir  string    `json:"reason_dir,omitempty"`
	Kind       string    `json:"kind"`
	Since      time.Time `json:"since,omitzero"`
	Until      time.Time `json:"until,omitzero"`
}

// renderProblem is the JSON body without its last member.
func renderProblem(m *messages, p Page) []byte {
	v := problem{
		Type: problemType, Title: m.unavailable, Status: p.Status,
		Detail: p.Reason, Kind: p.Kind, Since: p.Since, Until: p.Until,
	}
	if p.ReasonLang != "" {
		v.ReasonLang, v.ReasonDir = p.ReasonLang, p.ReasonDir
	}
	if p.Sent {
		v.Detail = strings.TrimSpace(p.Text.NotProcessed + " " + p.Reason)
	}
	b, err := json.Marshal(v)
	if err != nil {
		// The year of an instant is beyond 9999. A valid document holds none.
		v.Since, v.Until = time.Time{}, time.Time{}
		b, _ = json.Marshal(v)
	}
	return b[:len(b)-1]
}
