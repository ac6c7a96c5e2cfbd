//! Whether a resource, or one value of an attribute, is what a filter asks for. RFC 7644 section 3.4.2.2.

use super::error::{Result, ScimError};
use super::filter::{Comparison, Filter};
use super::schema::{Attribute, Kind, Place, ResourceType};
use lockstep_model::Timestamp;
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Refuses a filter that names attributes which there are not.
pub(super) fn check(filter: &Filter, of: &ResourceType) -> Result<()> {
    let unknown = |name: &str| {
        let name: String = name.chars().take(100).collect();
        ScimError::bad("invalidFilter", format!("A {} has no attribute '{name}'.", of.name))
    };
    match filter {
        Filter::And(a, b) | Filter::Or(a, b) => check(a, of).and_then(|()| check(b, of)),
        Filter::Not(inside) => check(inside, of),
        Filter::Present(name) | Filter::Compare(name, ..) => {
            if name.eq_ignore_ascii_case("schemas") {
                return Ok(());
            }
            of.place(name).map(drop).ok_or_else(|| unknown(name))
        }
        Filter::Values(name, inside) => {
            let place = of.place(name).filter(|place| place.sub.is_none()).ok_or_else(|| unknown(name))?;
            check_values(inside, place.attribute)
        }
    }
}

/// The same for what stands in brackets.
pub(super) fn check_values(filter: &Filter, of: &Attribute) -> Result<()> {
    match filter {
        Filter::And(a, b) | Filter::Or(a, b) => check_values(a, of).and_then(|()| check_values(b, of)),
        Filter::Not(inside) => check_values(inside, of),
        Filter::Present(name) | Filter::Compare(name, ..) | Filter::Values(name, _) => {
            of.sub(name).map(drop).ok_or_else(|| {
                let name: String = name.chars().take(100).collect();
                ScimError::bad("invalidFilter", format!("'{}' has no attribute '{name}'.", of.name))
            })
        }
    }
}

/// Whether a resource is meant. What a filter names and the resource's kind has not is absent.
pub(super) fn holds(filter: &Filter, of: &ResourceType, resource: &Map<String, Value>) -> bool {
    match filter {
        Filter::And(a, b) => holds(a, of, resource) && holds(b, of, resource),
        Filter::Or(a, b) => holds(a, of, resource) || holds(b, of, resource),
        Filter::Not(inside) => !holds(inside, of, resource),
        Filter::Present(name) => match of.place(name) {
            Some(place) => found(&place, resource).iter().any(|value| is_present(value)),
            None => name.eq_ignore_ascii_case("schemas"),
        },
        Filter::Compare(name, how, wanted) => match of.place(name) {
            Some(place) => {
                let attribute = deciding(place.sub.unwrap_or(place.attribute));
                any(&found(&place, resource), attribute, *how, wanted)
            }
            None if name.eq_ignore_ascii_case("schemas") => {
                let schemas = resource.get("schemas").and_then(Value::as_array);
                schemas.is_some_and(|schemas| schemas.contains(wanted)) == (*how == Comparison::Eq)
            }
            None => *how == Comparison::Eq && wanted.is_null(),
        },
        Filter::Values(name, inside) => of.place(name).is_some_and(|place| {
            found(&place, resource).iter().any(|value| value_holds(inside, place.attribute, value))
        }),
    }
}

/// Whether one value of an attribute is meant.
pub(super) fn value_holds(filter: &Filter, of: &Attribute, value: &Value) -> bool {
    let sub = |name: &str| {
        let known = of.sub(name)?;
        // Group members and simple lists have a bare value.
        let held =
            value.get(known.name).or_else(|| (known.name == "value" && !value.is_object()).then_some(value));
        Some((known, held))
    };
    match filter {
        Filter::And(a, b) => value_holds(a, of, value) && value_holds(b, of, value),
        Filter::Or(a, b) => value_holds(a, of, value) || value_holds(b, of, value),
        Filter::Not(inside) => !value_holds(inside, of, value),
        Filter::Present(name) => sub(name).is_some_and(|(_, held)| held.is_some_and(is_present)),
        Filter::Compare(name, how, wanted) => sub(name).is_some_and(|(known, held)| {
            let held: Vec<&Value> = held.into_iter().collect();
            any(&held, known, *how, wanted)
        }),
        Filter::Values(..) => false,
    }
}

/// What a comparison with a complex attribute means: its `value`.
pub(super) fn deciding(attribute: &Attribute) -> &Attribute {
    attribute.sub("value").unwrap_or(attribute)
}

fn found<'r>(place: &Place, resource: &'r Map<String, Value>) -> Vec<&'r Value> {
    let object = match place.extension {
        Some(extension) => resource.get(extension).and_then(Value::as_object),
        None => Some(resource),
    };
    let Some(held) = object.and_then(|object| object.get(place.attribute.name)) else { return Vec::new() };
    let values: Vec<&Value> = match held {
        Value::Array(values) => values.iter().collect(),
        one => vec![one],
    };
    match place.sub {
        Some(sub) => values.into_iter().filter_map(|value| value.get(sub.name)).collect(),
        None => values,
    }
}

pub(super) fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => !values.is_empty(),
        Value::Object(fields) => fields.values().any(is_present),
        _ => true,
    }
}

fn any(held: &[&Value], attribute: &Attribute, how: Comparison, wanted: &Value) -> bool {
    let held = held.iter().map(|value| match value {
        Value::Object(fields) => fields.get("value").unwrap_or(&Value::Null),
        other => other,
    });
    let mut held = held.filter(|value| !value.is_null()).peekable();
    if wanted.is_null() {
        return match how {
            Comparison::Eq => held.peek().is_none(),
            Comparison::Ne => held.peek().is_some(),
            _ => false,
        };
    }
    if how == Comparison::Ne {
        return !held.any(|value| compare(value, attribute, Comparison::Eq, wanted));
    }
    held.any(|value| compare(value, attribute, how, wanted))
}

fn compare(held: &Value, attribute: &Attribute, how: Comparison, wanted: &Value) -> bool {
    match (held, wanted) {
        (Value::Bool(held), Value::Bool(wanted)) => how == Comparison::Eq && held == wanted,
        (Value::Bool(held), Value::String(wanted)) => {
            how == Comparison::Eq && wanted.eq_ignore_ascii_case(if *held { "true" } else { "false" })
        }
        (Value::String(held), Value::String(wanted)) if attribute.kind == Kind::Time => {
            match (held.parse::<Timestamp>(), wanted.parse::<Timestamp>()) {
                (Ok(held), Ok(wanted)) => ordered(held.cmp(&wanted), how),
                _ => false,
            }
        }
        (Value::String(held), Value::String(wanted)) if attribute.case_exact => texts(held, wanted, how),
        (Value::String(held), Value::String(wanted)) => {
            texts(&held.to_lowercase(), &wanted.to_lowercase(), how)
        }
        (Value::Number(held), Value::Number(wanted)) => match (held.as_f64(), wanted.as_f64()) {
            (Some(held), Some(wanted)) => held.partial_cmp(&wanted).is_some_and(|order| ordered(order, how)),
            _ => false,
        },
        _ => false,
    }
}

fn texts(held: &str, wanted: &str, how: Comparison) -> bool {
    match how {
        Comparison::Co => held.contains(wanted),
        Comparison::Sw => held.starts_with(wanted),
        Comparison::Ew => held.ends_with(wanted),
        other => ordered(held.cmp(wanted), other),
    }
}

fn ordered(order: Ordering, how: Comparison) -> bool {
    match how {
        Comparison::Eq => order.is_eq(),
        Comparison::Ne => order.is_ne(),
        Comparison::Gt => order.is_gt(),
        Comparison::Ge => order.is_ge(),
        Comparison::Lt => order.is_lt(),
        Comparison::Le => order.is_le(),
        Comparison::Co | Comparison::Sw | Comparison::Ew => false,
    }
}
