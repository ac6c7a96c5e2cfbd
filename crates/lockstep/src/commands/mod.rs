//! One file a command.

pub(crate) mod backup;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod enroll;
pub(crate) mod explain;
pub(crate) mod history;
pub(crate) mod object;
pub(crate) mod precheck;
pub(crate) mod preview;
pub(crate) mod restore;
pub(crate) mod rules;
pub(crate) mod sample;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod tenant;
pub(crate) mod token;
pub(crate) mod user;
pub(crate) mod verify;
