//! A TCP proxy that cuts or silences connections on command, for drills.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A proxy in front of one server. Ends with its value.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    upstream: Mutex<SocketAddr>,
    /// Bytes from the server to let through before the cut; `u64::MAX` for no cut.
    budget: AtomicU64,
    /// Bytes from the server that went through.
    passed: AtomicU64,
    accepted: AtomicU64,
    refusing: AtomicBool,
    silent: AtomicBool,
    /// Bytes from the server after which all waits; `u64::MAX` for no waiting.
    hold: AtomicU64,
    holding: AtomicBool,
    /// Bytes to the server wait.
    hold_requests: AtomicBool,
    ended: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// Starts a proxy to `upstream`, on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// If no port can be had.
    pub fn start(upstream: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port for the proxy")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            upstream: Mutex::new(upstream),
            budget: AtomicU64::new(u64::MAX),
            passed: AtomicU64::new(0),
            accepted: AtomicU64::new(0),
            refusing: AtomicBool::new(false),
            silent: AtomicBool::new(false),
            hold: AtomicU64::new(u64::MAX),
            holding: AtomicBool::new(false),
            hold_requests: AtomicBool::new(false),
            ended: AtomicBool::new(false),
            open: Mutex::new(Vec::new()),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming() {
                if shared.ended.load(Ordering::SeqCst) {
                    return;
                }
                if let Ok(client) = client {
                    serve(client, &shared);
                }
            }
        });
        Ok(Self { address, state })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as a directory URL.
    pub fn ldap_url(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// Sends new connections elsewhere.
    pub fn redirect(&self, upstream: SocketAddr) {
        *self.state.upstream.lock().unwrap_or_else(PoisonError::into_inner) = upstream;
    }

    /// Lets `bytes` more from the server through, all connections together, then cuts them all.
    pub fn cut_after(&self, bytes: u64) {
        self.state.budget.store(self.state.passed.load(Ordering::SeqCst) + bytes, Ordering::SeqCst);
    }

    /// Lets `bytes` more from the server through; then all waits until [`Proxy::heal`], and nothing is lost: a
    /// slow network.
    pub fn hold_after(&self, bytes: u64) {
        self.state.hold.store(self.state.passed.load(Ordering::SeqCst) + bytes, Ordering::SeqCst);
    }

    /// Lets nothing more through to the server until [`Proxy::heal`], and loses nothing: what is sent meanwhile
    /// arrives late.
    pub fn hold_requests(&self) {
        self.state.hold_requests.store(true, Ordering::SeqCst);
    }

    /// Whether something waits because of [`Proxy::hold_after`].
    pub fn is_holding(&self) -> bool {
        self.state.holding.load(Ordering::SeqCst)
    }

    /// Ends the effect of [`Proxy::cut_after`], [`Proxy::hold_after`], [`Proxy::hold_requests`],
    /// [`Proxy::refuse`] and [`Proxy::silence`] for what comes.
    pub fn heal(&self) {
        self.state.hold_requests.store(false, Ordering::SeqCst);
        self.state.hold.store(u64::MAX, Ordering::SeqCst);
        self.state.budget.store(u64::MAX, Ordering::SeqCst);
        self.state.refusing.store(false, Ordering::SeqCst);
        self.state.silent.store(false, Ordering::SeqCst);
    }

    /// Cuts every open connection now.
    pub fn cut(&self) {
        self.state.cut();
    }

    /// Closes new connections at once.
    pub fn refuse(&self) {
        self.state.refusing.store(true, Ordering::SeqCst);
    }

    /// Swallows all from the server, while connections stay open: a peer that vanished without a word.
    pub fn silence(&self) {
        self.state.silent.store(true, Ordering::SeqCst);
    }

    /// Bytes from the server that went through.
    pub fn passed(&self) -> u64 {
        self.state.passed.load(Ordering::SeqCst)
    }

    /// Connections that were made.
    pub fn accepted(&self) -> u64 {
        self.state.accepted.load(Ordering::SeqCst)
    }
}

impl State {
    fn wait_while_held(&self) {
        let is_held = || self.passed.load(Ordering::SeqCst) >= self.hold.load(Ordering::SeqCst);
        while is_held() && !self.ended.load(Ordering::SeqCst) {
            self.holding.store(true, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(5));
        }
        self.holding.store(false, Ordering::SeqCst);
    }

    fn cut(&self) {
        for stream in self.open.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::SeqCst);
        self.state.cut();
        // Wakes the listener, so that it sees the end.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_secs(1));
    }
}

fn serve(client: TcpStream, state: &Arc<State>) {
    state.accepted.fetch_add(1, Ordering::SeqCst);
    if state.refusing.load(Ordering::SeqCst) {
        let _ = client.shutdown(Shutdown::Both);
        return;
    }
    let upstream = *state.upstream.lock().unwrap_or_else(PoisonError::into_inner);
    let Ok(server) = TcpStream::connect(upstream) else {
        let _ = client.shutdown(Shutdown::Both);
        return;
    };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let copies = (client.try_clone(), server.try_clone(), client.try_clone(), server.try_clone());
    let (Ok(client_in), Ok(server_in), Ok(client_end), Ok(server_end)) = copies else { return };
    state.open.lock().unwrap_or_else(PoisonError::into_inner).extend([client_end, server_end]);
    let shared = Arc::clone(state);
    let counting = Arc::clone(state);
    let pass = move |_| {
        while counting.hold_requests.load(Ordering::SeqCst) && !counting.ended.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
        Some(usize::MAX)
    };
    thread::spawn(move || copy(client_in, server, pass, &shared));
    let shared = Arc::clone(state);
    thread::spawn(move || {
        let counting = Arc::clone(&shared);
        let allow = move |bytes: usize| {
            if counting.silent.load(Ordering::SeqCst) {
                return Some(0);
            }
            counting.wait_while_held();
            let passed = counting.passed.load(Ordering::SeqCst);
            let left = counting.budget.load(Ordering::SeqCst).saturating_sub(passed);
            let allowed = u64::try_from(bytes).unwrap_or(u64::MAX).min(left);
            counting.passed.fetch_add(allowed, Ordering::SeqCst);
            if left < u64::try_from(bytes).unwrap_or(u64::MAX) { None } else { usize::try_from(allowed).ok() }
        };
        copy(server_in, client, allow, &shared);
    });
}

/// Copies until either side ends. `allow` says how many bytes may pass; none cuts everything.
fn copy(mut from: TcpStream, mut to: TcpStream, allow: impl Fn(usize) -> Option<usize>, state: &State) {
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        match allow(read) {
            Some(allowed) => {
                let part = buffer.get(..read.min(allowed)).unwrap_or_default();
                if to.write_all(part).is_err() {
                    break;
                }
            }
            None => {
                state.cut();
                break;
            }
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
