//! The part of BER (X.690) that LDAP uses (RFC 4511 section 5.1): definite lengths, tags of one octet.
//!
//! **Invariant:** [`Reader`] borrows, never recurses and never reads past its input; nesting is only as deep
//! as the caller's own code goes.

/// Tags of one octet.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0a;
    /// SEQUENCE, SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET, SET OF.
    pub const SET: u8 = 0x31;
}

/// Why octets are no message of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The input ends inside an element.
    #[error("the message ends inside {what}")]
    Truncated {
        /// The element.
        what: &'static str,
    },
    /// A length of the indefinite form, which RFC 4511 forbids.
    #[error("indefinite length, which LDAP forbids, in {what}")]
    IndefiniteLength {
        /// The element.
        what: &'static str,
    },
    /// A length of more than four octets.
    #[error("a length of more than four octets in {what}")]
    LengthTooLong {
        /// The element.
        what: &'static str,
    },
    /// Another element than the protocol has here.
    #[error("expected {what} (tag 0x{expected:02x}), found tag 0x{found:02x}")]
    Tag {
        /// The element.
        what: &'static str,
        /// Its tag.
        expected: u8,
        /// What is there.
        found: u8,
    },
    /// A number outside its range.
    #[error("{what} is out of range")]
    Range {
        /// The number.
        what: &'static str,
    },
    /// Text that is not UTF-8.
    #[error("{what} is not UTF-8")]
    Utf8 {
        /// The text.
        what: &'static str,
    },
    /// Octets after the end of an element.
    #[error("octets are left over after {what}")]
    Trailing {
        /// The element.
        what: &'static str,
    },
    /// A message that a server never sends to a client.
    #[error("operation tag 0x{found:02x} is no response")]
    Operation {
        /// The tag.
        found: u8,
    },
    /// More elements than [`crate::message::MAX_VALUES`] or [`crate::message::MAX_ATTRIBUTES`].
    #[error("more than {limit} values or attributes in one message")]
    TooMany {
        /// The most there may be.
        limit: usize,
    },
    /// A message larger than the client takes.
    #[error("a message of {size} bytes; at most {limit} are taken (`max_message_bytes`)")]
    TooLarge {
        /// Bytes the server announced.
        size: usize,
        /// Bytes that are taken.
        limit: usize,
    },
}

/// Reads elements one after another from borrowed octets.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader over the content of an element, or a whole message.
    pub fn new(octets: &'a [u8]) -> Self {
        Self { rest: octets }
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element whatever its tag: tag and content.
    #[inline]
    pub fn any(&mut self, what: &'static str) -> Result<(u8, &'a [u8]), DecodeError> {
        let (tag, length, header) = match *self.rest {
            [tag, length @ 0..=0x7f, ..] => (tag, usize::from(length), 2),
            [tag, 0x81, a, ..] => (tag, usize::from(a), 3),
            [tag, 0x82, a, b, ..] => (tag, usize::from(a) << 8 | usize::from(b), 4),
            [tag, 0x83, a, b, c, ..] => (tag, usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c), 5),
            [tag, 0x84, a, b, c, d, ..] => {
                let high = usize::from(a) << 24 | usize::from(b) << 16;
                (tag, high | usize::from(c) << 8 | usize::from(d), 6)
            }
            [_, 0x80, ..] => return Err(DecodeError::IndefiniteLength { what }),
            [_, 0x85..=0xff, ..] => return Err(DecodeError::LengthTooLong { what }),
            _ => return Err(DecodeError::Truncated { what }),
        };
        let content = self.rest.get(header..).and_then(|rest| rest.split_at_checked(length));
        let (content, rest) = content.ok_or(DecodeError::Truncated { what })?;
        self.rest = rest;
        Ok((tag, content))
    }

    /// The content of the next element, which must have the tag.
    #[inline]
    pub fn expect(&mut self, expected: u8, what: &'static str) -> Result<&'a [u8], DecodeError> {
        match self.any(what)? {
            (found, content) if found == expected => Ok(content),
            (found, _) => Err(DecodeError::Tag { what, expected, found }),
        }
    }

    /// The content of the next element if it has the tag; else nothing is read.
    pub fn optional(&mut self, tag: u8, what: &'static str) -> Result<Option<&'a [u8]>, DecodeError> {
        if self.peek() == Some(tag) { self.any(what).map(|(_, content)| Some(content)) } else { Ok(None) }
    }

    /// A SEQUENCE, to be read by itself.
    pub fn sequence(&mut self, what: &'static str) -> Result<Reader<'a>, DecodeError> {
        self.expect(tag::SEQUENCE, what).map(Reader::new)
    }

    /// The octets of an OCTET STRING.
    #[inline]
    pub fn octets(&mut self, what: &'static str) -> Result<&'a [u8], DecodeError> {
        self.expect(tag::OCTET_STRING, what)
    }

    /// An OCTET STRING that holds UTF-8 text.
    #[inline]
    pub fn text(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.octets(what)?).map_err(|_| DecodeError::Utf8 { what })
    }

    /// An INTEGER or ENUMERATED (as `tag` says) of at most 64 bits.
    pub fn integer(&mut self, tag: u8, what: &'static str) -> Result<i64, DecodeError> {
        let content = self.expect(tag, what)?;
        let first = *content.first().ok_or(DecodeError::Range { what })?;
        if content.len() > 8 {
            return Err(DecodeError::Range { what });
        }
        let start = if first & 0x80 == 0 { 0 } else { -1 };
        Ok(content.iter().fold(start, |value, octet| value << 8 | i64::from(*octet)))
    }

    /// Fails where something is left.
    pub fn finish(&self, what: &'static str) -> Result<(), DecodeError> {
        if self.is_empty() { Ok(()) } else { Err(DecodeError::Trailing { what }) }
    }
}

/// How much of a message stands at the start of a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Not all of it; at least so many bytes in all are needed.
    Needs(usize),
    /// All of it: so many bytes.
    Whole(usize),
}

/// Looks for a whole LDAPMessage at the start of `buffer`, without waiting for one that will be larger than
/// `limit` bytes.
///
/// # Errors
/// [`DecodeError`] where no LDAPMessage starts here, or too large a one.
pub fn frame(buffer: &[u8], limit: usize) -> Result<Frame, DecodeError> {
    const WHAT: &str = "an LDAP message";
    let Some(first) = buffer.first() else { return Ok(Frame::Needs(2)) };
    if *first != tag::SEQUENCE {
        return Err(DecodeError::Tag { what: WHAT, expected: tag::SEQUENCE, found: *first });
    }
    let Some(length) = buffer.get(1) else { return Ok(Frame::Needs(2)) };
    let (header, length) = match *length {
        0x80 => return Err(DecodeError::IndefiniteLength { what: WHAT }),
        short @ 0..=0x7f => (2, usize::from(short)),
        long @ 0x81..=0x84 => {
            let octets = usize::from(long & 0x7f);
            match buffer.get(2..2 + octets) {
                Some(length) => (2 + octets, length.iter().fold(0, |n, b| n << 8 | usize::from(*b))),
                None => return Ok(Frame::Needs(2 + octets)),
            }
        }
        _ => return Err(DecodeError::LengthTooLong { what: WHAT }),
    };
    let size = header + length;
    if size > limit {
        return Err(DecodeError::TooLarge { size, limit });
    }
    Ok(if buffer.len() >= size { Frame::Whole(size) } else { Frame::Needs(size) })
}

/// Writes elements.
#[derive(Clone, Debug, Default)]
pub struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// An empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// An element whose content is written by `content`.
    pub fn constructed(&mut self, tag: u8, content: impl FnOnce(&mut Self)) {
        let mut inner = Self::new();
        content(&mut inner);
        self.primitive(tag, &inner.out);
    }

    /// An element with this content.
    pub fn primitive(&mut self, tag: u8, content: &[u8]) {
        self.out.push(tag);
        let length = content.len().to_be_bytes();
        let significant: Vec<u8> = length.iter().copied().skip_while(|b| *b == 0).collect();
        match significant.as_slice() {
            [] => self.out.push(0),
            [short @ 0..=0x7f] => self.out.push(*short),
            long => {
                // At most eight octets of length, so the sum fits.
                self.out.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
                self.out.extend_from_slice(long);
            }
        }
        self.out.extend_from_slice(content);
    }

    /// An OCTET STRING.
    pub fn octets(&mut self, content: &[u8]) {
        self.primitive(tag::OCTET_STRING, content);
    }

    /// An INTEGER or ENUMERATED, as `tag` says.
    pub fn integer(&mut self, tag: u8, value: i64) {
        let octets = value.to_be_bytes();
        let mut content = octets.as_slice();
        // The shortest two's complement form.
        while let [first, second, ..] = content {
            let redundant = (*first == 0 && second & 0x80 == 0) || (*first == 0xff && second & 0x80 != 0);
            let Some(shorter) = content.get(1..).filter(|_| redundant) else { break };
            content = shorter;
        }
        self.primitive(tag, content);
    }

    /// A BOOLEAN.
    pub fn boolean(&mut self, value: bool) {
        self.primitive(tag::BOOLEAN, &[if value { 0xff } else { 0 }]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536, 1 << 24] {
            let mut writer = Writer::new();
            writer.octets(&vec![7; length]);
            let bytes = writer.into_bytes();
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.octets("x").map(<[u8]>::len), Ok(length));
            assert!(reader.is_empty());
        }
    }

    #[test]
    fn integers_are_shortest() {
        let check = |value: i64, expect: &[u8]| {
            let mut writer = Writer::new();
            writer.integer(tag::INTEGER, value);
            let bytes = writer.into_bytes();
            assert_eq!(&bytes[2..], expect, "{value}");
            assert_eq!(Reader::new(&bytes).integer(tag::INTEGER, "x"), Ok(value));
        };
        check(0, &[0]);
        check(127, &[127]);
        check(128, &[0, 128]);
        check(-1, &[0xff]);
        check(-128, &[0x80]);
        check(-129, &[0xff, 0x7f]);
        check(4096, &[0x10, 0]);
        check(-2_147_483_648, &[0x80, 0, 0, 0]);
        check(i64::MIN, &[0x80, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn refuses_what_is_no_ber() {
        let what = "x";
        let check = |octets: &[u8], expect: DecodeError| {
            assert_eq!(Reader::new(octets).any(what).map(|_| ()), Err(expect), "{octets:x?}");
        };
        check(&[], DecodeError::Truncated { what });
        check(&[4], DecodeError::Truncated { what });
        check(&[4, 2, 1], DecodeError::Truncated { what });
        check(&[4, 0x80, 0, 0], DecodeError::IndefiniteLength { what });
        check(&[4, 0x82, 1], DecodeError::Truncated { what });
        check(&[4, 0x85, 0, 0, 0, 0, 0], DecodeError::LengthTooLong { what });
        check(&[4, 0x84, 0xff, 0xff, 0xff, 0xff, 0], DecodeError::Truncated { what });
        assert_eq!(
            Reader::new(&[2, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0]).integer(2, what),
            Err(DecodeError::Range { what })
        );
        assert_eq!(Reader::new(&[2, 0]).integer(2, what), Err(DecodeError::Range { what }));
    }

    #[test]
    fn frames_are_found_and_bounded() {
        assert_eq!(frame(&[], 100), Ok(Frame::Needs(2)));
        assert_eq!(frame(&[0x30], 100), Ok(Frame::Needs(2)));
        assert_eq!(frame(&[0x30, 3, 1], 100), Ok(Frame::Needs(5)));
        assert_eq!(frame(&[0x30, 1, 1, 9, 9], 100), Ok(Frame::Whole(3)));
        assert_eq!(frame(&[0x30, 0x82, 1], 100), Ok(Frame::Needs(4)));
        assert_eq!(
            frame(&[0x30, 0x84, 6, 0, 0, 0], 100),
            Err(DecodeError::TooLarge { size: 100_663_302, limit: 100 })
        );
        assert!(frame(b"HTTP/1.1 400 Bad Request", 100).is_err());
        assert!(frame(&[0x30, 0x80], 100).is_err());
        assert!(frame(&[0x30, 0xff], 100).is_err());
    }
}
