//! `POST /Bulk`: many operations in one request (RFC 7644 section 3.7), each by itself; those that name what others make
//! (`bulkId:...`) come after them, wherever they stand.

use super::error::{Result, ScimError};
use super::schema::ResourceType;
use super::view::{Selection, etag};
use super::{Call, Conditions, Reply, type_named, write};
use http::StatusCode;
use lockstep_model::ObjectKind;
use lockstep_model::scim::ENTERPRISE;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Operations of one request.
pub(super) const MAX_OPERATIONS: usize = 1_000;
const BULK_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const BULK_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
const PATCH_OP: &str = lockstep_model::scim::PATCH;
const REFERENCE: &str = "bulkId:";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(default)]
    schemas: Vec<String>,
    #[serde(default)]
    fail_on_errors: Option<u64>,
    #[serde(rename = "Operations", alias = "operations")]
    operations: Vec<Sent>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    method: String,
    #[serde(default)]
    bulk_id: Option<String>,
    #[serde(default)]
    version: Option<String>,
    path: String,
    #[serde(default)]
    data: Option<Value>,
}

/// What became of one operation.
struct Done {
    status: StatusCode,
    location: Option<String>,
    version: Option<u64>,
    error: Option<Value>,
}

/// What was left out of a resource because it was not made yet.
struct Later {
    at: usize,
    of: &'static ResourceType,
    id: String,
    operation: Value,
    needs: BTreeSet<String>,
}

/// Executes a bulk request.
pub(super) async fn execute(call: &Call, sent: Value) -> Result<Reply> {
    let request: Request = serde_json::from_value(sent)
        .map_err(|error| ScimError::syntax(format!("The bulk request cannot be read: {error}.")))?;
    if !request.schemas.iter().any(|schema| schema == BULK_REQUEST) {
        return Err(ScimError::syntax(format!("The schemas of a bulk request have {BULK_REQUEST}.")));
    }
    if request.operations.len() > MAX_OPERATIONS {
        let detail = format!("A bulk request has at most {MAX_OPERATIONS} operations.");
        return Err(ScimError::new(StatusCode::PAYLOAD_TOO_LARGE, None, detail));
    }
    let sent = request.operations;
    let most_errors = request.fail_on_errors.unwrap_or(u64::MAX);
    let mut work = Work {
        call,
        sent: &sent,
        defined: sent.iter().filter_map(|one| one.bulk_id.as_deref()).collect(),
        made: BTreeMap::new(),
        failed: BTreeSet::new(),
        later: Vec::new(),
    };
    let mut done: BTreeMap<usize, Done> = BTreeMap::new();
    let mut errors = 0;
    for at in order(&sent) {
        if errors >= most_errors {
            break;
        }
        let result = work.one(at).await;
        errors += u64::from(result.error.is_some());
        done.insert(at, result);
        for (at, result) in work.catch_up().await {
            errors += 1;
            done.insert(at, result);
        }
    }
    let operations: Vec<Value> =
        done.into_iter().filter_map(|(at, done)| Some(shown(sent.get(at)?, done))).collect();
    Ok(Reply::ok(json!({"schemas": [BULK_RESPONSE], "Operations": operations})))
}

fn shown(sent: &Sent, done: Done) -> Value {
    let mut out = Map::new();
    out.insert("method".into(), sent.method.to_uppercase().into());
    if let Some(id) = &sent.bulk_id {
        out.insert("bulkId".into(), id.clone().into());
    }
    if let Some(location) = done.location {
        out.insert("location".into(), location.into());
    }
    if let Some(version) = done.version {
        out.insert("version".into(), etag(version).into());
    }
    out.insert("status".into(), done.status.as_u16().to_string().into());
    if let Some(error) = done.error {
        out.insert("response".into(), error);
    }
    Value::Object(out)
}

/// The order of the operations: as they came, but what one names is made before it.
fn order(sent: &[Sent]) -> Vec<usize> {
    let mut makers: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, one) in sent.iter().enumerate() {
        if let Some(id) = &one.bulk_id
            && one.method.eq_ignore_ascii_case("post")
        {
            makers.entry(id).or_insert(at);
        }
    }
    let mut order = Vec::with_capacity(sent.len());
    let mut seen = vec![false; sent.len()];
    for first in 0..sent.len() {
        // Depth first, without recursion: the second visit of an operation is after all that it names.
        let mut stack = vec![(first, false)];
        while let Some((at, named)) = stack.pop() {
            if named {
                order.push(at);
                continue;
            }
            match seen.get_mut(at) {
                Some(seen) if !*seen => *seen = true,
                _ => continue,
            }
            stack.push((at, true));
            let names = sent.get(at).map(needs).unwrap_or_default();
            stack.extend(names.iter().rev().filter_map(|id| makers.get(id.as_str())).map(|at| (*at, false)));
        }
    }
    order
}

/// The bulkIds that an operation names.
fn needs(sent: &Sent) -> BTreeSet<String> {
    let mut needs = BTreeSet::new();
    needs.extend(sent.path.split('/').filter_map(|part| part.strip_prefix(REFERENCE)).map(str::to_owned));
    if let Some(data) = &sent.data {
        references(data, &mut needs);
    }
    needs
}

struct Work<'a> {
    call: &'a Call,
    sent: &'a [Sent],
    /// All bulkIds that there are.
    defined: BTreeSet<&'a str>,
    /// What was made, by its bulkId.
    made: BTreeMap<String, String>,
    failed: BTreeSet<String>,
    later: Vec<Later>,
}

impl Work<'_> {
    /// Whether a bulkId is of an operation that is still to come: those two name each other.
    fn is_to_come(&self, id: &String) -> bool {
        let known = self.made.contains_key(id) || self.failed.contains(id);
        !known && self.defined.contains(id.as_str())
    }

    async fn one(&mut self, at: usize) -> Done {
        let Some(sent) = self.sent.get(at).cloned() else {
            return refused(ScimError::not_found("operation"), None);
        };
        let result = self.try_one(at, &sent).await;
        match result {
            Ok((reply, id)) => {
                if let (Some(bulk_id), Some(id)) = (&sent.bulk_id, id) {
                    self.made.insert(bulk_id.clone(), id);
                }
                Done { status: reply.status, location: reply.location, version: reply.version, error: None }
            }
            Err(error) => {
                self.failed.extend(sent.bulk_id);
                let location = (!sent.method.eq_ignore_ascii_case("post"))
                    .then(|| format!("{}/{}", self.call.root, sent.path.trim_start_matches('/')));
                refused(error, location)
            }
        }
    }

    async fn try_one(&mut self, at: usize, sent: &Sent) -> Result<(Reply, Option<String>)> {
        let method = sent.method.to_ascii_uppercase();
        if let Some(id) = &sent.bulk_id
            && method == "POST"
            && (self.made.contains_key(id) || self.failed.contains(id))
        {
            return Err(ScimError::value(format!("The bulkId '{id}' is given twice.")));
        }
        let mut data = sent.data.clone().unwrap_or(Value::Null);
        let mut parts = sent.path.trim_matches('/').splitn(2, '/');
        let of = parts.next().and_then(type_named);
        let of =
            of.ok_or_else(|| ScimError::path("The path of an operation begins with /Users or /Groups."))?;
        let id = parts.next().map(|id| self.resolved(id)).transpose()?;
        let mut later = None;
        if method == "POST" && needs(sent).iter().any(|id| self.is_to_come(id)) {
            later = leave_out(of, &mut data, &|id| self.is_to_come(id));
        }
        self.resolve(&mut data)?;
        let matches = sent.version.as_deref().map(|version| vec![super::tag(version)]);
        let conditions = Conditions { matches, none_match: None };
        // The answer names each resource; what it is like is not in it.
        let lean = Selection::new(Some(vec!["id".into()]), Vec::new());
        let (call, lean) = (self.call, &lean);
        match (method.as_str(), id) {
            ("POST", None) => {
                let reply = write::create(call, of, data, lean).await?;
                let id =
                    reply.location.as_deref().and_then(|text| text.rsplit('/').next()).map(str::to_owned);
                if let (Some((operation, needs)), Some(id)) = (later, id.clone()) {
                    self.later.push(Later { at, of, id, operation, needs });
                }
                Ok((reply, id))
            }
            ("PUT", Some(id)) => Ok((write::replace(call, of, &id, data, &conditions, lean).await?, None)),
            ("PATCH", Some(id)) => Ok((write::patch(call, of, &id, data, &conditions, lean).await?, None)),
            ("DELETE", Some(id)) => {
                let reply = write::delete(call, of, &id, &conditions).await?;
                let location = Some(format!("{}/{}/{id}", call.root, of.endpoint));
                Ok((Reply { location, ..reply }, None))
            }
            ("POST" | "PUT" | "PATCH" | "DELETE", _) => {
                Err(ScimError::path("POST goes to /Users or /Groups, all others to one resource there."))
            }
            _ => Err(ScimError::syntax("The method of an operation is POST, PUT, PATCH or DELETE.")),
        }
    }

    /// Makes the links that were left out, as soon as both ends are there. Answers those that failed.
    async fn catch_up(&mut self) -> Vec<(usize, Done)> {
        let mut failed = Vec::new();
        let mut at = 0;
        while let Some(later) = self.later.get(at) {
            let waits = later.needs.iter().any(|id| !self.made.contains_key(id) && !self.failed.contains(id));
            if waits {
                at += 1;
                continue;
            }
            let later = self.later.remove(at);
            let mut operation = later.operation;
            let result = match self.resolve(&mut operation) {
                Ok(()) => {
                    let (conditions, lean) =
                        (Conditions::default(), Selection::new(Some(vec!["id".into()]), Vec::new()));
                    write::patch(self.call, later.of, &later.id, operation, &conditions, &lean).await
                }
                Err(error) => Err(error),
            };
            if let Err(error) = result {
                let location = Some(format!("{}/{}/{}", self.call.root, later.of.endpoint, later.id));
                failed.push((later.at, refused(error, location)));
            }
        }
        failed
    }

    fn resolved(&self, text: &str) -> Result<String> {
        let Some(id) = text.strip_prefix(REFERENCE) else { return Ok(text.to_owned()) };
        self.made.get(id).cloned().ok_or_else(|| {
            let id: String = id.chars().take(100).collect();
            let detail = format!("The bulkId '{id}' names nothing that this request has made.");
            ScimError::new(StatusCode::CONFLICT, Some("invalidValue"), detail)
        })
    }

    fn resolve(&self, data: &mut Value) -> Result<()> {
        match data {
            Value::String(text) if text.starts_with(REFERENCE) => *text = self.resolved(text)?,
            Value::Array(values) => values.iter_mut().try_for_each(|value| self.resolve(value))?,
            Value::Object(fields) => fields.values_mut().try_for_each(|value| self.resolve(value))?,
            _ => {}
        }
        Ok(())
    }
}

fn refused(error: ScimError, location: Option<String>) -> Done {
    Done { status: error.status, location, version: None, error: Some(error.body()) }
}

fn references(data: &Value, into: &mut BTreeSet<String>) {
    match data {
        Value::String(text) => into.extend(text.strip_prefix(REFERENCE).map(str::to_owned)),
        Value::Array(values) => values.iter().for_each(|value| references(value, into)),
        Value::Object(fields) => fields.values().for_each(|value| references(value, into)),
        _ => {}
    }
}

/// Takes the links to what is not made yet out of a resource, and says by which PATCH they are made later.
fn leave_out(
    of: &ResourceType,
    data: &mut Value,
    is_to_come: &dyn Fn(&String) -> bool,
) -> Option<(Value, BTreeSet<String>)> {
    let open = |value: &Value| {
        let mut needs = BTreeSet::new();
        references(value, &mut needs);
        needs.into_iter().filter(|id| is_to_come(id)).collect::<BTreeSet<_>>()
    };
    let (path, value) = if of.kind == ObjectKind::User {
        let fields = data.get_mut(ENTERPRISE)?.as_object_mut()?;
        (format!("{ENTERPRISE}:manager"), fields.remove("manager")?)
    } else {
        let members = data.get_mut("members")?.as_array_mut()?;
        let (later, now): (Vec<Value>, Vec<Value>) =
            std::mem::take(members).into_iter().partition(|value| !open(value).is_empty());
        *members = now;
        ("members".to_owned(), Value::Array(later))
    };
    let needs = open(&value);
    let operation =
        json!({"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": path, "value": value}]});
    Some((operation, needs))
}
