//! What runs until it is stopped: `lockstep up`, `lockstep server`, `lockstep sync run`.

use super::{client, server};
use crate::End;
use crate::clock::SystemClock;
use crate::config::Loaded;
use crate::out::{self, Out};
use crate::signals;
use lockstep_api::auth::{hash_secret, new_secret};
use lockstep_model::Clock;
use lockstep_sync::{Phase, Progress, SyncClient};
use lockstep_tenant::{Role, TenantStore, TokenRecord};
use secrecy::SecretString;
use serde_json::json;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// `lockstep up`: the client writes to the server over loopback HTTP, as one on another machine would.
pub(crate) async fn up(printer: Out, loaded: &Loaded, listen: Option<&str>) -> anyhow::Result<End> {
    loaded.require_source()?;
    let stop = signals::stop_token()?;
    let state = client::open_state(loaded)?;
    let server = server::prepare(loaded, listen).await?;
    let token = own_token(loaded, server.store.as_ref()).await?;
    let target = client::target_at(loaded, server.local_url.clone(), token)?;
    let client = client::client(loaded, target, state)?;
    // The client says good-bye to the server, so the server ends after it; where the server ends by itself, so
    // does the client.
    let server_stop = CancellationToken::new();
    let (server_ended, client_stop) = (server_stop.clone(), stop.clone());
    tokio::spawn(async move {
        server_ended.cancelled().await;
        client_stop.cancel();
    });
    ready(printer, loaded, &server.url, Some(&client::describe_sources(loaded)))?;
    let serving = tokio::spawn(server.serve(server_stop.clone()));
    let shown = tokio::spawn(show_progress(printer, client.progress()));
    let followed = client.run(stop).await;
    shown.abort();
    server_stop.cancel();
    let served = serving.await?;
    followed?;
    served?;
    Ok(End::Done)
}

/// `lockstep server`.
pub(crate) async fn server(printer: Out, loaded: &Loaded, listen: Option<&str>) -> anyhow::Result<End> {
    let stop = signals::stop_token()?;
    let server = server::prepare(loaded, listen).await?;
    ready(printer, loaded, &server.url, None)?;
    server.serve(stop).await?;
    Ok(End::Done)
}

/// `lockstep sync run`.
pub(crate) async fn sync(printer: Out, loaded: &Loaded) -> anyhow::Result<End> {
    loaded.require_source()?;
    let stop = signals::stop_token()?;
    let client: SyncClient = client::client(loaded, client::target(loaded)?, client::open_state(loaded)?)?;
    let shown = tokio::spawn(show_progress(printer, client.progress()));
    let followed = client.run(stop).await;
    shown.abort();
    followed?;
    Ok(End::Done)
}

/// Says that connections are taken.
fn ready(printer: Out, loaded: &Loaded, listen: &str, source: Option<&str>) -> anyhow::Result<()> {
    let url = loaded.config.server.public_url.as_deref().unwrap_or(listen);
    if printer.is_json() {
        return out::line(&json!({ "ready": true, "url": url, "pid": std::process::id() }).to_string());
    }
    let follows = source.map(|source| format!(" and follows {source}")).unwrap_or_default();
    out::line(&format!(
        "Lockstep serves {url}{follows}.\n`lockstep user link NAME` prints a sign-in link; Ctrl-C stops."
    ))
}

/// A token for a client in the server's own process: new at each start, its name and its client stay.
pub(crate) async fn own_token(loaded: &Loaded, store: &dyn TenantStore) -> anyhow::Result<SecretString> {
    let folder = std::path::absolute(&loaded.config.sync.state_dir)?;
    let mark: String =
        hash_secret(&folder.to_string_lossy()).iter().take(3).map(|byte| format!("{byte:02x}")).collect();
    let name = format!("Sync_{}_{mark}", client::machine());
    let known = store.tokens().await?.into_iter().find(|token| token.name == name);
    let secret = new_secret("lkt")?;
    let now = SystemClock.now();
    let record = TokenRecord {
        name,
        role: Role::SyncClient,
        client: known.and_then(|token| token.client),
        created_at: now,
        expires_at: None,
    };
    store.put_token(secret.hash, record, now).await?;
    Ok(secret.text)
}

/// Shows on a terminal how far the first run is; afterwards the log says what happens.
pub(crate) async fn show_progress(printer: Out, mut progress: watch::Receiver<Progress>) {
    let bar = out::bar(printer);
    let mut begun = false;
    loop {
        let now = *progress.borrow_and_update();
        let (word, done, all) = match now.phase {
            Phase::Waiting => ("", 0, None),
            Phase::Importing => ("Reading", now.imported, None),
            Phase::Planning => ("Planning", now.imported, None),
            Phase::Reconciling => ("Comparing", now.imported, None),
            Phase::Exporting => ("Writing", now.exported, Some(now.to_export).filter(|all| *all > 0)),
        };
        if !word.is_empty() {
            begun = true;
            bar.set_message(word);
            bar.set_position(done);
            match all {
                Some(all) => bar.set_length(all),
                None => bar.unset_length(),
            }
        }
        if (begun && word.is_empty()) || progress.changed().await.is_err() {
            bar.finish_and_clear();
            return;
        }
    }
}
