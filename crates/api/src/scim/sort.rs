//! The order of a list: `sortBy` and `sortOrder`, RFC 7644 section 3.4.2.3.
//!
//! What has no value comes last upwards, and first downwards. Of several values the primary one counts, else the first.

use super::error::{Result, ScimError};
use super::evaluate::{deciding, is_present};
use super::schema::{GROUPS, Kind, Place, ResourceType, USERS};
use lockstep_model::{ObjectId, Property, Timestamp};
use lockstep_tenant::{Field, SortKey};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// `ascending`, unless `descending` is said.
pub(super) fn is_descending(order: &str) -> Result<bool> {
    match order.trim().to_ascii_lowercase().as_str() {
        "" | "ascending" => Ok(false),
        "descending" => Ok(true),
        _ => Err(ScimError::value("'sortOrder' is ascending or descending.")),
    }
}

/// What a list is sorted by.
#[derive(Clone, Debug)]
pub(super) struct Order {
    name: String,
    descending: bool,
}

/// What a resource is sorted by; upwards in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key {
    Flag(bool),
    Time(Timestamp),
    Text(String),
    Nothing,
}

impl Order {
    /// # Errors
    /// 400 `invalidPath` where it names no attribute of the resources, or one that has parts and no value of its own.
    pub(super) fn of(name: &str, descending: bool, of: Option<&ResourceType>) -> Result<Self> {
        let types = of.map_or_else(|| vec![&USERS, &GROUPS], |of| vec![of]);
        let places: Vec<Place> = types.iter().filter_map(|of| of.place(name)).collect();
        let shown: String = name.chars().take(200).collect();
        if places.is_empty() {
            return Err(ScimError::path(format!("'{shown}' is no attribute of what is listed.")));
        }
        let has_value = |place: &Place| {
            let attribute = place.sub.unwrap_or(place.attribute);
            !matches!(deciding(attribute).kind, Kind::Complex(_))
        };
        if !places.iter().any(has_value) {
            return Err(ScimError::path(format!(
                "'{shown}' has parts; sort by one of them, as name.familyName."
            )));
        }
        Ok(Self { name: name.to_owned(), descending })
    }

    /// The order of the store that is exactly this one: of attributes that every resource has, and that are shown as they
    /// are stored.
    pub(super) fn of_store(&self, of: Option<&ResourceType>) -> Option<SortKey> {
        let of = of?;
        let place = of.place(&self.name)?;
        let field = match (place.attribute.name, place.sub.map(|sub| sub.name)) {
            ("id", None) => Field::Id,
            ("meta", Some("created")) => Field::CreatedDateTime,
            ("displayName", None) if of.name == GROUPS.name => Field::Property(Property::DisplayName),
            // By the name that is in force, which is not always the one that was sent.
            ("userName", None) if of.name == USERS.name => Field::Property(Property::UserPrincipalName),
            _ => return None,
        };
        Some(SortKey { field, descending: self.descending })
    }

    /// What must be looked up to know the key.
    pub(super) fn also(&self) -> Vec<&'static str> {
        let names = |of: &ResourceType| of.place(&self.name).map(|place| place.attribute.name);
        let found = [&USERS, &GROUPS].into_iter().filter_map(names);
        found.filter(|name| matches!(*name, "groups" | "members")).collect()
    }

    /// A resource's key.
    pub(super) fn key(&self, of: &ResourceType, resource: &Map<String, Value>) -> Key {
        let Some(place) = of.place(&self.name) else { return Key::Nothing };
        let holder = match place.extension {
            Some(extension) => resource.get(extension).and_then(Value::as_object),
            None => Some(resource),
        };
        let held = holder.and_then(|holder| holder.get(place.attribute.name));
        let chosen = match held {
            Some(Value::Array(values)) => {
                let primary = |value: &&Value| value.get("primary") == Some(&Value::Bool(true));
                values.iter().find(primary).or(values.first())
            }
            one => one,
        };
        let attribute = match (place.sub, place.attribute.subs().is_empty()) {
            (Some(sub), _) => sub,
            (None, true) => place.attribute,
            (None, false) => deciding(place.attribute),
        };
        let value = match (place.sub, place.attribute.subs().is_empty()) {
            (None, true) => chosen,
            _ => chosen.and_then(|chosen| chosen.get(attribute.name)),
        };
        match value.filter(|value| is_present(value)) {
            None => Key::Nothing,
            Some(Value::Bool(flag)) => Key::Flag(*flag),
            Some(Value::String(text)) => match text.parse() {
                Ok(at) if attribute.kind == Kind::Time => Key::Time(at),
                _ if attribute.case_exact => Key::Text(text.clone()),
                _ => Key::Text(text.to_lowercase()),
            },
            Some(other) => Key::Text(other.to_string()),
        }
    }

    /// Puts rows in order; those that are alike by id, upwards.
    pub(super) fn sort(&self, rows: &mut [(Key, ObjectId)]) {
        let by = |a: &Key, b: &Key| -> Ordering { if self.descending { b.cmp(a) } else { a.cmp(b) } };
        rows.sort_by(|a, b| by(&a.0, &b.0).then_with(|| a.1.cmp(&b.1)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(name: &str, resource: Value) -> Key {
        let Value::Object(resource) = resource else { panic!("{resource}") };
        Order::of(name, false, Some(&USERS)).unwrap().key(&USERS, &resource)
    }

    #[test]
    fn keys_are_of_the_kind_of_the_attribute() {
        let text = |text: &str| Key::Text(text.into());
        assert_eq!(key("userName", json!({"userName": "ANN"})), text("ann"));
        assert_eq!(key("externalId", json!({"externalId": "A"})), text("A"), "its case counts");
        assert_eq!(key("NAME.familyname", json!({"name": {"familyName": "Ærø"}})), text("ærø"));
        assert_eq!(key("active", json!({"active": false})), Key::Flag(false));
        let meta = json!({"meta": {"created": "2026-01-02T03:04:05Z"}});
        assert!(matches!(key("meta.created", meta), Key::Time(_)));
        for none in [json!({}), json!({"title": null}), json!({"title": ""})] {
            assert_eq!(key("title", none), Key::Nothing);
        }
    }

    #[test]
    fn of_several_the_primary_one_counts() {
        let mails = json!({"emails": [{"value": "b@x"}, {"value": "a@x", "primary": true}]});
        assert_eq!(key("emails", mails.clone()), Key::Text("a@x".into()));
        assert_eq!(key("emails.value", mails), Key::Text("a@x".into()));
        let mails = json!({"emails": [{"value": "b@x"}, {"value": "a@x"}]});
        assert_eq!(key("emails", mails), Key::Text("b@x".into()));
    }

    #[test]
    fn what_cannot_be_sorted_by_is_refused() {
        for name in ["name", "nothing", "userName.x", ""] {
            assert!(Order::of(name, false, Some(&USERS)).is_err(), "{name}");
        }
        assert!(Order::of("members", false, Some(&GROUPS)).is_ok());
        assert!(Order::of("userName", false, None).is_ok(), "users have it, groups come last");
    }

    #[test]
    fn what_has_no_value_comes_last_upwards_and_first_downwards() {
        let id = |n: u128| ObjectId(uuid::Uuid::from_u128(n));
        let rows =
            || vec![(Key::Nothing, id(1)), (Key::Text("b".into()), id(2)), (Key::Text("a".into()), id(3))];
        for (descending, expect) in [(false, [3, 2, 1]), (true, [1, 2, 3])] {
            let mut rows = rows();
            Order { name: "title".into(), descending }.sort(&mut rows);
            assert_eq!(rows.iter().map(|row| row.1).collect::<Vec<_>>(), expect.map(id), "{descending}");
        }
    }
}
