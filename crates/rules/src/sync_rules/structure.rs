//! The walk of a file along the schema: every unknown key, missing key and wrong type at once, each with its place.

use super::problem::{Collector, suggestion};
use serde_json::Value as Json;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// Checks a table against its schema. `rule` names the rule it belongs to.
pub(super) fn check(
    table: &DeTable<'_>,
    span: &Range<usize>,
    schema: &Json,
    rule: Option<&str>,
    found: &mut Collector<'_>,
) {
    let properties = schema.get("properties").and_then(Json::as_object);
    let additional = schema.get("additionalProperties").filter(|inner| inner.is_object());
    let own =
        table.iter().find(|(key, _)| key.get_ref() == "name").and_then(|(_, value)| value.get_ref().as_str());
    let is_rule = properties.is_some_and(|known| known.contains_key("precedence"));
    let rule = if is_rule { own.or(rule) } else { rule };
    let required = schema.get("required").and_then(Json::as_array).into_iter().flatten();
    for name in required.filter_map(Json::as_str) {
        if !table.iter().any(|(key, _)| key.get_ref() == name) {
            found.add(span.start, rule, format!("\"{name}\" is missing"), format!("add {name} = ..."));
        }
    }
    for (key, value) in table {
        let inner = properties.and_then(|known| known.get(key.get_ref().as_ref())).or(additional);
        match inner {
            Some(inner) => check_value(value.get_ref(), &value.span(), inner, key.get_ref(), rule, found),
            None => {
                let known = properties.into_iter().flat_map(|known| known.keys().map(String::as_str));
                let message = format!("the key \"{}\" is not known", key.get_ref());
                let known: Vec<_> = known.collect();
                found.add(key.span().start, rule, message, suggestion(key.get_ref(), known.into_iter()));
            }
        }
    }
}

fn check_value(
    value: &DeValue<'_>,
    span: &Range<usize>,
    schema: &Json,
    key: &str,
    rule: Option<&str>,
    found: &mut Collector<'_>,
) {
    let words = variants(schema);
    if !words.is_empty() {
        match value.as_str() {
            Some(text) if words.contains(&text) => {}
            Some(text) => {
                let message = format!("{key} = \"{text}\" is not known");
                found.add(span.start, rule, message, suggestion(text, words.into_iter()));
            }
            None => {
                let remedy = format!("write one of {}", words.join(", "));
                found.add(span.start, rule, format!("{key} is a word"), remedy);
            }
        }
        return;
    }
    let kinds = kinds(schema);
    let fits = |kind: &str| kinds.is_empty() || kinds.contains(&kind);
    match value {
        DeValue::Table(table) if fits("object") => check(table, span, schema, rule, found),
        DeValue::Array(items) if fits("array") => {
            let Some(inner) = schema.get("items") else { return };
            for item in items.iter() {
                check_value(item.get_ref(), &item.span(), inner, key, rule, found);
            }
        }
        DeValue::String(_) if fits("string") => {}
        DeValue::Integer(_) if fits("integer") => {}
        DeValue::Boolean(_) if fits("boolean") => {}
        other => {
            let wanted: Vec<_> = kinds.iter().map(|kind| wanted(kind)).collect();
            let message = format!("{key} cannot be {}", article(other.type_str()));
            found.add(span.start, rule, message, format!("write {}", wanted.join(" or ")));
        }
    }
}

/// The texts that an enum takes; none where the schema takes anything else too.
fn variants(schema: &Json) -> Vec<&str> {
    let mut names = Vec::new();
    if let Some(list) = schema.get("enum").and_then(Json::as_array) {
        names.extend(list.iter().filter_map(Json::as_str));
    }
    names.extend(schema.get("const").and_then(Json::as_str));
    for word in ["oneOf", "anyOf"] {
        let inner = schema.get(word).and_then(Json::as_array).into_iter().flatten();
        names.extend(inner.flat_map(variants));
    }
    names
}

/// The types that a schema takes; none where it does not say.
fn kinds(schema: &Json) -> Vec<&str> {
    let mut kinds = Vec::new();
    match schema.get("type") {
        Some(Json::String(kind)) => kinds.push(kind.as_str()),
        Some(Json::Array(list)) => kinds.extend(list.iter().filter_map(Json::as_str)),
        _ => {}
    }
    let inner = schema.get("anyOf").and_then(Json::as_array).into_iter().flatten();
    kinds.extend(inner.flat_map(self::kinds));
    kinds.retain(|kind| *kind != "null");
    kinds
}

fn wanted(kind: &str) -> &'static str {
    match kind {
        "string" => "a text in quotes",
        "integer" => "a whole number without quotes",
        "boolean" => "true or false without quotes",
        "array" => "a list: [...]",
        _ => "a table",
    }
}

fn article(kind: &str) -> String {
    let vowel = kind.starts_with(['a', 'e', 'i', 'o', 'u']);
    format!("{} {kind}", if vowel { "an" } else { "a" })
}
