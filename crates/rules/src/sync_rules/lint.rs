//! What a sound rule set may still have wrong: rules that never act, attributes that nobody writes, flows that never win.
//! An attribute of the metaverse that inbound rules write and no outbound rule reads is no finding: the metaverse holds
//! what is known of an object, for rules and targets to come, and a target that has no property for it is no mistake
//! of the rule that read it. The other way round, an outbound rule that reads what nobody writes, is one.
//!
//! **Invariant:** a pure function of the rule set; findings come in the order of the file.

use super::document::{Direction, Merge, Operator};
use super::schemas::{DN, SOURCE_ANCHOR, Target};
use super::scope::{Against, Clause};
use super::{Flow, From, Plan, Rule, RuleSet};
use crate::expr::{Inputs, Outcome};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::fmt;

/// Something that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What kind of thing.
    pub lint: Lint,
    /// How bad it is.
    pub severity: Severity,
    /// The rule.
    pub rule: String,
    /// The line of the rule, or of its flow.
    pub line: u32,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lint {
    /// A rule that no object can reach.
    UnreachableRule,
    /// A rule reads an attribute of the metaverse that no inbound rule writes.
    AttributeNeverWritten,
    /// Two rules write one attribute with different merge types.
    MixedMergeTypes,
    /// Two rules with join clauses can be in scope for one object.
    JoinAmbiguity,
    /// A flow that never wins, because a rule before it always gives a value.
    ShadowedFlow,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It stops objects.
    Error,
    /// Something has no effect, or may stop objects.
    Warning,
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnreachableRule => "unreachable-rule",
            Self::AttributeNeverWritten => "attribute-never-written",
            Self::MixedMergeTypes => "mixed-merge-types",
            Self::JoinAmbiguity => "join-ambiguity",
            Self::ShadowedFlow => "shadowed-flow",
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

impl RuleSet {
    /// What is probably not meant, in the order of the file. Disabled rules are not looked at.
    pub fn lint(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        self.unreachable(&mut findings);
        self.never_written(&mut findings);
        for plan in self.inbound.values().chain(self.outbound.values()).flatten() {
            self.mixed_merge(plan, &mut findings);
            self.shadowed(plan, &mut findings);
        }
        self.ambiguous_joins(&mut findings);
        findings.sort_by_key(|finding| (finding.line, finding.lint));
        findings
    }

    fn enabled(&self, direction: Direction) -> impl Iterator<Item = &Rule> + Clone {
        self.rules.iter().filter(move |rule| rule.direction == direction && !rule.disabled)
    }

    fn unreachable(&self, findings: &mut Vec<Finding>) {
        let provisioned: Vec<&Rule> =
            self.enabled(Direction::Inbound).filter(|rule| rule.link.provisions()).collect();
        for rule in self.rules.iter().filter(|rule| !rule.disabled) {
            let mut found = |message: String, remedy: &str| {
                findings.push(Finding {
                    lint: Lint::UnreachableRule,
                    severity: Severity::Warning,
                    rule: rule.name.clone(),
                    line: rule.line,
                    message,
                    remedy: remedy.to_owned(),
                });
            };
            if let Some((a, b)) = contradiction(rule, self.reads(rule.direction)) {
                found(
                    format!("no object can be in its scope: {a} and {b} exclude each other"),
                    "Correct the conditions, or put them into two groups of which one must hold.",
                );
                continue;
            }
            let of_type = || provisioned.iter().filter(|other| other.metaverse_type == rule.metaverse_type);
            match rule.direction {
                _ if of_type().next().is_none() => found(
                    format!("no inbound rule makes a {}", rule.metaverse_type.as_str()),
                    "Add an inbound rule with link_type = \"Provision\" for that type.",
                ),
                Direction::Inbound => {
                    let shares = |other: &&&Rule| {
                        rule.source_types.iter().any(|class| other.source_types.contains(class))
                    };
                    let joins_by_class = !rule.link.provisions() && rule.from.is_empty();
                    if joins_by_class && of_type().find(shares).is_none() {
                        found(
                            format!(
                                "it only joins, and no rule makes a {} of entries with its object classes",
                                rule.metaverse_type.as_str()
                            ),
                            "Give it an object class of a rule that provisions, unless its entries have both.",
                        );
                    }
                }
                Direction::Outbound => {
                    let makes = |other: &Rule| {
                        other.link.provisions()
                            && other.kind == rule.kind
                            && other.metaverse_type == rule.metaverse_type
                    };
                    if !rule.link.provisions() && !self.enabled(Direction::Outbound).any(makes) {
                        found(
                            "it only joins, and no outbound rule makes such an object".into(),
                            "Add an outbound rule with link_type = \"Provision\" of the same types.",
                        );
                    }
                }
            }
        }
    }

    const fn reads(&self, direction: Direction) -> &crate::expr::Schema {
        match direction {
            Direction::Inbound => &self.schemas.source,
            Direction::Outbound => &self.schemas.metaverse,
        }
    }

    fn never_written(&self, findings: &mut Vec<Finding>) {
        for rule in self.enabled(Direction::Outbound) {
            let inbound =
                self.enabled(Direction::Inbound).filter(|other| other.metaverse_type == rule.metaverse_type);
            let written: BTreeSet<Target> =
                inbound.flat_map(|other| other.flows.iter().map(|flow| flow.target)).collect();
            let name = |slot: u32| Target::Metaverse(slot).name(&self.schemas.metaverse).to_owned();
            let missing = |slot: &u32| !written.contains(&Target::Metaverse(*slot));
            for flow in &rule.flows {
                for slot in flow.reads().into_iter().filter(missing) {
                    findings.push(Finding {
                        lint: Lint::AttributeNeverWritten,
                        severity: Severity::Warning,
                        rule: rule.name.clone(),
                        line: flow.line,
                        message: format!(
                            "the flow to {} reads [{}], which no inbound rule writes",
                            flow.to,
                            name(slot)
                        ),
                        remedy: "Write it in an inbound rule of the same metaverse_type, or remove the flow."
                            .into(),
                    });
                }
            }
            // A condition that holds where nothing is there is a switch for rules to come.
            for clause in rule.scope.iter().flatten().filter(|clause| clause.operator.positive().is_none()) {
                if let Some(slot) =
                    clause.slot.filter(|slot| missing(slot) && clause.operator != Operator::IsNull)
                {
                    findings.push(Finding {
                        lint: Lint::AttributeNeverWritten,
                        severity: Severity::Warning,
                        rule: rule.name.clone(),
                        line: rule.line,
                        message: format!(
                            "its scope asks {clause}, but no inbound rule writes [{}]",
                            name(slot)
                        ),
                        remedy:
                            "Write it in an inbound rule of the same metaverse_type, or remove the condition."
                                .into(),
                    });
                }
            }
        }
    }

    /// The rules and flows of a plan.
    fn flows<'s>(&'s self, plan: &'s Plan) -> impl Iterator<Item = (&'s Rule, &'s Flow)> + Clone {
        plan.flows.iter().filter_map(|(rule, flow)| {
            let rule = self.rules.get(*rule)?;
            Some((rule, rule.flows.get(*flow)?))
        })
    }

    fn mixed_merge(&self, plan: &Plan, findings: &mut Vec<Finding>) {
        let mut flows = self.flows(plan);
        while let Some((rule, flow)) = flows.next() {
            let Some((other, against)) =
                flows.clone().find(|(other, against)| against.merge != flow.merge && overlap(rule, other))
            else {
                continue;
            };
            let always = rule.scope.is_empty() && other.scope.is_empty();
            findings.push(Finding {
                lint: Lint::MixedMergeTypes,
                severity: if always { Severity::Error } else { Severity::Warning },
                rule: other.name.clone(),
                line: against.line,
                message: format!(
                    "its flow to {} merges with {}, that of \"{}\" with {}; an object for which both are in scope fails",
                    against.to,
                    against.merge.as_str(),
                    rule.name,
                    flow.merge.as_str()
                ),
                remedy: "Give all flows to one attribute one merge type.".into(),
            });
        }
    }

    fn shadowed(&self, plan: &Plan, findings: &mut Vec<Finding>) {
        let mut before: Vec<(&Rule, &Flow)> = Vec::new();
        for (rule, flow) in self.flows(plan) {
            if flow.merge == Merge::Update
                && let Some((winner, _)) = before.iter().find(|(winner, first)| {
                    first.merge == Merge::Update
                        && !first.execute_once
                        && covers(winner, rule)
                        && (self.always_decides(winner.direction, first) || first.from == flow.from)
                })
            {
                findings.push(Finding {
                    lint: Lint::ShadowedFlow,
                    severity: Severity::Warning,
                    rule: rule.name.clone(),
                    line: flow.line,
                    message: format!(
                        "its flow to {} never wins: \"{}\" with precedence {} decides for every object that it takes",
                        flow.to, winner.name, winner.precedence
                    ),
                    remedy: "Remove the flow, give its rule a lower precedence number, or narrow the other's scope.".into(),
                });
            }
            before.push((rule, flow));
        }
    }

    /// Whether a flow leaves nothing to the rules after it, whatever the object.
    fn always_decides(&self, direction: Direction, flow: &Flow) -> bool {
        match &flow.from {
            From::Constant(_) => true,
            From::Direct(slot) => {
                let always = [DN, SOURCE_ANCHOR];
                direction == Direction::Inbound
                    && always.iter().any(|name| self.schemas.source.slot(name) == Some(*slot))
            }
            From::Expression(expression) => {
                if !expression.attributes().is_empty()
                    || expression.is_volatile()
                    || !expression.parameters().is_empty()
                {
                    return false;
                }
                let inputs = Inputs {
                    attributes: &[],
                    imported: None,
                    parameters: &[],
                    now: Timestamp::UNIX_EPOCH,
                    seed: 0,
                };
                matches!(expression.evaluate(&inputs), Ok(Outcome::Value(_) | Outcome::AuthoritativeNull))
            }
        }
    }

    fn ambiguous_joins(&self, findings: &mut Vec<Finding>) {
        let mut rules = self.enabled(Direction::Inbound).filter(|rule| !rule.joins.is_empty());
        while let Some(rule) = rules.next() {
            for other in rules.clone().filter(|other| shares_source(rule, other) && overlap(rule, other)) {
                let always = rule.scope.is_empty() && other.scope.is_empty();
                findings.push(Finding {
                    lint: Lint::JoinAmbiguity,
                    severity: if always { Severity::Error } else { Severity::Warning },
                    rule: other.name.clone(),
                    line: other.line,
                    message: format!(
                        "it has join clauses and so has \"{}\"; an object for which both are in scope fails",
                        rule.name
                    ),
                    remedy: "Put the join clauses into one rule, or give the rules scopes that exclude each other.".into(),
                });
            }
        }
    }
}

/// Whether entries of one source can be in the scope of both.
fn shares_source(a: &Rule, b: &Rule) -> bool {
    a.sources.iter().any(|source| b.sources.contains(source))
}

/// Whether one object can be in the scope of both.
fn overlap(a: &Rule, b: &Rule) -> bool {
    let types =
        a.source_types.is_empty() || a.source_types.iter().any(|class| b.source_types.contains(class));
    let kinds = a.metaverse_type == b.metaverse_type && a.kind == b.kind;
    let apart = |x: &[Clause], y: &[Clause]| x.iter().any(|x| y.iter().any(|y| opposite(x, y)));
    let scopes = a.scope.is_empty()
        || b.scope.is_empty()
        || a.scope.iter().any(|x| b.scope.iter().any(|y| !apart(x, y)));
    types && kinds && scopes
}

/// Whether every object that `narrow` takes is taken by `wide`.
fn covers(wide: &Rule, narrow: &Rule) -> bool {
    let scope = wide.scope.is_empty() || wide.scope == narrow.scope;
    scope
        && narrow.from == wide.from
        && narrow.source_types.iter().all(|class| wide.source_types.contains(class))
}

/// Whether two conditions cannot both hold.
fn opposite(a: &Clause, b: &Clause) -> bool {
    let same = a.slot == b.slot && same_value(&a.against, &b.against);
    same && (a.operator.positive() == Some(b.operator) || b.operator.positive() == Some(a.operator))
}

/// Two conditions of each group that cannot both hold: the first group's; none where one group can hold.
fn contradiction<'r>(rule: &'r Rule, schema: &crate::expr::Schema) -> Option<(&'r Clause, &'r Clause)> {
    let single = |slot: Option<u32>| {
        slot.and_then(|slot| schema.attributes().get(slot as usize)).is_some_and(|attribute| !attribute.many)
    };
    // One of the positive conditions needs a value.
    let needs_value = |clause: &Clause| {
        clause.slot.is_some()
            && clause.operator != Operator::IsNull
            && (clause.operator.positive().is_none() || clause.operator == Operator::IsNotNull)
    };
    let exclude = |a: &Clause, b: &Clause| {
        if opposite(a, b) {
            return true;
        }
        if a.slot.is_none() || a.slot != b.slot {
            return false;
        }
        if a.operator == Operator::IsNull && needs_value(b)
            || b.operator == Operator::IsNull && needs_value(a)
        {
            return true;
        }
        let equal = a.operator == Operator::Equal && b.operator == Operator::Equal;
        equal && single(a.slot) && !same_value(&a.against, &b.against)
    };
    let mut first = None;
    for group in &rule.scope {
        let pair = group
            .iter()
            .enumerate()
            .find_map(|(at, a)| group.get(at + 1..)?.iter().find(|b| exclude(a, b)).map(|b| (a, b)));
        first = first.or(Some(pair?));
    }
    first
}

/// Whether two conditions compare with the same, however it is written.
fn same_value(a: &Against, b: &Against) -> bool {
    match (a, b) {
        (Against::Texts(a, _), Against::Texts(b, _)) => a == b,
        (a, b) => a == b,
    }
}
