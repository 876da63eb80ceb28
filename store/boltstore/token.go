package boltstore

import "github.com/bgq-dev/bgq/store"

// A token belongs to its job from the commit that stores the job to the one that removes
// it, whatever state the job is in.

func (t *txn) takeToken(j *record) {
	if j.Token != "" {
		key := []byte(j.Token)
		t.put(tableToken, key, sealID(key, j.ID))
	}
}

// dropToken frees the token of a job that is being removed, if it is the one that carries it.
func (t *txn) dropToken(j *record) {
	if j.Token == "" {
		return
	}
	if id, taken, err := t.bearer(j.Token); err == nil && taken && id == j.ID {
		t.delete(tableToken, []byte(j.Token))
	}
}

// bearer returns which job carries a token.
func (r *reader) bearer(token string) (id store.ID, taken bool, err error) {
	sealed := r.get(tableToken, []byte(token))
	if sealed == nil {
		return id, false, nil
	}
	id, ok := unsealID([]byte(token), sealed)
	if !ok {
		return id, false, damaged("the idempotency key %q: %w", token, errChecksum)
	}
	return id, true, nil
}
