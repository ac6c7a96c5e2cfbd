//! Why the sync client stopped a run, or itself.

use lockstep_sources::SourceError;
use lockstep_targets::TargetError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why the client's state did not answer.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The state cannot be opened.
    #[error(
        "the sync client's state {path} cannot be opened; check the folder's rights and space. It is a cache: \
         when it is removed, the next run rebuilds it"
    )]
    Open {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// Another sync client has it.
    #[error(
        "the sync client's state {path} is in use by another sync client; stop that one first, or set another \
         data folder"
    )]
    InUse {
        /// The file.
        path: String,
    },
    /// A statement failed.
    #[error("the sync client's state failed")]
    Failed {
        /// Why.
        #[source]
        source: Cause,
    },
    /// What is stored cannot be read back.
    #[error(
        "the sync client's state is damaged ({what}); remove the file, it is a cache and the next run rebuilds it"
    )]
    Corrupt {
        /// What.
        what: String,
    },
}

impl StateError {
    /// Work beside it ended without a result.
    pub(crate) fn ended(error: tokio::task::JoinError) -> Self {
        Self::Failed { source: Box::new(error) }
    }
}

/// Why a run ended before its end.
#[derive(Debug, thiserror::Error)]
pub enum SyncFailure {
    /// The source was not read whole.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The target did not take what was sent.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The client's own state failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// A source broke the contract of its trait.
    #[error("the connector of {at} ended its read without a checkpoint; report this. Nothing was deleted")]
    NoCheckpoint {
        /// The source.
        at: String,
    },
    /// The target refuses so many objects that something else must be wrong.
    #[error(
        "the tenant refused {refused} of {answered} objects, so the export was stopped; the first was {first}. \
         Each object's error is in the portal's list; the export is tried again by itself"
    )]
    TooManyRefused {
        /// Objects refused.
        refused: u64,
        /// Objects answered.
        answered: u64,
        /// The first of them, with what the tenant said.
        first: String,
    },
    /// It was asked to stop.
    #[error("stopped; what was not confirmed is sent again by the next run")]
    Stopped,
}

impl SyncFailure {
    /// Whether trying again, unchanged, may help soon.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Source(error) => error.is_transient() || error.needs_full_read(),
            Self::Target(error) => error.is_retryable(),
            Self::State(_) | Self::NoCheckpoint { .. } | Self::TooManyRefused { .. } | Self::Stopped => false,
        }
    }

    /// The whole text, causes included: `what: why: why`.
    pub fn whole_text(&self) -> String {
        let mut text = self.to_string();
        let mut next = std::error::Error::source(self);
        while let Some(cause) = next {
            let words = cause.to_string();
            if !text.ends_with(&words) {
                text.push_str(": ");
                text.push_str(&words);
            }
            next = cause.source();
        }
        text
    }
}
