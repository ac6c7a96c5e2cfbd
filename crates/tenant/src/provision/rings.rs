//! Rings of nested groups: a group that is, through others, a member of itself.

use super::Row;
use std::collections::{BTreeMap, VecDeque};

/// Groups looked at before a search gives up. A directory nests groups a few deep; a search that meets this
/// many groups says nothing rather than hold the batch up.
pub const MAX_RING_SEARCH: usize = 10_000;

/// The shortest ring through `group`, as the groups met on the way, `group` first; none where there is no
/// ring. `children` answers the groups that are direct members of a group.
///
/// # Errors
/// What `children` answers.
pub fn find_ring<E>(
    group: Row,
    mut children: impl FnMut(Row) -> Result<Vec<Row>, E>,
) -> Result<Option<Vec<Row>>, E> {
    // For each group met, the one that led to it.
    let mut came_from: BTreeMap<Row, Row> = BTreeMap::new();
    let mut queue = VecDeque::from([group]);
    while let Some(at) = queue.pop_front() {
        for child in children(at)? {
            if child == group {
                let mut ring = vec![at];
                let mut back = at;
                while back != group {
                    let Some(next) = came_from.get(&back) else { break };
                    back = *next;
                    ring.push(back);
                }
                ring.reverse();
                return Ok(Some(ring));
            }
            if came_from.len() >= MAX_RING_SEARCH {
                return Ok(None);
            }
            if let std::collections::btree_map::Entry::Vacant(new) = came_from.entry(child) {
                new.insert(at);
                queue.push_back(child);
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::convert::Infallible;

    fn ring(links: &[(Row, Row)], group: Row) -> Option<Vec<Row>> {
        let children = |at| Ok::<_, Infallible>(links.iter().filter(|l| l.0 == at).map(|l| l.1).collect());
        find_ring(group, children).unwrap()
    }

    #[test]
    fn finds_the_shortest_ring() {
        assert_eq!(ring(&[(1, 2), (2, 3)], 1), None);
        assert_eq!(ring(&[(1, 1)], 1), Some(vec![1]));
        assert_eq!(ring(&[(1, 2), (2, 3), (3, 1)], 1), Some(vec![1, 2, 3]));
        assert_eq!(ring(&[(1, 2), (2, 3), (3, 1)], 2), Some(vec![2, 3, 1]));
        assert_eq!(ring(&[(1, 2), (2, 3), (3, 1), (2, 1)], 1), Some(vec![1, 2]));
        // A ring elsewhere is not this group's.
        assert_eq!(ring(&[(1, 2), (2, 3), (3, 2)], 1), None);
    }

    #[test]
    fn a_deep_nest_ends() {
        let children = |at: Row| Ok::<_, Infallible>(vec![at + 1]);
        assert_eq!(find_ring(0, children).unwrap(), None);
    }
}
