package core

import (
	"errors"
	"strings"
)

// defaultEnv is the environment variable that overrides the store unless Config.OverrideEnv names
// another one.
const defaultEnv = "DOWNTIME"

// direction is the value of an override. It has priority over the store.
type direction uint8

const (
	directionNone direction = iota
	directionUp
	directionDown
)

// String is "up", "down" or "".
func (d direction) String() string { return [...]string{"", "up", "down"}[d] }

func parseOverride(text string) (direction, error) {
	switch strings.TrimSpace(text) {
	case "", "none":
		return directionNone, nil
	case "up":
		return directionUp, nil
	case "down":
		return directionDown, nil
	}
	return directionNone, errors.New(`want "up", "down" or "none"`)
}
