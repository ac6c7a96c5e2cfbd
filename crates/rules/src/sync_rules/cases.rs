//! The cases of a rule set: an object in, what must come out; and what differs, for people.

use super::compile::kind_of;
use super::document::{CaseDocument, Constant, ExpectDocument, Texts};
use super::evaluate::MetaverseObject;
use super::problem::{Collector, suggestion};
use super::schemas::{Schemas, Target};
use super::{Contributor, Evaluated, RuleSet, Subject};
use crate::expr::Value;
use crate::{MappedObject, Reference};
use base64::Engine as _;
use jiff::Timestamp;
use lockstep_model::{
    AttributeName, Attributes, Entry, ObjectKind, Property, PropertyValue, SourceAnchor, dn,
};
use serde::Serialize;
use std::collections::BTreeMap;
use toml::Spanned;

/// A test case of a rule set.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// The line it begins in.
    pub line: u32,
    entry: Entry,
    joined: Vec<(String, Entry)>,
    member_of: Vec<String>,
    parameters: BTreeMap<String, String>,
    is_new: bool,
    now: Timestamp,
    expect: Expect,
}

#[derive(Clone, Debug)]
struct Expect {
    kind: Option<ObjectKind>,
    properties: BTreeMap<Property, PropertyValue>,
    absent: Vec<Property>,
    exact: bool,
    manager: Option<Reference>,
    members: Option<Vec<Reference>>,
    out_of_scope: Option<String>,
    /// Attributes of the metaverse object as they are shown; none where it must not be there.
    metaverse: BTreeMap<String, Option<Constant>>,
    errors: Vec<String>,
}

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaseResult {
    /// The name of the case.
    pub case: String,
    /// The line it begins in.
    pub line: u32,
    /// Whether it passed.
    pub passed: bool,
    /// What differs, a line each: `displayName: expected "Ann", found nothing`.
    pub differences: Vec<String>,
}

/// The moment of a case that names none: 2026-01-31T12:00:00Z.
const NOW_SECONDS: i64 = 1_769_860_800;

/// Reads a case; none where something is wrong with it, which is noted.
pub(super) fn compile(
    spanned: &Spanned<CaseDocument>,
    schemas: &Schemas,
    sources: &[&str],
    found: &mut Collector<'_>,
) -> Option<Case> {
    let at = spanned.span().start;
    let case = spanned.get_ref();
    let mut sound = true;
    let mut wrong = |message: String, remedy: String| {
        found.add(at, None, format!("case \"{}\": {message}", case.name), remedy);
        sound = false;
    };
    let attributes = attributes_of(&case.attributes, &case.binary, schemas, &mut wrong);
    let mut joined = Vec::new();
    for (at, other) in case.joined.iter().enumerate() {
        let attributes = attributes_of(&other.attributes, &other.binary, schemas, &mut wrong);
        match SourceAnchor::new(format!("{}:{at}", other.source)) {
            Ok(anchor) => {
                joined.push((other.source.clone(), Entry { anchor, dn: other.dn.clone(), attributes }));
            }
            Err(error) => wrong(format!("\"{}\" names no source: {error}", other.source), "name one".into()),
        }
        if !sources.contains(&other.source.as_str()) {
            let message = format!("no rule takes entries of a source \"{}\"", other.source);
            wrong(message, suggestion(&other.source, sources.iter().copied()));
        }
    }
    let anchor = case.anchor.clone().unwrap_or_else(|| "00000000-0000-4000-8000-000000000001".into());
    let anchor = SourceAnchor::new(anchor)
        .map_err(|error| wrong(format!("the anchor is none: {error}"), "write another".into()))
        .ok();
    let now = match case.now.as_deref().map(str::parse::<Timestamp>) {
        None => Timestamp::from_second(NOW_SECONDS).ok(),
        Some(Ok(now)) => Some(now),
        Some(Err(_)) => {
            wrong("now is no moment".into(), "write now = \"2026-01-31T12:00:00Z\"".into());
            None
        }
    };
    let mut member_of = Vec::new();
    for group in &case.member_of {
        match dn::normalize(group) {
            Some(dn) => member_of.push(dn),
            None => wrong(format!("\"{group}\" is no distinguished name"), "write the DN of a group".into()),
        }
    }
    for name in case.parameters.keys().filter(|name| schemas.source.parameter_slot(name).is_none()) {
        let known = schemas.source.parameters().iter().map(String::as_str);
        wrong(format!("there is no parameter %{name}%"), suggestion(name, known));
    }
    let expect = &case.expect;
    let metaverse = metaverse_expected(expect, schemas, &mut wrong);
    let says_object = expect.kind.is_some()
        || !expect.properties.is_empty()
        || !expect.absent.is_empty()
        || expect.exact
        || expect.manager.is_some()
        || expect.members.is_some();
    if expect.out_of_scope.is_some() && (says_object || !expect.errors.is_empty()) {
        wrong("what is out of scope has nothing else".into(), "leave only out_of_scope".into());
    } else if expect.out_of_scope.is_none()
        && !says_object
        && metaverse.is_empty()
        && expect.errors.is_empty()
    {
        wrong(
            "it expects nothing".into(),
            "say what must come out: kind, properties, metaverse, out_of_scope, errors".into(),
        );
    }
    let property = |name: &str| {
        let known = Property::ALL.iter().map(|property| property.as_str());
        Property::ALL
            .iter()
            .copied()
            .find(|property| property.as_str() == name)
            .ok_or_else(|| (format!("there is no property \"{name}\""), suggestion(name, known)))
    };
    let mut properties = BTreeMap::new();
    for (name, value) in &expect.properties {
        match property(name) {
            Ok(property) => match expected(property, value, schemas) {
                Some(value) => {
                    properties.insert(property, value);
                }
                None => wrong(
                    format!("{name} has another type"),
                    "write a text, a list or true/false as it has".into(),
                ),
            },
            Err((message, remedy)) => wrong(message, remedy),
        }
    }
    let mut absent = Vec::new();
    for name in &expect.absent {
        match property(name) {
            Ok(property) => absent.push(property),
            Err((message, remedy)) => wrong(message, remedy),
        }
    }
    let mut reference = |text: &String| match text.strip_prefix("uid:") {
        Some(uid) => Some(Reference::Uid(uid.to_lowercase())),
        None => dn::normalize(text).map(Reference::Dn).or_else(|| {
            wrong(format!("\"{text}\" is no reference"), "write a DN, or uid: and a uid".into());
            None
        }),
    };
    let manager = expect.manager.as_ref().and_then(&mut reference);
    let members = expect.members.as_ref().map(|list| list.iter().filter_map(&mut reference).collect());
    let (line, _) = found.place(at);
    sound.then_some(())?;
    Some(Case {
        name: case.name.clone(),
        line,
        entry: Entry { anchor: anchor?, dn: case.dn.clone(), attributes },
        joined,
        member_of,
        parameters: case.parameters.clone(),
        is_new: case.new,
        now: now?,
        expect: Expect {
            kind: expect.kind.map(kind_of),
            properties,
            absent,
            exact: expect.exact,
            manager,
            members,
            out_of_scope: expect.out_of_scope.clone(),
            metaverse,
            errors: expect.errors.clone(),
        },
    })
}

/// The attributes of an entry of a case.
fn attributes_of(
    texts: &BTreeMap<String, Texts>,
    binary: &BTreeMap<String, Texts>,
    schemas: &Schemas,
    wrong: &mut impl FnMut(String, String),
) -> Attributes {
    let mut attributes = Attributes::new();
    let known = schemas.source.attributes().iter().map(|attribute| attribute.name.as_str());
    for (name, values) in texts {
        if !known.clone().any(|known| known.eq_ignore_ascii_case(name)) {
            let message = format!("the source has no attribute \"{name}\"");
            let remedy = match crate::expr::nearest_name(name, known.clone()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("declare it: [attributes.{name}] type = \"text\""),
            };
            wrong(message, remedy);
        }
        attributes
            .add(AttributeName::new(name), values.as_slice().iter().map(|text| text.clone().into_bytes()));
    }
    for (name, values) in binary {
        for value in values.as_slice() {
            match base64::engine::general_purpose::STANDARD.decode(value) {
                Ok(octets) => attributes.add(AttributeName::new(name), [octets]),
                Err(_) => wrong(format!("a value of {name} is no base64"), "write octets in base64".into()),
            }
        }
    }
    attributes
}

/// What the metaverse object must have, and what it must not have.
fn metaverse_expected(
    expect: &ExpectDocument,
    schemas: &Schemas,
    wrong: &mut impl FnMut(String, String),
) -> BTreeMap<String, Option<Constant>> {
    let names = expect.metaverse.keys().chain(&expect.metaverse_absent);
    for name in names.filter(|name| schemas.metaverse.slot(name).is_none()) {
        let known = schemas.metaverse.attributes().iter().map(|attribute| attribute.name.as_str());
        let remedy = match crate::expr::nearest_name(name, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("declare it: [metaverse.{name}] type = \"text\""),
        };
        wrong(format!("the metaverse has no attribute \"{name}\""), remedy);
    }
    let present = expect.metaverse.iter().map(|(name, value)| (name.clone(), Some(value.clone())));
    present.chain(expect.metaverse_absent.iter().map(|name| (name.clone(), None))).collect()
}

/// An expected value in the type of its property.
fn expected(property: Property, value: &Constant, schemas: &Schemas) -> Option<PropertyValue> {
    let takes = Target::Property(property).takes(&schemas.metaverse);
    match value {
        Constant::Flag(flag) if takes.types == crate::expr::Types::BOOLEAN => {
            Some(PropertyValue::Flag(*flag))
        }
        Constant::Text(text) if takes.many => Some(PropertyValue::List(vec![text.clone()])),
        Constant::Text(text) if takes.types == crate::expr::Types::TEXT => {
            Some(PropertyValue::Text(text.clone()))
        }
        Constant::List(list) if takes.many => Some(PropertyValue::List(list.clone())),
        _ => None,
    }
}

impl RuleSet {
    /// Runs its cases, in the order of the file.
    pub fn run_cases(&self) -> Vec<CaseResult> {
        self.cases.iter().map(|case| self.run_case(case)).collect()
    }

    fn run_case(&self, case: &Case) -> CaseResult {
        let number = |source: &String| self.sources.iter().position(|held| held == source);
        let mut others: Vec<Contributor<'_>> = case
            .joined
            .iter()
            .filter_map(|(source, entry)| Some(Contributor { entry, source: number(source)? + 1 }))
            .collect();
        others.sort_by_key(|other| other.source);
        let subject = Subject {
            entry: &case.entry,
            source: 0,
            others: &others,
            member_of: &case.member_of,
            is_new: case.is_new,
            now: case.now,
            seed: 0,
        };
        let mut parameters = self.parameters.clone();
        for (name, value) in &case.parameters {
            super::set_parameter(&self.schemas, &mut parameters, name, value);
        }
        let mut differences = case.expect.differences(&self.evaluate_with(&subject, &parameters));
        if !case.expect.metaverse.is_empty() {
            case.expect.compare_metaverse(&self.metaverse_with(&subject, &parameters), &mut differences);
        }
        CaseResult { case: case.name.clone(), line: case.line, passed: differences.is_empty(), differences }
    }
}

impl Expect {
    fn differences(&self, found: &Evaluated) -> Vec<String> {
        let mut out = Vec::new();
        match found {
            Evaluated::OutOfScope { reason } => match &self.out_of_scope {
                Some(wanted) if reason.contains(wanted.as_str()) => {}
                Some(wanted) => {
                    out.push(format!("out of scope: expected a reason with \"{wanted}\", found: {reason}"));
                }
                None => out.push(format!("expected {}, found out of scope: {reason}", self.wanted())),
            },
            Evaluated::Failed { errors, .. } => {
                if self.errors.is_empty() {
                    out.push(format!("expected {}, found errors", self.wanted()));
                }
                compare_errors(&self.errors, errors.iter().map(|error| error.message.as_str()), &mut out);
            }
            Evaluated::Object(evaluation) => {
                let object = &evaluation.object;
                match &self.out_of_scope {
                    Some(_) => out.push(format!("expected out of scope, found a {}", object.kind)),
                    None => self.compare(object, &mut out),
                }
            }
        }
        out
    }

    fn compare_metaverse(&self, found: &Result<MetaverseObject, String>, out: &mut Vec<String>) {
        let object = match found {
            Ok(object) => object,
            Err(reason) => {
                out.push(format!("expected a metaverse object, found none: {reason}"));
                return;
            }
        };
        for (name, expected) in &self.metaverse {
            let held = object.attributes.get(name).map(|written| constant(&written.value));
            if held.as_ref() != expected.as_ref() {
                let show = |value: Option<&Constant>| match value {
                    None => "nothing".into(),
                    Some(Constant::Flag(flag)) => flag.to_string(),
                    Some(Constant::Number(number)) => number.to_string(),
                    Some(Constant::Text(text)) => format!("{text:?}"),
                    Some(Constant::List(list)) => format!("{list:?}"),
                };
                let (expected, held) = (show(expected.as_ref()), show(held.as_ref()));
                out.push(format!("metaverse {name}: expected {expected}, found {held}"));
            }
        }
    }

    fn wanted(&self) -> String {
        match self.kind {
            _ if self.out_of_scope.is_some() => "out of scope".into(),
            Some(kind) => format!("a {kind}"),
            None if !self.errors.is_empty() => "errors".into(),
            None => "an object".into(),
        }
    }

    fn compare(&self, object: &MappedObject, out: &mut Vec<String>) {
        let mut line = |name: &str, expected: String, found: String| {
            out.push(format!("{name}: expected {expected}, found {found}"));
        };
        if let Some(kind) = self.kind.filter(|kind| *kind != object.kind) {
            line("kind", kind.to_string(), object.kind.to_string());
        }
        for (property, value) in &self.properties {
            let found = object.properties.get(*property);
            if found != Some(value) {
                line(property.as_str(), shown(Some(value)), shown(found));
            }
        }
        let extra = |property: &Property| {
            self.absent.contains(property) || (self.exact && !self.properties.contains_key(property))
        };
        for (property, value) in object.properties.iter().filter(|(property, _)| extra(property)) {
            line(property.as_str(), shown(None), shown(Some(value)));
        }
        if (self.manager.is_some() || self.exact) && self.manager != object.manager {
            let list = |manager: &Option<Reference>| names(manager.as_slice());
            line("manager", list(&self.manager), list(&object.manager));
        }
        if let Some(members) = self.members.as_ref().filter(|members| **members != object.members) {
            line("members", names(members), names(&object.members));
        }
        compare_errors(&self.errors, object.errors.iter().map(|error| error.message.as_str()), out);
    }
}

/// A value of the metaverse as a case writes it.
fn constant(value: &Value<'_>) -> Constant {
    match value {
        Value::Boolean(flag) => Constant::Flag(*flag),
        Value::Number(number) => Constant::Number(*number),
        Value::Many(list) => Constant::List(list.as_slice().iter().map(written).collect()),
        one => Constant::Text(written(one)),
    }
}

fn written(value: &Value<'_>) -> String {
    match value {
        Value::Text(text) | Value::Reference(text) => text.to_string(),
        Value::Binary(octets) => base64::engine::general_purpose::STANDARD.encode(octets),
        other => other.to_string(),
    }
}

fn compare_errors<'m>(wanted: &[String], found: impl Iterator<Item = &'m str>, out: &mut Vec<String>) {
    let mut wanted = wanted.iter();
    for message in found {
        match wanted.next() {
            Some(text) if message.contains(text.as_str()) => {}
            Some(text) => out.push(format!("errors: expected one with \"{text}\", found: {message}")),
            None => out.push(format!("errors: expected none, found: {message}")),
        }
    }
    out.extend(wanted.map(|text| format!("errors: expected one with \"{text}\", found none")));
}

fn shown(value: Option<&PropertyValue>) -> String {
    match value {
        None => "nothing".into(),
        Some(PropertyValue::Flag(flag)) => flag.to_string(),
        Some(PropertyValue::Text(text)) => format!("{text:?}"),
        Some(PropertyValue::List(list)) => format!("{list:?}"),
        Some(PropertyValue::Kept) => "what the cloud has".into(),
    }
}

fn names(list: &[Reference]) -> String {
    let name = |reference: &Reference| match reference {
        Reference::Dn(dn) => format!("\"{dn}\""),
        Reference::Uid(uid) => format!("\"uid:{uid}\""),
        Reference::In { source, name } => format!("\"<{source}>{}\"", name.name()),
    };
    match list {
        [] => "nothing".into(),
        list => list.iter().map(name).collect::<Vec<_>>().join(", "),
    }
}
