//! Takes connections and serves them until told to stop.

use crate::tls::{OverTls, TlsSettings};
use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;

/// Connections at a time; more wait in the system's queue.
const CONNECTIONS: usize = 4096;
/// Longest time until the head of a request is read; an idle connection ends after it. Longer than clients keep
/// idle connections, so that they, not we, end them.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);
/// Longest time a TLS handshake takes.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Longest time that requests in work have when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// Why serving ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The socket takes no connections any more.
    #[error("server: the socket takes no connections; restart the server")]
    Accept(#[source] std::io::Error),
}

/// Tells streams that the server stops: they would else last as long as their readers like.
#[derive(Clone, Debug)]
pub(crate) struct Closing(watch::Receiver<bool>);

impl Closing {
    /// Waits until the server stops; for ever where it does not run under [`serve`].
    pub(crate) async fn wait(closing: Option<Self>) {
        match closing {
            Some(Self(mut receiver)) => {
                // An error means that the server is gone, which is as good as stopping.
                let _ = receiver.wait_for(|closing| *closing).await;
            }
            None => std::future::pending().await,
        }
    }
}

/// Serves `router` on `listener` (HTTP/1.1 and HTTP/2 in clear) until `stop` is ready; then takes no new
/// connection, ends streams, and gives requests in work ten seconds.
///
/// # Errors
/// [`ServeError::Accept`] where the socket is broken.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    run(listener, router, None, stop).await
}

/// As [`serve`], over TLS.
///
/// # Errors
/// [`ServeError::Accept`] where the socket is broken.
pub async fn serve_tls(
    listener: TcpListener,
    router: Router,
    tls: TlsSettings,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    run(listener, router, Some(tls.acceptor()), stop).await
}

async fn run(
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let (close, closing) = watch::channel(false);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT).max_headers(100);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(30))
        .max_concurrent_streams(128)
        .max_header_list_size(64 * 1024);
    let mut stop = std::pin::pin!(stop);
    loop {
        let accept = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accept => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // A connection that broke at once, or no free file handle: neither ends the server.
            Err(error) if is_passing(&error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
            Err(error) => return Err(ServeError::Accept(error)),
        };
        // Small answers must not wait for an acknowledgement: a change is to be seen within milliseconds.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY cannot be set");
        }
        let service = router.clone().map_request(with_peer(peer, closing.clone(), tls.is_some()));
        let service = TowerToHyperService::new(service);
        let (builder, tls, watcher) = (builder.clone(), tls.clone(), graceful.watcher());
        tokio::spawn(async move {
            let served = match tls {
                None => {
                    watcher.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned()).await
                }
                Some(tls) => match tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await {
                    Ok(Ok(stream)) => {
                        watcher
                            .watch(builder.serve_connection(TokioIo::new(stream), service).into_owned())
                            .await
                    }
                    Ok(Err(error)) => Err(error.into()),
                    Err(_) => Err("the TLS handshake took too long".into()),
                },
            };
            if let Err(error) = served {
                tracing::debug!(%error, "a connection ended with an error");
            }
            drop(place);
        });
    }
    drop(listener);
    let _ = close.send(true);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests still in work after {} s were cut off", GRACE.as_secs());
    }
    Ok(())
}

/// Puts the address of the peer and the news of the end into each request.
fn with_peer(
    peer: SocketAddr,
    closing: watch::Receiver<bool>,
    tls: bool,
) -> impl Fn(http::Request<hyper::body::Incoming>) -> Request + Clone {
    move |request| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(Closing(closing.clone()));
        if tls {
            request.extensions_mut().insert(OverTls);
        }
        request
    }
}

fn is_passing(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    // EMFILE, ENFILE, ENOBUFS, ENOMEM: too many open files, or no memory, for now.
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
        || matches!(error.raw_os_error(), Some(24 | 23 | 105 | 12))
}
