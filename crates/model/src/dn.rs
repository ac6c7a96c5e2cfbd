//! Distinguished names (RFC 4514): parsing, writing, and the normalized form by which they are compared.
//!
//! Two ways to normalize: [`Dn::normalized`] on a parsed name, and [`normalize`], which parses only the RDNs
//! that are not plain and is meant for member lists with a million values. Both give the same text.
//!
//! **Invariant:** `normalize(x)` equals `Dn::parse(x).normalized()`, and normalizing twice changes nothing.

mod fold;
mod parse;
mod quick;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Bytes a distinguished name may have.
pub const MAX_BYTES: usize = 16 * 1024;
/// RDNs a distinguished name may have, and attribute values one RDN may have.
pub const MAX_RDNS: usize = 256;

/// A distinguished name, as written: attribute types keep their case, values are unescaped.
///
/// Equality is that of the written form; compare [`Dn::normalized`] to ask whether two names mean one entry.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dn {
    /// From the entry itself (leftmost) up to the root.
    rdns: Vec<Rdn>,
}

/// A relative distinguished name: one attribute value, or several joined by `+`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rdn {
    values: Vec<AttributeValue>,
}

/// One attribute type with its value in an RDN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttributeValue {
    attribute: CompactString,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Value {
    /// The octets of the value, unescaped. UTF-8 but for values that a server escaped byte by byte.
    Text(Vec<u8>),
    /// `#` and hex pairs: the BER encoding of the value.
    Ber(Vec<u8>),
}

/// Why a text is no distinguished name. Positions count bytes from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// Longer than [`MAX_BYTES`].
    #[error("a distinguished name has at most {MAX_BYTES} bytes, this one has {found}")]
    TooLong {
        /// Bytes found.
        found: usize,
    },
    /// More than [`MAX_RDNS`] RDNs, or values in one RDN.
    #[error("a distinguished name has at most {MAX_RDNS} components")]
    TooManyComponents,
    /// An attribute type is missing, or has a character that RFC 4512 does not allow in one.
    #[error("expected an attribute type such as `cn` at byte {at}")]
    AttributeType {
        /// Where.
        at: usize,
    },
    /// No `=` after the attribute type.
    #[error("expected `=` at byte {at}")]
    Equals {
        /// Where.
        at: usize,
    },
    /// `"`, `;`, `<`, `>` or a zero byte in a value.
    #[error("character at byte {at} must be escaped with a backslash")]
    Unescaped {
        /// Where.
        at: usize,
    },
    /// A backslash is not followed by a special character or two hex digits.
    #[error("backslash at byte {at} must be followed by a special character or two hex digits")]
    Escape {
        /// Where.
        at: usize,
    },
    /// `#` is not followed by hex pairs alone.
    #[error("`#` at byte {at} must be followed by pairs of hex digits")]
    HexString {
        /// Where.
        at: usize,
    },
}

impl Dn {
    /// Reads the string form of RFC 4514. Spaces around `,` `+` `=` are taken and dropped (RFC 2253 section 4);
    /// the empty text is the root.
    ///
    /// # Errors
    /// [`DnError`] where the text is longer, has more components, or is formed in another way than the RFC allows.
    pub fn parse(text: &str) -> Result<Self, DnError> {
        parse::dn(text)
    }

    /// The root: a name without components.
    pub fn root() -> Self {
        Self::default()
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.rdns.is_empty()
    }

    /// The components, from the entry itself up to the root.
    pub fn rdns(&self) -> &[Rdn] {
        &self.rdns
    }

    /// The name of the entry above; none for the root.
    pub fn parent(&self) -> Option<Self> {
        self.rdns.split_first().map(|(_, above)| Self { rdns: above.to_vec() })
    }

    /// The value of the first attribute of the first component, if it is text: `Ann` of `cn=Ann,ou=people`.
    pub fn first_value(&self) -> Option<&str> {
        self.rdns.first()?.values.first()?.text()
    }

    /// Whether the entry is `base` or lies below it.
    pub fn is_within(&self, base: &Self) -> bool {
        let Some(offset) = self.rdns.len().checked_sub(base.rdns.len()) else { return false };
        self.rdns.iter().skip(offset).zip(&base.rdns).all(|(a, b)| {
            let (mut left, mut right) = (String::new(), String::new());
            a.write_normalized(&mut left);
            b.write_normalized(&mut right);
            left == right
        })
    }

    /// The name of an entry below this one: `base.child("uid", "ann")` is `uid=ann,<base>`. The value needs no
    /// escaping.
    ///
    /// # Errors
    /// [`DnError::AttributeType`] where `attribute` is none; the limits as in [`Dn::parse`].
    pub fn child(&self, attribute: &str, value: &str) -> Result<Self, DnError> {
        if !parse::is_attribute_type(attribute) {
            return Err(DnError::AttributeType { at: 0 });
        }
        if self.rdns.len() >= MAX_RDNS {
            return Err(DnError::TooManyComponents);
        }
        let own =
            AttributeValue { attribute: attribute.into(), value: Value::Text(value.as_bytes().to_vec()) };
        let rdns: Vec<_> =
            std::iter::once(Rdn { values: vec![own] }).chain(self.rdns.iter().cloned()).collect();
        let child = Self { rdns };
        let found = child.to_string().len();
        if found > MAX_BYTES { Err(DnError::TooLong { found }) } else { Ok(child) }
    }

    /// The form by which names are compared: attribute types in lower case and by their short names
    /// (`commonName` and `2.5.4.3` become `cn`), values folded as RFC 4518 prepares them for caseIgnoreMatch
    /// (case, compatibility forms, spaces), the values of one RDN sorted, and one way of escaping.
    ///
    /// Attributes whose values differ by case alone (none of the usual naming attributes) are not told apart.
    pub fn normalized(&self) -> String {
        let mut out = String::with_capacity(self.rdns.len() * 16);
        for (at, rdn) in self.rdns.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            rdn.write_normalized(&mut out);
        }
        out
    }
}

impl Rdn {
    /// The attribute values, in the order written.
    pub fn values(&self) -> &[AttributeValue] {
        &self.values
    }

    fn write_normalized(&self, out: &mut String) {
        if let [only] = self.values.as_slice() {
            only.write_normalized(out);
            return;
        }
        let mut parts: Vec<String> = self
            .values
            .iter()
            .map(|value| {
                let mut part = String::new();
                value.write_normalized(&mut part);
                part
            })
            .collect();
        parts.sort_unstable();
        out.push_str(&parts.join("+"));
    }
}

impl AttributeValue {
    /// The attribute type as written.
    pub fn attribute(&self) -> &str {
        &self.attribute
    }

    /// The value, if it is UTF-8 text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(octets) => std::str::from_utf8(octets).ok(),
            Value::Ber(ber) => parse::ber_string(ber).and_then(|octets| std::str::from_utf8(octets).ok()),
        }
    }

    fn write_normalized(&self, out: &mut String) {
        let lower = self.attribute.to_ascii_lowercase();
        out.push_str(short_name(&lower));
        out.push('=');
        let octets = match &self.value {
            Value::Text(octets) => octets.as_slice(),
            Value::Ber(ber) => match parse::ber_string(ber) {
                Some(octets) => octets,
                None => {
                    out.push('#');
                    push_hex(ber, out);
                    return;
                }
            },
        };
        match std::str::from_utf8(octets) {
            Ok(text) => escape_into(&fold::fold(text), out),
            Err(_) => escape_octets_into(octets, out),
        }
    }
}

impl fmt::Display for Dn {
    /// The string form of RFC 4514 section 2.4; reading it again gives the same name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::new();
        for (at, rdn) in self.rdns.iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            for (at, value) in rdn.values.iter().enumerate() {
                if at > 0 {
                    out.push('+');
                }
                out.push_str(&value.attribute);
                out.push('=');
                match &value.value {
                    Value::Text(octets) => match std::str::from_utf8(octets) {
                        Ok(text) => escape_into(text, &mut out),
                        Err(_) => escape_octets_into(octets, &mut out),
                    },
                    Value::Ber(ber) => {
                        out.push('#');
                        push_hex(ber, &mut out);
                    }
                }
            }
        }
        f.write_str(&out)
    }
}

impl FromStr for Dn {
    type Err = DnError;
    fn from_str(text: &str) -> Result<Self, DnError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Dn {
    type Error = DnError;
    fn try_from(text: String) -> Result<Self, DnError> {
        Self::parse(&text)
    }
}

impl From<Dn> for String {
    fn from(dn: Dn) -> String {
        dn.to_string()
    }
}

/// The normalized form of a distinguished name, as [`Dn::normalized`]; none where the text is no DN.
///
/// Plain names (ASCII, nothing escaped, one value an RDN) take one pass and one allocation.
pub fn normalize(text: &str) -> Option<String> {
    quick::normalize(text)
}

/// The name above in a **normalized** DN; none for the root. The parent of a single component is the root, "".
pub fn parent_of(normalized: &str) -> Option<&str> {
    if normalized.is_empty() {
        return None;
    }
    let mut escaped = false;
    for (at, byte) in normalized.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => return normalized.get(at + 1..),
            _ => {}
        }
    }
    Some("")
}

/// Whether a **normalized** DN is `base` (normalized too) or lies below it.
pub fn is_within(normalized: &str, base: &str) -> bool {
    if base.is_empty() {
        return true;
    }
    let Some(below) = normalized.strip_suffix(base) else { return false };
    match below.strip_suffix(',') {
        // The comma parts two RDNs unless an odd number of backslashes stands before it.
        Some(rest) => rest.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 0,
        None => below.is_empty(),
    }
}

/// Escapes a value for use in a DN (RFC 4514 section 2.4): `Smith, J.` becomes `Smith\, J.`.
pub fn escape_value(value: &str) -> Cow<'_, str> {
    let special = |c: char| matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '\0');
    if !value.contains(special) && !value.starts_with([' ', '#']) && !value.ends_with(' ') {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() + 8);
    escape_into(value, &mut out);
    Cow::Owned(out)
}

fn escape_into(value: &str, out: &mut String) {
    let last = value.len().saturating_sub(1);
    for (at, c) in value.char_indices() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            '\0' => out.push_str("\\00"),
            _ => out.push(c),
        }
    }
}

/// For values that are not UTF-8: every byte but letters and digits as a hex pair.
fn escape_octets_into(octets: &[u8], out: &mut String) {
    for byte in octets {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(*byte));
        } else {
            out.push('\\');
            push_hex(&[*byte], out);
        }
    }
}

fn push_hex(octets: &[u8], out: &mut String) {
    for byte in octets {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from_digit(u32::from(nibble), 16).unwrap_or('0'));
        }
    }
}

/// The short name of an attribute type (RFC 4514 section 3, RFC 4519). `lower` is in lower case.
fn short_name(lower: &str) -> &str {
    match lower.strip_prefix("oid.").unwrap_or(lower) {
        "commonname" | "2.5.4.3" => "cn",
        "surname" | "2.5.4.4" => "sn",
        "countryname" | "2.5.4.6" => "c",
        "localityname" | "2.5.4.7" => "l",
        "stateorprovincename" | "2.5.4.8" => "st",
        "streetaddress" | "2.5.4.9" => "street",
        "organizationname" | "2.5.4.10" => "o",
        "organizationalunitname" | "2.5.4.11" => "ou",
        "userid" | "0.9.2342.19200300.100.1.1" => "uid",
        "rfc822mailbox" | "0.9.2342.19200300.100.1.3" => "mail",
        "domaincomponent" | "0.9.2342.19200300.100.1.25" => "dc",
        other => other,
    }
}

#[cfg(test)]
mod tests;
