//! What a tenant does of itself, by the hour: once, whichever of its servers takes it.
//!
//! One server leads: it says what is due ([`crate::TenantStore::plan_jobs`]). Any server takes what is due, and says when it
//! is done; one that falls silent loses it to another after [`TERM`]. All of it can be done twice without harm.

use jiff::SignedDuration;

/// Time from one end to the next beginning.
pub const EVERY: SignedDuration = SignedDuration::from_hours(1);
/// How long a server has a job without saying anything.
pub const TERM: SignedDuration = SignedDuration::from_mins(2);
/// Pause after a failure, times the attempts so far.
pub const PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Task {
    /// Quarantined values that are free now are put in force.
    Quarantine,
    /// Names are worked out anew, where a domain came or went.
    Domains,
    /// What was deleted long ago goes.
    Deleted,
    /// Old history goes.
    History,
}

impl Task {
    /// All of them, in the order in which they are done where all are due.
    pub const ALL: [Self; 4] = [Self::Quarantine, Self::Domains, Self::Deleted, Self::History];

    /// As it is stored and logged.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quarantine => "1-quarantine",
            Self::Domains => "2-domains",
            Self::Deleted => "3-deleted",
            Self::History => "4-history",
        }
    }

    /// The task of a name; none where another version of Lockstep knows it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }
}

/// How far a replica of the database can be read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplicaState {
    /// Lists are read from it.
    Usable,
    /// It has not got far enough, and is passed over until it has.
    Behind,
    /// It cannot be reached.
    Away,
    /// It is no replica of this database.
    Stranger,
}

/// A replica that lists may be read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replica {
    /// Where it is, for people.
    pub name: String,
    /// Whether it is read from.
    pub state: ReplicaState,
    /// Reads that it answered, of this process.
    pub reads: u64,
    /// Reads that it was asked for and that the primary answered in its place.
    pub passed_over: u64,
}
