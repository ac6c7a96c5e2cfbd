//! What the tenant holds, read through its public API.

use anyhow::{Context as _, bail};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use lockstep_model::{ErrorCode, ObjectKind, Properties, PropertyValue, SourceAnchor};
use lockstep_rules::Rules;
use lockstep_targets::{HttpSettings, http_client};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Requests in flight.
const IN_FLIGHT: usize = 8;
/// Objects of a page; the most that Graph gives.
const PAGE: usize = 999;

/// The tenant's API.
pub(super) struct Cloud {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// All that the tenant holds of synced objects.
#[derive(Default)]
pub(super) struct Held {
    pub(super) objects: BTreeMap<SourceAnchor, HeldObject>,
    pub(super) errors: Vec<HeldError>,
    /// The domain of sign-in names that could not be kept.
    pub(super) initial_domain: String,
}

/// One object of the tenant.
pub(super) struct HeldObject {
    pub(super) kind: ObjectKind,
    pub(super) properties: Properties,
    pub(super) manager: Option<SourceAnchor>,
    pub(super) members: BTreeSet<SourceAnchor>,
}

/// One error that the tenant reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct HeldError {
    pub(super) code: ErrorCode,
    pub(super) object: lockstep_model::ObjectRef,
    #[serde(default)]
    pub(super) other: Option<lockstep_model::ObjectRef>,
    #[serde(default)]
    pub(super) property: Option<String>,
    #[serde(default)]
    pub(super) value: Option<String>,
    pub(super) severity: lockstep_model::error::Severity,
    pub(super) message: String,
}

#[derive(Deserialize)]
struct GraphPage {
    value: Vec<Value>,
    #[serde(rename = "@odata.nextLink", default)]
    next: Option<String>,
}

#[derive(Deserialize)]
struct ErrorPage {
    value: Vec<HeldError>,
    #[serde(default)]
    next: Option<String>,
}

impl Cloud {
    pub(super) fn new(server: &str, token: &str) -> anyhow::Result<Self> {
        let http = http_client(HttpSettings::default())?;
        Ok(Self { http, base: server.trim_end_matches('/').to_owned(), token: token.trim().to_owned() })
    }

    /// Reads everything.
    pub(super) async fn read(&self, rules: &Rules) -> anyhow::Result<Held> {
        let status: Value = self.get(&format!("{}/api/v1/status", self.base)).await?;
        let initial_domain =
            status.pointer("/tenant/initialDomain").and_then(Value::as_str).unwrap_or_default();
        let mut held = Held { initial_domain: initial_domain.to_owned(), ..Held::default() };
        let mut anchors = HashMap::new();
        let mut ids = Vec::new();
        for kind in [ObjectKind::User, ObjectKind::Group] {
            self.read_objects(kind, rules, &mut held, &mut anchors, &mut ids).await?;
        }
        let links: Vec<_> = stream::iter(&ids)
            .map(|(kind, id)| self.read_links(*kind, id))
            .buffered(IN_FLIGHT)
            .try_collect()
            .await?;
        for ((kind, id), linked) in ids.iter().zip(links) {
            let Some(object) = anchors.get(id).and_then(|anchor| held.objects.get_mut(anchor)) else {
                continue;
            };
            for other in linked {
                // Cloud-only objects have no anchor, and the directory has no say about them.
                let Some(anchor) = anchors.get(&other).cloned() else { continue };
                match kind {
                    ObjectKind::User | ObjectKind::Contact | ObjectKind::Device => {
                        object.manager = Some(anchor)
                    }
                    ObjectKind::Group => {
                        object.members.insert(anchor);
                    }
                }
            }
        }
        held.errors = self.read_errors().await?;
        Ok(held)
    }

    async fn read_objects(
        &self,
        kind: ObjectKind,
        rules: &Rules,
        held: &mut Held,
        anchors: &mut HashMap<String, SourceAnchor>,
        ids: &mut Vec<(ObjectKind, String)>,
    ) -> anyhow::Result<()> {
        let properties = rules.properties(kind);
        let names: Vec<&str> = properties.iter().map(|p| p.as_str()).collect();
        let first = format!(
            "{}/v1.0/{}s?$select=id,onPremisesImmutableId,{}&$top={PAGE}",
            self.base,
            kind.as_str(),
            names.join(",")
        );
        self.pages(first, |object| {
            let text = |name: &str| object.get(name).and_then(Value::as_str);
            let id = text("id").context("an object of the tenant has no id")?.to_owned();
            let Some(anchor) = text("onPremisesImmutableId") else { return Ok(()) };
            let anchor = SourceAnchor::new(anchor).context("the tenant holds an anchor that is none")?;
            let mut of_cloud = Properties::new();
            for property in &properties {
                if let Some(value) = object.get(property.as_str()).and_then(value_of) {
                    of_cloud.0.insert(*property, value);
                }
            }
            anchors.insert(id.clone(), anchor.clone());
            ids.push((kind, id));
            let object = HeldObject { kind, properties: of_cloud, manager: None, members: BTreeSet::new() };
            held.objects.insert(anchor, object);
            Ok(())
        })
        .await
    }

    /// The ids of a user's manager or of a group's members.
    async fn read_links(&self, kind: ObjectKind, id: &str) -> anyhow::Result<Vec<String>> {
        let id_of = |object: &Value| {
            object.get("id").and_then(Value::as_str).map(str::to_owned).context("a linked object has no id")
        };
        if kind == ObjectKind::User {
            let manager: Option<Value> =
                self.get_some(&format!("{}/v1.0/users/{id}/manager?$select=id", self.base)).await?;
            return manager.iter().map(id_of).collect();
        }
        let mut members = Vec::new();
        let first = format!("{}/v1.0/groups/{id}/members?$select=id&$top={PAGE}", self.base);
        self.pages(first, |member| {
            members.push(id_of(&member)?);
            Ok(())
        })
        .await?;
        Ok(members)
    }

    async fn read_errors(&self) -> anyhow::Result<Vec<HeldError>> {
        let first = format!("{}/api/v1/errors?top={PAGE}", self.base);
        let (mut errors, mut url) = (Vec::new(), Some(first.clone()));
        while let Some(page) = url.take() {
            let page: ErrorPage = self.get(&page).await?;
            errors.extend(page.value);
            if let Some(next) = page.next {
                url = Some(reqwest::Url::parse_with_params(&first, [("after", next)])?.into());
            }
        }
        Ok(errors)
    }

    /// Every item of a list, page after page.
    async fn pages(
        &self,
        first: String,
        mut each: impl FnMut(Value) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut url = Some(first);
        while let Some(page) = url.take() {
            let page: GraphPage = self.get(&page).await?;
            page.value.into_iter().try_for_each(&mut each)?;
            url = page.next;
        }
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, url: &str) -> anyhow::Result<T> {
        let answer = self.get_some(url).await?;
        answer.with_context(|| format!("GET {url} answered 404"))
    }

    /// `None` for 404.
    async fn get_some<T: DeserializeOwned>(&self, url: &str) -> anyhow::Result<Option<T>> {
        let answer = self
            .http
            .get(url)
            .bearer_auth(&self.token)
            .send()
            .await
            .with_context(|| format!("GET {url}: no answer; is the server running?"))?;
        let status = answer.status();
        if status == reqwest::StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let body = answer.bytes().await.with_context(|| format!("GET {url}: the answer broke off"))?;
        if !status.is_success() {
            let text = String::from_utf8_lossy(&body);
            let shown: String = text.chars().take(500).collect();
            bail!("GET {url} answered {status}: {shown}");
        }
        serde_json::from_slice(&body)
            .map(Some)
            .with_context(|| format!("GET {url}: the answer is not what it should be"))
    }
}

/// A property out of Graph's JSON; null and empty lists are none.
fn value_of(value: &Value) -> Option<PropertyValue> {
    match value {
        Value::Bool(flag) => Some(PropertyValue::Flag(*flag)),
        Value::String(text) => Some(PropertyValue::Text(text.clone())),
        Value::Array(items) if !items.is_empty() => {
            Some(PropertyValue::List(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
        }
        _ => None,
    }
}
