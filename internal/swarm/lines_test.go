//go:build !race

package swarm

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"syscall"
	"time"
)

// line is the way from one worker to Redis or to DANA: it can be cut and mended. What is
// sent into a cut line is lost without a word, and so is an answer that comes back on it;
// new connections are refused. All of it is in memory, so that a whole fleet runs in
// virtual time.
type line struct {
	dial  func() (net.Conn, error)
	delay time.Duration // the longest that what is sent is on the way

	mu    sync.Mutex
	cut   bool
	dead  bool // cut for good: the process is gone
	conns map[*lossy]bool
}

func newLine(dial func() (net.Conn, error), delay time.Duration) *line {
	return &line{dial: dial, delay: delay, conns: map[*lossy]bool{}}
}

var errCut = &net.OpError{Op: "dial", Net: "pipe", Err: syscall.ECONNREFUSED}

// Dial opens a connection. It takes no time, since go-redis dials with a mutex in its hand,
// and virtual time stands still while anybody waits for a mutex.
func (l *line) Dial(context.Context, string, string) (net.Conn, error) {
	if l.isCut() {
		return nil, errCut
	}
	conn, err := l.dial()
	if err != nil {
		return nil, err
	}
	c := &lossy{Conn: conn, line: l, sent: make(chan []byte, 10_000), gone: make(chan struct{})}
	go c.pump()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[c] = true
	return c, nil
}

func (l *line) isCut() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cut || l.dead
}

func (l *line) sever() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
}

// mend resets what was opened in the meantime.
func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return
	}
	l.cut = false
	for c := range l.conns {
		c.end()
	}
}

// die is what kill -9 does to a process, as far as anybody else can see.
func (l *line) die() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dead = true
}

// revive is for the end of a run alone, so that what is left of the process can stop.
func (l *line) revive() {
	l.mu.Lock()
	l.dead = false
	l.mu.Unlock()
	l.mend()
}

// lossy is one connection of a line. Like a socket, and unlike the pipe below it, it takes
// what is written before the other side reads.
type lossy struct {
	net.Conn
	line *line
	sent chan []byte
	gone chan struct{}
	once sync.Once
}

func (c *lossy) Write(b []byte) (int, error) {
	if c.line.isCut() {
		return len(b), nil
	}
	select {
	case c.sent <- bytes.Clone(b):
		return len(b), nil
	case <-c.gone:
		return 0, net.ErrClosed
	}
}

func (c *lossy) pump() {
	for {
		select {
		case b := <-c.sent:
			if c.line.delay > 0 {
				time.Sleep(rand.N(c.line.delay))
			}
			if _, err := c.Conn.Write(b); err != nil {
				return
			}
		case <-c.gone:
			return
		}
	}
}

func (c *lossy) Read(b []byte) (int, error) {
	for {
		n, err := c.Conn.Read(b)
		if err != nil || !c.line.isCut() {
			return n, err
		}
	}
}

func (c *lossy) Close() error {
	c.line.mu.Lock()
	delete(c.line.conns, c)
	c.line.mu.Unlock()
	c.end()
	return nil
}

func (c *lossy) end() {
	c.once.Do(func() {
		close(c.gone)
		_ = c.Conn.Close() // a pipe's never fails
	})
}

// listener is DANA's end of the lines.
type listener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newListener() *listener {
	return &listener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *listener) connect() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *listener) Addr() net.Addr { return &net.UnixAddr{Name: "dana", Net: "pipe"} }
