//! Which rules count for an object, and what it is; or why it is out of scope.

use super::document::{Direction, MetaverseType};
use super::evaluate::{Contributor, Ended, Subject, object_ref};
use super::schemas::ObjectType;
use super::scope::{Clause, each, unmet};
use super::{Rule, RuleSet};
use crate::expr::Value;
use lockstep_model::{Entry, ErrorCode, ObjectKind, SyncError};

/// What the object is, and which rules count.
#[derive(Debug)]
pub(super) struct Active<K> {
    pub(super) kind: K,
    pub(super) active: Vec<bool>,
}

impl RuleSet {
    pub(super) fn scope_inbound(
        &self,
        subject: &Subject<'_>,
        row: &[Value<'_>],
    ) -> Result<Active<MetaverseType>, Ended> {
        let mut active = self.in_scope(subject, row);
        let makes =
            |(rule, active): &(&Rule, &bool)| **active && rule.link.provisions() && has_anchor(rule, row);
        let kind = self.rules.iter().zip(&active).find(makes).map(|(rule, _)| rule.metaverse_type);
        let Some(kind) = kind else { return Err(Ended::OutOfScope(self.why_not_in(subject, row, &active))) };
        for (rule, active) in self.rules.iter().zip(active.iter_mut()) {
            *active &= rule.metaverse_type == kind;
        }
        if let Err(error) = self.joining(subject.entry, &active) {
            return Err(Ended::Failed(None, vec![*error]));
        }
        Ok(Active { kind, active })
    }

    /// For each rule whether it takes the entry in.
    pub(super) fn in_scope(&self, subject: &Subject<'_>, row: &[Value<'_>]) -> Vec<bool> {
        let classes = self.classes(subject.entry);
        let takes_in = |rule: &Rule| {
            takes(rule, subject.source, classes) && unmet(&rule.scope, row, subject.member_of).is_none()
        };
        self.rules.iter().map(takes_in).collect()
    }

    /// The one rule of these that has join clauses.
    pub(super) fn joining(&self, entry: &Entry, active: &[bool]) -> Result<Option<&Rule>, Box<SyncError>> {
        let mut joining =
            self.rules.iter().zip(active).filter(|(rule, active)| **active && !rule.joins.is_empty());
        match (joining.next(), joining.next()) {
            (Some((first, _)), Some((second, _))) => Err(Box::new(SyncError {
                code: ErrorCode::MappingFailed,
                object: object_ref(entry, None),
                property: None,
                value: None,
                value_in_force: None,
                other: None,
                message: format!(
                    "'{}': the inbound rules \"{}\" and \"{}\" both have join clauses and are both in scope",
                    entry.dn, first.name, second.name
                ),
                remedy: "Give them scopes that exclude each other, or put the join clauses into one rule."
                    .into(),
            })),
            (only, _) => Ok(only.map(|(rule, _)| rule)),
        }
    }

    /// The rules that give values of an entry that is joined to an object of this type.
    pub(super) fn scope_joined(
        &self,
        other: &Contributor<'_>,
        kind: MetaverseType,
        row: &[Value<'_>],
    ) -> Vec<bool> {
        let classes = self.classes(other.entry);
        let counts = |rule: &Rule| {
            rule.metaverse_type == kind
                && takes(rule, other.source, classes)
                && unmet(&rule.scope, row, &[]).is_none()
        };
        self.rules.iter().map(counts).collect()
    }

    /// The object classes of an entry that count.
    pub(super) fn classes<'e>(&self, entry: &'e Entry) -> &'e [Vec<u8>] {
        let classes = entry.attributes.values("objectclass");
        match self.schemas.object_type {
            ObjectType::AnyClass => classes,
            ObjectType::LastClass => classes.get(classes.len().saturating_sub(1)..).unwrap_or(&[]),
        }
    }

    /// Why no metaverse object is made, for people: the rules and the conditions that do not hold.
    fn why_not_in(&self, subject: &Subject<'_>, row: &[Value<'_>], active: &[bool]) -> String {
        let mut reasons: Vec<String> = Vec::new();
        let classes = self.classes(subject.entry);
        for rule in self.rules.iter().filter(|rule| takes(rule, subject.source, classes)) {
            if let Some(failed) = unmet(&rule.scope, row, subject.member_of) {
                reasons.push(unmet_reason(rule, &failed));
            } else if rule.link.provisions() && !has_anchor(rule, row) {
                reasons.push(format!("rule \"{}\": none of its join attributes has a value", rule.name));
            }
        }
        if active.contains(&true) {
            reasons.push("the rules in scope only join, none makes an object".into());
        } else if reasons.is_empty() {
            return match self.schemas.object_type {
                ObjectType::AnyClass => "none of its object classes is one that a rule takes".into(),
                ObjectType::LastClass => {
                    "its most specific object class, the last one, is none that a rule takes".into()
                }
            };
        }
        reasons.join("; ")
    }

    pub(super) fn scope_outbound(
        &self,
        from: MetaverseType,
        row: &[Value<'_>],
    ) -> Result<Active<ObjectKind>, String> {
        let takes = |rule: &Rule| {
            rule.direction == Direction::Outbound && !rule.disabled && rule.metaverse_type == from
        };
        let mut active = vec![false; self.rules.len()];
        let mut kind = None;
        for (rule, active) in self.rules.iter().zip(active.iter_mut()) {
            if !takes(rule) || unmet(&rule.scope, row, &[]).is_some() {
                continue;
            }
            *active = true;
            if rule.link.provisions() && kind.is_none() {
                kind = rule.kind;
            }
        }
        let Some(kind) = kind else {
            let unmet = |rule: &Rule| Some(unmet_reason(rule, &unmet(&rule.scope, row, &[])?));
            let mut reasons: Vec<_> =
                self.rules.iter().filter(|rule| takes(rule)).filter_map(unmet).collect();
            if reasons.is_empty() {
                reasons.push(format!("no outbound rule in scope makes an object of a {}", from.as_str()));
            }
            return Err(reasons.join("; "));
        };
        for (rule, active) in self.rules.iter().zip(active.iter_mut()) {
            *active &= rule.kind == Some(kind);
        }
        Ok(Active { kind, active })
    }
}

/// Whether a rule is an inbound one that takes one of these object classes in this source.
pub(super) fn takes(rule: &Rule, source: usize, classes: &[Vec<u8>]) -> bool {
    let wanted = |class: &String| classes.iter().any(|held| held.eq_ignore_ascii_case(class.as_bytes()));
    rule.direction == Direction::Inbound
        && !rule.disabled
        && rule.sources.contains(&source)
        && rule.source_types.iter().any(wanted)
}

/// Whether an entry has what a rule joins by; a rule without join clauses asks for nothing.
fn has_anchor(rule: &Rule, row: &[Value<'_>]) -> bool {
    let mut anchors = rule.joins.iter().flatten().map(|clause| clause.source).peekable();
    let has_value = |slot: u32| row.get(slot as usize).is_some_and(|value| !each(value).is_empty());
    anchors.peek().is_none() || anchors.any(has_value)
}

fn unmet_reason(rule: &Rule, failed: &[&Clause]) -> String {
    let failed: Vec<_> = failed.iter().map(|clause| format!("{clause} does not hold")).collect();
    format!("rule \"{}\": {}", rule.name, failed.join("; "))
}
