// Package cutover migrates the database of an application under load, with the real command, real
// processes and a real PostgreSQL.
package cutover
