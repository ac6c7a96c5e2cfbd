//! The parser of RFC 4514 section 3, without recursion.

use super::{AttributeValue, Dn, DnError, MAX_BYTES, MAX_RDNS, Rdn, Value};

pub(super) fn dn(text: &str) -> Result<Dn, DnError> {
    if text.len() > MAX_BYTES {
        return Err(DnError::TooLong { found: text.len() });
    }
    let mut cursor = Cursor::new(text.as_bytes());
    cursor.skip_spaces();
    let mut rdns = Vec::new();
    if cursor.peek().is_none() {
        return Ok(Dn { rdns });
    }
    loop {
        let (rdn, more) = rdn(&mut cursor)?;
        rdns.push(rdn);
        if !more {
            return Ok(Dn { rdns });
        }
        if rdns.len() == MAX_RDNS {
            return Err(DnError::TooManyComponents);
        }
    }
}

/// Whether a text is an attribute type: a name (letter, then letters, digits, hyphens) or a dotted OID.
pub(super) fn is_attribute_type(text: &str) -> bool {
    let oid =
        text.get(..4).filter(|p| p.eq_ignore_ascii_case("oid.")).and_then(|_| text.get(4..)).unwrap_or(text);
    let name = text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    name || oid.split('.').all(|arc| !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()))
}

/// The octets of a BER string (OCTET STRING, UTF8String, PrintableString, IA5String) that fills the input.
pub(super) fn ber_string(ber: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = ber.split_first()?;
    if !matches!(tag, 0x04 | 0x0c | 0x13 | 0x16) {
        return None;
    }
    let (length, rest) = rest.split_first()?;
    let (length, content) = match length {
        0..=127 => (usize::from(*length), rest),
        0x81 => rest.split_first().map(|(l, content)| (usize::from(*l), content))?,
        0x82 => match rest {
            [high, low, content @ ..] => (usize::from(*high) << 8 | usize::from(*low), content),
            _ => return None,
        },
        _ => return None,
    };
    (content.len() == length).then_some(content)
}

/// Where a reader of a name stands.
pub(super) struct Cursor<'a> {
    octets: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0 }
    }

    /// Passes an RDN of this length and the comma after it. Answers whether there was one.
    pub(super) fn skip(&mut self, length: usize) -> bool {
        self.at += length;
        let comma = self.peek() == Some(b',');
        self.at += usize::from(comma);
        comma
    }

    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn take_while(&mut self, keep: impl Fn(u8) -> bool) -> &'a [u8] {
        let start = self.at;
        while self.peek().is_some_and(&keep) {
            self.at += 1;
        }
        self.octets.get(start..self.at).unwrap_or(&[])
    }

    fn hex_pair(&self, at: usize) -> Option<u8> {
        let digit = |at: usize| self.octets.get(at).and_then(|b| char::from(*b).to_digit(16));
        u8::try_from(digit(at)? << 4 | digit(at + 1)?).ok()
    }
}

/// One RDN, and whether a comma follows.
pub(super) fn rdn(cursor: &mut Cursor<'_>) -> Result<(Rdn, bool), DnError> {
    let mut values = Vec::with_capacity(1);
    loop {
        cursor.skip_spaces();
        let at = cursor.at;
        let attribute = cursor.take_while(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
        let attribute = std::str::from_utf8(attribute).unwrap_or_default();
        if !is_attribute_type(attribute) {
            return Err(DnError::AttributeType { at });
        }
        cursor.skip_spaces();
        if cursor.peek() != Some(b'=') {
            return Err(DnError::Equals { at: cursor.at });
        }
        cursor.at += 1;
        cursor.skip_spaces();
        let value = if cursor.peek() == Some(b'#') { hex_string(cursor)? } else { text(cursor)? };
        values.push(AttributeValue { attribute: attribute.into(), value });
        let next = cursor.peek();
        cursor.at += 1;
        match next {
            None => return Ok((Rdn { values }, false)),
            Some(b',') => return Ok((Rdn { values }, true)),
            _ if values.len() == MAX_RDNS => return Err(DnError::TooManyComponents),
            _ => {}
        }
    }
}

/// `#` and hex pairs; stops before `,` `+` or the end.
fn hex_string(cursor: &mut Cursor<'_>) -> Result<Value, DnError> {
    let at = cursor.at;
    cursor.at += 1;
    let mut octets = Vec::new();
    while let Some(octet) = cursor.hex_pair(cursor.at) {
        octets.push(octet);
        cursor.at += 2;
    }
    cursor.skip_spaces();
    match cursor.peek() {
        None | Some(b',' | b'+') if !octets.is_empty() => Ok(Value::Ber(octets)),
        _ => Err(DnError::HexString { at }),
    }
}

/// A value as text; stops before an unescaped `,` `+` or the end. Unescaped spaces at the end are dropped.
fn text(cursor: &mut Cursor<'_>) -> Result<Value, DnError> {
    let mut octets = Vec::new();
    let mut significant = 0;
    while let Some(byte) = cursor.peek() {
        match byte {
            b',' | b'+' => break,
            b'\\' => {
                let at = cursor.at;
                if let Some(octet) = cursor.hex_pair(at + 1) {
                    octets.push(octet);
                    cursor.at += 3;
                } else {
                    match cursor.octets.get(at + 1) {
                        Some(
                            special @ (b'"' | b'+' | b',' | b';' | b'<' | b'>' | b'\\' | b' ' | b'#' | b'='),
                        ) => {
                            octets.push(*special);
                        }
                        _ => return Err(DnError::Escape { at }),
                    }
                    cursor.at += 2;
                }
                significant = octets.len();
            }
            b'"' | b';' | b'<' | b'>' | 0 => return Err(DnError::Unescaped { at: cursor.at }),
            _ => {
                octets.push(byte);
                cursor.at += 1;
                if byte != b' ' {
                    significant = octets.len();
                }
            }
        }
    }
    octets.truncate(significant);
    Ok(Value::Text(octets))
}
