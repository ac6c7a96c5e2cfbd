//! The types of attributes that Lockstep does not know: that type with which most of what the rules do with the
//! attribute is sound.

use super::draft::{Draft, DraftFlow, Value};
use super::{ImportError, MAX_GUESSES, MAX_GUESSING, MAX_UNKNOWN, Remark, RemarkKind, Remarks};
use crate::expr::{AttributeType, Expression, Schema};
use crate::sync_rules::{Schemas, Takes, Target, condition_fits, is_never, misfit};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// An attribute with the type it is taken to have.
pub(super) type Declared = BTreeMap<String, (AttributeType, bool)>;

/// What the rules use and no schema has: of the source, of the metaverse.
#[derive(Debug, Default)]
pub(super) struct Guesses {
    pub(super) source: Declared,
    pub(super) metaverse: Declared,
}

/// The first of those that fit equally well is taken.
const CANDIDATES: &[(AttributeType, bool)] = &[
    (AttributeType::Text, false),
    (AttributeType::Text, true),
    (AttributeType::Number, false),
    (AttributeType::Boolean, false),
    (AttributeType::Reference, false),
    (AttributeType::Reference, true),
    (AttributeType::Binary, false),
    (AttributeType::Binary, true),
    (AttributeType::Date, false),
];

/// An attribute that no schema has: whether it is one of the source, and its name.
type Unknown = (bool, String);

/// The types of all attributes that are used and not known.
pub(super) fn guess(
    drafts: &[Draft],
    schemas: &Schemas,
    remarks: &mut Remarks,
) -> Result<Guesses, ImportError> {
    let mut known = schemas.clone();
    let all: Vec<Unknown> = [true, false]
        .into_iter()
        .flat_map(|source| unknown(drafts, schemas, source).into_iter().map(move |name| (source, name)))
        .collect();
    if all.len() > MAX_UNKNOWN {
        return Err(ImportError::TooMuch);
    }
    // All of them are there first, so that an expression with two unknown names can be judged at all.
    for (source, name) in &all {
        let like = same_but_for_case(name, if *source { &schemas.source } else { &schemas.metaverse });
        let (kind, many) = like.unwrap_or((AttributeType::Text, false));
        declare(&mut known, *source, name, kind, many);
    }
    let uses = uses(drafts, &all);
    let mut budget = MAX_GUESSING;
    for alike in clusters(drafts, &all).into_iter().take(MAX_GUESSES) {
        let mut best = (0, (AttributeType::Text, false));
        for (kind, many) in CANDIDATES {
            alike.iter().for_each(|(source, name)| declare(&mut known, *source, name, *kind, *many));
            let mut score = 0;
            for one in &alike {
                let places = uses.get(one).map_or(&[][..], Vec::as_slice);
                score += self::score(drafts, &known, one, places, &mut budget);
            }
            if score > best.0 {
                best = (score, (*kind, *many));
            }
        }
        let (kind, many) = best.1;
        alike.iter().for_each(|(source, name)| declare(&mut known, *source, name, kind, many));
    }
    let mut guesses = Guesses::default();
    for (source, name) in all {
        let schema = if source { &known.source } else { &known.metaverse };
        let Some(held) = schema.slot(&name).and_then(|slot| schema.attributes().get(slot as usize)) else {
            continue;
        };
        let place = if source { "the directory" } else { "the metaverse" };
        remarks.add(Remark {
            kind: RemarkKind::Guessed,
            rule: None,
            what: format!("the attribute {name} of {place}, which Lockstep does not know"),
            why: format!(
                "by its use it is taken for {}{}",
                held.kind.types(),
                if held.many { ", several values" } else { ", one value" }
            ),
        });
        let list = if source { &mut guesses.source } else { &mut guesses.metaverse };
        list.insert(name, (held.kind, held.many));
    }
    Ok(guesses)
}

/// The unknown attributes in groups whose members flow into one another as they are, so that they have one type.
fn clusters(drafts: &[Draft], all: &[Unknown]) -> Vec<Vec<Unknown>> {
    let places: HashMap<&Unknown, usize> = all.iter().enumerate().map(|(at, one)| (one, at)).collect();
    // Each points to another of its group, the first of it to itself.
    let mut above: Vec<usize> = (0..all.len()).collect();
    for draft in drafts.iter().filter(|draft| draft.inbound()) {
        for flow in &draft.flows {
            let Value::Direct(from) = &flow.value else { continue };
            let ends = [(true, from.clone()), (false, flow.to.clone())];
            let [Some(from), Some(to)] = ends.map(|end| places.get(&end).copied()) else { continue };
            let (from, to) = (first(&mut above, from), first(&mut above, to));
            if let Some(held) = above.get_mut(to) {
                *held = from;
            }
        }
    }
    let mut clusters: BTreeMap<usize, Vec<Unknown>> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        clusters.entry(first(&mut above, at)).or_default().push(one.clone());
    }
    clusters.into_values().collect()
}

/// The first of a group; the way there is halved for the next who asks.
fn first(above: &mut [usize], mut at: usize) -> usize {
    while let Some(next) = above.get(at).copied().filter(|next| *next != at) {
        let beyond = above.get(next).copied().unwrap_or(next);
        if let Some(held) = above.get_mut(at) {
            *held = beyond;
        }
        at = beyond;
    }
    at
}

fn declare(schemas: &mut Schemas, source: bool, name: &str, kind: AttributeType, many: bool) {
    let schema = if source { &mut schemas.source } else { &mut schemas.metaverse };
    *schema = std::mem::take(schema).attribute(name, kind, many);
}

/// The type of an attribute whose name differs by case alone.
fn same_but_for_case(name: &str, schema: &Schema) -> Option<(AttributeType, bool)> {
    let held = schema.attributes().iter().find(|held| held.name.eq_ignore_ascii_case(name))?;
    Some((held.kind, held.many))
}

/// The names of one side that are used and not known, in order.
fn unknown(drafts: &[Draft], schemas: &Schemas, source: bool) -> Vec<String> {
    let mut names: BTreeSet<String> = BTreeSet::new();
    for draft in drafts {
        let reads = draft.inbound() == source;
        if reads {
            let asked = draft.scope.iter().flatten().filter(|condition| !condition.asks_membership());
            names.extend(asked.map(|condition| condition.attribute.clone()));
            for flow in &draft.flows {
                match &flow.value {
                    Value::Direct(name) => drop(names.insert(name.clone())),
                    Value::Expression(text) => names.extend(mentioned(text)),
                    Value::Constant(_) => {}
                }
            }
        }
        let joins = draft.joins.iter().flatten();
        names.extend(joins.map(|join| if source { &join.source } else { &join.metaverse }).cloned());
        if !source && draft.inbound() {
            names.extend(draft.flows.iter().map(|flow| flow.to.clone()));
        }
    }
    let schema = if source { &schemas.source } else { &schemas.metaverse };
    names
        .retain(|name| schema.slot(name).is_none() && !name.trim().is_empty() && !(source && is_never(name)));
    names.into_iter().collect()
}

/// Where an unknown attribute is used: the rule, and the place in it.
#[derive(Clone, Copy, Debug)]
enum Use {
    Condition(usize, usize, usize),
    Join(usize, usize, usize),
    Flow(usize, usize),
}

/// Every use of every unknown attribute, found in one pass.
fn uses(drafts: &[Draft], all: &[Unknown]) -> BTreeMap<Unknown, Vec<Use>> {
    let mut uses: BTreeMap<Unknown, Vec<Use>> = all.iter().map(|one| (one.clone(), Vec::new())).collect();
    let mut note = |source: bool, name: &str, place: Use| {
        if let Some(list) = uses.get_mut(&(source, name.to_owned())) {
            list.push(place);
        }
    };
    for (at, draft) in drafts.iter().enumerate() {
        let reads = draft.inbound();
        for (group_at, group) in draft.scope.iter().enumerate() {
            for (condition_at, condition) in group.iter().enumerate() {
                note(reads, &condition.attribute, Use::Condition(at, group_at, condition_at));
            }
        }
        for (group_at, group) in draft.joins.iter().enumerate() {
            for (join_at, join) in group.iter().enumerate() {
                note(true, &join.source, Use::Join(at, group_at, join_at));
                note(false, &join.metaverse, Use::Join(at, group_at, join_at));
            }
        }
        for (flow_at, flow) in draft.flows.iter().enumerate() {
            let place = Use::Flow(at, flow_at);
            match &flow.value {
                Value::Direct(from) => note(reads, from, place),
                Value::Expression(text) => {
                    let names: BTreeSet<String> = mentioned(text).into_iter().collect();
                    names.iter().for_each(|name| note(reads, name, place));
                }
                Value::Constant(_) => {}
            }
            if reads {
                note(false, &flow.to, place);
            }
        }
    }
    uses
}

/// How much of what is done with an attribute is sound with the type it has in the schemas now. What is compiled for it
/// is taken from `budget`, in bytes; what it does not pay for is not looked at.
fn score(
    drafts: &[Draft],
    schemas: &Schemas,
    (source, name): &Unknown,
    uses: &[Use],
    budget: &mut usize,
) -> u32 {
    let own = if *source { &schemas.source } else { &schemas.metaverse };
    let Some(held) = own.slot(name).and_then(|slot| own.attributes().get(slot as usize)) else { return 0 };
    let mut score = 0;
    for place in uses {
        score += match *place {
            Use::Condition(rule, group, at) => {
                let condition = drafts.get(rule).and_then(|draft| draft.scope.get(group)?.get(at));
                condition.map_or(0, |condition| {
                    u32::from(condition_fits(condition.operator, held.kind, &condition.value))
                })
            }
            Use::Join(rule, group, at) => {
                let Some(join) = drafts.get(rule).and_then(|draft| draft.joins.get(group)?.get(at)) else {
                    continue;
                };
                let (theirs, other) = if *source {
                    (&join.metaverse, &schemas.metaverse)
                } else {
                    (&join.source, &schemas.source)
                };
                let other = other.slot(theirs).and_then(|slot| other.attributes().get(slot as usize));
                u32::from(other.is_some_and(|other| other.kind == held.kind))
            }
            Use::Flow(rule, at) => {
                let Some((draft, flow)) =
                    drafts.get(rule).and_then(|draft| Some((draft, draft.flows.get(at)?)))
                else {
                    continue;
                };
                if let Value::Expression(text) = &flow.value {
                    match budget.checked_sub(text.len()) {
                        Some(left) => *budget = left,
                        None => continue,
                    }
                }
                fit(draft, flow, schemas)
            }
        };
    }
    score
}

/// Where a flow goes, by what the schemas have now.
pub(super) fn takes(draft: &Draft, flow: &DraftFlow, schemas: &Schemas) -> Option<Takes> {
    let target = match draft.kind {
        None => Target::Metaverse(schemas.metaverse.slot(&flow.to)?),
        Some(kind) => Target::outbound(&flow.to, kind)?,
    };
    Some(target.takes(&schemas.metaverse))
}

/// 0 where a flow is not sound, 1 where it is, more where both sides have the same type and arity.
fn fit(draft: &Draft, flow: &DraftFlow, schemas: &Schemas) -> u32 {
    let reads = if draft.inbound() { &schemas.source } else { &schemas.metaverse };
    let takes = takes(draft, flow, schemas);
    match &flow.value {
        Value::Direct(from) => {
            let Some(held) = reads.slot(from).and_then(|slot| reads.attributes().get(slot as usize)) else {
                return 0;
            };
            // A target that is not known either says nothing.
            takes.map_or(1, |takes| {
                let same = takes.is(held.kind) && takes.is_many() == held.many;
                let sound = takes.is_of(held.kind);
                u32::from(sound) + 2 * u32::from(same)
            })
        }
        Value::Constant(text) => takes.map_or(1, |takes| {
            let word = text.eq_ignore_ascii_case("true") || text.eq_ignore_ascii_case("false");
            let wanted = match text.trim().parse::<i64>() {
                _ if word => AttributeType::Boolean,
                Ok(_) => AttributeType::Number,
                Err(_) => AttributeType::Text,
            };
            2 * u32::from(takes.is(wanted) && !takes.is_many()) + u32::from(takes.is(AttributeType::Text))
        }),
        Value::Expression(text) => {
            let Ok(expression) = Expression::compile(text, reads) else { return 0 };
            let Some(takes) = takes else { return 1 };
            let shape = expression.shape();
            if misfit(shape, takes, &flow.to).is_some() {
                return 0;
            }
            let many = shape.arity != crate::expr::Arity::One;
            1 + u32::from(takes.is_many() == many)
        }
    }
}

/// The attributes that an expression names: `[name]`, and in quotes after ImportedValue and ValueCount.
pub(super) fn mentioned(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    let mut quoted_name = false;
    while let Some(at) = rest.find(['[', '"', 'I', 'V']) {
        let (_, from) = rest.split_at(at);
        let mut chars = from.chars();
        let first = chars.next();
        rest = chars.as_str();
        match first {
            Some('[') => {
                let Some((name, behind)) = rest.split_once(']') else { break };
                names.push(name.to_owned());
                rest = behind;
            }
            Some('"') => {
                let (value, behind) = quoted(rest);
                if std::mem::take(&mut quoted_name) {
                    names.push(value);
                }
                rest = behind;
            }
            _ => {
                for word in ["ImportedValue", "ValueCount"] {
                    if let Some(behind) = from.strip_prefix(word).map(str::trim_start)
                        && let Some(behind) = behind.strip_prefix('(')
                    {
                        quoted_name = behind.trim_start().starts_with('"');
                        rest = behind;
                    }
                }
            }
        }
    }
    names
}

/// A text literal after its first quote, and what follows it.
fn quoted(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' if chars.as_str().starts_with('"') => {
                chars.next();
                value.push('"');
            }
            '"' => break,
            '\\' if chars.as_str().starts_with('\\') => {
                chars.next();
                value.push('\\');
            }
            c => value.push(c),
        }
    }
    (value, chars.as_str())
}
