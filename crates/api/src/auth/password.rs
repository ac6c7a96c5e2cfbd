//! Passwords of local administrators: argon2id (RFC 9106), never on a connection's thread, few at a time.

use crate::error::ApiError;
use crate::state::ApiState;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use std::sync::LazyLock;

/// Characters a password must have.
const MIN_CHARS: usize = 12;
/// Bytes a password may have: more than any sentence, less than a load on the hash.
pub(super) const MAX_BYTES: usize = 1024;

/// Why a password cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short.
    #[error("a password needs at least {MIN_CHARS} characters; take a sentence")]
    TooShort,
    /// Too long.
    #[error("a password has at most {MAX_BYTES} bytes")]
    TooLong,
    /// The system gives no random numbers, or no memory.
    #[error("the password cannot be hashed ({0}); try again")]
    Hash(String),
}

/// The PHC string of argon2id for a new password. Takes some 20 ms and 19 MiB.
///
/// # Errors
/// [`PasswordError`].
pub fn hash_password(password: &SecretString) -> Result<String, PasswordError> {
    let text = password.expose_secret();
    if text.chars().count() < MIN_CHARS {
        return Err(PasswordError::TooShort);
    }
    if text.len() > MAX_BYTES {
        return Err(PasswordError::TooLong);
    }
    hash(text.as_bytes())
}

fn hash(password: &[u8]) -> Result<String, PasswordError> {
    let mut salt = [0_u8; 16];
    getrandom::fill(&mut salt).map_err(|e| PasswordError::Hash(e.to_string()))?;
    let hash: PasswordHash = Argon2::default()
        .hash_password_with_salt(password, &salt)
        .map_err(|e| PasswordError::Hash(e.to_string()))?;
    Ok(hash.to_string())
}

/// A hash that no password has, so that an unknown name takes as long as a known one.
static NOBODY: LazyLock<Option<String>> = LazyLock::new(|| {
    let mut random = [0_u8; 32];
    let _ = getrandom::fill(&mut random);
    hash(&random).ok()
});

/// Whether `password` is that of `stored`; without one it takes as long and is false.
pub(super) async fn verify(
    state: &ApiState,
    stored: Option<String>,
    password: SecretString,
) -> Result<bool, ApiError> {
    let stop = || ApiError::unavailable("The server is busy; try again.");
    let turn = state.password_checks.clone().acquire_owned().await.map_err(|_| stop())?;
    let work = move || {
        // Made by whichever check comes first, so that not even that one tells known names from unknown ones.
        let nobody = NOBODY.as_deref().unwrap_or_default();
        let known = stored.is_some();
        let hash = stored.unwrap_or_else(|| nobody.to_owned());
        let fits = PasswordHash::new(&hash).is_ok_and(|hash| {
            Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok()
        });
        drop(turn);
        known && fits
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| stop())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fit_passwords_are_hashed() {
        let check = |text: String| hash_password(&text.into());
        assert!(matches!(check("short".into()), Err(PasswordError::TooShort)));
        assert!(matches!(check("x".repeat(2000)), Err(PasswordError::TooLong)));
        let hash = check("correct horse battery".into()).unwrap();
        assert!(hash.starts_with("$argon2id$"), "{hash}");
        let hash = PasswordHash::new(&hash).unwrap();
        assert!(Argon2::default().verify_password(b"correct horse battery", &hash).is_ok());
        assert!(Argon2::default().verify_password(b"correct horse batterz", &hash).is_err());
    }
}
