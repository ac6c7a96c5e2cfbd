//! The refresh stage of one search base as a state machine: RFC 4533's messages in, source events out, and the
//! verdict whether what was not named is gone. Pure: no I/O.

use lockstep_ldap::SearchEntry;
use lockstep_ldap::sync::{SyncEvent, SyncState};
use lockstep_model::SourceAnchor;
use uuid::Uuid;

/// What one message means.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    /// The entry is so now.
    Change { anchor: SourceAnchor, entry: SearchEntry },
    /// These exist and did not change.
    Present(Vec<SourceAnchor>),
    /// These are gone.
    Gone(Vec<SourceAnchor>),
    /// Nothing to pass on.
    Nothing,
    /// The refresh stage is over.
    Over,
}

/// How a refresh ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// What was not named is gone.
    Sweep,
    /// Only what was named gone is gone.
    Keep,
    /// The server named entries, and not the base: it, or the right to read it, went away meanwhile.
    BaseUnseen,
    /// Everything was asked for and nothing was named.
    Empty,
}

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Refresh {
    /// `entryUUID` of the base, where it must be among what is named.
    base: Option<Uuid>,
    /// Whether the read began with a cookie.
    delta: bool,
    base_named: bool,
    /// Entries named as existing without change.
    present: u64,
    /// Entries named with their content.
    changed: u64,
    /// A present phase was run, by the server's word.
    present_phase: bool,
    /// The newest cookie.
    cookie: Option<Vec<u8>>,
}

impl Refresh {
    pub(super) fn new(base: Option<Uuid>, delta: bool) -> Self {
        Self { base, delta, base_named: false, present: 0, changed: 0, present_phase: false, cookie: None }
    }

    /// The base must be among what is named from here on.
    pub(super) fn expect(&mut self, base: Option<Uuid>) {
        self.base = base;
    }

    /// Takes in one message. In persist mode the stage ends with a Sync Info; else with Sync Done.
    pub(super) fn take(&mut self, event: SyncEvent) -> Step {
        match event {
            SyncEvent::Entry { state, uuid, entry, .. } => {
                // A cookie in the middle of a refresh says nothing about what is still to come; it is not kept.
                let anchor = SourceAnchor::from_uuid(uuid);
                match state {
                    SyncState::Add | SyncState::Modify => {
                        self.name(uuid);
                        self.changed += 1;
                        Step::Change { anchor, entry }
                    }
                    SyncState::Present => {
                        self.name(uuid);
                        self.present += 1;
                        Step::Present(vec![anchor])
                    }
                    SyncState::Delete => Step::Gone(vec![anchor]),
                }
            }
            SyncEvent::IdSet { deletes, uuids, .. } => {
                let anchors = uuids.iter().map(|uuid| SourceAnchor::from_uuid(*uuid)).collect();
                if deletes {
                    return Step::Gone(anchors);
                }
                uuids.iter().for_each(|uuid| self.name(*uuid));
                self.present += u64::try_from(uuids.len()).unwrap_or(u64::MAX);
                Step::Present(anchors)
            }
            SyncEvent::NewCookie(cookie) => {
                self.cookie = Some(cookie);
                Step::Nothing
            }
            SyncEvent::RefreshPresent { cookie, done } => {
                self.present_phase = true;
                self.end(cookie, done)
            }
            SyncEvent::RefreshDelete { cookie, done } => self.end(cookie, done),
            SyncEvent::Done(done) => {
                self.present_phase |= !done.refresh_deletes;
                self.end(done.cookie, true)
            }
        }
    }

    fn name(&mut self, uuid: Uuid) {
        self.base_named |= self.base == Some(uuid);
    }

    fn end(&mut self, cookie: Option<Vec<u8>>, done: bool) -> Step {
        if cookie.is_some() {
            self.cookie = cookie;
        }
        if done { Step::Over } else { Step::Nothing }
    }

    /// The cookie that the refresh ended with; none where the server sent none.
    pub(super) fn cookie(&mut self) -> Option<Vec<u8>> {
        self.cookie.take()
    }

    /// How to take the end. Absence counts only in a present phase, or a read from the start, in which the base
    /// itself was named.
    pub(super) fn verdict(&self) -> Verdict {
        let base_seen = self.base.is_none() || self.base_named;
        let nothing = self.present == 0 && self.changed == 0;
        if !self.delta {
            return match (nothing, base_seen) {
                (true, _) => Verdict::Empty,
                (false, false) => Verdict::BaseUnseen,
                (false, true) => Verdict::Sweep,
            };
        }
        match self.present_phase {
            false => Verdict::Keep,
            // 389 Directory Server says "present phase" after a delete phase (refreshDeletes FALSE, nothing
            // named as present). A real present phase names what exists, or there is nothing left to name; that
            // last case is left to the next full read.
            true if self.present == 0 && (nothing || !self.base_named) => Verdict::Keep,
            true if base_seen => Verdict::Sweep,
            true => Verdict::BaseUnseen,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockstep_ldap::sync::SyncDone;

    const BASE: Uuid = Uuid::from_u128(1);
    const ANN: Uuid = Uuid::from_u128(2);

    fn entry(state: SyncState, uuid: Uuid) -> SyncEvent {
        SyncEvent::Entry { state, uuid, cookie: None, entry: SearchEntry::default() }
    }

    fn ids(deletes: bool, uuids: &[Uuid]) -> SyncEvent {
        SyncEvent::IdSet { cookie: None, deletes, uuids: uuids.to_vec() }
    }

    fn done(refresh_deletes: bool) -> SyncEvent {
        SyncEvent::Done(SyncDone { cookie: Some(b"c".to_vec()), refresh_deletes })
    }

    fn check(delta: bool, events: Vec<SyncEvent>, expect: Verdict) {
        let shown = format!("{events:?}");
        let mut refresh = Refresh::new(Some(BASE), delta);
        let mut over = false;
        for event in events {
            assert!(!over, "{shown}");
            over = refresh.take(event) == Step::Over;
        }
        assert!(over, "{shown}");
        assert_eq!(refresh.verdict(), expect, "{shown}");
    }

    #[test]
    fn a_full_read_sweeps_only_with_the_base_in_sight() {
        use SyncState::{Add, Delete};
        check(false, vec![entry(Add, BASE), entry(Add, ANN), done(false)], Verdict::Sweep);
        check(false, vec![entry(Add, BASE), entry(Add, ANN), done(true)], Verdict::Sweep);
        check(false, vec![entry(Add, ANN), done(false)], Verdict::BaseUnseen);
        check(false, vec![done(false)], Verdict::Empty);
        check(false, vec![done(true)], Verdict::Empty);
        check(false, vec![entry(Delete, ANN), done(true)], Verdict::Empty);
        let info = SyncEvent::RefreshPresent { cookie: None, done: true };
        check(false, vec![entry(Add, BASE), info], Verdict::Sweep);
    }

    #[test]
    fn a_delta_sweeps_only_after_a_present_phase() {
        use SyncState::{Add, Delete, Modify, Present};
        check(true, vec![done(true)], Verdict::Keep);
        check(true, vec![entry(Add, ANN), ids(true, &[ANN]), done(true)], Verdict::Keep);
        check(true, vec![entry(Delete, ANN), done(true)], Verdict::Keep);
        check(true, vec![ids(false, &[BASE, ANN]), done(false)], Verdict::Sweep);
        check(true, vec![entry(Present, BASE), entry(Modify, ANN), done(false)], Verdict::Sweep);
        check(true, vec![entry(Modify, BASE), done(false)], Verdict::Sweep);
        // Present phase, then delete phase (RFC 4533 section 3.3.2).
        let between = SyncEvent::RefreshPresent { cookie: None, done: false };
        check(true, vec![ids(false, &[BASE]), between, ids(true, &[ANN]), done(true)], Verdict::Sweep);
        let persist = SyncEvent::RefreshDelete { cookie: None, done: true };
        check(true, vec![entry(Add, ANN), persist], Verdict::Keep);
    }

    #[test]
    fn what_389_says_deletes_nothing() {
        use SyncState::{Delete, Modify};
        check(true, vec![done(false)], Verdict::Keep);
        check(true, vec![entry(Modify, ANN), entry(Delete, ANN), done(false)], Verdict::Keep);
    }

    #[test]
    fn a_present_phase_that_lost_the_base_is_doubt() {
        check(true, vec![ids(false, &[ANN]), done(false)], Verdict::BaseUnseen);
    }

    #[test]
    fn only_the_last_cookie_counts() {
        let mut refresh = Refresh::new(None, true);
        let early = SyncEvent::Entry {
            state: SyncState::Add,
            uuid: ANN,
            cookie: Some(b"early".to_vec()),
            entry: SearchEntry::default(),
        };
        refresh.take(early);
        assert_eq!(refresh.cookie(), None);
        refresh.take(SyncEvent::NewCookie(b"a".to_vec()));
        refresh.take(done(true));
        assert_eq!(refresh.cookie(), Some(b"c".to_vec()));
    }
}
