package main

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// loseScripts is the address of a Redis that answers everything until it is sent a script: that one is carried out, its
// answer is lost, and from then on nobody is let in.
func loseScripts(t *testing.T, target string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	var lost atomic.Bool
	carry := func(client net.Conn) {
		defer client.Close()
		server, err := net.Dial("tcp", target)
		if err != nil || lost.Load() {
			return
		}
		defer server.Close()
		go func() {
			buf := make([]byte, 64<<10)
			for {
				n, err := server.Read(buf)
				if err != nil || lost.Load() {
					client.Close()
					return
				}
				if _, err := client.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
		buf := make([]byte, 64<<10)
		for {
			n, err := client.Read(buf)
			if err != nil {
				return
			}
			if bytes.Contains(bytes.ToLower(buf[:n]), []byte("evalsha")) {
				lost.Store(true)
			}
			if _, err := server.Write(buf[:n]); err != nil {
				return
			}
			if lost.Load() {
				_, _ = io.CopyN(io.Discard, server, 1) // it is carried out
				return
			}
		}
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go carry(client)
		}
	}()
	return listener.Addr().String()
}

// through is the bundle whose commands reach Redis at another address.
func (b testBundle) through(address string) testBundle {
	for i, setting := range b.environ {
		if strings.HasPrefix(setting, "REDIS_URL=") {
			b.environ[i] = "REDIS_URL=redis://" + address
		}
	}
	return b
}
