//! What can be asked of a rule set beside what an entry becomes: which groups its scopes name, which properties it
//! writes, and by which rules a value came.

use super::document::{Direction, MetaverseType};
use super::schemas::Target;
use super::{Evaluation, Flow, From, Rule, RuleSet};
use lockstep_model::{Entry, ObjectKind, Property};
use std::collections::{BTreeMap, BTreeSet};

impl RuleSet {
    /// The groups whose direct members a scope asks for, as normalized DNs, in order.
    pub fn groups_asked(&self) -> Vec<String> {
        let clauses =
            self.rules.iter().filter(|rule| !rule.disabled).flat_map(|rule| rule.scope.iter().flatten());
        let groups: BTreeSet<&str> = clauses.filter_map(|clause| clause.group()).collect();
        groups.into_iter().map(str::to_owned).collect()
    }

    /// Whether the entry is of an object type that a rule for people takes.
    pub fn takes_as_person(&self, entry: &Entry) -> bool {
        let classes = self.classes(entry);
        self.rules
            .iter()
            .filter(|rule| rule.metaverse_type == MetaverseType::Person)
            .any(|rule| rule.sources.iter().any(|source| super::scoping::takes(rule, *source, classes)))
    }

    /// The properties that rules write for a kind of object, in order.
    pub fn properties(&self, kind: ObjectKind) -> Vec<Property> {
        let plans = self.outbound.iter().filter(|((_, held), _)| *held == kind).flat_map(|(_, plans)| plans);
        let properties: BTreeSet<Property> = plans
            .filter_map(|plan| match plan.target {
                Target::Property(property) => Some(property),
                Target::Metaverse(_) | Target::Manager | Target::Members => None,
            })
            .collect();
        properties.into_iter().collect()
    }

    /// For each property that a rule in scope writes the rules that gave its value, or could have, from the cloud
    /// back to the source:
    /// `displayName <- "Out to cloud - User": [displayName] <- "In from LDAP - Person": FirstText([cn])`.
    pub fn trace(&self, evaluation: &Evaluation) -> BTreeMap<Property, String> {
        self.trace_of(evaluation, |_| true)
    }

    /// As [`RuleSet::trace`], of those properties that are wanted.
    pub(crate) fn trace_of(
        &self,
        evaluation: &Evaluation,
        wanted: impl Fn(Property) -> bool,
    ) -> BTreeMap<Property, String> {
        let plans = self.outbound.get(&(evaluation.metaverse_type, evaluation.object.kind));
        let mut traced = BTreeMap::new();
        for plan in plans.into_iter().flatten() {
            let Target::Property(property) = plan.target else { continue };
            if !wanted(property) {
                continue;
            }
            let gave = evaluation.property_rules.get(&property);
            let counts = |at: &usize| match gave {
                Some(rules) => rules.contains(at),
                None => evaluation.in_scope.contains(at),
            };
            let flows = plan.flows.iter().filter(|(rule, _)| counts(rule));
            let steps: Vec<String> = flows
                .filter_map(|(rule, flow)| {
                    let rule = self.rules.get(*rule)?;
                    Some(self.step(rule, rule.flows.get(*flow)?, evaluation))
                })
                .collect();
            if !steps.is_empty() {
                traced.insert(property, format!("{property} <- {}", steps.join(", and ")));
            }
        }
        traced
    }

    /// A flow with the inbound rules that gave what it read.
    fn step(&self, rule: &Rule, flow: &Flow, evaluation: &Evaluation) -> String {
        let from = if rule.from.is_empty() { String::new() } else { format!(" ({})", rule.from.join(", ")) };
        let mut text = format!("\"{}\"{from}: {}", rule.name, self.shown(rule.direction, flow));
        if rule.direction == Direction::Inbound {
            return text;
        }
        let attributes = self.schemas.metaverse.attributes();
        let mut read = flow.reads();
        read.sort_unstable();
        read.dedup();
        for name in read.into_iter().filter_map(|slot| attributes.get(slot as usize)).map(|held| &held.name) {
            let Some(written) = evaluation.metaverse.get(name) else { continue };
            for inbound in written.rules.iter().filter_map(|at| self.rules.get(*at)) {
                if let Some(flow) = inbound.flows.iter().find(|flow| flow.to == *name) {
                    text.push_str(" <- ");
                    text.push_str(&self.step(inbound, flow, evaluation));
                }
            }
        }
        text
    }

    /// Where a flow's value comes from, on one line.
    pub(super) fn shown(&self, direction: Direction, flow: &Flow) -> String {
        let schema = match direction {
            Direction::Inbound => &self.schemas.source,
            Direction::Outbound => &self.schemas.metaverse,
        };
        match &flow.from {
            From::Direct(slot) => {
                let name = schema.attributes().get(*slot as usize).map_or("", |held| held.name.as_str());
                format!("[{name}]")
            }
            From::Constant(value) => format!("{value}"),
            From::Expression(expression) => {
                expression.text().split_whitespace().collect::<Vec<_>>().join(" ")
            }
        }
    }
}
