//! From the file to a rule set that can be evaluated: every name looked up, every type compared, every problem noted.

use super::cases::{self, Case};
use super::document::{
    AttributeDocument, Constant, Direction, Document, FilterDocument, FlowDocument, LinkType, Merge,
    MetaverseType, RuleDocument, Scalar, TargetType, TypeName, json_schema,
};
use super::fit::{conversion, misfit};
use super::problem::{Collector, Problems, suggestion};
use super::schemas::{Schemas, Takes, Target, is_never};
use super::scope::{self, Clause, Given};
use super::structure;
use super::{Flow, From, JoinClause, MAX_BYTES, MAX_CASES, MAX_CLAUSES, MAX_FLOWS, MAX_RULES, Rule, RuleSet};
use crate::expr::{AttributeType, Expression, List, Schema, Types, Value};
use lockstep_model::ObjectKind;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use toml::Spanned;
use toml::de::DeTable;

/// Reads and checks a rule set.
pub(super) fn compile(file: &str, text: &str, schemas: &Schemas) -> Result<RuleSet, Problems> {
    let mut found = Collector::new(file, text);
    if text.len() > MAX_BYTES {
        let message = format!("a rule set has at most {MAX_BYTES} bytes, this one has {}", text.len());
        found.add(0, None, message, "split it");
        return Err(found.into_problems());
    }
    let Some(document) = read(text, &mut found) else { return Err(found.into_problems()) };
    let mut schemas = document.source.map_or_else(|| schemas.clone(), Schemas::of);
    declare(&document.attributes, &mut schemas.source, true, &mut found);
    declare(&document.metaverse, &mut schemas.metaverse, false, &mut found);
    for name in document.parameters.keys() {
        schemas.source = schemas.source.parameter(name);
        schemas.metaverse = schemas.metaverse.parameter(name);
    }
    for (count, most, what) in
        [(document.rule.len(), MAX_RULES, "rules"), (document.case.len(), MAX_CASES, "cases")]
    {
        if count > most {
            let message = format!("a rule set has at most {most} {what}, this one has {count}");
            found.add(0, None, message, "split it");
            return Err(found.into_problems());
        }
    }
    unique(&document, &mut found);
    let mut rules: Vec<Rule> = document
        .rule
        .iter()
        .filter_map(|rule| Compiler { schemas: &schemas, found: &mut found }.rule(rule))
        .collect();
    let sources: Vec<&str> = document
        .rule
        .iter()
        .flat_map(|rule| &rule.get_ref().from)
        .map(|name| name.get_ref().as_str())
        .collect();
    let cases: Vec<Case> = document
        .case
        .iter()
        .filter_map(|case| cases::compile(case, &schemas, &sources, &mut found))
        .collect();
    if document.rule.is_empty() && found.is_empty() {
        found.add(
            0,
            None,
            "there is no rule",
            "add one: [[rule]]; `lockstep rules show` prints some to start from",
        );
    }
    if !found.is_empty() {
        return Err(found.into_problems());
    }
    // From here on the order of the file means nothing.
    rules.sort_by_key(|rule| (rule.direction, rule.precedence));
    Ok(RuleSet::new(file, (document.name, document.description), schemas, &document.parameters, rules, cases))
}

/// The file as a document: its form first, with all that is wrong with it.
fn read(text: &str, found: &mut Collector<'_>) -> Option<Document> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        found.add(at, None, error.message(), "correct the TOML here");
    }
    if !found.is_empty() {
        return None;
    }
    structure::check(table.get_ref(), &(0..0), &json_schema(), None, found);
    if !found.is_empty() {
        return None;
    }
    match toml::from_str(text) {
        Ok(document) => Some(document),
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            found.add(at, None, error.message(), "see `lockstep rules schema` for what can stand here");
            None
        }
    }
}

fn declare(
    declared: &BTreeMap<String, Spanned<AttributeDocument>>,
    schema: &mut Schema,
    source: bool,
    found: &mut Collector<'_>,
) {
    for (name, attribute) in declared {
        let at = attribute.span().start;
        if source && is_never(name) {
            let message = format!("\"{name}\" is a password, which no rule reads");
            found.add(at, None, message, "remove it");
            continue;
        }
        let kind = match attribute.get_ref().kind {
            TypeName::Text => AttributeType::Text,
            TypeName::Number => AttributeType::Number,
            TypeName::Boolean => AttributeType::Boolean,
            TypeName::Binary => AttributeType::Binary,
            TypeName::Date => AttributeType::Date,
            TypeName::Reference => AttributeType::Reference,
        };
        *schema = std::mem::take(schema).attribute(name, kind, attribute.get_ref().many);
    }
}

/// No name and no precedence twice.
fn unique(document: &Document, found: &mut Collector<'_>) {
    let mut names = HashMap::new();
    let mut precedences: BTreeMap<u32, &str> = BTreeMap::new();
    let free = |taken: &BTreeMap<u32, &str>, from: u32| {
        (from..=u32::MAX).find(|number| !taken.contains_key(number)).unwrap_or(from)
    };
    let taken: BTreeMap<u32, &str> =
        document.rule.iter().map(|rule| (*rule.get_ref().precedence.get_ref(), "")).collect();
    for rule in &document.rule {
        let rule = rule.get_ref();
        let name = rule.name.get_ref().as_str();
        if name.trim().is_empty() {
            found.add(rule.name.span().start, None, "a rule has no name", "give it one");
        } else if let Some(line) = names.insert(name, found.place(rule.name.span().start).0) {
            let message = format!("the rule in line {line} has the same name");
            found.add(rule.name.span().start, Some(name), message, "give it another");
        }
        let precedence = *rule.precedence.get_ref();
        if let Some(other) = precedences.insert(precedence, name) {
            let message = format!("precedence {precedence} is that of the rule \"{other}\" too");
            let remedy = format!("give it another; the next free number is {}", free(&taken, precedence));
            found.add(rule.precedence.span().start, Some(name), message, remedy);
        }
    }
    let mut names = BTreeSet::new();
    for case in &document.case {
        let name = case.get_ref().name.as_str();
        if !names.insert(name) {
            let message = format!("two cases are called \"{name}\"");
            found.add(case.span().start, None, message, "give one another name");
        }
    }
}

struct Compiler<'c, 't> {
    schemas: &'c Schemas,
    found: &'c mut Collector<'t>,
}

impl Compiler<'_, '_> {
    /// None where something is wrong with it; what, is noted.
    fn rule(&mut self, spanned: &Spanned<RuleDocument>) -> Option<Rule> {
        let rule = spanned.get_ref();
        let name = rule.name.get_ref().as_str();
        let at = rule.name.span().start;
        let kind = rule.target_type.map(kind_of);
        match (rule.direction, kind) {
            (Direction::Inbound, Some(_)) => {
                self.found.add(at, Some(name), "an inbound rule has no target_type", "remove it");
            }
            (Direction::Outbound, None) => {
                let remedy = "add target_type = \"user\" or \"group\"";
                self.found.add(at, Some(name), "an outbound rule needs a target_type", remedy);
            }
            _ => {}
        }
        match rule.direction {
            Direction::Inbound if rule.source_types.is_empty() => {
                let remedy = "add source_types = [\"inetOrgPerson\"]";
                self.found.add(at, Some(name), "an inbound rule needs the object classes it takes", remedy);
            }
            Direction::Outbound => {
                if let Some(first) = rule.source_types.first() {
                    let remedy = "remove it; the metaverse_type says what it takes";
                    self.found.add(
                        first.span().start,
                        Some(name),
                        "an outbound rule has no source_types",
                        remedy,
                    );
                }
                if let Some(first) = rule.join.iter().flat_map(|group| &group.all).next() {
                    let remedy = "remove the [[rule.join]]: a cloud object is found by its source anchor";
                    self.found.add(first.span().start, Some(name), "an outbound rule does not join", remedy);
                }
            }
            Direction::Inbound => {}
        }
        let filters: usize = rule.scope.iter().map(|group| group.all.len()).sum();
        let joins: usize = rule.join.iter().map(|group| group.all.len()).sum();
        for (count, most, what) in [
            (filters, MAX_CLAUSES, "conditions"),
            (joins, MAX_CLAUSES, "join clauses"),
            (rule.flow.len(), MAX_FLOWS, "flows"),
        ] {
            if count > most {
                let message = format!("a rule has at most {most} {what}, this one has {count}");
                self.found.add(at, Some(name), message, "split the rule");
                return None;
            }
        }
        self.from(rule, name);
        let scope = rule.scope.iter().map(|group| self.group(rule, name, &group.all)).collect();
        let joins = rule
            .join
            .iter()
            .map(|group| {
                if group.all.is_empty() {
                    self.found.add(
                        at,
                        Some(name),
                        "a join group has no clause",
                        "remove it, or add a clause",
                    );
                }
                let clauses = group.all.iter();
                clauses.filter_map(|clause| self.join(name, clause.get_ref(), clause.span().start)).collect()
            })
            .collect();
        let mut flows = Vec::with_capacity(rule.flow.len());
        let mut written: HashMap<&str, u32> = HashMap::new();
        for flow in &rule.flow {
            let to = flow.get_ref().to.get_ref().as_str();
            let (line, _) = self.found.place(flow.get_ref().to.span().start);
            if let Some(other) = written.insert(to, line) {
                let message = format!("it writes \"{to}\" twice, first in line {other}");
                let remedy = "write one flow for it, or a second rule with another precedence";
                self.found.add(flow.get_ref().to.span().start, Some(name), message, remedy);
            }
            flows.extend(self.flow(rule, name, kind, flow.get_ref(), flow.span().start));
        }
        Some(Rule {
            name: name.to_owned(),
            description: rule.description.clone(),
            direction: rule.direction,
            precedence: *rule.precedence.get_ref(),
            disabled: rule.disabled,
            link: rule.link_type,
            from: rule.from.iter().map(|name| name.get_ref().clone()).collect(),
            sources: Vec::new(),
            source_types: rule
                .source_types
                .iter()
                .map(|class| class.get_ref().trim().to_lowercase())
                .collect(),
            metaverse_type: rule.metaverse_type,
            kind,
            scope,
            joins,
            flows,
            line: self.found.place(at).0,
        })
    }

    /// The further sources that a rule names.
    fn from(&mut self, rule: &RuleDocument, name: &str) {
        for source in &rule.from {
            let at = source.span().start;
            if rule.direction == Direction::Outbound {
                self.found.add(at, Some(name), "an outbound rule reads no source", "remove `from`");
            } else if !is_source_name(source.get_ref()) {
                let message = format!("\"{}\" is no name of a source", source.get_ref());
                let remedy = "a name has 1 to 32 of the characters a-z, 0-9 and -, and begins with a letter";
                self.found.add(at, Some(name), message, remedy);
            }
        }
        let asks = |filter: &&Spanned<FilterDocument>| filter.get_ref().operator.asks_membership();
        let mut filters = rule.scope.iter().flat_map(|group| &group.all);
        if let (false, Some(filter)) = (rule.from.is_empty(), filters.find(asks)) {
            let message = "membership can be asked of entries of the first source only";
            let remedy = "ask for an attribute, or ask in a rule of the first source";
            self.found.add(filter.span().start, Some(name), message, remedy);
        }
    }

    /// The schema that a rule reads.
    const fn reads(&self, direction: Direction) -> &Schema {
        match direction {
            Direction::Inbound => &self.schemas.source,
            Direction::Outbound => &self.schemas.metaverse,
        }
    }

    fn slot(&mut self, direction: Direction, name: &str, rule: &str, at: usize) -> Option<u32> {
        let schema = self.reads(direction);
        if let Some(slot) = schema.slot(name) {
            return Some(slot);
        }
        let (place, table) = match direction {
            Direction::Inbound => ("the source", "attributes"),
            Direction::Outbound => ("the metaverse", "metaverse"),
        };
        let message = format!("{place} has no attribute \"{name}\"");
        let known = schema.attributes().iter().map(|attribute| attribute.name.as_str());
        let remedy = match crate::expr::nearest_name(name, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("declare it: [{table}.{name}] type = \"text\""),
        };
        self.found.add(at, Some(rule), message, remedy);
        None
    }

    fn group(&mut self, rule: &RuleDocument, name: &str, filters: &[Spanned<FilterDocument>]) -> Vec<Clause> {
        if filters.is_empty() {
            let at = rule.name.span().start;
            self.found.add(at, Some(name), "a scope group has no condition", "remove it, or add a condition");
        }
        filters.iter().filter_map(|filter| self.filter(rule, name, filter)).collect()
    }

    fn filter(
        &mut self,
        rule: &RuleDocument,
        name: &str,
        filter: &Spanned<FilterDocument>,
    ) -> Option<Clause> {
        let at = filter.span().start;
        let filter = filter.get_ref();
        let operator = filter.operator;
        let slot = match (&filter.attribute, operator.asks_membership()) {
            (None, true) => None,
            (Some(attribute), false) => {
                Some(self.slot(rule.direction, attribute.get_ref(), name, attribute.span().start)?)
            }
            (Some(_), true) => {
                let message = format!("{} has no attribute", operator.as_str());
                self.found.add(at, Some(name), message, "leave it out; the value is the DN of the group");
                return None;
            }
            (None, false) => {
                let message = format!("{} needs an attribute", operator.as_str());
                self.found.add(at, Some(name), message, "add attribute = \"...\"");
                return None;
            }
        };
        if operator.asks_membership() && rule.direction == Direction::Outbound {
            let remedy = "ask in an inbound rule, and let it write an attribute that this rule asks for";
            self.found.add(at, Some(name), "an outbound rule knows no group of the source", remedy);
            return None;
        }
        let kind = slot
            .and_then(|slot| self.reads(rule.direction).attributes().get(slot as usize))
            .map(|held| held.kind);
        let given = match (&filter.value, filter.values.as_slice()) {
            (None, []) => Given::Nothing,
            (None, list) => Given::Texts(list),
            (Some(value), []) => match value.get_ref() {
                Scalar::Flag(flag) => Given::Flag(*flag),
                Scalar::Number(number) => Given::Number(*number),
                Scalar::Text(text) => Given::Text(text),
            },
            (Some(value), _) => {
                self.found.add(
                    value.span().start,
                    Some(name),
                    "it has both value and values",
                    "leave one out",
                );
                return None;
            }
        };
        match scope::against(operator, kind, &given) {
            Ok(against) => {
                let attribute =
                    filter.attribute.as_ref().map_or(String::new(), |name| name.get_ref().clone());
                Some(Clause { slot, attribute, operator, against })
            }
            Err((message, remedy)) => {
                self.found.add(at, Some(name), message, remedy);
                None
            }
        }
    }

    fn join(
        &mut self,
        rule: &str,
        clause: &super::document::JoinClauseDocument,
        at: usize,
    ) -> Option<JoinClause> {
        let source = self.slot(Direction::Inbound, &clause.source, rule, at);
        let metaverse = self.slot(Direction::Outbound, &clause.metaverse, rule, at);
        let (source, metaverse) = (source?, metaverse?);
        let kind = |schema: &Schema, slot: u32| schema.attributes().get(slot as usize).map(|held| held.kind);
        if kind(&self.schemas.source, source) != kind(&self.schemas.metaverse, metaverse) {
            let message = format!("{} and {} are not of one type", clause.source, clause.metaverse);
            self.found.add(at, Some(rule), message, "join attributes of one type");
        }
        Some(JoinClause {
            source,
            metaverse,
            names: (clause.source.clone(), clause.metaverse.clone()),
            case_sensitive: clause.case_sensitive,
        })
    }

    fn flow(
        &mut self,
        rule: &RuleDocument,
        name: &str,
        kind: Option<ObjectKind>,
        flow: &FlowDocument,
        at: usize,
    ) -> Option<Flow> {
        let to = flow.to.get_ref().as_str();
        let target = match (rule.direction, kind) {
            (Direction::Inbound, _) => {
                self.slot(Direction::Outbound, to, name, flow.to.span().start).map(Target::Metaverse)
            }
            (Direction::Outbound, Some(kind)) => {
                let target = Target::outbound(to, kind);
                if target.is_none() {
                    let known = Target::names(kind);
                    let message = format!("a {kind} has no property \"{to}\" that rules write");
                    let at = flow.to.span().start;
                    self.found.add(at, Some(name), message, suggestion(to, known.into_iter()));
                }
                target
            }
            (Direction::Outbound, None) => None,
        };
        let takes = target.map(|target| target.takes(&self.schemas.metaverse));
        let from = match (&flow.direct, &flow.constant, &flow.expression) {
            (Some(direct), None, None) => self.direct(rule.direction, name, to, direct, takes),
            (None, Some(constant), None) => self.constant(name, to, constant, takes),
            (None, None, Some(expression)) => self.expression(rule.direction, name, to, expression, takes),
            (None, None, None) => {
                let message = format!("the flow to \"{to}\" has no value");
                self.found.add(at, Some(name), message, "add one of direct, constant, expression");
                None
            }
            _ => {
                let message =
                    format!("the flow to \"{to}\" has more than one of direct, constant, expression");
                self.found.add(at, Some(name), message, "leave one");
                None
            }
        };
        let may_ignore = flow.execute_once
            || flow.expression.as_ref().is_some_and(|text| text.get_ref().contains("IgnoreThisFlow"));
        if takes.is_some_and(|takes| takes.types.covers(Types::REFERENCE)) && may_ignore {
            let message = format!("\"{to}\" takes references, which cannot stay as the cloud has them");
            let remedy = "leave execute_once out, and write NULL in place of IgnoreThisFlow";
            self.found.add(at, Some(name), message, remedy);
        }
        if let (Some(takes), true) = (takes, flow.merge != Merge::Update)
            && !takes.many
        {
            let message =
                format!("\"{to}\" holds one value, and values of several rules cannot be merged into it");
            self.found.add(flow.to.span().start, Some(name), message, "leave merge out");
        }
        Some(Flow {
            target: target?,
            to: to.to_owned(),
            from: from?,
            merge: flow.merge,
            execute_once: flow.execute_once,
            line: self.found.place(at).0,
        })
    }

    fn direct(
        &mut self,
        direction: Direction,
        rule: &str,
        to: &str,
        direct: &Spanned<String>,
        takes: Option<Takes>,
    ) -> Option<From> {
        let name = direct.get_ref().as_str();
        let slot = self.slot(direction, name, rule, direct.span().start)?;
        let held = self.reads(direction).attributes().get(slot as usize)?.clone();
        if let Some(takes) = takes
            && !takes.types.covers(held.kind.types())
        {
            let message = format!("[{name}] is {}, and \"{to}\" takes {}", held.kind.types(), takes.types);
            self.found.add(
                direct.span().start,
                Some(rule),
                message,
                conversion(name, takes.types, held.many),
            );
        }
        Some(From::Direct(slot))
    }

    fn constant(
        &mut self,
        rule: &str,
        to: &str,
        constant: &Spanned<Constant>,
        takes: Option<Takes>,
    ) -> Option<From> {
        let text = |text: &String| Value::Text(Cow::Owned(text.clone()));
        let (value, types, many) = match constant.get_ref() {
            Constant::Flag(flag) => (Value::Boolean(*flag), Types::BOOLEAN, false),
            Constant::Number(number) => (Value::Number(*number), Types::NUMBER, false),
            Constant::Text(one) => (text(one), Types::TEXT, false),
            Constant::List(list) => {
                (Value::Many(List::Owned(list.iter().map(text).collect())), Types::TEXT, true)
            }
        };
        // A reference can only be written as text.
        let reference = takes.is_some_and(|takes| takes.types == Types::REFERENCE) && types == Types::TEXT;
        let Some(takes) = takes else { return Some(From::Constant(value)) };
        let at = constant.span().start;
        if !takes.types.covers(types) {
            let message = format!("the constant is {types}, and \"{to}\" takes {}", takes.types);
            let remedy =
                if reference { "use expression = 'CRef(\"...\")'" } else { "write a constant of that type" };
            self.found.add(at, Some(rule), message, remedy);
            return None;
        }
        if many && !takes.many {
            let message = format!("the constant has several values, and \"{to}\" takes one");
            self.found.add(at, Some(rule), message, "write one value");
            return None;
        }
        Some(From::Constant(value))
    }

    fn expression(
        &mut self,
        direction: Direction,
        rule: &str,
        to: &str,
        expression: &Spanned<String>,
        takes: Option<Takes>,
    ) -> Option<From> {
        let text = expression.get_ref().as_str();
        let span = expression.span();
        match Expression::compile(text, self.reads(direction)) {
            Ok(compiled) => {
                if let Some(takes) = takes
                    && let Some((message, remedy)) = misfit(compiled.shape(), takes, to)
                {
                    self.found.add(span.start, Some(rule), message, remedy);
                }
                Some(From::Expression(Box::new(compiled)))
            }
            Err(error) => {
                let remedy = error.suggestion.unwrap_or_else(|| "correct the expression".into());
                match self.offset(text, &span, error.line, error.column) {
                    Some(at) => self.found.add(at, Some(rule), error.message, remedy),
                    None => {
                        let (line, column) = (error.line, error.column);
                        let message =
                            format!("in line {line}, column {column} of the expression: {}", error.message);
                        self.found.add(span.start, Some(rule), message, remedy);
                    }
                }
                None
            }
        }
    }

    /// The byte of the file at a place of an expression; none where the file writes it with escapes.
    fn offset(&self, text: &str, span: &Range<usize>, line: u32, column: u32) -> Option<usize> {
        let raw = self.found.raw(span);
        let from = raw.find(text)?;
        let lines: usize =
            text.split_inclusive('\n').take((line as usize).saturating_sub(1)).map(str::len).sum();
        let rest = text.get(lines..)?;
        let within =
            rest.char_indices().nth((column as usize).saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
        Some(span.start + from + lines + within)
    }
}

/// Whether a text can name a further source: it stands before the anchors of its entries.
pub fn is_source_name(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    name.len() <= 32 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(fits)
}

pub(super) const fn kind_of(target: TargetType) -> ObjectKind {
    match target {
        TargetType::User => ObjectKind::User,
        TargetType::Group => ObjectKind::Group,
    }
}

impl MetaverseType {
    /// As the file writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Group => "group",
        }
    }
}

impl LinkType {
    /// Whether the rule makes objects.
    pub const fn provisions(self) -> bool {
        matches!(self, Self::Provision)
    }
}
