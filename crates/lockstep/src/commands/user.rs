//! `lockstep user`: who may sign in to the portal. Works on the database, whether the server runs or not.

use crate::End;
use crate::cli::{PersonRole, User, UserArgs};
use crate::clock::SystemClock;
use crate::commands::token::end_of;
use crate::config::{Loaded, Period};
use crate::out::{self, Out};
use crate::secret;
use crate::wiring::server::local_url;
use crate::wiring::store::{self, Running};
use anyhow::{Context, bail};
use lockstep_api::auth::{hash_password, new_secret};
use lockstep_model::{Clock, Timestamp};
use lockstep_tenant::{LocalUser, Role, Session, TenantStore};
use secrecy::ExposeSecret;
use serde_json::json;
use std::net::SocketAddr;
use std::path::Path;

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, arguments: UserArgs) -> anyhow::Result<End> {
    let opened = store::open_tenant(loaded, arguments.of.tenant.as_deref()).await?;
    let store = opened.store;
    match arguments.command {
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
        User::Link { name, valid } => {
            let base = format!("{}{}", base_url(loaded)?, opened.prefix);
            let (url, user, expires_at) = link(&base, store.as_ref(), &name, valid).await?;
            out.print(&json!({ "url": url, "user": user, "expiresAt": expires_at }), || {
                format!("{url}\n\nIt signs '{user}' in, once, until {expires_at:.0}.")
            })?;
        }
    }
    Ok(End::Done)
}

/// A name to sign in with, as it is kept.
pub(crate) fn sign_in_name(name: &str) -> anyhow::Result<String> {
    let name = name.trim().to_lowercase();
    let fits = |c: char| c.is_alphanumeric() || "-_.@+".contains(c);
    if name.is_empty() || name.len() > 100 || !name.chars().all(fits) {
        bail!("a name has 1 to 100 letters, digits or any of - _ . @ +");
    }
    Ok(name)
}

async fn add(
    out: Out,
    store: &dyn TenantStore,
    name: &str,
    role: PersonRole,
    password_file: Option<&Path>,
) -> anyhow::Result<()> {
    let name = sign_in_name(name)?;
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

/// Makes a link that signs in once: its address, whom it signs in, and until when.
pub(crate) async fn link(
    base: &str,
    store: &dyn TenantStore,
    name: &str,
    valid: Period,
) -> anyhow::Result<(String, String, Timestamp)> {
    let user = store
        .user(name.to_lowercase())
        .await?
        .with_context(|| format!("there is no user '{name}'; `lockstep user add {name}` makes one"))?;
    let secret = new_secret("lkl")?;
    let expires_at = end_of(SystemClock.now(), valid)?;
    let session = Session { user: user.name.clone(), role: user.role, expires_at };
    store.put_link(secret.hash, session).await?;
    Ok((format!("{base}/signin#{}", secret.text.expose_secret()), user.name, expires_at))
}

/// Where browsers reach the server.
pub(crate) fn base_url(loaded: &Loaded) -> anyhow::Result<String> {
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
