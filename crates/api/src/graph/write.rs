//! What Graph changes: users and groups made, patched, deleted, restored and purged; members, owners and managers.
//!
//! Sources: Microsoft Graph's reference of `user`, `group` and `directory/deletedItems`, for which properties are
//! required, what may be written, and how errors read.

use super::answer::{Call, respond};
use super::resource::{Resource, Shape, Writable};
use super::users;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use lockstep_model::{ObjectId, ObjectKind, Property, PropertyValue, Timestamp};
use lockstep_tenant::StoredObject;
use lockstep_tenant::directory::{
    self, DirectoryOperation, DirectoryWrite, DirectoryWritten, MemberChanges, ObjectChanges,
};
use serde_json::{Map, Value, json};

/// Members, or owners, that one request binds, as Graph allows.
const MAX_BIND: usize = 20;

/// `POST /users`, `/groups`, `/devices`: 201 with the object.
pub(super) async fn create(call: &Call, resource: Resource, content: Body) -> Result<Response, ApiError> {
    let sent: Map<String, Value> = body::read_json(content).await?;
    let (kind, of, required) = match resource {
        Resource::Group => (ObjectKind::Group, "Group", REQUIRED_OF_GROUP.as_slice()),
        Resource::Device => (ObjectKind::Device, "Device", REQUIRED_OF_DEVICE.as_slice()),
        _ => (ObjectKind::User, "User", REQUIRED_OF_USER.as_slice()),
    };
    let set = resource.set();
    let given =
        |name: &str| sent.iter().any(|(key, value)| key.eq_ignore_ascii_case(name) && !value.is_null());
    if let Some(missing) = required.iter().find(|name| !given(name)) {
        let message = format!("A value is required for property '{missing}' of resource '{of}'.");
        let detail = Some(("MissingValue", (*missing).to_owned()));
        return Err(ApiError { detail, ..ApiError::bad_request(message) });
    }
    let mut changes = read(call, resource, sent).await?;
    if kind == ObjectKind::Group {
        mail_of_group(call, &mut changes).await?;
    }
    let written = write(call, DirectoryOperation::Create { kind, changes }).await?;
    let mut response = call.object(set, resource, &written.object).await?;
    *response.status_mut() = StatusCode::CREATED;
    if let Ok(location) = HeaderValue::from_str(&format!("{}/{set}/{}", call.root, written.object.id)) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

const REQUIRED_OF_USER: [&str; 5] =
    ["accountEnabled", "displayName", "mailNickname", "passwordProfile", "userPrincipalName"];
const REQUIRED_OF_DEVICE: [&str; 6] = [
    "accountEnabled",
    "alternativeSecurityIds",
    "deviceId",
    "displayName",
    "operatingSystem",
    "operatingSystemVersion",
];
const REQUIRED_OF_GROUP: [&str; 4] = ["displayName", "mailEnabled", "mailNickname", "securityEnabled"];

/// `PATCH /users/{id}`, `PATCH /groups/{id}`: 204.
pub(super) async fn update(
    call: &Call,
    resource: Resource,
    object: StoredObject,
    content: Body,
) -> Result<Response, ApiError> {
    let changes = read(call, resource, body::read_json(content).await?).await?;
    write(call, DirectoryOperation::Update { id: object.id, changes, expected: None }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `DELETE /users/{id}`, `/groups/{id}`, `/directoryObjects/{id}`: 204.
pub(super) async fn delete(call: &Call, object: StoredObject) -> Result<Response, ApiError> {
    write(call, DirectoryOperation::Delete { id: object.id, expected: None }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /directory/deletedItems/{id}/restore`: 200 with the object.
pub(super) async fn restore(call: &Call, id: ObjectId, content: Body) -> Result<Response, ApiError> {
    let bytes = body::read(content, body::SMALL).await?;
    let sent: Map<String, Value> = if bytes.is_empty() { Map::new() } else { body::parse(&bytes)? };
    let (mut sign_in_name, mut drop_conflicting_addresses) = (None, false);
    for (key, value) in sent.iter().filter(|(_, value)| !value.is_null()) {
        match (key.to_ascii_lowercase().as_str(), value) {
            ("newuserprincipalname", Value::String(name)) => sign_in_name = Some(name.clone()),
            ("autoreconcileproxyconflict", Value::Bool(drop)) => drop_conflicting_addresses = *drop,
            (name, _) if name.starts_with('@') => {}
            _ => return Err(no_such(key, "restore")),
        }
    }
    let operation = DirectoryOperation::Restore { id, sign_in_name, drop_conflicting_addresses };
    let object = write(call, operation).await?.object;
    call.object("directoryObjects", Resource::Object, &object).await
}

/// `DELETE /directory/deletedItems/{id}`: 204.
pub(super) async fn purge(call: &Call, id: ObjectId) -> Result<Response, ApiError> {
    write(call, DirectoryOperation::Purge { id }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /groups/{id}/members/$ref`: 204.
pub(super) async fn add_member(call: &Call, group: ObjectId, content: Body) -> Result<Response, ApiError> {
    let member = referenced(call, &body::read_json(content).await?).await?;
    change_members(call, group, vec![member], vec![]).await
}

/// `DELETE /groups/{id}/members/{id}/$ref`: 204.
pub(super) async fn remove_member(call: &Call, group: ObjectId, member: &str) -> Result<Response, ApiError> {
    let member = member.parse().map_err(|_| ApiError::not_found(member))?;
    change_members(call, group, vec![], vec![member]).await
}

async fn change_members(
    call: &Call,
    group: ObjectId,
    add: Vec<ObjectId>,
    remove: Vec<ObjectId>,
) -> Result<Response, ApiError> {
    let members = MemberChanges::Change { add, remove, exact: true };
    let changes = ObjectChanges { members, ..ObjectChanges::default() };
    write(call, DirectoryOperation::Update { id: group, changes, expected: None }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /groups/{id}/owners/$ref`: 204.
pub(super) async fn add_owner(call: &Call, group: ObjectId, content: Body) -> Result<Response, ApiError> {
    let owner = referenced(call, &body::read_json(content).await?).await?;
    change_owners(call, group, vec![owner], vec![]).await
}

/// `DELETE /groups/{id}/owners/{id}/$ref`: 204.
pub(super) async fn remove_owner(call: &Call, group: ObjectId, owner: &str) -> Result<Response, ApiError> {
    let owner = owner.parse().map_err(|_| ApiError::not_found(owner))?;
    change_owners(call, group, vec![], vec![owner]).await
}

async fn change_owners(
    call: &Call,
    group: ObjectId,
    add: Vec<ObjectId>,
    remove: Vec<ObjectId>,
) -> Result<Response, ApiError> {
    let owners = MemberChanges::Change { add, remove, exact: true };
    let changes = ObjectChanges { owners, ..ObjectChanges::default() };
    write(call, DirectoryOperation::Update { id: group, changes, expected: None }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `PUT /users/{id}/manager/$ref`: 204.
pub(super) async fn set_manager(call: &Call, user: ObjectId, content: Body) -> Result<Response, ApiError> {
    let manager = referenced(call, &body::read_json(content).await?).await?;
    change_manager(call, user, Some(manager)).await
}

/// `DELETE /users/{id}/manager/$ref`: 204.
pub(super) async fn clear_manager(call: &Call, user: StoredObject) -> Result<Response, ApiError> {
    if user.manager.is_none() {
        return Err(ApiError::not_found("manager"));
    }
    change_manager(call, user.id, None).await
}

async fn change_manager(call: &Call, id: ObjectId, to: Option<ObjectId>) -> Result<Response, ApiError> {
    let changes = ObjectChanges { manager: Some(to), ..ObjectChanges::default() };
    write(call, DirectoryOperation::Update { id, changes, expected: None }).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// `POST /directoryObjects/getByIds`: those of the ids that are there; the others are passed over.
pub(super) async fn get_by_ids(call: &Call, content: Body) -> Result<Response, ApiError> {
    /// Ids of one question, as Graph allows.
    const MAX_IDS: usize = 1_000;
    let sent: Map<String, Value> = body::read_json(content).await?;
    let list = |name: &str| {
        let found = sent.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let texts = |value: &Value| -> Option<Vec<String>> {
            value.as_array()?.iter().map(|item| item.as_str().map(str::to_owned)).collect()
        };
        match found.filter(|value| !value.is_null()) {
            None => Ok(None),
            Some(value) => texts(value)
                .map(Some)
                .ok_or_else(|| ApiError::bad_request(format!("'{name}' is a list of texts."))),
        }
    };
    let ids = list("ids")?.ok_or_else(|| ApiError::bad_request("'ids' is required."))?;
    if ids.len() > MAX_IDS {
        return Err(ApiError::bad_request(format!("At most {MAX_IDS} ids are taken at once.")));
    }
    let types = list("types")?;
    let wanted = |kind: ObjectKind| {
        let named = |name: &String| {
            let own = Resource::of(kind).type_name().trim_start_matches("microsoft.graph.");
            name.eq_ignore_ascii_case(own) || name.eq_ignore_ascii_case("directoryObject")
        };
        types.as_ref().is_none_or(|types| types.iter().any(named))
    };
    let mut items = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        let id: ObjectId =
            id.parse().map_err(|_| ApiError::bad_request(format!("Invalid object identifier '{id}'.")))?;
        if !seen.insert(id) {
            continue;
        }
        let found = call.state.store.object(id).await?;
        if let Some(object) = found.filter(|object| object.deleted_at.is_none() && wanted(object.kind)) {
            let selection = super::resource::Selection::of(call.options.select.as_deref());
            items.push(Value::Object(selection.render(Resource::Object, &object)));
        }
    }
    let mut answer = Map::new();
    answer.insert("@odata.context".into(), call.context("directoryObjects").into());
    answer.insert("value".into(), items.into());
    respond(&answer)
}

/// Does it, and tells open pages.
async fn write(call: &Call, operation: DirectoryOperation) -> Result<DirectoryWritten, ApiError> {
    let write = DirectoryWrite::by(call.caller.name.as_str(), operation);
    let written = call.state.store.write_directory(write, call.state.now()).await?;
    if written.changed {
        // A value that became free may have ended another object's error.
        let topics = Topics::STATUS.and(Topics::USERS).and(Topics::GROUPS).and(Topics::ERRORS);
        call.state.events.publish(topics);
    }
    Ok(written)
}

/// A body as changes.
async fn read(call: &Call, resource: Resource, sent: Map<String, Value>) -> Result<ObjectChanges, ApiError> {
    let mut changes = ObjectChanges::default();
    for (key, value) in sent {
        if let Some(link) = key.to_ascii_lowercase().strip_suffix("@odata.bind") {
            bind(call, resource, link, &value, &mut changes).await?;
            continue;
        }
        if key.starts_with('@') {
            continue;
        }
        match resource.writable(&key) {
            None => return Err(no_such(&key, resource.type_name())),
            Some(Err(name)) => {
                let message = format!("Property '{name}' is read-only and cannot be set.");
                let detail = Some(("ReadOnly", name.to_owned()));
                return Err(ApiError { detail, ..ApiError::bad_request(message) });
            }
            Some(Ok(Writable::Secret)) if value.is_object() || value.is_null() => {}
            Some(Ok(Writable::Secret)) => return Err(wrong_type(&key)),
            Some(Ok(Writable::Property(property))) => {
                changes.properties.insert(property, property_value(property, value)?);
            }
            Some(Ok(Writable::Extra(name, shape))) => {
                let value = extra_value(name, shape, value)?;
                changes.extra.insert(name.to_owned(), value);
            }
        }
    }
    Ok(changes)
}

/// `members@odata.bind`, `owners@odata.bind`, `manager@odata.bind`
async fn bind(
    call: &Call,
    resource: Resource,
    link: &str,
    value: &Value,
    changes: &mut ObjectChanges,
) -> Result<(), ApiError> {
    match (resource, link, value) {
        (Resource::Group, "members" | "owners", Value::Array(items)) if items.len() <= MAX_BIND => {
            let mut add = Vec::with_capacity(items.len());
            for item in items {
                add.push(target(call, item.as_str().unwrap_or_default()).await?);
            }
            let links = if link == "owners" { &mut changes.owners } else { &mut changes.members };
            *links = MemberChanges::Change { add, remove: Vec::new(), exact: true };
            Ok(())
        }
        (Resource::Group, "members" | "owners", _) => Err(ApiError::bad_request(format!(
            "'{link}@odata.bind' is a list of at most {MAX_BIND} addresses."
        ))),
        (Resource::User, "manager", Value::String(address)) => {
            changes.manager = Some(Some(target(call, address).await?));
            Ok(())
        }
        _ => {
            let link: String = link.chars().take(80).collect();
            Err(ApiError::not_implemented(format!("Binding '{link}' is not implemented by this server.")))
        }
    }
}

/// The object of `{"@odata.id": "https://.../directoryObjects/{id}"}`.
async fn referenced(call: &Call, sent: &Map<String, Value>) -> Result<ObjectId, ApiError> {
    let address = sent.iter().find(|(key, _)| key.eq_ignore_ascii_case("@odata.id"));
    match address.and_then(|(_, value)| value.as_str()) {
        Some(address) => target(call, address).await,
        None => Err(ApiError::bad_request(
            "The body names an object: {\"@odata.id\": \".../directoryObjects/{id}\"}.",
        )),
    }
}

/// The object that an address names: by its last part, as `.../users/ann@contoso.com` or `directoryObjects('id')`.
async fn target(call: &Call, address: &str) -> Result<ObjectId, ApiError> {
    let path = address.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let key = last.strip_suffix("')").and_then(|open| open.split_once("('")).map_or(last, |(_, key)| key);
    let key = super::odata::text::decode(key, false)?;
    match key.parse() {
        Ok(id) => Ok(id),
        Err(_) if key.contains('@') => Ok(users::find(call, &key).await?.id),
        Err(_) => {
            let shown: String = address.chars().take(200).collect();
            Err(ApiError::bad_request(format!("Invalid URL value '{shown}' for an object.")))
        }
    }
}

fn no_such(key: &str, type_name: &str) -> ApiError {
    let key: String = key.chars().take(80).collect();
    ApiError::bad_request(format!("The property '{key}' does not exist on type '{type_name}'."))
}

fn wrong_type(key: &str) -> ApiError {
    let key: String = key.chars().take(80).collect();
    let message = format!("Invalid value specified for property '{key}': it has another type.");
    ApiError { detail: Some(("InvalidValue", key)), ..ApiError::bad_request(message) }
}

fn property_value(property: Property, value: Value) -> Result<Option<PropertyValue>, ApiError> {
    let wrong = || wrong_type(property.as_str());
    Ok(match (directory::shape(property), value) {
        (_, Value::Null) => None,
        (directory::Shape::Text, Value::String(text)) => Some(PropertyValue::Text(text)),
        (directory::Shape::Flag, Value::Bool(flag)) => Some(PropertyValue::Flag(flag)),
        (directory::Shape::List, Value::Array(items)) => {
            let texts = items.into_iter().map(|item| match item {
                Value::String(text) => Ok(text),
                _ => Err(wrong()),
            });
            Some(PropertyValue::List(texts.collect::<Result<_, _>>()?))
        }
        _ => return Err(wrong()),
    })
}

fn extra_value(name: &str, shape: Shape, value: Value) -> Result<Option<Value>, ApiError> {
    let fits = match (&value, shape) {
        (Value::Null, _) => return Ok(None),
        (Value::String(_), Shape::Text | Shape::Or(_))
        | (Value::Bool(_), Shape::Flag)
        | (Value::Object(_), Shape::Object) => true,
        (Value::String(text), Shape::Time) => text.parse::<Timestamp>().is_ok(),
        (Value::Array(items), Shape::Texts) => items.iter().all(Value::is_string),
        (Value::Array(items), Shape::Objects) => items.iter().all(Value::is_object),
        _ => false,
    };
    if fits { Ok(Some(value)) } else { Err(wrong_type(name)) }
}

/// What a new group is for. A Microsoft 365 group (`Unified`) has an address in the default domain; another one with
/// mail cannot be made in the cloud, and a dynamic one not here.
async fn mail_of_group(call: &Call, changes: &mut ObjectChanges) -> Result<(), ApiError> {
    let has = |name: &str| {
        let types = changes.extra.get("groupTypes").and_then(Option::as_ref).and_then(Value::as_array);
        types.is_some_and(|types| types.iter().any(|item| item.as_str() == Some(name)))
    };
    if has("DynamicMembership") {
        return Err(ApiError::not_implemented(
            "Groups with a membership rule are not implemented by this server.",
        ));
    }
    let flag = |property| matches!(changes.properties.get(&property), Some(Some(PropertyValue::Flag(true))));
    match (flag(Property::MailEnabled), has("Unified")) {
        (false, false) => Ok(()),
        (true, false) => Err(ApiError::bad_request(
            "The service does not currently support writes of mail-enabled groups. Please ensure that the \
             mail-enablement property is unset and the security-enablement property is set.",
        )),
        (false, true) => Err(ApiError::bad_request("A group of the type 'Unified' is mail-enabled.")),
        (true, true) => {
            if !changes.properties.contains_key(&Property::Mail)
                && let Some(Some(PropertyValue::Text(nickname))) =
                    changes.properties.get(&Property::MailNickname)
                && let Some(domain) =
                    call.state.store.domains().await?.into_iter().find(|domain| domain.is_default)
            {
                let mail = format!("{nickname}@{}", domain.id);
                changes.set_text(Property::Mail, mail);
            }
            Ok(())
        }
    }
}

/// `POST /{users|groups|contacts}/{id}/retryServiceProvisioning`: 204. No service publishes errors to this tenant, so there is
/// none that could be tried again.
pub(super) fn retry_service_provisioning() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// The body of an error of one request of a batch.
pub(super) fn error_body(error: &ApiError, now: Timestamp) -> Value {
    let id = crate::layers::new_request_id();
    serde_json::from_slice(&error.body(now, &id, &id)).unwrap_or_else(|_| json!({}))
}
