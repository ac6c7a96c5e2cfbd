//! What becomes of an object that a sync client sends: how it is matched, which of its values are put in
//! force, which are left out, and what is said about it. A store loads what is asked through [`View`], inside
//! the transaction of the batch, and applies the [`Decision`] before it asks about the next object.
//!
//! Rules: Microsoft's documents on matching, duplicate-attribute resiliency and sign-in names ("Troubleshoot
//! errors during synchronization", "Identity synchronization and duplicate attribute resiliency", "Microsoft
//! Entra UserPrincipalName population"). Where we differ, [`resolve`] and [`decide`] say so.
//!
//! **Invariant:** the same view and the same object give the same decision; nothing here writes.

mod explain;
mod names;
mod resolve;
mod rings;
mod values;

#[cfg(test)]
pub(crate) mod memory;
#[cfg(test)]
mod tests;

pub use explain::{error, explain, problem_of};
pub use names::{name_key, words};
pub use resolve::{Held, Resolved, claims_in_force, resolve, sent_of};
pub use rings::{MAX_RING_SEARCH, find_ring};
pub use values::address_key;

use crate::domains::Domain;
use lockstep_model::provisioning::{Outcome, PostOperation};
use lockstep_model::{
    ErrorCode, Fingerprint, ObjectId, ObjectKind, ObjectRef, Properties, Property, SourceAnchor, SyncError,
};
use std::collections::{BTreeMap, BTreeSet};

/// A store's own handle of an object; never leaves the server.
pub type Row = i64;

/// Where a value must be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Sign-in names: unique among users.
    SignInName,
    /// Addresses: unique among users and groups.
    Address,
}

/// A value that one living object may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Claim {
    /// Where it must be unique.
    pub space: Space,
    /// The value in lower case; an address with its prefix (`smtp:ann@contoso.com`).
    pub key: String,
}

/// Where an object stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is in the directory.
    Living,
    /// It was deleted and can be restored.
    Deleted,
    /// Only a link names it so far.
    Expected,
}

/// What a store knows of an object, short of its properties.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The store's handle.
    pub row: Row,
    /// Its id.
    pub id: ObjectId,
    /// User or group; of an expected one, whatever the store has.
    pub kind: ObjectKind,
    /// Where it stands.
    pub state: State,
    /// `onPremisesSyncEnabled`.
    pub sync_enabled: Option<bool>,
    /// The fingerprint of what was last sent; absent where all is to be written anew.
    pub fingerprint: Option<Fingerprint>,
    /// How many errors it has, the client's own included.
    pub errors: u64,
}

/// What the rules ask of a store.
pub trait View {
    /// Why the store does not answer.
    type Error;
    /// The object of an anchor.
    fn by_anchor(&mut self, anchor: &SourceAnchor) -> Result<Option<Known>, Self::Error>;
    /// The living object that holds a value.
    fn holder(&mut self, claim: &Claim) -> Result<Option<Row>, Self::Error>;
    /// An object and its anchor.
    fn by_row(&mut self, row: Row) -> Result<(Known, Option<SourceAnchor>), Self::Error>;
    /// An object's names.
    fn object_ref(&mut self, row: Row) -> Result<ObjectRef, Self::Error>;
    /// An object's properties in force, and what differs from them in what was sent.
    fn stored(&mut self, row: Row) -> Result<(Properties, Held), Self::Error>;
}

/// What of a tenant the rules depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantRules {
    /// The initial domain: where placeholders live.
    pub initial_domain: String,
    /// Verified domains, in lower case.
    pub verified: BTreeSet<String>,
}

impl TenantRules {
    /// The rules of a tenant with these domains.
    pub fn of(domains: &[Domain]) -> Self {
        Self {
            initial_domain: domains.iter().find(|d| d.is_initial).map(|d| d.id.clone()).unwrap_or_default(),
            verified: domains.iter().filter(|d| d.is_verified).map(|d| d.id.to_lowercase()).collect(),
        }
    }
}

/// An object as a sync client sends it, with what can be worked out before the store is asked anything.
#[derive(Clone, Debug, PartialEq)]
pub struct Incoming {
    kind: ObjectKind,
    anchor: SourceAnchor,
    /// All its properties.
    properties: Properties,
    /// The manager's anchor.
    manager: Option<SourceAnchor>,
    fingerprint: Fingerprint,
    /// The flows that gave the values, by property, where the client names them.
    flows: BTreeMap<String, String>,
}

impl Incoming {
    /// An object of this kind with these properties.
    pub fn new(
        kind: ObjectKind,
        anchor: SourceAnchor,
        properties: Properties,
        manager: Option<SourceAnchor>,
    ) -> Self {
        let fingerprint = properties.fingerprint(kind, manager.as_ref());
        Self { kind, anchor, properties, manager, fingerprint, flows: BTreeMap::new() }
    }

    /// What a `POST` brings; none where it has no anchor, so that there is nothing an error could be kept under.
    pub fn of(post: PostOperation) -> Option<Self> {
        let (kind, anchor, flows, (properties, manager)) = match post {
            PostOperation::User(mut user) => {
                let flows = std::mem::take(&mut user.flows);
                (
                    ObjectKind::User,
                    SourceAnchor::new(user.external_id.as_str()),
                    flows,
                    user.into_properties(),
                )
            }
            PostOperation::Group(mut group) => {
                let anchor = SourceAnchor::new(group.external_id.as_str());
                let flows = std::mem::take(&mut group.flows);
                (ObjectKind::Group, anchor, flows, (group.into_properties(), None))
            }
            PostOperation::Contact(mut contact) => {
                let anchor = SourceAnchor::new(contact.external_id.as_str());
                let flows = std::mem::take(&mut contact.flows);
                (ObjectKind::Contact, anchor, flows, contact.into_properties())
            }
            PostOperation::Device(mut device) => {
                let anchor = SourceAnchor::new(device.external_id.as_str());
                let flows = std::mem::take(&mut device.flows);
                (ObjectKind::Device, anchor, flows, (device.into_properties(), None))
            }
        };
        Some(Self { flows, ..Self::new(kind, anchor.ok()?, properties, manager) })
    }

    /// The flows that gave the values, by property: for the history, no matter of a decision.
    pub fn take_flows(&mut self) -> BTreeMap<String, String> {
        std::mem::take(&mut self.flows)
    }

    /// All its properties, as they were sent.
    pub fn properties(&self) -> &Properties {
        &self.properties
    }

    /// A name for people.
    pub fn name(&self) -> &str {
        self.properties.text(Property::DisplayName).unwrap_or(self.anchor.as_str())
    }

    /// User or group.
    pub fn kind(&self) -> ObjectKind {
        self.kind
    }

    /// The fingerprint of what was sent.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Its anchor.
    pub fn anchor(&self) -> &SourceAnchor {
        &self.anchor
    }
}

/// Where an object is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A new object.
    New,
    /// This one: living, deleted (to be restored) or expected.
    Existing {
        /// The handle.
        row: Row,
        /// Where it stands.
        state: State,
    },
}

/// What becomes of an incoming object.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// All of it is there already.
    Unchanged {
        /// The object.
        known: Known,
    },
    /// It is written.
    Write(Box<Write>),
    /// It is refused; nothing of it is written.
    Refuse {
        /// Why.
        error: Box<SyncError>,
    },
}

/// What is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Write {
    /// Where.
    pub target: Target,
    /// What the client is told.
    pub outcome: Outcome,
    /// The fingerprint of what was sent.
    pub fingerprint: Fingerprint,
    /// What is in force, what waits, what is wrong.
    pub resolved: Resolved,
    /// What was in force of a living object.
    pub before: Option<Properties>,
    /// What it held before; what of it is not in `resolved.claims` becomes free.
    pub held_before: Vec<Claim>,
    /// A deleted object of the other kind that had this anchor and loses it.
    pub detach: Option<Row>,
    /// The manager.
    pub manager: Option<SourceAnchor>,
}

/// Decides about an incoming object.
///
/// 1. Hard match: an object with this anchor is updated; a deleted one restored, with its id.
/// 2. Soft match: an object of the same kind **without an anchor** that holds the primary address is taken
///    over. Of another kind: [`ErrorCode::ObjectTypeMismatch`], refused. One that has an anchor of its own is
///    no candidate: the address is quarantined, for no object is refused that could be in the cloud without
///    one address.
/// 3. Otherwise it is made.
///
/// # Errors
/// What the view answers.
pub fn decide<V: View>(view: &mut V, rules: &TenantRules, incoming: Incoming) -> Result<Decision, V::Error> {
    let Incoming { kind, anchor, properties: mut sent, manager, fingerprint, flows: _ } = incoming;
    let known = view.by_anchor(&anchor)?;
    let mut object = ObjectRef {
        kind: Some(kind),
        id: known.as_ref().map(|known| known.id),
        anchor: Some(anchor.clone()),
        name: sent.text(Property::DisplayName).unwrap_or(anchor.as_str()).to_owned(),
        dn: sent.text(Property::OnPremisesDistinguishedName).map(str::to_owned),
    };
    let mut detach = None;
    let (target, outcome) = match known {
        Some(known) if known.state == State::Living && known.kind != kind => {
            let other = view.object_ref(known.row)?;
            object.id = None;
            let error = error(
                ErrorCode::ObjectTypeMismatch,
                object,
                None,
                Some(anchor.to_string()),
                None,
                Some(other),
            );
            return Ok(Decision::Refuse { error: Box::new(error) });
        }
        Some(known) if known.state == State::Living => {
            if known.fingerprint == Some(fingerprint) && known.sync_enabled == Some(true) {
                return Ok(Decision::Unchanged { known });
            }
            let outcome = match known.sync_enabled {
                Some(true) => Outcome::Updated,
                // It became cloud-managed when synchronization was turned off: it is taken over again.
                Some(false) | None => Outcome::Matched,
            };
            (Target::Existing { row: known.row, state: known.state }, outcome)
        }
        Some(known) if known.state == State::Deleted && known.kind != kind => {
            // The entry became another kind of thing: a deleted user cannot be restored as a group.
            detach = Some(known.row);
            object.id = None;
            (Target::New, Outcome::Created)
        }
        Some(known) => {
            let outcome = if known.state == State::Deleted { Outcome::Matched } else { Outcome::Created };
            (Target::Existing { row: known.row, state: known.state }, outcome)
        }
        None => match soft_match(view, kind, &sent)? {
            SoftMatch::None => (Target::New, Outcome::Created),
            SoftMatch::Takes(row) => {
                object.id = Some(view.by_row(row)?.0.id);
                (Target::Existing { row, state: State::Living }, Outcome::Matched)
            }
            SoftMatch::OtherKind { row, address } => {
                let other = view.object_ref(row)?;
                let property = Some(Property::ProxyAddresses.as_str());
                let error =
                    error(ErrorCode::ObjectTypeMismatch, object, property, Some(address), None, Some(other));
                return Ok(Decision::Refuse { error: Box::new(error) });
            }
        },
    };
    let (row, before) = match target {
        Target::Existing { row, state: State::Living } => (Some(row), Some(view.stored(row)?)),
        Target::Existing { row, .. } => (Some(row), None),
        Target::New => (None, None),
    };
    let held_before =
        before.as_ref().map(|(in_force, _)| claims_in_force(kind, in_force)).unwrap_or_default();
    sent.keep_from(before.as_ref().map(|(in_force, _)| in_force));
    let resolved = resolve(view, rules, row, object, sent, before.as_ref())?;
    Ok(Decision::Write(Box::new(Write {
        target,
        outcome,
        fingerprint,
        resolved,
        before: before.map(|(in_force, _)| in_force),
        held_before,
        detach,
        manager,
    })))
}

enum SoftMatch {
    None,
    Takes(Row),
    OtherKind { row: Row, address: String },
}

/// Looks for a cloud object that the primary address belongs to.
fn soft_match<V: View>(view: &mut V, kind: ObjectKind, sent: &Properties) -> Result<SoftMatch, V::Error> {
    let Some(address) = values::primary_address(sent) else {
        return Ok(SoftMatch::None);
    };
    let claim = Claim { space: Space::Address, key: address_key(&address) };
    let Some(row) = view.holder(&claim)? else {
        return Ok(SoftMatch::None);
    };
    let (candidate, anchor) = view.by_row(row)?;
    Ok(match anchor {
        Some(_) => SoftMatch::None,
        None if candidate.kind == kind => SoftMatch::Takes(row),
        None => SoftMatch::OtherKind { row, address },
    })
}
