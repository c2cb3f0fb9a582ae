// Package proxyfiles makes the files for a proxy that answers in place of an application while no
// process of the application does: the refusal in each form, and the configuration of the proxy. The
// command "downtime page" writes them.
package proxyfiles
