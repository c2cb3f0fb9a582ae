// Package period defines the state that a store keeps for an application, and its meaning.
//
// A [Document] holds [Period] values and a [Log] of the last writes. [Decode] and
// [Document.Encode] turn it into bytes and back. [At] says whether the site is down at an
// instant, since when, and until when. A [Row] is what one instance reports about itself.
//
// The package holds only values and pure functions. It reads no clock, and does no input or
// output. Package walltime, below this one, turns local times into instants.
package period
