//! A line between client and server that can be cut, stalled and counted.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

pub struct Proxy {
    /// Where it listens.
    pub port: u16,
    state: Arc<State>,
}

struct State {
    target: u16,
    /// Bytes from the server that still pass before the line is cut; negative: no end.
    left: AtomicI64,
    stalled: AtomicBool,
    /// Whether the line stalls at that end instead of being cut.
    stalls: AtomicBool,
    connections: AtomicUsize,
    passed: AtomicUsize,
    ended: AtomicBool,
}

impl Proxy {
    /// Listens, and passes everything on to `target`.
    pub fn start(target: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            target,
            left: AtomicI64::new(-1),
            stalled: AtomicBool::new(false),
            stalls: AtomicBool::new(false),
            connections: AtomicUsize::new(0),
            passed: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let Ok(server) = TcpStream::connect(("127.0.0.1", shared.target)) else { continue };
                shared.pass(client, server);
            }
        });
        Self { port, state }
    }

    /// Lets `bytes` more from the server pass, all connections together, then resets the line that carries them.
    pub fn cut_after(&self, bytes: i64) {
        self.state.stalls.store(false, Ordering::SeqCst);
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// The same, but the line stays open and nothing passes any more.
    pub fn stall_after(&self, bytes: i64) {
        self.state.stalls.store(true, Ordering::SeqCst);
        self.state.left.store(bytes, Ordering::SeqCst);
    }

    /// Passes everything again.
    pub fn heal(&self) {
        self.state.left.store(-1, Ordering::SeqCst);
        self.state.stalled.store(false, Ordering::SeqCst);
    }

    /// Keeps the line open and lets nothing through.
    pub fn stall(&self) {
        self.state.stalled.store(true, Ordering::SeqCst);
    }

    /// Bytes from the server that have passed so far.
    pub fn passed(&self) -> usize {
        self.state.passed.load(Ordering::SeqCst)
    }

    /// Connections taken so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    fn pass(self: &Arc<Self>, client: TcpStream, server: TcpStream) {
        for (mut from, mut to, counted) in
            [(client.try_clone().unwrap(), server.try_clone().unwrap(), false), (server, client, true)]
        {
            let state = Arc::clone(self);
            std::thread::spawn(move || {
                let mut block = [0; 4096];
                while let Ok(count @ 1..) = from.read(&mut block) {
                    while state.stalled.load(Ordering::SeqCst) && !state.ended.load(Ordering::SeqCst) {
                        std::thread::sleep(Duration::from_millis(5));
                    }
                    let pass = if counted { state.allowed(count) } else { count };
                    if counted {
                        state.passed.fetch_add(pass, Ordering::SeqCst);
                    }
                    if to.write_all(&block[..pass]).is_err() || pass < count {
                        break;
                    }
                }
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
    }

    fn allowed(&self, count: usize) -> usize {
        let left = self.left.load(Ordering::SeqCst);
        if left < 0 {
            return count;
        }
        if self.stalls.load(Ordering::SeqCst) && count as i64 >= left {
            self.stalled.store(true, Ordering::SeqCst);
            self.left.store(-1, Ordering::SeqCst);
            return count;
        }
        let pass = count.min(usize::try_from(left).unwrap());
        self.left.store(left - i64::try_from(pass).unwrap(), Ordering::SeqCst);
        pass
    }
}
