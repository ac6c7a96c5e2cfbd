//! Running a rule set on one entry: inbound rules to the metaverse object, outbound rules to the cloud object.

use super::document::{Direction, MetaverseType};
use super::outbound::Outbound;
use super::resolve::{Failure, Givers, Reader, Resolved, View, resolve};
use super::schemas::{DN, SOURCE_ANCHOR, Target};
use super::scoping::Active;
use super::{Parameters, Plan, RuleSet};
use crate::MappedObject;
use crate::expr::{AttributeType, Inputs, Value};
use jiff::Timestamp;
use lockstep_model::{Entry, ErrorCode, ObjectKind, ObjectRef, Properties, Property, SyncError};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// What a rule set is run on.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The entry as the source has it.
    pub entry: &'a Entry,
    /// The number of its source; that of the first is 0.
    pub source: usize,
    /// The entries of further sources that are joined to it, in the order of the sources.
    pub others: &'a [Contributor<'a>],
    /// The groups it is a direct member of, for ISMEMBEROF: DNs normalized by [`lockstep_model::dn::normalize`].
    pub member_of: &'a [String],
    /// Whether the cloud does not have the object yet, for flows with `execute_once`.
    pub is_new: bool,
    /// The present moment.
    pub now: Timestamp,
    /// Chance: another number for each object and run.
    pub seed: u128,
}

/// An entry of a further source.
#[derive(Clone, Copy, Debug)]
pub struct Contributor<'a> {
    /// The entry.
    pub entry: &'a Entry,
    /// The number of its source, from 1.
    pub source: usize,
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

/// The same as [`Evaluated`], without where the values came from.
#[derive(Clone, Debug, PartialEq)]
pub enum Made {
    /// A cloud object.
    Object(Box<MadeObject>),
    /// As [`Evaluated::OutOfScope`].
    OutOfScope {
        /// Why, for people.
        reason: String,
    },
    /// As [`Evaluated::Failed`].
    Failed {
        /// What kind it would have had, where that is known.
        kind: Option<ObjectKind>,
        /// What is wrong; at least one.
        errors: Vec<SyncError>,
    },
}

/// A cloud object, and what of it is to stay as the cloud has it.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeObject {
    /// The cloud object. Its errors are those of values that were left out.
    pub object: MappedObject,
    /// Targets whose flows were all to be ignored: what the cloud has there stays.
    pub untouched: Vec<Target>,
}

/// A metaverse object: what the inbound rules make of an entry, whatever the outbound rules do with it.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaverseObject {
    /// Its type.
    pub kind: MetaverseType,
    /// The attributes that have a value, with the rules that gave it.
    pub attributes: BTreeMap<String, Written>,
    /// Flows that failed.
    pub errors: Vec<SyncError>,
}

/// Why there is no cloud object.
pub(super) enum Ended {
    OutOfScope(String),
    Failed(Option<ObjectKind>, Vec<SyncError>),
}

/// Who wants to know where values come from. The evaluation of a whole directory does not, and pays nothing for it.
pub(super) trait Record {
    fn attribute(&mut self, _name: &str, _value: &Value<'_>, _rules: Givers) {}
    fn property(&mut self, _property: Property, _rules: Givers) {}
    fn reference(&mut self, _rules: Givers) {}
    fn scopes(&mut self, _kind: MetaverseType, _inbound: &[bool], _outbound: &[bool]) {}
}

pub(super) struct NoRecord;

/// How much of an object is worked out.
#[derive(Clone, Copy)]
pub(super) enum Extent {
    All,
    /// What it is, and whom it refers to.
    Names,
}

impl Extent {
    const fn takes(self, plan: &Plan) -> bool {
        matches!(self, Self::All) || plan.names
    }
}

impl Record for NoRecord {}

#[derive(Default)]
struct Explanation {
    kind: Option<MetaverseType>,
    metaverse: BTreeMap<String, Written>,
    property_rules: BTreeMap<Property, Vec<usize>>,
    reference_rules: Vec<usize>,
    in_scope: Vec<usize>,
}

impl Record for Explanation {
    fn attribute(&mut self, name: &str, value: &Value<'_>, rules: Givers) {
        let value = value.clone().into_owned();
        self.metaverse.insert(name.to_owned(), Written { value, rules: rules.into_vec() });
    }

    fn property(&mut self, property: Property, rules: Givers) {
        self.property_rules.insert(property, rules.into_vec());
    }

    fn reference(&mut self, rules: Givers) {
        self.reference_rules = rules.into_vec();
    }

    fn scopes(&mut self, kind: MetaverseType, inbound: &[bool], outbound: &[bool]) {
        self.kind = Some(kind);
        let active = inbound.iter().zip(outbound).map(|(inbound, outbound)| *inbound || *outbound);
        self.in_scope = active.enumerate().filter(|(_, active)| *active).map(|(at, _)| at).collect();
    }
}

impl RuleSet {
    /// What an entry becomes, and where each value came from.
    pub fn evaluate(&self, subject: &Subject<'_>) -> Evaluated {
        self.evaluate_with(subject, &self.parameters)
    }

    pub(super) fn evaluate_with(&self, subject: &Subject<'_>, parameters: &Parameters) -> Evaluated {
        let mut record = Explanation::default();
        match self.run(subject, parameters, &mut record, Extent::All) {
            Ok(made) => Evaluated::Object(Box::new(Evaluation {
                metaverse_type: record.kind.unwrap_or(MetaverseType::Person),
                metaverse: record.metaverse,
                object: made.object,
                property_rules: record.property_rules,
                reference_rules: record.reference_rules,
                untouched: made.untouched,
                in_scope: record.in_scope,
            })),
            Err(Ended::OutOfScope(reason)) => Evaluated::OutOfScope { reason },
            Err(Ended::Failed(kind, errors)) => Evaluated::Failed { kind, errors },
        }
    }

    /// What an entry becomes: the same objects, reasons and errors as [`RuleSet::evaluate`] gives, in less time.
    pub fn make(&self, subject: &Subject<'_>) -> Made {
        match self.run(subject, &self.parameters, &mut NoRecord, Extent::All) {
            Ok(made) => Made::Object(Box::new(made)),
            Err(Ended::OutOfScope(reason)) => Made::OutOfScope { reason },
            Err(Ended::Failed(kind, errors)) => Made::Failed { kind, errors },
        }
    }

    /// What an entry is, and whom it refers to: as [`RuleSet::make`] says, with no property worked out. A flow that
    /// fails for a property does not show.
    pub fn make_names(&self, subject: &Subject<'_>) -> Made {
        match self.run(subject, &self.parameters, &mut NoRecord, Extent::Names) {
            Ok(made) => Made::Object(Box::new(made)),
            Err(Ended::OutOfScope(reason)) => Made::OutOfScope { reason },
            Err(Ended::Failed(kind, errors)) => Made::Failed { kind, errors },
        }
    }

    /// The metaverse object of an entry, also where nothing of it goes to the cloud.
    ///
    /// # Errors
    /// Why there is none, for people.
    pub fn metaverse_object(&self, subject: &Subject<'_>) -> Result<MetaverseObject, String> {
        self.metaverse_with(subject, &self.parameters)
    }

    pub(super) fn metaverse_with(
        &self,
        subject: &Subject<'_>,
        parameters: &Parameters,
    ) -> Result<MetaverseObject, String> {
        let (row, _) = self.read(subject.entry);
        let inbound = self.scope_inbound(subject, &row).map_err(|ended| match ended {
            Ended::OutOfScope(reason) => reason,
            Ended::Failed(_, errors) => errors.into_iter().map(|error| error.message).collect(),
        })?;
        let mut record = Explanation::default();
        let mut errors = Vec::new();
        self.with_views(subject, &inbound, &row, &parameters[0], |views| {
            self.inbound(subject, inbound.kind, views, &mut record, &mut errors, Extent::All);
        });
        Ok(MetaverseObject { kind: inbound.kind, attributes: record.metaverse, errors })
    }

    /// Does something with those who give values to the metaverse object.
    pub(super) fn with_views<T>(
        &self,
        subject: &Subject<'_>,
        inbound: &Active<MetaverseType>,
        row: &[Value<'_>],
        parameters: &[Value<'static>],
        act: impl FnOnce(&[View<'_>]) -> T,
    ) -> T {
        let joined = self.joined(subject, inbound.kind, parameters);
        let own = inputs(subject, row, parameters);
        let joined_inputs: Vec<Inputs<'_>> = joined.iter().map(|joined| joined.inputs(subject)).collect();
        act(&views(subject, &inbound.active, &own, &joined, &joined_inputs))
    }

    /// What is read of the entries that are joined to it.
    fn joined<'a>(
        &'a self,
        subject: &Subject<'a>,
        kind: MetaverseType,
        parameters: &'a [Value<'static>],
    ) -> Vec<Joined<'a>> {
        let read = |other: &Contributor<'a>| {
            let (row, unreadable) = self.read(other.entry);
            let active = self.scope_joined(other, kind, &row);
            Joined { other: *other, row, unreadable, active, parameters }
        };
        subject.others.iter().map(read).collect()
    }

    /// The values of an entry by slot, and the slots of what could not be read.
    pub(super) fn read<'e>(&self, entry: &'e Entry) -> (Vec<Value<'e>>, Vec<u32>) {
        let source = &self.schemas.source;
        let (mut row, mut unreadable) = source.read_noting(&entry.attributes);
        for (name, value) in [
            (DN, Value::Reference(Cow::Borrowed(entry.dn.as_str()))),
            (SOURCE_ANCHOR, Value::text(entry.anchor.as_str())),
        ] {
            let Some(slot) = source.slot(name) else { continue };
            unreadable.retain(|other| *other != slot);
            if let Some(held) = row.get_mut(slot as usize) {
                *held = value;
            }
        }
        (row, unreadable)
    }

    /// Runs the inbound flows; gives the metaverse object by slot, and the slots of which every flow is to be ignored:
    /// what no inbound rule says anything about, no outbound flow that reads it does.
    pub(super) fn inbound<'a>(
        &'a self,
        subject: &Subject<'_>,
        kind: MetaverseType,
        views: &[View<'a>],
        record: &mut impl Record,
        errors: &mut Vec<SyncError>,
        extent: Extent,
    ) -> (Vec<Value<'a>>, Vec<u32>) {
        let attributes = self.schemas.metaverse.attributes();
        let mut made = vec![Value::Null; attributes.len()];
        let mut untouched = Vec::new();
        let reader = Reader { is_new: subject.is_new, untouched: &[] };
        let plans = self.inbound.get(&kind).into_iter().flatten();
        for plan in plans.filter(|plan| extent.takes(plan)) {
            match resolve(self, plan, views, reader) {
                Ok(Some(Resolved::Value(value, rules))) => {
                    let Target::Metaverse(slot) = plan.target else { continue };
                    let Some(held) = made.get_mut(slot as usize) else { continue };
                    *held = value;
                    let name = attributes.get(slot as usize).map_or("", |attribute| attribute.name.as_str());
                    record.attribute(name, held, rules);
                }
                Ok(Some(Resolved::Untouched)) => untouched.extend(plan.target.slot()),
                Ok(Some(Resolved::Nothing) | None) => {}
                Err(failure) => errors.push(self.failed(subject.entry, None, &failure)),
            }
        }
        (made, untouched)
    }

    fn run(
        &self,
        subject: &Subject<'_>,
        parameters: &Parameters,
        record: &mut impl Record,
        extent: Extent,
    ) -> Result<MadeObject, Ended> {
        let (row, unreadable) = self.read(subject.entry);
        let inbound = self.scope_inbound(subject, &row)?;
        let [source_parameters, metaverse_parameters] = parameters;
        let mut errors = Vec::new();
        let joined = self.joined(subject, inbound.kind, source_parameters);
        let own = inputs(subject, &row, source_parameters);
        let joined_inputs: Vec<Inputs<'_>> = joined.iter().map(|joined| joined.inputs(subject)).collect();
        let views = views(subject, &inbound.active, &own, &joined, &joined_inputs);
        let (made, untouched) = self.inbound(subject, inbound.kind, &views, record, &mut errors, extent);
        let outbound = match self.scope_outbound(inbound.kind, &made) {
            Ok(outbound) => outbound,
            // What an object with errors is not, is not known.
            Err(_) if !errors.is_empty() => return Err(Ended::Failed(None, errors)),
            Err(reason) => return Err(Ended::OutOfScope(reason)),
        };
        let kind = outbound.kind;
        for error in &mut errors {
            error.object.kind = Some(kind);
        }
        let metaverse_inputs = inputs(subject, &made, metaverse_parameters);
        let metaverse = [View { source: 0, active: &outbound.active, inputs: &metaverse_inputs }];
        let reader = Reader { is_new: subject.is_new, untouched: &untouched };
        let mut out = Outbound::new(subject.entry, kind, !self.sources.is_empty());
        let plans = self.outbound.get(&(inbound.kind, kind));
        for plan in plans.into_iter().flatten().filter(|plan| extent.takes(plan)) {
            match resolve(self, plan, &metaverse, reader) {
                Ok(Some(Resolved::Value(value, rules))) => out.put(plan, value, rules, record),
                Ok(Some(Resolved::Untouched)) => out.untouched.push(plan.target),
                Ok(_) => {}
                Err(failure) => errors.push(self.failed(subject.entry, Some(kind), &failure)),
            }
        }
        if !errors.is_empty() {
            return Err(Ended::Failed(Some(kind), errors));
        }
        let mut left_out = self.left_out(subject.entry, kind, &unreadable, &inbound.active);
        let mut active = inbound.active;
        for joined in &joined {
            left_out.extend(self.left_out(joined.other.entry, kind, &joined.unreadable, &joined.active));
            active.iter_mut().zip(&joined.active).for_each(|(active, joined)| *active |= joined);
        }
        left_out.append(&mut out.errors);
        record.scopes(inbound.kind, &active, &outbound.active);
        Ok(MadeObject {
            object: MappedObject {
                kind,
                properties: Properties(out.properties.into_iter().collect()),
                manager: out.manager,
                members: out.members,
                errors: left_out,
            },
            untouched: out.untouched,
        })
    }

    /// The errors of attributes that could not be read, each with the first attribute that a flow would have written.
    fn left_out(&self, entry: &Entry, kind: ObjectKind, slots: &[u32], active: &[bool]) -> Vec<SyncError> {
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
}

/// An entry of a further source as it is read.
struct Joined<'a> {
    other: Contributor<'a>,
    row: Vec<Value<'a>>,
    unreadable: Vec<u32>,
    active: Vec<bool>,
    parameters: &'a [Value<'static>],
}

impl Joined<'_> {
    fn inputs<'a>(&'a self, subject: &Subject<'_>) -> Inputs<'a> {
        inputs(subject, &self.row, self.parameters)
    }
}

/// Those who give values, in the order of their sources.
fn views<'a>(
    subject: &Subject<'_>,
    active: &'a [bool],
    own: &'a Inputs<'a>,
    joined: &'a [Joined<'a>],
    inputs: &'a [Inputs<'a>],
) -> Vec<View<'a>> {
    let own = View { source: subject.source, active, inputs: own };
    let others = joined.iter().zip(inputs).map(|(joined, inputs)| View {
        source: joined.other.source,
        active: &joined.active,
        inputs,
    });
    std::iter::once(own).chain(others).collect()
}

fn inputs<'a>(subject: &Subject<'_>, attributes: &'a [Value<'a>], parameters: &'a [Value<'a>]) -> Inputs<'a> {
    Inputs { attributes, imported: None, parameters, now: subject.now, seed: subject.seed }
}

pub(super) fn object_ref(entry: &Entry, kind: Option<ObjectKind>) -> ObjectRef {
    let name = ["displayname", "cn", "uid"].iter().find_map(|name| entry.attributes.text(name));
    ObjectRef {
        kind,
        id: None,
        anchor: Some(entry.anchor.clone()),
        name: name.unwrap_or(&entry.dn).to_owned(),
        dn: Some(entry.dn.clone()),
    }
}
