//! The domains of a tenant: how they come, are proven, become the default, and go.
//!
//! Rules: Microsoft Graph's resource `domain` and "Managing custom domain names". Where we differ: a domain that the
//! configuration lists is changed there and nowhere else, for it would be back at the next start.
//!
//! **Invariant:** [`apply`] is a pure function of the domains and what refers to the one that is to go; DNS is behind
//! [`Dns`], which the program gives.

mod dns;
mod records;
mod wanted;

#[cfg(test)]
mod tests;

pub use dns::{Dns, DnsAnswer, DnsFindings, Verdict, judge};
pub use records::{
    DnsRecord, RecordData, proof_host, proof_text, service_records, verification_number, verification_records,
};

pub use wanted::{CAME_TO, SCIM_EXTRA, SENT_NAME, wanted_name};

use lockstep_model::{ObjectKind, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Domains that a tenant may have.
pub const MAX_DOMAINS: usize = 5_000;
/// References that a forced deletion renames; as in the product, more is an accident.
pub const MAX_FORCED_REFERENCES: u64 = 1_000;
/// References that a refusal names.
pub const NAMED_REFERENCES: usize = 5;
/// Services that can be chosen for a domain.
pub const SERVICES: [&str; 5] =
    ["Email", "OfficeCommunicationsOnline", "Yammer", "Intune", "CustomUrlDomain"];

/// Who checks the passwords of a domain's users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authentication {
    /// The cloud.
    #[default]
    Managed,
    /// Another identity provider.
    Federated,
}

impl Authentication {
    /// Graph's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Managed => "Managed",
            Self::Federated => "Federated",
        }
    }
}

/// Why a domain counts as the organization's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Proof {
    /// It is the initial domain.
    Initial,
    /// The configuration says so.
    Configuration,
    /// A record in DNS was found.
    Dns,
    /// The domain above it is verified.
    Parent,
}

/// What is being done to a domain, in pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DomainState {
    /// Whether it is a forced deletion; else names are worked out anew.
    pub force_delete: bool,
    /// When it began.
    pub since: Timestamp,
}

/// A domain of the tenant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Domain {
    /// Its name in lower case: Graph's `id`.
    pub id: String,
    /// Whether its ownership is proven.
    pub is_verified: bool,
    /// Whether it is the tenant's first, permanent domain.
    pub is_initial: bool,
    /// Whether new cloud users get it.
    pub is_default: bool,
    /// Whether the configuration lists it.
    #[serde(default)]
    pub configured: bool,
    /// Why it is verified.
    #[serde(default)]
    pub proof: Option<Proof>,
    /// What an administrator set.
    #[serde(default)]
    pub details: DomainDetails,
    /// What is being done to it.
    #[serde(default)]
    pub state: Option<DomainState>,
}

/// What an administrator set of a domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DomainDetails {
    /// Who checks passwords.
    pub authentication: Authentication,
    /// Graph's `supportedServices`.
    pub supported_services: Vec<String>,
    /// Days a password is good for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_validity_days: Option<u32>,
    /// Days before its end that a person is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_notification_days: Option<u32>,
    /// Graph's `internalDomainFederation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub federation: Option<Value>,
    /// Whether it stands for itself though the domain above it is the tenant's too.
    pub promoted: bool,
    /// Whether an administrator made it the default.
    pub chosen_default: bool,
}

/// A change of one domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DomainChange {
    /// Adds it, not verified; below a verified domain of the tenant, verified.
    Add,
    /// Its record was found in DNS.
    Verify,
    /// Sets what is given.
    Update(DomainUpdate),
    /// Sets or removes the federation; the users of the domain sign in there, or here.
    Federate(Option<Value>),
    /// A subdomain stands for itself from now on.
    Promote,
    /// Removes it, where nothing refers to it.
    Delete,
    /// Removes it; what refers to it is renamed to the initial domain.
    ForceDelete {
        /// Whether cloud-only users that are renamed are disabled.
        disable: bool,
    },
}

/// What `PATCH /domains/{id}` may set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainUpdate {
    /// Makes it the default: only `true` says something.
    pub is_default: Option<bool>,
    /// Who checks passwords.
    pub authentication: Option<Authentication>,
    /// Services.
    pub supported_services: Option<Vec<String>>,
    /// Days a password is good for; inner `None` takes the setting away.
    pub password_validity_days: Option<Option<u32>>,
    /// Days before its end that a person is told.
    pub password_notification_days: Option<Option<u32>>,
}

/// An object that uses a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainReference {
    /// User or group.
    pub kind: ObjectKind,
    /// Its name for people.
    pub name: String,
    /// The value in the domain.
    pub value: String,
}

/// What refers to a domain: how many objects, and the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Objects.
    pub count: u64,
    /// The first [`NAMED_REFERENCES`].
    pub first: Vec<DomainReference>,
}

impl References {
    fn named(&self) -> String {
        let named = self.first.iter().map(|r| format!("{} '{}' ({})", r.kind, r.name, r.value));
        let mut text = named.collect::<Vec<_>>().join(", ");
        let more = self.count.saturating_sub(u64::try_from(self.first.len()).unwrap_or(0));
        if more > 0 {
            text.push_str(&format!(" and {more} more"));
        }
        text
    }
}

/// Why a change of a domain is refused. The text is the cause and the next step.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainRefusal {
    /// It is no domain's name.
    #[error("'{0}' is no domain name; write a DNS name such as contoso.com, in its ASCII form (xn--...)")]
    BadName(String),
    /// It is there already.
    #[error("Domain '{0}' is in this tenant already; GET it to see its state")]
    Exists(String),
    /// It is not there.
    #[error("Domain '{0}' is not in this tenant; add it first")]
    Unknown(String),
    /// It is verified in another tenant of the server.
    #[error(
        "Domain '{0}' is verified in another tenant of this server; a domain belongs to one tenant: have it removed there first"
    )]
    Elsewhere(String),
    /// There are too many.
    #[error("A tenant has at most {MAX_DOMAINS} domains; delete one first")]
    TooMany,
    /// It is not verified.
    #[error(
        "Domain '{0}' is not verified; prove its ownership first: add one of its verificationDnsRecords and POST verify"
    )]
    NotVerified(String),
    /// The initial domain cannot be changed so.
    #[error("Domain '{0}' is the initial domain, which stays as it is; names that cannot be kept get it")]
    Initial(String),
    /// The default domain cannot be removed, nor federated.
    #[error("Domain '{0}' is the default domain; make another verified domain the default first")]
    Default(String),
    /// A federated domain cannot be the default, nor be deleted by force.
    #[error("Domain '{0}' is federated; set authenticationType to Managed first")]
    Federated(String),
    /// The configuration lists it.
    #[error(
        "Domain '{0}' is listed in the server's configuration and would come back at its next start; remove it from [tenant] domains there and restart the server"
    )]
    Configured(String),
    /// Other domains are below it.
    #[error("Domain '{domain}' has subdomains in this tenant: {below}; delete them first")]
    HasSubdomains {
        /// The domain.
        domain: String,
        /// Those below it.
        below: String,
    },
    /// Objects use it.
    #[error(
        "Domain '{domain}' is in use by {count} objects: {named}; rename or delete them first (domainNameReferences lists all), or POST forceDelete"
    )]
    Referenced {
        /// The domain.
        domain: String,
        /// How many.
        count: u64,
        /// The first of them, in words.
        named: String,
    },
    /// Too many objects use it.
    #[error(
        "Domain '{domain}' is in use by {count} objects: {named}; a forced deletion renames at most {MAX_FORCED_REFERENCES}: rename or delete others first"
    )]
    TooManyReferences {
        /// The domain.
        domain: String,
        /// How many.
        count: u64,
        /// The first of them, in words.
        named: String,
    },
    /// It is being worked on.
    #[error("Domain '{0}' is being worked on; wait until its state is null, and send this again")]
    Busy(String),
    /// It is its own root already.
    #[error("Domain '{0}' stands for itself already; no other domain of this tenant is above it")]
    Root(String),
    /// A service that cannot be chosen.
    #[error(
        "'{0}' is no service that can be chosen; choose among Email, OfficeCommunicationsOnline, Yammer, Intune, CustomUrlDomain"
    )]
    Service(String),
    /// A number of days that makes no sense.
    #[error(
        "{0} days make no password policy: a password is good for 14 to 730 days (2147483647: for ever), and people are told 1 to 30 days before"
    )]
    Days(u32),
}

/// What a change comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// All domains as they are then.
    pub domains: Vec<Domain>,
    /// Domains whose verification came or went: names in them are worked out anew.
    pub recalculate: Vec<String>,
}

/// Whether a text is a domain's name: two labels or more of letters, digits and hyphens (RFC 1123 section 2.1).
pub fn is_domain_name(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    name.len() <= 253 && name.contains('.') && name.split('.').all(label)
}

/// Whether `name` is below `above`.
fn is_below(name: &str, above: &str) -> bool {
    name.strip_suffix(above).is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
}

/// The nearest domain of the tenant above this one.
pub fn parent_of<'d>(domains: &'d [Domain], name: &str) -> Option<&'d Domain> {
    domains.iter().filter(|domain| is_below(name, &domain.id)).max_by_key(|domain| domain.id.len())
}

/// Whether a domain stands for itself: none of the tenant is above it, or it was promoted.
pub fn is_root(domains: &[Domain], domain: &Domain) -> bool {
    domain.details.promoted || parent_of(domains, &domain.id).is_none()
}

/// Who checks the passwords of a domain's users: of a subdomain, who does of its root.
pub fn authentication_of(domains: &[Domain], domain: &Domain) -> Authentication {
    let mut at = domain;
    while !at.details.promoted
        && let Some(above) = parent_of(domains, &at.id)
    {
        at = above;
    }
    at.details.authentication
}

/// Works out what a change comes to. `references`: what uses the domain, asked for where one is to go.
///
/// # Errors
/// Why it is refused; nothing changes.
pub fn apply(
    domains: &[Domain],
    name: &str,
    change: &DomainChange,
    references: &References,
) -> Result<Applied, DomainRefusal> {
    let mut after = domains.to_vec();
    let mut recalculate = Vec::new();
    if *change == DomainChange::Add {
        let domain = add(domains, name)?;
        if domain.is_verified {
            recalculate.push(domain.id.clone());
        }
        after.push(domain);
        after.sort_by(|a, b| a.id.cmp(&b.id));
        return Ok(Applied { domains: after, recalculate });
    }
    let own = |name: &str| name.to_owned();
    let Some(at) = domains.iter().position(|domain| domain.id == name) else {
        return Err(DomainRefusal::Unknown(own(name)));
    };
    let (Some(before), Some(domain)) = (domains.get(at), after.get_mut(at)) else {
        return Err(DomainRefusal::Unknown(own(name)));
    };
    if before.state.is_some_and(|state| state.force_delete) {
        return Err(DomainRefusal::Busy(own(name)));
    }
    match change {
        DomainChange::Add => {}
        DomainChange::Verify => {
            if !domain.is_verified {
                domain.is_verified = true;
                domain.proof = Some(Proof::Dns);
                recalculate.push(own(name));
                // What is below it is the organization's own with it.
                for below in after.iter_mut().filter(|below| is_below(&below.id, name) && !below.is_verified)
                {
                    below.is_verified = true;
                    below.proof = Some(Proof::Parent);
                    recalculate.push(below.id.clone());
                }
            }
        }
        DomainChange::Update(update) => {
            set(&mut after, at, domains, update)?;
        }
        DomainChange::Federate(federation) => {
            changeable(before)?;
            if federation.is_some() && before.is_default {
                return Err(DomainRefusal::Default(own(name)));
            }
            domain.details.authentication =
                if federation.is_some() { Authentication::Federated } else { Authentication::Managed };
            domain.details.federation.clone_from(federation);
        }
        DomainChange::Promote => {
            if !before.is_verified {
                return Err(DomainRefusal::NotVerified(own(name)));
            }
            if is_root(domains, before) {
                return Err(DomainRefusal::Root(own(name)));
            }
            let authentication = authentication_of(domains, before);
            if authentication == Authentication::Federated && references.count > 0 {
                return Err(DomainRefusal::Federated(own(name)));
            }
            domain.details.authentication = authentication;
            domain.details.promoted = true;
        }
        DomainChange::Delete | DomainChange::ForceDelete { .. } => {
            removable(domains, before)?;
            let forced = *change != DomainChange::Delete;
            let (domain, count, named) = (own(name), references.count, references.named());
            if !forced && count > 0 {
                return Err(DomainRefusal::Referenced { domain, count, named });
            }
            if forced && count > MAX_FORCED_REFERENCES {
                return Err(DomainRefusal::TooManyReferences { domain, count, named });
            }
            if forced && authentication_of(domains, before) == Authentication::Federated {
                return Err(DomainRefusal::Federated(domain));
            }
            if forced && count > 0 {
                // It stays, and verifies nothing, until everything that refers to it was renamed.
                if let Some(domain) = after.get_mut(at) {
                    domain.is_verified = false;
                    domain.proof = None;
                }
                recalculate.push(domain);
            } else {
                after.remove(at);
            }
        }
    }
    Ok(Applied { domains: after, recalculate })
}

fn add(domains: &[Domain], name: &str) -> Result<Domain, DomainRefusal> {
    let id = name.trim().to_ascii_lowercase();
    if !is_domain_name(&id) {
        return Err(DomainRefusal::BadName(name.chars().take(100).collect()));
    }
    if domains.iter().any(|domain| domain.id == id) {
        return Err(DomainRefusal::Exists(id));
    }
    if domains.len() >= MAX_DOMAINS {
        return Err(DomainRefusal::TooMany);
    }
    let below_verified = parent_of(domains, &id).is_some_and(|above| above.is_verified);
    Ok(Domain {
        id,
        is_verified: below_verified,
        proof: below_verified.then_some(Proof::Parent),
        ..Domain::default()
    })
}

fn changeable(domain: &Domain) -> Result<(), DomainRefusal> {
    if domain.is_initial {
        return Err(DomainRefusal::Initial(domain.id.clone()));
    }
    if domain.is_verified { Ok(()) } else { Err(DomainRefusal::NotVerified(domain.id.clone())) }
}

fn removable(domains: &[Domain], domain: &Domain) -> Result<(), DomainRefusal> {
    let id = || domain.id.clone();
    if domain.is_initial || domain.proof == Some(Proof::Initial) {
        return Err(DomainRefusal::Initial(id()));
    }
    if domain.configured {
        return Err(DomainRefusal::Configured(id()));
    }
    if domain.is_default {
        return Err(DomainRefusal::Default(id()));
    }
    if domain.state.is_some() {
        return Err(DomainRefusal::Busy(id()));
    }
    let below = domains.iter().filter(|other| is_below(&other.id, &domain.id));
    let below: Vec<&str> = below.map(|other| other.id.as_str()).take(NAMED_REFERENCES).collect();
    if below.is_empty() {
        return Ok(());
    }
    Err(DomainRefusal::HasSubdomains { domain: id(), below: below.join(", ") })
}

fn set(
    after: &mut [Domain],
    at: usize,
    before: &[Domain],
    update: &DomainUpdate,
) -> Result<(), DomainRefusal> {
    let Some(old) = before.get(at) else { return Ok(()) };
    if !old.is_verified {
        return Err(DomainRefusal::NotVerified(old.id.clone()));
    }
    let unknown = |services: &Vec<String>| {
        services.iter().find(|name| !SERVICES.iter().any(|known| known.eq_ignore_ascii_case(name))).cloned()
    };
    if let Some(name) = update.supported_services.as_ref().and_then(unknown) {
        return Err(DomainRefusal::Service(name.chars().take(100).collect()));
    }
    if let Some(Some(days)) = update.password_validity_days
        && !(14..=730).contains(&days)
        && days != 2_147_483_647
    {
        return Err(DomainRefusal::Days(days));
    }
    if let Some(Some(days)) = update.password_notification_days
        && !(1..=30).contains(&days)
    {
        return Err(DomainRefusal::Days(days));
    }
    let authentication = update.authentication.unwrap_or_else(|| authentication_of(before, old));
    let is_default = update.is_default.unwrap_or(old.is_default);
    if update.authentication == Some(Authentication::Federated) {
        changeable(old)?;
    }
    if is_default && authentication == Authentication::Federated {
        return Err(match update.authentication {
            Some(_) => DomainRefusal::Default(old.id.clone()),
            None => DomainRefusal::Federated(old.id.clone()),
        });
    }
    if update.is_default == Some(false) && old.is_default {
        // There is always one: another takes its place, this one does not step down.
        return Err(DomainRefusal::Default(old.id.clone()));
    }
    if update.is_default == Some(true) {
        for domain in after.iter_mut() {
            domain.is_default = false;
            domain.details.chosen_default = false;
        }
    }
    let Some(domain) = after.get_mut(at) else { return Ok(()) };
    domain.is_default = is_default;
    if update.is_default == Some(true) {
        domain.details.chosen_default = true;
    }
    let details = &mut domain.details;
    if let Some(authentication) = update.authentication {
        details.authentication = authentication;
        if authentication == Authentication::Managed {
            details.federation = None;
        }
    }
    if let Some(services) = &update.supported_services {
        let canonical = |known: &&&str| services.iter().any(|name| name.eq_ignore_ascii_case(known));
        details.supported_services =
            SERVICES.iter().filter(canonical).map(|known| (*known).to_owned()).collect();
    }
    if let Some(days) = update.password_validity_days {
        details.password_validity_days = days;
    }
    if let Some(days) = update.password_notification_days {
        details.password_notification_days = days;
    }
    Ok(())
}

/// The domains after the configuration was read again: what it lists is there as it says; what an administrator added
/// or proved stays; what it listed and no longer lists goes, unless DNS proved it.
pub fn configure(before: &[Domain], initial: &str, listed: &[(String, bool)]) -> Vec<Domain> {
    let initial = initial.trim().to_lowercase();
    let mut after: Vec<Domain> = Vec::new();
    let listed: Vec<(String, bool)> =
        listed.iter().map(|(name, verified)| (name.trim().to_lowercase(), *verified)).collect();
    for old in before {
        // An initial domain is for ever: one that another setup named stays as a verified domain, for names in it.
        let was_initial = old.is_initial || old.proof == Some(Proof::Initial);
        let says = listed.iter().find(|(name, _)| *name == old.id);
        let (verified, proof) = match says {
            _ if old.id == initial || was_initial => (true, Some(Proof::Initial)),
            // What DNS proved stays proved when the configuration says it too, and no longer.
            _ if old.proof == Some(Proof::Dns) => (true, old.proof),
            Some((_, true)) => (true, Some(Proof::Configuration)),
            _ if old.proof == Some(Proof::Parent) => (true, old.proof),
            _ => (false, None),
        };
        if says.is_none() && old.configured && !verified {
            continue;
        }
        after.push(Domain {
            is_verified: verified && !old.state.is_some_and(|state| state.force_delete),
            proof,
            is_initial: old.id == initial,
            is_default: false,
            configured: says.is_some(),
            ..old.clone()
        });
    }
    let initial_itself = [(initial.clone(), true)];
    for (name, verified) in initial_itself.iter().chain(&listed) {
        if after.iter().any(|domain| domain.id == *name) {
            continue;
        }
        let is_initial = *name == initial;
        let proof = if is_initial { Proof::Initial } else { Proof::Configuration };
        after.push(Domain {
            id: name.clone(),
            is_verified: *verified || is_initial,
            is_initial,
            configured: listed.iter().any(|(listed, _)| listed == name),
            proof: (*verified || is_initial).then_some(proof),
            ..Domain::default()
        });
    }
    // A subdomain is verified by the one above it, and by nothing once that is not.
    let verified: Vec<String> =
        after.iter().filter(|domain| domain.is_verified).map(|domain| domain.id.clone()).collect();
    let below =
        |id: &str, above: &String| id.strip_suffix(above.as_str()).is_some_and(|rest| rest.ends_with('.'));
    for domain in after.iter_mut().filter(|domain| domain.proof == Some(Proof::Parent)) {
        if !verified.iter().any(|above| *above != domain.id && below(&domain.id, above)) {
            domain.is_verified = false;
            domain.proof = None;
        }
    }
    let chosen = after.iter().find(|domain| domain.details.chosen_default && domain.is_verified);
    let default = chosen.map(|domain| domain.id.clone());
    let default =
        default.or_else(|| listed.iter().find(|(_, verified)| *verified).map(|(name, _)| name.clone()));
    let default = default.unwrap_or(initial);
    for domain in &mut after {
        domain.is_default = domain.id == default;
        domain.details.chosen_default &= domain.is_default;
    }
    after.sort_by(|a, b| a.id.cmp(&b.id));
    after
}
