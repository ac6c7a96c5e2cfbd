//! How an operation of a bulk request is read: `method` and `path` say what `data` is, so where they come first,
//! as our own clients send them, `data` is read at once; otherwise it is kept until they are known.

use super::{BulkOperation, PostOperation};
use crate::scim::{ScimGroup, ScimPatch, ScimUser};
use serde::de::{DeserializeOwned, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, de};
use std::fmt;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Post,
    Patch,
    Delete,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Field {
    Method,
    Path,
    Data,
    #[serde(other)]
    Other,
}

/// What was read of `data`.
enum Data {
    User(Box<ScimUser>),
    Group(Box<ScimGroup>),
    Patch(ScimPatch),
    /// It came before the fields that say what it is.
    Unread(serde_json::Value),
}

struct OperationVisitor;

impl<'de> Visitor<'de> for OperationVisitor {
    type Value = BulkOperation;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an operation with `method`, `path` and `data`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BulkOperation, A::Error> {
        let (mut method, mut path, mut data) = (None, None::<String>, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Method if method.is_some() => return Err(Error::duplicate_field("method")),
                Field::Path if path.is_some() => return Err(Error::duplicate_field("path")),
                Field::Data if data.is_some() => return Err(Error::duplicate_field("data")),
                Field::Method => method = Some(map.next_value()?),
                Field::Path => path = Some(map.next_value()?),
                Field::Data => {
                    data = Some(match (method, path.as_deref()) {
                        (Some(Method::Post), Some("/Users" | "/Contacts")) => Data::User(map.next_value()?),
                        (Some(Method::Post), Some("/Groups" | "/Devices")) => Data::Group(map.next_value()?),
                        (Some(Method::Patch), _) => Data::Patch(map.next_value()?),
                        _ => Data::Unread(map.next_value()?),
                    });
                }
                Field::Other => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let method = method.ok_or_else(|| Error::missing_field("method"))?;
        let path = path.ok_or_else(|| Error::missing_field("path"))?;
        match (method, path.as_str(), data) {
            (Method::Delete, ..) => Ok(BulkOperation::Delete { path }),
            (_, _, None) => Err(Error::missing_field("data")),
            (Method::Patch, _, Some(Data::Patch(data))) => Ok(BulkOperation::Patch { path, data }),
            (Method::Patch, _, Some(Data::Unread(data))) => {
                Ok(BulkOperation::Patch { path, data: late(data)? })
            }
            (Method::Post, "/Users", Some(Data::User(user))) => Ok(post(PostOperation::User(user))),
            (Method::Post, "/Users", Some(Data::Unread(data))) => Ok(post(PostOperation::User(late(data)?))),
            (Method::Post, "/Groups", Some(Data::Group(group))) => Ok(post(PostOperation::Group(group))),
            (Method::Post, "/Groups", Some(Data::Unread(data))) => {
                Ok(post(PostOperation::Group(late(data)?)))
            }
            (Method::Post, "/Contacts", Some(Data::User(user))) => Ok(post(PostOperation::Contact(user))),
            (Method::Post, "/Contacts", Some(Data::Unread(data))) => {
                Ok(post(PostOperation::Contact(late(data)?)))
            }
            (Method::Post, "/Devices", Some(Data::Group(group))) => Ok(post(PostOperation::Device(group))),
            (Method::Post, "/Devices", Some(Data::Unread(data))) => {
                Ok(post(PostOperation::Device(late(data)?)))
            }
            _ => Err(de::Error::unknown_variant(&path, &["/Users", "/Groups", "/Contacts", "/Devices"])),
        }
    }
}

const fn post(operation: PostOperation) -> BulkOperation {
    BulkOperation::Post(operation)
}

fn late<T: DeserializeOwned, E: Error>(data: serde_json::Value) -> Result<T, E> {
    serde_json::from_value(data).map_err(E::custom)
}

impl<'de> Deserialize<'de> for BulkOperation {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OperationVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn fields_come_in_any_order() {
        let user = json!({"schemas": [], "externalId": "a", "userName": "ann@contoso.com"});
        let group = json!({"schemas": [], "externalId": "g", "displayName": "G"});
        let patch = json!({"schemas": [], "Operations":
            [{"op": "add", "path": "members", "value": [{"value": "a"}]}]});
        for (method, path, data) in [
            ("POST", "/Users", user.clone()),
            ("POST", "/Groups", group.clone()),
            ("POST", "/Contacts", user),
            ("POST", "/Devices", group),
            ("PATCH", "/Groups/g", patch),
            ("DELETE", "/Users/a", Value::Null),
        ] {
            let first = format!(r#"{{"method":"{method}","path":"{path}","bulkId":"1","data":{data}}}"#);
            let last = format!(r#"{{"data":{data},"path":"{path}","method":"{method}"}}"#);
            let read: BulkOperation = serde_json::from_str(&first).unwrap();
            assert_eq!(serde_json::from_str::<BulkOperation>(&last).unwrap(), read, "{last}");
            let written = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<BulkOperation>(&written).unwrap(), read, "{written}");
        }
    }

    #[test]
    fn what_is_no_operation_is_refused_in_words() {
        let check = |text: &str, expect: &str| {
            let error = serde_json::from_str::<BulkOperation>(text).unwrap_err().to_string();
            assert!(error.contains(expect), "{text}: {error}");
        };
        check("[]", "an operation with `method`, `path` and `data`");
        check(r#"{"path":"/Users","data":{}}"#, "missing field `method`");
        check(r#"{"method":"POST","data":{}}"#, "missing field `path`");
        check(r#"{"method":"POST","path":"/Users"}"#, "missing field `data`");
        check(r#"{"method":"PUT","path":"/Users","data":{}}"#, "unknown variant `PUT`");
        check(r#"{"method":"POST","path":"/Printers","data":{}}"#, "unknown variant `/Printers`");
        check(r#"{"method":"POST","method":"POST"}"#, "duplicate field `method`");
        check(r#"{"method":"POST","path":"/Users","data":1}"#, "invalid type");
        check(r#"{"data":1,"method":"POST","path":"/Users"}"#, "invalid type");
    }
}
