//! The components: small, props in, callbacks out. They must not know the engine's inside; the few
//! that ask it for something get it as a prop.
//!
//! Stable hooks for end-to-end tests, as `data-testid`:
//!
//! | where | test ids |
//! |---|---|
//! | everywhere | `insecure-badge` `theme-toggle` (radios inside: `theme-system` `theme-light` `theme-dark`) `identity-open` |
//! | connect screen | `connect-name` `connect-name-error` `connect-server` `connect-server-error` `connect-submit` `connect-cancel` `connect-problem` `key-progress` |
//! | chat | `log` `message` (`data-name`, `data-own`; the text alone is `message-text`) `notice` `outgoing` (`data-fate`: queued, sent, unconfirmed, refused) `outgoing-cancel` `outgoing-resend` `jump-latest` `composer` `send` `disconnect` `handshake-toggle` `own-name` |
//! | banner (both screens) | `banner` (`data-state`: see `Connection::as_str`) `banner-state` `retry-now` `countdown` |
//! | handshake | `handshake-panel` `handshake-step` (`data-step`, `data-progress`: ahead, now, done, failed) `handshake-frame` `handshake-total` `handshake-close` |
//! | identity dialog | `identity-dialog` `identity-fingerprint` `identity-copy` `identity-export` `identity-import` `identity-delete` `identity-create` `identity-retry`; forms: `export-passphrase` `export-confirm` `export-submit` `import-file` `import-passphrase` `import-submit` `delete-submit` `identity-problem` `identity-done` |

pub mod badge;
pub mod banner;
pub mod chat;
pub mod composer;
pub mod connect;
pub mod copy;
pub mod dialog;
pub mod field;
pub mod handshake;
pub mod header;
pub mod icons;
pub mod identity;
pub mod log;
pub mod message;
pub mod outgoing;
pub mod text;
pub mod theme_toggle;
