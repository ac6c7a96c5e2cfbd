//! What was sent, as the schema has it: names in their own letters, values of their own kinds. What the schema does not
//! know, and what only a server writes, is passed over (RFC 7644 section 3.3).

use super::error::{Result, ScimError};
use super::schema::{Attribute, Kind, ResourceType};
use lockstep_model::Timestamp;
use serde_json::{Map, Value};

/// Values of an attribute that has several, members apart.
pub(super) const MAX_VALUES: usize = 1_000;
/// Members that one request may name.
pub(super) const MAX_MEMBERS: usize = 100_000;
/// Characters of a text.
const MAX_TEXT: usize = 32 * 1024;

/// A whole resource.
pub(super) fn resource(of: &ResourceType, sent: Value) -> Result<Map<String, Value>> {
    let Value::Object(fields) = sent else { return Err(ScimError::syntax("A resource is a JSON object.")) };
    let mut out = Map::new();
    for (key, sent) in fields {
        if let Some(extension) = of.extension
            && key.eq_ignore_ascii_case(extension.id)
        {
            let Value::Object(fields) = sent else {
                if sent.is_null() {
                    continue;
                }
                return Err(ScimError::syntax(format!("'{}' is an object.", extension.id)));
            };
            let mut inside = Map::new();
            for (key, sent) in fields {
                if let Some(attribute) = extension.attribute(&key)
                    && let Some(value) = value(attribute, sent)?
                {
                    inside.insert(attribute.name.to_owned(), value);
                }
            }
            if !inside.is_empty() {
                out.insert(extension.id.to_owned(), Value::Object(inside));
            }
            continue;
        }
        // A key may name its schema, and the part of a complex attribute.
        let Some(place) = of.place(&key) else { continue };
        if place.attribute.read_only || place.extension.is_some() || place.sub.is_some() {
            continue;
        }
        if let Some(value) = value(place.attribute, sent)? {
            out.insert(place.attribute.name.to_owned(), value);
        }
    }
    Ok(out)
}

/// The value of an attribute. None: there is none.
pub(super) fn value(attribute: &'static Attribute, sent: Value) -> Result<Option<Value>> {
    if attribute.multi {
        let values = values(attribute, sent)?;
        return Ok((!values.is_empty()).then_some(Value::Array(values)));
    }
    one(attribute, sent)
}

/// The values of an attribute that has several; one alone is a list of one.
pub(super) fn values(attribute: &'static Attribute, sent: Value) -> Result<Vec<Value>> {
    let list = match sent {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) => list,
        one => vec![one],
    };
    let most = if attribute.name == "members" { MAX_MEMBERS } else { MAX_VALUES };
    if list.len() > most {
        return Err(ScimError::value(format!("'{}' has more than {most} values.", attribute.name)));
    }
    let mut values = Vec::with_capacity(list.len());
    let mut primary = 0;
    for sent in list {
        let value = element(attribute, sent)?;
        if value.as_object().is_some_and(Map::is_empty) {
            continue;
        }
        primary += usize::from(value.get("primary") == Some(&Value::Bool(true)));
        values.push(value);
    }
    if primary > 1 {
        return Err(ScimError::value(format!("'{}' has more than one primary value.", attribute.name)));
    }
    Ok(values)
}

/// One of the values of an attribute that has several. A bare text is its `value`.
pub(super) fn element(attribute: &'static Attribute, sent: Value) -> Result<Value> {
    match (attribute.sub("value"), sent) {
        (Some(sub), Value::String(text)) => {
            let value = one(sub, Value::String(text))?;
            Ok(Value::Object(Map::from_iter(value.map(|value| ("value".to_owned(), value)))))
        }
        (_, sent) => Ok(one(attribute, sent)?.unwrap_or_else(|| Value::Object(Map::new()))),
    }
}

/// One value, by its kind.
pub(super) fn one(attribute: &'static Attribute, sent: Value) -> Result<Option<Value>> {
    let wrong = |wants: &str| ScimError::value(format!("'{}' is {wants}.", attribute.name));
    Ok(Some(match (attribute.kind, sent) {
        (_, Value::Null) => return Ok(None),
        (Kind::Flag, Value::Bool(flag)) => flag.into(),
        // Older clients of Entra send "True" and "False".
        (Kind::Flag, Value::String(text)) if text.eq_ignore_ascii_case("true") => true.into(),
        (Kind::Flag, Value::String(text)) if text.eq_ignore_ascii_case("false") => false.into(),
        (Kind::Flag, _) => return Err(wrong("true or false")),
        (Kind::Time, Value::String(text)) => match text.parse::<Timestamp>() {
            Ok(_) => text.into(),
            Err(_) => return Err(wrong("a time, such as 2026-11-22T21:00:00Z")),
        },
        (Kind::Time, _) => return Err(wrong("a time, such as 2026-11-22T21:00:00Z")),
        (Kind::Text | Kind::Reference(_) | Kind::Binary, Value::String(text)) => {
            if text.chars().count() > MAX_TEXT {
                return Err(wrong("too long"));
            }
            if text.chars().any(|c| c == '\0') {
                return Err(wrong("a text with a NUL in it"));
            }
            if text.is_empty() {
                return Ok(None);
            }
            text.into()
        }
        // A number where a text belongs (an employee's number) is its digits.
        (Kind::Text, Value::Number(number)) => number.to_string().into(),
        (Kind::Text | Kind::Reference(_) | Kind::Binary, _) => return Err(wrong("a text")),
        (Kind::Complex(_), Value::Object(fields)) => {
            let mut out = Map::new();
            for (key, sent) in fields {
                let Some(sub) = attribute.sub(&key) else { continue };
                if sub.read_only {
                    continue;
                }
                if let Some(value) = one(sub, sent)? {
                    out.insert(sub.name.to_owned(), value);
                }
            }
            if out.is_empty() {
                return Ok(None);
            }
            Value::Object(out)
        }
        // `manager` as a bare id, as Entra sends it.
        (Kind::Complex(_), Value::String(text)) if attribute.sub("value").is_some() => {
            if text.is_empty() {
                return Ok(None);
            }
            Value::Object(Map::from_iter([("value".to_owned(), Value::String(text))]))
        }
        // ... or as a list of one.
        (Kind::Complex(_), Value::Array(mut list)) if !attribute.multi && list.len() == 1 => {
            return one(attribute, list.pop().unwrap_or(Value::Null));
        }
        (Kind::Complex(_), _) => return Err(wrong("an object")),
    }))
}
