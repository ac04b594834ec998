package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"

	"github.com/ovh/go-ovh/ovh"
)

type call struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body"`
}

type answer struct {
	Answer  json.RawMessage `json:"answer"`
	Code    int             `json:"code"`
	Message string          `json:"message"`
}

// calls makes each call of a line on standard input, and writes what the client made of its answer to a line.
func calls(client *ovh.Client) error {
	asked, answered := bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)
	asked.Buffer(nil, 1<<20)
	for asked.Scan() {
		var wanted call
		if err := json.Unmarshal(asked.Bytes(), &wanted); err != nil {
			return err
		}
		if err := answered.Encode(made(client, wanted)); err != nil {
			return err
		}
	}
	return asked.Err()
}

func made(client *ovh.Client, wanted call) answer {
	var body any
	if wanted.Body != nil {
		body = wanted.Body
	}
	var got json.RawMessage
	err := client.CallAPI(wanted.Method, wanted.Path, body, &got, true)
	var refused *ovh.APIError
	switch {
	case errors.As(err, &refused):
		return answer{Code: refused.Code, Message: refused.Message}
	case err != nil:
		return answer{Code: -1, Message: err.Error()}
	}
	return answer{Answer: got}
}
