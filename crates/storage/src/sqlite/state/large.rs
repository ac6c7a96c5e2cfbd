//! Large entries are kept in pieces: where one value of many changes, the pieces that stay are not written again.
//!
//! An entry is cut where its content says so (a rolling hash over the last 64 octets), so that values that come or go
//! shift the cuts around them only. In `cs.raw` stands a list of the pieces:
//!
//! ```text
//! u8 = 3, then per piece: i64 number, u64 hash (both little-endian)
//! ```

use crate::sqlite::SqliteError;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher};

/// The first octet of a list of pieces; those of entries are others (`lockstep_sync::codec`).
const PIECES: u8 = 3;
/// Octets of a piece, at least and at most; between them one is cut with the odds of `1 / MEAN`. Entries of several
/// pieces are kept so. Tests cut small entries too.
const LEAST: usize = if cfg!(debug_assertions) { 64 } else { 16 * 1024 };
const MEAN: u64 = if cfg!(debug_assertions) { 64 } else { 16 * 1024 };
const MOST: usize = 8 * LEAST;
const LARGE: usize = 16 * LEAST;

/// The octets to keep in `cs.raw` for an entry. `was`: what stands there.
pub(super) fn put(
    db: &Connection,
    entry: i64,
    raw: Vec<u8>,
    was: Option<&[u8]>,
) -> Result<Vec<u8>, SqliteError> {
    let before = was.map(pieces).unwrap_or_default();
    if raw.len() < LARGE {
        if !before.is_empty() {
            db.prepare_cached("DELETE FROM piece WHERE entry = ?1")?.execute([entry])?;
        }
        return Ok(raw);
    }
    let mut there: HashMap<u64, i64> = before.iter().map(|(number, hash)| (*hash, *number)).collect();
    let mut same = db.prepare_cached("SELECT 1 FROM piece WHERE number = ?1 AND octets = ?2")?;
    let mut insert = db.prepare_cached("INSERT INTO piece (entry, octets) VALUES (?1, ?2)")?;
    let mut list = vec![PIECES];
    for piece in cut(&raw) {
        let hash = hash_of(piece);
        let kept = match there.get(&hash) {
            Some(number) if same.exists((number, piece))? => there.remove(&hash),
            _ => None,
        };
        let number = match kept {
            Some(number) => number,
            None => insert.insert((entry, piece))?,
        };
        list.extend_from_slice(&number.to_le_bytes());
        list.extend_from_slice(&hash.to_le_bytes());
    }
    let kept: std::collections::HashSet<i64> = pieces(&list).into_iter().map(|(number, _)| number).collect();
    let mut delete = db.prepare_cached("DELETE FROM piece WHERE number = ?1")?;
    for (number, _) in before.iter().filter(|(number, _)| !kept.contains(number)) {
        delete.execute([number])?;
    }
    Ok(list)
}

/// The entry behind what stands in `cs.raw`.
pub(super) fn whole(db: &Connection, raw: Vec<u8>) -> Result<Vec<u8>, SqliteError> {
    if raw.first() != Some(&PIECES) {
        return Ok(raw);
    }
    let mut statement = db.prepare_cached("SELECT octets FROM piece WHERE number = ?1")?;
    let mut whole = Vec::new();
    for (number, _) in pieces(&raw) {
        let found = statement
            .query_row([number], |row| {
                whole.extend_from_slice(row.get_ref(0)?.as_blob()?);
                Ok(())
            })
            .optional()?;
        found.ok_or_else(|| SqliteError::corrupt("a piece of a large entry"))?;
    }
    Ok(whole)
}

/// The numbers and hashes of a list; none for an entry that is kept as it is.
fn pieces(raw: &[u8]) -> Vec<(i64, u64)> {
    let Some((&PIECES, list)) = raw.split_first() else { return Vec::new() };
    let (pairs, _) = list.as_chunks::<16>();
    let pair = |pair: &[u8; 16]| {
        let (number, hash) = pair.split_at(8);
        Some((i64::from_le_bytes(number.try_into().ok()?), u64::from_le_bytes(hash.try_into().ok()?)))
    };
    pairs.iter().filter_map(pair).collect()
}

/// Finds what may be the same piece; whether it is, its octets say. So another hash, one day, costs one writing.
fn hash_of(piece: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(piece);
    hasher.finish()
}

/// The pieces of an entry, in order.
fn cut(mut raw: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if raw.is_empty() {
            return None;
        }
        let mut rolling = 0_u64;
        let mut end = raw.len().min(MOST);
        for (at, octet) in raw.iter().enumerate().take(MOST) {
            // Each octet leaves by the top after 64 more.
            rolling = (rolling << 1).wrapping_add(spread(*octet));
            if at >= LEAST && rolling >> (64 - MEAN.trailing_zeros()) == 0 {
                end = at;
                break;
            }
        }
        let (piece, rest) = raw.split_at(end);
        raw = rest;
        Some(piece)
    })
}

/// A number for each octet whose bits are well mixed (the finalizer of SplitMix64).
const fn spread(octet: u8) -> u64 {
    let mut mixed = (octet as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(values: impl Iterator<Item = usize>) -> Vec<u8> {
        values.flat_map(|n| format!("uid=person-{n},ou=people,dc=contoso,dc=com").into_bytes()).collect()
    }

    #[test]
    fn a_value_that_comes_or_goes_shifts_the_cuts_around_it_only() {
        let before = entry(0..5_000);
        let after = entry((0..5_000).filter(|n| *n != 2_222).chain([9_999]));
        assert_eq!(cut(&before).map(<[u8]>::len).sum::<usize>(), before.len());
        let all: std::collections::HashSet<&[u8]> = cut(&before).collect();
        let new = cut(&after).filter(|piece| !all.contains(piece)).count();
        assert!(all.len() > 200, "{} pieces", all.len());
        assert!(new <= 6, "{new} pieces are new");
    }

    #[test]
    fn octets_that_never_cut_are_cut_by_length() {
        let flat = vec![7; MOST * 3 + 1];
        assert!(cut(&flat).all(|piece| piece.len() <= MOST));
        assert_eq!(cut(&flat).flatten().count(), flat.len());
    }

    #[test]
    fn an_entry_comes_back_whatever_stood_there() {
        let db = Connection::open_in_memory().unwrap();
        let sql =
            "CREATE TABLE piece (number INTEGER PRIMARY KEY, entry INTEGER NOT NULL, octets BLOB NOT NULL)";
        db.execute_batch(sql).unwrap();
        let rows = || db.query_row("SELECT count(*) FROM piece", [], |row| row.get::<_, i64>(0)).unwrap();
        let mut stands: Option<Vec<u8>> = None;
        for raw in [
            entry(0..400),
            entry(1..400),
            entry((0..100).chain(0..100).chain(0..100)),
            vec![0; LARGE * 2],
            entry(0..3),
            entry(0..500),
            Vec::new(),
        ] {
            let list = put(&db, 1, raw.clone(), stands.as_deref()).unwrap();
            assert_eq!(whole(&db, list.clone()).unwrap(), raw);
            assert_eq!(rows(), i64::try_from(pieces(&list).len()).unwrap(), "no piece is left over");
            stands = Some(list);
        }
    }
}
