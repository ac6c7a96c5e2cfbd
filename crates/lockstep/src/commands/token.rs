//! `lockstep token`: the bearer tokens of programs. Works on the database, whether the server runs or not.

use crate::End;
use crate::cli::{Token, TokenArgs, TokenRole};
use crate::clock::SystemClock;
use crate::config::{Loaded, Period};
use crate::out::{self, Out};
use crate::wiring::store;
use anyhow::{Context, bail};
use jiff::{SignedDuration, Timestamp};
use lockstep_api::auth::new_secret;
use lockstep_model::Clock;
use lockstep_tenant::{Role, TenantStore, TokenRecord};
use secrecy::ExposeSecret;
use serde_json::json;

/// Runs it.
pub(crate) async fn run(out: Out, loaded: &Loaded, arguments: TokenArgs) -> anyhow::Result<End> {
    let store = store::open_tenant(loaded, arguments.of.tenant.as_deref()).await?.store;
    match arguments.command {
        Token::Create { name, role, valid } => create(out, store.as_ref(), &name, role, valid).await?,
        Token::List => list(out, store.as_ref()).await?,
        Token::Revoke { name } => {
            if !store.remove_token(name.clone()).await? {
                bail!("there is no token '{name}'; `lockstep token list` shows them");
            }
            out.print(&json!({ "revoked": name }), || format!("The token '{name}' no longer works."))?;
        }
    }
    Ok(End::Done)
}

async fn create(
    out: Out,
    store: &dyn TenantStore,
    name: &str,
    role: TokenRole,
    valid: Option<Period>,
) -> anyhow::Result<()> {
    let name = name.trim();
    if name.is_empty() || name.len() > 100 || name.chars().any(char::is_control) {
        bail!("a token's name has 1 to 100 bytes and no control characters");
    }
    if store.tokens().await?.iter().any(|token| token.name == name) {
        bail!("there is a token '{name}' already; revoke it first, or take another name");
    }
    let now = SystemClock.now();
    let role = match role {
        TokenRole::Admin => Role::Admin,
        TokenRole::Reader => Role::Reader,
        TokenRole::SyncClient => Role::SyncClient,
        TokenRole::Scim => Role::Scim,
    };
    let expires_at = valid.map(|valid| end_of(now, valid)).transpose()?;
    let secret = new_secret("lkt")?;
    let record = TokenRecord { name: name.to_owned(), role, client: None, created_at: now, expires_at };
    let record = store.put_token(secret.hash, record, now).await?;
    let text = secret.text.expose_secret();
    let answer = json!({
        "token": text, "name": record.name, "role": record.role, "client": record.client, "expiresAt": record.expires_at,
    });
    // Text is the token alone, so that `> file` is all that is needed.
    out.print(&answer, || text.to_owned())
}

async fn list(out: Out, store: &dyn TenantStore) -> anyhow::Result<()> {
    let tokens = store.tokens().await?;
    out.print(&tokens, || {
        let rows = tokens.iter().map(|token| {
            let role = match token.role {
                Role::Admin => "admin",
                Role::Reader => "reader",
                Role::SyncClient => "sync-client",
                Role::Scim => "scim",
            };
            let end = token.expires_at.map_or("until revoked".into(), |end| format!("until {end:.0}"));
            [token.name.clone(), role.into(), format!("{:.0}", token.created_at), end]
        });
        out::table(["name", "role", "made", "works"], rows)
    })
}

/// When something that works for `valid` ends.
pub(crate) fn end_of(now: Timestamp, valid: Period) -> anyhow::Result<Timestamp> {
    SignedDuration::try_from(valid.0)
        .ok()
        .and_then(|valid| now.checked_add(valid).ok())
        .with_context(|| format!("{valid} is too long"))
}
