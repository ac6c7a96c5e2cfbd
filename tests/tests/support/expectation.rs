//! What a directory means for the cloud, worked out without the sync client: entries by `ldapsearch`, the mapping
//! of `lockstep-rules`, references resolved here. And the comparison of that with a tenant.

#![allow(clippy::indexing_slicing, reason = "a JSON value is asked by name; what is absent is null")]
#![allow(dead_code, reason = "each test binary uses a part of it")]

use anyhow::{Context, Result};
use lockstep_model::{AttributeName, Attributes, Entry, Property, SourceAnchor, dn};
use lockstep_rules::{Mapped, Mapping, MappingSettings, Reference};
use lockstep_tests::ldif::LdifEntry;
use lockstep_tests::tenant::CloudObject;
use lockstep_tests::{Lockstep, Slapd, Tenant, ldif};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The domain of names that a tenant makes up.
const INITIAL: &str = "@contoso.onlockstep.example";
/// The domain that the harness configures as not verified.
const NOT_VERIFIED: &str = "@contoso.local";

/// An object as the cloud is to have it.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    kind: &'static str,
    dn: String,
    properties: BTreeMap<&'static str, Value>,
    manager: Option<String>,
    members: BTreeSet<String>,
    /// Whether a reference leads nowhere.
    dangles: bool,
}

/// The names of the properties that are compared.
pub(crate) fn properties() -> Vec<&'static str> {
    Property::ALL.iter().map(|property| property.as_str()).collect()
}

/// Everything below the suffix, as the sync client's account sees it.
pub(crate) fn dump(slapd: &Slapd) -> Result<Vec<LdifEntry>> {
    ldif::read(&slapd.ldapsearch(&["-b", slapd.suffix(), "(objectClass=*)", "*", "+"])?)
}

/// What the cloud is to have, by anchor.
pub(crate) fn wanted(entries: &[LdifEntry], settings: &MappingSettings) -> Result<BTreeMap<String, Wanted>> {
    let mapping = Mapping::new(settings);
    let mut mapped = Vec::new();
    let (mut by_dn, mut by_uid) = (BTreeMap::new(), BTreeMap::new());
    for entry in entries {
        let anchor =
            entry.texts("entryUUID").next().with_context(|| format!("{} has no entryUUID", entry.dn))?;
        let mut attributes = Attributes::new();
        for (name, value) in &entry.values {
            attributes.add(AttributeName::new(name), [value.clone()]);
        }
        let read = Entry { anchor: SourceAnchor::new(anchor)?, dn: entry.dn.clone(), attributes };
        let Mapped::Object(object) = mapping.map(&read) else { continue };
        by_dn.insert(dn::normalize(&entry.dn).with_context(|| format!("no DN: {}", entry.dn))?, anchor);
        if object.kind.as_str() == "user" {
            by_uid.extend(entry.texts("uid").map(|uid| (uid.to_lowercase(), anchor)));
        }
        mapped.push((anchor, entry.dn.clone(), object));
    }
    let resolve = |reference: &Reference| match reference {
        Reference::Dn(name) => by_dn.get(name).map(|anchor| (*anchor).to_owned()),
        Reference::Uid(uid) => by_uid.get(uid).map(|anchor| (*anchor).to_owned()),
        Reference::In { .. } => None,
    };
    let mut all = BTreeMap::new();
    for (anchor, dn, object) in &mapped {
        let links = object.manager.iter().chain(&object.members);
        let properties =
            object.properties.iter().map(|(property, value)| Ok((property.as_str(), json!(value))));
        all.insert(
            (*anchor).to_owned(),
            Wanted {
                kind: object.kind.as_str(),
                dn: dn.clone(),
                properties: properties.collect::<Result<_>>()?,
                manager: object.manager.as_ref().and_then(resolve),
                members: object.members.iter().filter_map(resolve).collect(),
                dangles: links.into_iter().any(|link| resolve(link).is_none()),
            },
        );
    }
    Ok(all)
}

/// In what a tenant and its list of errors differ from what is wanted, one line each. A value that is not in
/// force is no difference where an error says so **and** the directory bears it out: another object claims it,
/// or its domain is not verified. An error that the directory does not bear out is a difference.
pub(crate) fn differences(want: &BTreeMap<String, Wanted>, tenant: &Tenant, errors: &[Value]) -> Vec<String> {
    let mut found = Vec::new();
    let claims = Claims::of(want);
    for (anchor, wanted) in want {
        match tenant.objects.get(anchor) {
            None => found.push(format!(
                "{} ({anchor}) is not in the tenant; its errors: {:?}",
                wanted.dn,
                of(errors, anchor)
            )),
            Some(object) => compare(anchor, wanted, object, &claims, errors, &mut found),
        }
    }
    for (anchor, object) in &tenant.objects {
        if !want.contains_key(anchor) {
            found.push(format!("the tenant has {anchor}, the directory has not: {:?}", object.properties));
        }
    }
    claims.have_one_holder(tenant, &mut found);
    for error in errors {
        is_borne_out(error, want, &claims, &mut found);
    }
    for (anchor, wanted) in want.iter().filter(|(_, wanted)| wanted.dangles) {
        if !of(errors, anchor).iter().any(|error| error["code"] == "UnresolvedReference") {
            found.push(format!("{}: a reference leads nowhere and no error says so", wanted.dn));
        }
    }
    found
}

/// Waits until the tenant is what the directory means. The test's own directory must be quiet.
pub(crate) fn settles(
    lockstep: &Lockstep,
    slapd: &Slapd,
    settings: &MappingSettings,
    limit: Duration,
) -> Result<()> {
    settles_with(lockstep, slapd, settings, limit, |_| Ok(()))
}

/// [`settles`], with something done each time that it is not so yet.
pub(crate) fn settles_with(
    lockstep: &Lockstep,
    slapd: &Slapd,
    settings: &MappingSettings,
    limit: Duration,
    mut between: impl FnMut(&Lockstep) -> Result<()>,
) -> Result<()> {
    let want = wanted(&dump(slapd)?, settings)?;
    let names = properties();
    let begin = Instant::now();
    loop {
        let look = || {
            Ok::<_, anyhow::Error>(differences(&want, &lockstep.tenant(&names, true)?, &lockstep.errors()?))
        };
        let found = look().unwrap_or_else(|error| vec![format!("{error:#}")]);
        if found.is_empty() {
            return Ok(());
        }
        between(lockstep)?;
        if begin.elapsed() > limit {
            let shown = found.iter().take(15).cloned().collect::<Vec<_>>().join("\n");
            let status = lockstep.status().unwrap_or_default();
            anyhow::bail!(
                "after {} s the tenant still differs from the directory in {} matters:\n{shown}\nstatus: {}\nclient: {}",
                limit.as_secs(),
                found.len(),
                status["sync"],
                lockstep.log("client.log")
            );
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Who claims which address and which sign-in name, in lower case.
struct Claims {
    addresses: BTreeMap<String, BTreeSet<String>>,
    names: BTreeMap<String, BTreeSet<String>>,
}

impl Claims {
    fn of(want: &BTreeMap<String, Wanted>) -> Self {
        let mut claims = Self { addresses: BTreeMap::new(), names: BTreeMap::new() };
        for (anchor, wanted) in want {
            for address in texts(wanted.properties.get("proxyAddresses")) {
                claims.addresses.entry(bare(&address)).or_default().insert(anchor.clone());
            }
            for name in texts(wanted.properties.get("userPrincipalName")) {
                claims.names.entry(name.to_lowercase()).or_default().insert(anchor.clone());
            }
        }
        claims
    }

    fn is_contested(&self, value: &str) -> bool {
        let value = bare(value);
        [&self.addresses, &self.names]
            .iter()
            .any(|claims| claims.get(&value).is_some_and(|who| who.len() > 1))
    }

    /// However many claim a value, exactly one of them has it.
    fn have_one_holder(&self, tenant: &Tenant, found: &mut Vec<String>) {
        for (address, who) in &self.addresses {
            let holds = |anchor: &&String| {
                tenant.objects.get(*anchor).is_some_and(|object| {
                    texts(object.properties.get("proxyAddresses")).iter().any(|held| bare(held) == *address)
                })
            };
            let holders = who.iter().filter(holds).count();
            if holders != 1 {
                found.push(format!("{holders} of {} claimants hold the address {address}", who.len()));
            }
        }
        for (name, who) in self.names.iter().filter(|(name, _)| !name.ends_with(NOT_VERIFIED)) {
            let holds = |anchor: &&String| {
                let object = tenant.objects.get(*anchor);
                object.is_some_and(|object| {
                    texts(object.properties.get("userPrincipalName"))
                        .iter()
                        .any(|n| n.to_lowercase() == *name)
                })
            };
            let holders = who.iter().filter(holds).count();
            if holders != 1 {
                found.push(format!("{holders} of {} claimants hold the sign-in name {name}", who.len()));
            }
        }
    }
}

fn compare(
    anchor: &str,
    wanted: &Wanted,
    object: &CloudObject,
    claims: &Claims,
    errors: &[Value],
    found: &mut Vec<String>,
) {
    let dn = &wanted.dn;
    if object.kind != wanted.kind {
        found.push(format!("{dn} is a {} and should be a {}", object.kind, wanted.kind));
    }
    for property in properties() {
        let (want, got) = (wanted.properties.get(property), object.properties.get(property));
        if want == got {
            continue;
        }
        let errors = of(errors, anchor);
        let explained = match property {
            "userPrincipalName" => {
                let placeholder =
                    texts(got).iter().all(|name| name.to_lowercase().ends_with(INITIAL)) && got.is_some();
                let why = texts(want)
                    .iter()
                    .all(|name| claims.is_contested(name) || name.to_lowercase().ends_with(NOT_VERIFIED));
                placeholder && why && (want.is_none() || named(&errors, &["userPrincipalName"]))
            }
            "proxyAddresses" => {
                let have: BTreeSet<String> = texts(got).iter().map(|address| bare(address)).collect();
                let should: BTreeSet<String> = texts(want).iter().map(|address| bare(address)).collect();
                have.is_subset(&should)
                    && have != should
                    && should.difference(&have).all(|address| claims.is_contested(address))
                    && named(&errors, &["proxyAddresses"])
            }
            "mail" => {
                texts(want).iter().all(|mail| claims.is_contested(mail))
                    && named(&errors, &["mail", "proxyAddresses"])
            }
            _ => false,
        };
        if !explained {
            let (want, got) = (json!(want), json!(got));
            found.push(format!(
                "{dn} ({anchor}): {property} is {got} and should be {want}; its errors: {errors:?}"
            ));
        }
    }
    if object.manager != wanted.manager {
        found.push(format!("{dn}: the manager is {:?} and should be {:?}", object.manager, wanted.manager));
    }
    if object.members != wanted.members {
        let extra: Vec<_> = object.members.difference(&wanted.members).collect();
        let missing: Vec<_> = wanted.members.difference(&object.members).collect();
        found.push(format!("{dn}: too many members {extra:?}, missing members {missing:?}"));
    }
}

/// An error must still be true.
fn is_borne_out(error: &Value, want: &BTreeMap<String, Wanted>, claims: &Claims, found: &mut Vec<String>) {
    let anchor = error["object"]["anchor"].as_str().unwrap_or_default();
    let value = error["value"].as_str().unwrap_or_default();
    let Some(wanted) = want.get(anchor) else {
        found.push(format!("an error of an object that the directory has not: {error}"));
        return;
    };
    let holds = match error["code"].as_str().unwrap_or_default() {
        "PropertyConflict" => claims.is_contested(value),
        "DomainNotVerified" => value.to_lowercase().ends_with(NOT_VERIFIED),
        "UnresolvedReference" => wanted.dangles,
        "NoMailAddress" => !wanted.properties.contains_key("mail"),
        "CircularNesting" => wanted.kind == "group",
        _ => false,
    };
    if !holds {
        found.push(format!("{}: an error that the directory does not bear out: {error}", wanted.dn));
    }
}

fn of<'a>(errors: &'a [Value], anchor: &str) -> Vec<&'a Value> {
    errors.iter().filter(|error| error["object"]["anchor"] == anchor).collect()
}

fn named(errors: &[&Value], properties: &[&str]) -> bool {
    errors.iter().any(|error| {
        let name = error["property"].as_str().unwrap_or_default();
        properties.iter().any(|property| property.eq_ignore_ascii_case(name))
    })
}

fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// An address without `SMTP:`, in lower case.
fn bare(address: &str) -> String {
    let lower = address.to_lowercase();
    lower.strip_prefix("smtp:").map_or_else(|| lower.clone(), str::to_owned)
}
