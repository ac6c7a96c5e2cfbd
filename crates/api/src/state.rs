//! What every handler holds.

use crate::auth::TokenUses;
use crate::auth::limit::SignInLimit;
use crate::events::Events;
use crate::metrics::Metrics;
use crate::orders::Orders;
use crate::own::downloads::Digest;
use crate::settings::ApiSettings;
use async_trait::async_trait;
use lockstep_model::provisioning::DoctorCheck;
use lockstep_model::{Clock, TenantId, Timestamp};
use lockstep_tenant::TenantStore;
use lockstep_tenant::domains::{Dns, DnsAnswer, DnsFindings};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The server's own checks, given by the program: configuration, disk, database, clocks.
#[async_trait]
pub trait Doctor: Send + Sync + 'static {
    /// Makes the checks. Never fails: what is wrong is in a check.
    async fn check(&self) -> Vec<DoctorCheck>;
}

/// DNS where the program gives none.
struct NoDns;

#[async_trait]
impl Dns for NoDns {
    async fn ask(&self, _: &str) -> DnsFindings {
        let none = || "this server was given no resolver".to_owned();
        DnsFindings {
            resolver: "(none)".into(),
            txt: DnsAnswer::Failed(none()),
            mx: DnsAnswer::Failed(none()),
        }
    }
}

/// Password checks at once: each takes 19 MiB and a core.
const PASSWORD_CHECKS: usize = 2;
/// Large request bodies in memory at once.
const LARGE_BODIES: usize = 4;

/// How much one answer holds, where what it holds is a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerLimits {
    /// Members of groups, or groups of users, that one SCIM answer shows: over all its resources. Default: 100,000.
    pub links: usize,
    /// Bytes of the answers in one `$batch` together. Default: 32 MiB.
    pub batch: usize,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        Self { links: 100_000, batch: 32 * 1024 * 1024 }
    }
}

/// The server's state: cheap to clone.
#[derive(Clone)]
pub struct ApiState {
    pub(crate) store: Arc<dyn TenantStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) doctor: Arc<dyn Doctor>,
    pub(crate) dns: Arc<dyn Dns>,
    pub(crate) settings: Arc<ApiSettings>,
    pub(crate) events: Events,
    pub(crate) orders: Arc<Orders>,
    pub(crate) metrics: Metrics,
    pub(crate) sign_ins: Arc<SignInLimit>,
    pub(crate) token_uses: Arc<TokenUses>,
    pub(crate) password_checks: Arc<Semaphore>,
    pub(crate) large_bodies: Arc<Semaphore>,
    pub(crate) digest: Arc<Digest>,
    pub(crate) limits: AnswerLimits,
    /// Which tenant it is, where that was said.
    pub(crate) tenant: Option<TenantId>,
    /// Whether it is the server's first tenant, whose administrators look after the server itself.
    pub(crate) is_first: bool,
}

impl ApiState {
    /// A server's first tenant, over `store`. To be made once for a process: the metrics are the process's.
    pub fn new(
        store: Arc<dyn TenantStore>,
        clock: Arc<dyn Clock>,
        doctor: Arc<dyn Doctor>,
        settings: ApiSettings,
    ) -> Self {
        Self {
            store,
            clock,
            doctor,
            dns: Arc::new(NoDns),
            settings: Arc::new(settings),
            events: Events::default(),
            orders: Arc::default(),
            metrics: Metrics::install(),
            sign_ins: Arc::default(),
            token_uses: Arc::default(),
            password_checks: Arc::new(Semaphore::new(PASSWORD_CHECKS)),
            large_bodies: Arc::new(Semaphore::new(LARGE_BODIES)),
            digest: Arc::default(),
            limits: AnswerLimits::default(),
            tenant: None,
            is_first: true,
        }
    }

    /// The same, which asks DNS here.
    #[must_use]
    pub fn with_dns(self, dns: Arc<dyn Dns>) -> Self {
        Self { dns, ..self }
    }

    /// The same, with answers of another size.
    #[must_use]
    pub fn with_limits(self, limits: AnswerLimits) -> Self {
        Self { limits, ..self }
    }

    /// The same, which knows that it is this tenant.
    #[must_use]
    pub fn with_tenant(self, tenant: TenantId) -> Self {
        Self { tenant: Some(tenant), ..self }
    }

    /// Another tenant of the same server. What bounds the process's memory is shared; what a tenant's people, clients and
    /// pages do is its own.
    pub(crate) fn of_tenant(
        &self,
        tenant: TenantId,
        store: Arc<dyn TenantStore>,
        doctor: Arc<dyn Doctor>,
    ) -> Self {
        Self {
            store,
            doctor,
            events: Events::default(),
            orders: Arc::default(),
            token_uses: Arc::default(),
            tenant: Some(tenant),
            is_first: false,
            ..self.clone()
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl std::fmt::Debug for ApiState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiState").field("settings", &self.settings).finish_non_exhaustive()
    }
}
