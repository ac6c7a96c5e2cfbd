//! A listener that speaks just enough LDAP to be asked, and then answers nonsense.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonsense {
    /// A web server's words, at once.
    Http,
    /// Bytes without sense, at once.
    Noise,
    /// The connection is closed before anything was said.
    Closed,
    /// A bind is answered with a search result.
    WrongAnswer,
    /// A message that says it has 4 GiB, and zeros without end.
    EndlessMessage,
    /// A message of 100 MiB that is all one value, sent whole.
    HugeValue,
    /// 100,000 sequences in each other.
    Deep,
    /// A message that ends in its middle.
    Truncated,
    /// An entry whose name and values are no UTF-8, without a sync state.
    BadText,
    /// An entry with a sync state of three bytes.
    BadState,
    /// "Nothing found, all went well", and no cookie.
    EmptySuccess,
    /// A result for a request that was never made.
    WrongId,
    /// A result code that does not exist.
    WrongCode,
    /// An intermediate message that is no sync info.
    BadInfo,
    /// A referral and nothing else.
    Referral,
    /// Messages of no content, without end.
    EndlessEmpty,
}

impl Nonsense {
    /// All of it.
    pub const ALL: &'static [Self] = &[
        Self::Http,
        Self::Noise,
        Self::Closed,
        Self::WrongAnswer,
        Self::EndlessMessage,
        Self::HugeValue,
        Self::Deep,
        Self::Truncated,
        Self::BadText,
        Self::BadState,
        Self::EmptySuccess,
        Self::WrongId,
        Self::WrongCode,
        Self::BadInfo,
        Self::Referral,
        Self::EndlessEmpty,
    ];
}

/// The listener; ended when dropped.
#[derive(Debug)]
pub struct FakeDirectory {
    at: SocketAddr,
    ended: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
}

impl FakeDirectory {
    /// Starts one that answers so.
    ///
    /// # Errors
    /// No free port.
    pub fn start(nonsense: Nonsense, suffix: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").context("no free port")?;
        let at = listener.local_addr()?;
        let (ended, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let (is_over, count, suffix) = (Arc::clone(&ended), Arc::clone(&asked), suffix.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (count, suffix) = (Arc::clone(&count), suffix.clone());
                thread::spawn(move || {
                    // The client may hang up at any point; that is its good right.
                    let _ = serve(stream, nonsense, &suffix, &count);
                });
            }
        });
        Ok(Self { at, ended, asked })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.at
    }

    /// How often nonsense was answered.
    pub fn answered(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Drop for FakeDirectory {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect_timeout(&self.at, Duration::from_secs(1));
    }
}

fn serve(mut stream: TcpStream, nonsense: Nonsense, suffix: &str, asked: &AtomicU64) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(120)))?;
    stream.set_write_timeout(Some(Duration::from_secs(120)))?;
    let at_once: Option<&[u8]> = match nonsense {
        Nonsense::Http => Some(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
        Nonsense::Noise => {
            Some(&[0x17, 0x03, 0xff, 0x80, 0x00, 0x9c, 0x30, 0x30, 0x30, 0xde, 0xad, 0xbe, 0xef, 0x00])
        }
        Nonsense::Closed => Some(&[]),
        _ => None,
    };
    if let Some(bytes) = at_once {
        asked.fetch_add(1, Ordering::SeqCst);
        stream.write_all(bytes)?;
        // What the client sent is read, or the system would answer with a reset in place of these bytes.
        stream.shutdown(std::net::Shutdown::Write)?;
        let mut rest = Vec::new();
        return (&stream).take(64 * 1024).read_to_end(&mut rest).map(|_| ());
    }
    loop {
        let Some((id, tag, body)) = read_message(&mut stream)? else { return Ok(()) };
        match tag {
            // BindRequest
            0x60 if nonsense == Nonsense::WrongAnswer => {
                asked.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&message(id, &entry(b"cn=a", b"cn", b"a"), None))?;
            }
            0x60 => stream.write_all(&message(id, &result(0x61, 0), None))?,
            // UnbindRequest
            0x42 => return Ok(()),
            // AbandonRequest
            0x50 => {}
            // SearchRequest
            0x63 => {
                let (base, scope) = base_and_scope(&body);
                if base.is_empty() {
                    stream.write_all(&message(id, &root(suffix), None))?;
                    stream.write_all(&message(id, &result(0x65, 0), None))?;
                } else if scope == 0 {
                    stream.write_all(&message(id, &base_entry(&base), None))?;
                    stream.write_all(&message(id, &result(0x65, 0), None))?;
                } else {
                    asked.fetch_add(1, Ordering::SeqCst);
                    answer(&mut stream, nonsense, id)?;
                }
            }
            // Anything else: an extended response, "unwilling".
            _ => stream.write_all(&message(id, &result(0x78, 53), None))?,
        }
    }
}

/// The answer to the search for everything.
fn answer(stream: &mut TcpStream, nonsense: Nonsense, id: i64) -> std::io::Result<()> {
    let state = |value: &[u8]| control("1.3.6.1.4.1.4203.1.9.1.2", value);
    match nonsense {
        Nonsense::EndlessMessage => {
            stream.write_all(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff])?;
            let zeros = vec![0; 64 * 1024];
            for _ in 0..64 * 1024 {
                stream.write_all(&zeros)?;
            }
            Ok(())
        }
        Nonsense::HugeValue => {
            let value = vec![b'x'; 100 * 1024 * 1024];
            let found = entry(b"uid=huge,dc=contoso,dc=com", b"description", &value);
            stream.write_all(&message(id, &found, Some(&state(&[0x30, 0x15, 0x0a, 1, 1, 4, 16]))))
        }
        Nonsense::Deep => {
            let mut bytes = Vec::new();
            for _ in 0..100_000 {
                let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes();
                bytes.extend(length.iter().rev());
                bytes.extend([0x84, 0x30]);
            }
            bytes.reverse();
            stream.write_all(&message(id, &bytes, None))
        }
        Nonsense::Truncated => {
            let whole = message(id, &entry(b"uid=a,dc=contoso,dc=com", b"cn", &[b'a'; 4_000]), None);
            stream.write_all(whole.get(..2_000).unwrap_or_default())?;
            stream.shutdown(std::net::Shutdown::Both)
        }
        Nonsense::BadText => {
            let found = entry(&[0xff, 0xfe, b'='], &[0xc3, 0x28], &[0xff]);
            stream.write_all(&message(id, &found, None))
        }
        Nonsense::BadState => {
            let found = entry(b"uid=a,dc=contoso,dc=com", b"cn", b"a");
            stream.write_all(&message(id, &found, Some(&state(&[0x0a, 1, 9]))))
        }
        Nonsense::EmptySuccess => stream.write_all(&message(id, &result(0x65, 0), None)),
        Nonsense::WrongId => {
            stream.write_all(&message(id + 4_711, &result(0x65, 0), None))?;
            stream.shutdown(std::net::Shutdown::Both)
        }
        Nonsense::WrongCode => stream.write_all(&message(id, &result(0x65, 123), None)),
        Nonsense::BadInfo => {
            let name = tlv(0x80, b"1.3.6.1.4.1.4203.1.9.1.4");
            let value = tlv(0x81, &[0xa9, 0x05, 0x01]);
            stream.write_all(&message(id, &tlv(0x79, &[name, value].concat()), None))
        }
        Nonsense::Referral => {
            stream.write_all(&message(id, &tlv(0x73, &tlv(0x04, b"ldap://elsewhere.invalid/dc=x")), None))?;
            stream.write_all(&message(id, &result(0x65, 0), None))
        }
        Nonsense::EndlessEmpty => {
            let empty = [0x30, 0x00].repeat(32 * 1024);
            for _ in 0..64 * 1024 {
                stream.write_all(&empty)?;
            }
            Ok(())
        }
        Nonsense::Http | Nonsense::Noise | Nonsense::Closed | Nonsense::WrongAnswer => Ok(()),
    }
}

/// Message id, tag of the operation, content of the operation.
fn read_message(stream: &mut TcpStream) -> std::io::Result<Option<(i64, u8, Vec<u8>)>> {
    let mut tag = [0];
    if stream.read(&mut tag)? == 0 {
        return Ok(None);
    }
    let length = read_length(stream)?;
    let mut content = Vec::new();
    stream.take(length).read_to_end(&mut content)?;
    let mut rest = content.as_slice();
    let Some((_, id)) = part(&mut rest) else { return Ok(None) };
    let id = id.iter().fold(0, |id, byte| (id << 8) | i64::from(*byte));
    Ok(part(&mut rest).map(|(tag, body)| (id, tag, body.to_vec())))
}

fn read_length(stream: &mut TcpStream) -> std::io::Result<u64> {
    let mut first = [0];
    stream.read_exact(&mut first)?;
    let [first] = first;
    if first < 0x80 {
        return Ok(u64::from(first));
    }
    let mut bytes = vec![0; usize::from(first & 0x7f)];
    stream.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(0, |length, byte| (length << 8) | u64::from(*byte)))
}

/// Takes one tag, length, value off the front.
fn part<'a>(rest: &mut &'a [u8]) -> Option<(u8, &'a [u8])> {
    let (tag, after) = rest.split_first()?;
    let (first, mut after) = after.split_first()?;
    let mut length = usize::from(*first);
    if *first >= 0x80 {
        let (bytes, more) = after.split_at_checked(usize::from(first & 0x7f))?;
        length = bytes.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
        after = more;
    }
    let (value, after) = after.split_at_checked(length)?;
    *rest = after;
    Some((*tag, value))
}

fn base_and_scope(search: &[u8]) -> (String, u8) {
    let mut rest = search;
    let base =
        part(&mut rest).map(|(_, base)| String::from_utf8_lossy(base).into_owned()).unwrap_or_default();
    let scope = part(&mut rest).and_then(|(_, scope)| scope.first().copied()).unwrap_or(2);
    (base, scope)
}

fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag];
    match u8::try_from(value.len()) {
        Ok(short @ ..0x80) => bytes.push(short),
        _ => {
            bytes.push(0x84);
            bytes.extend(u32::try_from(value.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
    }
    bytes.extend(value);
    bytes
}

fn message(id: i64, operation: &[u8], controls: Option<&[u8]>) -> Vec<u8> {
    let id = tlv(0x02, &u32::try_from(id & 0x7fff_ffff).unwrap_or(0).to_be_bytes());
    let controls = controls.map(|list| tlv(0xa0, list)).unwrap_or_default();
    tlv(0x30, &[id.as_slice(), operation, &controls].concat())
}

fn result(tag: u8, code: u8) -> Vec<u8> {
    tlv(tag, &[tlv(0x0a, &[code]), tlv(0x04, b""), tlv(0x04, b"")].concat())
}

fn control(oid: &str, value: &[u8]) -> Vec<u8> {
    tlv(0x30, &[tlv(0x04, oid.as_bytes()), tlv(0x04, value)].concat())
}

fn attribute(name: &[u8], values: &[&[u8]]) -> Vec<u8> {
    let values: Vec<u8> = values.iter().flat_map(|value| tlv(0x04, value)).collect();
    tlv(0x30, &[tlv(0x04, name), tlv(0x31, &values)].concat())
}

fn entry(dn: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0x64, &[tlv(0x04, dn), tlv(0x30, &attribute(name, &[value]))].concat())
}

/// The search base, in a directory that is newer than any other.
fn base_entry(dn: &str) -> Vec<u8> {
    let list = [
        attribute(b"objectClass", &[b"domain"]),
        attribute(b"entryUUID", &[b"597ae2f6-16a6-1027-98f4-d28b5365dc14"]),
        attribute(b"contextCSN", &[b"20991231235959.000000Z#000000#000#000000"]),
    ];
    tlv(0x64, &[tlv(0x04, dn.as_bytes()), tlv(0x30, &list.concat())].concat())
}

/// A rootDSE that promises what the client needs.
fn root(suffix: &str) -> Vec<u8> {
    let list = [
        attribute(b"namingContexts", &[suffix.as_bytes()]),
        attribute(b"supportedLDAPVersion", &[b"3"]),
        attribute(b"supportedControl", &[b"1.3.6.1.4.1.4203.1.9.1.1", b"1.2.840.113556.1.4.319"]),
    ];
    tlv(0x64, &[tlv(0x04, b""), tlv(0x30, &list.concat())].concat())
}
