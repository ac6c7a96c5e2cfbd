//! Delta queries: all of a kind first, then what changed, by links that hold the whole question.
//!
//! Source: Microsoft Graph's "Use delta query to track changes in Microsoft Graph data". A link lives seven days.

use super::answer::{Call, respond};
use super::odata::filter;
use super::odata::text;
use super::resource::{Resource, Selection, odata_type};
use crate::error::ApiError;
use crate::state::ApiState;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderValue, StatusCode, header};
use jiff::SignedDuration;
use lockstep_model::{ObjectId, ObjectKind, TenantId, Timestamp};
use lockstep_tenant::changes::{Changed, ChangesQuery, ObjectChange};
use lockstep_tenant::{Comparison, Field, Filter, ListQuery, Literal};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// How long a delta link lives.
const LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Objects of a page.
const PAGE: usize = 200;
/// Members told with a group; those of a larger group follow on pages of their own.
const MEMBERS: usize = 500;
/// Ids that a `$filter` may name.
const MAX_IDS: usize = 50;

/// Where a client stands. It travels in the link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Token {
    /// What is asked for: `users`.
    set: String,
    /// Whose link it is. Absent in old ones, which are the first tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    select: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    ids: Vec<ObjectId>,
    /// What is told once this round is over is up to here.
    mark: i64,
    /// When the mark was given, in microseconds.
    at: i64,
    round: Round,
    /// A group whose members are told before anything else, and where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<(ObjectId, i64)>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Round {
    /// All that is there, after this place.
    All(Option<String>),
    /// What changed after one mark, up to the token's; given at (microseconds).
    Changes(i64, i64),
    Done,
}

/// `GET /users/delta` and its like.
pub(super) async fn delta(call: &Call, resource: Resource) -> Result<Response, ApiError> {
    let (kind, set) = (resource.kind(), resource.set());
    let options = &call.options;
    if options.top.is_some()
        || options.search.is_some()
        || options.orderby.is_some()
        || options.count
        || !options.expand.is_empty()
    {
        return Err(ApiError::unsupported_query(
            "A delta query takes '$select' and a '$filter' on ids; ask for smaller pages by 'Prefer: odata.maxpagesize'.",
        ));
    }
    let now = call.state.now();
    let token = match (&options.skiptoken, &options.deltatoken) {
        (Some(_), Some(_)) => return Err(ApiError::bad_request("A link has one token.")),
        (Some(text), None) => decode(text, set, &call.state)?,
        (None, Some(text)) if !text.eq_ignore_ascii_case("latest") => {
            let token = decode(text, set, &call.state)?;
            let given = Timestamp::from_microsecond(token.at).unwrap_or(Timestamp::UNIX_EPOCH);
            if now.duration_since(given) > LIFE {
                return Ok(gone(call));
            }
            let mark = call.state.store.change_mark().await?;
            Token { round: Round::Changes(token.mark, token.at), mark, at: now.as_microsecond(), ..token }
        }
        (None, latest) => Token {
            set: set.to_owned(),
            tenant: call.state.tenant,
            select: options.select.clone(),
            ids: options.filter.as_deref().map(ids).transpose()?.unwrap_or_default(),
            mark: call.state.store.change_mark().await?,
            at: now.as_microsecond(),
            round: if latest.is_some() { Round::Done } else { Round::All(None) },
            group: None,
        },
    };
    let page = Page {
        call,
        kind,
        resource,
        selection: Selection::of(token.select.as_deref()),
        size: call.page_size.unwrap_or(PAGE),
        members: kind != Some(ObjectKind::User)
            && token.select.as_ref().is_none_or(|names| names_members(names)),
        items: Vec::new(),
    };
    page.answer(token).await
}

fn names_members(names: &[String]) -> bool {
    names.iter().any(|name| name == "*" || name.eq_ignore_ascii_case("members"))
}

/// The ids of `id eq 'a' or id eq 'b'`.
fn ids(text: &str) -> Result<Vec<ObjectId>, ApiError> {
    fn gather(filter: Filter, found: &mut Vec<ObjectId>) -> Option<()> {
        match filter {
            Filter::Or(any) => any.into_iter().try_for_each(|filter| gather(filter, found)),
            Filter::Compare { field: Field::Id, how: Comparison::Eq, value: Literal::Text(text) } => {
                found.push(text.parse().ok()?);
                Some(())
            }
            _ => None,
        }
    }
    let mut found = Vec::new();
    let only_ids = gather(filter::parse(text, Resource::Object)?, &mut found);
    if only_ids.is_none() || found.len() > MAX_IDS {
        return Err(ApiError::unsupported_query(format!(
            "A delta query is filtered by 'id eq', joined by 'or', at most {MAX_IDS} times."
        )));
    }
    Ok(found)
}

fn decode(text: &str, set: &str, state: &ApiState) -> Result<Token, ApiError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let token: Option<Token> = bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    token
        .filter(|token| token.set == set)
        .filter(|token| token.tenant == state.tenant || (token.tenant.is_none() && state.is_first))
        .ok_or_else(|| ApiError::bad_request("The token of the link is not valid; begin anew without it."))
}

/// The client is to begin anew.
fn gone(call: &Call) -> Response {
    let message =
        "The link is too old, or more changed than can be told; begin anew at the address in 'Location'.";
    let mut response = ApiError::new(StatusCode::GONE, "syncStateNotFound", message).into_response();
    if let Ok(address) = HeaderValue::from_str(&call.address) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    response
}

struct Page<'c> {
    call: &'c Call,
    kind: Option<ObjectKind>,
    resource: Resource,
    selection: Selection,
    size: usize,
    members: bool,
    items: Vec<Value>,
}

impl Page<'_> {
    async fn answer(mut self, mut token: Token) -> Result<Response, ApiError> {
        match (token.group.take(), token.round.clone()) {
            (Some((group, after)), _) => self.group(group, after, &mut token).await?,
            (None, Round::All(after)) => self.all(after, &mut token).await?,
            (None, Round::Changes(after, given)) => {
                if !self.changes(after, given, &mut token).await? {
                    return Ok(gone(self.call));
                }
            }
            (None, Round::Done) => {}
        }
        let over = token.round == Round::Done && token.group.is_none();
        let mut answer = Map::new();
        let select = token.select.as_ref().map_or_else(String::new, |names| format!("({})", names.join(",")));
        let context = format!("{}/$metadata#{}{select}", self.call.root, token.set);
        answer.insert("@odata.context".into(), context.into());
        let (name, option) =
            if over { ("@odata.deltaLink", "$deltatoken") } else { ("@odata.nextLink", "$skiptoken") };
        let bytes =
            serde_json::to_vec(&token).map_err(|_| ApiError::unavailable("The link cannot be made."))?;
        let mut link = format!("{}?{option}=", self.call.address);
        text::encode(&URL_SAFE_NO_PAD.encode(bytes), &mut link);
        answer.insert(name.into(), link.into());
        answer.insert("value".into(), Value::Array(self.items));
        respond(&answer)
    }

    /// A page of all that is there.
    async fn all(&mut self, after: Option<String>, token: &mut Token) -> Result<(), ApiError> {
        let ids = token.ids.iter().map(|id| Literal::Text(id.to_string())).collect::<Vec<_>>();
        let filter = (!ids.is_empty()).then_some(Filter::In { field: Field::Id, values: ids });
        let mut query =
            ListQuery { kind: self.kind, filter, top: self.size.min(999), after, ..ListQuery::default() };
        let next = 'pages: loop {
            let page = self.call.state.store.list(query.clone()).await?;
            for (at, object) in page.items.iter().enumerate() {
                let mut item = self.render(object);
                if self.members && object.kind == ObjectKind::Group {
                    let (members, more) = self.call.state.store.members_by_id(object.id, 0, MEMBERS).await?;
                    if more.is_some() && at + 1 < page.items.len() {
                        // Anew, with a page that ends with this group, so that the next ones can tell its other
                        // members. Where it ends and what it tells are of one read: between two an object may go, and
                        // the place would be behind one that was never told.
                        self.items.clear();
                        query.top = at + 1;
                        continue 'pages;
                    }
                    token.group = more.map(|more| (object.id, more));
                    if !members.is_empty() {
                        let told = members.iter().map(|m| member(m.0, m.1, true)).collect();
                        item.insert("members@delta".into(), told);
                    }
                }
                self.items.push(item.into());
            }
            break page.next;
        };
        token.round = next.map_or(Round::Done, |next| Round::All(Some(next)));
        Ok(())
    }

    /// A page of one group's members.
    async fn group(&mut self, group: ObjectId, after: i64, token: &mut Token) -> Result<(), ApiError> {
        let (members, more) = self.call.state.store.members_by_id(group, after, MEMBERS).await?;
        token.group = more.map(|more| (group, more));
        if !members.is_empty() {
            let told: Vec<Value> = members.iter().map(|(id, kind)| member(*id, *kind, true)).collect();
            let mut item = Map::new();
            if self.resource == Resource::Object {
                item.insert("@odata.type".into(), odata_type(ObjectKind::Group).into());
            }
            item.insert("id".into(), group.to_string().into());
            item.insert("members@delta".into(), told.into());
            self.items.push(item.into());
        }
        Ok(())
    }

    /// A page of what changed; false where the client must begin anew.
    async fn changes(&mut self, after: i64, given: i64, token: &mut Token) -> Result<bool, ApiError> {
        let query = ChangesQuery {
            kind: self.kind,
            after,
            given_at: Timestamp::from_microsecond(given).unwrap_or(Timestamp::UNIX_EPOCH),
            upto: token.mark,
            top: self.size,
            members: self.members,
        };
        let Some(page) = self.call.state.store.changes(query).await? else { return Ok(false) };
        for change in page.items {
            if (token.ids.is_empty() || token.ids.contains(&change.id))
                && let Some(item) = self.changed(&change, token.select.as_deref())
            {
                self.items.push(item);
            }
        }
        token.group =
            page.all_members_of.filter(|id| token.ids.is_empty() || token.ids.contains(id)).map(|id| (id, 0));
        token.round = page.next.map_or(Round::Done, |next| Round::Changes(next, given));
        Ok(true)
    }

    fn changed(&self, change: &ObjectChange, select: Option<&[String]>) -> Option<Value> {
        let removed = |reason: &str| json!({"id": change.id, "@removed": {"reason": reason}});
        let Some(object) = &change.object else { return Some(removed("deleted")) };
        if object.deleted_at.is_some() {
            return Some(removed("changed"));
        }
        let wanted = match (&change.changed, select) {
            (Changed::All, _) => true,
            (Changed::Names(names), None) => !names.is_empty(),
            (Changed::Names(names), Some(select)) => names
                .iter()
                .any(|name| select.iter().any(|asked| asked == "*" || asked.eq_ignore_ascii_case(name))),
        };
        let links = self.members && !change.members.is_empty();
        if !wanted && !links {
            return None;
        }
        let mut item = self.render(object);
        if links {
            let told = change.members.iter().map(|m| member(m.id, m.kind, m.is_member)).collect();
            item.insert("members@delta".into(), told);
        }
        Some(item.into())
    }

    fn render(&self, object: &lockstep_tenant::StoredObject) -> Map<String, Value> {
        let mut item = self.selection.render(self.resource, object);
        item.insert("id".into(), object.id.to_string().into());
        item
    }
}

fn member(id: ObjectId, kind: ObjectKind, is_member: bool) -> Value {
    if is_member {
        json!({"@odata.type": odata_type(kind), "id": id})
    } else {
        json!({"@odata.type": odata_type(kind), "id": id, "@removed": {"reason": "deleted"}})
    }
}
