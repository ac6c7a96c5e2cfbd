//! The first load: rows whose keys come in no order are appended while the source is read, and put in order in one
//! pass when it is over. One by one they would write most pages of their indexes again with every batch.
//!
//! It begins with the first large batch of an empty state, and is over with the first question or change that needs
//! the indexes. The table `load_key` stands as long as it lasts, so that a state that was left in between is put in
//! order when it is opened.
//!
//! **Invariant:** while it lasts only new entries are stored, and no anchor twice.

use crate::sqlite::SqliteError;
use lockstep_model::SourceAnchor;
use lockstep_sync::state::{Batch, IndexChange};
use rusqlite::Connection;
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Entries of a batch with which a load begins; for fewer it does not pay.
const LEAST: usize = 1_000;
/// Anchors remembered at most.
const MOST: usize = 8_000_000;

/// Every anchor that an empty state got since it was opened, as hashes: whether one may be there already can be said
/// without asking the database. None where the state was not empty, or is not known.
#[derive(Debug, Default)]
pub(super) struct Known(Option<(RandomState, HashSet<u64>)>);

impl Known {
    /// Of a state that was opened now.
    pub(super) fn of(db: &Connection) -> rusqlite::Result<Self> {
        let any = db.prepare("SELECT 1 FROM cs LIMIT 1")?.exists([])?;
        Ok(Self((!any).then(Default::default)))
    }

    /// Whether none of the anchors can be there.
    pub(super) fn has_none_of(&self, anchors: &[SourceAnchor]) -> bool {
        self.0.as_ref().is_some_and(|(hasher, known)| {
            anchors.iter().all(|anchor| !known.contains(&hasher.hash_one(anchor.as_str())))
        })
    }

    /// These are about to be stored.
    pub(super) fn add(&mut self, batch: &Batch) {
        let Some((hasher, known)) = &mut self.0 else { return };
        known.extend(batch.upserts.iter().map(|upsert| hasher.hash_one(upsert.anchor.as_str())));
        if known.len() > MOST {
            self.0 = None;
        }
    }

    /// The load is over, if there was one.
    pub(super) fn end(&mut self) {
        if self.0.as_ref().is_some_and(|(_, known)| !known.is_empty()) {
            self.0 = None;
        }
    }

    /// Entries come in another way.
    pub(super) fn forget(&mut self) {
        self.0 = None;
    }
}

/// Whether a batch is stored as a part of a load. Begins one, or ends it.
pub(super) fn takes(db: &Connection, batch: &Batch) -> Result<bool, SqliteError> {
    let lasts = lasts(db)?;
    if !lasts && batch.upserts.len() < LEAST {
        return Ok(false);
    }
    let plain = |index: &IndexChange| {
        index.keys_removed.is_empty()
            && index.references_removed.is_empty()
            && index.touched.is_empty()
            && index.left.is_none()
    };
    let all_new = batch.removals.is_empty()
        && batch.renamed.is_empty()
        && batch.upserts.iter().all(|upsert| upsert.id.is_none() && plain(&upsert.index));
    if lasts && !all_new {
        end(db)?;
    }
    if lasts || !all_new {
        return Ok(all_new);
    }
    if db.prepare_cached("SELECT 1 FROM cs LIMIT 1")?.exists([])? {
        return Ok(false);
    }
    db.execute_batch(
        "CREATE TABLE load_key (hash INTEGER NOT NULL, id INTEGER NOT NULL, kind INTEGER NOT NULL);
         CREATE TABLE load_reference (hash INTEGER NOT NULL, id INTEGER NOT NULL);
         CREATE TABLE load_index (sql TEXT NOT NULL);
         INSERT INTO load_index SELECT sql FROM sqlite_schema WHERE name = 'cs_anchor';
         DROP INDEX cs_anchor;",
    )?;
    Ok(true)
}

fn lasts(db: &Connection) -> Result<bool, SqliteError> {
    Ok(db.prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = 'load_key'")?.exists([])?)
}

/// Puts in order what was loaded, if anything was.
pub(super) fn end(db: &Connection) -> Result<(), SqliteError> {
    if !lasts(db)? {
        return Ok(());
    }
    let index: String = db.query_row("SELECT sql FROM load_index", [], |row| row.get(0))?;
    db.execute_batch(&format!(
        "INSERT OR REPLACE INTO key (hash, id, kind) SELECT hash, id, kind FROM load_key ORDER BY hash, id;
         DROP TABLE load_key;
         INSERT OR IGNORE INTO reference (hash, id) SELECT hash, id FROM load_reference ORDER BY hash, id;
         DROP TABLE load_reference;
         DROP TABLE load_index;
         {index};"
    ))?;
    Ok(())
}
