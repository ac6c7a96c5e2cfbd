//! OData query options, as Graph's clients write them (OData 4.01 part 2: URL conventions).

pub(super) mod filter;
mod lex;
pub(super) mod options;
pub(super) mod orderby;
pub(super) mod search;
pub(crate) mod text;
