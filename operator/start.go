package operator

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/go-downtime/downtime/period"
)

// StartOptions says what [Operator.Start] begins. On a second Start by the same holder and job, a
// field with its zero value leaves the deployment unchanged.
type StartOptions struct {
	// Holder is the holder of the deployment. A second Start by the same holder changes it, and
	// an End with the Holder ends it. "" means the Actor of the operator. One of Holder and Actor
	// is required. If the Actor is "", the Holder is also the Actor.
	Holder string
	// Job is the part of the holder that starts, for example one job of a CI run. Each job of a
	// holder has a deployment of its own. "" means that the holder has no parts.
	Job string
	// IfRevision is the revision of the document that the caller has seen, 0 if nothing was
	// written then. Another revision is an error that wraps [store.ErrConflict]. Nil means any.
	IfRevision *int64
	// Reason is shown to visitors. Nil means none, or unchanged.
	Reason *string
	// ReasonLang is the language of Reason, a tag such as "de". Nil means not known, or unchanged.
	ReasonLang *string
	// Reasons are the reasons in further languages, see [period.Period]. "" removes a language. The
	// languages that it does not name stay unchanged. A Reason of "" removes the reason in all
	// languages.
	Reasons map[string]string
	// Emergency marks downtime that was not planned. Nil means false, or unchanged.
	Emergency *bool
	// Hold makes new requests wait instead of failing, for at most this time after an instance has
	// closed. Whole seconds, at most [period.MaxHold]. A pointer to 0 refuses requests at once. Nil
	// means 0, or unchanged.
	Hold *time.Duration
	// ExpectedEnd, or the store's time plus ExpectedAfter, is when the downtime is expected to be
	// over. Visitors see it. It does not end the downtime.
	ExpectedEnd   time.Time
	ExpectedAfter time.Duration
	// End, or the store's time plus EndAfter, is when the site reopens by itself. An End without
	// an ExpectedEnd removes an earlier expected end, and an ExpectedEnd without an End removes
	// an earlier end.
	End      time.Time
	EndAfter time.Duration
}

// Start takes the site down from now until [Operator.End], or until the end that the options
// give. If the holder's job has a deployment in force that no run began, Start changes that one,
// without a gap. Two concurrent Starts by one holder begin one deployment.
//
// Start returns when the write is confirmed. It does not wait for any instance. Errors:
// [store.ErrConflict] beside IfRevision; [store.ErrLost], [store.ErrReadOnly],
// [store.ErrTooLarge], [ErrUnreadable], [ErrNotReadableByAll], [ErrUnconfirmed]; those of
// [Operator].
func (o Operator) Start(ctx context.Context, opts StartOptions) (Result, error) {
	opts.Holder, o.Actor = cmp.Or(opts.Holder, o.Actor), cmp.Or(o.Actor, opts.Holder)
	w := &write{}
	w.do = func(d *period.Document, now time.Time, res *Result) (err error) {
		res.Period, err = o.start(d, now, opts)
		w.action = period.ActionStart
		if res.Period.Version > 1 {
			w.action = period.ActionChange
		}
		return err
	}
	return o.write(ctx, w)
}

func (o Operator) start(d *period.Document, now time.Time, opts StartOptions) (period.Period, error) {
	if strings.TrimSpace(opts.Holder) == "" {
		return period.Period{}, &period.FieldError{Field: "holder", Value: opts.Holder, Problem: "is missing; say whose deployment it is"}
	}
	if err := sameRevision(d, opts.IfRevision); err != nil {
		return period.Period{}, err
	}
	last, promised := moment{"end", opts.End, opts.EndAfter}, moment{"expected_end", opts.ExpectedEnd, opts.ExpectedAfter}
	end, err := last.ahead(now)
	if err != nil {
		return period.Period{}, err
	}
	expected, err := promised.ahead(now)
	if err != nil {
		return period.Period{}, err
	}
	i := slices.IndexFunc(d.Periods, func(p period.Period) bool {
		return p.Kind == period.Deployment && p.Holder == opts.Holder && p.Job == opts.Job && p.RunID == "" && p.InForce(now)
	})
	p := o.deployment(d, i, now, opts.Holder, opts.Job)
	setReason(p, opts.Reason, opts.ReasonLang, opts.Reasons)
	set(&p.Emergency, opts.Emergency)
	if !end.IsZero() || !expected.IsZero() {
		p.End, p.ExpectedEnd = end, expected
	}
	held := setHold(p, opts.Hold)
	return *p, afterFaults(errors.Join(held, p.Validate()), last, promised)
}

// deployment returns the period at i for a change by the operator, or, if i is -1, a new deployment
// of this holder and job, with the next version.
func (o Operator) deployment(d *period.Document, i int, now time.Time, holder, job string) *period.Period {
	if i < 0 {
		i = len(d.Periods)
		d.Periods = append(d.Periods, period.Period{
			ID: newID(d), Kind: period.Deployment, Start: now, Enabled: true, Holder: holder, Job: job,
			CreatedBy: o.Actor, CreatedAt: now,
		})
	} else {
		d.Periods[i].UpdatedBy, d.Periods[i].UpdatedAt = o.Actor, now
	}
	d.Periods[i].Version++
	return &d.Periods[i]
}

// setReason sets the reason of p, its language, and the reasons in further languages. Nil stays
// unchanged. Without a reason there is none in any language.
func setReason(p *period.Period, reason, language *string, others map[string]string) {
	if set(&p.Reason, reason); reason != nil && *reason == "" {
		p.ReasonLang, p.Reasons = "", period.Reasons{}
	}
	set(&p.ReasonLang, language)
	p.Reasons = p.Reasons.With(others)
}

// setHold sets the hold of p, which has whole seconds. Nil stays unchanged.
func setHold(p *period.Period, hold *time.Duration) error {
	switch {
	case hold == nil:
		return nil
	case *hold%time.Second != 0:
		return &period.FieldError{Field: "hold", Value: *hold, Problem: "want whole seconds"}
	}
	p.HoldSeconds = int64(*hold / time.Second)
	return nil
}
