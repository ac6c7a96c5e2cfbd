//! Typed identifiers. Each is a UUID of version 7 (RFC 9562): sortable by time, so that indexes grow at one
//! end; the random part comes from the operating system.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, made at `now`.
            pub fn generate(now: Timestamp) -> Self {
                Self(new_v7(now))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }
    };
}

id!(
    /// A cloud object (user or group): Graph's `id`.
    ObjectId
);
id!(
    /// A tenant: Graph's `organization.id`.
    TenantId
);
id!(
    /// A sync client, as enrolled with the tenant.
    ClientId
);
id!(
    /// One run of a sync client.
    RunId
);
id!(
    /// A plan that was judged; see [`crate::plan`].
    PlanId
);
id!(
    /// An order from the tenant to a sync client.
    OrderId
);

fn new_v7(now: Timestamp) -> Uuid {
    let mut random = [0_u8; 10];
    // The operating system's generator does not fail on the platforms Lockstep runs on; were it to, the
    // ids of one millisecond would collide and the unique index would refuse them: loud, never silent.
    let _ = getrandom::fill(&mut random);
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time() {
        let early = ObjectId::generate(Timestamp::from_second(1_000).unwrap());
        let late = ObjectId::generate(Timestamp::from_second(2_000).unwrap());
        assert!(early < late);
        assert_eq!(early.to_string().parse::<ObjectId>().unwrap(), early);
    }
}
