//! Why a source could not be read: each variant names the object, the cause and the next step.

use std::path::PathBuf;

/// The error underneath, of whatever crate it comes from.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why a read ended without being whole. `at` is [`crate::Source::describe`] of the source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The server cannot be reached, or TLS with it fails.
    #[error(
        "cannot connect to {at}; check that the server runs, that its name resolves here and that no firewall is in between"
    )]
    Unreachable {
        /// The source.
        at: String,
        /// What failed.
        #[source]
        cause: Cause,
    },
    /// The server refused the account.
    #[error("cannot sign in to {at}; check the bind DN and its password in the configuration")]
    SignIn {
        /// The source.
        at: String,
        /// What the server said.
        #[source]
        cause: Cause,
    },
    /// The search base is not there, or the account may not see it.
    #[error(
        "the search base '{base}' does not exist at {at}, or the account may not read it; \
         correct `base` or give the account read access. Nothing was deleted"
    )]
    BaseMissing {
        /// The source.
        at: String,
        /// The base that was asked for.
        base: String,
    },
    /// A full read succeeded and named nothing.
    #[error(
        "{at} answered with no entry under '{base}'; an account that lost its read access looks the same, so \
         this is not taken as a deletion. Check the account's access, then the search base and the filter"
    )]
    Empty {
        /// The source.
        at: String,
        /// The base that was asked for.
        base: String,
    },
    /// The server's size limit ended the search.
    #[error(
        "{at} stopped after {entries} entries because of its size limit; give the account no limit \
         (OpenLDAP: `limits dn.exact=\"<bind DN>\" size=unlimited time=unlimited`). Nothing was deleted"
    )]
    SizeLimit {
        /// The source.
        at: String,
        /// Entries seen before the end.
        entries: u64,
    },
    /// The server's time limit ended the search.
    #[error(
        "{at} stopped after {entries} entries because of its time limit; give the account no limit \
         (OpenLDAP: `limits dn.exact=\"<bind DN>\" size=unlimited time=unlimited`). Nothing was deleted"
    )]
    TimeLimit {
        /// The source.
        at: String,
        /// Entries seen before the end.
        entries: u64,
    },
    /// Part of the tree lies on another server.
    #[error(
        "{at} referred to {}; Lockstep does not follow referrals, because what lies behind one would look \
         deleted when it cannot be reached. Read that server as a source of its own, or narrow the base", to.join(", ")
    )]
    Referral {
        /// The source.
        at: String,
        /// The URLs that the server named.
        to: Vec<String>,
    },
    /// The server cannot go on from the watermark (RFC 4533 e-syncRefreshRequired, 4096).
    #[error("{at} cannot tell what changed since the last read; everything is read again")]
    RefreshRequired {
        /// The source.
        at: String,
    },
    /// The watermark is not one of this source, or not readable.
    #[error(
        "the stored position does not belong to {at} as it is configured now ({reason}); everything is read again"
    )]
    ForeignWatermark {
        /// The source.
        at: String,
        /// What does not fit.
        reason: String,
    },
    /// The directory is older than what was read from it: restored from a backup, or another server.
    #[error(
        "{at} has gone back in time: its newest change is {theirs}, but {ours} was already read from it. It was \
         restored from a backup, or this is another server. Nothing was changed; check the directory, then \
         start a full read, whose plan you will be asked to approve"
    )]
    WentBack {
        /// The source.
        at: String,
        /// The change sequence number in our cookie.
        ours: String,
        /// The server's, for the same server id; "none" where it knows none.
        theirs: String,
    },
    /// The server has no content synchronization.
    #[error(
        "{at} does not support content synchronization (RFC 4533); load the overlay `syncprov` on its database"
    )]
    Unsupported {
        /// The source.
        at: String,
        /// What the server said, where it said something.
        #[source]
        cause: Option<Cause>,
    },
    /// The connection broke, or the server fell silent.
    #[error(
        "the connection to {at} broke after {entries} entries; the next read goes on from the last position"
    )]
    Interrupted {
        /// The source.
        at: String,
        /// Entries seen since the read began.
        entries: u64,
        /// What happened.
        #[source]
        cause: Cause,
    },
    /// The account may not do what is asked.
    #[error(
        "{at} refused the search: the account's rights do not suffice; give it read access to the base and everything in it"
    )]
    AccessDenied {
        /// The source.
        at: String,
        /// What the server said.
        #[source]
        cause: Cause,
    },
    /// The server answered with an error of another kind.
    #[error("{at} ended the search with an error; see the server's log")]
    Refused {
        /// The source.
        at: String,
        /// What the server said.
        #[source]
        cause: Cause,
    },
    /// The server's answer is not what the protocol allows.
    #[error(
        "{at} sent an answer that is not LDAP as RFC 4511 and RFC 4533 have it; check that the address is that of an LDAP server"
    )]
    Protocol {
        /// The source.
        at: String,
        /// What is wrong with it.
        #[source]
        cause: Cause,
    },
    /// An entry is larger than is taken.
    #[error(
        "{at} sent an entry of {size} bytes, and at most {limit} are taken; leave it out with `[source] filter`, or make it smaller (a group of more than half a million members can be parted into nested ones)"
    )]
    TooLarge {
        /// The source.
        at: String,
        /// Bytes of the message.
        size: usize,
        /// Bytes that are taken.
        limit: usize,
    },
    /// An entry has no usable anchor.
    #[error("{at}: '{dn}' has no usable source anchor; the account must be able to read `entryUUID`")]
    NoAnchor {
        /// The source.
        at: String,
        /// The entry.
        dn: String,
    },
    /// A file cannot be read.
    #[error("cannot read '{}'; check the path and that this account may read it", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        cause: std::io::Error,
    },
    /// A file is not LDIF.
    #[error("'{}' is no usable LDIF file; correct it, the next cycle reads it again. Nothing was deleted", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where and what is wrong.
        #[source]
        cause: Cause,
    },
    /// The configuration cannot work.
    #[error("{at}: {problem}")]
    Configuration {
        /// The source.
        at: String,
        /// What is wrong, and what to write instead.
        problem: String,
    },
}

impl SourceError {
    /// A stable name for this kind of error, for history, API and the book (`errors/<code>`).
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "SourceUnreachable",
            Self::SignIn { .. } => "SourceSignInFailed",
            Self::BaseMissing { .. } => "SourceBaseMissing",
            Self::Empty { .. } => "SourceEmpty",
            Self::SizeLimit { .. } => "SourceSizeLimit",
            Self::TimeLimit { .. } => "SourceTimeLimit",
            Self::Referral { .. } => "SourceReferral",
            Self::RefreshRequired { .. } => "SourceRefreshRequired",
            Self::ForeignWatermark { .. } => "SourceForeignWatermark",
            Self::WentBack { .. } => "SourceWentBack",
            Self::Unsupported { .. } => "SourceUnsupported",
            Self::Interrupted { .. } => "SourceInterrupted",
            Self::AccessDenied { .. } => "SourceAccessDenied",
            Self::Refused { .. } => "SourceRefused",
            Self::Protocol { .. } => "SourceProtocol",
            Self::TooLarge { .. } => "SourceTooLarge",
            Self::NoAnchor { .. } => "SourceNoAnchor",
            Self::File { .. } => "SourceFile",
            Self::Content { .. } => "SourceContent",
            Self::Configuration { .. } => "SourceConfiguration",
        }
    }

    /// Whether the watermark is of no more use, so that the next read must be a full one. False for
    /// [`SourceError::WentBack`]: there a person decides.
    pub fn needs_full_read(&self) -> bool {
        matches!(self, Self::RefreshRequired { .. } | Self::ForeignWatermark { .. })
    }

    /// Whether trying again, later and unchanged, may help: the network, a server that restarts.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Interrupted { .. })
    }
}
