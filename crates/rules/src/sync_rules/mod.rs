//! Sync rules: which entries of a directory become which users and groups, and where each value comes from.
//!
//! A [`RuleSet`] is one TOML file. **Inbound** rules take entries by object class and scope to a metaverse object;
//! **outbound** rules take that to the cloud object. Each rule has a precedence of its own: where two give one
//! attribute, the lower number wins. [`RuleSet::evaluate`] runs all of them on one entry.
//!
//! - An inbound `Provision` rule in scope makes the metaverse object. Where several of different types are in scope,
//!   the lowest precedence number says what it is; rules of the other types then do not count. `Join` and `StickyJoin`
//!   add flows to an object that is made.
//! - A rule takes the entries of the first source, or of the further ones that its `from` names. An entry of a further
//!   source is joined to an object of earlier ones by its join clauses ([`RuleSet::joins`]); its rules then give values
//!   to that object, by precedence as all others ([`Subject::others`]).
//! - An entry with none of a provisioning rule's join attributes is not taken in; two rules in scope that both have
//!   join clauses are an error of the object.
//! - `NULL` gives nothing, and rules of lower precedence may; `AuthoritativeNull` gives nothing, and they may not;
//!   `IgnoreThisFlow` is as if the flow were not there: what the cloud has stays ([`Evaluation::untouched`]). A flow
//!   with `execute_once` is as `IgnoreThisFlow` once the cloud has the object.
//! - Rules in scope that write one attribute with different merge types are an error of the object.
//!
//! - An entry's object type is any of its object classes, or the most specific one, as the kind of directory has it
//!   ([`ObjectType`]).
//! - [`RuleSet::make`] gives the cloud object alone, which is what planning needs; [`RuleSet::evaluate`] says beside
//!   it where each value came from. The objects are the same.
//!
//! **Invariant:** pure: no I/O, no clock; what comes out is a function of the entry and the rules, and the order of
//! the rules in the file means nothing.

mod asks;
mod cases;
mod compile;
mod document;
mod evaluate;
mod fit;
mod join;
mod lint;
mod outbound;
mod problem;
mod resolve;
mod schemas;
mod scope;
mod scoping;
mod structure;
mod view;

pub use cases::{Case, CaseResult};
pub use compile::is_source_name;
pub use document::{Direction, LinkType, Merge, MetaverseType, Operator, json_schema};
pub use evaluate::{Contributor, Evaluated, Evaluation, Made, MadeObject, MetaverseObject, Subject, Written};
pub use join::{JoinGroup, JoinName, JoinTerm, JoinValues, Joins};
pub use lint::{Finding, Lint, Severity};
pub use problem::{Problem, Problems};
pub use schemas::{DN, ObjectType, SOURCE_ANCHOR, Schemas, Target};
pub use scope::Clause;
pub use view::Tried;

// For the import of rules, which asks of each piece what the compiler would.
pub(crate) use fit::misfit;
pub(crate) use schemas::{Takes, is_never};
pub(crate) use scope::condition_fits;

use crate::expr::{AttributeType, Expression, Schema, Value};
use lockstep_model::ObjectKind;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The rule set for OpenLDAP and 389 Directory Server that comes with Lockstep, as TOML. It gives what the built-in
/// mapping gives with its default settings.
pub const OPENLDAP: &str = include_str!("../../rules/openldap.toml");
/// The name of [`OPENLDAP`], for people.
pub const OPENLDAP_FILE: &str = "openldap.toml";

/// The rule set for Active Directory and Samba that comes with Lockstep, as TOML.
pub const ACTIVE_DIRECTORY: &str = include_str!("../../rules/active-directory.toml");
/// The name of [`ACTIVE_DIRECTORY`], for people.
pub const ACTIVE_DIRECTORY_FILE: &str = "active-directory.toml";

/// A rule set that comes with Lockstep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// By which it is asked for: `active-directory`.
    pub name: &'static str,
    /// The name of its file, for people.
    pub file: &'static str,
    /// Itself, as TOML.
    pub text: &'static str,
}

/// The rule sets that come with Lockstep; the first is the default.
pub const SHIPPED: &[Shipped] = &[
    Shipped { name: "openldap", file: OPENLDAP_FILE, text: OPENLDAP },
    Shipped { name: "active-directory", file: ACTIVE_DIRECTORY_FILE, text: ACTIVE_DIRECTORY },
];

/// Bytes a rule set's file may have.
pub const MAX_BYTES: usize = 1024 * 1024;
/// Rules a rule set may have.
pub const MAX_RULES: usize = 1_000;
/// Flows a rule may have.
pub const MAX_FLOWS: usize = 500;
/// Conditions of the scope that a rule may have, and join clauses.
pub const MAX_CLAUSES: usize = 500;
/// Cases a rule set may have.
pub const MAX_CASES: usize = 10_000;

/// The values of the parameters, by slot: of the source's schema and of the metaverse's.
pub(crate) type Parameters = [Vec<Value<'static>>; 2];

/// A rule set that was checked, ready to be evaluated.
#[derive(Clone, Debug)]
pub struct RuleSet {
    file: String,
    name: String,
    description: Option<String>,
    schemas: Schemas,
    /// The values of the parameters, by slot: of the source's schema and of the metaverse's.
    parameters: Parameters,
    rules: Vec<Rule>,
    cases: Vec<Case>,
    /// The further sources, in their order: the first of them has the number 1.
    sources: Vec<String>,
    /// For each type of metaverse object the flows to each of its attributes, by precedence.
    inbound: BTreeMap<MetaverseType, Vec<Plan>>,
    outbound: BTreeMap<(MetaverseType, ObjectKind), Vec<Plan>>,
}

/// One rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Option<String>,
    /// From the source to the metaverse, or from there to the cloud.
    pub direction: Direction,
    /// The lower wins.
    pub precedence: u32,
    /// Whether it rests.
    pub disabled: bool,
    /// What it does where there is no object on its other side.
    pub link: LinkType,
    /// The further sources whose entries it takes, by name; none: those of the first.
    pub from: Vec<String>,
    /// The numbers of the sources whose entries it takes.
    sources: Vec<usize>,
    /// The object classes it takes, in lower case; none for an outbound rule.
    pub source_types: Vec<String>,
    /// The type of the metaverse object.
    pub metaverse_type: MetaverseType,
    /// The kind of the cloud object; none for an inbound rule.
    pub kind: Option<ObjectKind>,
    /// Groups of conditions.
    pub scope: Vec<Vec<Clause>>,
    /// Groups of join clauses, in order.
    pub joins: Vec<Vec<JoinClause>>,
    /// The flows, in the order of the file.
    pub flows: Vec<Flow>,
    /// The line of its name.
    pub line: u32,
}

/// One attribute of the source must equal one of the metaverse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinClause {
    source: u32,
    metaverse: u32,
    /// The names of the two attributes: of the source, of the metaverse.
    pub names: (String, String),
    /// Whether case counts.
    pub case_sensitive: bool,
}

impl JoinClause {
    /// The slots of the two attributes: of the source, of the metaverse.
    pub const fn slots(&self) -> (u32, u32) {
        (self.source, self.metaverse)
    }
}

/// An attribute flow.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Where it writes.
    pub target: Target,
    /// The name of that.
    pub to: String,
    /// Where the value comes from.
    pub from: From,
    /// How values of several rules go together.
    pub merge: Merge,
    /// Only when the object is made.
    pub execute_once: bool,
    /// Its line.
    pub line: u32,
}

/// Where the value of a flow comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum From {
    /// An attribute, by slot.
    Direct(u32),
    /// Always this.
    Constant(Value<'static>),
    /// What an expression gives.
    Expression(Box<Expression>),
}

/// The flows to one target: rule and flow by their places, in the order of precedence.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) target: Target,
    takes: Takes,
    pub(crate) flows: Vec<(usize, usize)>,
    /// Whether they do not all say the same of how values go together.
    pub(crate) mixed: bool,
    /// Whether what an object is, whom it refers to or who is joined to it depends on it.
    pub(crate) names: bool,
    /// Whether managers or members are made of it: then a value must say of which source it is.
    links: bool,
}

impl RuleSet {
    /// Reads and checks a rule set. `file` is its name for people. What it can read and write is what the kind of
    /// directory has that it names (`source = "active-directory"`), and `schemas` where it names none.
    ///
    /// # Errors
    /// [`Problems`]: everything that is wrong, in the order of the file, each with its place and what to do.
    pub fn parse(file: &str, text: &str, schemas: &Schemas) -> Result<Self, Problems> {
        compile::compile(file, text, schemas)
    }

    fn new(
        file: &str,
        (name, description): (String, Option<String>),
        schemas: Schemas,
        parameters: &BTreeMap<String, String>,
        rules: Vec<Rule>,
        cases: Vec<Case>,
    ) -> Self {
        let values = |schema: &Schema| {
            let value = |name: &String| {
                parameters.get(name).map_or(Value::Null, |text| Value::Text(Cow::Owned(text.clone())))
            };
            schema.parameters().iter().map(value).collect()
        };
        let mut inbound: BTreeMap<_, BTreeMap<Target, Vec<_>>> = BTreeMap::new();
        let mut outbound: BTreeMap<_, BTreeMap<Target, Vec<_>>> = BTreeMap::new();
        for (at, rule) in rules.iter().enumerate().filter(|(_, rule)| !rule.disabled) {
            for (flow_at, flow) in rule.flows.iter().enumerate() {
                let plans = match rule.kind {
                    None => inbound.entry(rule.metaverse_type).or_default(),
                    Some(kind) => outbound.entry((rule.metaverse_type, kind)).or_default(),
                };
                plans.entry(flow.target).or_default().push((at, flow_at));
            }
        }
        // What the scopes of outbound rules ask for, and what managers and members are made of.
        let named = |target: Target| matches!(target, Target::Manager | Target::Members);
        let mut asked: BTreeSet<u32> = BTreeSet::new();
        let mut links: BTreeSet<u32> = BTreeSet::new();
        for rule in rules.iter().filter(|rule| !rule.disabled) {
            asked.extend(rule.joins.iter().flatten().map(|clause| clause.metaverse));
            if rule.kind.is_some() {
                asked.extend(rule.scope.iter().flatten().filter_map(|clause| clause.slot));
                for flow in rule.flows.iter().filter(|flow| named(flow.target)) {
                    asked.extend(flow.reads());
                    // What is only asked about, as by a condition, stays as it is.
                    let is_link = |slot: &u32| {
                        let held = schemas.metaverse.attributes().get(*slot as usize);
                        matches!(flow.from, From::Direct(_))
                            || held.is_some_and(|held| held.kind == AttributeType::Reference)
                    };
                    links.extend(flow.reads().into_iter().filter(is_link));
                }
            }
        }
        let list = |plans: BTreeMap<Target, Vec<(usize, usize)>>| -> Vec<Plan> {
            let plan = |(target, flows): (Target, Vec<(usize, usize)>)| {
                let merges: BTreeSet<Merge> = flows
                    .iter()
                    .filter_map(|(rule, flow)| Some(rules.get(*rule)?.flows.get(*flow)?.merge))
                    .collect();
                let names = named(target) || target.slot().is_some_and(|slot| asked.contains(&slot));
                let takes = target.takes(&schemas.metaverse);
                let links = target.slot().is_some_and(|slot| links.contains(&slot));
                Plan { target, takes, flows, mixed: merges.len() > 1, names, links }
            };
            plans.into_iter().map(plan).collect()
        };
        let inbound = inbound.into_iter().map(|(key, plans)| (key, list(plans))).collect();
        let outbound = outbound.into_iter().map(|(key, plans)| (key, list(plans))).collect();
        let mut set = Self {
            file: file.to_owned(),
            name,
            description,
            parameters: [values(&schemas.source), values(&schemas.metaverse)],
            schemas,
            rules,
            cases,
            sources: Vec::new(),
            inbound,
            outbound,
        };
        let names: BTreeSet<String> = set.rules.iter().flat_map(|rule| rule.from.clone()).collect();
        set.number_sources(names.into_iter().collect());
        set
    }

    /// The same for these further sources, in this order: an entry of one is joined to what those before it make.
    ///
    /// # Errors
    /// Rules that name another source.
    pub fn with_sources(mut self, sources: &[String]) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        for rule in &self.rules {
            for name in rule.from.iter().filter(|name| !sources.contains(name)) {
                problems.push(Problem {
                    file: self.file.clone(),
                    line: rule.line,
                    column: 1,
                    rule: Some(rule.name.clone()),
                    message: format!("there is no further source \"{name}\""),
                    remedy: match sources {
                        [] => {
                            "configure it: [[further_source]] with that name, or leave `from` out".to_owned()
                        }
                        known => format!("the configuration has {}", known.join(", ")),
                    },
                });
            }
        }
        if !problems.is_empty() {
            return Err(Problems(problems));
        }
        self.number_sources(sources.to_vec());
        Ok(self)
    }

    fn number_sources(&mut self, sources: Vec<String>) {
        for rule in &mut self.rules {
            let number = |name: &String| sources.iter().position(|held| held == name).map(|at| at + 1);
            rule.sources =
                if rule.from.is_empty() { vec![0] } else { rule.from.iter().filter_map(number).collect() };
        }
        self.sources = sources;
    }

    /// The further sources by name, in their order.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Sets a parameter that the connector knows, such as `Connector.ID`. One that no rule set and no standard
    /// declares is passed over.
    pub fn set_parameter(&mut self, name: &str, value: &str) {
        set_parameter(&self.schemas, &mut self.parameters, name, value);
    }

    /// The name of its file, for people.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The rules: inbound, then outbound, each by precedence.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The cases, in the order of the file.
    pub fn cases(&self) -> &[Case] {
        &self.cases
    }

    /// What its rules can read and write.
    pub const fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    /// The attributes that a source must read for these rules, in lower case and in order.
    pub fn attributes(&self) -> Vec<String> {
        let mut slots: Vec<u32> = Vec::new();
        for rule in self.rules.iter().filter(|rule| rule.direction == Direction::Inbound && !rule.disabled) {
            slots.extend(rule.scope.iter().flatten().filter_map(|clause| clause.slot));
            slots.extend(rule.joins.iter().flatten().map(|clause| clause.source));
            slots.extend(rule.flows.iter().flat_map(Flow::reads));
        }
        let all = self.schemas.source.attributes();
        let names =
            slots.into_iter().filter_map(|slot| all.get(slot as usize)).map(|held| held.name.to_lowercase());
        let pseudo = |name: &String| *name == DN || *name == SOURCE_ANCHOR.to_lowercase();
        let mut names: Vec<String> =
            names.filter(|name| !pseudo(name)).chain(["objectclass".to_owned()]).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

fn set_parameter(schemas: &Schemas, parameters: &mut Parameters, name: &str, value: &str) {
    let [source, metaverse] = parameters;
    for (schema, values) in [(&schemas.source, source), (&schemas.metaverse, metaverse)] {
        let held = schema.parameter_slot(name).and_then(|slot| values.get_mut(slot as usize));
        if let Some(held) = held {
            *held = Value::Text(Cow::Owned(value.to_owned()));
        }
    }
}

impl Flow {
    /// The slots it reads.
    pub fn reads(&self) -> Vec<u32> {
        match &self.from {
            From::Direct(slot) => vec![*slot],
            From::Constant(_) => Vec::new(),
            From::Expression(expression) => expression.attributes().iter().map(|(_, slot)| *slot).collect(),
        }
    }
}

#[cfg(test)]
mod tests;
