//! A rule set as its TOML file writes it, and the JSON schema that editors read. What it means is in `compile`.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use toml::Spanned;

/// A rule set of Lockstep: which entries of a directory become which users and groups, and how.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Lockstep rule set")]
pub(super) struct Document {
    /// The name of the rule set, for people.
    pub(super) name: String,
    /// What it is for.
    #[serde(default)]
    pub(super) description: Option<String>,
    /// The kind of directory whose entries the rules read: their attributes, and which object class says what an
    /// entry is. Default: ldap.
    #[serde(default)]
    pub(super) source: Option<SourceName>,
    /// Values of parameters, which expressions read as %name%.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    /// Attributes of the source beyond those that are known, by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, AttributeDocument>")]
    pub(super) attributes: BTreeMap<String, Spanned<AttributeDocument>>,
    /// Attributes of the metaverse beyond those that are known, by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, AttributeDocument>")]
    pub(super) metaverse: BTreeMap<String, Spanned<AttributeDocument>>,
    /// The rules. Their order in the file means nothing; their precedence does.
    #[serde(default)]
    #[schemars(with = "Vec<RuleDocument>")]
    pub(super) rule: Vec<Spanned<RuleDocument>>,
    /// Test cases: an object in, what must come out.
    #[serde(default)]
    #[schemars(with = "Vec<CaseDocument>")]
    pub(super) case: Vec<Spanned<CaseDocument>>,
}

/// A kind of directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SourceName {
    /// OpenLDAP, 389 Directory Server and others: any object class of an entry counts.
    Ldap,
    /// Active Directory and Samba: the most specific object class of an entry counts.
    ActiveDirectory,
}

/// An attribute with its type.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AttributeDocument {
    /// The type of its values.
    #[serde(rename = "type")]
    pub(super) kind: TypeName,
    /// Whether it can have several values.
    #[serde(default)]
    pub(super) many: bool,
}

/// The type of an attribute's values.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TypeName {
    /// UTF-8 text.
    Text,
    /// A whole number of 64 bits.
    Number,
    /// TRUE or FALSE.
    Boolean,
    /// Octets.
    Binary,
    /// A generalized time.
    Date,
    /// The distinguished name of another entry.
    Reference,
}

/// One rule.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleDocument {
    /// Its name; no two rules have the same.
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    /// What it is for.
    #[serde(default)]
    pub(super) description: Option<String>,
    /// inbound: from the source to the metaverse; outbound: from the metaverse to the cloud.
    pub(super) direction: Direction,
    /// A whole number from 0; of two rules that give an attribute the one with the lower number wins. No two rules
    /// have the same. Those that come with Lockstep begin at 100.
    #[schemars(with = "u32")]
    pub(super) precedence: Spanned<u32>,
    /// The further sources whose entries an inbound rule takes, by their names. Default: those of the first source.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) from: Vec<Spanned<String>>,
    /// Object classes of the source that an inbound rule takes, in any case. An entry needs one of them.
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) source_types: Vec<Spanned<String>>,
    /// The type of the metaverse object.
    pub(super) metaverse_type: MetaverseType,
    /// The type of the cloud object that an outbound rule makes.
    #[serde(default)]
    pub(super) target_type: Option<TargetType>,
    /// What the rule does where there is no object on its other side.
    pub(super) link_type: LinkType,
    /// Whether the rule rests.
    #[serde(default)]
    pub(super) disabled: bool,
    /// Groups of conditions: all of a group must hold, one group must. Without any the rule is always in scope.
    #[serde(default)]
    pub(super) scope: Vec<GroupDocument>,
    /// Join rules, in order: the first group with exactly one hit wins. An entry of a further source is joined to an
    /// object that earlier sources make.
    #[serde(default)]
    pub(super) join: Vec<JoinDocument>,
    /// The attribute flows.
    #[serde(default)]
    #[schemars(with = "Vec<FlowDocument>")]
    pub(super) flow: Vec<Spanned<FlowDocument>>,
}

/// The direction of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the source to the metaverse.
    Inbound,
    /// From the metaverse to the cloud.
    Outbound,
}

/// The type of a metaverse object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MetaverseType {
    /// A person.
    Person,
    /// A group.
    Group,
}

/// The type of a cloud object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum TargetType {
    /// A user.
    User,
    /// A group.
    Group,
}

/// What a rule does where there is no object on its other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum LinkType {
    /// Makes the object where no join finds one.
    Provision,
    /// Only adds its flows to an object that is there.
    Join,
    /// As Join; and while it is in scope the metaverse object stays.
    StickyJoin,
}

/// A group of conditions, all of which must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupDocument {
    /// The conditions.
    #[schemars(with = "Vec<FilterDocument>")]
    pub(super) all: Vec<Spanned<FilterDocument>>,
}

/// A condition of a scoping filter. Texts are compared without regard to case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FilterDocument {
    /// The attribute: of the source in an inbound rule, of the metaverse in an outbound one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) attribute: Option<Spanned<String>>,
    /// How it is compared.
    pub(super) operator: Operator,
    /// With what; ISNULL and ISNOTNULL take none.
    #[serde(default)]
    #[schemars(with = "Option<Scalar>")]
    pub(super) value: Option<Spanned<Scalar>>,
    /// With what, for ISIN and ISNOTIN: one of these.
    #[serde(default)]
    pub(super) values: Vec<String>,
}

/// A single value.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Scalar {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

/// How a scoping filter compares. The negative ones hold where the attribute is absent, the others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, JsonSchema)]
pub enum Operator {
    /// One of the values is this.
    #[serde(rename = "EQUAL")]
    Equal,
    /// No value is this.
    #[serde(rename = "NOTEQUAL")]
    NotEqual,
    /// A value comes before this; numbers and dates by their size, texts by their letters.
    #[serde(rename = "LESSTHAN")]
    LessThan,
    /// A value comes before this or is the same.
    #[serde(rename = "LESSTHAN_OR_EQUAL")]
    LessThanOrEqual,
    /// A value comes after this.
    #[serde(rename = "GREATERTHAN")]
    GreaterThan,
    /// A value comes after this or is the same.
    #[serde(rename = "GREATERTHAN_OR_EQUAL")]
    GreaterThanOrEqual,
    /// A value contains this.
    #[serde(rename = "CONTAINS")]
    Contains,
    /// No value contains this.
    #[serde(rename = "NOTCONTAINS")]
    NotContains,
    /// A value starts with this.
    #[serde(rename = "STARTSWITH")]
    StartsWith,
    /// No value starts with this.
    #[serde(rename = "NOTSTARTSWITH")]
    NotStartsWith,
    /// A value ends with this.
    #[serde(rename = "ENDSWITH")]
    EndsWith,
    /// No value ends with this.
    #[serde(rename = "NOTENDSWITH")]
    NotEndsWith,
    /// The attribute is absent.
    #[serde(rename = "ISNULL")]
    IsNull,
    /// The attribute is present.
    #[serde(rename = "ISNOTNULL")]
    IsNotNull,
    /// One of the attribute's values is one of these.
    #[serde(rename = "ISIN")]
    IsIn,
    /// No value of the attribute is one of these.
    #[serde(rename = "ISNOTIN")]
    IsNotIn,
    /// All bits of this number are set.
    #[serde(rename = "ISBITSET")]
    IsBitSet,
    /// Not all bits of this number are set.
    #[serde(rename = "ISBITNOTSET")]
    IsBitNotSet,
    /// The same as ISBITNOTSET; some documents spell it so.
    #[serde(rename = "ISNOTBITSET")]
    IsNotBitSet,
    /// The entry is a direct member of the group with this DN.
    #[serde(rename = "ISMEMBEROF")]
    IsMemberOf,
    /// The entry is no direct member of the group with this DN.
    #[serde(rename = "ISNOTMEMBEROF")]
    IsNotMemberOf,
}

/// A group of join clauses, all of which must hold.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinDocument {
    /// The clauses.
    #[schemars(with = "Vec<JoinClauseDocument>")]
    pub(super) all: Vec<Spanned<JoinClauseDocument>>,
}

/// One attribute of the source must equal one of the metaverse.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinClauseDocument {
    /// The attribute of the source.
    pub(super) source: String,
    /// The attribute of the metaverse.
    pub(super) metaverse: String,
    /// Whether case counts.
    #[serde(default)]
    pub(super) case_sensitive: bool,
}

/// An attribute flow. It has one of `direct`, `constant` and `expression`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FlowDocument {
    /// The attribute that gets the value: of the metaverse in an inbound rule; in an outbound one a property of the
    /// user or group, `manager` or `members`.
    #[schemars(with = "String")]
    pub(super) to: Spanned<String>,
    /// The attribute it comes from, as it is; of several values the first where `to` takes one.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) direct: Option<Spanned<String>>,
    /// Always this value.
    #[serde(default)]
    #[schemars(with = "Option<Constant>")]
    pub(super) constant: Option<Spanned<Constant>>,
    /// What an expression gives.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) expression: Option<Spanned<String>>,
    /// Only when the object is made; later its value stays as it is.
    #[serde(default)]
    pub(super) execute_once: bool,
    /// How values of several rules go together. All rules for one attribute must say the same.
    #[serde(default)]
    pub(super) merge: Merge,
}

/// A value that is always the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Constant {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
    /// Several texts.
    List(Vec<String>),
}

/// How the values of several rules for one attribute go together.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Merge {
    /// The rule with the lowest precedence number that has a value gives it.
    #[default]
    Update,
    /// The values of all rules, exact doubles left out.
    Merge,
    /// The values of all rules, doubles left out without regard to case.
    MergeCaseInsensitive,
}

/// A test case: an object in, what must come out.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseDocument {
    /// Its name; no two cases have the same.
    pub(super) name: String,
    /// The DN of the entry.
    pub(super) dn: String,
    /// The entry's anchor. Default: a made-up one.
    #[serde(default)]
    pub(super) anchor: Option<String>,
    /// The attributes of the entry.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, Texts>,
    /// Attributes of the entry whose values are octets, in base64.
    #[serde(default)]
    pub(super) binary: BTreeMap<String, Texts>,
    /// Entries of further sources that are joined to it.
    #[serde(default)]
    pub(super) joined: Vec<JoinedDocument>,
    /// DNs of the groups it is a direct member of.
    #[serde(default)]
    pub(super) member_of: Vec<String>,
    /// Values of parameters in this case, instead of those of the rule set.
    #[serde(default)]
    pub(super) parameters: BTreeMap<String, String>,
    /// Whether the cloud does not have it yet. Default: true.
    #[serde(default = "yes")]
    pub(super) new: bool,
    /// The present moment, `2026-01-31T12:00:00Z`. Default: that one.
    #[serde(default)]
    pub(super) now: Option<String>,
    /// What must come out.
    pub(super) expect: ExpectDocument,
}

/// An entry of a further source in a case.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JoinedDocument {
    /// The name of the source.
    pub(super) source: String,
    /// Its DN.
    pub(super) dn: String,
    /// Its attributes.
    #[serde(default)]
    pub(super) attributes: BTreeMap<String, Texts>,
    /// Attributes whose values are octets, in base64.
    #[serde(default)]
    pub(super) binary: BTreeMap<String, Texts>,
}

const fn yes() -> bool {
    true
}

/// One text or several.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Texts {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl Texts {
    pub(super) fn as_slice(&self) -> &[String] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

/// What must come out of a case.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectDocument {
    /// The kind of the cloud object.
    #[serde(default)]
    pub(super) kind: Option<TargetType>,
    /// Properties with their values. Others may be there too, unless `exact` says otherwise.
    #[serde(default)]
    pub(super) properties: BTreeMap<String, Constant>,
    /// Properties that must not be there.
    #[serde(default)]
    pub(super) absent: Vec<String>,
    /// Whether there may be no property beside those of `properties`.
    #[serde(default)]
    pub(super) exact: bool,
    /// The manager: a DN, or `uid:` and a uid.
    #[serde(default)]
    pub(super) manager: Option<String>,
    /// The members, in their order: DNs, or `uid:` and a uid.
    #[serde(default)]
    pub(super) members: Option<Vec<String>>,
    /// The object is out of scope, and the reason contains this text.
    #[serde(default)]
    pub(super) out_of_scope: Option<String>,
    /// Attributes of the metaverse object with their values, also where nothing goes to the cloud. Octets are base64,
    /// a date is `2026-01-31T12:00:00Z`, a reference is its DN as the source has it.
    #[serde(default)]
    pub(super) metaverse: BTreeMap<String, Constant>,
    /// Attributes that the metaverse object must not have.
    #[serde(default)]
    pub(super) metaverse_absent: Vec<String>,
    /// For each error of the object, in order, a text that its message contains.
    #[serde(default)]
    pub(super) errors: Vec<String>,
}

/// The JSON schema of a rule set, for editors: every key with its meaning.
pub fn json_schema() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<Document>().to_value()
}
