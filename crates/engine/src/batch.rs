//! Cutting operations into requests.

use lockstep_model::provisioning::{BulkOperation, PostOperation};
use lockstep_model::{Property, PropertyValue};
use std::collections::BTreeMap;

/// Operations of one request, each with what the caller wants to remember of it.
#[derive(Debug)]
pub struct Batcher<T> {
    most: usize,
    most_bytes: usize,
    bytes: usize,
    operations: Vec<BulkOperation>,
    tags: Vec<T>,
}

impl<T> Batcher<T> {
    /// Requests of at most `most` operations and about `most_bytes` bytes.
    pub fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, bytes: 0, operations: Vec::new(), tags: Vec::new() }
    }

    /// Adds an operation; answers a full request where there is one.
    pub fn push(&mut self, operation: BulkOperation, tag: T) -> Option<(Vec<BulkOperation>, Vec<T>)> {
        self.bytes += estimated_bytes(&operation);
        self.operations.push(operation);
        self.tags.push(tag);
        (self.operations.len() >= self.most || self.bytes >= self.most_bytes).then(|| self.flush()).flatten()
    }

    /// What is left.
    pub fn flush(&mut self) -> Option<(Vec<BulkOperation>, Vec<T>)> {
        self.bytes = 0;
        (!self.operations.is_empty())
            .then(|| (std::mem::take(&mut self.operations), std::mem::take(&mut self.tags)))
    }
}

/// About how many bytes an operation has on the wire.
pub fn estimated_bytes(operation: &BulkOperation) -> usize {
    const FRAME: usize = 300;
    match operation {
        BulkOperation::Post(PostOperation::User(user) | PostOperation::Contact(user)) => {
            FRAME * 2 + extension_bytes(&user.extension)
        }
        BulkOperation::Post(PostOperation::Group(group) | PostOperation::Device(group)) => {
            FRAME + extension_bytes(&group.extension)
        }
        BulkOperation::Patch { data, .. } => {
            let links: usize = data.operations.iter().map(|operation| operation.value.len()).sum();
            FRAME + links * 50
        }
        BulkOperation::Delete { .. } => FRAME,
    }
}

fn extension_bytes(extension: &BTreeMap<Property, PropertyValue>) -> usize {
    extension
        .iter()
        .map(|(property, value)| {
            property.as_str().len()
                + 8
                + match value {
                    PropertyValue::Flag(_) | PropertyValue::Kept => 5,
                    PropertyValue::Text(text) => text.len(),
                    PropertyValue::List(list) => list.iter().map(|item| item.len() + 3).sum(),
                }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_end_at_either_limit() {
        let delete = || BulkOperation::Delete { path: "/Users/a".into() };
        let mut batcher = Batcher::new(3, 1_000_000);
        assert!(batcher.push(delete(), 1).is_none());
        assert!(batcher.push(delete(), 2).is_none());
        assert_eq!(batcher.push(delete(), 3).unwrap().1, [1, 2, 3]);
        assert!(batcher.flush().is_none());
        let mut small = Batcher::new(100, 500);
        assert!(small.push(delete(), 1).is_none());
        assert_eq!(small.push(delete(), 2).unwrap().1, [1, 2]);
    }
}
