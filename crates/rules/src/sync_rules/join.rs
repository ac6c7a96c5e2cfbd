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

/// By what an entry is joined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joins {
    /// The rule with the join clauses.
    pub rule: String,
    /// The type of the objects it joins.
    metaverse_type: MetaverseType,
    /// Groups of clauses, in their order: the first with exactly one hit wins.
    pub groups: Vec<Vec<JoinTerm>>,
}

/// One attribute of the metaverse object must have one of these values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinTerm {
    slot: u32,
    exact: bool,
    source: usize,
    /// The name of the attribute.
    pub attribute: String,
    /// The values that the entry has, as texts.
    pub values: Vec<String>,
}

/// The values of a metaverse object that one source joins by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinValues {
    metaverse_type: MetaverseType,
    source: usize,
    values: BTreeMap<u32, Vec<String>>,
    /// The attributes that are asked for, with whether case counts.
    asked: BTreeSet<(u32, bool)>,
}

/// A name under which a metaverse object is found by those who join it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JoinName(String);

impl JoinName {
    fn new(source: usize, slot: u32, exact: bool, value: &str) -> Self {
        if exact {
            Self(format!("{source} {slot}={value}"))
        } else {
            Self(format!("{source} {slot}~{}", value.to_lowercase()))
        }
    }

    /// As a text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl JoinTerm {
    /// The names of objects that fulfil it.
    pub fn names(&self) -> impl Iterator<Item = JoinName> {
        self.values.iter().map(|value| JoinName::new(self.source, self.slot, self.exact, value))
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

    /// The names by which objects are looked for: those of the first clause of each group. What is found must be held
    /// against the others ([`JoinValues::fulfil`]).
    pub fn names(&self) -> impl Iterator<Item = JoinName> {
        self.groups.iter().filter_map(|group| group.first()).flat_map(JoinTerm::names)
    }
}

impl JoinValues {
    /// The names under which the object is found.
    pub fn names(&self) -> Vec<JoinName> {
        let mut names = Vec::new();
        for (slot, exact) in &self.asked {
            let values = self.values.get(slot).into_iter().flatten();
            names.extend(values.map(|value| JoinName::new(self.source, *slot, *exact, value)));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether the object has what every clause of a group asks for.
    pub fn fulfil(&self, joins: &Joins, group: &[JoinTerm]) -> bool {
        let has = |term: &JoinTerm| {
            let held = self.values.get(&term.slot).map_or(&[][..], Vec::as_slice);
            held.iter().any(|held| {
                let same = |value: &String| {
                    if term.exact { held == value } else { held.to_lowercase() == value.to_lowercase() }
                };
                term.values.iter().any(same)
            })
        };
        self.metaverse_type == joins.metaverse_type && !group.is_empty() && group.iter().all(has)
    }
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
        let term = |clause: &super::JoinClause| JoinTerm {
            slot: clause.metaverse,
            exact: clause.case_sensitive,
            source: subject.source,
            attribute: clause.names.1.clone(),
            values: row.get(clause.source as usize).map(texts).unwrap_or_default(),
        };
        let groups = rule.joins.iter().map(|group| group.iter().map(term).collect()).collect();
        Ok(Some(Joins { rule: rule.name.clone(), metaverse_type: rule.metaverse_type, groups }))
    }

    /// What entries of the source of this number can be joined to the object of `subject` by. It must have no others than
    /// those of earlier sources.
    pub fn join_values(&self, subject: &Subject<'_>, source: usize) -> Option<JoinValues> {
        let joining = |rule: &&super::Rule| !rule.disabled && rule.sources.contains(&source);
        let clauses = self.rules.iter().filter(joining).flat_map(|rule| rule.joins.iter().flatten());
        let asked: BTreeSet<(u32, bool)> =
            clauses.map(|clause| (clause.metaverse, clause.case_sensitive)).collect();
        if asked.is_empty() {
            return None;
        }
        let (metaverse_type, values) = self.metaverse_values(subject, |row| {
            let wanted: BTreeSet<u32> = asked.iter().map(|(slot, _)| *slot).collect();
            let values = |slot: u32| row.get(slot as usize).map(texts).unwrap_or_default();
            wanted.into_iter().map(|slot| (slot, values(slot))).collect()
        })?;
        Some(JoinValues { metaverse_type, source, values, asked })
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

/// The values as texts, those that say nothing left out.
fn texts(value: &Value<'_>) -> Vec<String> {
    let text = |value: &Value<'_>| match value {
        Value::Text(text) | Value::Reference(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    each(value).iter().map(text).filter(|text| !text.is_empty()).collect()
}
