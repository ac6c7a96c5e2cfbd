//! Server-Sent Events (WHATWG HTML, section 9.2): the fields `event` and `data`; comments are passed over.
//!
//! **Invariant:** never holds more than the two limits, whatever is sent.

/// Bytes one line may have.
pub const MAX_LINE_BYTES: usize = 1024 * 1024;
/// Bytes the data of one event may have.
pub const MAX_EVENT_BYTES: usize = 4 * 1024 * 1024;
/// Bytes an event's type may have.
const MAX_TYPE_BYTES: usize = 256;

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its type; `message` where none was given.
    pub event: String,
    /// Its data, lines joined by `\n`.
    pub data: String,
}

/// Why a stream is no event stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    /// A line is longer than [`MAX_LINE_BYTES`].
    #[error("a line of the event stream has more than {MAX_LINE_BYTES} bytes")]
    LineTooLong,
    /// An event is longer than [`MAX_EVENT_BYTES`].
    #[error("an event has more than {MAX_EVENT_BYTES} bytes")]
    EventTooLong,
    /// Not UTF-8.
    #[error("the event stream is not UTF-8 text")]
    NotText,
}

/// Reads events out of chunks of bytes.
#[derive(Debug, Default)]
pub struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    started: bool,
    event: String,
    data: String,
    has_data: bool,
}

impl Parser {
    /// A parser at the start of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a chunk and appends the events that it completes to `out`.
    ///
    /// # Errors
    /// [`SseError`]; the stream cannot be read on after it.
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<Event>) -> Result<(), SseError> {
        for &byte in chunk {
            let after_cr = std::mem::take(&mut self.after_cr);
            match byte {
                b'\n' if after_cr => {}
                b'\n' => self.end_line(out)?,
                b'\r' => {
                    self.after_cr = true;
                    self.end_line(out)?;
                }
                _ if self.line.len() >= MAX_LINE_BYTES => return Err(SseError::LineTooLong),
                _ => self.line.push(byte),
            }
        }
        Ok(())
    }

    fn end_line(&mut self, out: &mut Vec<Event>) -> Result<(), SseError> {
        let line = std::mem::take(&mut self.line);
        let mut text = std::str::from_utf8(&line).map_err(|_| SseError::NotText)?;
        if !std::mem::replace(&mut self.started, true) {
            text = text.strip_prefix('\u{feff}').unwrap_or(text);
        }
        if text.is_empty() {
            if std::mem::take(&mut self.has_data) {
                let event = std::mem::take(&mut self.event);
                let event = if event.is_empty() { "message".to_owned() } else { event };
                out.push(Event { event, data: std::mem::take(&mut self.data) });
            }
            self.event.clear();
        } else {
            let (field, value) = text.split_once(':').unwrap_or((text, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" if value.len() <= MAX_TYPE_BYTES => value.clone_into(&mut self.event),
                "event" => return Err(SseError::EventTooLong),
                "data" => {
                    if self.data.len() + value.len() + 1 > MAX_EVENT_BYTES {
                        return Err(SseError::EventTooLong);
                    }
                    if std::mem::replace(&mut self.has_data, true) {
                        self.data.push('\n');
                    }
                    self.data.push_str(value);
                }
                _ => {}
            }
        }
        // The line's memory is used again, unless it grew large.
        if line.capacity() <= 64 * 1024 {
            self.line = line;
            self.line.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &[u8]) -> Result<Vec<(String, String)>, SseError> {
        let mut out = Vec::new();
        Parser::new().push(text, &mut out)?;
        Ok(out.into_iter().map(|e| (e.event, e.data)).collect())
    }

    fn check(text: &str, expect: &[(&str, &str)]) {
        let expect: Vec<_> = expect.iter().map(|(e, d)| ((*e).to_owned(), (*d).to_owned())).collect();
        assert_eq!(read(text.as_bytes()), Ok(expect), "{text:?}");
    }

    #[test]
    fn reads_events() {
        check("event: order\ndata: {}\n\n", &[("order", "{}")]);
        check("\u{feff}data:a\r\ndata: b\r\rdata\r\r", &[("message", "a\nb"), ("message", "")]);
        check(": ping\n\n: ping\n\nid: 7\nretry: 9\nevent: x\n\ndata: y\n\n", &[("message", "y")]);
        check("data: never ended", &[]);
    }

    #[test]
    fn refuses_what_has_no_end() {
        assert_eq!(read(&vec![b'x'; MAX_LINE_BYTES + 1]), Err(SseError::LineTooLong));
        let line = format!("data: {}\n", "y".repeat(MAX_LINE_BYTES - 10));
        assert_eq!(read(line.repeat(5).as_bytes()), Err(SseError::EventTooLong));
        assert_eq!(read(format!("event: {}\n", "z".repeat(300)).as_bytes()), Err(SseError::EventTooLong));
        assert_eq!(read(b"data: \xff\n"), Err(SseError::NotText));
    }

    proptest! {
        /// However the bytes are cut into chunks, the events are the same.
        #[test]
        fn chunks_do_not_matter(text in "(event: [a-c]{0,3}|data: ?[a-c]{0,3}|: x|[a-z]{0,4}|\r|\n|\r\n){0,30}", cut in 1_usize..7) {
            let whole = read(text.as_bytes());
            let mut parser = Parser::new();
            let mut out = Vec::new();
            for chunk in text.as_bytes().chunks(cut) {
                parser.push(chunk, &mut out).unwrap();
            }
            prop_assert_eq!(whole, Ok(out.into_iter().map(|e| (e.event, e.data)).collect::<Vec<_>>()));
        }
    }
}
