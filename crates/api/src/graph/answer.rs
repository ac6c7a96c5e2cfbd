//! What every Graph answer has in common: addresses, `@odata` annotations, headers, pages.

use super::Version;
use super::expand::Links;
use super::odata::options::Options;
use super::odata::text;
use super::resource::{Resource, Selection};
use crate::address::Site;
use crate::body;
use crate::error::ApiError;
use crate::state::ApiState;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use lockstep_tenant::{ListQuery, Role, StoredObject};
use serde_json::{Map, Value};

const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");
const MEDIA_TYPE: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// One request to Graph.
pub(super) struct Call {
    pub(super) state: ApiState,
    pub(super) version: Version,
    pub(super) options: Options,
    /// Who asks.
    pub(super) caller: Caller,
    /// Items a page that the client would like (`Prefer: odata.maxpagesize=`).
    pub(super) page_size: Option<usize>,
    /// What the client has already (`If-None-Match`).
    pub(super) none_match: Option<String>,
    /// `https://host/v1.0`
    pub(super) root: String,
    /// The request's own address without its query.
    pub(super) address: String,
}

/// Who asks, as far as Graph cares.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) role: Role,
}

impl Call {
    pub(super) fn new(
        state: ApiState,
        version: Version,
        path: &str,
        headers: &HeaderMap,
        site: &Site,
        options: Options,
        caller: Caller,
    ) -> Self {
        let base = crate::address::base(&state, headers, site);
        let root = format!("{base}/{}", version.segment());
        let address = format!("{base}{}", path.trim_end_matches('/'));
        let page_size = page_size(headers);
        let none_match = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
        let none_match = none_match.map(str::to_owned);
        Self { state, version, options, caller, page_size, none_match, root, address }
    }

    /// `@odata.context` of a set or, with `/$entity`, of one of its items.
    pub(super) fn context(&self, what: &str) -> String {
        let select = match &self.options.select {
            Some(names) => format!("({})", names.join(",")),
            None => String::new(),
        };
        match what.split_once('/') {
            Some((set, rest)) => format!("{}/$metadata#{set}{select}/{rest}", self.root),
            None => format!("{}/$metadata#{what}{select}", self.root),
        }
    }

    /// The address of something below this version's root.
    pub(super) fn link(&self, path: &str) -> String {
        format!("{}/{path}", self.root)
    }

    /// One item.
    pub(super) fn entity(&self, set: &str, mut item: Map<String, Value>) -> Result<Response, ApiError> {
        item.insert("@odata.context".into(), self.context(&format!("{set}/$entity")).into());
        respond(&item)
    }

    /// A short list, answered whole; what would choose or order its items is refused, not passed over.
    pub(super) fn all(&self, set: &str, items: Vec<Map<String, Value>>) -> Result<Response, ApiError> {
        let options = &self.options;
        if options.filter.is_some() || options.search.is_some() || options.orderby.is_some() {
            return Err(ApiError::unsupported_query(
                "This list is answered whole; only '$select' and '$count' are supported.",
            ));
        }
        let mut answer = Map::new();
        answer.insert("@odata.context".into(), self.context(set).into());
        if self.options.count {
            answer.insert("@odata.count".into(), items.len().into());
        }
        answer.insert("value".into(), items.into_iter().map(Value::Object).collect::<Vec<_>>().into());
        respond(&answer)
    }

    /// A question for the store out of this call's options. `base` says what list it is.
    pub(super) fn query(&self, resource: Resource, base: ListQuery) -> Result<ListQuery, ApiError> {
        let options = &self.options;
        let mut query = ListQuery { top: options.top.unwrap_or(100), ..base };
        if let Some(text) = &options.filter {
            query.filter = Some(super::odata::filter::parse(text, resource)?);
        }
        if let Some(text) = &options.search {
            super::odata::search::apply(text, resource, &mut query)?;
        }
        if let Some(text) = &options.orderby {
            query.sort = super::odata::orderby::parse(text, resource)?;
        }
        query.after.clone_from(&options.skiptoken);
        // The count comes with the first page only.
        query.count = options.count && options.skiptoken.is_none();
        Ok(query)
    }

    /// A page of objects.
    pub(super) async fn page(
        &self,
        set: &str,
        resource: Resource,
        base: ListQuery,
    ) -> Result<Response, ApiError> {
        let query = self.query(resource, base)?;
        let selection = Selection::of(self.options.select.as_deref());
        let page = self.state.store.list(query).await?;
        let mut answer = Map::new();
        answer.insert("@odata.context".into(), self.context(set).into());
        if let Some(count) = page.count {
            answer.insert("@odata.count".into(), count.into());
        }
        if let Some(next) = page.next {
            answer.insert("@odata.nextLink".into(), self.next_link(&next).into());
        }
        let mut items = Vec::with_capacity(page.items.len());
        let mut links = Links::of(self, resource)?;
        for object in &page.items {
            let mut item = selection.render(resource, object);
            links.add(object, &mut item).await?;
            items.push(Value::Object(item));
        }
        answer.insert("value".into(), Value::Array(items));
        respond(&answer)
    }

    /// How many there are, as text.
    pub(super) async fn count(&self, resource: Resource, base: ListQuery) -> Result<Response, ApiError> {
        let mut query = self.query(resource, base)?;
        query.count = true;
        query.top = 1;
        query.after = None;
        query.sort = None;
        let count = self.state.store.list(query).await?.count.unwrap_or(0);
        let media_type = [(header::CONTENT_TYPE, "text/plain")];
        Ok((media_type, count.to_string()).into_response())
    }

    /// One object.
    pub(super) async fn object(
        &self,
        set: &str,
        resource: Resource,
        object: &StoredObject,
    ) -> Result<Response, ApiError> {
        let selection = Selection::of(self.options.select.as_deref());
        let mut item = selection.render(resource, object);
        Links::of(self, resource)?.add(object, &mut item).await?;
        self.entity(set, item)
    }

    /// The address of the next page: this request's own options and the token.
    pub(super) fn next_link(&self, token: &str) -> String {
        let mut link = format!("{}?", self.address);
        for (name, value) in &self.options.pairs {
            link.push_str(name);
            link.push('=');
            text::encode(value, &mut link);
            link.push('&');
        }
        link.push_str("$skiptoken=");
        text::encode(token, &mut link);
        link
    }
}

/// An answer with Graph's headers.
pub(super) fn respond(value: &Map<String, Value>) -> Result<Response, ApiError> {
    let mut response = body::json_as(value, MEDIA_TYPE)?;
    response.headers_mut().insert(ODATA_VERSION, HeaderValue::from_static("4.0"));
    Ok(response)
}

/// `Prefer: odata.maxpagesize=50`, 1 to 999.
fn page_size(headers: &HeaderMap) -> Option<usize> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let mut sizes = values.flat_map(|value| value.split(',')).filter_map(|part| {
        let (name, value) = part.split_once('=')?;
        let name = name.trim();
        let known =
            name.eq_ignore_ascii_case("odata.maxpagesize") || name.eq_ignore_ascii_case("maxpagesize");
        value.trim().parse::<usize>().ok().filter(|size| known && (1..=999).contains(size))
    });
    sizes.next_back()
}

/// Graph's form of a time: seconds, UTC.
pub(super) fn time(at: lockstep_model::Timestamp) -> Value {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().into()
}

/// A JSON object as a map.
pub(super) fn map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// Keeps of an object what `$select` names; its id always stays out unless named, as in Graph.
pub(super) fn select(value: Value, names: Option<&[String]>) -> Map<String, Value> {
    let mut map = map(value);
    if let Some(names) = names
        && !names.iter().any(|name| name == "*")
    {
        map.retain(|key, _| key.starts_with('@') || names.iter().any(|name| name.eq_ignore_ascii_case(key)));
    }
    map
}
