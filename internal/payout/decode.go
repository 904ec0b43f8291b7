package payout

import "github.com/salur-id/salur/internal/strictjson"

// LargestDocument is the most bytes of one instruction in JSON. One with every field at its longest, every character
// escaped, has less than half of it.
const LargestDocument = 16 << 10

var instructions = strictjson.New[Instruction](LargestDocument)

// FieldNames are the names of an instruction's fields, in its own order.
func FieldNames() []string { return instructions.Names() }

// Decode reads an instruction from one JSON object. The errors are those of strictjson.Decoder.
func Decode(b []byte) (Instruction, error) { return instructions.Decode(b) }
