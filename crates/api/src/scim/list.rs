//! Reading: one resource, and lists by index (RFC 7644 section 3.4.2.4) or by cursor (RFC 9865).
//!
//! What of a filter the store cannot answer is looked at here, resource by resource, and not without end.

use super::error::{Result, ScimError};
use super::evaluate::{check, holds};
use super::filter::{self, Filter};
use super::query::{self, question};
use super::schema::{GROUPS, ResourceType, USERS};
use super::sort::{self, Order};
use super::view::{self, Selection, Whole, type_of, whole, whole_within};
use super::{Call, Conditions, Reply, user};
use crate::graph::text;
use http::StatusCode;
use lockstep_model::ObjectId;
use lockstep_tenant::{Filter as StoreFilter, ListQuery, StoredObject};
use serde_json::{Map, Value, json};

pub(super) const LIST_RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const SEARCH_REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";
/// Resources of a page, where not said, and at most.
pub(super) const DEFAULT_PAGE: usize = 100;
pub(super) const MAX_PAGE: usize = 999;
/// Resources that a filter without an index looks at.
pub(super) const MAX_SCAN: usize = 50_000;

/// What a list is asked for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) selection: Selection,
    filter: Option<String>,
    /// What the list is sorted by, and whether downwards.
    sort_by: Option<String>,
    descending: bool,
    start: Option<i64>,
    count: Option<i64>,
    /// A cursor; the first page has an empty one.
    cursor: Option<String>,
}

impl Asked {
    /// Out of the address. Parameters that are not known are passed over.
    pub(super) fn of_query(query: &str) -> Result<Self> {
        let mut asked = Self::default();
        let (mut only, mut without) = (None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (key, value) = (text::decode(key, true)?, text::decode(value, true)?);
            let names = |value: &str| {
                value.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
            };
            match key.to_ascii_lowercase().as_str() {
                "filter" if !value.trim().is_empty() => asked.filter = Some(value),
                "attributes" => only = Some(names(&value)),
                "excludedattributes" => without = names(&value),
                "startindex" => asked.start = Some(number(&key, &value)?),
                "count" => asked.count = Some(number(&key, &value)?),
                "cursor" => asked.cursor = Some(value),
                "sortby" if !value.trim().is_empty() => asked.sort_by = Some(value.trim().to_owned()),
                "sortorder" => asked.descending = sort::is_descending(&value)?,
                _ => {}
            }
        }
        asked.selection = Selection::new(only, without);
        Ok(asked)
    }

    /// Out of the body of a `/.search`.
    pub(super) fn of_body(body: Value) -> Result<Self> {
        let Value::Object(fields) = body else { return Err(ScimError::syntax("A search is a JSON object.")) };
        let mut asked = Self::default();
        let (mut only, mut without) = (None, Vec::new());
        let schemas = fields.get("schemas").and_then(Value::as_array);
        if !schemas.is_some_and(|schemas| schemas.iter().any(|schema| schema == SEARCH_REQUEST)) {
            return Err(ScimError::syntax(format!("The schemas of a search have {SEARCH_REQUEST}.")));
        }
        let wrong = |key: &str| ScimError::value(format!("'{key}' of the search has a wrong form."));
        let names = |key: &str, value: Value| -> Result<Vec<String>> {
            serde_json::from_value(value).map_err(|_| wrong(key))
        };
        for (key, value) in fields {
            match (key.to_ascii_lowercase().as_str(), value) {
                (_, Value::Null) => {}
                ("filter", Value::String(text)) => asked.filter = Some(text),
                ("attributes", value) => only = Some(names(&key, value)?),
                ("excludedattributes", value) => without = names(&key, value)?,
                ("startindex", value) => asked.start = Some(value.as_i64().ok_or_else(|| wrong(&key))?),
                ("count", value) => asked.count = Some(value.as_i64().ok_or_else(|| wrong(&key))?),
                ("cursor", Value::String(text)) => asked.cursor = Some(text),
                ("sortby", Value::String(name)) if !name.trim().is_empty() => {
                    asked.sort_by = Some(name.trim().to_owned());
                }
                ("sortorder", Value::String(order)) => asked.descending = sort::is_descending(&order)?,
                ("filter" | "cursor" | "sortby" | "sortorder", _) => return Err(wrong(&key)),
                _ => {}
            }
        }
        asked.selection = Selection::new(only, without);
        Ok(asked)
    }
}

fn number(key: &str, value: &str) -> Result<i64> {
    let kind = if key.eq_ignore_ascii_case("count") { "invalidCount" } else { "invalidValue" };
    value.parse().map_err(|_| ScimError::bad(kind, format!("'{key}' is a whole number.")))
}

/// `GET /Users/{id}`
pub(super) async fn get(
    call: &Call,
    of: &'static ResourceType,
    id: &str,
    query: &str,
    conditions: &Conditions,
) -> Result<Reply> {
    let object = find(call, of, id).await?;
    let (version, location) = (Some(object.version), Some(call.location(of, object.id)));
    let selection = Asked::of_query(query)?.selection;
    // A member or a manager that is deleted is gone from the answer, and the resource has the version it had.
    if conditions.has(object.version) && !selection.has_links(of) {
        return Ok(Reply { status: StatusCode::NOT_MODIFIED, body: None, location: None, version });
    }
    let resource = whole(call, &object, &selection, &[]).await?;
    let body = Some(Value::Object(selection.project(of, resource)));
    Ok(Reply { status: StatusCode::OK, body, location, version })
}

/// The living object of an id, of this kind.
pub(super) async fn find(call: &Call, of: &ResourceType, id: &str) -> Result<StoredObject> {
    let not_found = || ScimError::not_found(id);
    let key: ObjectId = id.parse().map_err(|_| not_found())?;
    let object = call.state.store.object(key).await?;
    object.filter(|object| object.kind == of.kind && object.deleted_at.is_none()).ok_or_else(not_found)
}

/// What a filter comes to.
struct Search {
    query: ListQuery,
    /// What is to be looked at afterwards.
    filter: Option<Filter>,
    /// Attributes that the filter needs and an answer may not show.
    also: Vec<&'static str>,
    /// Nothing can be meant.
    nothing: bool,
}

fn search(call: &Call, of: Option<&'static ResourceType>, asked: &Asked) -> Result<Search> {
    let query = ListQuery { kind: of.map(|of| of.kind), ..ListQuery::default() };
    let mut search = Search { query, filter: None, also: Vec::new(), nothing: false };
    let Some(text) = &asked.filter else {
        if of.is_none() {
            // The tenant holds contacts and devices too: what is no resource is not counted.
            search.filter = Some(Filter::Present("id".into()));
        }
        return Ok(search);
    };
    let mut filter = filter::parse(text)?;
    let names = |name: &str| {
        let mut names = vec![name.to_owned()];
        names.extend(user::substitutes(name, call.initial_domain()));
        names
    };
    match of {
        Some(of) => {
            check(&filter, of)?;
            if of.name == GROUPS.name {
                let (member, rest) = query::member_of(filter, of);
                if let Some(member) = member {
                    match member.parse() {
                        Ok(member) => search.query.groups_of = Some(member),
                        Err(_) => search.nothing = true,
                    }
                }
                let Some(rest) = rest else { return Ok(search) };
                filter = rest;
            }
            let asked = question(&filter, of, &names);
            search.query.filter = asked.filter;
            if asked.exact {
                return Ok(search);
            }
        }
        None => {
            let both = [&USERS, &GROUPS].map(|of| question(&filter, of, &names).filter);
            if let [Some(users), Some(groups)] = both {
                search.query.filter = Some(StoreFilter::Or(vec![users, groups]));
            }
        }
    }
    for of in [&USERS, &GROUPS] {
        for attribute in ["groups", "members"] {
            if query::mentions(&filter, of, attribute) {
                search.also.push(attribute);
            }
        }
    }
    search.filter = Some(filter);
    Ok(search)
}

/// `GET /Users`, `POST /Users/.search`, and over both kinds `POST /.search`.
pub(super) async fn list(call: &Call, of: Option<&'static ResourceType>, asked: Asked) -> Result<Reply> {
    if asked.cursor.is_some() && asked.start.is_some() {
        return Err(ScimError::value("A list is paged by `startIndex` or by `cursor`, not by both."));
    }
    let count = match asked.count {
        Some(count) if asked.cursor.is_some() && count < 0 => {
            return Err(ScimError::bad("invalidCount", "With a cursor, `count` is 0 or more."));
        }
        Some(count) => usize::try_from(count).unwrap_or(0).min(MAX_PAGE),
        None => DEFAULT_PAGE,
    };
    let mut search = search(call, of, &asked)?;
    let order = asked.sort_by.as_deref().map(|name| Order::of(name, asked.descending, of)).transpose()?;
    // What the store has an order for is read in it, however much there is.
    let key = order.as_ref().and_then(|order| order.of_store(of));
    search.query.sort = key;
    let order = order.filter(|_| key.is_none());
    let found = match (&asked.cursor, order, search.nothing) {
        (_, _, true) => Found::default(),
        (Some(_), Some(_), _) => {
            return Err(ScimError::value(
                "A list is paged by `cursor` in the order of id, userName, meta.created or a group's displayName; \
                 otherwise page a sorted list by `startIndex`.",
            ));
        }
        (Some(cursor), None, _) => by_cursor(call, &asked.selection, search, cursor, count).await?,
        (None, Some(order), _) => sorted(call, &asked.selection, search, &asked, &order, count).await?,
        (None, None, _) => by_index(call, &asked.selection, search, &asked, count).await?,
    };
    let mut answer = Map::new();
    answer.insert("schemas".into(), json!([LIST_RESPONSE]));
    if let Some(total) = found.total.or((asked.cursor.is_none()).then_some(0)) {
        answer.insert("totalResults".into(), total.into());
    }
    answer.insert("itemsPerPage".into(), found.resources.len().into());
    if asked.cursor.is_none() {
        answer.insert("startIndex".into(), asked.start.unwrap_or(1).max(1).into());
    }
    if let Some(next) = found.next {
        answer.insert("nextCursor".into(), next.into());
    }
    answer.insert("Resources".into(), found.resources.into());
    Ok(Reply::ok(Value::Object(answer)))
}

#[derive(Default)]
struct Found {
    resources: Vec<Value>,
    total: Option<u64>,
    next: Option<String>,
}

/// What becomes of an object in a list.
enum Judged {
    /// The filter does not mean it.
    Not,
    /// It is meant, and not shown.
    Meant,
    Shown(Value),
    /// Shown without its members or groups: there was no room for them.
    Short(Value),
}

async fn judged(
    call: &Call,
    selection: &Selection,
    search: &Search,
    object: &StoredObject,
    room: Option<&mut usize>,
) -> Result<Judged> {
    let Some(of) = type_of(object.kind) else { return Ok(Judged::Not) };
    if let Some(filter) = &search.filter {
        // What costs something is loaded for the filter only where it asks for it, and for the answer only where it is
        // one.
        let lean = Selection::new(None, vec!["members".to_owned()]);
        let resource = whole(call, object, &lean, &search.also).await?;
        if !holds(filter, of, &resource) {
            return Ok(Judged::Not);
        }
    }
    let Some(room) = room else { return Ok(Judged::Meant) };
    let Whole { fields, left_out } = whole_within(call, object, selection, &[], room).await?;
    let shown = Value::Object(selection.project(of, fields));
    Ok(if left_out { Judged::Short(shown) } else { Judged::Shown(shown) })
}

/// A page ends where there is no room for a resource's members; the next one begins with it. One that has more than a
/// whole answer has room for is shown without them.
async fn by_cursor(
    call: &Call,
    selection: &Selection,
    search: Search,
    cursor: &str,
    count: usize,
) -> Result<Found> {
    let mut found = Found::default();
    let mut query = search.query.clone();
    query.after = Some(cursor.to_owned()).filter(|cursor| !cursor.is_empty());
    query.count = search.filter.is_none() && query.after.is_none();
    // Pages of the store are as large as the answer: with a filter one may come with few, and a cursor goes on. What is
    // looked at for one answer has an end.
    query.top = count.clamp(1, MAX_PAGE);
    let mut seen = 0;
    'pages: loop {
        let page = call.state.store.list(query.clone()).await?;
        found.total = found.total.or(page.count);
        if search.filter.is_none() && count == 0 {
            return Ok(found);
        }
        let mut room = call.state.limits.links;
        for (at, object) in page.items.iter().enumerate() {
            match judged(call, selection, &search, object, Some(&mut room)).await? {
                Judged::Not | Judged::Meant => {}
                Judged::Short(_) if !found.resources.is_empty() => {
                    // Anew, with a page that ends before this one: what is shown and the cursor are of one read.
                    found.resources.clear();
                    query.top = at;
                    continue 'pages;
                }
                Judged::Short(shown) | Judged::Shown(shown) => found.resources.push(shown),
            }
        }
        seen += page.items.len();
        found.next = page.next;
        let enough = !found.resources.is_empty() || seen >= MAX_SCAN || found.next.is_none();
        if enough || search.filter.is_none() {
            return Ok(found);
        }
        query.after.clone_from(&found.next);
    }
}

/// An answer with less than `count` says so in `itemsPerPage`: it ends where there is no room for a resource's members.
async fn by_index(
    call: &Call,
    selection: &Selection,
    search: Search,
    asked: &Asked,
    count: usize,
) -> Result<Found> {
    let skip = usize::try_from(asked.start.unwrap_or(1).max(1) - 1).unwrap_or(usize::MAX);
    let mut found = Found::default();
    let mut room = call.state.limits.links;
    let mut query = search.query.clone();
    if search.filter.is_none() {
        query.count = true;
        query.skip = skip;
        query.top = count.max(1);
        let page = call.state.store.list(query).await?;
        found.total = page.count;
        for object in page.items.iter().take(count) {
            match judged(call, selection, &search, object, Some(&mut room)).await? {
                Judged::Not | Judged::Meant => {}
                Judged::Short(_) if !found.resources.is_empty() => break,
                Judged::Short(shown) | Judged::Shown(shown) => found.resources.push(shown),
            }
        }
        return Ok(found);
    }
    query.top = MAX_PAGE;
    let (mut seen, mut total, mut full) = (0, 0, false);
    loop {
        let page = call.state.store.list(query.clone()).await?;
        for object in &page.items {
            seen += 1;
            let show = total >= skip && found.resources.len() < count && !full;
            match judged(call, selection, &search, object, show.then_some(&mut room)).await? {
                Judged::Not => continue,
                Judged::Meant => {}
                Judged::Short(_) if !found.resources.is_empty() => full = true,
                Judged::Short(shown) | Judged::Shown(shown) => found.resources.push(shown),
            }
            total += 1;
        }
        if page.next.is_none() {
            found.total = Some(u64::try_from(total).unwrap_or(0));
            return Ok(found);
        }
        if seen >= MAX_SCAN {
            return Err(ScimError::bad(
                "tooMany",
                format!(
                    "The filter has no index, and there are more than {MAX_SCAN} resources to look at. Filter by id, \
                     userName eq, externalId, displayName, emails[type eq \"work\" and value eq ...], title, department, \
                     employeeNumber or name; or page by cursor."
                ),
            ));
        }
        query.after = page.next;
    }
}

fn too_many_to_sort() -> ScimError {
    let what = format!(
        "There are more than {MAX_SCAN} resources to put in order. Filter, or sort by id, userName, meta.created or a \
         group's displayName."
    );
    ScimError::bad("tooMany", what)
}

/// All that are meant are looked at and put in order, and the page's are read once more to be shown.
async fn sorted(
    call: &Call,
    selection: &Selection,
    search: Search,
    asked: &Asked,
    order: &Order,
    count: usize,
) -> Result<Found> {
    let lean = Selection::new(None, vec!["members".to_owned()]);
    let mut also = search.also.clone();
    also.extend(order.also());
    let mut query = ListQuery { top: MAX_PAGE, ..search.query.clone() };
    // What would be refused at the end is refused before the work.
    let counting = ListQuery { top: 1, count: true, ..query.clone() };
    let all = call.state.store.list(counting).await?.count.unwrap_or(0);
    if usize::try_from(all).unwrap_or(usize::MAX) > MAX_SCAN {
        return Err(too_many_to_sort());
    }
    let mut rows = Vec::new();
    loop {
        let page = call.state.store.list(query.clone()).await?;
        for object in &page.items {
            let Some(of) = type_of(object.kind) else { continue };
            let resource = whole(call, object, &lean, &also).await?;
            if search.filter.as_ref().is_none_or(|filter| holds(filter, of, &resource)) {
                rows.push((order.key(of, &resource), object.id));
            }
        }
        if page.next.is_none() {
            break;
        }
        // More may have come meanwhile.
        if rows.len() >= MAX_SCAN {
            return Err(too_many_to_sort());
        }
        query.after = page.next;
    }
    order.sort(&mut rows);
    let skip = usize::try_from(asked.start.unwrap_or(1).max(1) - 1).unwrap_or(usize::MAX);
    let mut found = Found { total: u64::try_from(rows.len()).ok(), ..Found::default() };
    let mut room = call.state.limits.links;
    let all = Search { query: ListQuery::default(), filter: None, also: Vec::new(), nothing: false };
    for (_, id) in rows.iter().skip(skip).take(count) {
        // One that went meanwhile is not there.
        let Some(object) = call.state.store.object(*id).await?.filter(|object| object.deleted_at.is_none())
        else {
            continue;
        };
        match judged(call, selection, &all, &object, Some(&mut room)).await? {
            Judged::Not | Judged::Meant => {}
            Judged::Short(_) if !found.resources.is_empty() => break,
            Judged::Short(shown) | Judged::Shown(shown) => found.resources.push(shown),
        }
    }
    Ok(found)
}

/// A resource after a write, as the answer shows it.
pub(super) async fn shown(call: &Call, object: &StoredObject, selection: &Selection) -> Result<Value> {
    let of = type_of(object.kind).ok_or_else(|| ScimError::not_found(&object.id.to_string()))?;
    let resource = view::whole(call, object, selection, &[]).await?;
    Ok(Value::Object(selection.project(of, resource)))
}
