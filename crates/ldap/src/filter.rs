//! Search filters: the text form of RFC 4515 and the message form of RFC 4511 section 4.5.1.7.

use crate::ber::{Writer, tag};
use std::fmt;
use std::str::FromStr;

/// Bytes a filter may have.
pub const MAX_BYTES: usize = 64 * 1024;
/// Levels of `&`, `|` and `!` a filter may have.
pub const MAX_DEPTH: usize = 32;

/// A search filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// `(&...)`; with no part it is true (RFC 4526).
    And(Vec<Self>),
    /// `(|...)`; with no part it is false (RFC 4526).
    Or(Vec<Self>),
    /// `(!...)`
    Not(Box<Self>),
    /// `(a=v)`
    Equal(String, Vec<u8>),
    /// `(a>=v)`
    GreaterOrEqual(String, Vec<u8>),
    /// `(a<=v)`
    LessOrEqual(String, Vec<u8>),
    /// `(a~=v)`
    Approximate(String, Vec<u8>),
    /// `(a=*)`
    Present(String),
    /// `(a=x*y*z)`
    Substrings {
        /// The attribute.
        attribute: String,
        /// What the value starts with.
        initial: Option<Vec<u8>>,
        /// What it has in between, in this order.
        any: Vec<Vec<u8>>,
        /// What it ends with.
        last: Option<Vec<u8>>,
    },
    /// `(a:dn:rule:=v)`
    Extensible {
        /// The attribute; else all that know the rule.
        attribute: Option<String>,
        /// The matching rule; else the attribute's equality rule.
        rule: Option<String>,
        /// Whether the entry's DN counts as well.
        dn: bool,
        /// The value.
        value: Vec<u8>,
    },
}

/// Why a text is no filter. Positions count bytes from 0.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FilterError {
    /// Longer than [`MAX_BYTES`].
    #[error("a filter has at most {MAX_BYTES} bytes, this one has {0}")]
    TooLong(usize),
    /// Deeper than [`MAX_DEPTH`].
    #[error("a filter has at most {MAX_DEPTH} levels of nesting")]
    TooDeep,
    /// Something else is needed.
    #[error("expected {what} at byte {at}")]
    Expected {
        /// What is needed.
        what: &'static str,
        /// Where.
        at: usize,
    },
}

impl Filter {
    /// `(objectClass=*)`, which every entry matches.
    pub fn any_entry() -> Self {
        Self::Present("objectClass".to_owned())
    }

    /// Reads the text form. The outermost parentheses may be missing: `uid=ann`.
    ///
    /// # Errors
    /// [`FilterError`], with the place.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        if text.len() > MAX_BYTES {
            return Err(FilterError::TooLong(text.len()));
        }
        let mut parser = Parser { octets: text.as_bytes(), at: 0 };
        parser.skip_spaces();
        let filter = match parser.peek() {
            Some(b'(') => parser.filter(0)?,
            _ => parser.item()?,
        };
        parser.skip_spaces();
        if parser.at < text.len() {
            return Err(parser.expected("the end of the filter"));
        }
        Ok(filter)
    }

    /// Writes the message form.
    pub(crate) fn encode(&self, w: &mut Writer) {
        let assertion = |w: &mut Writer, tag: u8, attribute: &str, value: &[u8]| {
            w.constructed(tag, |w| {
                w.octets(attribute.as_bytes());
                w.octets(value);
            });
        };
        match self {
            Self::And(parts) => w.constructed(0xa0, |w| parts.iter().for_each(|part| part.encode(w))),
            Self::Or(parts) => w.constructed(0xa1, |w| parts.iter().for_each(|part| part.encode(w))),
            Self::Not(part) => w.constructed(0xa2, |w| part.encode(w)),
            Self::Equal(attribute, value) => assertion(w, 0xa3, attribute, value),
            Self::Substrings { attribute, initial, any, last } => w.constructed(0xa4, |w| {
                w.octets(attribute.as_bytes());
                w.constructed(tag::SEQUENCE, |w| {
                    initial.iter().for_each(|part| w.primitive(0x80, part));
                    any.iter().for_each(|part| w.primitive(0x81, part));
                    last.iter().for_each(|part| w.primitive(0x82, part));
                });
            }),
            Self::GreaterOrEqual(attribute, value) => assertion(w, 0xa5, attribute, value),
            Self::LessOrEqual(attribute, value) => assertion(w, 0xa6, attribute, value),
            Self::Present(attribute) => w.primitive(0x87, attribute.as_bytes()),
            Self::Approximate(attribute, value) => assertion(w, 0xa8, attribute, value),
            Self::Extensible { attribute, rule, dn, value } => w.constructed(0xa9, |w| {
                rule.iter().for_each(|rule| w.primitive(0x81, rule.as_bytes()));
                attribute.iter().for_each(|attribute| w.primitive(0x82, attribute.as_bytes()));
                w.primitive(0x83, value);
                if *dn {
                    w.primitive(0x84, &[0xff]);
                }
            }),
        }
    }
}

impl FromStr for Filter {
    type Err = FilterError;
    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, sign: char, parts: &[Self]| {
            write!(f, "({sign}")?;
            parts.iter().try_for_each(|part| part.fmt(f))?;
            f.write_str(")")
        };
        match self {
            Self::And(parts) => list(f, '&', parts),
            Self::Or(parts) => list(f, '|', parts),
            Self::Not(part) => write!(f, "(!{part})"),
            Self::Equal(attribute, value) => write!(f, "({attribute}={})", Escaped(value)),
            Self::GreaterOrEqual(attribute, value) => write!(f, "({attribute}>={})", Escaped(value)),
            Self::LessOrEqual(attribute, value) => write!(f, "({attribute}<={})", Escaped(value)),
            Self::Approximate(attribute, value) => write!(f, "({attribute}~={})", Escaped(value)),
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Substrings { attribute, initial, any, last } => {
                write!(f, "({attribute}={}*", Escaped(initial.as_deref().unwrap_or_default()))?;
                any.iter().try_for_each(|part| write!(f, "{}*", Escaped(part)))?;
                write!(f, "{})", Escaped(last.as_deref().unwrap_or_default()))
            }
            Self::Extensible { attribute, rule, dn, value } => {
                write!(f, "({}", attribute.as_deref().unwrap_or_default())?;
                if *dn {
                    f.write_str(":dn")?;
                }
                if let Some(rule) = rule {
                    write!(f, ":{rule}")?;
                }
                write!(f, ":={})", Escaped(value))
            }
        }
    }
}

/// A value as RFC 4515 section 3 escapes it.
struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '*' | '(' | ')' | '\\' | '\0' => write!(f, "\\{:02x}", u32::from(c))?,
                    c => write!(f, "{c}")?,
                }
            }
            chunk.invalid().iter().try_for_each(|octet| write!(f, "\\{octet:02x}"))?;
        }
        Ok(())
    }
}

struct Parser<'a> {
    octets: &'a [u8],
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.octets.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

    fn expected(&self, what: &'static str) -> FilterError {
        FilterError::Expected { what, at: self.at }
    }

    fn take(&mut self, octet: u8, what: &'static str) -> Result<(), FilterError> {
        if self.peek() != Some(octet) {
            return Err(self.expected(what));
        }
        self.at += 1;
        Ok(())
    }

    fn take_if(&mut self, text: &[u8]) -> bool {
        let found = self.octets.get(self.at..).is_some_and(|rest| rest.starts_with(text));
        if found {
            self.at += text.len();
        }
        found
    }

    /// A filter in parentheses. Recursion ends at [`MAX_DEPTH`].
    fn filter(&mut self, depth: usize) -> Result<Filter, FilterError> {
        if depth >= MAX_DEPTH {
            return Err(FilterError::TooDeep);
        }
        self.take(b'(', "`(`")?;
        self.skip_spaces();
        let filter = match self.peek() {
            Some(b'&') => Filter::And(self.list(depth)?),
            Some(b'|') => Filter::Or(self.list(depth)?),
            Some(b'!') => {
                self.at += 1;
                self.skip_spaces();
                Filter::Not(Box::new(self.filter(depth + 1)?))
            }
            _ => self.item()?,
        };
        self.skip_spaces();
        self.take(b')', "`)`")?;
        Ok(filter)
    }

    fn list(&mut self, depth: usize) -> Result<Vec<Filter>, FilterError> {
        self.at += 1;
        let mut parts = Vec::new();
        loop {
            self.skip_spaces();
            if self.peek() != Some(b'(') {
                return Ok(parts);
            }
            parts.push(self.filter(depth + 1)?);
        }
    }

    fn name(&mut self) -> Option<String> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';' | b'_'))
        {
            self.at += 1;
        }
        let name = self.octets.get(start..self.at).and_then(|name| std::str::from_utf8(name).ok());
        name.filter(|name| !name.is_empty()).map(str::to_owned)
    }

    fn item(&mut self) -> Result<Filter, FilterError> {
        let attribute = self.name();
        if self.peek() == Some(b':') {
            return self.extensible(attribute);
        }
        let Some(attribute) = attribute else { return Err(self.expected("an attribute name")) };
        if self.take_if(b">=") {
            return Ok(Filter::GreaterOrEqual(attribute, self.value()?));
        }
        if self.take_if(b"<=") {
            return Ok(Filter::LessOrEqual(attribute, self.value()?));
        }
        if self.take_if(b"~=") {
            return Ok(Filter::Approximate(attribute, self.value()?));
        }
        self.take(b'=', "`=`")?;
        let mut parts = vec![self.value()?];
        while self.take_if(b"*") {
            parts.push(self.value()?);
        }
        let part = |part: Vec<u8>| Some(part).filter(|part| !part.is_empty());
        let last = parts.pop().unwrap_or_default();
        if parts.is_empty() {
            return Ok(Filter::Equal(attribute, last));
        }
        let mut parts = parts.into_iter();
        let initial = parts.next().and_then(part);
        let any: Vec<_> = parts.filter_map(part).collect();
        let last = part(last);
        if initial.is_none() && any.is_empty() && last.is_none() {
            return Ok(Filter::Present(attribute));
        }
        Ok(Filter::Substrings { attribute, initial, any, last })
    }

    /// `[attribute][:dn][:rule]:=value`
    fn extensible(&mut self, attribute: Option<String>) -> Result<Filter, FilterError> {
        let dn = [b":dn:", b":DN:"].iter().any(|text| self.take_if(*text));
        if dn {
            self.at -= 1;
        }
        let mut rule = None;
        if !self.take_if(b":=") {
            self.take(b':', "`:`")?;
            rule = Some(self.name().ok_or_else(|| self.expected("a matching rule"))?);
            if !self.take_if(b":=") {
                return Err(self.expected("`:=`"));
            }
        }
        if attribute.is_none() && rule.is_none() {
            return Err(self.expected("an attribute or a matching rule"));
        }
        Ok(Filter::Extensible { attribute, rule, dn, value: self.value()? })
    }

    /// A value up to `*`, `)` or the end.
    fn value(&mut self) -> Result<Vec<u8>, FilterError> {
        let mut out = Vec::new();
        while let Some(octet) = self.peek() {
            match octet {
                b'*' | b')' => break,
                b'(' | 0 => {
                    return Err(self.expected("a value; `(` and zero bytes are escaped as \\28 and \\00"));
                }
                b'\\' => {
                    let digit = |at: usize| self.octets.get(at).and_then(|b| char::from(*b).to_digit(16));
                    let pair = digit(self.at + 1).zip(digit(self.at + 2));
                    let octet = pair.and_then(|(high, low)| u8::try_from(high << 4 | low).ok());
                    out.push(octet.ok_or_else(|| self.expected("two hex digits after the backslash"))?);
                    self.at += 3;
                }
                octet => {
                    out.push(octet);
                    self.at += 1;
                }
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_and_writes_rfc_4515() {
        let check = |text: &str, expect: &str| {
            assert_eq!(Filter::parse(text).map(|f| f.to_string()), Ok(expect.to_owned()), "{text}");
        };
        check("(cn=Babs Jensen)", "(cn=Babs Jensen)");
        check("(!(cn=Tim Howes))", "(!(cn=Tim Howes))");
        check(
            "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
            "(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))",
        );
        check("(o=univ*of*mich*)", "(o=univ*of*mich*)");
        check("(seeAlso=)", "(seeAlso=)");
        check("(cn:caseExactMatch:=Fred Flintstone)", "(cn:caseExactMatch:=Fred Flintstone)");
        check("(cn:=Betty Rubble)", "(cn:=Betty Rubble)");
        check("(sn:dn:2.4.6.8.10:=Barney Rubble)", "(sn:dn:2.4.6.8.10:=Barney Rubble)");
        check("(o:dn:=Ace Industry)", "(o:dn:=Ace Industry)");
        check("(:1.2.3:=Wilma Flintstone)", "(:1.2.3:=Wilma Flintstone)");
        check("(:DN:2.4.6.8.10:=Dino)", "(:dn:2.4.6.8.10:=Dino)");
        check(
            r"(o=Parens R Us \28for all your parenthetical needs\29)",
            r"(o=Parens R Us \28for all your parenthetical needs\29)",
        );
        check(r"(cn=*\2A*)", r"(cn=*\2a*)");
        check(r"(bin=\00\00\00\41)", r"(bin=\00\00\00A)");
        check(r"(sn=Lu\c4\8di\c4\87)", "(sn=Lučić)");
        check(r"(b=\ff\fe)", r"(b=\ff\fe)");
        check("uid=ann", "(uid=ann)");
        check(" ( & ( a=b ) ( c>=1 ) ( d<=2 ) ( e~=3 ) ) ", "(&(a=b )(c>=1 )(d<=2 )(e~=3 ))");
        check("(objectClass=*)", "(objectClass=*)");
        check("(a=**)", "(a=*)");
        check("(&)", "(&)");
        check("(|)", "(|)");
    }

    #[test]
    fn says_where_it_is_wrong() {
        let check = |text: &str, at: usize| match Filter::parse(text) {
            Err(FilterError::Expected { at: found, .. }) => assert_eq!(found, at, "{text}"),
            other => panic!("{text}: {other:?}"),
        };
        check("", 0);
        check("(", 1);
        check("()", 1);
        check("(a)", 2);
        check("(a=b", 4);
        check("(a=b))", 5);
        check("(a=(b))", 3);
        check(r"(a=\2)", 3);
        check("(!a=b)", 2);
        check("(:=b)", 3);
        assert_eq!(Filter::parse(&"(!".repeat(100_000)), Err(FilterError::TooLong(200_000)));
        assert_eq!(Filter::parse(&"(!".repeat(1_000)), Err(FilterError::TooDeep));
    }

    #[test]
    fn encodes_as_the_oracle_decodes() {
        let check = |text: &str| {
            let mut writer = Writer::new();
            Filter::parse(text).unwrap().encode(&mut writer);
            let bytes = writer.into_bytes();
            let oracle: rasn_ldap::Filter = rasn::ber::decode(&bytes).unwrap();
            // The oracle writes sets in an order of its own: what it reads from that must be the same.
            let again = rasn::ber::encode(&oracle).unwrap();
            assert_eq!(again.len(), bytes.len(), "{text}: {oracle:?}");
            assert_eq!(rasn::ber::decode::<rasn_ldap::Filter>(&again).unwrap(), oracle, "{text}");
        };
        check("(&(objectClass=person)(!(uid=x*y*z))(mail=*))");
        check("(|(a>=1)(b<=2)(c~=3))");
        check("(a:dn:1.2.3:=v)");
        check("(a=*x)");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(text in r"\(([&|]\([a-z]{1,3}=[ -~]{0,6}\)){0,3}[a-z]=.{0,8}\)") {
            if let Ok(filter) = Filter::parse(&text) {
                prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
            }
        }

        #[test]
        fn values_survive(value in prop::collection::vec(any::<u8>(), 0..16)) {
            let filter = Filter::Equal("cn".to_owned(), value);
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }
    }
}
