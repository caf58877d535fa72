// The engine renders Helm charts as `helm template` does, in WebAssembly, without files, network or environment.
//
// The host writes a question into the memory that `reserve` names, calls `render`, and reads as many bytes as
// `size` tells from where `render` says. Question and answer have the same form: the length of the head
// (32 bits, little endian), the head (JSON), and a body: of a question the chart's archive, of an answer the text.
package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"unsafe"
)

var question, answer []byte

// Never called: the host calls what is exported.
func main() {}

//go:wasmexport reserve
func reserve(size uint32) unsafe.Pointer {
	question = make([]byte, max(size, 4))
	answer = nil
	return unsafe.Pointer(unsafe.SliceData(question))
}

//go:wasmexport render
func render() unsafe.Pointer {
	answer = answerTo(question)
	question = nil
	return unsafe.Pointer(unsafe.SliceData(answer))
}

//go:wasmexport size
func size() uint32 {
	return uint32(len(answer))
}

// Failure is why there is no text. Kind is `archive` for one that holds no chart, `chart` for what the chart or its values are to
// blame for, `output` for too much text, `question` for a host that asks wrongly.
type Failure struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	// Chart is its name and version, once they are known.
	Chart string `json:"chart,omitempty"`
}

type answerHead struct {
	Failure  *Failure `json:"failure,omitempty"`
	Notes    string   `json:"notes,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
}

func answerTo(question []byte) []byte {
	job, archive, err := readQuestion(question)
	if err != nil {
		return written(answerHead{Failure: &Failure{Kind: "question", Message: err.Error()}}, "")
	}
	warnings := collectWarnings()
	rendered, failure := renderJob(job, archive)
	return written(answerHead{Failure: failure, Notes: rendered.notes, Warnings: warnings()}, rendered.text)
}

func readQuestion(question []byte) (job Job, archive []byte, err error) {
	length := uint64(binary.LittleEndian.Uint32(question))
	if 4+length > uint64(len(question)) {
		return job, nil, fmt.Errorf("a head of %d bytes in a question of %d", length, len(question))
	}
	err = json.Unmarshal(question[4:4+length], &job)
	return job, question[4+length:], err
}

func written(head answerHead, text string) []byte {
	said, err := json.Marshal(head)
	if err != nil {
		panic(err)
	}
	out := make([]byte, 0, 4+len(said)+len(text))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(said)))
	out = append(out, said...)
	return append(out, text...)
}
