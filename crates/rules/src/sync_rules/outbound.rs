//! The cloud object in the making: values as the cloud has them, references that are distinguished names.

use super::Plan;
use super::evaluate::{Record, object_ref};
use super::resolve::{Givers, is_blank, untagged};
use super::schemas::Target;
use super::scope::each;
use crate::Reference;
use crate::expr::Value;
use lockstep_model::{Entry, ErrorCode, ObjectKind, Property, PropertyValue, SyncError, dn};

/// The cloud object in the making.
#[derive(Debug)]
pub(super) struct Outbound<'e> {
    entry: &'e Entry,
    kind: ObjectKind,
    /// Whether references say of which source they are.
    tagged: bool,
    /// In the order of the plans, which is that of the properties, so that the map is built at once.
    pub(super) properties: Vec<(Property, PropertyValue)>,
    pub(super) manager: Option<Reference>,
    pub(super) members: Vec<Reference>,
    pub(super) untouched: Vec<Target>,
    pub(super) errors: Vec<SyncError>,
}

impl<'e> Outbound<'e> {
    pub(super) const fn new(entry: &'e Entry, kind: ObjectKind, tagged: bool) -> Self {
        Self {
            entry,
            kind,
            tagged,
            properties: Vec::new(),
            manager: None,
            members: Vec::new(),
            untouched: Vec::new(),
            errors: Vec::new(),
        }
    }

    pub(super) fn put(&mut self, plan: &Plan, value: Value<'_>, rules: Givers, record: &mut impl Record) {
        match plan.target {
            Target::Property(property) => {
                if let Some(value) = property_value(value) {
                    self.properties.push((property, value));
                    record.property(property, rules);
                }
            }
            Target::Manager => {
                self.manager = self.references(&value, "manager").into_iter().next();
                if self.manager.is_some() {
                    record.reference(rules);
                }
            }
            Target::Members => {
                self.members = self.references(&value, "members");
                if !self.members.is_empty() {
                    record.reference(rules);
                }
            }
            Target::Metaverse(_) => {}
        }
    }

    fn of_source<'t>(&self, text: &'t str) -> (usize, &'t str) {
        if self.tagged { untagged(text) } else { (0, text) }
    }

    /// References of DNs; texts are the `uid` of a person. What is no DN is left out and named, once.
    fn references(&mut self, value: &Value<'_>, property: &str) -> Vec<Reference> {
        let mut references = Vec::new();
        let mut bad: Option<(String, usize)> = None;
        for value in each(value).iter().filter(|value| !is_blank(value)) {
            match value {
                Value::Reference(text) => {
                    let (source, text) = self.of_source(text);
                    match dn::normalize(text.trim()) {
                        Some(dn) => references.push(Reference::Dn(dn).of_source(source)),
                        None => bad.get_or_insert_with(|| (text.to_owned(), 0)).1 += 1,
                    }
                }
                Value::Text(text) => {
                    let (source, text) = self.of_source(text);
                    references.push(Reference::Uid(text.trim().to_lowercase()).of_source(source));
                }
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
fn property_value(value: Value<'_>) -> Option<PropertyValue> {
    match value {
        Value::Boolean(flag) => Some(PropertyValue::Flag(flag)),
        Value::Text(text) => (!text.trim().is_empty()).then(|| PropertyValue::Text(text.into_owned())),
        Value::Many(list) => {
            let texts = list.into_vec().into_iter().filter(|value| !is_blank(value));
            let list: Vec<_> = texts
                .filter_map(|value| match value {
                    Value::Text(text) => Some(text.into_owned()),
                    _ => None,
                })
                .collect();
            (!list.is_empty()).then_some(PropertyValue::List(list))
        }
        _ => None,
    }
}
