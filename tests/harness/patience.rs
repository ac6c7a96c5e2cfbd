//! Waiting for a condition, never for a time. What a test waits for is named, so that its failure says it.

use anyhow::{Result, bail};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Asks `probe` until it answers something, and no longer than `limit`. What `probe` said last, as an error or
/// through [`Look::NotYet`], stands in the error.
///
/// # Errors
/// The limit passed.
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Result<Look<T>>) -> Result<T> {
    let begin = Instant::now();
    loop {
        let last = match probe() {
            Ok(Look::Seen(value)) => return Ok(value),
            Ok(Look::NotYet(why)) => why,
            Err(error) => format!("{error:#}"),
        };
        if begin.elapsed() > limit {
            bail!("waited {} s for {what}; last seen: {last}", limit.as_secs_f32());
        }
        std::thread::sleep(Duration::from_millis(15));
    }
}

/// What a probe saw.
#[derive(Debug)]
pub enum Look<T> {
    /// It is so.
    Seen(T),
    /// Not yet, and what is there instead.
    NotYet(String),
}

impl<T> Look<T> {
    /// `Seen(value)` where `is_so`.
    pub fn when(is_so: bool, value: T, instead: impl Into<String>) -> Self {
        if is_so { Self::Seen(value) } else { Self::NotYet(instead.into()) }
    }
}

/// A folder of its own for a test, in memory where the machine has `/dev/shm`.
///
/// # Errors
/// It cannot be made.
pub fn scratch(name: &str) -> Result<tempfile::TempDir> {
    let memory = PathBuf::from("/dev/shm");
    let parent = if memory.is_dir() { memory } else { std::env::temp_dir() };
    Ok(tempfile::Builder::new().prefix(&format!("lockstep-{name}-")).tempdir_in(parent)?)
}

/// A port of 127.0.0.1 that nobody listens on now.
///
/// # Errors
/// None is free.
pub fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// Most memory a process ever held, in KiB (`VmHWM`).
///
/// # Errors
/// The process is gone.
pub fn peak_memory_kib(pid: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let Some(kib) = line.and_then(|rest| rest.trim().strip_suffix(" kB")) else {
        bail!("no VmHWM of process {pid}");
    };
    Ok(kib.trim().parse()?)
}
