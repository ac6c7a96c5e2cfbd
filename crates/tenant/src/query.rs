//! What can be asked of a list of objects. The API parses OData into this; a store turns it into indexed SQL.

use lockstep_model::{ObjectId, ObjectKind, Property};

/// A field that a filter or an order can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// The object's id.
    Id,
    /// A property, in its effective value.
    Property(Property),
    /// `onPremisesImmutableId`: the source anchor.
    OnPremisesImmutableId,
    /// SCIM's `externalId`.
    ExternalId,
    /// `onPremisesSyncEnabled`: true, false or null.
    OnPremisesSyncEnabled,
    /// `onPremisesLastSyncDateTime`.
    OnPremisesLastSyncDateTime,
    /// `createdDateTime`.
    CreatedDateTime,
    /// `onPremisesProvisioningErrors`: only with [`Filter::HasErrors`].
    ProvisioningErrors,
}

/// A value in a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Literal {
    /// `null`.
    Null,
    /// `true`, `false`.
    Flag(bool),
    /// A text or a time as text.
    Text(String),
}

/// How a field and a value are compared. Texts compare without regard to case, as Graph does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// Equal.
    Eq,
    /// Not equal.
    Ne,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Begins with.
    StartsWith,
    /// Ends with.
    EndsWith,
    /// Holds.
    Contains,
}

/// A condition on an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// All hold.
    And(Vec<Filter>),
    /// One holds.
    Or(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// A field compared with a value.
    Compare {
        /// The field.
        field: Field,
        /// How.
        how: Comparison,
        /// With what.
        value: Literal,
    },
    /// The field is one of these.
    In {
        /// The field.
        field: Field,
        /// The values.
        values: Vec<Literal>,
    },
    /// One item of a list property compares so: `proxyAddresses/any(p:startsWith(p,'smtp:a'))`.
    Any {
        /// The property.
        property: Property,
        /// How.
        how: Comparison,
        /// With what.
        value: Literal,
    },
    /// Each word of the text begins a word of the display name, whatever signs part them.
    NameWords(String),
    /// The object has errors; of one category where given (`onPremisesProvisioningErrors/any(...)`).
    HasErrors {
        /// Graph's category: `PropertyConflict`.
        category: Option<String>,
    },
    /// The object has an error of which all of this is so (`onPremisesProvisioningErrors/any(...)`).
    HasError(Vec<ErrorTest>),
}

/// A member of Graph's `onPremisesProvisioningError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorField {
    /// `category`.
    Category,
    /// `propertyCausingError`.
    Property,
    /// `value`.
    Value,
    /// `occurredDateTime`.
    Occurred,
}

/// A condition on an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorTest {
    /// Of what.
    pub field: ErrorField,
    /// How.
    pub how: Comparison,
    /// With what.
    pub value: Literal,
}

/// An order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// By what.
    pub field: Field,
    /// Downwards.
    pub descending: bool,
}

/// A question for a list. Lists are ordered by `sort`, then by id, and without `sort` by id.
#[derive(Clone, Debug, Default)]
pub struct ListQuery {
    /// Kind of object; both where absent.
    pub kind: Option<ObjectKind>,
    /// Condition.
    pub filter: Option<Filter>,
    /// Free text over display name, sign-in name, mail and addresses: words that names begin with.
    pub search: Option<String>,
    /// Order; at most one key.
    pub sort: Option<SortKey>,
    /// Objects a page; 1 to 999.
    pub top: usize,
    /// Where the page before ended; opaque to all but the store.
    pub after: Option<String>,
    /// Objects to pass over first. What is passed over is counted, not read; asking on by `after` costs less.
    pub skip: usize,
    /// Whether the count of all is wanted.
    pub count: bool,
    /// Only members of this group (direct).
    pub members_of: Option<ObjectId>,
    /// Only groups that this object is a direct member of.
    pub groups_of: Option<ObjectId>,
    /// With `members_of` and `groups_of`: through groups in groups as well.
    pub transitive: bool,
    /// Only users whose manager this is (direct reports).
    pub reports_of: Option<ObjectId>,
    /// Only owners of this group.
    pub owners_of: Option<ObjectId>,
    /// Only groups that this user owns.
    pub owned_by: Option<ObjectId>,
    /// Deleted objects in place of living ones.
    pub deleted: bool,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Ask on with this; absent on the last page.
    pub next: Option<String>,
    /// How many there are in all, where asked.
    pub count: Option<u64>,
}
