//! PATCH (RFC 7644 section 3.5.2) on a resource as JSON, with the dialects of Microsoft Entra and Okta: operations in
//! any case, flags as texts, operations without a path whose keys are paths, values that a filter does not find yet.
//!
//! **Invariant:** a pure function of the resource and the operations.

use super::error::{Result, ScimError};
use super::evaluate::{check_values, value_holds};
use super::filter::{Comparison, Filter, Path, parse_path};
use super::normal::{self, MAX_VALUES};
use super::schema::{Attribute, ResourceType};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Operations of one PATCH.
pub(super) const MAX_OPERATIONS: usize = 1_000;

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Add,
    Remove,
    Replace,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) verb: Verb,
    pub(super) path: Option<String>,
    pub(super) value: Option<Value>,
}

/// Reads the body of a PATCH.
pub(super) fn read(body: Value) -> Result<Vec<Operation>> {
    #[derive(Deserialize)]
    struct Sent {
        op: String,
        path: Option<String>,
        #[serde(default)]
        value: Option<Value>,
    }
    let Value::Object(fields) = body else { return Err(ScimError::syntax("A PATCH is a JSON object.")) };
    let operations = fields.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("operations"));
    let Some((_, Value::Array(list))) = operations else {
        return Err(ScimError::syntax("A PATCH has a list of Operations."));
    };
    if list.is_empty() || list.len() > MAX_OPERATIONS {
        return Err(ScimError::syntax(format!("A PATCH has 1 to {MAX_OPERATIONS} operations.")));
    }
    let mut operations = Vec::with_capacity(list.len());
    for one in list {
        let Value::Object(fields) = one else {
            return Err(ScimError::syntax("An operation is a JSON object."));
        };
        let lower: Map<String, Value> =
            fields.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        let sent: Sent = serde_json::from_value(Value::Object(lower))
            .map_err(|error| ScimError::syntax(format!("An operation cannot be read: {error}.")))?;
        let verb = match sent.op.to_ascii_lowercase().as_str() {
            "add" => Verb::Add,
            "remove" => Verb::Remove,
            "replace" => Verb::Replace,
            _ => {
                let op: String = sent.op.chars().take(40).collect();
                return Err(ScimError::syntax(format!(
                    "'{op}' is no operation; use add, remove or replace."
                )));
            }
        };
        let path = sent.path.filter(|path| !path.trim().is_empty());
        operations.push(Operation { verb, path, value: sent.value });
    }
    Ok(operations)
}

/// Takes operations without a path apart: each key of the value is a path of its own. What only a server writes (`id`,
/// `meta`) is passed over there, for clients send whole resources so.
pub(super) fn with_paths(operations: Vec<Operation>) -> Result<Vec<Operation>> {
    let mut out = Vec::with_capacity(operations.len());
    for operation in operations {
        if operation.path.is_some() {
            out.push(operation);
            continue;
        }
        let Some(Value::Object(fields)) = operation.value else {
            return Err(match operation.verb {
                Verb::Remove => ScimError::bad("noTarget", "An operation that removes needs a path."),
                _ => ScimError::syntax("An operation without a path needs an object as its value."),
            });
        };
        if operation.verb == Verb::Remove {
            return Err(ScimError::bad("noTarget", "An operation that removes needs a path."));
        }
        for (key, value) in fields {
            if is_own(&key) {
                continue;
            }
            out.push(Operation { verb: operation.verb, path: Some(key), value: Some(value) });
        }
    }
    Ok(out)
}

/// Whether a key is of what a server writes, and clients send along.
fn is_own(key: &str) -> bool {
    ["id", "meta", "schemas"].iter().any(|own| key.eq_ignore_ascii_case(own))
}

/// Applies one operation with a path.
pub(super) fn apply(
    of: &ResourceType,
    resource: &mut Map<String, Value>,
    operation: Operation,
) -> Result<()> {
    let text = operation.path.unwrap_or_default();
    // The object of an extension as a whole.
    if let Some(extension) = of.extension
        && text.eq_ignore_ascii_case(extension.id)
    {
        return match (operation.verb, operation.value) {
            (Verb::Remove, _) | (_, Some(Value::Null)) => {
                resource.remove(extension.id);
                Ok(())
            }
            (verb, Some(Value::Object(fields))) => {
                for (key, value) in fields {
                    if is_own(&key) {
                        continue;
                    }
                    let path = Some(format!("{}:{key}", extension.id));
                    apply(of, resource, Operation { verb, path, value: Some(value) })?;
                }
                Ok(())
            }
            _ => Err(ScimError::value(format!("'{}' is an object.", extension.id))),
        };
    }
    let path = parse_path(&text)?;
    let shown: String = text.chars().take(120).collect();
    let unknown = || ScimError::path(format!("A {} has no attribute '{shown}'.", of.name));
    let place = of.place(&path.attribute).ok_or_else(unknown)?;
    let attribute = place.attribute;
    let sub = match (&path.sub, place.sub) {
        (Some(name), None) => Some(attribute.sub(name).ok_or_else(unknown)?),
        (None, sub) => sub,
        (Some(_), Some(_)) => return Err(unknown()),
    };
    if attribute.read_only || sub.is_some_and(|sub| sub.read_only) {
        return Err(ScimError::bad("mutability", format!("'{shown}' is written by the server alone.")));
    }
    if let Some(filter) = &path.filter {
        if !attribute.multi {
            return Err(ScimError::path(format!("'{}' has one value; it takes no filter.", attribute.name)));
        }
        check_values(filter, attribute).map_err(|error| ScimError { kind: Some("invalidPath"), ..error })?;
    }
    let object = match place.extension {
        Some(extension) => match resource.entry(extension).or_insert_with(|| Value::Object(Map::new())) {
            Value::Object(object) => object,
            _ => return Err(unknown()),
        },
        None => resource,
    };
    // A value of null takes away, and so does an empty one of Entra's.
    let empty = match &operation.value {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text.is_empty(),
        _ => false,
    };
    let verb = match operation.verb {
        Verb::Replace if empty => Verb::Remove,
        Verb::Add if empty => return Err(ScimError::value(format!("'{shown}' is added without a value."))),
        verb => verb,
    };
    let value = operation.value.filter(|value| !value.is_null());
    let result = match (&path.filter, attribute.multi) {
        (None, false) => single(object, attribute, sub, verb, value),
        (None, true) => several(object, attribute, sub, verb, value),
        (Some(filter), _) => chosen(object, attribute, filter, sub, verb, value, &path),
    };
    result?;
    if let Some(Value::Array(values)) = object.get(attribute.name)
        && values.len() > MAX_VALUES
    {
        return Err(ScimError::value(format!("'{}' has more than {MAX_VALUES} values.", attribute.name)));
    }
    Ok(())
}

fn single(
    object: &mut Map<String, Value>,
    attribute: &'static Attribute,
    sub: Option<&'static Attribute>,
    verb: Verb,
    value: Option<Value>,
) -> Result<()> {
    match (sub, verb, value) {
        (None, Verb::Remove, _) => {
            object.remove(attribute.name);
        }
        (Some(sub), Verb::Remove, _) => {
            let left = match object.get_mut(attribute.name) {
                Some(Value::Object(fields)) => {
                    fields.remove(sub.name);
                    !fields.is_empty()
                }
                _ => return Ok(()),
            };
            if !left {
                object.remove(attribute.name);
            }
        }
        (None, _, Some(value)) => {
            let Some(value) = normal::value(attribute, value)? else { return Ok(()) };
            match (object.get_mut(attribute.name), value) {
                // Of a complex attribute only what is given changes.
                (Some(Value::Object(held)), Value::Object(fields)) => held.extend(fields),
                (_, value) => {
                    object.insert(attribute.name.to_owned(), value);
                }
            }
        }
        (Some(sub), _, Some(value)) => {
            let Some(value) = normal::one(sub, value)? else { return Ok(()) };
            let held = object.entry(attribute.name).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(fields) = held {
                fields.insert(sub.name.to_owned(), value);
            }
        }
        (_, _, None) => return Err(ScimError::value(format!("'{}' is given no value.", attribute.name))),
    }
    Ok(())
}

fn several(
    object: &mut Map<String, Value>,
    attribute: &'static Attribute,
    sub: Option<&'static Attribute>,
    verb: Verb,
    value: Option<Value>,
) -> Result<()> {
    if let Some(sub) = sub {
        // `emails.value` without a filter: of each value.
        let held = object.get_mut(attribute.name).and_then(Value::as_array_mut);
        let value = value.map(|value| normal::one(sub, value)).transpose()?.flatten();
        for fields in held.into_iter().flatten().filter_map(Value::as_object_mut) {
            match (&value, verb) {
                (_, Verb::Remove) | (None, _) => {
                    fields.remove(sub.name);
                }
                (Some(value), _) => {
                    fields.insert(sub.name.to_owned(), value.clone());
                }
            }
        }
        return Ok(());
    }
    match (verb, value) {
        (Verb::Remove, None) => {
            object.remove(attribute.name);
        }
        (Verb::Remove, Some(value)) => {
            // Entra names what goes by its values.
            let gone = normal::values(attribute, value)?;
            let same = |held: &Value, gone: &Value| match (held.get("value"), gone.get("value")) {
                (Some(held), Some(gone)) => held == gone,
                _ => held == gone,
            };
            if let Some(Value::Array(held)) = object.get_mut(attribute.name) {
                held.retain(|held| !gone.iter().any(|gone| same(held, gone)));
            }
        }
        (Verb::Replace, Some(value)) => {
            let values = normal::values(attribute, value)?;
            object.insert(attribute.name.to_owned(), Value::Array(values));
        }
        (Verb::Add, Some(value)) => {
            let values = normal::values(attribute, value)?;
            let held = object.entry(attribute.name).or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(held) = held {
                for value in values {
                    if is_primary(&value) {
                        held.iter_mut().for_each(not_primary);
                    }
                    if !held.contains(&value) {
                        held.push(value);
                    }
                }
            }
        }
        (_, None) => return Err(ScimError::value(format!("'{}' is given no value.", attribute.name))),
    }
    if matches!(object.get(attribute.name), Some(Value::Array(left)) if left.is_empty()) {
        object.remove(attribute.name);
    }
    Ok(())
}

fn chosen(
    object: &mut Map<String, Value>,
    attribute: &'static Attribute,
    filter: &Filter,
    sub: Option<&'static Attribute>,
    verb: Verb,
    value: Option<Value>,
    path: &Path,
) -> Result<()> {
    let mut held = match object.remove(attribute.name) {
        Some(Value::Array(values)) => values,
        _ => Vec::new(),
    };
    let hits: Vec<usize> = held
        .iter()
        .enumerate()
        .filter(|(_, value)| value_holds(filter, attribute, value))
        .map(|(at, _)| at)
        .collect();
    if verb == Verb::Remove {
        match sub {
            None => {
                let mut at = 0;
                held.retain(|_| {
                    at += 1;
                    !hits.contains(&(at - 1))
                });
            }
            Some(sub) => {
                for at in hits {
                    if let Some(fields) = held.get_mut(at).and_then(Value::as_object_mut) {
                        fields.remove(sub.name);
                    }
                }
                held.retain(|value| {
                    value
                        .as_object()
                        .is_none_or(|fields| fields.contains_key("value") || attribute.sub("value").is_none())
                });
            }
        }
    } else {
        let Some(value) = value else {
            return Err(ScimError::value(format!("'{}' is given no value.", attribute.name)));
        };
        let mut fields = match sub {
            Some(sub) => {
                let value = normal::one(sub, value)?;
                Map::from_iter(value.map(|value| (sub.name.to_owned(), value)))
            }
            None => match normal::element(attribute, value)? {
                Value::Object(fields) => fields,
                other => Map::from_iter([("value".to_owned(), other)]),
            },
        };
        if hits.is_empty() {
            // RFC 7644 section 3.5.2.3: no target. Entra and Okta mean a value of that kind by it, and say of which.
            let mut made = Map::new();
            if !described(filter, attribute, &mut made) {
                let shown: String = path.attribute.chars().take(100).collect();
                return Err(ScimError::bad(
                    "noTarget",
                    format!("No value of '{shown}' is chosen by the filter."),
                ));
            }
            made.append(&mut fields);
            let made = Value::Object(made);
            if is_primary(&made) {
                held.iter_mut().for_each(not_primary);
            }
            held.push(made);
        } else {
            if fields.get("primary") == Some(&Value::Bool(true)) {
                held.iter_mut().for_each(not_primary);
            }
            for at in hits {
                let Some(target) = held.get_mut(at).and_then(Value::as_object_mut) else { continue };
                if sub.is_none() && verb == Verb::Replace {
                    target.clear();
                }
                target.extend(fields.clone());
            }
        }
    }
    if !held.is_empty() {
        object.insert(attribute.name.to_owned(), Value::Array(held));
    }
    Ok(())
}

/// The value that a filter describes, where it is made of `eq` and `and` alone.
fn described(filter: &Filter, attribute: &Attribute, into: &mut Map<String, Value>) -> bool {
    match filter {
        Filter::And(a, b) => described(a, attribute, into) && described(b, attribute, into),
        Filter::Compare(name, Comparison::Eq, value) => match attribute.sub(name) {
            Some(sub) if sub.name != "value" => {
                into.insert(sub.name.to_owned(), value.clone());
                true
            }
            _ => false,
        },
        _ => false,
    }
}

fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

fn not_primary(value: &mut Value) {
    if let Some(primary) = value.get_mut("primary") {
        *primary = Value::Bool(false);
    }
}
