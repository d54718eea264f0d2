package store

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/pycylon/pycylon/gocore/base/status"
	"github.com/pycylon/pycylon/gocore/base/task"
	"github.com/pycylon/pycylon/gocore/comm/wire"
)

const (
	firstLook = 2 * time.Millisecond // between two looks for a piece that isn't there
	sealBytes = 12 + 16              // of nonce and tag
)

// Board is where a rank leaves what all others read: in pieces, which they get while the next are put.
//
//	rank 0: Put ──▶ name-0, name-1, ...  ──▶ Get: every other rank
//
// A piece is 12 bytes of nonce and AES-256-GCM's ciphertext, under a key that is derived from the job's seed, the epoch and
// nothing else; the piece's name is authenticated with it, so that none passes for another.
type Board struct {
	office *Office
	sealer cipher.AEAD
}

// Board returns the board of the office's opening. root is a key that all ranks have, and nobody else.
func (o *Office) Board(root [32]byte, epoch wire.Epoch) (*Board, error) {
	key, err := hkdf.Key(sha256.New, root[:], epoch[:], "pycylon v1 board", 32)
	if err != nil {
		return nil, status.Errorf(status.Internal, "cannot derive a key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, status.Errorf(status.Internal, "cannot make a cipher: %w", err)
	}
	sealer, err := cipher.NewGCM(block)
	if err != nil {
		return nil, status.Errorf(status.Internal, "cannot make a cipher: %w", err)
	}
	return &Board{o, sealer}, nil
}

// Put leaves data under a name that is used once.
func (b *Board) Put(ctx context.Context, name string, data []byte) error {
	return b.each(ctx, name, data, func(ctx context.Context, piece string, part []byte) error {
		sealed := make([]byte, b.sealer.NonceSize(), b.sealer.NonceSize()+len(part)+b.sealer.Overhead())
		if _, err := rand.Read(sealed); err != nil {
			return status.Errorf(status.Internal, "cannot make a nonce: %w", err)
		}
		sealed = b.sealer.Seal(sealed, sealed, part, []byte(piece))
		return b.office.try(ctx, func() error { return b.office.store.Post(ctx, piece, sealed) })
	})
}

// Get waits for what is left under a name and reads it: as many bytes as into has.
func (b *Board) Get(ctx context.Context, name string, into []byte) error {
	return b.each(ctx, name, into, b.get)
}

// each calls f for the pieces of data, a few at a time, the first ones first.
func (b *Board) each(ctx context.Context, name string, data []byte, f func(ctx context.Context, piece string, part []byte) error) error {
	size := b.office.traits.Piece
	count := (len(data) + size - 1) / size
	next := make(chan int, count)
	for i := range count {
		next <- i
	}
	close(next)
	g := task.NewGroup(ctx)
	for range min(b.office.traits.Parallel, count) {
		g.Go(func(ctx context.Context) error {
			for i := range next {
				if err := f(ctx, fmt.Sprintf("%s-%d", name, i), data[i*size:min(len(data), (i+1)*size)]); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return g.Wait()
}

func (b *Board) get(ctx context.Context, piece string, part []byte) error {
	var sealed []byte
	err := Poll(ctx, firstLook, func() (bool, error) {
		err := b.office.try(ctx, func() (err error) {
			sealed, err = b.office.store.Look(ctx, piece)
			return err
		})
		return sealed != nil, err
	})
	if err != nil {
		return err
	}
	nonce := b.sealer.NonceSize()
	if len(sealed) != nonce+len(part)+b.sealer.Overhead() {
		return status.Errorf(status.Unauthenticated, "%s holds a piece of %d bytes that no rank has put there", b.office.path, len(sealed))
	}
	if _, err := b.sealer.Open(part[:0], sealed[:nonce], sealed[nonce:], []byte(piece)); err != nil {
		return status.Errorf(status.Unauthenticated, "%s holds a piece that no rank has put there: somebody else writes to the store", b.office.path)
	}
	return nil
}
