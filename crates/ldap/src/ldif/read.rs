//! Reads content records one at a time.
//!
//! **Invariant:** at most one record and one line are in memory, both bounded by [`LdifLimits`].

use crate::message::SearchEntry;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lockstep_model::{AttributeName, Attributes, Dn};
use std::io::{self, BufRead, Read};

/// How much to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LdifLimits {
    /// Bytes of one line, its continuation lines included.
    pub line_bytes: usize,
    /// Bytes of one record.
    pub record_bytes: usize,
}

impl Default for LdifLimits {
    fn default() -> Self {
        Self { line_bytes: 16 * 1024 * 1024, record_bytes: 64 * 1024 * 1024 }
    }
}

/// Where and why a file is no LDIF.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct LdifError {
    /// The line, from 1, that the problem starts in.
    pub line: u64,
    /// What is wrong.
    pub problem: LdifProblem,
}

/// What can be wrong with an LDIF file.
#[derive(Debug, thiserror::Error)]
pub enum LdifProblem {
    /// The file cannot be read on.
    #[error("cannot read on ({0})")]
    Io(io::Error),
    /// Another version than 1.
    #[error("version {0} of LDIF; only version 1 is known")]
    Version(String),
    /// A line without a colon.
    #[error("a line must be `attribute: value`")]
    NoColon,
    /// A line that continues nothing.
    #[error("a line that starts with a space continues the one before, and there is none")]
    Continuation,
    /// A record does not start with its DN.
    #[error("a record must start with `dn:`")]
    NoDn,
    /// The DN is none.
    #[error("'{text}' is no distinguished name: {cause}")]
    Dn {
        /// What stands there.
        text: String,
        /// What is wrong.
        cause: lockstep_model::dn::DnError,
    },
    /// Base64 that is none.
    #[error("the value of `{0}` is not base64")]
    Base64(String),
    /// An attribute name that is none.
    #[error("'{0}' is no attribute name")]
    AttributeName(String),
    /// A value in another file.
    #[error("`{0}` refers to another file with `:<`; write the value itself, in base64")]
    Url(String),
    /// A change record.
    #[error(
        "this is a change record (`{0}`), and a file of entries is needed; apply it to a directory with \
         ldapmodify and export that"
    )]
    ChangeRecord(String),
    /// A line that is too long.
    #[error("a line of more than {0} bytes")]
    LineTooLong(usize),
    /// A record that is too long.
    #[error("a record of more than {0} bytes")]
    RecordTooLong(usize),
}

/// An iterator over the entries of an LDIF file. After an error it ends.
#[derive(Debug)]
pub struct LdifReader<R> {
    input: R,
    limits: LdifLimits,
    /// The next raw line, already read to see whether it continues the one before.
    ahead: Option<Vec<u8>>,
    /// Number of the line in `ahead`.
    line: u64,
    started: bool,
    ended: bool,
}

impl<R: BufRead> LdifReader<R> {
    /// Reads with the default limits.
    pub fn new(input: R) -> Self {
        Self::with_limits(input, LdifLimits::default())
    }

    /// Reads with limits.
    pub fn with_limits(input: R, limits: LdifLimits) -> Self {
        Self { input, limits, ahead: None, line: 0, started: false, ended: false }
    }

    fn fail<T>(&self, line: u64, problem: LdifProblem) -> Result<T, LdifError> {
        Err(LdifError { line, problem })
    }

    /// One raw line without its end; none at the end of the file.
    fn raw(&mut self) -> Result<Option<Vec<u8>>, LdifError> {
        let most = self.limits.line_bytes;
        let mut line = Vec::new();
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(2);
        self.line += 1;
        let at = self.line;
        match self.input.by_ref().take(limit).read_until(b'\n', &mut line) {
            Err(error) => self.fail(at, LdifProblem::Io(error)),
            Ok(0) => Ok(None),
            Ok(_) => {
                if line.last() == Some(&b'\n') {
                    line.pop();
                    if line.last() == Some(&b'\r') {
                        line.pop();
                    }
                }
                if line.len() > most {
                    return self.fail(at, LdifProblem::LineTooLong(most));
                }
                Ok(Some(line))
            }
        }
    }

    /// One line with its continuations and its number; none at the end of the file. Comments are dropped.
    fn logical(&mut self) -> Result<Option<(u64, Vec<u8>)>, LdifError> {
        loop {
            let first = match self.ahead.take() {
                Some(line) => Some(line),
                None => self.raw()?,
            };
            let at = self.line;
            let Some(mut line) = first else { return Ok(None) };
            if line.first() == Some(&b' ') {
                return self.fail(at, LdifProblem::Continuation);
            }
            if line.is_empty() {
                return Ok(Some((at, line)));
            }
            loop {
                match self.raw()? {
                    Some(next) if next.first() == Some(&b' ') => {
                        if line.len() + next.len() > self.limits.line_bytes {
                            return self.fail(at, LdifProblem::LineTooLong(self.limits.line_bytes));
                        }
                        line.extend_from_slice(next.get(1..).unwrap_or_default());
                    }
                    next => {
                        self.ahead = next;
                        break;
                    }
                }
            }
            if line.first() != Some(&b'#') {
                return Ok(Some((at, line)));
            }
        }
    }

    fn record(&mut self) -> Result<Option<SearchEntry>, LdifError> {
        let mut dn: Option<String> = None;
        let mut bytes = 0;
        // Values one after another under one name are the rule; they are put in at once.
        let mut attributes = Attributes::new();
        let mut run: Option<(AttributeName, Vec<Vec<u8>>)> = None;
        while let Some((at, line)) = self.logical()? {
            if line.is_empty() {
                if dn.is_some() {
                    break;
                }
                continue;
            }
            bytes += line.len();
            if bytes > self.limits.record_bytes {
                return self.fail(at, LdifProblem::RecordTooLong(self.limits.record_bytes));
            }
            let (name, value) = self.split(at, &line)?;
            let lower = name.to_ascii_lowercase();
            if dn.is_none() {
                match lower.as_str() {
                    "version" if !self.started => {
                        self.started = true;
                        let version = String::from_utf8_lossy(&value).into_owned();
                        if version != "1" {
                            return self.fail(at, LdifProblem::Version(version));
                        }
                    }
                    "dn" => {
                        self.started = true;
                        let text = String::from_utf8_lossy(&value).into_owned();
                        match Dn::parse(&text) {
                            Ok(_) if std::str::from_utf8(&value).is_ok() => dn = Some(text),
                            Ok(_) => {
                                return self.fail(at, LdifProblem::Base64("dn".to_owned()));
                            }
                            Err(cause) => return self.fail(at, LdifProblem::Dn { text, cause }),
                        }
                    }
                    _ => return self.fail(at, LdifProblem::NoDn),
                }
                continue;
            }
            if matches!(lower.as_str(), "changetype" | "control") {
                return self.fail(at, LdifProblem::ChangeRecord(name));
            }
            match &mut run {
                Some((held, values)) if held.as_str() == lower => values.push(value),
                _ => {
                    if let Some((name, values)) = run.take() {
                        attributes.add(name, values);
                    }
                    run = Some((AttributeName::new(&lower), vec![value]));
                }
            }
        }
        if let Some((name, values)) = run {
            attributes.add(name, values);
        }
        Ok(dn.map(|dn| SearchEntry { dn, attributes }))
    }

    /// Splits `name: value`, `name:: base64`.
    fn split(&self, at: u64, line: &[u8]) -> Result<(String, Vec<u8>), LdifError> {
        let Some(colon) = line.iter().position(|b| *b == b':') else {
            return self.fail(at, LdifProblem::NoColon);
        };
        let (name, rest) = line.split_at(colon);
        let name = String::from_utf8_lossy(name).into_owned();
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b';' | b'_');
        if name.is_empty() || !name.bytes().all(plain) {
            return self.fail(at, LdifProblem::AttributeName(name));
        }
        let spaces = |value: &[u8]| {
            let start = value.iter().take_while(|b| **b == b' ').count();
            value.get(start..).unwrap_or_default().to_vec()
        };
        match rest {
            [_, b':', encoded @ ..] => match STANDARD.decode(encoded.trim_ascii()) {
                Ok(value) => Ok((name, value)),
                Err(_) => self.fail(at, LdifProblem::Base64(name)),
            },
            [_, b'<', ..] => self.fail(at, LdifProblem::Url(name)),
            [_, value @ ..] => Ok((name, spaces(value))),
            [] => self.fail(at, LdifProblem::NoColon),
        }
    }
}

impl<R: BufRead> Iterator for LdifReader<R> {
    type Item = Result<SearchEntry, LdifError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let item = self.record().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<SearchEntry>, LdifError> {
        LdifReader::new(text.as_bytes()).collect()
    }

    #[test]
    fn reads_the_examples_of_rfc_2849() {
        let text = "version: 1\n\
            # a comment\n#  that goes on\n  here\n\
            dn: cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com\n\
            objectclass: top\nobjectclass: person\ncn: Barbara Jensen\ncn: Barbara J\n Jensen\n\
            description:Babs is a big sailing fan, and travels extensively in sea\n rch of perfect sailing conditions.\n\
            \n\n\
            dn:: b3U95Za25qWt6YOoLG89QWlyaXVz\n\
            # dn:: ou=<JapaneseOU>,o=Airius\n\
            ou:: 5Za25qWt6YOo\nou;lang-en: Sales\nempty:\n";
        let entries = read(text).unwrap();
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].dn, "cn=Barbara Jensen, ou=Product Development, dc=airius, dc=com");
        assert_eq!(entries[0].attributes.values("objectclass").len(), 2);
        assert_eq!(
            entries[0].attributes.texts("cn").collect::<Vec<_>>(),
            ["Barbara Jensen", "Barbara JJensen"]
        );
        assert_eq!(
            entries[0].attributes.text("description"),
            Some(
                "Babs is a big sailing fan, and travels extensively in search of perfect sailing conditions."
            )
        );
        assert_eq!(entries[1].dn, "ou=営業部,o=Airius");
        assert_eq!(entries[1].attributes.text("ou"), Some("営業部"));
        assert_eq!(entries[1].attributes.text("ou;lang-en"), Some("Sales"));
        assert_eq!(entries[1].attributes.values("empty"), [b"".to_vec()]);
        assert_eq!(read("").unwrap(), []);
        assert_eq!(read("\r\n\r\ndn: cn=a\r\ncn: a\r\n").unwrap().len(), 1);
    }

    #[test]
    fn says_where_it_is_wrong() {
        let check = |text: &str, line: u64, expect: &str| {
            let error = read(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
            assert!(error.to_string().contains(expect), "{text}: {error}");
        };
        check("version: 2\n", 1, "version 2");
        check("cn: a\n", 1, "dn:");
        check("dn: cn=a\ncn a\n", 2, "attribute: value");
        check(" x\n", 1, "continues");
        check("dn: a\n", 1, "distinguished name");
        check("dn:: /w==\n", 1, "distinguished name");
        check("dn: cn=a\njpegPhoto:: %%\n", 2, "base64");
        check("dn: cn=a\njpegPhoto:< file:///etc/passwd\n", 2, "another file");
        check("dn: cn=a\nchangetype: modify\n", 2, "change record");
        check("dn: cn=a\ncontrol: 1.2.3 true\nchangetype: delete\n", 2, "change record");
        check("dn: cn=a\nc n: x\n", 2, "attribute name");
        check("dn: cn=a\ncn: a\n\ndn: cn=b\n:x\n", 5, "attribute name");
    }

    #[test]
    fn memory_is_bounded() {
        let limits = LdifLimits { line_bytes: 100, record_bytes: 250 };
        let check = |text: &str, expect: &str| {
            let error = LdifReader::with_limits(text.as_bytes(), limits).find_map(Result::err).unwrap();
            assert!(error.to_string().contains(expect), "{error}");
        };
        check(&format!("dn: cn=a\ncn: {}\n", "x".repeat(200)), "a line of more");
        check(&format!("dn: cn=a\ncn: x\n{}", " yyyyyyyyyyyyyyyyyyyyyyyyyyy\n".repeat(10)), "a line of more");
        check(&format!("dn: cn=a\n{}", "cn: xxxxxxxxxxxxxxxxxxxxxxxxx\n".repeat(10)), "a record of more");
        // A file without any line end is not read whole.
        let endless = io::repeat(b'x').take(1 << 40);
        let error =
            LdifReader::with_limits(io::BufReader::new(endless), limits).find_map(Result::err).unwrap();
        assert!(matches!(error.problem, LdifProblem::LineTooLong(100)));
    }

    #[test]
    fn ends_after_an_error() {
        let mut reader = LdifReader::new(&b"cn: a\n\ndn: cn=b\n"[..]);
        assert!(reader.next().unwrap().is_err());
        assert!(reader.next().is_none());
    }
}
