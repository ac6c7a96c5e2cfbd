//! The names that an expression can use, with their types: attributes, each with its slot, and parameters.

use super::functions::date;
use super::types::{Arity, AttributeType};
use super::value::{List, Value};
use lockstep_model::{AttributeName, Attributes};
use std::borrow::Cow;
use std::collections::HashMap;

/// The attributes and parameters that expressions can read. Names are as the schema writes them, and case counts.
///
/// An attribute has a **slot**, its place in the order of declaration; the values of an object stand in a list by
/// slot ([`Schema::read`], [`super::Inputs::attributes`]), so that evaluation looks nothing up by name.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    attributes: Vec<Attribute>,
    by_name: HashMap<String, u32>,
    parameters: Vec<String>,
    /// Slots by the names in lower case, sorted; the order of a directory's entry.
    sorted: Vec<(AttributeName, u32)>,
}

/// An attribute of a schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// The type of its values.
    pub kind: AttributeType,
    /// Whether it can have more than one.
    pub many: bool,
}

impl Attribute {
    pub(crate) fn arity(&self) -> Arity {
        if self.many { Arity::Many } else { Arity::One }
    }
}

/// The parameters that every connector to a directory gives. Others are the admin's.
pub const STANDARD_PARAMETERS: [&str; 7] = [
    "Connector.ID",
    "Domain.FQDN",
    "Domain.LDAP",
    "Domain.Netbios",
    "Forest.FQDN",
    "Forest.LDAP",
    "Forest.Netbios",
];

impl Schema {
    /// Without any name.
    pub fn new() -> Self {
        Self::default()
    }

    /// With the parameters of [`STANDARD_PARAMETERS`], in that order.
    pub fn with_standard_parameters() -> Self {
        STANDARD_PARAMETERS.iter().fold(Self::new(), |schema, name| schema.parameter(name))
    }

    /// With one more attribute. One that is there already keeps its slot and gets the new type.
    #[must_use]
    pub fn attribute(mut self, name: &str, kind: AttributeType, many: bool) -> Self {
        let attribute = Attribute { name: name.to_owned(), kind, many };
        if let Some(held) = self.by_name.get(name).and_then(|slot| self.attributes.get_mut(*slot as usize)) {
            *held = attribute;
            return self;
        }
        let slot = u32::try_from(self.attributes.len()).unwrap_or(u32::MAX);
        self.by_name.insert(name.to_owned(), slot);
        self.attributes.push(attribute);
        let key = AttributeName::new(name);
        let at = self.sorted.partition_point(|(held, _)| held < &key);
        self.sorted.insert(at, (key, slot));
        self
    }

    /// With one more parameter, whose value is text.
    #[must_use]
    pub fn parameter(mut self, name: &str) -> Self {
        if self.parameter_slot(name).is_none() {
            self.parameters.push(name.to_owned());
        }
        self
    }

    /// The attributes, by slot.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// The parameters, by slot.
    pub fn parameters(&self) -> &[String] {
        &self.parameters
    }

    /// The slot of an attribute.
    pub fn slot(&self, name: &str) -> Option<u32> {
        self.by_name.get(name).copied()
    }

    /// The slot of a parameter.
    pub fn parameter_slot(&self, name: &str) -> Option<u32> {
        self.parameters.iter().position(|held| held == name).and_then(|at| u32::try_from(at).ok())
    }

    /// The values of an entry by slot, in one pass. A value that is not of its attribute's type is left out; of
    /// several values of a single-valued attribute the first is taken.
    pub fn read<'a>(&self, entry: &'a Attributes) -> Vec<Value<'a>> {
        self.rows(entry, None)
    }

    /// The same; and the slots of attributes with values that could not be read, by slot: of a text attribute where
    /// any value is no UTF-8 text, which is then left out whole; of references the same, and the others stay; of
    /// another type where none of the values is of it.
    pub(crate) fn read_noting<'a>(&self, entry: &'a Attributes) -> (Vec<Value<'a>>, Vec<u32>) {
        let mut unreadable = Vec::new();
        let row = self.rows(entry, Some(&mut unreadable));
        unreadable.sort_unstable();
        (row, unreadable)
    }

    fn rows<'a>(&self, entry: &'a Attributes, mut unreadable: Option<&mut Vec<u32>>) -> Vec<Value<'a>> {
        let mut row = vec![Value::Null; self.attributes.len()];
        let mut wanted = self.sorted.iter().peekable();
        for (name, values) in entry.iter() {
            while wanted.next_if(|(key, _)| key < name).is_some() {}
            // Two names of the schema that differ by case alone are one attribute of the directory.
            while let Some((_, slot)) = wanted.next_if(|(key, _)| key == name) {
                let Some(attribute) = self.attributes.get(*slot as usize) else { continue };
                let mut value = read_values(attribute, values);
                if let Some(unreadable) = unreadable.as_deref_mut()
                    && !readable(attribute.kind, values, &value)
                {
                    unreadable.push(*slot);
                    if attribute.kind != AttributeType::Reference {
                        value = Value::Null;
                    }
                }
                if let Some(held) = row.get_mut(*slot as usize) {
                    *held = value;
                }
            }
        }
        row
    }
}

/// The values of an attribute that are of its type.
fn read_values<'a>(attribute: &Attribute, values: &'a [Vec<u8>]) -> Value<'a> {
    if !attribute.many {
        return values.iter().find_map(|octets| decode(attribute.kind, octets)).unwrap_or(Value::Null);
    }
    let mut list = Vec::with_capacity(values.len());
    list.extend(values.iter().filter_map(|octets| decode(attribute.kind, octets)));
    if list.is_empty() { Value::Null } else { Value::Many(List::Owned(list)) }
}

/// Whether what was read of these values is what they say.
fn readable(kind: AttributeType, values: &[Vec<u8>], read: &Value<'_>) -> bool {
    match (kind, read) {
        (AttributeType::Text | AttributeType::Reference, Value::Many(list)) => {
            list.as_slice().len() == values.len()
        }
        (AttributeType::Text | AttributeType::Reference, Value::Text(_) | Value::Reference(_))
            if values.len() == 1 =>
        {
            true
        }
        (AttributeType::Text | AttributeType::Reference, _) => {
            values.iter().all(|octets| std::str::from_utf8(octets).is_ok())
        }
        // Where a number or a date could be read, it is the value.
        (_, read) => values.is_empty() || !read.is_null(),
    }
}

fn decode(kind: AttributeType, octets: &[u8]) -> Option<Value<'_>> {
    if kind == AttributeType::Binary {
        return Some(Value::Binary(Cow::Borrowed(octets)));
    }
    let text = std::str::from_utf8(octets).ok()?;
    Some(match kind {
        AttributeType::Text | AttributeType::Binary => Value::text(text),
        AttributeType::Reference => Value::Reference(Cow::Borrowed(text)),
        AttributeType::Number => Value::Number(text.trim().parse().ok()?),
        AttributeType::Boolean => match text.trim() {
            flag if flag.eq_ignore_ascii_case("true") => Value::Boolean(true),
            flag if flag.eq_ignore_ascii_case("false") => Value::Boolean(false),
            _ => return None,
        },
        AttributeType::Date => Value::Date(date::parse(text)?),
    })
}
