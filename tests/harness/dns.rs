//! A real DNS server (dnsmasq) on a free port of 127.0.0.1, with the records that a test gives. It knows nothing but
//! these, and says so: what it was not told of under `.test` does not exist.

use crate::wait::wait_for;
use anyhow::{Context, Result, bail};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::fs::MetadataExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a start may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The server. It ends when this is dropped.
#[derive(Debug)]
pub struct Dns {
    address: SocketAddr,
    child: Child,
}

impl Dns {
    /// Starts it. Records are options of dnsmasq: `--txt-record=contoso.test,text`, `--mx-host=contoso.test,host,10`.
    ///
    /// # Errors
    /// dnsmasq is not installed (Debian: dnsmasq-base), or does not listen in time.
    pub fn start(records: &[String]) -> Result<Self> {
        let port = free_port()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Self { address, child: spawn(address, records)? })
    }

    /// Where it answers.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Starts it anew at the same address with other records.
    ///
    /// # Errors
    /// As [`Dns::start`].
    pub fn publish(&mut self, records: &[String]) -> Result<()> {
        self.stop();
        self.child = spawn(self.address, records)?;
        Ok(())
    }

    /// Ends it: from now on nobody answers there.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop();
    }
}

fn spawn(address: SocketAddr, records: &[String]) -> Result<Child> {
    let mut command = Command::new("dnsmasq");
    command
        .args([
            "-k",
            "--conf-file=/dev/null",
            "--no-resolv",
            "--no-hosts",
            "--pid-file=",
            "--bind-interfaces",
        ])
        .args(["--local=/test/", "--log-facility=-"])
        .arg(format!("--listen-address={}", address.ip()))
        .arg(format!("--port={}", address.port()))
        .args(records)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        command.arg("--user=root");
    }
    // Debian has it where only administrators look.
    let path = std::env::var("PATH").unwrap_or_default();
    let mut child = command
        .env("PATH", format!("{path}:/usr/sbin"))
        .spawn()
        .context("dnsmasq cannot be started; install dnsmasq-base")?;
    let mut ended = None;
    let listens = wait_for("dnsmasq to listen", PATIENCE, || {
        if let Ok(Some(status)) = child.try_wait() {
            ended = Some(status);
            return Some(());
        }
        TcpStream::connect(address).ok().map(drop)
    });
    listens?;
    match ended {
        Some(status) => bail!("dnsmasq ended ({status}); are the records well formed? {records:?}"),
        None => Ok(child),
    }
}

/// A port that is free for both TCP and UDP.
fn free_port() -> Result<u16> {
    for _ in 0..50 {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = tcp.local_addr()?.port();
        if UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free for TCP and UDP")
}
