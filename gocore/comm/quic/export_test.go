package quic

// FewHandshakes is how many may go on before addresses have to be shown.
const FewHandshakes = fewHandshakes

// Handshakes returns how many go on.
func (e *Endpoint) Handshakes() int { return int(e.door.handshakes.Load()) }
