//! How an entry is kept in the connector space: compact bytes, equal for equal entries.
//!
//! ```text
//! version 1: u8 = 1, text(dn), count, then per attribute: text(name), count, bytes(value)...
//! text and bytes are a length and the octets; lengths and counts are LEB128.
//! ```

use lockstep_engine::CsId;
use lockstep_model::{AttributeName, Attributes, Entry, SourceAnchor};

const VERSION: u8 = 1;

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

/// The entry of these bytes; none where they are not of this codec.
pub fn decode(anchor: SourceAnchor, raw: &[u8]) -> Option<Entry> {
    let mut from = Reader(raw);
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
    let mut from = Reader(raw);
    (from.byte()? == VERSION).then_some(())?;
    std::str::from_utf8(from.bytes()?).ok()
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
            let _ = decode_ids(&raw);
        }

        #[test]
        fn a_set_comes_back(ids in proptest::collection::btree_set(0_i64..i64::MAX, 0..50)) {
            let ids: Vec<CsId> = ids.into_iter().map(CsId).collect();
            prop_assert_eq!(decode_ids(&encode_ids(&ids)), Some(ids));
        }
    }
}
