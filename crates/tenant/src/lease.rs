//! Who may write for a source: of several sync clients one holds the lease, and each of its writes carries the
//! epoch of that lease.
//!
//! **Invariants:** pure. Only the tenant's clock counts. An epoch is given once and is higher than all before; a
//! lease that has gone to another never comes back with its old epoch.

use jiff::{SignedDuration, Timestamp};
use lockstep_model::ClientId;
use lockstep_model::provisioning::{LEASE_TERM_MILLIS, LeaseAnswer, LeaseHolder, LeaseRequest, LeaseWant};
use serde::{Deserialize, Serialize};

/// Who writes, and by which lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Writer {
    /// The sync client.
    pub client: ClientId,
    /// The epoch of its lease. Absent: a client that knows no leases, which may write until one was ever taken.
    pub epoch: Option<u64>,
}

impl From<ClientId> for Writer {
    fn from(client: ClientId) -> Self {
        Self { client, epoch: None }
    }
}

/// A lease as it was given to one client, from its taking to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// What the clients of one source share.
    pub name: String,
    /// The number that the holder's writes carry.
    pub epoch: u64,
    /// Who has or had it.
    pub client: ClientId,
    /// The state the client works with.
    #[serde(skip)]
    pub instance: String,
    /// Its process.
    #[serde(skip)]
    pub process: String,
    /// Its machine.
    pub machine: String,
    /// When it was taken.
    pub taken_at: Timestamp,
    /// When the holder was heard last: a renewal, or a write.
    pub renewed_at: Timestamp,
    /// For how long it holds from then on, in milliseconds.
    pub term_millis: u64,
    /// Whether an administrator paused the holder.
    pub paused: bool,
    /// When it was given back, or went to another.
    pub ended_at: Option<Timestamp>,
    /// Requests written by it.
    pub requests: u64,
    /// Operations carried out by it.
    pub operations: u64,
    /// When it wrote last.
    pub last_write: Option<Timestamp>,
}

impl Lease {
    /// Whether nobody else may take it.
    pub fn is_held(&self, now: Timestamp) -> bool {
        self.ended_at.is_none() && now.duration_since(self.renewed_at) < self.term()
    }

    fn term(&self) -> SignedDuration {
        SignedDuration::from_millis(i64::try_from(self.term_millis).unwrap_or(i64::MAX))
    }

    fn expires_in_millis(&self, now: Timestamp) -> u64 {
        let left = self.term().saturating_sub(now.duration_since(self.renewed_at));
        u64::try_from(left.as_millis()).unwrap_or(0)
    }

    fn is_of(&self, client: ClientId, epoch: u64) -> bool {
        self.ended_at.is_none() && self.client == client && self.epoch == epoch
    }
}

/// What becomes of a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The newest lease of that name, changed.
    pub changed: Option<Lease>,
    /// A new one.
    pub taken: Option<Lease>,
    /// What the client is told.
    pub answer: LeaseAnswer,
}

/// Decides on a request. `newest` is the newest lease of that name, `next` an epoch higher than all given;
/// `continued` says whether all leases of that name since [`LeaseRequest::since`] were of the same client and state.
pub fn decide(
    newest: Option<&Lease>,
    next: u64,
    continued: bool,
    client: ClientId,
    request: &LeaseRequest,
    now: Timestamp,
) -> Decided {
    let term_millis = request.term_millis.clamp(*LEASE_TERM_MILLIS.start(), *LEASE_TERM_MILLIS.end());
    match request.want {
        LeaseWant::Renew { epoch } => match newest {
            Some(lease) if lease.is_of(client, epoch) => {
                let renewed = Lease {
                    renewed_at: now,
                    term_millis,
                    paused: request.paused,
                    machine: request.machine.clone(),
                    ..lease.clone()
                };
                let answer = told(Some(&renewed), true, now);
                Decided { changed: Some(renewed), taken: None, answer }
            }
            _ => Decided { changed: None, taken: None, answer: told(newest, false, now) },
        },
        LeaseWant::Release { epoch } => match newest {
            Some(lease) if lease.is_of(client, epoch) => {
                let ended = Lease { ended_at: Some(now), paused: request.paused, ..lease.clone() };
                let answer = told(Some(&ended), false, now);
                Decided { changed: Some(ended), taken: None, answer }
            }
            _ => Decided { changed: None, taken: None, answer: told(newest, false, now) },
        },
        LeaseWant::Take { start } => {
            let mut decided = take(newest, next, client, request, start, now);
            decided.answer.continued = decided.answer.held && continued;
            decided
        }
    }
}

fn take(
    newest: Option<&Lease>,
    next: u64,
    client: ClientId,
    request: &LeaseRequest,
    start: bool,
    now: Timestamp,
) -> Decided {
    let own = |lease: &Lease| {
        let same = lease.client == client && lease.instance == request.instance;
        // The same process: the answer to its taking was lost. Another one with the same state: it has begun
        // after that one ended, for a state has one process at a time.
        same && (start || lease.process == request.process)
    };
    if let Some(lease) = newest.filter(|lease| lease.is_held(now) && !own(lease)) {
        // A clock that went back would hold the lease for as long as it went: the term counts from now.
        let changed = (lease.renewed_at > now).then(|| Lease { renewed_at: now, ..lease.clone() });
        let answer = told(changed.as_ref().or(Some(lease)), false, now);
        return Decided { changed, taken: None, answer };
    }
    let ended = newest
        .filter(|lease| lease.ended_at.is_none())
        .map(|lease| Lease { ended_at: Some(now), ..lease.clone() });
    let taken = Lease {
        name: request.lease.clone(),
        epoch: next,
        client,
        instance: request.instance.clone(),
        process: request.process.clone(),
        machine: request.machine.clone(),
        taken_at: now,
        renewed_at: now,
        term_millis: request.term_millis.clamp(*LEASE_TERM_MILLIS.start(), *LEASE_TERM_MILLIS.end()),
        // A pause goes with the lease: who takes over from another is paused if that one was, and not otherwise.
        paused: newest.filter(|lease| !own(lease)).map_or(request.paused, |lease| lease.paused),
        ended_at: None,
        requests: 0,
        operations: 0,
        last_write: None,
    };
    let answer = told(Some(&taken), true, now);
    Decided { changed: ended, taken: Some(taken), answer }
}

fn told(lease: Option<&Lease>, held: bool, now: Timestamp) -> LeaseAnswer {
    let live = lease.filter(|lease| lease.ended_at.is_none());
    LeaseAnswer {
        held,
        epoch: live.filter(|_| held).map(|lease| lease.epoch),
        continued: held,
        holder: live.map(|lease| LeaseHolder {
            client: lease.client,
            machine: lease.machine.clone(),
            since: lease.taken_at,
        }),
        expires_in_millis: live.map_or(0, |lease| lease.expires_in_millis(now)),
        paused: lease.is_some_and(|lease| lease.paused),
        standby_ready: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_700_000_000_000 + millis).unwrap()
    }

    fn client(n: u8) -> ClientId {
        ClientId(uuid::Uuid::from_bytes([n; 16]))
    }

    fn ask(n: u8, process: u8, want: LeaseWant) -> LeaseRequest {
        LeaseRequest {
            lease: "dc=contoso".into(),
            instance: format!("state{n}"),
            process: format!("process{process}"),
            machine: format!("sync{n}"),
            term_millis: 15_000,
            since: None,
            paused: false,
            want,
        }
    }

    /// A tenant with one lease, as a store would keep it.
    #[derive(Default)]
    struct Tenant(Vec<Lease>);

    impl Tenant {
        fn ask(&mut self, n: u8, process: u8, want: LeaseWant, now: i64) -> LeaseAnswer {
            let next = self.0.last().map_or(0, |lease| lease.epoch) + 1;
            let Decided { changed, taken, answer } =
                decide(self.0.last(), next, true, client(n), &ask(n, process, want), at(now));
            if let (Some(changed), Some(last)) = (changed, self.0.last_mut()) {
                *last = changed;
            }
            self.0.extend(taken);
            answer
        }

        fn takes(&self, n: u8, epoch: u64) -> bool {
            self.0.last().is_some_and(|lease| lease.is_of(client(n), epoch))
        }
    }

    const TAKE: LeaseWant = LeaseWant::Take { start: false };
    const START: LeaseWant = LeaseWant::Take { start: true };

    #[test]
    fn one_holds_it_and_the_other_follows_until_it_falls_silent() {
        let mut tenant = Tenant::default();
        assert_eq!(tenant.ask(1, 1, START, 0).epoch, Some(1));
        let other = tenant.ask(2, 1, START, 1_000);
        assert_eq!((other.held, other.epoch, other.expires_in_millis), (false, None, 14_000));
        assert_eq!(other.holder.unwrap().machine, "sync1");
        assert!(tenant.ask(1, 1, LeaseWant::Renew { epoch: 1 }, 5_000).held);
        assert!(!tenant.ask(2, 1, TAKE, 19_999).held, "the term counts from the renewal");
        assert_eq!(tenant.ask(2, 1, TAKE, 20_000).epoch, Some(2));
        assert!(tenant.takes(2, 2) && !tenant.takes(1, 1));
        let told = tenant.ask(1, 1, LeaseWant::Renew { epoch: 1 }, 20_001);
        assert_eq!((told.held, told.holder.unwrap().machine.as_str()), (false, "sync2"));
        assert!(!tenant.ask(1, 1, LeaseWant::Release { epoch: 1 }, 20_002).held);
        assert!(tenant.takes(2, 2), "an old holder cannot give back what another has");
    }

    #[test]
    fn what_is_given_back_is_free_at_once() {
        let mut tenant = Tenant::default();
        tenant.ask(1, 1, START, 0);
        let told = tenant.ask(1, 1, LeaseWant::Release { epoch: 1 }, 10);
        assert_eq!((told.held, told.holder, told.expires_in_millis), (false, None, 0));
        assert!(!tenant.takes(1, 1), "who gave it back writes no more");
        assert_eq!(tenant.ask(2, 1, TAKE, 11).epoch, Some(2));
    }

    #[test]
    fn a_restart_goes_on_at_once_and_fences_what_its_forerunner_left_on_the_way() {
        let mut tenant = Tenant::default();
        tenant.ask(1, 1, START, 0);
        assert_eq!(tenant.ask(1, 2, START, 10).epoch, Some(2));
        assert!(tenant.takes(1, 2) && !tenant.takes(1, 1));
    }

    #[test]
    fn a_copy_of_a_machine_does_not_wrest_the_lease_from_its_original() {
        let mut tenant = Tenant::default();
        tenant.ask(1, 1, START, 0);
        // The copy begins: it cannot be told from a restart, so the original is fenced, once.
        assert!(tenant.ask(1, 2, START, 10).held);
        assert!(!tenant.ask(1, 1, LeaseWant::Renew { epoch: 1 }, 20).held);
        assert!(!tenant.ask(1, 1, TAKE, 30).held, "it waits as any stand-by does");
        assert!(tenant.takes(1, 2));
    }

    #[test]
    fn a_lost_answer_is_given_again() {
        let mut tenant = Tenant::default();
        tenant.ask(1, 1, TAKE, 0);
        assert_eq!(tenant.ask(1, 1, TAKE, 10).epoch, Some(2));
    }

    #[test]
    fn a_lapsed_lease_that_nobody_took_is_renewed() {
        let mut tenant = Tenant::default();
        tenant.ask(1, 1, START, 0);
        assert!(tenant.ask(1, 1, LeaseWant::Renew { epoch: 1 }, 3_600_000).held);
        assert!(tenant.takes(1, 1));
    }

    #[test]
    fn a_clock_that_went_back_holds_the_lease_for_one_term() {
        let mut tenant = Tenant::default();
        tenant.ask(1, 1, START, 3_600_000);
        assert_eq!(tenant.ask(2, 1, TAKE, 0).expires_in_millis, 15_000);
        assert!(!tenant.ask(2, 1, TAKE, 14_999).held);
        assert!(tenant.ask(2, 1, TAKE, 15_000).held);
    }

    #[test]
    fn a_pause_goes_over_with_the_lease_and_ends_with_the_one_who_was_told() {
        let mut tenant = Tenant::default();
        tenant.ask(1, 1, START, 0);
        let mut paused = ask(1, 1, LeaseWant::Renew { epoch: 1 });
        paused.paused = true;
        let renewed = decide(tenant.0.last(), 2, true, client(1), &paused, at(1)).changed.unwrap();
        tenant.0 = vec![renewed];
        assert!(tenant.ask(2, 1, TAKE, 60_000).paused, "who takes over stays paused");
        assert!(!tenant.ask(2, 1, LeaseWant::Renew { epoch: 2 }, 60_001).paused);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Wait(i64),
        Take(u8, bool),
        Renew(u8),
        Release(u8),
        Restart(u8),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (-3_000_i64..20_000).prop_map(Step::Wait),
            (0_u8..3, any::<bool>()).prop_map(|(n, start)| Step::Take(n, start)),
            (0_u8..3).prop_map(Step::Renew),
            (0_u8..3).prop_map(Step::Release),
            (0_u8..3).prop_map(Step::Restart),
        ]
    }

    proptest! {
        /// Three clients in any order, with a clock that may go back: at most one may write at a time, epochs
        /// only grow, and who was fenced stays so until it takes the lease anew.
        #[test]
        fn at_most_one_writes(steps in proptest::collection::vec(step(), 1..80)) {
            let mut tenant = Tenant::default();
            let mut now = 0_i64;
            let mut epochs = [0_u64; 3];
            let mut process = [0_u8; 3];
            let mut highest = 0;
            for step in steps {
                match step {
                    Step::Wait(millis) => now += millis,
                    Step::Restart(n) => {
                        process[usize::from(n)] += 1;
                        epochs[usize::from(n)] = 0;
                    }
                    Step::Take(n, start) => {
                        let answer = tenant.ask(n, process[usize::from(n)], LeaseWant::Take { start }, now);
                        prop_assert_eq!(answer.held, answer.epoch.is_some());
                        if let Some(epoch) = answer.epoch {
                            prop_assert!(epoch > highest, "an epoch was given twice");
                            highest = epoch;
                            epochs[usize::from(n)] = epoch;
                        }
                    }
                    Step::Renew(n) => {
                        let epoch = epochs[usize::from(n)];
                        let may = tenant.takes(n, epoch);
                        let told = tenant.ask(n, process[usize::from(n)], LeaseWant::Renew { epoch }, now);
                        prop_assert_eq!(told.held, may);
                    }
                    Step::Release(n) => {
                        let epoch = epochs[usize::from(n)];
                        tenant.ask(n, process[usize::from(n)], LeaseWant::Release { epoch }, now);
                        prop_assert!(!tenant.takes(n, epoch));
                    }
                }
                let writers = (0_u8..3).filter(|n| tenant.takes(*n, epochs[usize::from(*n)])).count();
                prop_assert!(writers <= 1, "{writers} may write");
                let open = tenant.0.iter().filter(|lease| lease.ended_at.is_none()).count();
                prop_assert!(open <= 1, "{open} leases are open");
            }
        }
    }
}
