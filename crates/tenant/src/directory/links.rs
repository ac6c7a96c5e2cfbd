//! Whether links may be made: to what, and not in a ring.

use super::refusal::{DirectoryRefusal, LinkName};
use crate::provision::{Row, State};
use lockstep_model::{ObjectId, ObjectKind};

/// The other end of a link, as a store knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkEnd {
    /// Its id.
    pub id: ObjectId,
    /// Its handle, kind and state; none where there is no such object.
    pub found: Option<(Row, ObjectKind, State)>,
}

/// The living objects to be members of a group: their handles and kinds, sorted, without doubles.
///
/// # Errors
/// [`DirectoryRefusal::ReferenceNotFound`], [`DirectoryRefusal::Ring`] for the group itself.
pub fn check_links(group: ObjectId, ends: &[LinkEnd]) -> Result<Vec<(Row, ObjectKind)>, DirectoryRefusal> {
    let mut rows = Vec::with_capacity(ends.len());
    for end in ends {
        let id = end.id;
        match end.found {
            Some((row, kind, State::Living)) if id != group => rows.push((row, kind)),
            Some((_, _, State::Living)) => return Err(DirectoryRefusal::Ring { group, member: id }),
            _ => return Err(DirectoryRefusal::ReferenceNotFound { link: LinkName::Members, id }),
        }
    }
    rows.sort_unstable_by_key(|(row, _)| *row);
    rows.dedup_by_key(|(row, _)| *row);
    Ok(rows)
}

/// The handle of a manager.
///
/// # Errors
/// [`DirectoryRefusal::ReferenceNotFound`]; [`DirectoryRefusal::WrongKind`] for what is no user, or the user itself.
pub fn check_manager(user: Option<ObjectId>, end: &LinkEnd) -> Result<Row, DirectoryRefusal> {
    let (link, id) = (LinkName::Manager, end.id);
    match end.found {
        Some((row, ObjectKind::User, State::Living)) if user != Some(id) => Ok(row),
        Some((_, _, State::Living)) => Err(DirectoryRefusal::WrongKind { link, id }),
        _ => Err(DirectoryRefusal::ReferenceNotFound { link, id }),
    }
}

/// The handles of the living users to be owners of a group, sorted, without doubles.
///
/// # Errors
/// [`DirectoryRefusal::ReferenceNotFound`]; [`DirectoryRefusal::WrongKind`] for what is no user.
pub fn check_owners(ends: &[LinkEnd]) -> Result<Vec<Row>, DirectoryRefusal> {
    let link = LinkName::Owners;
    let mut rows = Vec::with_capacity(ends.len());
    for end in ends {
        let id = end.id;
        match end.found {
            Some((row, ObjectKind::User, State::Living)) => rows.push(row),
            Some((_, _, State::Living)) => return Err(DirectoryRefusal::WrongKind { link, id }),
            _ => return Err(DirectoryRefusal::ReferenceNotFound { link, id }),
        }
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}
