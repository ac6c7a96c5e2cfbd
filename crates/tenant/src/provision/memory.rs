//! A tenant in memory, for the tests of the rules.

use super::*;
use lockstep_model::Timestamp;
use std::collections::BTreeMap;
use std::convert::Infallible;

pub(crate) struct Object {
    pub(crate) known: Known,
    pub(crate) anchor: Option<SourceAnchor>,
    pub(crate) in_force: Properties,
    pub(crate) held: Held,
}

#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) objects: BTreeMap<Row, Object>,
    pub(crate) claims: BTreeMap<Claim, Row>,
}

impl View for Memory {
    type Error = Infallible;

    fn by_anchor(&mut self, anchor: &SourceAnchor) -> Result<Option<Known>, Infallible> {
        Ok(self
            .objects
            .values()
            .find(|object| object.anchor.as_ref() == Some(anchor))
            .map(|object| object.known.clone()))
    }

    fn holder(&mut self, claim: &Claim) -> Result<Option<Row>, Infallible> {
        Ok(self.claims.get(claim).copied())
    }

    fn by_row(&mut self, row: Row) -> Result<(Known, Option<SourceAnchor>), Infallible> {
        Ok((self.objects[&row].known.clone(), self.objects[&row].anchor.clone()))
    }

    fn object_ref(&mut self, row: Row) -> Result<ObjectRef, Infallible> {
        let object = &self.objects[&row];
        Ok(ObjectRef {
            kind: Some(object.known.kind),
            id: Some(object.known.id),
            anchor: object.anchor.clone(),
            name: object.in_force.text(Property::DisplayName).unwrap_or("?").to_owned(),
            dn: None,
        })
    }

    fn stored(&mut self, row: Row) -> Result<(Properties, Held), Infallible> {
        Ok((self.objects[&row].in_force.clone(), self.objects[&row].held.clone()))
    }
}

impl Memory {
    /// Decides, and writes what was decided.
    pub(crate) fn send(&mut self, rules: &TenantRules, incoming: Incoming) -> Decision {
        let (kind, anchor) = (incoming.kind, incoming.anchor.clone());
        let decision = decide(self, rules, incoming).unwrap();
        if let Decision::Write(write) = &decision {
            let row = match write.target {
                Target::New => self.objects.len() as Row + 1,
                Target::Existing { row, .. } => row,
            };
            if let Some(old) = write.detach {
                self.objects.get_mut(&old).unwrap().anchor = None;
            }
            let id = self.objects.get(&row).map(|object| object.known.id);
            let known = Known {
                row,
                id: id.unwrap_or_else(|| ObjectId::generate(Timestamp::UNIX_EPOCH)),
                kind,
                state: State::Living,
                sync_enabled: Some(true),
                fingerprint: Some(write.fingerprint),
                errors: write.resolved.errors.len() as u64,
            };
            self.claims.retain(|_, holder| *holder != row);
            for claim in &write.resolved.claims {
                assert_eq!(self.claims.insert(claim.clone(), row), None, "{claim:?} is given twice");
            }
            let (in_force, held) = (write.resolved.properties.clone(), write.resolved.held.clone());
            self.objects.insert(row, Object { known, anchor: Some(anchor), in_force, held });
        }
        decision
    }

    pub(crate) fn delete(&mut self, anchor: &str) {
        let object = self
            .objects
            .values_mut()
            .find(|o| o.anchor.as_ref().is_some_and(|a| a.as_str() == anchor))
            .unwrap();
        object.known.state = State::Deleted;
        object.known.fingerprint = None;
        let row = object.known.row;
        self.claims.retain(|_, holder| *holder != row);
    }

    /// A cloud-only object.
    pub(crate) fn cloud(&mut self, kind: ObjectKind, in_force: Properties) -> Row {
        let row = self.objects.len() as Row + 1;
        let known = Known {
            row,
            id: ObjectId::generate(Timestamp::UNIX_EPOCH),
            kind,
            state: State::Living,
            sync_enabled: None,
            fingerprint: None,
            errors: 0,
        };
        self.claims.extend(claims_in_force(kind, &in_force).into_iter().map(|claim| (claim, row)));
        self.objects.insert(row, Object { known, anchor: None, in_force, held: Held::default() });
        row
    }
}
