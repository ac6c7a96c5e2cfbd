//! A plan in numbers and in words, for people. Nothing is written.

use crate::plan::{Change, Fate, Judgement, Planner, Ready};
use crate::state::{ObjectRow, Stage};
use crate::{StateError, SyncFailure};
use lockstep_engine::{CsId, Losses, changed, describe};
use lockstep_model::plan::{KindCounts, PlanItem, PlanReport, PlanSummary};
use lockstep_model::{ObjectKind, PlanId, Properties, Property, SourceAnchor, SyncError, Timestamp};
use std::collections::BTreeMap;
use tokio::task::JoinHandle;

/// Pending objects made ready at once.
const PAGE: usize = 2_000;
/// Errors listed at most.
const ERRORS: usize = 1_000;

/// The whole plan, which was judged before; at most `limit` objects and errors are listed, the counts are of all.
pub(crate) async fn report(
    planner: &Planner,
    judgement: &Judgement,
    limit: usize,
    now: Timestamp,
) -> Result<PlanReport, SyncFailure> {
    let gathered = Gathered::of(planner, limit, None).await?;
    Ok(gathered.told(judgement.clone(), now))
}

/// The same, and judges it: every object is looked at once for both. `since`, `distrust`: see [`Planner::judge`].
pub(crate) async fn judged(
    planner: &Planner,
    since: Timestamp,
    distrust: bool,
    limit: usize,
    now: Timestamp,
) -> Result<PlanReport, SyncFailure> {
    let mut losses = Losses::default();
    let gathered = Gathered::of(planner, limit, Some(&mut losses)).await?;
    let judgement = planner.judge_with(since, distrust, &losses).await?;
    Ok(gathered.told(judgement, now))
}

type Page = Result<Option<(Vec<(Ready, Option<Properties>)>, CsId)>, StateError>;

/// The objects after `after`, with what was confirmed of them, while those before are gathered.
fn ahead(planner: &Planner, stage: Stage, after: CsId) -> JoinHandle<Page> {
    let planner = planner.clone();
    tokio::spawn(async move {
        let Some((page, last)) = planner.page(stage, after, PAGE).await? else { return Ok(None) };
        Ok(Some((planner.with_confirmed(page).await?, last)))
    })
}

#[derive(Default)]
struct Gathered {
    limit: usize,
    total: u64,
    counts: BTreeMap<ObjectKind, KindCounts>,
    /// The first ones by kind and anchor, whatever the order in which they came.
    items: BTreeMap<(ObjectKind, SourceAnchor), PlanItem>,
    errors: Vec<SyncError>,
    error_count: u64,
    properties: BTreeMap<ObjectKind, BTreeMap<Property, u64>>,
}

impl Gathered {
    /// All that is pending; `losses` gets what it takes away from objects that stay.
    async fn of(
        planner: &Planner,
        limit: usize,
        mut losses: Option<&mut Losses>,
    ) -> Result<Self, SyncFailure> {
        let mut gathered = Self { limit, ..Self::default() };
        let counts = planner.state.counts().await?;
        for (kind, held) in &counts.held {
            gathered.counts.entry(*kind).or_default().held = *held;
        }
        for (kind, stage) in [(ObjectKind::User, Stage::Users), (ObjectKind::Group, Stage::Groups)] {
            let mut losses = losses.as_deref_mut().filter(|_| planner.may_lose(kind, &counts));
            let mut next = ahead(planner, stage, CsId(0));
            while let Some((page, last)) = next.await.map_err(StateError::ended)?? {
                next = ahead(planner, stage, last);
                if let Some(losses) = &mut losses {
                    planner.losses_of(kind, &page, losses).await?;
                }
                for (ready, before) in page {
                    gathered.object(planner, ready, before).await?;
                }
            }
        }
        gathered.deletions(planner).await?;
        Ok(gathered)
    }

    fn told(self, judgement: Judgement, now: Timestamp) -> PlanReport {
        PlanReport {
            summary: PlanSummary {
                id: PlanId::generate(now),
                made_at: now,
                counts: self.counts,
                errors: self.error_count,
                deletions_digest: judgement.digest,
                verdict: judgement.verdict,
            },
            truncated: self.total > self.items.len() as u64,
            items: self.items.into_values().collect(),
            properties: self.properties,
            errors: self.errors,
        }
    }

    fn list(&mut self, item: impl FnOnce() -> PlanItem, key: (ObjectKind, SourceAnchor)) {
        self.total += 1;
        if self.items.len() >= self.limit && self.items.last_key_value().is_none_or(|(last, _)| *last < key) {
            return;
        }
        self.items.insert(key, item());
        if self.items.len() > self.limit {
            self.items.pop_last();
        }
    }

    /// `before`: the properties that the target confirmed.
    async fn object(
        &mut self,
        planner: &Planner,
        ready: Ready,
        before: Option<Properties>,
    ) -> Result<(), SyncFailure> {
        let kind = ready.mapped.kind;
        self.error_count += ready.errors.len() as u64;
        let room = ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(ready.errors.iter().take(room).cloned());
        let Some(Change { confirmed, members }) = planner.change_from(&ready, || before).await? else {
            return Ok(());
        };
        let counts = self.counts.entry(kind).or_default();
        if let Some(confirmed) = &confirmed {
            counts.update += 1;
            let properties = self.properties.entry(kind).or_default();
            for property in changed(&confirmed.properties, &ready.mapped.properties) {
                *properties.entry(property).or_default() += 1;
            }
        } else {
            counts.create += 1;
        }
        counts.members_added += members.0;
        counts.members_removed += members.1;
        let key = (kind, ready.anchor.clone());
        self.list(
            || {
                let trace = planner.decider.trace(&ready.composite, confirmed.is_none());
                describe(&ready.wanted(), confirmed.as_ref(), members, &trace)
            },
            key,
        );
        Ok(())
    }

    async fn deletions(&mut self, planner: &Planner) -> Result<(), SyncFailure> {
        let mut after = CsId(0);
        loop {
            let page = planner.deletions(after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.id;
            for row in page {
                let counts = self.counts.entry(row.kind).or_default();
                match planner.fate(&row) {
                    Fate::Keep => continue,
                    Fate::Disable => counts.update += 1,
                    Fate::Delete => counts.delete += 1,
                }
                let key = (row.kind, row.anchor.clone());
                self.list(|| planner.describe_going(&row), key);
                if row.is_of_other_kind()
                    && let Some(standing) = planner.state.standing(row.id).await?
                {
                    // It is made as what it is now.
                    let new = ObjectRow { confirmed: None, ..standing.row };
                    for ready in planner.make_ready(vec![new]).await? {
                        self.object(planner, ready, None).await?;
                    }
                }
            }
        }
    }
}
