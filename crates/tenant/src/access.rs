//! Who may sign in and which programs may call, as an administrator changes it: with what keeps the tenant reachable,
//! and with a line of who changed what. `lockstep user` and `lockstep token` write past this, for whoever is at the
//! machine may do anything.

use crate::records::{LocalUser, Role, TokenRecord};
use crate::store::SecretHash;
use lockstep_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Lines that are kept; the oldest go first.
pub const LINES_KEPT: i64 = 10_000;

/// A change of who gets in.
#[derive(Clone, Debug)]
pub struct AccessChange {
    /// Who makes it.
    pub actor: String,
    /// What.
    pub action: AccessAction,
}

/// What is changed.
#[derive(Clone, Debug)]
pub enum AccessAction {
    /// A person who was not there.
    AddPerson(LocalUser),
    /// What a person may do; their sessions end.
    SetRole {
        /// Who.
        name: String,
        /// What they may do.
        role: Role,
    },
    /// Another password; their sessions and links end.
    SetPassword {
        /// Who.
        name: String,
        /// PHC string of argon2id.
        password_hash: String,
    },
    /// A person goes, with their sessions.
    RemovePerson {
        /// Who.
        name: String,
    },
    /// A token under a name that was free.
    AddToken(SecretHash, TokenRecord),
    /// A token ends.
    RemoveToken {
        /// Its name.
        name: String,
    },
    /// Something else that is to be told: nothing is changed here.
    Tell {
        /// What.
        event: AccessEvent,
        /// Of whom or what.
        subject: String,
        /// What more there is to say.
        detail: Option<String>,
    },
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccessEvent {
    /// A person came.
    PersonAdded,
    /// What a person may do changed.
    RoleChanged,
    /// A person's password was replaced.
    PasswordReset,
    /// A one-time sign-in link was made.
    LinkMade,
    /// A person went.
    PersonRemoved,
    /// A token was made.
    TokenMade,
    /// A token was ended.
    TokenRevoked,
    /// A code for a new sync client was made.
    EnrollmentMade,
    /// The tenant's deletion threshold was set.
    ThresholdSet,
}

impl AccessEvent {
    /// The name in JSON and in the store.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PersonAdded => "personAdded",
            Self::RoleChanged => "roleChanged",
            Self::PasswordReset => "passwordReset",
            Self::LinkMade => "linkMade",
            Self::PersonRemoved => "personRemoved",
            Self::TokenMade => "tokenMade",
            Self::TokenRevoked => "tokenRevoked",
            Self::EnrollmentMade => "enrollmentMade",
            Self::ThresholdSet => "thresholdSet",
        }
    }

    /// The event of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        const ALL: [AccessEvent; 9] = [
            AccessEvent::PersonAdded,
            AccessEvent::RoleChanged,
            AccessEvent::PasswordReset,
            AccessEvent::LinkMade,
            AccessEvent::PersonRemoved,
            AccessEvent::TokenMade,
            AccessEvent::TokenRevoked,
            AccessEvent::EnrollmentMade,
            AccessEvent::ThresholdSet,
        ];
        ALL.into_iter().find(|event| event.as_str() == name)
    }
}

/// Why a change is refused. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AccessRefusal {
    /// The name is taken.
    Exists,
    /// There is nobody and nothing of that name.
    NotFound,
    /// Nobody would be left who may change anything.
    LastAdmin,
}

/// A line of who changed what, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessLine {
    /// Grows with every line.
    pub id: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub actor: String,
    /// What.
    pub event: AccessEvent,
    /// Of whom or what.
    pub subject: String,
    /// What more there is to say: a role, a threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
