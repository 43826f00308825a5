//! Secret codes in links: the server gives them out, and whoever shows one gets what it is for.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::limits::CODE_CHARACTERS;

/// Defines a code, whose `Debug` does not show it.
macro_rules! secret_code {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// Its `Debug` does not show it: a log is read by more people than should have it.
        #[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the code's bytes, to compare or hash them.
            pub fn as_bytes(&self) -> &[u8] {
                self.0.as_bytes()
            }

            /// Returns the code, to put it into a link.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidCode;

            fn try_from(text: String) -> Result<Self, InvalidCode> {
                check(&text)?;
                Ok(Self(text))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(..)"))
            }
        }
    };
}

secret_code! {
    /// The code of a claim link, which makes its bearer an operator.
    ClaimCode
}

secret_code! {
    /// The code of an invitation link, which has its bearer admitted to the server.
    InvitationCode
}

/// Checks that a text is base64url and of a bounded length.
fn check(text: &str) -> Result<(), InvalidCode> {
    // Bytes count as characters here, because only ASCII passes the check below.
    let length = (1..=CODE_CHARACTERS).contains(&text.len());
    let base64url = |c: u8| c.is_ascii_alphanumeric() || b"-_".contains(&c);
    if length && text.bytes().all(base64url) {
        Ok(())
    } else {
        Err(InvalidCode)
    }
}

/// A text that cannot be the code of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("this cannot be the code of a link")]
pub struct InvalidCode;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::portable_test;

    portable_test! {
        fn a_code_is_checked_and_never_shown() {
            let code = ClaimCode::try_from("abc-_9".to_owned()).unwrap();
            assert!(!format!("{code:?}").contains("abc"));
            let code = InvitationCode::try_from("abc-_9".to_owned()).unwrap();
            assert!(!format!("{code:?}").contains("abc"));
            for wrong in ["", "a b", "a\n", "ä", &"x".repeat(CODE_CHARACTERS + 1)] {
                assert!(ClaimCode::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
                assert!(InvitationCode::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
            }
        }
    }
}
