//! The sync client's outside: how it is made, run, asked.

use crate::decide::{Decider, SharedScope};
use crate::plan::Planner;
use crate::scope::{ResolvedScope, ScopeSettings};
use crate::session::Session;
use crate::state::{Approval, Batch, Meta};
use crate::{Phase, Progress, StateError, StateStore, SyncFailure, SyncSettings};
use crate::{import, precheck, preview, reconcile, run, scope};
use lockstep_engine::KeyHasher;
use lockstep_engine::rules::{Rules, RulesDocument};
use lockstep_model::explain::{Explanation, ObjectReport};
use lockstep_model::plan::PlanReport;
use lockstep_model::provisioning::{CheckResult, DoctorCheck, RunRecord};
use lockstep_model::{Clock, Fingerprint, Timestamp};
use lockstep_sources::Source;
use lockstep_targets::Target;
use std::sync::{Arc, PoisonError};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// The note with the rules by which objects were confirmed, newest first.
const RULES: &str = "rules";
/// Rules that are remembered.
const RULES_KEPT: usize = 4;
/// The note with the attributes that were read, one a line.
const ATTRIBUTES: &str = "attributes";

/// Makes a source that reads these attributes: a new one for every connection, so that a broken one leaves nothing
/// behind.
pub type SourceFactory = Arc<dyn Fn(&[String]) -> Box<dyn Source> + Send + Sync>;

/// A sync client. Cloning is cheap and gives another handle on the same one.
#[derive(Clone)]
pub struct SyncClient {
    /// The first source, then the further ones in the order in which the rules know them.
    sources: Arc<Vec<SourceFactory>>,
    pub(crate) target: Arc<dyn Target>,
    pub(crate) state: Arc<dyn StateStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: Arc<SyncSettings>,
    /// What the source is asked for, in lower case and in order: what the rules read, or more.
    attributes: Arc<Vec<String>>,
    pub(crate) progress: watch::Sender<Progress>,
    pub(crate) desk: Arc<precheck::Desk>,
}

impl SyncClient {
    /// A client that reads from `source`, writes to `target` and keeps `state`. Nothing happens yet.
    pub fn new(
        source: SourceFactory,
        target: Arc<dyn Target>,
        state: Arc<dyn StateStore>,
        clock: Arc<dyn Clock>,
        settings: SyncSettings,
    ) -> Self {
        let progress = watch::Sender::new(Progress::default());
        let attributes = Arc::new(settings.rules.attributes());
        let sources = Arc::new(vec![source]);
        let desk = precheck::desk();
        Self { sources, target, state, clock, settings: Arc::new(settings), attributes, progress, desk }
    }

    /// The same client with further sources, in the order of [`Rules::sources`]: entries of each are joined to objects
    /// that those before it make.
    #[must_use]
    pub fn with_further_sources(self, further: Vec<SourceFactory>) -> Self {
        let first = self.sources.first().cloned();
        Self { sources: Arc::new(first.into_iter().chain(further).collect()), ..self }
    }

    /// How far the present run is.
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// Runs until `stop`: a cycle at once, then every change as it happens, with a cycle every
    /// [`SyncSettings::cycle`] as the safety net. Reports to the target and takes its orders. Whatever fails is
    /// reported and tried again.
    ///
    /// # Errors
    /// [`SyncFailure::State`]: without its state the client cannot work.
    pub async fn run(&self, stop: CancellationToken) -> Result<(), SyncFailure> {
        run::run(self, stop).await
    }

    /// Runs one cycle: reads what changed (`full`: everything), plans, writes. The record says how it ended: a
    /// plan that the guard held is a result and no error.
    ///
    /// # Errors
    /// What ended it; the record was sent to the target, where that could be reached.
    pub async fn once(&self, full: bool, stop: CancellationToken) -> Result<RunRecord, SyncFailure> {
        Session::open(self).await?.once(full, stop).await
    }

    /// Makes the plan that a cycle would write, with at most `limit` objects listed. Nothing is written, and
    /// the watermark does not move: it is made in a copy of the state. With a `draft`, it is the plan of a cycle
    /// under those rules.
    ///
    /// # Errors
    /// What kept the source from being read whole, or the target from being asked what it holds.
    pub async fn preview(
        &self,
        limit: usize,
        draft: Option<Arc<Rules>>,
        stop: CancellationToken,
    ) -> Result<PlanReport, SyncFailure> {
        let state = self.state.scratch().await?;
        let client = match draft {
            Some(rules) => {
                // Where what was read is enough, only what changed since is read.
                let read = read_attributes(&state).await?;
                let wanted = rules.attributes();
                let is_enough = wanted.iter().all(|name| read.contains(name));
                let attributes = Arc::new(if is_enough { read } else { wanted });
                Self { attributes, ..self.with_rules(rules) }
            }
            None => self.clone(),
        };
        let copy = Self { state, progress: watch::Sender::new(Progress::default()), ..client };
        let mut session = Session::open(&copy).await?;
        session.import_once(false, &stop).await?;
        // As a cycle does: what was refused is tried again.
        copy.state.retry_refused(None).await?;
        session.settle().await?;
        if session.meta.target_unsure {
            reconcile::reconcile(&copy.state, &copy.target, &mut session.meta, self.clock.now()).await?;
        }
        let planner = session.planner();
        preview::judged(&planner, session.window(), session.meta.went_back, limit, self.clock.now()).await
    }

    /// Explains one object, from the state as it was last read; none where there is no such entry. `object` is an
    /// anchor, a DN, a uid, a mail address or a name. With a `draft`, it is what the object would be under those
    /// rules.
    ///
    /// # Errors
    /// [`SyncFailure::State`].
    pub async fn explain(
        &self,
        object: &str,
        draft: Option<Arc<Rules>>,
    ) -> Result<Option<Explanation>, SyncFailure> {
        let meta = self.state.meta().await?;
        let is_draft = draft.is_some();
        let client = draft.map_or_else(|| self.clone(), |rules| self.with_rules(rules));
        let scope = SharedScope::default();
        client.load_scope(&meta, &scope).await?;
        let earlier = client.earlier(&meta, &scope).await?;
        client.planner(&meta, self.settings.threshold, earlier, &scope).explain(object, is_draft).await
    }

    /// Syncs one object: reads it again, and writes what it needs, if scope, rules and guard let it. `ignore_scope`:
    /// wherever it lies. For use where [`SyncClient::run`] does not run; a running client takes it as an order.
    ///
    /// # Errors
    /// [`SyncFailure::State`]; what else goes wrong is in the report.
    pub async fn sync_object(&self, object: &str, ignore_scope: bool) -> Result<ObjectReport, SyncFailure> {
        let mut session = Session::open(self).await?;
        let synced = session.sync_object(object, ignore_scope).await;
        if let Err(error) = session.lease.release(false).await {
            tracing::debug!(%error, "the lease was not given back; it lapses");
        }
        let (report, log) = synced?;
        if log.exported.operations > 0
            && let Err(error) = self.target.put_run(log.record(None, self.clock.now())).await
        {
            tracing::warn!(%error, "the run's record was not delivered");
        }
        session.close().await?;
        Ok(report)
    }

    /// Approves what has this digest ([`lockstep_model::plan::PlanSummary::deletions_digest`]) in the name of `by`:
    /// the next plan that takes away exactly that is written, if it comes within [`SyncSettings::approval`]. What
    /// comes later is not covered. For use where [`SyncClient::run`] does not run; a running client is approved by an order of its tenant.
    ///
    /// # Errors
    /// [`SyncFailure::State`].
    pub async fn approve(&self, digest: &str, by: &str) -> Result<(), SyncFailure> {
        let mut meta = self.open_state(&SharedScope::default()).await?;
        meta.approval = Some(self.approval(digest, by));
        self.state.apply(Batch { meta: Some(meta), ..Batch::default() }).await?;
        Ok(())
    }

    /// Lets the client write nothing until an order says to resume, from its first run on. For use before
    /// [`SyncClient::run`].
    ///
    /// # Errors
    /// [`SyncFailure::State`].
    pub async fn pause_first(&self) -> Result<(), SyncFailure> {
        let mut meta = self.open_state(&SharedScope::default()).await?;
        meta.paused = true;
        self.state.apply(Batch { meta: Some(meta), ..Batch::default() }).await?;
        Ok(())
    }

    /// An approval that begins now.
    pub(crate) fn approval(&self, digest: &str, by: &str) -> Approval {
        let millis = i64::try_from(self.settings.approval.as_millis()).unwrap_or(i64::MAX);
        let until = self.clock.now().as_millisecond().saturating_add(millis);
        let until = Timestamp::from_millisecond(until).unwrap_or(Timestamp::MAX);
        Approval { digest: digest.to_owned(), by: by.to_owned(), until }
    }

    /// Looks at the installation, source first. Nothing is changed.
    pub async fn check(&self) -> Vec<DoctorCheck> {
        let now = self.clock.now();
        let mut sources = self.make_sources();
        let names = self.settings.rules.sources();
        let look = async {
            let mut checks = Vec::new();
            for (at, source) in sources.iter_mut().enumerate() {
                let found = source.check(now).await;
                let name = at.checked_sub(1).and_then(|at| names.get(at));
                checks.extend(found.into_iter().map(|check| of_source(check, name)));
            }
            checks
        };
        let (mut checks, target) = tokio::join!(look, self.target.check(now));
        checks.extend(target);
        checks.extend(self.check_scope().await);
        checks
    }

    /// Whether the containers that were chosen are there; none where none was chosen.
    async fn check_scope(&self) -> Option<DoctorCheck> {
        let scope = &self.settings.scope;
        if *scope == ScopeSettings::default() {
            return None;
        }
        let unseen = async {
            let hasher = KeyHasher::new(self.state.meta().await?.hash_key);
            scope::unseen(&self.state, &hasher, scope).await
        };
        let (result, detail, remedy) = match unseen.await {
            Ok(unseen) if unseen.is_empty() => {
                let chosen = scope.include.len() + scope.exclude.len();
                (CheckResult::Pass, format!("{chosen} containers chosen, all seen"), None)
            }
            Ok(unseen) => (
                CheckResult::Warn,
                format!("not seen in the directory: {}", unseen.join("; ")),
                Some(
                    "Correct [source] include or exclude; or [source] filter hides the container's entry."
                        .to_owned(),
                ),
            ),
            Err(error) => (CheckResult::Skipped, error.to_string(), None),
        };
        Some(DoctorCheck {
            name: "source.scope".to_owned(),
            title: "The containers that were chosen".to_owned(),
            result,
            detail,
            remedy,
            millis: 0,
        })
    }

    /// Reads the client's facts and brings the state to what the settings say. Looks up the scope.
    pub(crate) async fn open_state(&self, scope: &SharedScope) -> Result<Meta, SyncFailure> {
        let mut meta = self.state.meta().await?;
        let boot = tokio::fs::read_to_string("/proc/sys/kernel/random/boot_id").await.unwrap_or_default();
        let boot = boot.trim().to_owned();
        let before = meta.clone();
        if meta.hash_key == [0, 0] {
            let rules = self.rules_id();
            meta = Meta { hash_key: random_key(), rules, target_unsure: true, ..Meta::default() };
            self.keep_rules().await?;
            self.keep_attributes().await?;
            let resolved = self.load_scope(&meta, scope).await?;
            // Whatever comes in is evaluated by it.
            resolved.evaluated(&self.state).await?;
        } else if meta.rules != self.rules_id() {
            self.change_rules(&mut meta, scope).await?;
        } else {
            self.load_scope(&meta, scope).await?;
        }
        // The machine went down without our leave: the newest commits may be lost, and with them the memory of
        // what was written.
        meta.target_unsure |= !meta.boot.is_empty() && meta.boot != boot;
        meta.boot = boot;
        if meta != before {
            self.state.apply(Batch { meta: Some(meta.clone()), ..Batch::default() }).await?;
        }
        Ok(meta)
    }

    /// The rules are others than those by which the state was made: every entry is evaluated again, and read again
    /// only where the rules read other attributes.
    async fn change_rules(&self, meta: &mut Meta, scope: &SharedScope) -> Result<(), SyncFailure> {
        let read_again = read_attributes(&self.state).await? != *self.attributes;
        let rules = self.settings.rules.describe();
        tracing::info!(rules, read_again, "the rules changed: every entry is evaluated again");
        let sources = self.settings.rules.sources();
        if read_again || meta.further.keys().any(|name| !sources.contains(name)) {
            // What a source that is no more had named is found missing.
            meta.forget_watermarks();
        }
        meta.rules = self.rules_id();
        self.keep_rules().await?;
        let resolved = self.load_scope(meta, scope).await?;
        import::remake_indexes(&self.state, &self.decider(meta, scope), meta).await?;
        resolved.evaluated(&self.state).await?;
        // Last: killed before, the client finds that it must read again once more than needed, not once less.
        self.keep_attributes().await?;
        Ok(())
    }

    /// Another version may evaluate in another way; what comes out the same is not written again.
    fn rules_id(&self) -> String {
        let document = serde_json::to_string(self.settings.rules.document()).unwrap_or_default();
        format!("{} {}", env!("CARGO_PKG_VERSION"), Fingerprint::of_text(&document))
    }

    /// Remembers the rules, before those of before.
    async fn keep_rules(&self) -> Result<(), StateError> {
        let mut documents = self.kept_rules().await?;
        let document = self.settings.rules.document();
        documents.retain(|held| held != document);
        documents.insert(0, document.clone());
        documents.truncate(RULES_KEPT);
        let text = serde_json::to_string(&documents)
            .map_err(|error| StateError::Failed { source: Box::new(error) })?;
        self.state.put_note(RULES, text).await
    }

    async fn keep_attributes(&self) -> Result<(), StateError> {
        self.state.put_note(ATTRIBUTES, self.attributes.join("\n")).await
    }

    async fn kept_rules(&self) -> Result<Vec<RulesDocument>, StateError> {
        let text = self.state.note(RULES).await?;
        // What another version wrote and this one cannot read is as good as nothing.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// The rules in force before these, newest first.
    pub(crate) async fn earlier(
        &self,
        meta: &Meta,
        scope: &SharedScope,
    ) -> Result<Arc<Vec<Decider>>, StateError> {
        let documents = self.kept_rules().await?;
        let others = documents.into_iter().filter(|document| document != self.settings.rules.document());
        let rules = others.filter_map(|document| Rules::new(document).ok());
        Ok(Arc::new(rules.map(|rules| self.decider_by(Arc::new(rules), meta, scope)).collect()))
    }

    /// What decides, with the present moment.
    pub(crate) fn decider(&self, meta: &Meta, scope: &SharedScope) -> Decider {
        self.decider_by(self.settings.rules.clone(), meta, scope)
    }

    fn decider_by(&self, rules: Arc<Rules>, meta: &Meta, scope: &SharedScope) -> Decider {
        Decider::new(rules, scope.clone(), KeyHasher::new(meta.hash_key), self.clock.now())
    }

    /// Looks up the scope as it is now, for all who share it.
    pub(crate) async fn load_scope(
        &self,
        meta: &Meta,
        scope: &SharedScope,
    ) -> Result<Arc<ResolvedScope>, StateError> {
        let decider = self.decider(meta, scope);
        let groups = self.settings.rules.groups_asked();
        let references = |composite: &_| decider.references(composite);
        let resolved =
            ResolvedScope::load(&self.state, decider.hasher(), &self.settings.scope, &groups, references)
                .await?;
        let resolved = Arc::new(resolved);
        *scope.write().unwrap_or_else(PoisonError::into_inner) = resolved.clone();
        Ok(resolved)
    }

    /// Whether the scope can change without the configuration: containers are renamed, groups get members.
    pub(crate) fn scope_can_change(&self) -> bool {
        self.settings.scope != ScopeSettings::default() || !self.settings.rules.groups_asked().is_empty()
    }

    /// The same client with other rules.
    pub(crate) fn with_rules(&self, rules: Arc<Rules>) -> Self {
        Self { settings: Arc::new(SyncSettings { rules, ..(*self.settings).clone() }), ..self.clone() }
    }

    /// What the source is asked for, in lower case and in order.
    pub(crate) fn attributes(&self) -> &[String] {
        &self.attributes
    }

    /// The sources for one connection.
    pub(crate) fn make_sources(&self) -> Vec<Box<dyn Source>> {
        self.sources_for(&self.attributes)
    }

    /// The sources for one connection, for other attributes.
    pub(crate) fn sources_for(&self, attributes: &[String]) -> Vec<Box<dyn Source>> {
        self.sources.iter().map(|make| make(attributes)).collect()
    }

    /// The sources in one phrase for people.
    pub(crate) fn describe(&self) -> String {
        let names: Vec<String> = self.make_sources().iter().map(|source| source.describe()).collect();
        names.join(", ")
    }

    pub(crate) fn planner(
        &self,
        meta: &Meta,
        threshold: lockstep_model::guard::DeletionThreshold,
        earlier: Arc<Vec<Decider>>,
        scope: &SharedScope,
    ) -> Planner {
        Planner {
            state: self.state.clone(),
            decider: self.decider(meta, scope),
            earlier,
            threshold,
            members: self.settings.members,
            left_scope: self.settings.left_scope,
            only: None,
        }
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.progress.send_modify(|progress| progress.phase = phase);
    }
}

/// A check of a further source says of which.
pub fn of_source(check: DoctorCheck, source: Option<&String>) -> DoctorCheck {
    match source {
        Some(source) => DoctorCheck {
            name: format!("{source}.{}", check.name),
            title: format!("{} ({source})", check.title),
            ..check
        },
        None => check,
    }
}

/// The attributes that were read, in order.
async fn read_attributes(state: &Arc<dyn StateStore>) -> Result<Vec<String>, StateError> {
    let text = state.note(ATTRIBUTES).await?.unwrap_or_default();
    Ok(text.lines().map(str::to_owned).collect())
}

fn random_key() -> [u64; 2] {
    let mut bytes = [0_u8; 16];
    // Without a random key the references would still be found; a key of one keeps the state from looking new.
    let _ = getrandom::fill(&mut bytes);
    let number = u128::from_le_bytes(bytes).max(1);
    [(number >> 64) as u64, number as u64]
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_model::rules::ExpressionSide;

    /// The client runs in tasks of its own: what it does must be able to move between threads.
    #[test]
    fn its_work_can_be_spawned() {
        fn sent<T: Send>(_: impl FnOnce(&'static SyncClient) -> T) {}
        sent(|client| client.run(CancellationToken::new()));
        sent(|client| client.once(true, CancellationToken::new()));
        sent(|client| client.preview(1, None, CancellationToken::new()));
        sent(|client| client.check());
        sent(|client| client.explain("ann", None));
        sent(|client| client.evaluate("ann", "[cn]", ExpressionSide::Source, None));
    }
}
