//! `/api/v1/errors/{id}/fixes` and `/fix`: what can be done about two objects that claim one value, each with all that it
//! would change, and doing one of them. What only the directory can change is given as LDIF (RFC 2849).

use super::errors::{ErrorId, Row, gone, read_id};
use crate::auth::Identity;
use crate::body;
use crate::error::ApiError;
use crate::events::Topics;
use crate::state::ApiState;
use axum::Extension;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use lockstep_model::provisioning::{OrderAnswer, OrderRequest};
use lockstep_model::{Property, SyncError};
use lockstep_tenant::fixes::{Entry, Fix, FixOutcome, FixRefusal, FixRequest, Fixes, value_in_conflict};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest wait for a sync client to say which attribute a value comes from.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest wait for a sync client to send an object again.
const RETRY_PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of the name of a preview.
const MAX_ETAG_BYTES: usize = 256;
/// The attribute of the built-in mapping that sign-in names and addresses come from.
const MAIL: &str = "mail";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    error: Row,
    etag: String,
    fixes: Vec<FixOutcome>,
    entries: Vec<Change>,
}

/// A change of the directory that cures the error.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    #[serde(flatten)]
    entry: Entry,
    /// The attribute that the value comes from.
    attribute: String,
    /// Whether the sync client's rules say so; else it is that of the built-in mapping.
    certain: bool,
    ldif: String,
}

#[derive(Deserialize)]
struct Asked {
    fix: Fix,
    etag: String,
    #[serde(default)]
    confirmed: bool,
}

/// What became of an object that has to be sent again.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
enum Retry {
    /// It has not.
    NotNeeded,
    /// A sync client was asked to, and did.
    Done,
    /// The sync client does it by itself: none was connected, or it did not answer.
    Later,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Applied {
    #[serde(flatten)]
    outcome: FixOutcome,
    retry: Retry,
}

/// `GET /{id}/fixes`: what can be done, and all that each would change. Nothing is changed.
pub(crate) async fn list(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    id: ErrorId,
) -> Result<Response, ApiError> {
    let found = state.store.fixes(read_id(id)?, identity.name, state.now()).await?;
    let Fixes { error, etag, fixes, entries, free_name } = found.ok_or_else(gone)?;
    let mut changes = Vec::with_capacity(entries.len());
    for entry in entries {
        changes.extend(change(&state, &error.error, entry, free_name.as_deref()).await?);
    }
    body::json(&Shown { error: Row::of(error), etag, fixes, entries: changes })
}

/// `POST /{id}/fix`: does what was previewed, and nothing else.
pub(crate) async fn apply(
    State(state): State<ApiState>,
    Extension(identity): Extension<Identity>,
    id: ErrorId,
    request: Request,
) -> Result<Response, ApiError> {
    let Asked { fix, etag, confirmed } = body::read_json(request.into_body()).await?;
    if etag.len() > MAX_ETAG_BYTES {
        return Err(ApiError::bad_request("`etag` is that of the preview."));
    }
    let asked = FixRequest { fix, etag, confirmed, actor: identity.name };
    let outcome = state.store.fix(read_id(id)?, asked, state.now()).await?.map_err(|why| refuse(&why))?;
    state.events.publish(Topics::STATUS.and(Topics::USERS).and(Topics::GROUPS).and(Topics::ERRORS));
    let retry = if outcome.cured { Retry::NotNeeded } else { send_again(&state, &outcome).await? };
    body::json(&Applied { outcome, retry })
}

fn refuse(why: &FixRefusal) -> ApiError {
    let (status, code) = match why {
        FixRefusal::Gone => return gone(),
        FixRefusal::Changed => (StatusCode::PRECONDITION_FAILED, "PreconditionFailed"),
        FixRefusal::NotOffered => (StatusCode::CONFLICT, "NotOffered"),
        FixRefusal::Unconfirmed { .. } => (StatusCode::CONFLICT, "ConfirmationRequired"),
    };
    ApiError::new(status, code, why.to_string())
}

/// An object that was refused is not known here: the sync client has to send it again.
async fn send_again(state: &ApiState, outcome: &FixOutcome) -> Result<Retry, ApiError> {
    let anchor = outcome.errors.iter().find_map(|row| row.error.object.anchor.clone());
    let Some(anchor) = anchor else { return Ok(Retry::Later) };
    let client = super::orders::active(state).await?;
    let order = OrderRequest::SyncObject { object: anchor.to_string(), ignore_scope: false };
    let answer = state.orders.send(client, order, state.now(), RETRY_PATIENCE).await;
    Ok(match answer {
        Ok(OrderAnswer::Object { report }) if report.is_done() => Retry::Done,
        _ => Retry::Later,
    })
}

/// What is to be changed of an entry, where that can be said.
async fn change(
    state: &ApiState,
    error: &SyncError,
    entry: Entry,
    free_name: Option<&str>,
) -> Result<Option<Change>, ApiError> {
    let Some((property, value)) = value_in_conflict(error) else { return Ok(None) };
    let told = match &entry.object.anchor {
        Some(anchor) => attribute_told(state, anchor.as_str(), property).await?,
        None => None,
    };
    let certain = told.is_some();
    let attribute = told.unwrap_or_else(|| MAIL.to_owned());
    let ldif = ldif(&entry, (&attribute, certain), property, value, free_name);
    Ok(Some(Change { entry, attribute, certain, ldif }))
}

/// The attribute that a property of an entry comes from, as the connected sync client explains it.
async fn attribute_told(
    state: &ApiState,
    anchor: &str,
    property: Property,
) -> Result<Option<String>, ApiError> {
    let client = super::orders::active(state).await?;
    let order = OrderRequest::Explain { object: anchor.to_owned(), rules: None };
    let answer = state.orders.send(client, order, state.now(), PATIENCE).await;
    let Ok(OrderAnswer::Explanation { explanation }) = answer else { return Ok(None) };
    let value = explanation.values.iter().find(|value| value.property == property);
    Ok(value.and_then(|value| attribute_of(&value.rule)))
}

/// The one attribute that a flow reads; none where it reads several, or works its value out.
fn attribute_of(rule: &str) -> Option<String> {
    let source = rule.rsplit("<- ").next()?;
    let name = match source.rsplit_once("with ") {
        Some((_, name)) => name,
        None => source,
    };
    let name = name.strip_suffix(", where it is local@domain").unwrap_or(name);
    // A rule set writes `"In from LDAP": [mail]`.
    let name = match name.rsplit_once(": ") {
        Some((_, inner)) => inner.strip_prefix('[')?.strip_suffix(']')?,
        None => name,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ';';
    (name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(plain)).then(|| name.to_owned())
}

/// The change as LDIF: the value goes; a sign-in name is exchanged for one that is free.
fn ldif(
    entry: &Entry,
    (attribute, certain): (&str, bool),
    property: Property,
    value: &str,
    free_name: Option<&str>,
) -> String {
    let held = match value.split_once(':') {
        // Active Directory keeps addresses with their prefix.
        Some((_, rest)) if !attribute.eq_ignore_ascii_case("proxyAddresses") => rest,
        _ => value,
    };
    let mut text = String::from("version: 1\n");
    let mut comment = |line: &str| {
        text.push_str("# ");
        text.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
        text.push('\n');
    };
    comment(&format!("{} gives up {held}.", entry.object.name));
    if !certain {
        comment("No sync client was asked which attribute the value comes from: compare it with your rules.");
    }
    let new = free_name.filter(|_| property == Property::UserPrincipalName);
    if new.is_some() {
        comment("The new name is one that nobody has in the cloud; put the one that is wanted in its place.");
    }
    line(&mut text, "dn", &entry.dn);
    line(&mut text, "changetype", "modify");
    line(&mut text, "delete", attribute);
    line(&mut text, attribute, held);
    text.push_str("-\n");
    if let Some(new) = new {
        line(&mut text, "add", attribute);
        line(&mut text, attribute, new);
        text.push_str("-\n");
    }
    text
}

/// A line of LDIF; what is not safe as it is goes in base64.
fn line(text: &mut String, name: &str, value: &str) {
    let safe = !value.starts_with([' ', ':', '<'])
        && !value.ends_with(' ')
        && value.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
    text.push_str(name);
    if safe {
        text.push_str(": ");
        text.push_str(value);
    } else {
        text.push_str(":: ");
        STANDARD.encode_string(value, text);
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::ObjectRef;

    #[test]
    fn attributes_of_flows() {
        let check = |rule: &str, expect: Option<&str>| {
            assert_eq!(attribute_of(rule).as_deref(), expect, "{rule}");
        };
        check("proxyAddresses <- SMTP: and smtp: with mail", Some("mail"));
        check("userPrincipalName <- krbPrincipalName, where it is local@domain", Some("krbPrincipalName"));
        check("mail <- mail", Some("mail"));
        check("mail <- mail, else uid", None);
        check(
            r#"proxyAddresses <- "Out": [proxyAddresses] <- "In from AD": [proxyAddresses]"#,
            Some("proxyAddresses"),
        );
        check(
            r#"userPrincipalName <- "Out": [userPrincipalName] <- "In": IIF(IsPresent([mail]), [mail], [uid])"#,
            None,
        );
        check("", None);
    }

    #[test]
    fn changes_as_ldif() {
        let entry = |dn: &str| Entry {
            object: ObjectRef { name: "Ann\nLee".into(), ..Default::default() },
            dn: dn.into(),
            holds: true,
        };
        let address = ldif(&entry("uid=ann,dc=x"), (MAIL, true), Property::ProxyAddresses, "SMTP:a@x", None);
        assert_eq!(
            address,
            "version: 1\n# Ann Lee gives up a@x.\ndn: uid=ann,dc=x\nchangetype: modify\ndelete: mail\nmail: a@x\n-\n"
        );
        let kept =
            ldif(&entry("cn=é"), ("proxyAddresses", true), Property::ProxyAddresses, "smtp:a@x", Some("b@x"));
        assert!(
            kept.contains("dn:: Y249w6k=\n") && kept.ends_with("proxyAddresses: smtp:a@x\n-\n"),
            "{kept}"
        );
        let name = ldif(&entry("uid=ann"), (MAIL, false), Property::UserPrincipalName, "a@x", Some("a2@x"));
        assert!(name.ends_with("delete: mail\nmail: a@x\n-\nadd: mail\nmail: a2@x\n-\n"), "{name}");
        assert!(name.contains("# No sync client was asked"), "{name}");
    }
}
