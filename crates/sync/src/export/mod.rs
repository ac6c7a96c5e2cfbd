//! Export: the plan goes to the target, stage by stage, in batches, several in flight; what the target answers is
//! recorded batch by batch.
//!
//! Order: users, groups, members, deletions. One object that is refused holds up no other.
//!
//! **Invariant:** before the first write the state says that the target is unsure, and stays so until every
//! write was answered: an end in between has the next plan ask the target what it holds.

mod errors;
mod members;

use self::members::GroupWrite;
use crate::plan::{Fate, Links, Planner, Ready};
use crate::progress::{Phase, Progress};
use crate::state::{Batch, DeletionRow, Meta, Outcome, Stage, StateStore};
use crate::{StateError, SyncFailure, flows};
use lockstep_engine::{Batcher, CsId, delete_operation, disabled, post_operation};
use lockstep_model::provisioning::{self, BulkOperation, ClientErrors, OperationResult};
use lockstep_model::{Clock, ObjectKind, RunId};
use lockstep_targets::{Target, TargetError};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

/// Operations of one request.
const OPERATIONS: usize = 1_000;
/// Bytes of one request, about.
const BYTES: usize = 4 * 1024 * 1024;
/// Requests in flight: the tenant commits those that wait together.
const IN_FLIGHT: usize = 14;
/// Requests in flight once [`MANY`] operations were sent: the larger the tenant, the more pages a commit writes again,
/// and the fewer commits there should be. Each holds a few MiB in both processes.
const MORE_IN_FLIGHT: usize = 32;
const MANY: u64 = 150_000;
/// Pending objects made ready at once.
const PAGE: usize = 1_000;
/// Pending groups made ready at once, with their members: the first are on their way while the others are.
const GROUPS: usize = 100;
/// Objects whose client-side errors are told at once.
const ERRORS: usize = 5_000;

/// What an export did.
#[derive(Clone, Debug, Default)]
pub(crate) struct Exported {
    /// By kind and outcome.
    pub(crate) counts: BTreeMap<ObjectKind, BTreeMap<String, u64>>,
    pub(crate) members_added: u64,
    pub(crate) members_removed: u64,
    /// Objects with an error.
    pub(crate) object_errors: u64,
    /// Operations sent.
    pub(crate) operations: u64,
}

impl Exported {
    pub(crate) fn add(&mut self, other: &Self) {
        for (kind, outcomes) in &other.counts {
            let mine = self.counts.entry(*kind).or_default();
            for (outcome, n) in outcomes {
                *mine.entry(outcome.clone()).or_default() += n;
            }
        }
        self.members_added += other.members_added;
        self.members_removed += other.members_removed;
        self.object_errors += other.object_errors;
        self.operations += other.operations;
    }
}

/// What is remembered of an operation until it is answered.
enum Tag {
    Post { kind: ObjectKind, done: Outcome, id: CsId },
    Links { group: CsId, added: u64, removed: u64 },
    Delete { kind: ObjectKind, id: CsId },
}

type Answer = (Vec<Tag>, Result<Vec<OperationResult>, TargetError>);

/// Writes a plan.
pub(crate) struct Exporter {
    pub(crate) planner: Planner,
    pub(crate) target: Arc<dyn Target>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) run: RunId,
    /// The client's facts; saved by the export.
    pub(crate) meta: Meta,
    pub(crate) progress: watch::Sender<Progress>,
    done: Exported,
    batcher: Batcher<Tag>,
    in_flight: JoinSet<Answer>,
    groups: HashMap<CsId, GroupWrite>,
    errors: ClientErrors,
    error_outcomes: Vec<Outcome>,
    /// Objects that are settled once the target was told their errors: an end before that must tell them again.
    untold: BTreeSet<CsId>,
    /// Groups that were left as they are, without being compared.
    uncompared: BTreeSet<CsId>,
    /// Objects whose deletion is not judged yet. Links to them stay as they are until it is: a deletion that is
    /// held must not have emptied groups before.
    unjudged: BTreeSet<CsId>,
    failed: Option<TargetError>,
    /// A write may have been carried out without an answer.
    uncertain: bool,
    refusals: Refusals,
    /// An object was deleted that is to be made as another kind.
    made_room: bool,
}

/// How many objects the target refuses. One never holds up the others; where most are refused, something else is
/// wrong, and to go on would only write the same error thousands of times.
#[derive(Default)]
struct Refusals {
    answered: u64,
    refused: u64,
    /// The first, for people.
    first: Option<String>,
}

impl Refusals {
    /// Answers before this many say nothing.
    const LEAST: u64 = 500;
    /// More than this is too many.
    const PERCENT: u64 = 50;

    fn take(&mut self, result: &OperationResult) {
        self.answered += 1;
        if result.outcome.is_confirmed() {
            return;
        }
        self.refused += 1;
        if self.first.is_none() {
            self.first =
                result.errors.first().map(|error| format!("'{}': {}", error.object.name, error.message));
        }
    }

    fn too_many(&self) -> Option<SyncFailure> {
        let too_many = self.answered >= Self::LEAST && self.refused * 100 > self.answered * Self::PERCENT;
        too_many.then(|| SyncFailure::TooManyRefused {
            refused: self.refused,
            answered: self.answered,
            first: self.first.clone().unwrap_or_else(|| "without a word".to_owned()),
        })
    }
}

impl Exporter {
    pub(crate) fn new(
        planner: Planner,
        target: Arc<dyn Target>,
        clock: Arc<dyn Clock>,
        run: RunId,
        meta: Meta,
        progress: watch::Sender<Progress>,
    ) -> Self {
        Self {
            planner,
            target,
            clock,
            run,
            meta,
            progress,
            done: Exported::default(),
            batcher: Batcher::new(OPERATIONS, BYTES),
            in_flight: JoinSet::new(),
            groups: HashMap::new(),
            errors: ClientErrors::default(),
            error_outcomes: Vec::new(),
            untold: BTreeSet::new(),
            uncompared: BTreeSet::new(),
            unjudged: BTreeSet::new(),
            failed: None,
            uncertain: false,
            refusals: Refusals::default(),
            made_room: false,
        }
    }

    fn state(&self) -> &Arc<dyn StateStore> {
        &self.planner.state
    }

    /// Writes all that is pending; deletions only `with_deletions`. What was done before an error is done.
    /// Answers what was done, the client's facts as they are saved now, and how it ended.
    pub(crate) async fn run(mut self, with_deletions: bool) -> (Exported, Meta, Result<(), SyncFailure>) {
        self.progress.send_modify(|p| p.phase = Phase::Exporting);
        let staged = match self.begin().await {
            Ok(()) => self.stages(with_deletions).await,
            Err(error) => Err(error.into()),
        };
        // Whatever ended it: the answers still on their way are taken.
        let mut drained = Ok(());
        while let Some(answer) = self.in_flight.join_next().await {
            drained = drained.and(self.take(answer).await);
        }
        let mut result = match self.failed.take() {
            Some(error) => Err(error.into()),
            None => staged.and(drained),
        };
        // An answer that was not recorded is as good as none.
        self.uncertain |= self.groups.values().any(|write| write.begun);
        let unsure = self.uncertain || matches!(result, Err(SyncFailure::State(_)));
        self.meta.planned = true;
        self.meta.target_unsure &= unsure;
        if result.is_ok() {
            self.meta.errors_known = true;
            self.meta.last_export = Some(self.clock.now());
        }
        if let Err(error) = self.save_meta().await {
            result = result.and(Err(error.into()));
        }
        (self.done, self.meta, result)
    }

    /// What is settled from here on must hear of changes.
    async fn begin(&mut self) -> Result<(), StateError> {
        if std::mem::replace(&mut self.meta.planned, true) { Ok(()) } else { self.save_meta().await }
    }

    async fn save_meta(&self) -> Result<(), StateError> {
        let meta = Some(self.meta.clone());
        self.state().apply(Batch { meta, ..Batch::default() }).await.map(drop)
    }

    async fn stages(&mut self, with_deletions: bool) -> Result<(), SyncFailure> {
        if !with_deletions {
            self.find_unjudged().await?;
        }
        self.tell_past_errors().await?;
        self.objects(Stage::Users).await?;
        self.objects(self.groups_stage()).await?;
        self.finish_stage().await?;
        self.members().await?;
        self.finish_stage().await?;
        if with_deletions {
            self.deletions().await?;
            self.finish_stage().await?;
        }
        if self.made_room {
            // What was deleted as one kind of object is made as the other.
            self.objects(Stage::Users).await?;
            self.objects(self.groups_stage()).await?;
            self.finish_stage().await?;
            self.members().await?;
            self.finish_stage().await?;
        }
        Ok(())
    }

    /// The groups that are compared whole. Where it is not known which errors the target was told, all are: they are
    /// told again.
    fn groups_stage(&self) -> Stage {
        if self.meta.errors_known { self.planner.whole_groups(false) } else { Stage::Groups }
    }

    async fn find_unjudged(&mut self) -> Result<(), StateError> {
        let mut after = CsId(0);
        loop {
            let page = self.planner.deletions(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            self.unjudged.extend(page.into_iter().map(|row| row.id));
        }
    }

    /// Whether writing the object would take away a link to one whose deletion is not judged yet.
    fn loses_unjudged(&self, ready: &Ready) -> bool {
        if self.unjudged.is_empty() {
            return false;
        }
        let lost = |id: &CsId| self.unjudged.contains(id);
        match ready.mapped.kind {
            ObjectKind::User | ObjectKind::Contact | ObjectKind::Device => {
                let before = ready.confirmed.as_ref().and_then(|confirmed| confirmed.manager);
                before != ready.manager_id && before.as_ref().is_some_and(lost)
            }
            ObjectKind::Group => match ready.confirmed_members() {
                Ok(before) => before.iter().any(|id| lost(id) && ready.members.binary_search(id).is_err()),
                Err(_) => true,
            },
        }
    }

    /// All of a stage is answered before the next begins: members need their objects, deletions come last.
    async fn finish_stage(&mut self) -> Result<(), SyncFailure> {
        self.flush().await?;
        self.drain(0).await?;
        self.put_errors().await
    }

    /// Users, or groups without their members.
    async fn objects(&mut self, stage: Stage) -> Result<(), SyncFailure> {
        let mut after = CsId(0);
        while let Some((page, last)) = self.planner.page_with(stage, after, PAGE, Links::Managers).await? {
            after = last;
            let mut settled = Vec::new();
            for (mut ready, flows) in self.planner.with_flows(page).await? {
                let kind = ready.mapped.kind;
                if kind == ObjectKind::User && self.loses_unjudged(&ready) {
                    continue;
                }
                let told = kind == ObjectKind::User && self.note_errors(&mut ready);
                if ready.is_written() {
                    if kind == ObjectKind::User && told {
                        settled.push(Outcome::Settled { id: ready.id });
                    }
                    continue;
                }
                let mut operation =
                    post_operation(kind, &ready.anchor, ready.mapped.properties, ready.manager);
                flows::attach(&mut operation, flows);
                let done = Outcome::Written {
                    id: ready.id,
                    kind,
                    name: ready.name,
                    fingerprint: ready.fingerprint,
                    manager: ready.manager_id,
                    settled: kind == ObjectKind::User && told,
                };
                self.push(operation, Tag::Post { kind, done, id: ready.id }).await?;
            }
            if !settled.is_empty() {
                self.state().record(settled, self.clock.now()).await?;
            }
            self.put_errors_if_many().await?;
        }
        Ok(())
    }

    async fn deletions(&mut self) -> Result<(), SyncFailure> {
        let mut after = CsId(0);
        loop {
            let page = self.planner.deletions(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            let mut kept = Vec::new();
            for row in page {
                match self.planner.fate(&row) {
                    Fate::Delete => {
                        self.made_room |= row.is_of_other_kind();
                        let tag = Tag::Delete { kind: row.kind, id: row.id };
                        self.push(delete_operation(row.kind, &row.anchor), tag).await?;
                    }
                    Fate::Disable => self.disable(row).await?,
                    Fate::Keep => kept.push(Outcome::Kept { id: row.id }),
                }
            }
            if !kept.is_empty() {
                self.state().record(kept, self.clock.now()).await?;
            }
        }
    }

    /// Disables the account of a user that left the scope; all else stays as it is.
    async fn disable(&mut self, row: DeletionRow) -> Result<(), SyncFailure> {
        let standing = self.state().standing(row.id).await?;
        let manager_id = standing.and_then(|standing| standing.row.confirmed).and_then(|row| row.manager);
        let manager = match manager_id {
            Some(id) => self.state().anchors(vec![id]).await?.into_iter().flatten().next(),
            None => None,
        };
        let properties = disabled();
        let done = Outcome::Written {
            id: row.id,
            kind: row.kind,
            name: row.name,
            fingerprint: properties.fingerprint(row.kind, manager.as_ref()),
            manager: manager_id,
            settled: true,
        };
        let operation = post_operation(row.kind, &row.anchor, properties, manager);
        self.push(operation, Tag::Post { kind: row.kind, done, id: row.id }).await
    }

    async fn push(&mut self, operation: BulkOperation, tag: Tag) -> Result<(), SyncFailure> {
        match self.batcher.push(operation, tag) {
            Some((operations, tags)) => self.send(operations, tags).await,
            None => Ok(()),
        }
    }

    async fn flush(&mut self) -> Result<(), SyncFailure> {
        match self.batcher.flush() {
            Some((operations, tags)) => self.send(operations, tags).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, operations: Vec<BulkOperation>, tags: Vec<Tag>) -> Result<(), SyncFailure> {
        if !self.meta.target_unsure {
            self.meta.target_unsure = true;
            self.meta.planned = true;
            self.save_meta().await?;
        }
        let at_once = if self.done.operations < MANY { IN_FLIGHT } else { MORE_IN_FLIGHT };
        self.drain(at_once - 1).await?;
        self.done.operations += operations.len() as u64;
        let (target, run) = (self.target.clone(), self.run);
        self.in_flight.spawn(async move { (tags, target.send(run, operations).await) });
        Ok(())
    }

    /// Takes answers until no more than `most` requests are in flight.
    async fn drain(&mut self, most: usize) -> Result<(), SyncFailure> {
        while self.in_flight.len() > most
            && let Some(answer) = self.in_flight.join_next().await
        {
            self.take(answer).await?;
        }
        if self.failed.is_some() { Err(SyncFailure::Stopped) } else { Ok(()) }
    }

    async fn take(&mut self, answer: Result<Answer, JoinError>) -> Result<(), SyncFailure> {
        let (tags, result) = match answer {
            Ok(answer) => answer,
            Err(error) => {
                self.uncertain = true;
                return Err(StateError::Failed { source: Box::new(error) }.into());
            }
        };
        match result {
            Ok(results) => self.answered(tags, results).await,
            Err(error) => {
                self.uncertain |= may_have_written(&error);
                // The first cause is kept; the requests beside it are still answered.
                self.failed.get_or_insert(error);
                Ok(())
            }
        }
    }

    async fn answered(&mut self, tags: Vec<Tag>, results: Vec<OperationResult>) -> Result<(), SyncFailure> {
        let mut outcomes = Vec::with_capacity(tags.len());
        for (tag, result) in tags.into_iter().zip(results) {
            self.refusals.take(&result);
            let confirmed = result.outcome.is_confirmed();
            self.done.object_errors += u64::from(!result.errors.is_empty());
            match tag {
                Tag::Post { kind, done, id } => {
                    self.count(kind, result.outcome);
                    outcomes.push(if confirmed { done } else { self.refused(id) });
                }
                Tag::Delete { kind, id } => {
                    self.count(kind, result.outcome);
                    outcomes.push(if confirmed { Outcome::Deleted { id } } else { Outcome::Refused { id } });
                }
                Tag::Links { group, added, removed } => {
                    if confirmed {
                        self.done.members_added += added;
                        self.done.members_removed += removed;
                    }
                    if let Some(write) = self.groups.get_mut(&group) {
                        write.unanswered = write.unanswered.saturating_sub(1);
                        write.refused |= !confirmed;
                        write.begun |= confirmed;
                    }
                    if self.groups.get(&group).is_some_and(|write| write.unanswered == 0)
                        && let Some(write) = self.groups.remove(&group)
                    {
                        outcomes.push(if write.refused {
                            // Which part of them the target has must be asked.
                            self.uncertain |= write.begun;
                            self.refused(group)
                        } else {
                            Outcome::Members { id: group, members: write.members, settled: write.told }
                        });
                    }
                }
            }
        }
        self.progress.send_modify(|p| p.exported += outcomes.len() as u64);
        self.state().record(outcomes, self.clock.now()).await?;
        match self.refusals.too_many() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    fn count(&mut self, kind: ObjectKind, outcome: provisioning::Outcome) {
        let name = match outcome {
            provisioning::Outcome::Created => "created",
            provisioning::Outcome::Matched => "matched",
            provisioning::Outcome::Updated => "updated",
            provisioning::Outcome::Unchanged => "unchanged",
            provisioning::Outcome::Deleted => "deleted",
            provisioning::Outcome::Refused => "refused",
        };
        *self.done.counts.entry(kind).or_default().entry(name.to_owned()).or_default() += 1;
    }

    /// A refused object is tried again by its own schedule, its errors told or not.
    fn refused(&mut self, id: CsId) -> Outcome {
        self.untold.remove(&id);
        Outcome::Refused { id }
    }
}

/// Whether operations may have been carried out although their request ended with this error.
fn may_have_written(error: &TargetError) -> bool {
    match error {
        TargetError::Settings { .. }
        | TargetError::CaFile { .. }
        | TargetError::Unreachable { .. }
        | TargetError::Untrusted { .. }
        | TargetError::Unauthorized { .. }
        | TargetError::Forbidden { .. }
        | TargetError::SyncDisabled { .. }
        | TargetError::Fenced { .. }
        | TargetError::Throttled { .. } => false,
        TargetError::TimedOut { .. }
        | TargetError::Broken { .. }
        | TargetError::Unavailable { .. }
        | TargetError::Refused { .. }
        | TargetError::Protocol { .. } => true,
    }
}
