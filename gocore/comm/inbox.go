package comm

// inbox holds what has arrived for one operation, which this rank may not have begun yet.
type inbox struct {
	failed  error // why the operation has failed
	told    bool  // the other ranks know of it
	mail    []mailbox
	streams map[uint32]*stream
}

// mailbox holds the messages of stream 0 from one rank.
type mailbox struct {
	next    uint64 // pair sequence that is received next
	letters map[uint64]*letter
	changed signal
}

// letter is a message of stream 0: whole, or announced (data nil) and then received in parts.
type letter struct {
	tag    uint32
	length uint64
	data   []byte
	got    uint64
}

func (l *letter) whole() bool { return l.got == l.length && (l.data != nil || l.length == 0) }

func newInbox(world int) *inbox {
	return &inbox{mail: make([]mailbox, world), streams: map[uint32]*stream{}}
}

// post files a letter.
func (m *mailbox) post(sequence uint64, l *letter) {
	if m.letters == nil {
		m.letters = map[uint64]*letter{}
	}
	m.letters[sequence] = l
	m.changed.raise()
}

// raise wakes everyone who waits for something in the box.
func (b *inbox) raise() {
	for i := range b.mail {
		b.mail[i].changed.raise()
	}
	for _, s := range b.streams {
		s.raise()
	}
}
