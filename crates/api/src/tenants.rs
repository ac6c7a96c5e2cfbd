//! Which tenant a request is for: `/tenants/{id or verified domain}/...` leads to that tenant, anything else to the server's
//! first. The prefix is taken off before the tenant's own router sees the request; what a tenant answers carries it.
//!
//! **Invariant:** a tenant's router holds that tenant's store and no other, so that nothing behind this file can name
//! another tenant's data. What is not written as an id or a domain is written leads nowhere.

use crate::error::ApiError;
use crate::events::follow_others;
use crate::layers::around;
use crate::router::router;
use crate::state::{ApiState, Doctor};
use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use http::uri::PathAndQuery;
use http::{HeaderValue, StatusCode, Uri, header};
use lockstep_model::TenantId;
use lockstep_tenant::domains::is_domain_name;
use lockstep_tenant::{StoreError, TenantEntry, TenantRegistry, TenantStore};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::AbortHandle;
use tower::ServiceExt as _;

/// How long it is remembered whom an address leads to: a tenant that is deleted is gone after it.
const REMEMBERED: Duration = Duration::from_secs(2);
/// Addresses that are remembered.
const MOST_REMEMBERED: usize = 4_096;

/// What the address of a request began with: `/tenants/contoso.com`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prefix(pub(crate) Arc<str>);

/// How many tenants are held at once, the first aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantLimits {
    /// Tenants; those that pages, sync clients or requests use are held in any case.
    pub most: usize,
    /// How long one is held that nobody uses.
    pub idle: Duration,
}

impl Default for TenantLimits {
    fn default() -> Self {
        Self { most: 50, idle: Duration::from_secs(600) }
    }
}

type MakeDoctor = dyn Fn(Arc<dyn TenantStore>) -> Arc<dyn Doctor> + Send + Sync;

/// All tenants of a server. Cloning is cheap.
#[derive(Clone)]
pub struct Tenants {
    inner: Arc<Inner>,
}

struct Inner {
    registry: Arc<dyn TenantRegistry>,
    first: ApiState,
    /// Answers for the first tenant.
    router: Router,
    /// Answers where no tenant is.
    nowhere: Router,
    doctor: Box<MakeDoctor>,
    limits: TenantLimits,
    open: Mutex<HashMap<TenantId, Arc<Open>>>,
    known: Mutex<HashMap<String, Known>>,
}

/// Whom an address leads to, and whether that is the first; when it was asked.
#[derive(Clone, Copy)]
struct Known {
    asked: Instant,
    found: Option<(TenantId, bool)>,
}

/// A tenant that is held.
struct Open {
    state: ApiState,
    router: Router,
    follows: AbortHandle,
    used: Mutex<Instant>,
    at_work: AtomicUsize,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.follows.abort();
    }
}

impl Open {
    /// Whether a request, a page or a sync client is connected.
    fn is_in_use(&self) -> bool {
        self.at_work.load(Ordering::Relaxed) > 0
            || self.state.orders.connected() > 0
            || self.state.events.listeners() > 0
    }

    fn used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn use_now(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }
}

/// A request at work on a tenant.
struct AtWork(Arc<Open>);

impl AtWork {
    fn on(open: &Arc<Open>) -> Self {
        open.use_now();
        open.at_work.fetch_add(1, Ordering::Relaxed);
        Self(open.clone())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.at_work.fetch_sub(1, Ordering::Relaxed);
    }
}

impl std::fmt::Debug for Tenants {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tenants").field("limits", &self.inner.limits).finish_non_exhaustive()
    }
}

/// Where a request goes.
enum Way {
    First(Request),
    Other(TenantId, Request),
    /// The address is another way of writing this one.
    Elsewhere(String),
    Nowhere,
}

impl Tenants {
    /// The tenants of a server: the first, whose state is given, and those of `registry` beside it. `doctor` makes the
    /// checks of a tenant that is not the first.
    pub fn new(
        first: ApiState,
        registry: Arc<dyn TenantRegistry>,
        doctor: impl Fn(Arc<dyn TenantStore>) -> Arc<dyn Doctor> + Send + Sync + 'static,
        limits: TenantLimits,
    ) -> Self {
        let nowhere = Router::new().fallback(async || {
            let message = "There is no tenant at this address; it is /tenants/ followed by the tenant's id or one of its verified domains.";
            ApiError::new(StatusCode::NOT_FOUND, "Request_ResourceNotFound", message)
        });
        let nowhere = nowhere.layer(from_fn_with_state(first.clone(), around));
        let inner = Inner {
            registry,
            router: router(first.clone()),
            nowhere,
            first,
            doctor: Box::new(doctor),
            limits,
            open: Mutex::default(),
            known: Mutex::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The whole server.
    pub fn router(&self) -> Router {
        let tenants = self.clone();
        Router::new().fallback(move |request: Request| {
            let tenants = tenants.clone();
            async move { tenants.serve(request).await }
        })
    }

    /// How many tenants are held now, the first aside.
    pub fn held(&self) -> usize {
        self.lock_open().len()
    }

    fn lock_open(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Open>>> {
        self.inner.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets go of tenants that nobody used for long; to be called now and then.
    pub fn let_go(&self) {
        self.make_room(&mut self.lock_open(), usize::MAX);
    }

    async fn serve(&self, request: Request) -> Response {
        match self.way(request).await {
            Ok(Way::First(request)) => answered(self.inner.router.clone(), request).await,
            Ok(Way::Other(id, request)) => match self.open(id).await {
                Ok(Some(at_work)) => answered(at_work.0.router.clone(), request).await,
                Ok(None) => answered(self.inner.nowhere.clone(), Request::default()).await,
                Err(error) => self.failed(error).await,
            },
            Ok(Way::Elsewhere(address)) => moved(&address),
            Ok(Way::Nowhere) => answered(self.inner.nowhere.clone(), Request::default()).await,
            Err(error) => self.failed(error).await,
        }
    }

    /// A failure of the registry, in the form of any other.
    async fn failed(&self, error: StoreError) -> Response {
        let error = ApiError::from(error);
        let state = self.inner.first.clone();
        let failing = Router::new().fallback(move || std::future::ready(error.clone()));
        answered(failing.layer(from_fn_with_state(state, around)), Request::default()).await
    }

    async fn way(&self, mut request: Request) -> Result<Way, StoreError> {
        let path = request.uri().path();
        let Some(rest) = path.strip_prefix("/tenants") else { return Ok(Way::First(request)) };
        if rest.is_empty() {
            return Ok(Way::Nowhere);
        }
        let Some(rest) = rest.strip_prefix('/') else { return Ok(Way::First(request)) };
        let (name, below) = rest.split_once('/').map_or((rest, None), |(name, below)| (name, Some(below)));
        let folded = name.to_ascii_lowercase();
        let Some((id, is_first)) = self.find(&folded).await? else { return Ok(Way::Nowhere) };
        let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
        let Some(below) = below.filter(|_| folded == name) else {
            // One address, one form: cookies know no other.
            return Ok(Way::Elsewhere(format!("/tenants/{folded}/{}{query}", below.unwrap_or_default())));
        };
        let Ok(own) = PathAndQuery::try_from(format!("/{below}{query}")) else { return Ok(Way::Nowhere) };
        let mut parts = request.uri().clone().into_parts();
        parts.path_and_query = Some(own);
        let Ok(uri) = Uri::from_parts(parts) else { return Ok(Way::Nowhere) };
        *request.uri_mut() = uri;
        request.extensions_mut().insert(Prefix(format!("/tenants/{folded}").into()));
        Ok(if is_first { Way::First(request) } else { Way::Other(id, request) })
    }

    /// The tenant of an id or a domain in lower case, and whether it is the first.
    async fn find(&self, name: &str) -> Result<Option<(TenantId, bool)>, StoreError> {
        let id = name.parse::<TenantId>().ok().filter(|id| id.to_string() == name);
        if id.is_none() && !is_domain_name(name) {
            return Ok(None);
        }
        let now = Instant::now();
        {
            let known = self.inner.known.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(known) = known.get(name)
                && now.saturating_duration_since(known.asked) < REMEMBERED
            {
                return Ok(known.found);
            }
        }
        let registry = &self.inner.registry;
        let found = match id {
            Some(id) => registry.by_id(id).await?,
            None => registry.by_domain(name.to_owned()).await?,
        };
        let found = found.map(|TenantEntry { id, is_first, .. }| (id, is_first));
        let mut known = self.inner.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(name.to_owned(), Known { asked: now, found });
        Ok(found)
    }

    async fn open(&self, id: TenantId) -> Result<Option<AtWork>, StoreError> {
        if let Some(tenant) = self.lock_open().get(&id) {
            return Ok(Some(AtWork::on(tenant)));
        }
        // A registry that takes its time holds up nobody whose tenant is held.
        let Some(store) = self.inner.registry.open(id).await? else { return Ok(None) };
        let mut open = self.lock_open();
        if let Some(tenant) = open.get(&id) {
            return Ok(Some(AtWork::on(tenant)));
        }
        self.make_room(&mut open, self.inner.limits.most.max(1));
        let doctor = (self.inner.doctor)(store.clone());
        let state = self.inner.first.of_tenant(id, store, doctor);
        let follows = tokio::spawn(follow_others(state.clone())).abort_handle();
        let tenant = Arc::new(Open {
            router: router(state.clone()),
            state,
            follows,
            used: Mutex::new(Instant::now()),
            at_work: AtomicUsize::new(0),
        });
        let at_work = AtWork::on(&tenant);
        open.insert(id, tenant);
        Ok(Some(at_work))
    }

    /// Lets go of what nobody used for long, and of what was longest unused until there is room for one more.
    fn make_room(&self, open: &mut HashMap<TenantId, Arc<Open>>, most: usize) {
        let now = Instant::now();
        let idle = self.inner.limits.idle;
        open.retain(|_, tenant| tenant.is_in_use() || now.saturating_duration_since(tenant.used()) < idle);
        while open.len() >= most {
            let unused = open.iter().filter(|(_, tenant)| !tenant.is_in_use());
            let Some(id) = unused.min_by_key(|(_, tenant)| tenant.used()).map(|(id, _)| *id) else { return };
            open.remove(&id);
        }
    }
}

async fn answered(router: Router, request: Request) -> Response {
    match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

fn moved(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(address) => (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, address)]).into_response(),
        Err(_) => StatusCode::NOT_FOUND.into_response(),
    }
}
