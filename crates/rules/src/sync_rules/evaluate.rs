//! Running a rule set on one entry: inbound rules to the metaverse object, outbound rules to the cloud object.

use super::document::{Direction, MetaverseType};
use super::resolve::{Failure, Reader, Resolved, is_blank, resolve};
use super::schemas::{DN, SOURCE_ANCHOR, Target};
use super::scope::{each, unmet};
use super::{Plan, Rule, RuleSet};
use crate::expr::{AttributeType, Inputs, Value};
use crate::{MappedObject, Reference};
use jiff::Timestamp;
use lockstep_model::{
    Entry, ErrorCode, ObjectKind, ObjectRef, Properties, Property, PropertyValue, SyncError, dn,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// What a rule set is run on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The entry as the source has it.
    pub entry: &'a Entry,
    /// The groups it is a direct member of, for ISMEMBEROF: DNs normalized by [`lockstep_model::dn::normalize`].
    pub member_of: &'a [String],
    /// Whether the cloud does not have the object yet, for flows with `execute_once`.
    pub is_new: bool,
    /// The present moment.
    pub now: Timestamp,
    /// Chance: another number for each object and run.
    pub seed: u128,
}

/// What an entry becomes.
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluated {
    /// A cloud object.
    Object(Box<Evaluation>),
    /// Nothing, and that is no error.
    OutOfScope {
        /// Why, for people: the rules and the conditions that do not hold.
        reason: String,
    },
    /// Errors of the object: what it would be is not known, and it is left as it is.
    Failed {
        /// What kind it would have had, where that is known.
        kind: Option<ObjectKind>,
        /// What is wrong; at least one.
        errors: Vec<SyncError>,
    },
}

/// A cloud object, and how it came to be. Rules are named by their place in [`RuleSet::rules`].
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The type of the metaverse object.
    pub metaverse_type: MetaverseType,
    /// The attributes of the metaverse object that have a value, with the rules that gave it.
    pub metaverse: BTreeMap<String, Written>,
    /// The cloud object. Its errors are those of values that were left out.
    pub object: MappedObject,
    /// For each property that has a value the rules that gave it.
    pub property_rules: BTreeMap<Property, Vec<usize>>,
    /// The rules that gave the manager or the members.
    pub reference_rules: Vec<usize>,
    /// Targets whose flows were all to be ignored: what the cloud has there stays.
    pub untouched: Vec<Target>,
    /// The rules that count for this object.
    pub in_scope: Vec<usize>,
}

/// A value of the metaverse object.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The value.
    pub value: Value<'static>,
    /// The rules that gave it: one, or several that merge.
    pub rules: Vec<usize>,
}

impl RuleSet {
    /// What an entry becomes.
    pub fn evaluate(&self, subject: &Subject<'_>) -> Evaluated {
        let source = &self.schemas.source;
        let mut row = source.read(&subject.entry.attributes);
        for (name, value) in [
            (DN, Value::Reference(Cow::Borrowed(subject.entry.dn.as_str()))),
            (SOURCE_ANCHOR, Value::text(subject.entry.anchor.as_str())),
        ] {
            if let Some(held) = source.slot(name).and_then(|slot| row.get_mut(slot as usize)) {
                *held = value;
            }
        }
        let unreadable = self.unreadable(subject.entry, &mut row);
        let inbound = match self.scope_inbound(subject, &row) {
            Ok(inbound) => inbound,
            Err(ended) => return ended,
        };
        let [source_parameters, metaverse_parameters] = &self.parameters;
        let inputs = |attributes, parameters| Inputs {
            attributes,
            imported: None,
            parameters,
            now: subject.now,
            seed: subject.seed,
        };
        let source_inputs = inputs(row.as_slice(), source_parameters.as_slice());
        let mut errors = Vec::new();
        let mut metaverse = BTreeMap::new();
        // What an inbound rule says nothing about, no outbound flow that reads it does.
        let mut untouched: BTreeSet<u32> = BTreeSet::new();
        let mut made = vec![Value::Null; self.schemas.metaverse.attributes().len()];
        let none = BTreeSet::new();
        let reader = Reader { inputs: &source_inputs, is_new: subject.is_new, untouched: &none };
        for plan in self.inbound.get(&inbound.kind).into_iter().flatten() {
            let takes = plan.target.takes(&self.schemas.metaverse);
            match resolve(self, plan, &inbound.active, reader, takes) {
                Ok(Some(Resolved::Value(value, rules))) => {
                    let Target::Metaverse(slot) = plan.target else { continue };
                    let name = plan.target.name(&self.schemas.metaverse).to_owned();
                    metaverse.insert(name, Written { value: value.clone().into_owned(), rules });
                    if let Some(held) = made.get_mut(slot as usize) {
                        *held = value;
                    }
                }
                Ok(Some(Resolved::Untouched)) => untouched.extend(plan.target.slot()),
                Ok(Some(Resolved::Nothing) | None) => {}
                Err(failure) => errors.push(self.failed(subject.entry, None, &failure)),
            }
        }
        let outbound = match self.scope_outbound(inbound.kind, &made) {
            Ok(outbound) => outbound,
            // What an object with errors is not, is not known.
            Err(_) if !errors.is_empty() => return Evaluated::Failed { kind: None, errors },
            Err(reason) => return Evaluated::OutOfScope { reason },
        };
        let kind = outbound.kind;
        for error in &mut errors {
            error.object.kind = Some(kind);
        }
        let metaverse_inputs = inputs(made.as_slice(), metaverse_parameters.as_slice());
        let reader = Reader { inputs: &metaverse_inputs, is_new: subject.is_new, untouched: &untouched };
        let mut out = Outbound::new(subject.entry, kind);
        let plans = self.outbound.get(&(inbound.kind, kind));
        for plan in plans.into_iter().flatten() {
            let takes = plan.target.takes(&self.schemas.metaverse);
            match resolve(self, plan, &outbound.active, reader, takes) {
                Ok(Some(Resolved::Value(value, rules))) => out.put(plan, &value, rules),
                Ok(Some(Resolved::Untouched)) => out.untouched.push(plan.target),
                Ok(_) => {}
                Err(failure) => errors.push(self.failed(subject.entry, Some(kind), &failure)),
            }
        }
        if !errors.is_empty() {
            return Evaluated::Failed { kind: Some(kind), errors };
        }
        let mut left_out = self.left_out(subject.entry, kind, &unreadable, &inbound.active);
        left_out.append(&mut out.errors);
        let in_scope = (0..self.rules.len())
            .filter(|at| [&inbound.active, &outbound.active].iter().any(|list| list.get(*at) == Some(&true)))
            .collect();
        Evaluated::Object(Box::new(Evaluation {
            metaverse_type: inbound.kind,
            metaverse,
            object: MappedObject {
                kind,
                properties: Properties(out.properties),
                manager: out.manager,
                members: out.members,
                errors: left_out,
            },
            property_rules: out.property_rules,
            reference_rules: out.reference_rules,
            untouched: out.untouched,
            in_scope,
        }))
    }

    /// Takes out every text attribute with a value that is not UTF-8, whole; of other types the values that are not
    /// of the type are left out already. Gives the slots of what could not be read.
    fn unreadable(&self, entry: &Entry, row: &mut [Value<'_>]) -> BTreeSet<u32> {
        let mut slots = BTreeSet::new();
        for (slot, attribute) in (0_u32..).zip(self.schemas.source.attributes()) {
            if attribute.name == DN || attribute.name == SOURCE_ANCHOR {
                continue;
            }
            let Some(held) = row.get_mut(slot as usize) else { continue };
            // Where a number or a date could be read, it is the value; a text or a reference may have neighbours that
            // could not.
            let several = matches!(attribute.kind, AttributeType::Text | AttributeType::Reference);
            if !several && !held.is_null() {
                continue;
            }
            let folded = lockstep_model::AttributeName::new(&attribute.name);
            let values = entry.attributes.values(folded.as_str());
            let bad = match attribute.kind {
                _ if several => values.iter().any(|value| std::str::from_utf8(value).is_err()),
                _ => !values.is_empty(),
            };
            if bad {
                slots.insert(slot);
                // References are judged one by one.
                if attribute.kind != AttributeType::Reference {
                    *held = Value::Null;
                }
            }
        }
        slots
    }

    /// The errors of attributes that could not be read, each with the first attribute that a flow would have written.
    fn left_out(
        &self,
        entry: &Entry,
        kind: ObjectKind,
        slots: &BTreeSet<u32>,
        active: &[bool],
    ) -> Vec<SyncError> {
        let mut errors = Vec::new();
        for slot in slots {
            let rules = self.rules.iter().zip(active).filter(|(_, active)| **active).map(|(rule, _)| rule);
            let mut flows = rules.flat_map(|rule| rule.flows.iter().map(move |flow| (rule, flow)));
            let Some((rule, flow)) = flows.find(|(_, flow)| flow.reads().contains(slot)) else { continue };
            let Some(attribute) = self.schemas.source.attributes().get(*slot as usize) else { continue };
            errors.push(SyncError {
                code: ErrorCode::DataValidationFailed,
                object: object_ref(entry, Some(kind)),
                property: Some(flow.to.clone()),
                value: None,
                value_in_force: None,
                other: None,
                message: format!(
                    "'{}': a value of {} is not {}; {} is left out (rule \"{}\")",
                    entry.dn,
                    attribute.name,
                    if matches!(attribute.kind, AttributeType::Text | AttributeType::Reference) {
                        "UTF-8 text".to_owned()
                    } else {
                        attribute.kind.types().to_string()
                    },
                    if attribute.kind == AttributeType::Reference { "the value" } else { "the attribute" },
                    rule.name
                ),
                remedy: format!(
                    "Write {} again in that form in the directory; the next cycle takes it.",
                    attribute.name
                ),
            });
        }
        errors
    }

    fn failed(&self, entry: &Entry, kind: Option<ObjectKind>, failure: &Failure) -> SyncError {
        let rule = self.rules.get(failure.rule);
        let flow = rule.and_then(|rule| rule.flows.get(failure.flow));
        let to = flow.map_or("", |flow| flow.to.as_str());
        let outbound = rule.is_some_and(|rule| rule.direction == Direction::Outbound);
        SyncError {
            code: ErrorCode::MappingFailed,
            object: object_ref(entry, kind),
            property: Some(to.to_owned()),
            value: None,
            value_in_force: None,
            other: None,
            message: format!(
                "'{}': {} rule \"{}\", flow to {to}: {}",
                entry.dn,
                if outbound { "outbound" } else { "inbound" },
                rule.map_or("", |rule| rule.name.as_str()),
                failure.message
            ),
            remedy: failure.remedy.clone(),
        }
    }

    fn scope_inbound(
        &self,
        subject: &Subject<'_>,
        row: &[Value<'_>],
    ) -> Result<Active<MetaverseType>, Evaluated> {
        let classes = subject.entry.attributes.values("objectclass");
        let takes = |rule: &Rule| {
            let wanted =
                |class: &String| classes.iter().any(|held| held.eq_ignore_ascii_case(class.as_bytes()));
            rule.source_types.iter().any(wanted)
        };
        let mut active = vec![false; self.rules.len()];
        let mut kind = None;
        let mut reasons: Vec<String> = Vec::new();
        for (rule, active) in self.rules.iter().zip(active.iter_mut()) {
            if rule.direction != Direction::Inbound || rule.disabled || !takes(rule) {
                continue;
            }
            if let Some(failed) = unmet(&rule.scope, row, subject.member_of) {
                let failed: Vec<_> = failed.iter().map(|clause| format!("{clause} does not hold")).collect();
                reasons.push(format!("rule \"{}\": {}", rule.name, failed.join("; ")));
                continue;
            }
            *active = true;
            if kind.is_some() || !rule.link.provisions() {
                continue;
            }
            let mut anchors = rule.joins.iter().flatten().map(|clause| clause.source).peekable();
            let has_value = |slot: u32| row.get(slot as usize).is_some_and(|value| !each(value).is_empty());
            if anchors.peek().is_some() && !anchors.any(has_value) {
                reasons.push(format!("rule \"{}\": none of its join attributes has a value", rule.name));
                continue;
            }
            kind = Some(rule.metaverse_type);
        }
        let Some(kind) = kind else {
            let reason = if active.contains(&true) {
                reasons.push("the rules in scope only join, none makes an object".into());
                reasons.join("; ")
            } else if reasons.is_empty() {
                "none of its object classes is one that a rule takes".into()
            } else {
                reasons.join("; ")
            };
            return Err(Evaluated::OutOfScope { reason });
        };
        for (rule, active) in self.rules.iter().zip(active.iter_mut()) {
            *active &= rule.metaverse_type == kind;
        }
        let mut joining =
            self.rules.iter().zip(&active).filter(|(rule, active)| **active && !rule.joins.is_empty());
        if let (Some((first, _)), Some((second, _))) = (joining.next(), joining.next()) {
            let error = SyncError {
                code: ErrorCode::MappingFailed,
                object: object_ref(subject.entry, None),
                property: None,
                value: None,
                value_in_force: None,
                other: None,
                message: format!(
                    "'{}': the inbound rules \"{}\" and \"{}\" both have join clauses and are both in scope",
                    subject.entry.dn, first.name, second.name
                ),
                remedy: "Give them scopes that exclude each other, or put the join clauses into one rule."
                    .into(),
            };
            return Err(Evaluated::Failed { kind: None, errors: vec![error] });
        }
        Ok(Active { kind, active })
    }

    fn scope_outbound(&self, from: MetaverseType, row: &[Value<'_>]) -> Result<Active<ObjectKind>, String> {
        let mut active = vec![false; self.rules.len()];
        let mut kind = None;
        let mut reasons: Vec<String> = Vec::new();
        for (rule, active) in self.rules.iter().zip(active.iter_mut()) {
            if rule.direction != Direction::Outbound || rule.disabled || rule.metaverse_type != from {
                continue;
            }
            if let Some(failed) = unmet(&rule.scope, row, &[]) {
                let failed: Vec<_> = failed.iter().map(|clause| format!("{clause} does not hold")).collect();
                reasons.push(format!("rule \"{}\": {}", rule.name, failed.join("; ")));
                continue;
            }
            *active = true;
            if rule.link.provisions() && kind.is_none() {
                kind = rule.kind;
            }
        }
        let Some(kind) = kind else {
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

/// What the object is, and which rules count.
struct Active<K> {
    kind: K,
    active: Vec<bool>,
}

/// The cloud object in the making.
struct Outbound<'e> {
    entry: &'e Entry,
    kind: ObjectKind,
    properties: BTreeMap<Property, PropertyValue>,
    property_rules: BTreeMap<Property, Vec<usize>>,
    manager: Option<Reference>,
    members: Vec<Reference>,
    reference_rules: Vec<usize>,
    untouched: Vec<Target>,
    errors: Vec<SyncError>,
}

impl<'e> Outbound<'e> {
    const fn new(entry: &'e Entry, kind: ObjectKind) -> Self {
        Self {
            entry,
            kind,
            properties: BTreeMap::new(),
            property_rules: BTreeMap::new(),
            manager: None,
            members: Vec::new(),
            reference_rules: Vec::new(),
            untouched: Vec::new(),
            errors: Vec::new(),
        }
    }

    fn put(&mut self, plan: &Plan, value: &Value<'_>, rules: Vec<usize>) {
        match plan.target {
            Target::Property(property) => {
                if let Some(value) = property_value(value) {
                    self.properties.insert(property, value);
                    self.property_rules.insert(property, rules);
                }
            }
            Target::Manager => {
                self.manager = self.references(value, "manager").into_iter().next();
                if self.manager.is_some() {
                    self.reference_rules = rules;
                }
            }
            Target::Members => {
                self.members = self.references(value, "members");
                if !self.members.is_empty() {
                    self.reference_rules = rules;
                }
            }
            Target::Metaverse(_) => {}
        }
    }

    /// References of DNs; texts are the `uid` of a person. What is no DN is left out and named, once.
    fn references(&mut self, value: &Value<'_>, property: &str) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut bad: Option<(String, usize)> = None;
        for value in each(value).iter().filter(|value| !is_blank(value)) {
            match value {
                Value::Reference(text) => match dn::normalize(text.trim()) {
                    Some(dn) => references.push(Reference::Dn(dn)),
                    None => bad.get_or_insert_with(|| (text.to_string(), 0)).1 += 1,
                },
                Value::Text(text) => references.push(Reference::Uid(text.trim().to_lowercase())),
                _ => {}
            }
        }
        if let Some((value, count)) = bad {
            let others = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
            self.errors.push(SyncError {
                code: ErrorCode::UnresolvedReference,
                object: object_ref(self.entry, Some(self.kind)),
                property: Some(property.to_owned()),
                message: format!(
                    "'{}': {property} \"{value}\"{others} is no distinguished name; it is left out",
                    self.entry.dn
                ),
                value: Some(value),
                value_in_force: None,
                other: None,
                remedy: "Correct or remove the value in the directory; the next cycle takes it.".into(),
            });
        }
        references
    }
}

/// A value as the cloud has it; none where it says nothing, for the cloud knows no empty texts.
fn property_value(value: &Value<'_>) -> Option<PropertyValue> {
    match value {
        Value::Boolean(flag) => Some(PropertyValue::Flag(*flag)),
        Value::Text(text) => (!text.trim().is_empty()).then(|| PropertyValue::Text(text.to_string())),
        Value::Many(_) => {
            let texts = each(value).iter().filter(|value| !is_blank(value)).filter_map(|value| match value {
                Value::Text(text) => Some(text.to_string()),
                _ => None,
            });
            let list: Vec<_> = texts.collect();
            (!list.is_empty()).then_some(PropertyValue::List(list))
        }
        _ => None,
    }
}

fn object_ref(entry: &Entry, kind: Option<ObjectKind>) -> ObjectRef {
    let name = ["displayname", "cn", "uid"].iter().find_map(|name| entry.attributes.text(name));
    ObjectRef {
        kind,
        id: None,
        anchor: Some(entry.anchor.clone()),
        name: name.unwrap_or(&entry.dn).to_owned(),
        dn: Some(entry.dn.clone()),
    }
}
