//! Memberships: rows are what was sent; a link counts and shows while both its ends live.

use super::batch::{Batch, answer};
use super::counters::{Counter, read};
use super::errors::Origin;
use super::history::{Body, Links};
use super::rows::{Result, all, first, micros, run, run_each};
use super::view::{SqlView, link_end, object_ref};
use lockstep_model::provisioning::{OperationResult, Outcome};
use lockstep_model::scim::{PatchVerb, ScimPatch};
use lockstep_model::{ErrorCode, ObjectKind, SourceAnchor, SyncError};
use lockstep_tenant::HistoryOutcome;
use lockstep_tenant::provision::{Known, MAX_RING_SEARCH, Row, State, error, find_ring};
use std::collections::{BTreeMap, BTreeSet};

/// Points the links to one row at another, but for those that are there already.
const UPDATE_ENDS: &str = "UPDATE member SET member = ?2 WHERE member = ?1 AND NOT EXISTS \
                           (SELECT 1 FROM member there WHERE there.grp = member.grp AND there.member = ?2)";
/// Links that lead nowhere that are reported; more say nothing new.
const MAX_UNRESOLVED: i64 = 1_000;
/// Groups of one knot of rings that are reported.
const MAX_RING_ERRORS: usize = 1_000;

impl Batch<'_> {
    /// Adds and removes members.
    pub(super) fn patch(&mut self, group: &SourceAnchor, patch: ScimPatch) -> Result<OperationResult> {
        let known = match SqlView(self.connection).known(group.as_str())? {
            Some(known) if known.state == State::Living && known.kind != ObjectKind::Group => {
                return Ok(answer("404", Outcome::Refused));
            }
            Some(known) => known,
            // Batches travel side by side: the members of a group may arrive before the group.
            None => {
                self.expect(group)?;
                match SqlView(self.connection).known(group.as_str())? {
                    Some(known) => known,
                    None => return Ok(answer("404", Outcome::Refused)),
                }
            }
        };
        let (mut added, mut removed) = (Links::default(), Links::default());
        for operation in patch.operations {
            let members: Vec<SourceAnchor> = operation.value.into_iter().map(|member| member.value).collect();
            match operation.op {
                PatchVerb::Add => {
                    added.join(self.add_members(&known, members)?);
                }
                PatchVerb::Remove => {
                    removed.join(self.remove_members(&known, members)?);
                }
            }
        }
        if added.nested && known.state == State::Living {
            self.check_ring(known.row)?;
        }
        if removed.nested {
            self.recheck_rings()?;
        }
        if added.count + removed.count == 0 {
            return Ok(answer("200", Outcome::Unchanged));
        }
        if known.state == State::Living {
            let sql = "UPDATE object SET last_sync = ?2, version = version + 1 WHERE oid = ?1";
            run(self.connection, sql, (known.row, micros(self.now)))?;
        }
        self.note(known.row, HistoryOutcome::Membership, &Body::links(added, removed))?;
        Ok(answer("200", Outcome::Updated))
    }

    fn add_members(&mut self, group: &Known, members: Vec<SourceAnchor>) -> Result<Links> {
        let mut rows: Vec<(Row, ObjectKind, State, &SourceAnchor)> = Vec::with_capacity(members.len());
        for member in &members {
            match link_end(self.connection, member.as_str())? {
                Some((row, kind, state)) => rows.push((row, kind, state, member)),
                None => rows.push((self.expect(member)?, ObjectKind::User, State::Expected, member)),
            }
        }
        // In key order, so that the tree grows at few places.
        rows.sort_unstable_by_key(|(row, ..)| *row);
        rows.dedup_by_key(|(row, ..)| *row);
        let mut added = Links::default();
        let (mut living, mut pending) = (0, 0);
        let pairs: Vec<(Row, Row)> = rows.iter().map(|(row, ..)| (group.row, *row)).collect();
        let sql = "INSERT INTO member (grp, member) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let fresh = run_each(self.connection, sql, "member", &pairs)?;
        for ((row, kind, state, anchor), fresh) in rows.into_iter().zip(fresh) {
            if !fresh {
                continue;
            }
            added.add(anchor);
            match state {
                State::Living => living += 1,
                State::Deleted | State::Expected => pending += 1,
            }
            if kind == ObjectKind::Group {
                let sql = "INSERT INTO nested (parent, child) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
                run(self.connection, sql, (group.row, row))?;
                added.nested = true;
            }
        }
        if group.state == State::Living {
            self.deltas.add(Counter::Memberships, living);
            self.deltas.add(Counter::PendingLinks, pending);
        }
        Ok(added)
    }

    fn remove_members(&mut self, group: &Known, members: Vec<SourceAnchor>) -> Result<Links> {
        let mut removed = Links::default();
        let mut was_pending = false;
        let mut rows: Vec<(SourceAnchor, Known)> = Vec::with_capacity(members.len());
        let mut met = BTreeSet::new();
        for member in members {
            match SqlView(self.connection).known(member.as_str())? {
                Some(known) if met.insert(known.row) => rows.push((member, known)),
                _ => {}
            }
        }
        let pairs: Vec<(Row, Row)> = rows.iter().map(|(_, known)| (group.row, known.row)).collect();
        let sql = "DELETE FROM member WHERE grp = ?1 AND member = ?2";
        let gone = run_each(self.connection, sql, "member", &pairs)?;
        for ((member, known), gone) in rows.into_iter().zip(gone) {
            if !gone {
                continue;
            }
            let pair = (group.row, known.row);
            removed.add(&member);
            if known.kind == ObjectKind::Group {
                run(self.connection, "DELETE FROM nested WHERE parent = ?1 AND child = ?2", pair)?;
                removed.nested = true;
            }
            if group.state == State::Living {
                let counter = match known.state {
                    State::Living => Counter::Memberships,
                    State::Deleted | State::Expected => Counter::PendingLinks,
                };
                self.deltas.add(counter, -1);
            }
            was_pending |= known.state != State::Living;
            if known.state == State::Expected {
                self.forget_expected(known.row)?;
            }
        }
        if was_pending && let Some(anchor) = self.anchor_of(group.row)? {
            self.drop_resolved_links(&anchor)?;
        }
        Ok(removed)
    }

    /// Removes the row of an object that no link names any more.
    fn forget_expected(&self, row: Row) -> Result<()> {
        let sql = "SELECT 1 FROM object WHERE oid = ?1 AND state = 2 \
                   AND NOT EXISTS (SELECT 1 FROM member WHERE member = ?1) \
                   AND NOT EXISTS (SELECT 1 FROM member WHERE grp = ?1)";
        if first(self.connection, sql, [row], |_| Ok(()))?.is_some() {
            self.history_stays(row)?;
            run(self.connection, "DELETE FROM object WHERE oid = ?1", [row])?;
            run(self.connection, "DELETE FROM body WHERE oid = ?1", [row])?;
        }
        Ok(())
    }

    fn anchor_of(&self, row: Row) -> Result<Option<String>> {
        let sql = "SELECT anchor FROM object WHERE oid = ?1";
        Ok(first(self.connection, sql, [row], |found| found.get::<Option<String>>(0))?.flatten())
    }

    /// Points the links of one row at another.
    pub(super) fn move_links(&mut self, from: Row, to: Row) -> Result<()> {
        let pair = (from, to);
        run(self.connection, UPDATE_ENDS, pair)?;
        run(self.connection, "DELETE FROM member WHERE member = ?1 OR grp = ?1", [from])?;
        run(self.connection, "DELETE FROM nested WHERE parent = ?1 OR child = ?1", [from])?;
        Ok(())
    }

    /// Counts the links of a living row, its link to itself once: from living groups, to living members, to
    /// others.
    fn count_links(&self, row: Row) -> Result<(i64, i64, i64)> {
        let sql = "SELECT count(*) FROM member m JOIN object g ON g.oid = m.grp \
                   WHERE m.member = ?1 AND g.state = 0";
        let into: i64 = first(self.connection, sql, [row], |found| found.get(0))?.unwrap_or(0);
        let sql = "SELECT count(*), count(CASE WHEN o.state = 0 THEN 1 END) FROM member m JOIN object o ON o.oid = m.member \
                   WHERE m.grp = ?1 AND m.member <> ?1";
        let (all, living) = first(self.connection, sql, [row], |found| Ok((found.get(0)?, found.get(1)?)))?
            .unwrap_or((0_i64, 0));
        Ok((into, living, all - living))
    }

    fn links_to_itself(&self, row: Row) -> Result<i64> {
        let sql = "SELECT count(*) FROM member WHERE grp = ?1 AND member = ?1";
        Ok(first(self.connection, sql, [row], |found| found.get(0))?.unwrap_or(0))
    }

    /// An object with links came alive: its links count now. Its row says so already.
    pub(super) fn arrived(&mut self, row: Row, kind: ObjectKind, anchor: &str) -> Result<()> {
        let (into, to_living, to_others) = self.count_links(row)?;
        let own = self.links_to_itself(row)?;
        self.deltas.add(Counter::Memberships, into + to_living);
        self.deltas.add(Counter::PendingLinks, to_others - (into - own));
        if into > 0 && self.any_errors {
            self.drop_resolved_links_to(anchor)?;
        }
        if kind == ObjectKind::Group {
            let sql = "INSERT INTO nested (parent, child) SELECT grp, member FROM member WHERE member = ?1 ON CONFLICT DO NOTHING";
            run(self.connection, sql, [row])?;
            let sql = "INSERT INTO nested (parent, child) SELECT m.grp, m.member FROM member m \
                       JOIN object o ON o.oid = m.member WHERE m.grp = ?1 AND o.kind = 1 AND o.state <> 2 ON CONFLICT DO NOTHING";
            run(self.connection, sql, [row])?;
            self.check_ring(row)?;
        }
        Ok(())
    }

    /// An object is about to go: its links count no more. Its row does not say so yet.
    pub(super) fn leaves(&mut self, row: Row) -> Result<()> {
        let (into, to_living, to_others) = self.count_links(row)?;
        let own = self.links_to_itself(row)?;
        self.deltas.add(Counter::Memberships, -(into + to_living));
        self.deltas.add(Counter::PendingLinks, (into - own) - to_others);
        Ok(())
    }

    fn ring_of(&self, group: Row) -> Result<Option<Vec<Row>>> {
        let sql = "SELECT n.child FROM nested n JOIN object o ON o.oid = n.child \
                   WHERE n.parent = ?1 AND o.state = 0 ORDER BY n.child";
        find_ring(group, |at| all(self.connection, sql, [at], |row| row.get(0)))
    }

    /// Groups that can be reached from a group by its members, or from which it can be reached.
    pub(super) fn reach(&self, group: Row, forward: bool) -> Result<BTreeSet<Row>> {
        let sql = if forward {
            "SELECT n.child FROM nested n JOIN object o ON o.oid = n.child WHERE n.parent = ?1 AND o.state = 0"
        } else {
            "SELECT n.parent FROM nested n JOIN object o ON o.oid = n.parent WHERE n.child = ?1 AND o.state = 0"
        };
        let mut met = BTreeSet::new();
        let mut queue = vec![group];
        while let Some(at) = queue.pop() {
            for next in all(self.connection, sql, [at], |row| row.get::<Row>(0))? {
                if met.len() < MAX_RING_SEARCH && met.insert(next) {
                    queue.push(next);
                }
            }
        }
        Ok(met)
    }

    /// A group gained members or came alive: every ring that this closes goes through it. Each group of such a
    /// ring is told, with its own next one.
    pub(super) fn check_ring(&mut self, group: Row) -> Result<()> {
        let below = self.reach(group, true)?;
        if !below.contains(&group) {
            return Ok(());
        }
        let above = self.reach(group, false)?;
        for at in below.intersection(&above).take(MAX_RING_ERRORS) {
            if let Some(ring) = self.ring_of(*at)? {
                self.report_ring(*at, ring.get(1).copied().unwrap_or(*at))?;
            }
        }
        Ok(())
    }

    fn report_ring(&mut self, at: Row, next: Row) -> Result<()> {
        let (Some(object), Some(other)) =
            (object_ref(self.connection, at)?, object_ref(self.connection, next)?)
        else {
            return Ok(());
        };
        let Some(anchor) = object.anchor.clone() else { return Ok(()) };
        let error = error(ErrorCode::CircularNesting, object, Some("members"), None, None, Some(other));
        self.set_errors(anchor.as_str(), Origin::Ring, &[error])
    }

    /// Looks again at every group that was in a ring.
    pub(super) fn recheck_rings(&mut self) -> Result<()> {
        let sql = "SELECT o.oid, e.anchor FROM error e JOIN object o ON o.anchor = e.anchor \
                   WHERE e.code = 'CircularNesting' AND e.origin = 2 ORDER BY o.oid";
        let groups = all(self.connection, sql, (), |row| Ok((row.get::<Row>(0)?, row.get::<String>(1)?)))?;
        for (row, anchor) in groups {
            match self.ring_of(row)? {
                Some(ring) => self.report_ring(row, ring.get(1).copied().unwrap_or(row))?,
                None => self.set_errors(&anchor, Origin::Ring, &[])?,
            }
        }
        Ok(())
    }

    /// Reports links that lead to no living object, where the client did not report them itself.
    pub(super) fn report_unresolved(&mut self) -> Result<()> {
        let reported = all(
            self.connection,
            "SELECT DISTINCT anchor FROM error WHERE code = 'UnresolvedReference' AND origin = 3",
            (),
            |row| row.get::<String>(0),
        )?;
        let mut found: BTreeMap<String, Vec<SyncError>> =
            reported.into_iter().map(|anchor| (anchor, Vec::new())).collect();
        if read(self.connection, Counter::PendingLinks)? > 0 {
            let sql = "SELECT m.grp, g.anchor, o.anchor FROM object o JOIN member m ON m.member = o.oid \
                       JOIN object g ON g.oid = m.grp \
                       WHERE o.state <> 0 AND g.state = 0 AND g.sync_enabled = 1 AND NOT EXISTS \
                       (SELECT 1 FROM error e WHERE e.anchor = g.anchor AND e.origin = 1 \
                        AND e.code = 'UnresolvedReference') ORDER BY m.grp, m.member LIMIT ?1";
            let links = all(self.connection, sql, [MAX_UNRESOLVED], |row| {
                Ok((row.get::<Row>(0)?, row.get::<String>(1)?, row.get::<String>(2)?))
            })?;
            for (group, anchor, member) in links {
                let Some(object) = object_ref(self.connection, group)? else { continue };
                let code = ErrorCode::UnresolvedReference;
                let error = error(code, object, Some("members"), Some(member), None, None);
                found.entry(anchor).or_default().push(error);
            }
        }
        for (anchor, errors) in found {
            self.set_errors(&anchor, Origin::Link, &errors)?;
        }
        Ok(())
    }

    /// A member arrived: what was said of links to it is over.
    fn drop_resolved_links_to(&mut self, member: &str) -> Result<()> {
        let sql = "SELECT DISTINCT anchor FROM error WHERE code = 'UnresolvedReference' AND origin = 3 AND value = ?1";
        let groups: BTreeSet<String> =
            all(self.connection, sql, [member], |row| row.get(0))?.into_iter().collect();
        for group in groups {
            self.drop_resolved_links(&group)?;
        }
        Ok(())
    }

    /// Keeps of a group's reported links those that still lead nowhere.
    fn drop_resolved_links(&mut self, group: &str) -> Result<()> {
        let sql = "SELECT e.value FROM error e WHERE e.anchor = ?1 AND e.origin = 3 AND EXISTS \
                   (SELECT 1 FROM object g JOIN member m ON m.grp = g.oid JOIN object o ON o.oid = m.member \
                    WHERE g.anchor = e.anchor AND o.anchor = e.value AND o.state <> 0)";
        let values = all(self.connection, sql, [group], |row| row.get::<String>(0))?;
        let sql = "SELECT 1 FROM error WHERE anchor = ?1 AND origin = 3 LIMIT 1";
        if first(self.connection, sql, [group], |_| Ok(()))?.is_none() {
            return Ok(());
        }
        let object =
            super::view::living_ref(self.connection, group)?.map(|(_, object)| object).unwrap_or_default();
        let code = ErrorCode::UnresolvedReference;
        let errors: Vec<SyncError> = values
            .into_iter()
            .map(|value| error(code, object.clone(), Some("members"), Some(value), None, None))
            .collect();
        self.set_errors(group, Origin::Link, &errors)
    }
}
