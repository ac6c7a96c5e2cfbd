//! Objects of the tenant as SCIM resources, and what of them an answer shows.

use super::Call;
use super::error::{Result, ScimError};
use super::schema::{GROUPS, ResourceType, USERS};
use super::user;
use lockstep_model::scim::ENTERPRISE;
use lockstep_model::{ObjectId, ObjectKind, Property};
use lockstep_tenant::domains::{CAME_TO, SENT_NAME};
use lockstep_tenant::{ListQuery, StoredObject};
use serde_json::{Map, Value, json};

/// What of a resource is shown: `attributes` and `excludedAttributes` (RFC 7644 section 3.9).
#[derive(Clone, Debug, Default)]
pub(super) struct Selection {
    only: Option<Vec<String>>,
    without: Vec<String>,
}

impl Selection {
    /// Of lists of names.
    pub(super) fn new(only: Option<Vec<String>>, without: Vec<String>) -> Self {
        Self { only: only.filter(|names| !names.is_empty()), without }
    }

    /// Whether nothing was said of it.
    pub(super) fn is_all(&self) -> bool {
        self.only.is_none() && self.without.is_empty()
    }

    fn is(of: &ResourceType, name: &str, attribute: &str) -> bool {
        of.place(name).is_some_and(|place| place.attribute.name == attribute)
    }

    /// Whether an attribute that costs something to show is shown.
    fn wants(&self, of: &ResourceType, attribute: &str, by_default: bool) -> bool {
        let excluded = self.without.iter().any(|name| {
            of.place(name).is_some_and(|place| place.attribute.name == attribute && place.sub.is_none())
        });
        match &self.only {
            Some(names) => names.iter().any(|name| Self::is(of, name, attribute)),
            None => by_default && !excluded,
        }
    }

    /// Whether what is shown may be another although the resource is the same: who is linked can go by itself.
    pub(super) fn has_links(&self, of: &ResourceType) -> bool {
        match of.kind {
            ObjectKind::User => {
                let all = |names: &[String]| {
                    of.extension.is_some_and(|own| names.iter().any(|name| name.eq_ignore_ascii_case(own.id)))
                };
                let manager = match &self.only {
                    Some(names) => all(names) || self.wants(of, "manager", false),
                    None => !all(&self.without) && self.wants(of, "manager", true),
                };
                manager || self.wants(of, "groups", false)
            }
            _ => self.wants(of, "members", true),
        }
    }

    /// Leaves of a resource what is shown.
    pub(super) fn project(&self, of: &ResourceType, mut resource: Map<String, Value>) -> Map<String, Value> {
        if let Some(names) = &self.only {
            let mut kept = Map::new();
            for name in ["schemas", "id"] {
                kept.extend(resource.remove_entry(name));
            }
            for name in names {
                if let Some(extension) = of.extension
                    && name.eq_ignore_ascii_case(extension.id)
                {
                    kept.extend(resource.get(extension.id).map(|v| (extension.id.to_owned(), v.clone())));
                    continue;
                }
                let Some(place) = of.place(name) else { continue };
                let (from, into) = match place.extension {
                    Some(extension) => {
                        let Some(Value::Object(from)) = resource.get(extension) else { continue };
                        let into = kept.entry(extension).or_insert_with(|| Value::Object(Map::new()));
                        let Value::Object(into) = into else { continue };
                        (from, into)
                    }
                    None => (&resource, &mut kept),
                };
                let key = place.attribute.name;
                let Some(held) = from.get(key) else { continue };
                match place.sub {
                    None => {
                        into.insert(key.to_owned(), held.clone());
                    }
                    Some(sub) => {
                        let earlier = into.remove(key);
                        into.insert(key.to_owned(), part(held, sub.name, earlier));
                    }
                }
            }
            kept.retain(|_, value| value.as_object().is_none_or(|fields| !fields.is_empty()));
            return kept;
        }
        for name in &self.without {
            if let Some(extension) = of.extension
                && name.eq_ignore_ascii_case(extension.id)
            {
                resource.remove(extension.id);
                continue;
            }
            let Some(place) = of.place(name) else { continue };
            if place.attribute.always {
                continue;
            }
            let object = match place.extension {
                Some(extension) => match resource.get_mut(extension) {
                    Some(Value::Object(object)) => object,
                    _ => continue,
                },
                None => &mut resource,
            };
            match place.sub {
                None => {
                    object.remove(place.attribute.name);
                }
                Some(sub) => match object.get_mut(place.attribute.name) {
                    Some(Value::Object(fields)) => {
                        fields.remove(sub.name);
                    }
                    Some(Value::Array(values)) => {
                        for fields in values.iter_mut().filter_map(Value::as_object_mut) {
                            fields.remove(sub.name);
                        }
                    }
                    _ => {}
                },
            }
        }
        resource
    }
}

/// One part of a complex value, or of each; joined with the parts chosen before.
fn part(held: &Value, sub: &str, earlier: Option<Value>) -> Value {
    let of = |held: &Value, earlier: Option<&Value>| {
        let mut fields = earlier.and_then(Value::as_object).cloned().unwrap_or_default();
        fields.extend(held.get(sub).map(|value| (sub.to_owned(), value.clone())));
        Value::Object(fields)
    };
    match held {
        Value::Array(values) => {
            let before = earlier.as_ref().and_then(Value::as_array);
            let each = values.iter().enumerate();
            each.map(|(at, value)| of(value, before.and_then(|before| before.get(at)))).collect()
        }
        one => of(one, earlier.as_ref()),
    }
}

/// The ETag of a version.
pub(super) fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

/// The kind of resource that an object is: contacts and devices are none.
pub(super) const fn type_of(kind: ObjectKind) -> Option<&'static ResourceType> {
    match kind {
        ObjectKind::User => Some(&USERS),
        ObjectKind::Group => Some(&GROUPS),
        ObjectKind::Contact | ObjectKind::Device => None,
    }
}

/// What SCIM keeps beside an object's properties.
pub(super) fn extra_of(object: &StoredObject) -> Map<String, Value> {
    match object.extra.get(user::EXTRA) {
        Some(Value::Object(fields)) => fields.clone(),
        _ => Map::new(),
    }
}

/// The name to sign in with, as whoever made the user wrote it: as long as the tenant's is what came of it.
pub(super) fn user_name(object: &StoredObject, extra: &Map<String, Value>) -> String {
    let name = object.properties.text(Property::UserPrincipalName).unwrap_or_default();
    let came_to = extra.get(CAME_TO).and_then(Value::as_str);
    match extra.get(SENT_NAME).and_then(Value::as_str) {
        Some(written) if came_to.is_some_and(|came_to| came_to.eq_ignore_ascii_case(name)) => {
            written.to_owned()
        }
        _ => name.to_owned(),
    }
}

/// What a client may write of an object: what PATCH changes. Members are not in it.
pub(super) fn writable(call: &Call, object: &StoredObject) -> Map<String, Value> {
    let extra = extra_of(object);
    let mut fields = match object.kind {
        ObjectKind::User => {
            let mut fields = user::resource(&object.properties, &extra);
            fields.insert("userName".into(), user_name(object, &extra).into());
            if let Some(manager) = object.manager {
                let enterprise = fields.entry(ENTERPRISE).or_insert_with(|| Value::Object(Map::new()));
                if let Value::Object(enterprise) = enterprise {
                    let address = call.location(&USERS, manager);
                    enterprise.insert("manager".into(), json!({"value": manager, "$ref": address}));
                }
            }
            fields
        }
        ObjectKind::Group | ObjectKind::Contact | ObjectKind::Device => {
            let name = object.properties.text(Property::DisplayName).unwrap_or_default();
            Map::from_iter([("displayName".to_owned(), name.into())])
        }
    };
    if let Some(external_id) = &object.external_id {
        fields.insert("externalId".into(), external_id.clone().into());
    }
    fields
}

/// An object as a resource, with all that the selection wants and `also` names.
pub(super) async fn whole(
    call: &Call,
    object: &StoredObject,
    selection: &Selection,
    also: &[&str],
) -> Result<Map<String, Value>> {
    let mut room = call.state.limits.links;
    let whole = whole_within(call, object, selection, also, &mut room).await?;
    if whole.left_out { Err(too_many(call, object.kind)) } else { Ok(whole.fields) }
}

/// An object as a resource, as far as there was room.
pub(super) struct Whole {
    pub(super) fields: Map<String, Value>,
    /// Whether its members, or groups, are not in it: there are more than there was room for.
    pub(super) left_out: bool,
}

/// The same, where an answer has room for no more than so many members or groups.
pub(super) async fn whole_within(
    call: &Call,
    object: &StoredObject,
    selection: &Selection,
    also: &[&str],
    room: &mut usize,
) -> Result<Whole> {
    let of = type_of(object.kind).ok_or_else(|| ScimError::not_found(&object.id.to_string()))?;
    let mut fields = writable(call, object);
    let mut schemas = vec![of.schema.id];
    if fields.contains_key(ENTERPRISE) {
        schemas.push(ENTERPRISE);
    }
    fields.insert("schemas".into(), json!(schemas));
    fields.insert("id".into(), json!(object.id));
    let time = |at: lockstep_model::Timestamp| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    fields.insert(
        "meta".into(),
        json!({
            "resourceType": of.name,
            "created": time(object.created_at),
            "lastModified": time(object.changed_at),
            "location": call.location(of, object.id),
            "version": etag(object.version),
        }),
    );
    let (name, links) = match object.kind {
        ObjectKind::User if selection.wants(of, "groups", false) || also.contains(&"groups") => {
            let query = ListQuery { groups_of: Some(object.id), ..ListQuery::default() };
            let groups = linked(call, query, *room, |group| {
                let name = group.properties.text(Property::DisplayName).unwrap_or_default();
                let address = call.location(&GROUPS, group.id);
                json!({"value": group.id, "$ref": address, "display": name, "type": "direct"})
            });
            ("groups", groups.await?)
        }
        ObjectKind::Group if selection.wants(of, "members", true) || also.contains(&"members") => {
            ("members", members_within(call, object.id, *room).await?)
        }
        _ => return Ok(Whole { fields, left_out: false }),
    };
    let Some(links) = links else { return Ok(Whole { fields, left_out: true }) };
    *room = room.saturating_sub(links.len());
    if !links.is_empty() {
        fields.insert(name.into(), links.into());
    }
    Ok(Whole { fields, left_out: false })
}

fn too_many(call: &Call, kind: ObjectKind) -> ScimError {
    let most = call.state.limits.links;
    let text = match kind {
        ObjectKind::User => format!("The user has more than {most} groups; ask without 'groups'."),
        _ => format!("The group has more than {most} members; ask with excludedAttributes=members."),
    };
    ScimError::bad("tooMany", text)
}

/// The members of a group.
pub(super) async fn members(call: &Call, group: ObjectId) -> Result<Vec<Value>> {
    let members = members_within(call, group, call.state.limits.links).await?;
    members.ok_or_else(|| too_many(call, ObjectKind::Group))
}

async fn members_within(call: &Call, group: ObjectId, room: usize) -> Result<Option<Vec<Value>>> {
    let query = ListQuery { members_of: Some(group), ..ListQuery::default() };
    linked(call, query, room, |member| match type_of(member.kind) {
        Some(of) => json!({"value": member.id, "$ref": call.location(of, member.id), "type": of.name}),
        // A contact or a device: a member, and nothing that SCIM has an address for.
        None => json!({"value": member.id}),
    })
    .await
}

/// None where there are more than there is room for.
async fn linked(
    call: &Call,
    query: ListQuery,
    room: usize,
    show: impl Fn(&StoredObject) -> Value,
) -> Result<Option<Vec<Value>>> {
    let mut query = ListQuery { top: 999, ..query };
    let mut shown = Vec::new();
    loop {
        let page = call.state.store.list(query.clone()).await?;
        if page.items.len() > room.saturating_sub(shown.len()) {
            return Ok(None);
        }
        shown.extend(page.items.iter().map(&show));
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(Some(shown)),
        }
    }
}
