//! The tenant as anybody sees it through the API: objects, links, errors, page by page.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]

use crate::http;
use crate::lockstep::Lockstep;
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What a tenant holds of a sync client's objects.
#[derive(Clone, Debug, Default)]
pub struct Tenant {
    /// By source anchor.
    pub objects: BTreeMap<String, CloudObject>,
}

/// A user or group as Graph answers it.
#[derive(Clone, Debug)]
pub struct CloudObject {
    /// `user` or `group`.
    pub kind: &'static str,
    /// Graph's id.
    pub id: String,
    /// `onPremisesLastSyncDateTime`.
    pub last_sync: Option<String>,
    /// What was asked for; absent, null and empty values are not here.
    pub properties: BTreeMap<String, Value>,
    /// Anchor of the manager.
    pub manager: Option<String>,
    /// Anchors of the members.
    pub members: BTreeSet<String>,
}

impl Tenant {
    fn take(&mut self, kind: &'static str, object: Value) -> Result<()> {
        let Value::Object(mut fields) = object else { bail!("an item of {kind}s is no object") };
        let mut text = |name: &str| match fields.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        };
        let id = text("id").context("an object without id")?;
        let anchor = text("onPremisesImmutableId");
        let last_sync = text("onPremisesLastSyncDateTime");
        if fields.remove("onPremisesSyncEnabled") != Some(Value::Bool(true)) {
            return Ok(());
        }
        let anchor = anchor.with_context(|| format!("{kind} {id} is synced and has no anchor"))?;
        fields.retain(|name, value| {
            !name.starts_with('@') && !value.is_null() && *value != json!([]) && *value != json!("")
        });
        let object = CloudObject {
            kind,
            id,
            last_sync,
            properties: fields.into_iter().collect(),
            manager: None,
            members: BTreeSet::new(),
        };
        if let Some(other) = self.objects.insert(anchor.clone(), object) {
            bail!("two living objects have the anchor {anchor}, one is {}", other.id);
        }
        Ok(())
    }
}

impl Lockstep {
    /// Every error of an object.
    ///
    /// # Errors
    /// No answer.
    pub fn errors(&self) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.get(&format!("/api/v1/errors?top=500{after}"))?;
            let next = page["next"].as_str().map(|next| format!("&after={}", http::escape(next)));
            rows.extend(list(page)?);
            match next {
                Some(next) => after = next,
                None => return Ok(rows),
            }
        }
    }

    /// Every living object that came from a sync client, by source anchor, with the properties named; managers
    /// and members too, where `links` is set.
    ///
    /// # Errors
    /// No answer, or one that is not what Graph would say.
    pub fn tenant(&self, properties: &[&str], links: bool) -> Result<Tenant> {
        let mut tenant = Tenant::default();
        for kind in ["user", "group"] {
            let select = properties.join(",");
            let fixed = "id,onPremisesImmutableId,onPremisesSyncEnabled,onPremisesLastSyncDateTime";
            let target = format!("/v1.0/{kind}s?$top=999&$select={fixed},{select}");
            for object in self.pages(&target)? {
                tenant.take(kind, object)?;
            }
        }
        if links {
            let ids = tenant.objects.iter().map(|(anchor, object)| (object.id.clone(), anchor.clone()));
            let ids: BTreeMap<String, String> = ids.collect();
            let anchor_of = |object: &Value| -> Result<String> {
                let id = object["id"].as_str().context("a link without an id")?;
                Ok(ids.get(id).cloned().unwrap_or_else(|| format!("cloud-only {id}")))
            };
            for object in tenant.objects.values_mut() {
                if object.kind == "user" {
                    let answer =
                        self.ask("GET", &format!("/v1.0/users/{}/manager?$select=id", object.id), None)?;
                    ensure!(
                        matches!(answer.status, 200 | 404),
                        "manager: HTTP {}: {}",
                        answer.status,
                        answer.text()
                    );
                    if answer.status == 200 {
                        object.manager = Some(anchor_of(&answer.json()?)?);
                    }
                } else {
                    let members =
                        self.pages(&format!("/v1.0/groups/{}/members?$select=id&$top=999", object.id))?;
                    let count = members.len();
                    object.members = members.iter().map(anchor_of).collect::<Result<_>>()?;
                    ensure!(object.members.len() == count, "group {} lists a member twice", object.id);
                }
            }
        }
        Ok(tenant)
    }

    /// How many objects the tenant holds and how many were deleted: `(users, groups, deleted)`.
    ///
    /// # Errors
    /// No answer.
    pub fn counts(&self) -> Result<(u64, u64, u64)> {
        let objects = self.status()?["objects"].clone();
        let number =
            |name: &str| objects[name].as_u64().with_context(|| format!("no number {name}: {objects}"));
        Ok((number("syncedUsers")?, number("syncedGroups")?, number("deleted")?))
    }

    /// All pages of a Graph collection.
    ///
    /// # Errors
    /// No answer, or not 200.
    pub fn pages(&self, target: &str) -> Result<Vec<Value>> {
        let mut rows = Vec::new();
        let mut next = Some(target.to_owned());
        while let Some(target) = next {
            let mut page = self.get(&target)?;
            next = match page["@odata.nextLink"].take() {
                Value::String(link) => {
                    let from = link.find("/v1.0/").with_context(|| format!("next link {link}"))?;
                    Some(link.get(from..).unwrap_or_default().to_owned())
                }
                _ => None,
            };
            rows.extend(list(page)?);
            ensure!(rows.len() < 1_000_000, "paging does not end: {target}");
        }
        Ok(rows)
    }
}

pub(crate) fn list(mut page: Value) -> Result<Vec<Value>> {
    match page["value"].take() {
        Value::Array(rows) => Ok(rows),
        other => bail!("no list: {other}"),
    }
}
