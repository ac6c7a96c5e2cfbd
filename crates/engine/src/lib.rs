//! The planner: what the directory says and what the cloud confirmed go in; what is to be written, why, and
//! whether it may be written, come out.
//!
//! **Invariant:** pure. No I/O, no clock, no async, nothing remembered between calls: equal input gives equal
//! output, whatever the order in which objects arrive.

mod batch;
mod guard;
mod links;
mod loss;
mod object;
mod reference;

pub use batch::{Batcher, estimated_bytes};
pub use guard::{Container, KindDeletions, LossDigest, both, held_for_distrust, judge};
pub use links::{LinkDifference, link_difference, link_operations};
pub use lockstep_rules as rules;
pub use loss::Losses;
pub use object::{
    Confirmed, Manager, Wanted, changed, delete_operation, describe, describe_deletion, describe_disabling,
    disabled, post_operation,
};
pub use reference::{KeyHash, KeyHasher, unresolved_manager, unresolved_members};

use serde::{Deserialize, Serialize};

/// The number of an object in the connector space: small, so that a membership of a million fits into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CsId(pub i64);
