//! What a batch will ask, asked in one go before it: where each question is a round trip to another machine, a thousand
//! objects would be thousands of them.
//!
//! **Invariant:** what is written is forgotten ([`Ahead::written`]), so that what is still known is so.

use super::batch::Operation;
use super::rows::{Result, from_json};
use super::view::{KNOWN, read_known, space_code};
use crate::sql::{Connection, Record, Value, ValueRef};
use lockstep_model::{Properties, SourceAnchor};
use lockstep_tenant::provision::{Claim, Held, Known, Row, claims_in_force};
use std::collections::{BTreeSet, HashMap, HashSet};

/// An object as it was before the batch.
#[derive(Clone, Debug)]
pub(crate) struct Before {
    pub(super) known: Known,
    pub(super) anchor: Option<SourceAnchor>,
    pub(super) name_key: String,
    pub(super) manager: Option<String>,
}

/// What is known without asking.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    /// By anchor; none where no object has it.
    objects: HashMap<String, Option<Row>>,
    rows: HashMap<Row, Before>,
    /// By space and key; none where it is free.
    claims: HashMap<(i64, String), Option<Row>>,
    bodies: HashMap<Row, (Properties, Held)>,
    /// Anchors of which no error is stored.
    sound: HashSet<String>,
}

impl Ahead {
    /// The object of an anchor: none where that is not known, some none where there is none.
    pub(super) fn by_anchor(&self, anchor: &str) -> Option<Option<Known>> {
        match self.objects.get(anchor)? {
            None => Some(None),
            Some(row) => self.rows.get(row).map(|before| Some(before.known.clone())),
        }
    }

    pub(super) fn by_row(&self, row: Row) -> Option<&Before> {
        self.rows.get(&row)
    }

    pub(super) fn holder(&self, claim: &Claim) -> Option<Option<Row>> {
        self.claims.get(&(space_code(claim.space), claim.key.clone())).copied()
    }

    pub(super) fn stored(&self, row: Row) -> Option<(Properties, Held)> {
        self.bodies.get(&row).cloned()
    }

    pub(super) fn is_sound(&self, anchor: &str) -> bool {
        self.sound.contains(anchor)
    }

    /// Whether a statement names a table of which anything is known ahead.
    pub(crate) fn may_concern(sql: &str) -> bool {
        ["object", "body", "claim", "error"].iter().any(|table| sql.contains(table))
    }

    /// A statement wrote to a table with these values: what they may have concerned is forgotten. One without values
    /// concerned anything.
    pub(crate) fn written(&mut self, table: &str, values: &[ValueRef<'_>]) {
        if values.is_empty() {
            *self = Self::default();
            return;
        }
        for value in values {
            match (table, value) {
                ("object", ValueRef::Text(text)) => {
                    if let Some(Some(row)) = self.objects.remove(*text) {
                        self.rows.remove(&row);
                    }
                }
                ("object", ValueRef::Integer(number)) => {
                    if let Some(before) = self.rows.remove(number)
                        && let Some(anchor) = before.anchor
                    {
                        self.objects.remove(anchor.as_str());
                    }
                }
                ("body", ValueRef::Integer(number)) => {
                    self.bodies.remove(number);
                }
                ("claim", ValueRef::Text(text)) => {
                    for space in [0, 1] {
                        self.claims.remove(&(space, (*text).to_owned()));
                    }
                }
                ("error", ValueRef::Text(text)) => {
                    self.sound.remove(*text);
                }
                _ => {}
            }
        }
    }
}

/// Asks what the decisions about these operations will ask.
pub(super) fn look(connection: Connection<'_>, operations: &[Operation]) -> Result<()> {
    let Connection::Postgres(session) = connection else { return Ok(()) };
    let mut ahead = Ahead::default();
    let (mut anchors, mut claims) = (BTreeSet::new(), BTreeSet::new());
    for operation in operations {
        match operation {
            Operation::Post(incoming, _) => {
                anchors.insert(incoming.anchor().as_str());
                claims.extend(claims_in_force(incoming.kind(), incoming.properties()));
            }
            Operation::Members(group, patch) => {
                anchors.insert(group.as_str());
                let members = patch.operations.iter().flat_map(|operation| &operation.value);
                anchors.extend(members.map(|member| member.value.as_str()));
            }
            Operation::Delete(_, anchor) => {
                anchors.insert(anchor.as_str());
            }
            Operation::Refused(_) => {}
        }
    }
    if anchors.is_empty() {
        return Ok(());
    }
    let texts: Vec<Value> = anchors.iter().map(|anchor| Value::Text((*anchor).to_owned())).collect();
    let sql = format!("{KNOWN}, name_key, manager FROM object WHERE anchor = ANY($1::text[])");
    for row in session.query_arrays(&sql, &[&texts])? {
        let row = Record::Postgres(&row);
        let (known, anchor) = read_known(&row)?;
        let before = Before { name_key: row.get(8)?, manager: row.get(9)?, known, anchor };
        let text = before.anchor.as_ref().map(|anchor| anchor.as_str().to_owned()).unwrap_or_default();
        ahead.objects.insert(text, Some(before.known.row));
        ahead.rows.insert(before.known.row, before);
    }
    for anchor in &anchors {
        ahead.objects.entry((*anchor).to_owned()).or_insert(None);
    }
    if !claims.is_empty() {
        let spaces: Vec<Value> = claims.iter().map(|claim| Value::Integer(space_code(claim.space))).collect();
        let keys: Vec<Value> = claims.iter().map(|claim| Value::Text(claim.key.clone())).collect();
        let sql = "SELECT c.space, c.key, c.oid FROM unnest($1::int2[], $2::text[]) AS p (p1, p2) \
                   JOIN claim c ON c.space = p.p1 AND c.key = p.p2";
        for row in session.query_arrays(sql, &[&spaces, &keys])? {
            let row = Record::Postgres(&row);
            ahead.claims.insert((row.get(0)?, row.get(1)?), Some(row.get(2)?));
        }
        for claim in claims {
            ahead.claims.entry((space_code(claim.space), claim.key)).or_insert(None);
        }
    }
    let rows: Vec<Value> = ahead.rows.keys().map(|row| Value::Integer(*row)).collect();
    if !rows.is_empty() {
        let sql = "SELECT oid, body, held FROM body WHERE oid = ANY($1::int8[])";
        for row in session.query_arrays(sql, &[&rows])? {
            let row = Record::Postgres(&row);
            let held: Option<&str> = row.get(2)?;
            let held = held.map(|text| from_json(text, "an object's held values")).transpose()?;
            let body = from_json(row.get::<&str>(1)?, "an object's properties")?;
            ahead.bodies.insert(row.get(0)?, (body, held.unwrap_or_default()));
        }
    }
    let sql = "SELECT DISTINCT anchor FROM error WHERE anchor = ANY($1::text[])";
    let mut wrong: HashSet<String> = HashSet::new();
    for row in session.query_arrays(sql, &[&texts])? {
        wrong.insert(Record::Postgres(&row).get(0)?);
    }
    ahead.sound = anchors
        .iter()
        .filter(|anchor| !wrong.contains(**anchor))
        .map(|anchor| (*anchor).to_owned())
        .collect();
    session.know(ahead);
    Ok(())
}
