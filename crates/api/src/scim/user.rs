//! A user as SCIM sees it, and as the tenant keeps it.
//!
//! What the tenant has a property for is that property; the rest, and what the property cannot hold exactly (the type
//! of an address, a name to sign in with that has no verified domain), is kept beside it, and shown as long as the
//! property still says the same: whoever changes the property elsewhere is right.
//!
//! **Invariant:** [`from_resource`] and [`resource`] are inverse to each other; pure.

use lockstep_model::scim::ENTERPRISE;
use lockstep_model::{Properties, Property, PropertyValue};
use lockstep_tenant::domains::{CAME_TO, SENT_NAME};
use lockstep_tenant::provision::address_key;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The name of what is kept beside the properties.
pub(super) const EXTRA: &str = lockstep_tenant::domains::SCIM_EXTRA;

type Fields = Map<String, Value>;

/// Attributes whose values are properties, each with the properties that it owns.
const OWNERS: &[(&str, &[Property])] = &[
    ("displayName", &[Property::DisplayName]),
    ("name", &[Property::Surname, Property::GivenName]),
    ("title", &[Property::JobTitle]),
    ("userType", &[Property::EmployeeType]),
    ("preferredLanguage", &[Property::PreferredLanguage]),
    ("active", &[Property::AccountEnabled]),
    ("emails", &[Property::Mail, Property::ProxyAddresses]),
    (
        "phoneNumbers",
        &[Property::BusinessPhones, Property::MobilePhone, Property::FaxNumber, Property::HomePhones],
    ),
    (
        "addresses",
        &[Property::StreetAddress, Property::City, Property::State, Property::PostalCode, Property::Country],
    ),
    (ENTERPRISE, &[Property::EmployeeId, Property::CompanyName, Property::Department]),
];

/// What the tenant is to keep of a user.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Kept {
    /// The properties, the sign-in name apart.
    pub(super) properties: BTreeMap<Property, Option<PropertyValue>>,
    /// What is kept beside them.
    pub(super) extra: Fields,
}

/// Takes a resource apart. `userName`, `externalId` and the manager are the caller's matter.
pub(super) fn from_resource(resource: &Fields) -> Kept {
    let mut kept = Kept::default();
    let mut all = Properties::new();
    for (name, owned) in OWNERS {
        let sent = attribute(name, resource);
        let made = derive(name, sent.as_ref(), resource);
        for property in *owned {
            kept.properties.insert(*property, made.get(*property).cloned());
        }
        if rebuild(name, &made) != sent {
            kept.extra.insert((*name).to_owned(), sent.unwrap_or(Value::Null));
        }
        all.0.extend(made.0);
    }
    for (name, value) in resource {
        let elsewhere = ["userName", "externalId", "id", "meta", "schemas", "groups"];
        if !OWNERS.iter().any(|(owner, _)| owner == name) && !elsewhere.contains(&name.as_str()) {
            kept.extra.insert(name.clone(), value.clone());
        }
    }
    kept
}

/// An attribute's value, as far as it is kept here.
fn attribute(name: &str, resource: &Fields) -> Option<Value> {
    let mut value = resource.get(name).cloned();
    if name == ENTERPRISE
        && let Some(Value::Object(fields)) = &mut value
    {
        // A link, and no part of what is kept here.
        fields.remove("manager");
        if fields.is_empty() {
            value = None;
        }
    }
    value
}

/// Leaves alone what the caller did not change, and keeps what SCIM does not show.
///
/// A property may hold more than its attribute shows: addresses of other kinds than mail, for one. So an attribute that
/// is as it was `shown` writes none of its properties; where the mail addresses changed, the others stay.
pub(super) fn keep(
    kept: &mut Kept,
    resource: &Fields,
    shown: &Fields,
    properties: &Properties,
    extra: &Fields,
) {
    for (name, owned) in OWNERS {
        let sent = attribute(name, resource);
        let same = |name: &str| attribute(name, resource) == attribute(name, shown);
        // A display name that nobody gave is made of others.
        let made_anew = *name == "displayName" && sent.is_none() && !(same("name") && same("userName"));
        if !same(name) || made_anew {
            continue;
        }
        for property in *owned {
            kept.properties.remove(property);
        }
        match extra.get(*name) {
            Some(before) => kept.extra.insert((*name).to_owned(), before.clone()),
            None => kept.extra.remove(*name),
        };
    }
    if let Some(addresses) = kept.properties.get_mut(&Property::ProxyAddresses) {
        let mut list = match addresses.take() {
            Some(PropertyValue::List(list)) => list,
            _ => Vec::new(),
        };
        let all = properties.list(Property::ProxyAddresses).iter();
        list.extend(all.filter(|address| !is_mail(address)).cloned());
        *addresses = (!list.is_empty()).then_some(PropertyValue::List(list));
    }
}

/// Whether a proxy address is one of mail: others are of telephony, of X.400, of an earlier mail system.
fn is_mail(address: &str) -> bool {
    address.split_once(':').is_some_and(|(prefix, _)| prefix.eq_ignore_ascii_case("smtp"))
}

/// Puts a resource together: all but `userName`, `externalId`, the manager and what the server adds.
pub(super) fn resource(properties: &Properties, extra: &Fields) -> Fields {
    let mut out = Fields::new();
    for (name, owned) in OWNERS {
        let mut now: Properties = Properties(
            owned.iter().filter_map(|p| properties.get(*p).map(|value| (*p, value.clone()))).collect(),
        );
        if *name == "emails" {
            let mail = now.list(Property::ProxyAddresses).iter().filter(|address| is_mail(address));
            let mail = mail.cloned().collect();
            now.set_list(Property::ProxyAddresses, mail);
        }
        let beside = extra.get(*name).filter(|kept| {
            let kept = if kept.is_null() { None } else { Some(*kept) };
            // The display name may have been made of the others, which are known by now or kept.
            derive(name, kept, extra_resource(properties, extra).as_ref()) == now
        });
        let value = match beside {
            Some(Value::Null) => None,
            Some(kept) => Some(kept.clone()),
            None => rebuild(name, &now),
        };
        if let Some(value) = value {
            out.insert((*name).to_owned(), value);
        }
    }
    for (name, value) in extra {
        if !OWNERS.iter().any(|(owner, _)| owner == name) && name != SENT_NAME && name != CAME_TO {
            out.insert(name.clone(), value.clone());
        }
    }
    out
}

/// What a display name is made of, where none was given.
fn extra_resource<'e>(properties: &Properties, extra: &'e Fields) -> std::borrow::Cow<'e, Fields> {
    let mut fields = Fields::new();
    if let Some(name) = extra.get("name").cloned().filter(|name| !name.is_null()).or_else(|| {
        let now = Properties(
            [Property::Surname, Property::GivenName]
                .into_iter()
                .filter_map(|p| properties.get(p).map(|value| (p, value.clone())))
                .collect(),
        );
        rebuild("name", &now)
    }) {
        fields.insert("name".into(), name);
    }
    let user_name = extra.get("userName").cloned();
    let user_name = user_name.or_else(|| properties.text(Property::UserPrincipalName).map(Value::from));
    if let Some(user_name) = user_name {
        fields.insert("userName".into(), user_name);
    }
    std::borrow::Cow::Owned(fields)
}

fn text(fields: Option<&Value>, name: &str) -> Option<String> {
    fields?.get(name)?.as_str().map(str::to_owned)
}

/// The properties that one attribute comes to.
fn derive(name: &str, sent: Option<&Value>, resource: &Fields) -> Properties {
    let mut out = Properties::new();
    let mut put = |property, value: Option<String>| {
        if let Some(value) = value {
            out.set_text(property, value);
        }
    };
    let plain = sent.and_then(Value::as_str).map(str::to_owned);
    match name {
        "displayName" => put(Property::DisplayName, plain.or_else(|| some_name(resource))),
        "title" => put(Property::JobTitle, plain),
        "userType" => put(Property::EmployeeType, plain),
        "preferredLanguage" => put(Property::PreferredLanguage, plain),
        "active" => {
            if let Some(flag) = sent.and_then(Value::as_bool) {
                out.set_flag(Property::AccountEnabled, flag);
            } else {
                // RFC 7643 leaves it to the server: whoever is made is to work.
                out.set_flag(Property::AccountEnabled, true);
            }
        }
        "name" => {
            put(Property::Surname, text(sent, "familyName"));
            put(Property::GivenName, text(sent, "givenName"));
        }
        "emails" => {
            let list = sent.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let work = |value: &&Value| {
                let kind = value.get("type").and_then(Value::as_str).unwrap_or("work");
                kind.eq_ignore_ascii_case("work") && value.get("value").is_some()
            };
            let address = |value: &Value| value.get("value").and_then(Value::as_str).map(str::to_owned);
            let primary = |value: &&Value| {
                value.get("primary") == Some(&Value::Bool(true)) && value.get("value").is_some()
            };
            let first = list.iter().find(primary).or_else(|| list.iter().find(work)).and_then(address);
            let mut proxies: Vec<String> = first.iter().map(|mail| format!("SMTP:{mail}")).collect();
            for mail in list.iter().filter(work).filter_map(address) {
                let proxy = format!("smtp:{mail}");
                if !proxies.iter().any(|known| address_key(known) == address_key(&proxy)) {
                    proxies.push(proxy);
                }
            }
            if let Some(mail) = first {
                out.set_text(Property::Mail, mail);
            }
            out.set_list(Property::ProxyAddresses, proxies);
        }
        "phoneNumbers" => {
            let list = sent.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let of = |kind: &str| -> Vec<String> {
                let is = |value: &&Value| {
                    value.get("type").and_then(Value::as_str).unwrap_or("work").eq_ignore_ascii_case(kind)
                };
                list.iter().filter(is).filter_map(|v| v.get("value")?.as_str().map(str::to_owned)).collect()
            };
            if let Some(mobile) = of("mobile").into_iter().next() {
                out.set_text(Property::MobilePhone, mobile);
            }
            if let Some(fax) = of("fax").into_iter().next() {
                out.set_text(Property::FaxNumber, fax);
            }
            out.set_list(Property::BusinessPhones, of("work"));
            out.set_list(Property::HomePhones, of("home"));
        }
        "addresses" => {
            let list = sent.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let work = list.iter().find(|value| {
                value.get("type").and_then(Value::as_str).unwrap_or("work").eq_ignore_ascii_case("work")
            });
            put(Property::StreetAddress, text(work, "streetAddress"));
            put(Property::City, text(work, "locality"));
            put(Property::State, text(work, "region"));
            put(Property::PostalCode, text(work, "postalCode"));
            put(Property::Country, text(work, "country"));
        }
        ENTERPRISE => {
            put(Property::EmployeeId, text(sent, "employeeNumber"));
            put(Property::CompanyName, text(sent, "organization"));
            put(Property::Department, text(sent, "department"));
        }
        _ => {}
    }
    out
}

/// A name to show, made of what there is.
fn some_name(resource: &Fields) -> Option<String> {
    let name = resource.get("name");
    text(name, "formatted")
        .or_else(|| {
            let parts = [text(name, "givenName"), text(name, "familyName")];
            let joined = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
            (!joined.is_empty()).then_some(joined)
        })
        .or_else(|| resource.get("userName").and_then(Value::as_str).map(str::to_owned))
}

/// An attribute made of the properties that it owns.
fn rebuild(name: &str, now: &Properties) -> Option<Value> {
    let plain = |property| now.text(property).map(Value::from);
    let object = |pairs: &[(&str, Property)]| {
        let fields: Fields =
            pairs.iter().filter_map(|(name, p)| Some(((*name).to_owned(), plain(*p)?))).collect();
        (!fields.is_empty()).then_some(fields)
    };
    match name {
        "displayName" => plain(Property::DisplayName),
        "title" => plain(Property::JobTitle),
        "userType" => plain(Property::EmployeeType),
        "preferredLanguage" => plain(Property::PreferredLanguage),
        "active" => now.flag(Property::AccountEnabled).map(Value::Bool),
        "name" => object(&[("familyName", Property::Surname), ("givenName", Property::GivenName)])
            .map(Value::Object),
        "emails" => {
            let mail = now.text(Property::Mail);
            let mut values: Vec<Value> =
                mail.iter().map(|mail| json!({"value": mail, "type": "work", "primary": true})).collect();
            for proxy in now.list(Property::ProxyAddresses) {
                let Some((_, address)) = proxy.split_once(':') else { continue };
                let own = mail.is_some_and(|mail| mail.eq_ignore_ascii_case(address));
                if is_mail(proxy) && !own {
                    values.push(json!({"value": address, "type": "work"}));
                }
            }
            (!values.is_empty()).then_some(Value::Array(values))
        }
        "phoneNumbers" => {
            let mut values = Vec::new();
            let mut put = |number: &str, kind: &str| values.push(json!({"value": number, "type": kind}));
            now.list(Property::BusinessPhones).iter().for_each(|number| put(number, "work"));
            now.text(Property::MobilePhone).iter().for_each(|number| put(number, "mobile"));
            now.text(Property::FaxNumber).iter().for_each(|number| put(number, "fax"));
            now.list(Property::HomePhones).iter().for_each(|number| put(number, "home"));
            (!values.is_empty()).then_some(Value::Array(values))
        }
        "addresses" => object(&[
            ("streetAddress", Property::StreetAddress),
            ("locality", Property::City),
            ("region", Property::State),
            ("postalCode", Property::PostalCode),
            ("country", Property::Country),
        ])
        .map(|mut fields| {
            fields.insert("type".into(), "work".into());
            json!([fields])
        }),
        ENTERPRISE => object(&[
            ("employeeNumber", Property::EmployeeId),
            ("organization", Property::CompanyName),
            ("department", Property::Department),
        ])
        .map(Value::Object),
        _ => None,
    }
}

/// The sign-in names that a `userName` may come to, best first: itself where its domain is verified, else what stands
/// before its `@` in the initial domain, else the same with digits that the name itself gives.
pub(super) fn sign_in_names(user_name: &str, verified: impl Fn(&str) -> bool, initial: &str) -> Vec<String> {
    let own = user_name.split_once('@').filter(|(local, domain)| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c);
        verified(&domain.to_ascii_lowercase())
            && !local.is_empty()
            && local.len() <= 64
            && local.chars().all(allowed)
            && !local.ends_with('.')
    });
    if own.is_some() {
        return vec![user_name.to_owned()];
    }
    substitutes(user_name, initial)
}

/// The names in the initial domain for one that cannot be kept.
pub(super) fn substitutes(user_name: &str, initial: &str) -> Vec<String> {
    let local = user_name.split('@').next().unwrap_or_default();
    let allowed = |c: char| if c.is_ascii_alphanumeric() || "'.-_!#^~".contains(c) { c } else { '_' };
    let clean: String = local.trim().trim_start_matches('.').chars().take(58).map(allowed).collect();
    let clean = clean.trim_end_matches('.');
    let clean = if clean.is_empty() { "user" } else { clean };
    // FNV-1a: stable across versions and platforms.
    let hash = user_name.to_lowercase().bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let digits = [hash % 10_000, (hash >> 20) % 10_000];
    let numbered = digits.iter().map(|number| format!("{clean}{number:04}@{initial}"));
    std::iter::once(format!("{clean}@{initial}")).chain(numbered).collect()
}
