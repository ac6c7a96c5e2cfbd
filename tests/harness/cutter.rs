//! A TCP proxy that a test can cut, stall or close for new connections.

use anyhow::Result;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// "No limit".
const NEVER: u64 = u64::MAX;

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    ended: AtomicBool,
    /// Bytes from the server that a new connection lets through before it is cut.
    cut_after: AtomicU64,
    /// Bytes from the server that a new connection lets through before it waits for [`Cutter::release`].
    stall_after: AtomicU64,
    stalled: AtomicU64,
    released: Mutex<bool>,
    wake: Condvar,
    connections: Mutex<Vec<TcpStream>>,
    accepted: AtomicU64,
    cuts: AtomicU64,
}

/// A proxy in front of a server; ended when dropped.
#[derive(Debug)]
pub struct Cutter {
    at: SocketAddr,
    shared: Arc<Shared>,
}

impl Cutter {
    /// Listens on a free port and passes everything on.
    ///
    /// # Errors
    /// No port.
    pub fn start(to_port: u16) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let at = listener.local_addr()?;
        let shared = Arc::new(Shared {
            to: SocketAddr::from(([127, 0, 0, 1], to_port)),
            ended: AtomicBool::new(false),
            cut_after: AtomicU64::new(NEVER),
            stall_after: AtomicU64::new(NEVER),
            stalled: AtomicU64::new(0),
            released: Mutex::new(false),
            wake: Condvar::new(),
            connections: Mutex::new(Vec::new()),
            accepted: AtomicU64::new(0),
            cuts: AtomicU64::new(0),
        });
        let for_thread = Arc::clone(&shared);
        thread::spawn(move || accept(&listener, &for_thread));
        Ok(Self { at, shared })
    }

    /// The address to give to the client: `ldap://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("ldap://{}", self.at)
    }

    /// Cuts every open connection now; new ones are served.
    pub fn cut(&self) {
        let mut open = lock(&self.shared.connections);
        for stream in open.drain(..) {
            if stream.shutdown(Shutdown::Both).is_ok() {
                self.shared.cuts.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    /// Each new connection is cut after so many bytes from the server; `None`: none is.
    pub fn cut_after(&self, bytes: Option<u64>) {
        self.shared.cut_after.store(bytes.unwrap_or(NEVER), Ordering::SeqCst);
    }

    /// Each new connection passes so many bytes from the server and then nothing until [`Cutter::release`].
    pub fn stall_after(&self, bytes: Option<u64>) {
        *lock(&self.shared.released) = false;
        self.shared.stall_after.store(bytes.unwrap_or(NEVER), Ordering::SeqCst);
    }

    /// Lets stalled connections go on.
    pub fn release(&self) {
        *lock(&self.shared.released) = true;
        self.shared.wake.notify_all();
    }

    /// How many connections were stalled.
    pub fn stalled(&self) -> u64 {
        self.shared.stalled.load(Ordering::SeqCst)
    }

    /// How many connections were cut.
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }

    /// How many connections came.
    pub fn accepted(&self) -> u64 {
        self.shared.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.release();
        self.cut();
        // Wakes the thread that accepts, so that it sees the end.
        let _ = TcpStream::connect_timeout(&self.at, Duration::from_secs(1));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.ended.load(Ordering::SeqCst) {
            return;
        }
        let Ok(client) = client else { continue };
        shared.accepted.fetch_add(1, Ordering::SeqCst);
        let Ok(server) = TcpStream::connect(shared.to) else {
            let _ = client.shutdown(Shutdown::Both);
            continue;
        };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let (Ok(client_too), Ok(server_too), Ok(for_cut), Ok(for_cut_too)) =
            (client.try_clone(), server.try_clone(), client.try_clone(), server.try_clone())
        else {
            continue;
        };
        lock(&shared.connections).extend([for_cut, for_cut_too]);
        let for_thread = Arc::clone(shared);
        thread::spawn(move || pass_up(client_too, server_too));
        thread::spawn(move || pass_down(server, client, &for_thread));
    }
}

fn pass_up(mut from: TcpStream, mut to: TcpStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}

fn pass_down(mut from: TcpStream, mut to: TcpStream, shared: &Shared) {
    let cut_after = shared.cut_after.load(Ordering::SeqCst);
    let stall_after = shared.stall_after.load(Ordering::SeqCst);
    let mut passed = 0_u64;
    let mut buffer = vec![0_u8; 16 * 1024];
    let mut has_stalled = false;
    loop {
        if passed >= stall_after && !has_stalled {
            has_stalled = true;
            shared.stalled.fetch_add(1, Ordering::SeqCst);
            let mut released = lock(&shared.released);
            while !*released {
                released = shared.wake.wait(released).unwrap_or_else(std::sync::PoisonError::into_inner);
            }
        }
        let room = (cut_after - passed.min(cut_after)).min(buffer.len() as u64);
        if room == 0 {
            shared.cuts.fetch_add(1, Ordering::SeqCst);
            break;
        }
        let Some(space) = buffer.get_mut(..usize::try_from(room).unwrap_or(1)) else { break };
        let read = match from.read(space) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => break,
        };
        if buffer.get(..read).is_none_or(|bytes| to.write_all(bytes).is_err()) {
            break;
        }
        passed += read as u64;
    }
    let _ = to.shutdown(Shutdown::Both);
    let _ = from.shutdown(Shutdown::Both);
}
