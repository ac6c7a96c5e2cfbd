//! `lockstep tenant`: the tenants of this server. Works on the database, whether the server runs or not.

use super::user::{base_url, link, sign_in_name};
use crate::End;
use crate::cli::TenantCommand;
use crate::clock::SystemClock;
use crate::config::{Loaded, Period};
use crate::out::{self, Out};
use crate::wiring::store::{self, Registry};
use anyhow::{Context, bail, ensure};
use lockstep_api::auth::{hash_password, new_secret};
use lockstep_model::{Clock, TenantId};
use lockstep_tenant::domains::is_domain_name;
use lockstep_tenant::{Domain, LocalUser, Role, StoreError, TenantEntry, TenantSetup};
use serde_json::json;
use std::io::{BufRead, IsTerminal};

/// Characters of an organization's name.
const MAX_NAME: usize = 256;

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, command: TenantCommand) -> anyhow::Result<End> {
    let (registry, _, _) = store::open(loaded).await?;
    match command {
        TenantCommand::Create { name, domain, admin, valid } => {
            create(out, loaded, &registry, (&name, &domain), &admin, valid).await?;
        }
        TenantCommand::List => list(out, loaded, &registry).await?,
        TenantCommand::Delete { id, confirm } => delete(out, &registry, &id, confirm).await?,
    }
    Ok(End::Done)
}

async fn create(
    out: Out,
    loaded: &Loaded,
    registry: &Registry,
    (name, domain): (&str, &str),
    admin: &str,
    valid: Period,
) -> anyhow::Result<()> {
    let (name, domain) = (name.trim(), domain.trim().to_lowercase());
    let fits = !name.is_empty() && name.chars().count() <= MAX_NAME && !name.chars().any(char::is_control);
    ensure!(fits, "an organization's name has 1 to {MAX_NAME} characters and no control characters");
    ensure!(
        is_domain_name(&domain),
        "\"{domain}\" is no domain name; write a DNS name such as \"contoso.com\""
    );
    let admin = sign_in_name(admin)?;
    let base = base_url(loaded)?;
    let setup =
        TenantSetup { display_name: name.to_owned(), initial_domain: domain.clone(), domains: Vec::new() };
    let organization = registry.tenants.create(setup, SystemClock.now()).await?;
    let id = organization.id;
    let store = registry.tenants.open(id).await?.context("the tenant was deleted meanwhile")?;
    // Nobody knows the password: links are the way in, until one is set.
    let password = new_secret("none")?.text;
    let user = LocalUser { name: admin.clone(), password_hash: hash_password(&password)?, role: Role::Admin };
    store.put_user(user).await?;
    let address = format!("{base}/tenants/{domain}");
    let (url, user, expires_at) = link(&address, store.as_ref(), &admin, valid).await?;
    let answer = json!({
        "id": id, "name": name, "domain": domain, "address": address,
        "admin": user, "signIn": url, "expiresAt": expires_at,
    });
    out.print(&answer, || {
        format!(
            "The tenant {id}, {name}, is at {address}\n{url}\n\nThe link signs '{user}' in, once, until {expires_at:.0}; \
             `lockstep user link {user} --tenant {domain}` makes another."
        )
    })
}

async fn list(out: Out, loaded: &Loaded, registry: &Registry) -> anyhow::Result<()> {
    let base = base_url(loaded)?;
    let mut tenants = Vec::new();
    for entry in registry.tenants.list().await? {
        // What is half deleted can no longer say who it is; one that is damaged neither, and hides no other.
        let asked = if entry.is_going { Ok(None) } else { describe(registry, entry.id).await };
        let (name, domains, problem) = match asked {
            Ok(Some((name, domains))) => (name, domains, None),
            Ok(None) if entry.is_going => (String::new(), Vec::new(), None),
            Ok(None) => continue,
            Err(error) => (String::new(), Vec::new(), Some(chain(&error))),
        };
        tenants.push((entry, name, domains, problem));
    }
    let verified = |domains: &[Domain]| -> Vec<String> {
        domains.iter().filter(|domain| domain.is_verified).map(|domain| domain.id.clone()).collect()
    };
    let address = |entry: &TenantEntry| match entry.is_first {
        true => base.clone(),
        false => format!("{base}/tenants/{}", entry.id),
    };
    let json: Vec<_> = tenants
        .iter()
        .map(|(entry, name, domains, problem)| {
            json!({
                "id": entry.id, "name": name, "domains": verified(domains), "address": address(entry),
                "createdAt": entry.created_at, "first": entry.is_first, "deleting": entry.is_going,
                "problem": problem,
            })
        })
        .collect();
    out.print(&json, || {
        let rows = tenants.iter().map(|(entry, name, domains, problem)| {
            let state = match (problem, entry.is_first, entry.is_going) {
                (Some(problem), ..) => problem,
                (_, true, _) => "the first",
                (_, _, true) => "being deleted",
                _ => "",
            };
            [
                entry.id.to_string(),
                name.clone(),
                verified(domains).join(", "),
                format!("{:.0}", entry.created_at),
                state.to_owned(),
            ]
        });
        out::table(["id", "name", "verified domains", "made", ""], rows)
    })
}

/// What a tenant says of itself; none where it was deleted meanwhile.
async fn describe(registry: &Registry, id: TenantId) -> Result<Option<(String, Vec<Domain>)>, StoreError> {
    let Some(store) = registry.tenants.open(id).await? else { return Ok(None) };
    Ok(Some((store.organization().await?.display_name, store.domains().await?)))
}

/// An error with its causes, in one line.
fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(source) = cause {
        text = format!("{text}: {source}");
        cause = source.source();
    }
    text
}

async fn delete(out: Out, registry: &Registry, id: &str, confirm: Option<String>) -> anyhow::Result<()> {
    let wanted: TenantId = id
        .trim()
        .parse()
        .with_context(|| format!("'{id}' is no id of a tenant; `lockstep tenant list` shows them"))?;
    let entry = registry.tenants.list().await?.into_iter().find(|entry| entry.id == wanted);
    let entry =
        entry.with_context(|| format!("there is no tenant {wanted}; `lockstep tenant list` shows them"))?;
    ensure!(
        !entry.is_first,
        "{wanted} is the server's first tenant, which is not deleted; remove the server's data folder or database instead"
    );
    // One whose deletion had begun was confirmed then.
    if !entry.is_going {
        let store = registry.tenants.open(wanted).await?.context("the tenant was deleted meanwhile")?;
        let name = store.organization().await?.display_name;
        let typed = match confirm {
            Some(typed) => typed,
            None => ask(&name)?,
        };
        ensure!(
            typed.trim() == name,
            "'{}' is not the tenant's name, {name}; nothing was deleted",
            typed.trim()
        );
    }
    if !registry.tenants.delete(wanted).await? {
        bail!("there is no tenant {wanted} any more");
    }
    out.print(&json!({ "deleted": wanted }), || format!("The tenant {wanted} is deleted."))
}

/// Has the tenant's name typed.
fn ask(name: &str) -> anyhow::Result<String> {
    let mut input = std::io::stdin().lock();
    ensure!(
        std::io::stdin().is_terminal(),
        "nobody can be asked here; give the tenant's name with --confirm \"{name}\" to delete it with all that it holds"
    );
    out::complain(&format!(
        "This deletes {name} with all its users, groups, errors and history, for good. Type its name to go on:"
    ));
    let mut typed = String::new();
    input.read_line(&mut typed)?;
    Ok(typed)
}
