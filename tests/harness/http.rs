//! A small blocking HTTP/1.1 client, so that a test can also send what no proper client would.
//! One connection a request; answers are read whole, within a size and a time limit.

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Bytes of an answer that are read at most.
const MAX_ANSWER_BYTES: u64 = 256 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(75);

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, in the order of the wire.
    pub headers: Vec<(String, String)>,
    /// The body; empty where only the head was asked for.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of a name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The body as text, for messages.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("HTTP {}: {}", self.status, self.text()))
    }
}

/// Sends a request with `Connection: close` and reads the answer whole; of an event stream, the head only.
///
/// # Errors
/// No connection, no answer in time, or no HTTP.
pub fn request(
    to: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: Option<&[u8]>,
) -> Result<Answer> {
    let mut head = format!("{method} {target} HTTP/1.1\r\nHost: {to}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if let Some(body) = body {
        head.push_str(&format!("Content-Length: {}\r\n", body.len()));
    }
    head.push_str("\r\n");
    raw(to, head.as_bytes(), body.unwrap_or_default())
}

/// Sends bytes as they are and reads an answer.
///
/// # Errors
/// As [`request`].
pub fn raw(to: SocketAddr, head: &[u8], body: &[u8]) -> Result<Answer> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE).with_context(|| format!("connect to {to}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    writer.write_all(head).context("send the head")?;
    // A server may answer before it has read a body that it does not want: that answer is what counts.
    let sent = writer.write_all(body).and_then(|()| writer.flush());
    match read_answer(&mut BufReader::new(stream)) {
        Ok(answer) => Ok(answer),
        Err(error) => match sent {
            Ok(()) => Err(error),
            Err(cause) => Err(error.context(format!("the body could not be sent whole: {cause}"))),
        },
    }
}

fn read_answer(from: &mut impl BufRead) -> Result<Answer> {
    let line = read_line(from)?;
    let mut words = line.split(' ');
    let version = words.next().unwrap_or_default();
    ensure!(version.starts_with("HTTP/1."), "no HTTP answer but {line:?}");
    let status =
        words.next().unwrap_or_default().parse::<u16>().with_context(|| format!("status of {line:?}"))?;
    let mut headers = Vec::new();
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').with_context(|| format!("header {line:?}"))?;
        headers.push((name.trim().to_lowercase(), value.trim().to_owned()));
    }
    let mut answer = Answer { status, headers, body: Vec::new() };
    if answer.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")) {
        return Ok(answer);
    }
    if answer.header("transfer-encoding").is_some_and(|kind| kind.eq_ignore_ascii_case("chunked")) {
        answer.body = read_chunks(from)?;
    } else if let Some(length) = answer.header("content-length") {
        let length: u64 = length.parse().context("content-length")?;
        ensure!(length <= MAX_ANSWER_BYTES, "an answer of {length} bytes");
        from.take(length).read_to_end(&mut answer.body).context("read the body")?;
    }
    Ok(answer)
}

fn read_chunks(from: &mut impl BufRead) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(from)?;
        let size = u64::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
            .with_context(|| format!("chunk size {line:?}"))?;
        ensure!(
            body.len() as u64 + size <= MAX_ANSWER_BYTES,
            "an answer of more than {MAX_ANSWER_BYTES} bytes"
        );
        if size == 0 {
            return Ok(body);
        }
        let read = from.by_ref().take(size).read_to_end(&mut body).context("read a chunk")?;
        ensure!(read as u64 == size, "a chunk ended early");
        read_line(from)?;
    }
}

fn read_line(from: &mut impl BufRead) -> Result<String> {
    let mut line = Vec::new();
    from.by_ref().take(64 * 1024).read_until(b'\n', &mut line).context("read the answer's head")?;
    if line.is_empty() {
        bail!("the connection was closed without an answer");
    }
    Ok(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}

/// A text as it may stand in a path or a query.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
