//! Reads what lies below a changed container again, since a renamed one takes its entries along in silence.

use super::OpenLdapSource;
use super::read::{Ended, below, change, connect, failed, send};
use crate::{SourceError, SourceEvent};
use lockstep_ldap::{ResultCode, SearchEntry};
use lockstep_model::SourceAnchor;
use tokio::sync::mpsc;
use uuid::Uuid;

/// Classes of entries that have, in the directories this is made for, nothing below them.
const LEAVES: [&str; 12] = [
    "person",
    "inetorgperson",
    "account",
    "posixaccount",
    "groupofnames",
    "groupofuniquenames",
    "groupofmembers",
    "posixgroup",
    "applicationprocess",
    "organizationalrole",
    "device",
    "simplesecurityobject",
];

/// Reads subtrees, each on a connection of its own: the live search has the first one, and renamed containers
/// are too rare to keep a second one open.
pub(super) struct Subtree {
    /// Whether the caller reads `entryUUID` itself.
    keep_uuid: bool,
}

impl Subtree {
    pub(super) fn new(source: &OpenLdapSource) -> Self {
        let keep_uuid = source.options.attributes.iter().any(|name| name.eq_ignore_ascii_case("entryUUID"));
        Self { keep_uuid }
    }

    pub(super) fn may_have_children(&self, entry: &SearchEntry) -> bool {
        !entry
            .attributes
            .texts("objectclass")
            .any(|class| LEAVES.iter().any(|leaf| leaf.eq_ignore_ascii_case(class)))
    }

    /// Sends everything below `dn`. An entry that is gone meanwhile is no error: its deletion comes by itself.
    pub(super) async fn read(
        &self,
        source: &OpenLdapSource,
        dn: &str,
        to: &mpsc::Sender<SourceEvent>,
    ) -> Result<(), Ended> {
        let mut connection = connect(source).await?;
        let mut entries = 0;
        let mut search =
            connection.search(below(source, dn)).await.map_err(|cause| failed(source, dn, 0, cause))?;
        loop {
            let mut entry = match search.next().await {
                Ok(Some(entry)) => entry,
                Ok(None) => break,
                Err(cause) if cause.code() == Some(ResultCode::NO_SUCH_OBJECT) => break,
                Err(cause) => return Err(failed(source, dn, entries, cause).into()),
            };
            entries += 1;
            if entry.dn == dn {
                continue;
            }
            let uuid = entry.attributes.text("entryuuid").and_then(|text| Uuid::parse_str(text).ok());
            let Some(uuid) = uuid else {
                return Err(SourceError::NoAnchor { at: source.at.clone(), dn: entry.dn }.into());
            };
            if !self.keep_uuid {
                entry.attributes.take("entryuuid");
            }
            send(to, SourceEvent::Change(change(SourceAnchor::from_uuid(uuid), entry))).await?;
        }
        drop(search);
        connection.close().await;
        Ok(())
    }
}
