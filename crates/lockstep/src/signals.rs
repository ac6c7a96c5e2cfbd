//! SIGTERM and SIGINT ask for a clean end; a second one ends at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// A token that fires at the first SIGTERM or SIGINT.
pub(crate) fn stop_token() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let fired = stop.clone();
    tokio::spawn(async move {
        tokio::select! { _ = term.recv() => {} _ = int.recv() => {} }
        tracing::info!("stopping; a second signal ends at once");
        fired.cancel();
        tokio::select! { _ = term.recv() => {} _ = int.recv() => {} }
        std::process::exit(130);
    });
    Ok(stop)
}
