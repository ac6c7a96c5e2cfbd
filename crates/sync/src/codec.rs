//! How an entry is kept in the connector space: compact bytes, equal for equal entries.
//!
//! ```text
//! version 1: u8 = 1, text(dn), count, then per attribute: text(name), count, bytes(value)...
//! version 2: u8 = 2, bytes(the entry, version 1), count, then for each that is joined to it:
//!            text(anchor), bytes(the entry, version 1); doubt: u8, text(attribute), count, text(who)...
//! text and bytes are a length and the octets; lengths and counts are LEB128.
//! ```
//!
//! Version 2 is for entries that others are joined to, or that should be joined and cannot: so everything that asks
//! whether an object changed, or what it was, sees the joined entries with it.

use lockstep_engine::CsId;
use lockstep_model::{AttributeName, Attributes, Entry, SourceAnchor};

const VERSION: u8 = 1;
const COMPOSITE: u8 = 2;

/// An entry with those that are joined to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    /// The entry itself.
    pub entry: Entry,
    /// Those that are joined to it, in the order of their sources.
    pub parts: Vec<Entry>,
    /// Why it belongs to no object, where that cannot be told.
    pub doubt: Option<Doubt>,
}

/// Why it cannot be told which object an entry of a further source belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// What of it cannot be told.
    pub cause: DoubtCause,
    /// The attributes by which it is joined, for people.
    pub by: String,
    /// The candidates, or who claims the same object: DNs, sorted.
    pub who: Vec<String>,
}

/// What of a join cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DoubtCause {
    /// Several objects have what it asks for.
    Several,
    /// Other entries of its source claim the same object: the first of them, then the others.
    Contested,
}

/// The bytes of an entry with those that are joined to it: anchors with their own bytes, in the order of their sources.
pub fn compose(own: &[u8], parts: &[(SourceAnchor, Vec<u8>)], doubt: Option<&Doubt>) -> Vec<u8> {
    if parts.is_empty() && doubt.is_none() {
        return own.to_vec();
    }
    let mut out =
        Vec::with_capacity(own.len() + 64 + parts.iter().map(|part| part.1.len() + 64).sum::<usize>());
    out.push(COMPOSITE);
    put_bytes(&mut out, own);
    put_number(&mut out, parts.len() as u64);
    for (anchor, raw) in parts {
        put_bytes(&mut out, anchor.as_str().as_bytes());
        put_bytes(&mut out, raw);
    }
    match doubt {
        None => out.push(0),
        Some(doubt) => {
            out.push(match doubt.cause {
                DoubtCause::Several => 1,
                DoubtCause::Contested => 2,
            });
            put_bytes(&mut out, doubt.by.as_bytes());
            put_number(&mut out, doubt.who.len() as u64);
            doubt.who.iter().for_each(|who| put_bytes(&mut out, who.as_bytes()));
        }
    }
    out
}

/// The parts of [`compose`], not yet decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split<'a> {
    /// The entry's own bytes.
    pub own: &'a [u8],
    /// Anchors with their own bytes.
    pub parts: Vec<(SourceAnchor, Vec<u8>)>,
    /// Why it belongs to no object.
    pub doubt: Option<Doubt>,
}

/// Takes apart what [`compose`] put together; none where the bytes are not of it.
pub fn split(raw: &[u8]) -> Option<Split<'_>> {
    if raw.first() != Some(&COMPOSITE) {
        return Some(Split { own: raw, parts: Vec::new(), doubt: None });
    }
    let mut from = Reader(raw.get(1..)?);
    let own = from.bytes()?;
    let mut parts = Vec::new();
    for _ in 0..from.number()? {
        parts.push((SourceAnchor::new(from.text()?).ok()?, from.bytes()?.to_vec()));
    }
    let cause = match from.byte()? {
        0 => None,
        1 => Some(DoubtCause::Several),
        2 => Some(DoubtCause::Contested),
        _ => return None,
    };
    let doubt = match cause {
        None => None,
        Some(cause) => {
            let by = from.text()?.to_owned();
            let mut who = Vec::new();
            for _ in 0..from.number()? {
                who.push(from.text()?.to_owned());
            }
            Some(Doubt { cause, by, who })
        }
    };
    from.0.is_empty().then_some(Split { own, parts, doubt })
}

/// Whether others are joined to the entry, or it is in doubt.
pub fn is_composite(raw: &[u8]) -> bool {
    raw.first() == Some(&COMPOSITE)
}

/// The entry's own bytes, without those of the joined ones.
pub fn own(raw: &[u8]) -> &[u8] {
    match raw.first() {
        Some(&COMPOSITE) => Reader(raw.get(1..).unwrap_or(&[])).bytes().unwrap_or(&[]),
        _ => raw,
    }
}

/// The entry with those that are joined to it; none where the bytes are not of this codec.
pub fn decode_whole(anchor: SourceAnchor, raw: &[u8]) -> Option<Composite> {
    let Split { own, parts, doubt } = split(raw)?;
    let entry = decode(anchor, own)?;
    let parts = parts.into_iter().map(|(anchor, raw)| decode(anchor, &raw)).collect::<Option<_>>()?;
    Some(Composite { entry, parts, doubt })
}

/// The bytes of an entry, without its anchor.
pub fn encode(dn: &str, attributes: &Attributes) -> Vec<u8> {
    let mut out = Vec::with_capacity(1024);
    out.push(VERSION);
    put_bytes(&mut out, dn.as_bytes());
    put_number(&mut out, attributes.iter().count() as u64);
    for (name, values) in attributes.iter() {
        put_bytes(&mut out, name.as_str().as_bytes());
        put_number(&mut out, values.len() as u64);
        for value in values {
            put_bytes(&mut out, value);
        }
    }
    out
}

/// The entry of these bytes, without those that are joined to it; none where they are not of this codec.
pub fn decode(anchor: SourceAnchor, raw: &[u8]) -> Option<Entry> {
    let mut from = Reader(own(raw));
    (from.byte()? == VERSION).then_some(())?;
    let dn = std::str::from_utf8(from.bytes()?).ok()?.to_owned();
    let count = from.number()?;
    let mut attributes = Vec::with_capacity(usize::try_from(count).ok()?.min(from.0.len()));
    for _ in 0..count {
        let name = AttributeName::new(std::str::from_utf8(from.bytes()?).ok()?);
        let count = from.number()?;
        let mut values = Vec::with_capacity(usize::try_from(count).ok()?.min(from.0.len()));
        for _ in 0..count {
            values.push(from.bytes()?.to_vec());
        }
        attributes.push((name, values));
    }
    from.0.is_empty().then_some(())?;
    Some(Entry { anchor, dn, attributes: Attributes::from_sorted(attributes)? })
}

/// The DN of these bytes, without reading the rest.
pub fn dn_of(raw: &[u8]) -> Option<&str> {
    let mut from = Reader(own(raw));
    (from.byte()? == VERSION).then_some(())?;
    from.text()
}

/// A sorted set of numbers as differences.
pub fn encode_ids(ids: &[CsId]) -> Vec<u8> {
    let mut out = Vec::with_capacity(ids.len() * 2 + 4);
    let mut before = 0;
    for CsId(id) in ids {
        put_number(&mut out, u64::try_from(id - before).unwrap_or(0));
        before = *id;
    }
    out
}

/// The set of [`encode_ids`]; none where the bytes are not of it.
pub fn decode_ids(raw: &[u8]) -> Option<Vec<CsId>> {
    let mut from = Reader(raw);
    let mut ids = Vec::with_capacity(raw.len());
    let mut before = 0_i64;
    while !from.0.is_empty() {
        before = before.checked_add(i64::try_from(from.number()?).ok()?)?;
        ids.push(CsId(before));
    }
    Some(ids)
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_entry_comes_back(
            dn in "\\PC{0,40}",
            attributes in proptest::collection::btree_map(
                "[a-z;]{1,12}",
                proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..4),
                0..8,
            ),
        ) {
            let anchor = SourceAnchor::new("a").unwrap();
            let attributes: Attributes =
                attributes.into_iter().map(|(name, values)| (AttributeName::new(&name), values)).collect();
            let raw = encode(&dn, &attributes);
            prop_assert_eq!(dn_of(&raw), Some(dn.as_str()));
            prop_assert_eq!(decode(anchor.clone(), &raw), Some(Entry { anchor: anchor.clone(), dn, attributes }));
            for end in 0..raw.len() {
                prop_assert_eq!(decode(anchor.clone(), &raw[..end]), None);
            }
        }

        #[test]
        fn hostile_bytes_are_refused_or_read(raw in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(SourceAnchor::new("a").unwrap(), &raw);
            let _ = decode_whole(SourceAnchor::new("a").unwrap(), &raw);
            let mut composite = raw.clone();
            composite.insert(0, COMPOSITE);
            let _ = decode_whole(SourceAnchor::new("a").unwrap(), &composite);
            let _ = decode_ids(&raw);
        }

        #[test]
        fn what_is_joined_comes_back(
            parts in proptest::collection::vec(("[a-z]{1,5}", "\\PC{0,20}"), 0..4),
            doubt in proptest::option::of((any::<bool>(), "[a-z]{0,5}", proptest::collection::vec("\\PC{0,20}", 0..3))),
        ) {
            let own = encode("uid=own", &Attributes::new());
            let parts: Vec<(SourceAnchor, Vec<u8>)> = parts
                .iter()
                .map(|(anchor, dn)| (SourceAnchor::new(anchor.as_str()).unwrap(), encode(dn, &Attributes::new())))
                .collect();
            let doubt = doubt.map(|(several, by, who)| {
                let cause = if several { DoubtCause::Several } else { DoubtCause::Contested };
                Doubt { cause, by, who }
            });
            let raw = compose(&own, &parts, doubt.as_ref());
            prop_assert_eq!(split(&raw), Some(Split { own: &own, parts: parts.clone(), doubt: doubt.clone() }));
            prop_assert_eq!(dn_of(&raw), Some("uid=own"));
            let whole = decode_whole(SourceAnchor::new("a").unwrap(), &raw).unwrap();
            prop_assert_eq!(whole.parts.len(), parts.len());
            prop_assert_eq!(whole.doubt, doubt);
            if raw.len() > own.len() {
                for end in 0..raw.len() {
                    prop_assert_eq!(split(&raw[..end]).filter(|split| split.own == &own[..]), None);
                }
            }
        }

        #[test]
        fn a_set_comes_back(ids in proptest::collection::btree_set(0_i64..i64::MAX, 0..50)) {
            let ids: Vec<CsId> = ids.into_iter().map(CsId).collect();
            prop_assert_eq!(decode_ids(&encode_ids(&ids)), Some(ids));
        }
    }
}
