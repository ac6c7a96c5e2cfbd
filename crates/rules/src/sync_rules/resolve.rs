//! One target and the flows to it: precedence, control literals, merge types.

use super::document::Merge;
use super::schemas::Takes;
use super::scope::each;
use super::{Flow, From, Plan, Rule, RuleSet};
use crate::expr::{Inputs, List, Outcome, Value};
use std::borrow::Cow;
use std::collections::HashSet;

/// What the flows to a target give together.
#[derive(Debug, PartialEq)]
pub(super) enum Resolved<'a> {
    /// This value, of these rules.
    Value(Value<'a>, Givers),
    /// None: what the target has goes.
    Nothing,
    /// Every flow is to be ignored: what the target has stays.
    Untouched,
}

/// The rules that gave a value: one, or several that merge. Where there is one, nothing is allocated for it.
#[derive(Debug, PartialEq)]
pub(super) struct Givers {
    first: usize,
    others: Vec<usize>,
}

impl Givers {
    pub(super) fn into_vec(self) -> Vec<usize> {
        let mut all = vec![self.first];
        all.extend(self.others);
        all
    }
}

/// Why a target got nothing that can be relied on: the flow at fault, what is wrong, what to do.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) rule: usize,
    pub(super) flow: usize,
    pub(super) message: String,
    pub(super) remedy: String,
}

/// One of those who give values: an entry with the rules that count for it, or the metaverse object.
#[derive(Clone, Copy, Debug)]
pub(super) struct View<'a> {
    /// The number of its source.
    pub(super) source: usize,
    /// For each rule whether it counts.
    pub(super) active: &'a [bool],
    /// What its flows read.
    pub(super) inputs: &'a Inputs<'a>,
}

/// What flows read beside the attributes' values.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    /// Whether the cloud does not have the object yet.
    pub(super) is_new: bool,
    /// Attributes of which the rules before say nothing: a flow that reads one is to be ignored.
    pub(super) untouched: &'a [u32],
}

impl Reader<'_> {
    fn ignores(&self, flow: &Flow) -> bool {
        (flow.execute_once && !self.is_new)
            || (!self.untouched.is_empty() && flow.reads().iter().any(|slot| self.untouched.contains(slot)))
    }
}

/// Resolves a target, where any of its rules counts for one of the views. One rule may count for several: then they give
/// in their order.
pub(super) fn resolve<'a>(
    set: &'a RuleSet,
    plan: &Plan,
    views: &[View<'a>],
    reader: Reader<'_>,
) -> Result<Option<Resolved<'a>>, Failure> {
    let takes = plan.takes;
    let tags = plan.links && !set.sources.is_empty();
    let flows = plan.flows.iter().flat_map(|(rule_at, flow_at)| {
        let counts = |view: &&View<'a>| view.active.get(*rule_at).copied().unwrap_or(false);
        views.iter().filter(counts).filter_map(move |view| {
            let rule = set.rules.get(*rule_at)?;
            Some((*view, *rule_at, *flow_at, rule, rule.flows.get(*flow_at)?))
        })
    });
    let Some(first) = flows.clone().next() else { return Ok(None) };
    let merge = first.4.merge;
    // Most targets have one merge type in all rules; then there is nothing to compare.
    if plan.mixed
        && let Some((_, rule_at, flow_at, rule, flow)) = flows.clone().find(|(.., flow)| flow.merge != merge)
    {
        return Err(Failure { rule: rule_at, flow: flow_at, ..mixed(first.3, merge, rule, flow) });
    }
    let mut resolved = Resolved::Untouched;
    for (view, rule_at, flow_at, _, flow) in flows {
        if reader.ignores(flow) {
            continue;
        }
        let fail = |(message, remedy)| Failure { rule: rule_at, flow: flow_at, message, remedy };
        let outcome = outcome(flow, view.inputs, seed_of(rule_at, flow_at), takes).map_err(fail)?;
        let outcome = match outcome {
            Outcome::Value(value) if tags => Outcome::Value(tagged(value, view.source)),
            other => other,
        };
        match outcome {
            Outcome::IgnoreThisFlow => {}
            Outcome::Null => {
                if resolved == Resolved::Untouched {
                    resolved = Resolved::Nothing;
                }
            }
            Outcome::AuthoritativeNull => {
                if resolved == Resolved::Untouched {
                    resolved = Resolved::Nothing;
                }
                break;
            }
            Outcome::Value(value) if merge == Merge::Update => {
                resolved = Resolved::Value(value, Givers { first: rule_at, others: Vec::new() });
                break;
            }
            Outcome::Value(value) => {
                let values = into_values(value);
                match &mut resolved {
                    Resolved::Value(Value::Many(List::Owned(held)), rules) => {
                        held.extend(values);
                        rules.others.push(rule_at);
                    }
                    other => {
                        let givers = Givers { first: rule_at, others: Vec::new() };
                        *other = Resolved::Value(Value::Many(List::Owned(values)), givers);
                    }
                }
            }
        }
    }
    if let Resolved::Value(Value::Many(List::Owned(values)), _) = &mut resolved
        && merge != Merge::Update
    {
        let mut seen = HashSet::new();
        values.retain(|value| seen.insert(key(value, merge)));
    }
    Ok(Some(resolved))
}

/// A reference that says of which source it is: `<1>uid=ann,...`. In the first source it stands as it is, unless it could
/// be taken for such a one.
fn tagged(value: Value<'_>, source: usize) -> Value<'_> {
    let tag = |text: Cow<'_, str>| match source {
        0 if !text.starts_with('<') => text.into_owned(),
        source => format!("<{source}>{text}"),
    };
    match value {
        Value::Reference(text) => Value::Reference(Cow::Owned(tag(text))),
        Value::Text(text) => Value::Text(Cow::Owned(tag(text))),
        Value::Many(list) => {
            Value::Many(List::Owned(list.into_vec().into_iter().map(|one| tagged(one, source)).collect()))
        }
        other => other,
    }
}

/// The source that a reference is of, and the reference.
pub(super) fn untagged(text: &str) -> (usize, &str) {
    let tag = text.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    match tag.and_then(|(source, rest)| Some((source.parse().ok()?, rest))) {
        Some(found) => found,
        None => (0, text),
    }
}

/// By what a double is known.
fn key(value: &Value<'_>, merge: Merge) -> String {
    let text = value.to_string();
    if merge == Merge::MergeCaseInsensitive { text.to_lowercase() } else { text }
}

fn mixed(first: &Rule, merge: Merge, second: &Rule, flow: &Flow) -> Failure {
    Failure {
        rule: 0,
        flow: 0,
        message: format!(
            "it merges with {}, the rule \"{}\" with {}, and both are in scope",
            flow.merge.as_str(),
            first.name,
            merge.as_str()
        ),
        remedy: format!(
            "Give the flows to {} of the rules \"{}\" and \"{}\" one merge type, or scopes that exclude each other.",
            flow.to, first.name, second.name
        ),
    }
}

impl Merge {
    /// As the file writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Update => "update",
            Self::Merge => "merge",
            Self::MergeCaseInsensitive => "merge_case_insensitive",
        }
    }
}

/// Another number for each flow, so that two never draw the same.
fn seed_of(rule: usize, flow: usize) -> u128 {
    ((rule as u128) << 32 | flow as u128)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
}

fn into_values(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::Many(list) => list.into_vec(),
        one => vec![one],
    }
}

/// What one flow gives, in the form that the target takes.
fn outcome<'a>(
    flow: &'a Flow,
    inputs: &'a Inputs<'a>,
    seed: u128,
    takes: Takes,
) -> Result<Outcome<'a>, (String, String)> {
    let outcome = match &flow.from {
        From::Constant(value) => Outcome::Value(value.borrowed()),
        From::Direct(slot) => {
            let value = inputs.attributes.get(*slot as usize).unwrap_or(&Value::Null);
            let values = each(value);
            if takes.many {
                if values.is_empty() { Outcome::Null } else { Outcome::Value(value.borrowed()) }
            } else {
                values
                    .iter()
                    .find(|value| !is_blank(value))
                    .map_or(Outcome::Null, |one| Outcome::Value(one.borrowed()))
            }
        }
        From::Expression(expression) => {
            let failed = |error: crate::expr::EvaluationError| {
                let remedy = "Correct the value in the directory, or the expression in the rule; the next cycle retries.";
                (error.to_string(), remedy.to_owned())
            };
            if expression.is_volatile() {
                let own = Inputs { seed: inputs.seed ^ seed, ..*inputs };
                owned(expression.evaluate(&own).map_err(failed)?)
            } else {
                expression.evaluate(inputs).map_err(failed)?
            }
        }
    };
    Ok(match outcome {
        Outcome::Value(Value::Many(list)) if !takes.many => {
            let mut values = list.into_vec();
            match (values.pop(), values.is_empty()) {
                (Some(one), true) => Outcome::Value(one),
                (None, _) => Outcome::Null,
                (Some(_), false) => {
                    return Err((
                        format!(
                            "the expression gives {} values, and {} takes one",
                            values.len() + 1,
                            flow.to
                        ),
                        "Choose one with ItemOrNull(..., 1) or FirstText(...) in the rule.".into(),
                    ));
                }
            }
        }
        Outcome::Value(one) if takes.many && !matches!(one, Value::Many(_)) => {
            Outcome::Value(Value::Many(List::Owned(vec![one])))
        }
        other => other,
    })
}

fn owned<'a>(outcome: Outcome<'_>) -> Outcome<'a> {
    match outcome {
        Outcome::Value(value) => Outcome::Value(value.into_owned()),
        Outcome::Null => Outcome::Null,
        Outcome::AuthoritativeNull => Outcome::AuthoritativeNull,
        Outcome::IgnoreThisFlow => Outcome::IgnoreThisFlow,
    }
}

/// Whether a text says nothing.
pub(super) fn is_blank(value: &Value<'_>) -> bool {
    matches!(value, Value::Text(text) | Value::Reference(text) if text.trim().is_empty())
}
