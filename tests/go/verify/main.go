// Verifies an exported ledger with the transparency log of Go's checksum database, and with nothing of steward's.
//
// It knows the format of docs/ledger.md and no more: keys from the entries, checkpoints by sumdb/note, inclusion of
// every entry and consistency of every two checkpoints by sumdb/tlog. Exit code 0 only when all of it holds.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type line struct {
	Format     string  `json:"format"`
	Origin     string  `json:"origin"`
	Size       int64   `json:"size"`
	Entry      *int64  `json:"entry"`
	Hash       string  `json:"hash"`
	Leaf       *string `json:"leaf"`
	Checkpoint *int64  `json:"checkpoint"`
	Note       string  `json:"note"`
	End        *struct {
		Entries     int64 `json:"entries"`
		Checkpoints int   `json:"checkpoints"`
	} `json:"end"`
}

type leaf struct {
	Index int64  `json:"index"`
	Kind  string `json:"kind"`
	Facts struct {
		Public string `json:"public"`
		Note   string `json:"note"`
	} `json:"facts"`
}

type log struct {
	origin      string
	size        int64
	stored      []tlog.Hash
	records     []tlog.Hash
	public      []byte
	keys        int
	last        tlog.Tree
	checkpoints int
	ended       bool
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: verify FILE")
		os.Exit(2)
	}
	verified, err := verify(os.Args[1])
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("holds: %s, entries %d, checkpoints %d, keys %d\n",
		verified.origin, len(verified.records), verified.checkpoints, verified.keys)
}

func verify(name string) (*log, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	reader, held := bufio.NewReader(file), &log{}
	for number := 1; ; number++ {
		text, err := reader.ReadBytes('\n')
		if err == io.EOF && len(text) == 0 {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		var found line
		if err := json.Unmarshal(text, &found); err != nil {
			return nil, fmt.Errorf("line %d, after entry %d: %w", number, len(held.records)-1, err)
		}
		if err := held.take(&found); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return held, held.finish()
}

func (l *log) take(found *line) error {
	switch {
	case l.ended:
		return errors.New("there is more after the end")
	case l.origin == "":
		if found.Format != "steward ledger bundle" || found.Origin == "" {
			return errors.New("no header")
		}
		l.origin, l.size = found.Origin, found.Size
		return nil
	case found.Entry != nil:
		return l.entry(found)
	case found.Checkpoint != nil:
		return l.checkpoint(found.Note)
	case found.End != nil:
		l.ended = true
		if found.End.Entries != int64(len(l.records)) || found.End.Checkpoints != l.checkpoints {
			return errors.New("the end counts other entries or checkpoints")
		}
		return nil
	}
	return errors.New("neither entry nor checkpoint nor end")
}

func (l *log) entry(found *line) error {
	index := int64(len(l.records))
	if *found.Entry != index {
		return fmt.Errorf("entry %d stands in the place of %d", *found.Entry, index)
	}
	raw, err := hex.DecodeString(found.Hash)
	if err != nil || len(raw) != tlog.HashSize {
		return fmt.Errorf("entry %d has no hash", index)
	}
	record := tlog.Hash(raw)
	if found.Leaf != nil {
		// A bundle's own hashes are not believed where the leaf is there.
		if computed := tlog.RecordHash([]byte(*found.Leaf)); computed != record {
			return fmt.Errorf("entry %d was altered: its hash is %x and not %x", index, computed[:], raw)
		}
		if err := l.content(index, *found.Leaf); err != nil {
			return err
		}
	}
	hashes, err := tlog.StoredHashesForRecordHash(index, record, l)
	if err != nil {
		return err
	}
	l.stored, l.records = append(l.stored, hashes...), append(l.records, record)
	return nil
}

func (l *log) content(index int64, text string) error {
	var content leaf
	if err := json.Unmarshal([]byte(text), &content); err != nil || content.Index != index {
		return fmt.Errorf("entry %d says that it is %d", index, content.Index)
	}
	if content.Kind != "key" {
		return nil
	}
	public, err := base64.StdEncoding.DecodeString(content.Facts.Public)
	if err != nil {
		return err
	}
	if l.public != nil && string(public) != string(l.public) {
		if err := l.handedOver(content.Facts.Note, content.Facts.Public); err != nil {
			return fmt.Errorf("entry %d: the new key is not signed by the old: %w", index, err)
		}
	}
	l.public = public
	l.keys++
	return nil
}

func (l *log) handedOver(signed, public string) error {
	service := l.origin[:strings.LastIndex(l.origin, "/")]
	text, err := l.open(service+"/keys", signed)
	if err != nil {
		return err
	}
	if text != service+"\nthe next key of the ledger\n"+public+"\n" {
		return errors.New("another key was signed")
	}
	return nil
}

func (l *log) open(name, signed string) (string, error) {
	vkey, err := note.NewEd25519VerifierKey(name, l.public)
	if err != nil {
		return "", err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return "", err
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return "", err
	}
	return opened.Text, nil
}

func (l *log) checkpoint(signed string) error {
	text, err := l.open(l.origin, signed)
	if err != nil {
		return fmt.Errorf("checkpoint after entry %d: %w", len(l.records)-1, err)
	}
	tree, err := read(text, l.origin)
	if err != nil {
		return err
	}
	if tree.N != int64(len(l.records)) {
		return fmt.Errorf("a checkpoint of %d entries stands after %d", tree.N, len(l.records))
	}
	if l.last.N > 0 {
		proof, err := tlog.ProveTree(tree.N, l.last.N, l)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, l.last.N, l.last.Hash); err != nil {
			return fmt.Errorf("checkpoints of %d and %d entries: %w", l.last.N, tree.N, err)
		}
	}
	root, err := tlog.TreeHash(tree.N, l)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("an entry of %d to %d was altered: their root is not the signed one", l.last.N, tree.N-1)
	}
	l.last = tree
	l.checkpoints++
	return nil
}

func read(text, origin string) (tlog.Tree, error) {
	lines := strings.Split(text, "\n")
	if len(lines) < 4 || lines[0] != origin {
		return tlog.Tree{}, fmt.Errorf("no checkpoint of %s", origin)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	hash, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: hash}, err
}

func (l *log) finish() error {
	if !l.ended || int64(len(l.records)) != l.size || l.last.N != l.size {
		return fmt.Errorf("not whole: %d entries of %d, the last checkpoint covers %d", len(l.records), l.size, l.last.N)
	}
	for index, record := range l.records {
		proof, err := tlog.ProveRecord(l.last.N, int64(index), l)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(proof, l.last.N, l.last.Hash, int64(index), record); err != nil {
			return fmt.Errorf("entry %d is not in the signed tree: %w", index, err)
		}
	}
	return nil
}

// ReadHashes makes the log the store that tlog's proofs are read from.
func (l *log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, 0, len(indexes))
	for _, index := range indexes {
		if index >= int64(len(l.stored)) {
			return nil, fmt.Errorf("hash %d is not there", index)
		}
		found = append(found, l.stored[index])
	}
	return found, nil
}
