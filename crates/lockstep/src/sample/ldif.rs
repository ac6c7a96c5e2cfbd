//! Writes LDIF (RFC 2849) records, and escapes DNs (RFC 4514). Lines are not folded: RFC 2849 allows it, and
//! slapadd reads them faster.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::{Display, Write as _};
use std::io;

/// Records on their way to a writer, through one buffer.
pub(super) struct LdifWriter<'a, W: io::Write> {
    to: &'a mut W,
    buffer: String,
    /// Scratch for values that are made of pieces.
    piece: String,
    entries: u64,
}

/// The buffer goes out at this size, in bytes. A record is written in pieces where it is longer.
const FLUSH_BYTES: usize = 1 << 16;

impl<'a, W: io::Write> LdifWriter<'a, W> {
    pub(super) fn new(to: &'a mut W) -> Self {
        // No `version: 1` line, as slapcat writes none: slapadd takes it for an entry without a DN.
        Self { to, buffer: String::new(), piece: String::new(), entries: 0 }
    }

    /// How many records were begun.
    pub(super) const fn entries(&self) -> u64 {
        self.entries
    }

    /// Begins a record.
    pub(super) fn begin(&mut self, dn: &str) {
        self.entries += 1;
        self.put("dn", dn);
    }

    /// An attribute with one value.
    pub(super) fn put(&mut self, name: &str, value: &str) {
        self.buffer.push_str(name);
        if is_safe(value.as_bytes()) {
            self.buffer.push_str(": ");
            self.buffer.push_str(value);
        } else {
            self.buffer.push_str(":: ");
            STANDARD.encode_string(value, &mut self.buffer);
        }
        self.buffer.push('\n');
    }

    /// An attribute whose value is written out of pieces.
    pub(super) fn put_args(&mut self, name: &str, value: impl Display) {
        let mut piece = std::mem::take(&mut self.piece);
        piece.clear();
        // Writing to a String cannot fail.
        let _ = write!(piece, "{value}");
        self.put(name, &piece);
        self.piece = piece;
    }

    /// An attribute whose value is bytes.
    pub(super) fn put_bytes(&mut self, name: &str, value: &[u8]) {
        self.buffer.push_str(name);
        self.buffer.push_str(":: ");
        STANDARD.encode_string(value, &mut self.buffer);
        self.buffer.push('\n');
    }

    /// The object classes, most special last.
    pub(super) fn classes(&mut self, classes: &[&str]) {
        for class in classes {
            self.put("objectClass", class);
        }
    }

    /// Ends a record.
    pub(super) fn end(&mut self) -> io::Result<()> {
        self.buffer.push('\n');
        self.drain()
    }

    /// Lets what is written so far go out, so that a group of half a million members needs no more memory
    /// than one of ten.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        if self.buffer.len() >= FLUSH_BYTES {
            self.to.write_all(self.buffer.as_bytes())?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Writes the rest.
    pub(super) fn finish(self) -> io::Result<u64> {
        self.to.write_all(self.buffer.as_bytes())?;
        self.to.flush()?;
        Ok(self.entries)
    }
}

/// RFC 2849's SAFE-STRING; a trailing space is not forbidden there, but lost by too many editors.
fn is_safe(value: &[u8]) -> bool {
    let first = value.first().is_none_or(|b| !matches!(b, b' ' | b':' | b'<'));
    first
        && value.last().is_none_or(|b| *b != b' ')
        && value.iter().all(|b| b.is_ascii() && !matches!(b, 0 | b'\n' | b'\r'))
}

/// Appends an attribute value as it must stand in a DN (RFC 4514 section 2.4).
pub(super) fn escape_into(to: &mut String, value: &str) {
    let last = value.len().saturating_sub(1);
    for (at, c) in value.char_indices() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => {
                to.push('\\');
                to.push(c);
            }
            '#' if at == 0 => to.push_str("\\#"),
            ' ' if at == 0 || at == last => to.push_str("\\20"),
            '\0' => to.push_str("\\00"),
            other => to.push(other),
        }
    }
}

/// [`escape_into`] a new text.
pub(super) fn escaped(value: &str) -> String {
    let mut to = String::with_capacity(value.len() + 4);
    escape_into(&mut to, value);
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dn_values_are_escaped() {
        for (value, expect) in [
            ("Ann", "Ann"),
            ("Müller, Ann", "Müller\\, Ann"),
            ("#1 + 2", "\\#1 \\+ 2"),
            ("a#b", "a#b"),
            ("x ", "x\\20"),
            (" x", "\\20x"),
            ("d\\o\"m;<=>", "d\\\\o\\\"m\\;\\<\\=\\>"),
        ] {
            assert_eq!(escaped(value), expect);
        }
    }

    #[test]
    fn values_that_are_not_safe_are_base64() {
        let mut out = Vec::new();
        let mut ldif = LdifWriter::new(&mut out);
        ldif.begin("cn=é");
        for value in ["plain", "é", " lead", "trail ", ":colon", "<less", "a:b"] {
            ldif.put("cn", value);
        }
        ldif.end().unwrap();
        ldif.finish().unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "dn:: Y249w6k=\ncn: plain\ncn:: w6k=\ncn:: IGxlYWQ=\ncn:: dHJhaWwg\ncn:: OmNvbG9u\n\
             cn:: PGxlc3M=\ncn: a:b\n\n"
        );
    }
}
