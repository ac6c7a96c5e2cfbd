//! The server: store, API, listening socket, and what it does of itself by the hour.

use super::dns::Resolver;
use super::server_doctor::ServerDoctor;
use super::store::{self, Registry, Running};
use super::upkeep::{self, Keeping};
use crate::clock::SystemClock;
use crate::config::Loaded;
use anyhow::Context;
use jiff::SignedDuration;
use lockstep_api::{ApiSettings, ApiState, Doctor, Retention, TenantLimits, Tenants, TlsSettings};
use lockstep_model::Clock;
use lockstep_storage::SqliteTenants;
use lockstep_tenant::TenantStore;
use std::fs::File;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// Time between two looks at tenants that nobody uses.
const REST: Duration = Duration::from_secs(60);

/// A server that listens and does not serve yet.
pub(crate) struct Server {
    registry: Registry,
    /// The first tenant's store.
    pub(crate) store: Arc<dyn TenantStore>,
    /// Where it listens, for people.
    pub(crate) url: String,
    /// Where it answers programs on this machine: over TLS the certificate is for another name, so these have a
    /// plain loopback port of their own.
    pub(crate) local_url: String,
    listener: TcpListener,
    tls: Option<(TlsSettings, TcpListener)>,
    api: ApiState,
    tenants: Tenants,
    keeping: Keeping,
    data_dir: std::path::PathBuf,
    /// Held as long as the server runs: one server a database.
    _lock: File,
}

/// Opens the store and takes the port. `listen` goes before the configuration's.
pub(crate) async fn prepare(loaded: &Loaded, listen: Option<&str>) -> anyhow::Result<Server> {
    let config = &loaded.config;
    let tls = match (&config.server.tls_cert_file, &config.server.tls_key_file) {
        (Some(certificate), Some(key)) => {
            let beside = TcpListener::bind("127.0.0.1:0").await.context("no loopback port can be had")?;
            Some((TlsSettings::from_files(certificate, key)?, beside))
        }
        _ => None,
    };
    let (registry, store, organization) = store::open(loaded).await?;
    let lock = lock(loaded)?;
    if let Some(files) = &registry.files {
        files.tidy(SystemClock.now()).await?;
    }
    let wanted = listen.unwrap_or(&config.server.listen);
    let address: SocketAddr = wanted
        .parse()
        .with_context(|| format!("\"{wanted}\" is no address with a port, such as 127.0.0.1:8080"))?;
    let listener = TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on; stop what uses the port, or set another [server] listen")
    })?;
    let address = listener.local_addr()?;
    let url = local_url(address, config.server.tls_cert_file.is_some());
    let local_url = match &tls {
        Some((_, beside)) => local_url(beside.local_addr()?, false),
        None => url.clone(),
    };
    Running { url: local_url.clone(), pid: std::process::id() }.write(&config.server.data_dir)?;
    let settings = ApiSettings {
        public_url: config.server.public_url.clone().map(|url| url.trim_end_matches('/').to_owned()),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        stale_after: SignedDuration::try_from(config.sync.stale_after.0).unwrap_or(SignedDuration::MAX),
        program: std::env::current_exe().ok(),
        retention: Retention {
            keep_deleted_seconds: config.server.keep_deleted.0.as_secs(),
            history_seconds: config.server.history.keep.0.as_secs(),
            history_megabytes: config.server.history.max_megabytes,
        },
    };
    let doctor = ServerDoctor::new(loaded.clone(), store.clone());
    let of_another = loaded.clone();
    let of_another =
        move |store| -> Arc<dyn Doctor> { Arc::new(ServerDoctor::of_another(of_another.clone(), store)) };
    let dns = Resolver::new(&config.server.dns)?;
    let api = ApiState::new(store.clone(), Arc::new(SystemClock), Arc::new(doctor), settings)
        .with_dns(Arc::new(dns))
        .with_tenant(organization.id);
    let kept = &config.server.tenants;
    let limits = TenantLimits { most: kept.open, idle: kept.idle.0 };
    let tenants = Tenants::new(api.clone(), registry.tenants.clone(), of_another, limits);
    tracing::info!(tenant = %organization.id, %url, "the tenant is open");
    Ok(Server {
        registry,
        store,
        url,
        local_url,
        listener,
        tls,
        api,
        tenants,
        keeping: Keeping { deleted: config.server.keep_deleted.0, history: config.server.history },
        data_dir: config.server.data_dir.clone(),
        _lock: lock,
    })
}

impl Server {
    /// Serves until `stop`; requests in work are finished.
    pub(crate) async fn serve(self, stop: CancellationToken) -> anyhow::Result<()> {
        let upkeep =
            tokio::spawn(upkeep::run(self.registry.clone(), self.store.clone(), self.keeping, stop.clone()));
        let rest = tokio::spawn(rest(self.tenants.clone(), self.registry.files.clone()));
        let others = tokio::spawn(lockstep_api::follow_others(self.api.clone()));
        let router = self.tenants.router();
        let stopped = || stop.clone().cancelled_owned();
        let served = match self.tls {
            None => lockstep_api::serve(self.listener, router, stopped()).await,
            Some((tls, beside)) => {
                let (outside, inside) = tokio::join!(
                    lockstep_api::serve_tls(self.listener, router.clone(), tls, stopped()),
                    lockstep_api::serve(beside, router, stopped()),
                );
                outside.and(inside)
            }
        };
        stop.cancel();
        others.abort();
        rest.abort();
        Running::remove(&self.data_dir);
        upkeep.await?;
        Ok(served?)
    }
}

/// Lets go of tenants that nobody uses. It never ends.
async fn rest(tenants: Tenants, files: Option<SqliteTenants>) {
    let mut minutely = tokio::time::interval(REST);
    loop {
        minutely.tick().await;
        tenants.let_go();
        if let Some(files) = &files {
            files.close_idle();
        }
    }
}

/// Takes the lock of the tenant's folder: held as long as a server uses it.
pub(crate) fn lock(loaded: &Loaded) -> anyhow::Result<File> {
    let path = loaded.config.server.data_dir.join("server.lock");
    let file = File::create(&path).with_context(|| format!("{} cannot be written", path.display()))?;
    file.try_lock().map_err(|_| {
        anyhow::anyhow!(
            "another server uses {}; stop that one first, or set another [server] data_dir",
            loaded.config.server.data_dir.display()
        )
    })?;
    Ok(file)
}

/// Where a server that listens on `address` answers on this machine.
pub(crate) fn local_url(address: SocketAddr, tls: bool) -> String {
    let scheme = if tls { "https" } else { "http" };
    match address {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => format!("{scheme}://127.0.0.1:{}", v4.port()),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => format!("{scheme}://[::1]:{}", v6.port()),
        other => format!("{scheme}://{other}"),
    }
}
