//! Client-side errors of objects: gathered while they are written, and told to the target after them.

use super::{ERRORS, Exporter};
use crate::SyncFailure;
use crate::plan::Ready;
use crate::state::Outcome;
use lockstep_model::provisioning::ClientErrors;

impl Exporter {
    /// Takes back the errors of what is no object any more, before new ones are told.
    pub(super) async fn tell_past_errors(&mut self) -> Result<(), SyncFailure> {
        loop {
            let objects = self.state().past_errors(ERRORS).await?;
            if objects.is_empty() {
                return Ok(());
            }
            self.target.put_errors(ClientErrors { objects: objects.clone(), errors: Vec::new() }).await?;
            self.state().told_past(objects).await?;
        }
    }

    /// Gathers the client-side errors of an object that has some, had some, or may have. Answers whether there is
    /// nothing to tell, so that the object is settled as soon as it is written.
    pub(super) fn note_errors(&mut self, ready: &mut Ready) -> bool {
        let has = !ready.errors.is_empty();
        self.done.object_errors += u64::from(has);
        if !(has || ready.had_errors || !self.meta.errors_known) {
            return true;
        }
        self.errors.objects.push(ready.anchor.clone());
        self.errors.errors.append(&mut ready.errors);
        self.untold.insert(ready.id);
        if has != ready.had_errors {
            self.error_outcomes.push(Outcome::Errors { id: ready.id, has });
        }
        false
    }

    /// Tells the target the client-side errors gathered. The objects were sent before.
    ///
    /// The state says of an object that it has errors before they are told, and that it has none after: killed in
    /// between, the client tells them once more than needed, and never once less.
    pub(super) async fn put_errors(&mut self) -> Result<(), SyncFailure> {
        if self.errors.objects.is_empty() {
            return Ok(());
        }
        let outcomes = std::mem::take(&mut self.error_outcomes);
        let (before, mut after): (Vec<_>, Vec<_>) =
            outcomes.into_iter().partition(|outcome| matches!(outcome, Outcome::Errors { has: true, .. }));
        if !before.is_empty() {
            self.state().record(before, self.clock.now()).await?;
        }
        self.target.put_errors(std::mem::take(&mut self.errors)).await?;
        let uncompared = std::mem::take(&mut self.uncompared);
        let told = |id| if uncompared.contains(&id) { Outcome::Settled { id } } else { Outcome::Told { id } };
        after.extend(std::mem::take(&mut self.untold).into_iter().map(told));
        self.state().record(after, self.clock.now()).await?;
        Ok(())
    }

    /// Does so before they become many.
    pub(super) async fn put_errors_if_many(&mut self) -> Result<(), SyncFailure> {
        if self.errors.objects.len() < ERRORS {
            return Ok(());
        }
        // What is told of an object, and settles it, comes after the object itself.
        self.flush().await?;
        self.drain(0).await?;
        self.put_errors().await
    }
}
