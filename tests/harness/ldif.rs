//! Reads what `ldapsearch -LLL -o ldif-wrap=no` prints, apart from the product's own LDIF reader, so that a
//! test's view of a directory does not come from the code under test. Writes lines for `ldapmodify`.

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// An entry as `ldapsearch` prints it.
#[derive(Clone, Debug)]
pub struct LdifEntry {
    /// The name.
    pub dn: String,
    /// Attribute and value, one pair a line, in the server's order.
    pub values: Vec<(String, Vec<u8>)>,
}

impl LdifEntry {
    /// The values of an attribute that are text; `name` in any case.
    pub fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.values
            .iter()
            .filter(move |(n, _)| n.eq_ignore_ascii_case(name))
            .filter_map(|(_, value)| std::str::from_utf8(value).ok())
    }
}

/// Reads entries.
///
/// # Errors
/// A line is no LDIF.
pub fn read(text: &str) -> Result<Vec<LdifEntry>> {
    let mut entries = Vec::new();
    let mut now: Option<LdifEntry> = None;
    for line in text.lines() {
        if line.is_empty() {
            entries.extend(now.take());
            continue;
        }
        if line.starts_with('#') {
            continue;
        }
        let (name, value) = value_of(line)?;
        match (&mut now, name) {
            (None, "dn") => now = Some(LdifEntry { dn: String::from_utf8(value)?, values: Vec::new() }),
            // `ref: ldap://...` after a referral, `version: 1`.
            (None, _) => {}
            (Some(entry), name) => entry.values.push((name.to_owned(), value)),
        }
    }
    entries.extend(now);
    Ok(entries)
}

fn value_of(line: &str) -> Result<(&str, Vec<u8>)> {
    let (name, rest) = line.split_once(':').with_context(|| format!("no LDIF: {line:?}"))?;
    let value = match rest.strip_prefix(':') {
        Some(encoded) => STANDARD.decode(encoded.trim()).with_context(|| format!("base64 of {line:?}"))?,
        None => rest.strip_prefix(' ').unwrap_or(rest).as_bytes().to_vec(),
    };
    Ok((name, value))
}

/// `name: value`, in base64 where RFC 2849 wants it.
pub fn line(name: &str, value: &str) -> String {
    let plain = value.bytes().all(|b| (32..127).contains(&b))
        && !value.starts_with([' ', ':', '<'])
        && !value.ends_with(' ');
    if plain { format!("{name}: {value}\n") } else { format!("{name}:: {}\n", STANDARD.encode(value)) }
}
