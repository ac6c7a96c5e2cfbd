//! `lockstep user`: who may sign in to the portal. Works on the database, whether the server runs or not.

use crate::End;
use crate::cli::{PersonRole, User};
use crate::clock::SystemClock;
use crate::commands::token::end_of;
use crate::config::{Loaded, Period};
use crate::out::{self, Out};
use crate::secret;
use crate::wiring::server::local_url;
use crate::wiring::store::{self, Running};
use anyhow::{Context, bail};
use lockstep_api::auth::{hash_password, new_secret};
use lockstep_model::Clock;
use lockstep_tenant::{LocalUser, Role, Session, TenantStore};
use secrecy::ExposeSecret;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, command: User) -> anyhow::Result<End> {
    let (store, _) = store::open(loaded).await?;
    match command {
        User::Add { name, role, password_file } => {
            add(out, store.as_ref(), &name, role, password_file.as_deref()).await?;
        }
        User::List => list(out, store.as_ref()).await?,
        User::Remove { name } => {
            if !store.remove_user(name.to_lowercase()).await? {
                bail!("there is no user '{name}'; `lockstep user list` shows them");
            }
            out.print(&json!({ "removed": name }), || format!("'{name}' can no longer sign in."))?;
        }
        User::Link { name, valid } => link(out, loaded, store.as_ref(), &name, valid).await?,
    }
    Ok(End::Done)
}

async fn add(
    out: Out,
    store: &dyn TenantStore,
    name: &str,
    role: PersonRole,
    password_file: Option<&Path>,
) -> anyhow::Result<()> {
    let name = name.trim().to_lowercase();
    let fits = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
        bail!("a name has 1 to 100 letters, digits or any of - _ . @ +");
    }
    // Without a password nobody knows the one that is set: links are the only way in.
    let password = match password_file {
        Some(path) => secret::read_file(path)?,
        None => new_secret("none")?.text,
    };
    let role = match role {
        PersonRole::Admin => Role::Admin,
        PersonRole::Reader => Role::Reader,
    };
    store.put_user(LocalUser { name: name.clone(), password_hash: hash_password(&password)?, role }).await?;
    out.print(&json!({ "user": name, "role": role, "password": password_file.is_some() }), || {
        if password_file.is_some() {
            format!("'{name}' can sign in with the password.")
        } else {
            format!("'{name}' can sign in by link: `lockstep user link {name}` prints one.")
        }
    })
}

async fn list(out: Out, store: &dyn TenantStore) -> anyhow::Result<()> {
    let users = store.users().await?;
    let json: Vec<_> = users.iter().map(|user| json!({ "user": user.name, "role": user.role })).collect();
    out.print(&json, || {
        let rows = users.iter().map(|user| {
            let role = if user.role == Role::Admin { "admin" } else { "reader" };
            [user.name.clone(), role.to_owned()]
        });
        out::table(["name", "role"], rows)
    })
}

async fn link(
    out: Out,
    loaded: &Loaded,
    store: &dyn TenantStore,
    name: &str,
    valid: Period,
) -> anyhow::Result<()> {
    let user = store
        .user(name.to_lowercase())
        .await?
        .with_context(|| format!("there is no user '{name}'; `lockstep user add {name}` makes one"))?;
    let secret = new_secret("lkl")?;
    let expires_at = end_of(SystemClock.now(), valid)?;
    let session = Session { user: user.name.clone(), role: user.role, expires_at };
    store.put_link(secret.hash, session).await?;
    let url = format!("{}/signin#{}", base_url(loaded)?, secret.text.expose_secret());
    out.print(&json!({ "url": url, "user": user.name, "expiresAt": expires_at }), || {
        format!("{url}\n\nIt signs '{}' in, once, until {expires_at:.0}.", user.name)
    })
}

/// Where browsers reach the server.
fn base_url(loaded: &Loaded) -> anyhow::Result<String> {
    let server = &loaded.config.server;
    if let Some(url) = &server.public_url {
        return Ok(url.trim_end_matches('/').to_owned());
    }
    if let Some(running) = Running::read(&server.data_dir) {
        return Ok(running.url);
    }
    let address: SocketAddr = server.listen.parse().context("[server] listen is no address")?;
    Ok(local_url(address, server.tls_cert_file.is_some()))
}
