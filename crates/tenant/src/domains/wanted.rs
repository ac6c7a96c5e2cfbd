//! The sign-in name that a cloud-only user was meant to have, and could not, for its domain was not verified: kept
//! beside the object's properties by whoever made it over SCIM.

use serde_json::Value;
use std::collections::BTreeMap;

/// What SCIM keeps beside an object's properties goes by this name in [`crate::StoredObject::extra`].
pub const SCIM_EXTRA: &str = "scim";
/// In it: the name that was sent ...
pub const SENT_NAME: &str = "userName";
/// ... and the sign-in name that it came to.
pub const CAME_TO: &str = "signInName";

/// The name that was sent, where the user still has what it came to.
pub fn wanted_name(extra: &BTreeMap<String, Value>, in_force: &str) -> Option<String> {
    let fields = extra.get(SCIM_EXTRA)?;
    let came_to = fields.get(CAME_TO)?.as_str()?;
    let sent = fields.get(SENT_NAME)?.as_str()?;
    came_to.eq_ignore_ascii_case(in_force).then(|| sent.to_owned())
}
