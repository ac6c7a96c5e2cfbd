//! A batch of a sync client, applied: each operation is decided on what the ones before it left, and values
//! that become free are put in force at once.
//!
//! **Invariant:** claims, words, counters and errors change in the same transaction as the object.

use super::counters::{Counter, Deltas};
use super::errors::{Origin, of_object};
use super::history::{Body, Log};
use super::rows::{Numbered, Result, first, insert, kind_code, micros, run, to_json, uuid};
use super::view::{SqlView, object_ref, space_code, state_code};
use crate::sql::Connection;
use lockstep_model::provisioning::{BulkOperation, OperationResult, Outcome};
use lockstep_model::scim::{ScimPatch, parse_path};
use lockstep_model::{
    ErrorCode, Fingerprint, ObjectId, ObjectKind, ObjectRef, Properties, Property, PropertyValue,
    SourceAnchor, SyncError, Timestamp,
};
use lockstep_tenant::HistoryOutcome;
use lockstep_tenant::domains::wanted_name;
use lockstep_tenant::provision::{
    Claim, Decision, Held, Incoming, Known, Resolved, Row, State, Target, TenantRules, View, Write,
    claims_in_force, decide, error, name_key, resolve, sent_of, words,
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

const INSERT_BODY: &str = "INSERT INTO body (oid, body, held) VALUES (?1, ?2, ?3)";
pub(super) const UPDATE_BODY: &str = "UPDATE body SET body = ?2, held = ?3 WHERE oid = ?1";

/// An operation, with all that can be worked out before the writer's turn: many callers prepare, one writes.
pub(super) enum Operation {
    /// An object, and its properties as they are stored where the tenant changes none of them.
    Post(Box<Incoming>, Option<String>),
    Members(SourceAnchor, ScimPatch),
    Delete(ObjectKind, SourceAnchor),
    /// It names nothing that could be written; the status that says so.
    Refused(&'static str),
}

impl Operation {
    pub(super) fn of(operation: BulkOperation) -> Self {
        match operation {
            BulkOperation::Post(post) => match Incoming::of(post) {
                Some(incoming) => {
                    let json = stored_as_sent(incoming.properties());
                    Self::Post(Box::new(incoming), json)
                }
                None => Self::Refused("422"),
            },
            BulkOperation::Patch { path, data } => match parse_path(&path) {
                Some((ObjectKind::Group, anchor)) => Self::Members(anchor, data),
                _ => Self::Refused("404"),
            },
            BulkOperation::Delete { path } => match parse_path(&path) {
                Some((kind, anchor)) => Self::Delete(kind, anchor),
                None => Self::Refused("404"),
            },
        }
    }
}

/// One transaction's worth of changes to the directory.
pub(super) struct Batch<'c> {
    pub(super) connection: Connection<'c>,
    pub(super) now: Timestamp,
    pub(super) rules: TenantRules,
    pub(super) deltas: Deltas,
    /// Whether any error is stored: where none is, none needs to be looked for.
    pub(super) any_errors: bool,
    /// Whether any of them is ignored.
    pub(super) any_ignored: bool,
    /// The fingerprint of what is being written, for its errors.
    pub(super) sent: Option<Fingerprint>,
    /// Values that became free and were not yet offered to those that wait.
    freed: BTreeSet<Claim>,
    /// Words learned and not yet written: many objects share them, and in their order neighbours share pages.
    words: BTreeSet<(String, Row)>,
    /// Those of objects that this batch makes: they cannot be there already, and need not be looked for.
    first_words: BTreeSet<(String, Row)>,
    last_id: Option<u128>,
    /// Whose changes these are, for the history.
    pub(super) log: Log,
}

impl<'c> Batch<'c> {
    pub(super) fn begin(connection: Connection<'c>, now: Timestamp) -> Result<Self> {
        let rules = TenantRules::of(&super::domains::list(connection)?);
        let any = first(connection, "SELECT 1 FROM error LIMIT 1", (), |_| Ok(()))?;
        Ok(Self {
            connection,
            now,
            rules,
            deltas: Deltas::default(),
            any_errors: any.is_some(),
            any_ignored: any.is_some() && super::counters::read(connection, Counter::IgnoredErrors)? > 0,
            sent: None,
            freed: BTreeSet::new(),
            words: BTreeSet::new(),
            first_words: BTreeSet::new(),
            last_id: None,
            log: Log::default(),
        })
    }

    /// As [`Batch::begin`], for what a person or program does in the cloud.
    pub(super) fn begin_by(connection: Connection<'c>, now: Timestamp, actor: String) -> Result<Self> {
        Ok(Self { log: Log::by(actor), ..Self::begin(connection, now)? })
    }

    /// As [`Batch::begin`], for what a sync client sent.
    pub(super) fn begin_for(connection: Connection<'c>, now: Timestamp, log: Log) -> Result<Self> {
        Ok(Self { log, ..Self::begin(connection, now)? })
    }

    /// Offers what became free, and writes the counters.
    pub(super) fn finish(mut self) -> Result<()> {
        self.release_freed()?;
        self.finish_history()?;
        for pair in std::mem::take(&mut self.words) {
            let sql = "INSERT INTO word (word, oid) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            run(self.connection, sql, pair)?;
        }
        for pair in std::mem::take(&mut self.first_words) {
            run(self.connection, "INSERT INTO word (word, oid) VALUES (?1, ?2)", pair)?;
        }
        self.deltas.write(self.connection)
    }

    /// Executes one operation.
    pub(super) fn operation(&mut self, operation: Operation) -> Result<OperationResult> {
        let result = match operation {
            Operation::Post(incoming, json) => self.post(*incoming, json)?,
            Operation::Members(group, patch) => self.patch(&group, patch)?,
            Operation::Delete(kind, anchor) => self.delete(kind, &anchor)?,
            Operation::Refused(status) => answer(status, Outcome::Refused),
        };
        self.release_freed()?;
        Ok(result)
    }

    pub(super) fn post(&mut self, mut incoming: Incoming, json: Option<String>) -> Result<OperationResult> {
        let (kind, anchor) = (incoming.kind(), incoming.anchor().clone());
        let (flows, name) = (incoming.take_flows(), incoming.name().to_owned());
        let fingerprint = incoming.fingerprint();
        let decision = decide(&mut SqlView(self.connection), &self.rules, incoming)?;
        if !matches!(decision, Decision::Unchanged { .. }) {
            self.source_changed(anchor.as_str(), fingerprint)?;
            self.sent = Some(fingerprint);
        }
        let result = self.decided(decision, kind, &anchor, &name, &flows, json);
        self.sent = None;
        result
    }

    fn decided(
        &mut self,
        decision: Decision,
        kind: ObjectKind,
        anchor: &SourceAnchor,
        name: &str,
        flows: &BTreeMap<String, String>,
        json: Option<String>,
    ) -> Result<OperationResult> {
        match decision {
            Decision::Unchanged { known } => {
                let mut result = answer("200", Outcome::Unchanged);
                if known.errors > 0 {
                    self.touch_errors(anchor.as_str())?;
                    result.errors = of_object(self.connection, anchor.as_str())?;
                }
                Ok(result)
            }
            Decision::Refuse { error } => {
                self.set_errors(anchor.as_str(), Origin::Tenant, std::slice::from_ref(&error))?;
                self.note_refused(kind, anchor, name, std::slice::from_ref(&error))?;
                Ok(OperationResult { status: "409".into(), outcome: Outcome::Refused, errors: vec![*error] })
            }
            Decision::Write(write) => self.write(kind, anchor, *write, flows, json),
        }
    }

    fn write(
        &mut self,
        kind: ObjectKind,
        anchor: &SourceAnchor,
        write: Write,
        flows: &BTreeMap<String, String>,
        json: Option<String>,
    ) -> Result<OperationResult> {
        let Write { target, outcome, fingerprint, mut resolved, before, held_before, detach, manager } =
            write;
        if let Some(row) = detach {
            run(self.connection, "UPDATE object SET anchor = NULL WHERE oid = ?1", [row])?;
        }
        // Where nothing is held back, what is in force is what was sent.
        let body = match json.filter(|_| resolved.held.0.is_empty()) {
            Some(json) => json,
            None => to_json(&resolved.properties)?,
        };
        let held = held_column(&resolved.held)?;
        let key = name_key(resolved.properties.text(Property::DisplayName).unwrap_or_default());
        let fingerprint = fingerprint.0.as_slice();
        let manager = manager.as_ref().map(SourceAnchor::as_str);
        let now = micros(self.now);
        let mut said = Body::default();
        let (row, id, was) = match target {
            Target::New => {
                let id = self.next_id()?;
                let sql = "INSERT INTO object (oid, id, kind, state, anchor, sync_enabled, created_at, last_sync, \
                           fingerprint, manager, name_key) VALUES (?1, ?2, ?3, 0, ?4, 1, ?5, ?5, ?6, ?7, ?8)";
                let bytes = id.0.as_bytes().as_slice();
                let params = (bytes, kind_code(kind), anchor.as_str(), now, fingerprint, manager, &key);
                let row = insert(self.connection, Numbered::Object, sql, params)?;
                run(self.connection, INSERT_BODY, (row, &body, held))?;
                self.first_words.extend(words(&key).into_iter().map(|word| (word, row)));
                (row, id, State::Expected)
            }
            Target::Existing { row, state } => {
                let (known, _) = SqlView(self.connection).by_row(row)?;
                if state == State::Living {
                    let (old_key, old_manager) = self.key_and_manager_of(row)?;
                    if let Some(before) = &before {
                        let managers = (old_manager.as_deref(), manager);
                        said = Body::differences(before, &resolved.properties, managers, flows);
                    }
                    if old_key != key {
                        self.forget_words(row, &old_key)?;
                        self.learn_words(row, &key);
                    }
                    if known.sync_enabled != Some(true) {
                        self.deltas.add(Counter::of_kind(kind).1, 1);
                    }
                } else {
                    self.learn_words(row, &key);
                }
                let sql = "UPDATE object SET kind = ?2, state = 0, anchor = ?3, sync_enabled = 1, last_sync = ?4, \
                           created_at = CASE state WHEN 2 THEN ?4 ELSE created_at END, deleted_at = NULL, \
                           fingerprint = ?5, manager = ?6, manager_oid = NULL, name_key = ?7, \
                           version = version + 1 WHERE oid = ?1";
                let params = (row, kind_code(kind), anchor.as_str(), now, fingerprint, manager, &key);
                run(self.connection, sql, params)?;
                run(self.connection, UPDATE_BODY, (row, &body, held))?;
                (row, known.id, state)
            }
        };
        self.write_claims(row, &held_before, &resolved, target != Target::New)?;
        if was != State::Living {
            self.deltas.object(kind, true, 1);
            if was == State::Deleted {
                self.deltas.add(Counter::Deleted, -1);
            }
        }
        match target {
            Target::New => {
                if let Some(old) = detach {
                    // Links that named the anchor mean the object that has it now.
                    let old_id = SqlView(self.connection).by_row(old)?.0.id;
                    self.note_gone_from_groups(old, old_id)?;
                    self.move_links(old, row)?;
                    self.arrived(row, kind, anchor.as_str())?;
                }
            }
            Target::Existing { state: State::Living, .. } => {
                if outcome == Outcome::Matched && kind == ObjectKind::Group {
                    self.drop_cloud_members(row)?;
                }
            }
            Target::Existing { state, .. } => {
                if state == State::Deleted && kind == ObjectKind::Group {
                    // The client sends all members of a restored group; what it had before is not known to be true.
                    self.note_members_gone(row)?;
                    run(self.connection, "DELETE FROM member WHERE grp = ?1", [row])?;
                    run(self.connection, "DELETE FROM nested WHERE parent = ?1", [row])?;
                }
                self.arrived(row, kind, anchor.as_str())?;
            }
        }
        if self.any_errors || !resolved.errors.is_empty() {
            resolved.errors.iter_mut().for_each(|error| error.object.id = Some(id));
            self.set_errors(anchor.as_str(), Origin::Tenant, &resolved.errors)?;
        }
        let done = match (outcome, was) {
            (Outcome::Matched, State::Deleted) => HistoryOutcome::Restored,
            (Outcome::Matched, _) => HistoryOutcome::Matched,
            (Outcome::Created, _) => HistoryOutcome::Created,
            _ => HistoryOutcome::Updated,
        };
        self.note(row, done, &said.errors(&resolved.errors))?;
        let status = if outcome == Outcome::Created { "201" } else { "200" };
        Ok(OperationResult { status: status.into(), outcome, errors: resolved.errors })
    }

    /// Makes a row of an object that no client has sent: a cloud object, or one that is expected.
    pub(super) fn insert(
        &mut self,
        kind: ObjectKind,
        state: State,
        id: ObjectId,
        anchor: Option<&SourceAnchor>,
        key: &str,
        body: &str,
    ) -> Result<Row> {
        let sql = "INSERT INTO object (oid, id, kind, state, anchor, created_at, name_key) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
        let bytes = id.0.as_bytes().as_slice();
        let anchor = anchor.map(SourceAnchor::as_str);
        let params = (bytes, kind_code(kind), state_code(state), anchor, micros(self.now), key);
        let row = insert(self.connection, Numbered::Object, sql, params)?;
        run(self.connection, INSERT_BODY, (row, body, None::<String>))?;
        if state == State::Living {
            self.learn_words(row, key);
        }
        Ok(row)
    }

    /// A row for an anchor that only a link names so far.
    pub(super) fn expect(&mut self, anchor: &SourceAnchor) -> Result<Row> {
        let id = self.next_id()?;
        self.insert(ObjectKind::User, State::Expected, id, Some(anchor), "", "{}")
    }

    pub(super) fn write_claims(
        &mut self,
        row: Row,
        held_before: &[Claim],
        resolved: &Resolved,
        may_wait: bool,
    ) -> Result<()> {
        for claim in held_before.iter().filter(|claim| resolved.claims.binary_search(claim).is_err()) {
            self.free(row, claim)?;
        }
        let sql = "INSERT INTO claim (space, key, oid) VALUES (?1, ?2, ?3)";
        for claim in resolved.claims.iter().filter(|claim| held_before.binary_search(claim).is_err()) {
            run(self.connection, sql, (space_code(claim.space), claim.key.as_str(), row))?;
        }
        if may_wait {
            run(self.connection, "DELETE FROM waiting WHERE oid = ?1", [row])?;
        }
        let sql = "INSERT INTO waiting (space, key, oid) VALUES (?1, ?2, ?3)";
        for claim in &resolved.waiting {
            run(self.connection, sql, (space_code(claim.space), claim.key.as_str(), row))?;
        }
        Ok(())
    }

    fn free(&mut self, row: Row, claim: &Claim) -> Result<()> {
        let sql = "DELETE FROM claim WHERE space = ?1 AND key = ?2 AND oid = ?3";
        run(self.connection, sql, (space_code(claim.space), claim.key.as_str(), row))?;
        self.freed.insert(claim.clone());
        Ok(())
    }

    fn delete(&mut self, kind: ObjectKind, anchor: &SourceAnchor) -> Result<OperationResult> {
        let known = SqlView(self.connection).known(anchor.as_str())?;
        match known {
            Some(known) if known.state == State::Living && known.kind == kind => {
                if known.sync_enabled == Some(true) {
                    self.delete_object(&known, Some(anchor))?;
                    return Ok(answer("204", Outcome::Deleted));
                }
                let object = object_ref(self.connection, known.row)?.unwrap_or_default();
                let code = ErrorCode::DeletingCloudOnlyObjectNotAllowed;
                let error = error(code, object, None, None, None, None);
                self.set_errors(anchor.as_str(), Origin::Tenant, std::slice::from_ref(&error))?;
                self.note_refused(kind, anchor, &error.object.name, std::slice::from_ref(&error))?;
                Ok(OperationResult { status: "409".into(), outcome: Outcome::Refused, errors: vec![error] })
            }
            Some(known) if known.state == State::Deleted && known.kind == kind => {
                Ok(answer("204", Outcome::Unchanged))
            }
            Some(known) if known.state == State::Living => Ok(answer("404", Outcome::Unchanged)),
            _ => {
                // It was refused, perhaps, and is gone from the source: so are its errors.
                self.clear_errors(anchor.as_str())?;
                Ok(answer("404", Outcome::Unchanged))
            }
        }
    }

    pub(super) fn delete_object(&mut self, known: &Known, anchor: Option<&SourceAnchor>) -> Result<()> {
        let row = known.row;
        let (in_force, _) = SqlView(self.connection).stored(row)?;
        for claim in claims_in_force(known.kind, &in_force) {
            self.free(row, &claim)?;
        }
        run(self.connection, "DELETE FROM waiting WHERE oid = ?1", [row])?;
        let key = self.name_key_of(row)?;
        self.forget_words(row, &key)?;
        if let Some(anchor) = anchor {
            self.clear_errors(anchor.as_str())?;
        }
        self.leaves(row)?;
        // Only a sync client deletes what is synced.
        let sql = "UPDATE object SET state = 1, deleted_at = ?2, fingerprint = NULL, errors = 0, \
                   last_sync = CASE sync_enabled WHEN 1 THEN ?2 ELSE last_sync END, version = version + 1 \
                   WHERE oid = ?1";
        run(self.connection, sql, (row, micros(self.now)))?;
        self.deltas.object(known.kind, known.sync_enabled == Some(true), -1);
        self.deltas.add(Counter::Deleted, 1);
        if known.kind == ObjectKind::Group {
            self.recheck_rings()?;
        }
        self.note(row, HistoryOutcome::Deleted, &Body::default())
    }

    /// Offers every freed value to those that wait for it, in the order in which they came.
    pub(super) fn release_freed(&mut self) -> Result<u64> {
        let mut released = 0;
        while let Some(claim) = self.freed.pop_first() {
            let sql = "SELECT oid FROM waiting WHERE space = ?1 AND key = ?2 ORDER BY oid";
            let params = (space_code(claim.space), claim.key.as_str());
            let waiters = super::rows::all(self.connection, sql, params, |row| row.get::<Row>(0))?;
            for row in waiters {
                released += u64::from(self.resolve_again(row)?);
            }
        }
        Ok(released)
    }

    /// Works out anew what is in force of an object. Answers whether it now has more of what it wants.
    pub(super) fn resolve_again(&mut self, row: Row) -> Result<bool> {
        let mut view = SqlView(self.connection);
        let (known, anchor) = view.by_row(row)?;
        let Some(anchor) = anchor.filter(|_| known.state == State::Living) else { return Ok(false) };
        let before = view.stored(row)?;
        let sent = sent_of(&before.0, &before.1);
        let object = ObjectRef {
            kind: Some(known.kind),
            id: Some(known.id),
            anchor: Some(anchor.clone()),
            name: sent.text(Property::DisplayName).unwrap_or(anchor.as_str()).to_owned(),
            dn: sent.text(Property::OnPremisesDistinguishedName).map(str::to_owned),
        };
        let resolved = resolve(&mut view, &self.rules, Some(row), object, sent, Some(&before))?;
        let changed = resolved.properties != before.0;
        if changed {
            let held_before = claims_in_force(known.kind, &before.0);
            self.write_claims(row, &held_before, &resolved, true)?;
            let held = held_column(&resolved.held)?;
            run(self.connection, UPDATE_BODY, (row, to_json(&resolved.properties)?, held))?;
            self.touch(row)?;
            let said = Body::differences(&before.0, &resolved.properties, (None, None), &BTreeMap::new());
            self.note(row, HistoryOutcome::Recalculated, &said.errors(&resolved.errors))?;
        }
        self.set_errors(anchor.as_str(), Origin::Tenant, &resolved.errors)?;
        Ok(changed && resolved.held.0.len() <= before.1.0.len())
    }

    /// Moves every name and address of a cloud-only object that is in `domain` to the initial domain. What of them is
    /// taken there already is left out; a sign-in name gets digits. Answers whether anything was.
    pub(super) fn rename_out_of(
        &mut self,
        row: Row,
        kind: ObjectKind,
        domain: &str,
        disable: bool,
    ) -> Result<bool> {
        let before = SqlView(self.connection).stored(row)?;
        let initial = self.rules.initial_domain.clone();
        let Some(wanted) = super::domains::renamed(kind, &before.0, domain, &initial, disable) else {
            return Ok(false);
        };
        let object = object_ref(self.connection, row)?.unwrap_or_default();
        let mut view = SqlView(self.connection);
        let mut resolved = resolve(&mut view, &self.rules, Some(row), object, wanted, None)?;
        // Nobody sends these again: what is in force is what it is from now on.
        resolved.held = Held::default();
        resolved.waiting.clear();
        self.write_claims(row, &claims_in_force(kind, &before.0), &resolved, true)?;
        run(self.connection, UPDATE_BODY, (row, to_json(&resolved.properties)?, None::<String>))?;
        self.touch(row)?;
        let said = Body::differences(&before.0, &resolved.properties, (None, None), &BTreeMap::new());
        self.note(row, HistoryOutcome::Recalculated, &said)?;
        Ok(true)
    }

    /// Gives a cloud-only user the sign-in name that was sent for it, where it is in `domain`, which is verified by now.
    /// One that is taken, or has a wrong form, stays as it is. Answers whether it changed.
    pub(super) fn name_as_wanted(&mut self, row: Row, kind: ObjectKind, domain: &str) -> Result<bool> {
        if kind != ObjectKind::User || !self.rules.verified.contains(domain) {
            return Ok(false);
        }
        let before = SqlView(self.connection).stored(row)?.0;
        let name = before.text(Property::UserPrincipalName).unwrap_or_default();
        let Some(wanted) = wanted_name(&self.extra_of(row)?, name) else { return Ok(false) };
        if !wanted.to_lowercase().ends_with(&format!("@{domain}")) {
            return Ok(false);
        }
        let mut after = before.clone();
        after.set_text(Property::UserPrincipalName, wanted.clone());
        let object = object_ref(self.connection, row)?.unwrap_or_default();
        let mut view = SqlView(self.connection);
        let resolved = resolve(&mut view, &self.rules, Some(row), object, after, None)?;
        if resolved.properties.text(Property::UserPrincipalName) != Some(&wanted) {
            return Ok(false);
        }
        self.write_claims(row, &claims_in_force(kind, &before), &resolved, true)?;
        run(self.connection, UPDATE_BODY, (row, to_json(&resolved.properties)?, None::<String>))?;
        self.touch(row)?;
        let said = Body::differences(&before, &resolved.properties, (None, None), &BTreeMap::new());
        self.note(row, HistoryOutcome::Recalculated, &said)?;
        Ok(true)
    }

    /// The object changed, and no sync client did it.
    pub(super) fn touch(&self, row: Row) -> Result<()> {
        let sql = "UPDATE object SET version = version + 1, changed_at = ?2 WHERE oid = ?1";
        run(self.connection, sql, (row, micros(self.now)))?;
        Ok(())
    }

    pub(super) fn key_and_manager_of(&self, row: Row) -> Result<(String, Option<String>)> {
        let known =
            self.connection.ahead(|ahead| ahead.by_row(row).map(|b| (b.name_key.clone(), b.manager.clone())));
        if let Some(known) = known {
            return Ok(known);
        }
        let sql = "SELECT name_key, manager FROM object WHERE oid = ?1";
        let found = first(self.connection, sql, [row], |found| Ok((found.get(0)?, found.get(1)?)))?;
        Ok(found.unwrap_or_default())
    }

    pub(super) fn name_key_of(&self, row: Row) -> Result<String> {
        if let Some(key) =
            self.connection.ahead(|ahead| ahead.by_row(row).map(|before| before.name_key.clone()))
        {
            return Ok(key);
        }
        let sql = "SELECT name_key FROM object WHERE oid = ?1";
        Ok(first(self.connection, sql, [row], |found| found.get(0))?.unwrap_or_default())
    }

    pub(super) fn learn_words(&mut self, row: Row, name_key: &str) {
        self.words.extend(words(name_key).into_iter().map(|word| (word, row)));
    }

    pub(super) fn forget_words(&mut self, row: Row, name_key: &str) -> Result<()> {
        for word in words(name_key) {
            let pair = (word, row);
            self.words.remove(&pair);
            self.first_words.remove(&pair);
            let (word, row) = pair;
            run(self.connection, "DELETE FROM word WHERE word = ?1 AND oid = ?2", (word, row))?;
        }
        Ok(())
    }

    /// An id greater than all before it, though many are made in one millisecond (RFC 9562 section 6.2,
    /// method 2): pages ordered by row are then ordered by id.
    pub(super) fn next_id(&mut self) -> Result<ObjectId> {
        const LOW: u128 = (1 << 62) - 1;
        let last = match self.last_id {
            // The first of a batch is random; those after it follow in steps that nobody can tell from random,
            // without asking the operating system a thousand times.
            Some(last) => {
                let step = u128::from(mix(last) & 0xffff_ffff) + 1;
                if (last & LOW) + step <= LOW {
                    self.last_id = Some(last + step);
                    return Ok(ObjectId(Uuid::from_u128(last + step)));
                }
                last
            }
            None => {
                let sql = "SELECT id FROM object ORDER BY oid DESC LIMIT 1";
                let newest = first(self.connection, sql, (), |row| uuid(row.get::<&[u8]>(0)?))?;
                newest.map_or(0, |id| id.as_u128())
            }
        };
        let fresh = ObjectId::generate(self.now).0.as_u128();
        let step = (fresh & 0xffff_ffff) + 1;
        let next = if fresh > last {
            fresh
        } else if (last & LOW) + step <= LOW {
            last + step
        } else {
            let millis = i64::try_from(last >> 80).unwrap_or(i64::MAX).saturating_add(1);
            let later = Timestamp::from_millisecond(millis).unwrap_or(self.now);
            ObjectId::generate(later).0.as_u128()
        };
        self.last_id = Some(next);
        Ok(ObjectId(Uuid::from_u128(next)))
    }
}

/// A well-mixed number of another (the finalizer of SplitMix64).
const fn mix(of: u128) -> u64 {
    let mut x = (of as u64) ^ ((of >> 64) as u64);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The properties as they are stored, worked out beside the writer; none where they may not be stored as they were
/// sent though nothing of them is held back.
fn stored_as_sent(sent: &Properties) -> Option<String> {
    let plain = sent.iter().all(|(_, value)| match value {
        PropertyValue::Kept => false,
        PropertyValue::List(list) => !list.is_empty(),
        PropertyValue::Flag(_) | PropertyValue::Text(_) => true,
    });
    plain.then(|| to_json(sent).ok()).flatten()
}

fn held_column(held: &Held) -> Result<Option<String>> {
    if held.0.is_empty() { Ok(None) } else { to_json(held).map(Some) }
}

pub(super) fn answer(status: &str, outcome: Outcome) -> OperationResult {
    OperationResult { status: status.into(), outcome, errors: Vec::<SyncError>::new() }
}
