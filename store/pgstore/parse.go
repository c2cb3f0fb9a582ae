package pgstore

import (
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/go-downtime/downtime/store"
)

// A password with a character that is not escaped can be anywhere in a URL, and pgx masks only
// those that it finds. So an error repeats neither the input nor the text of pgx's error.
const (
	noURL = "it is not a URL like postgres://USER:PASSWORD@HOST:PORT/DATABASE; " +
		"write / ? # @ and % in user and password as %2F %3F %23 %40 and %25"
	noList = "it is not a list of settings like host=HOST user=USER password='PASSWORD', and no URL that begins with postgres://"
	atHost = "it has @ after the host; write / ? # and @ in user and password as %2F %3F %23 and %40"
)

// settings are the names of settings that pgx checks. The keys are the words for them in pgx's
// errors.
var settings = map[string]string{
	"port": "port", "connect_timeout": "connect_timeout", "service": "service", "target_session_attrs": "target_session_attrs",
	"min_protocol_version": "min_protocol_version", "max_protocol_version": "max_protocol_version",
	"channel_binding": "channel_binding", "require_auth": "require_auth",

	"sslmode": "sslmode", "sslcertmode": "sslcertmode", "CA": "sslrootcert", "certificate": "sslrootcert",
	"sslcert": "sslcert", "cert": "sslcert", "sslkey": "sslkey", "key": "sslkey", "sslpassword": "sslpassword",

	"pool_max_conns": "pool_max_conns", "pool_min_conns": "pool_min_conns", "pool_min_idle_conns": "pool_min_idle_conns",
	"pool_max_conn_lifetime": "pool_max_conn_lifetime", "pool_max_conn_lifetime_jitter": "pool_max_conn_lifetime_jitter",
	"pool_max_conn_idle_time": "pool_max_conn_idle_time", "pool_health_check_period": "pool_health_check_period",
	"pool_ping_timeout": "pool_ping_timeout", "statement_cache_capacity": "statement_cache_capacity",
	"description_cache_capacity": "description_cache_capacity", "default_query_exec_mode": "default_query_exec_mode",
}

// parse reads a URL or a list of settings. The field is what the caller calls it.
func parse(field, url string) (*pgxpool.Config, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, &store.FieldError{Field: field, Problem: refusal(url, err)}
	}
	if problem := stranded(url, cfg.ConnConfig); problem != "" {
		return nil, &store.FieldError{Field: field, Problem: problem}
	}
	return cfg, nil
}

// refusal says why pgx refuses the URL with err.
func refusal(url string, err error) string {
	// The error begins with the masked URL.
	said := strings.TrimPrefix(err.Error(), pgconn.NewParseConfigError(url, "", nil).Error())
	switch {
	case strings.HasPrefix(said, "failed to parse as URL"):
		return noURL
	case strings.HasPrefix(said, "failed to parse as keyword/value"):
		return noList
	}
	said, _, _ = strings.Cut(said, ":") // a value follows
	for word := range strings.FieldsFuncSeq(said, isNoLetter) {
		if name := settings[word]; name != "" {
			return name + ": its value is not valid"
		}
	}
	return "pgx refuses it"
}

// stranded finds a part of the password in a URL that pgx accepts: as a host, as the database or
// as the name of a setting. Later errors would repeat it. The result says where it is; "" means
// nowhere.
func stranded(url string, cfg *pgx.ConnConfig) string {
	isURL := strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://")
	for _, c := range append(cfg.Fallbacks, &pgconn.FallbackConfig{Host: cfg.Host}) {
		if !strings.HasPrefix(c.Host, "/") && strings.Contains(c.Host, "@") {
			return atHost
		}
	}
	if isURL && strings.Contains(cfg.Database, "@") && !strings.Contains(url, "%40") {
		return atHost
	}
	for name := range cfg.RuntimeParams {
		if strings.ContainsFunc(name, isNoLetter) {
			return noList
		}
	}
	return ""
}

// isNoLetter reports whether a rune cannot be in the name of a setting. An extension's has a
// point.
func isNoLetter(r rune) bool {
	return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
}
