//! Joins: by what an entry of a further source belongs to an object that earlier sources make.
//!
//! Both sides are pure: what an entry asks for is a function of the entry ([`RuleSet::joins`]), what an object offers one
//! of its entries ([`RuleSet::join_values`]). Who has what another asks for is looked up elsewhere, by [`JoinName`].

use super::RuleSet;
use super::document::MetaverseType;
use super::evaluate::{Extent, NoRecord, Subject};
use super::scope::each;
use crate::expr::Value;
use lockstep_model::{ObjectKind, SyncError};
use std::collections::{BTreeMap, BTreeSet};

/// Values of a group of clauses that are put together at most: an entry with more of them is found by the first ones.
const COMBINATIONS: usize = 64;

/// By what an entry is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joins {
    /// The rule with the join clauses.
    pub rule: String,
    /// The type of the objects it joins.
    metaverse_type: MetaverseType,
    /// Groups of clauses, in their order: the first with exactly one hit wins.
    pub groups: Vec<JoinGroup>,
}

/// A group of clauses, all of which must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinGroup {
    /// What stands before the values in its names.
    key: String,
    /// The clauses.
    pub terms: Vec<JoinTerm>,
}

/// One attribute of the metaverse object must have one of these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTerm {
    slot: u32,
    exact: bool,
    /// The name of the attribute.
    pub attribute: String,
    /// The values that the entry has, as texts, in order.
    pub values: Vec<String>,
}

/// The values of a metaverse object that one source joins by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinValues {
    metaverse_type: MetaverseType,
    values: BTreeMap<u32, Vec<String>>,
    /// The groups of clauses that ask: what stands before their names, and their attributes with whether case counts.
    asked: Vec<(String, Vec<(u32, bool)>)>,
}

/// A name under which a metaverse object is found by those who join it: the values of a whole group of clauses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JoinName(String);

impl JoinName {
    /// As a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Every way to take one value of each.
fn names(key: &str, values: &[(bool, &[String])]) -> Vec<JoinName> {
    let mut made = vec![key.to_owned()];
    for (exact, values) in values {
        let mut longer = Vec::new();
        for start in &made {
            for value in *values {
                let value = if *exact { value.clone() } else { value.to_lowercase() };
                // The length before it: no value can be taken for two.
                longer.push(format!("{start} {}:{value}", value.len()));
            }
        }
        longer.truncate(COMBINATIONS);
        made = longer;
    }
    made.into_iter().map(JoinName).collect()
}

impl JoinGroup {
    /// The names of objects that fulfil it.
    pub fn names(&self) -> Vec<JoinName> {
        let values: Vec<(bool, &[String])> =
            self.terms.iter().map(|term| (term.exact, term.values.as_slice())).collect();
        if values.is_empty() { Vec::new() } else { names(&self.key, &values) }
    }
}

impl Joins {
    /// What the joined object is in the cloud, as far as that can be said.
    pub const fn kind(&self) -> ObjectKind {
        match self.metaverse_type {
            MetaverseType::Person => ObjectKind::User,
            MetaverseType::Group => ObjectKind::Group,
        }
    }

    /// The names by which objects are looked for. What is found must be held against the groups
    /// ([`JoinValues::fulfil`]).
    pub fn names(&self) -> impl Iterator<Item = JoinName> {
        self.groups.iter().flat_map(JoinGroup::names)
    }
}

impl JoinValues {
    /// The names under which the object is found.
    pub fn names(&self) -> Vec<JoinName> {
        let mut all = Vec::new();
        for (key, slots) in &self.asked {
            let held = |slot: &u32| self.values.get(slot).map_or(&[][..], Vec::as_slice);
            let values: Vec<(bool, &[String])> =
                slots.iter().map(|(slot, exact)| (*exact, held(slot))).collect();
            all.extend(names(key, &values));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Whether the object has what every clause of a group asks for.
    pub fn fulfil(&self, joins: &Joins, group: &JoinGroup) -> bool {
        let has = |term: &JoinTerm| {
            let held = self.values.get(&term.slot).map_or(&[][..], Vec::as_slice);
            held.iter().any(|held| {
                let same = |value: &String| {
                    if term.exact { held == value } else { held.to_lowercase() == value.to_lowercase() }
                };
                term.values.iter().any(same)
            })
        };
        self.metaverse_type == joins.metaverse_type && !group.terms.is_empty() && group.terms.iter().all(has)
    }
}

/// What stands before the names of a group of clauses.
fn key_of(source: usize, rule: usize, group: usize) -> String {
    format!("{source} {rule} {group}")
}

impl RuleSet {
    /// By what an entry of a further source is joined; none where no rule with join clauses takes it.
    ///
    /// # Errors
    /// Two such rules take it.
    pub fn joins(&self, subject: &Subject<'_>) -> Result<Option<Joins>, Box<SyncError>> {
        let (row, _) = self.read(subject.entry);
        let active = self.in_scope(subject, &row);
        let Some(rule) = self.joining(subject.entry, &active)? else { return Ok(None) };
        let at = self.rules.iter().position(|other| other.name == rule.name).unwrap_or_default();
        let term = |clause: &super::JoinClause| JoinTerm {
            slot: clause.metaverse,
            exact: clause.case_sensitive,
            attribute: clause.names.1.clone(),
            values: row.get(clause.source as usize).map(texts).unwrap_or_default(),
        };
        let groups = rule.joins.iter().enumerate().map(|(number, group)| JoinGroup {
            key: key_of(subject.source, at, number),
            terms: group.iter().map(term).collect(),
        });
        let groups = groups.collect();
        Ok(Some(Joins { rule: rule.name.clone(), metaverse_type: rule.metaverse_type, groups }))
    }

    /// What entries of the source of this number can be joined to the object of `subject` by. It must have no others than
    /// those of earlier sources.
    pub fn join_values(&self, subject: &Subject<'_>, source: usize) -> Option<JoinValues> {
        let mut asked = Vec::new();
        for (at, rule) in self.rules.iter().enumerate() {
            if rule.disabled || !rule.sources.contains(&source) {
                continue;
            }
            for (number, group) in rule.joins.iter().enumerate().filter(|(_, group)| !group.is_empty()) {
                let slots = group.iter().map(|clause| (clause.metaverse, clause.case_sensitive)).collect();
                asked.push((key_of(source, at, number), slots));
            }
        }
        if asked.is_empty() {
            return None;
        }
        let (metaverse_type, values) = self.metaverse_values(subject, |row| {
            let slots = asked.iter().flat_map(|(_, slots): &(String, Vec<(u32, bool)>)| slots);
            let wanted: BTreeSet<u32> = slots.map(|(slot, _)| *slot).collect();
            let values = |slot: u32| row.get(slot as usize).map(texts).unwrap_or_default();
            wanted.into_iter().map(|slot| (slot, values(slot))).collect()
        })?;
        Some(JoinValues { metaverse_type, values, asked })
    }

    /// The values of the metaverse object that names hang on; none where there is no such object.
    fn metaverse_values<T>(
        &self,
        subject: &Subject<'_>,
        take: impl FnOnce(&[Value<'_>]) -> T,
    ) -> Option<(MetaverseType, T)> {
        let (row, _) = self.read(subject.entry);
        let inbound = self.scope_inbound(subject, &row).ok()?;
        let parameters = &self.parameters[0];
        let mut errors = Vec::new();
        let taken = self.with_views(subject, &inbound, &row, parameters, |views| {
            let (made, _) =
                self.inbound(subject, inbound.kind, views, &mut NoRecord, &mut errors, Extent::Names);
            take(&made)
        });
        // By what failed nobody is joined.
        errors.is_empty().then_some((inbound.kind, taken))
    }
}

/// The values as texts, in order; those that say nothing left out.
fn texts(value: &Value<'_>) -> Vec<String> {
    let text = |value: &Value<'_>| match value {
        Value::Text(text) | Value::Reference(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let texts: BTreeSet<String> = each(value).iter().map(text).filter(|text| !text.is_empty()).collect();
    texts.into_iter().collect()
}
