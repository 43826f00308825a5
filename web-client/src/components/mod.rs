//! The components: small, props in, callbacks out. A part without state of its own is a plain
//! function, because every component proper costs each visitor some kilobytes. Components must not
//! know the engine: hooks stand between.
//!
//! Stable hooks for end-to-end tests, as `data-testid`:
//!
//! | where | test ids |
//! |---|---|
//! | own menu | `own-menu-open` `own-menu` `own-name` (in the chat) `own-rename` `own-rename-submit` `verify-open` `identity-open` `settings-open` `disconnect` (in the chat) |
//! | settings | `settings` (the dialog) with radios `theme-default` `theme-light` `theme-dark`, `clock-default` `clock-24` `clock-12`, `send-key-default` `send-key-ctrl-enter`; `settings-notify` `settings-notify-ask` |
//! | bar | `rooms-toggle` (narrow) `room-title` `shield` (`data-look`: see `Protection::as_str`, or `without-tls`; `shield-page` `shield-words` `shield-compare`) `search-toggle` `bar-more` (phone: shows the others) `members-toggle` `inspect-toggle` `mute-toggle` `console-toggle` (operators) |
//! | every screen | `renewal` (the server has another version of the page) `renewal-load`; `copy-by-hand` (a link where the browser allows no clipboard) |
//! | coming back | `coming-back` `coming-back-cancel` |
//! | connect screen | `connect-name` `connect-name-error` `connect-elsewhere` (folded: server and protocol) `connect-report` (folded: the last handshake) `connect-identity` `connect-server` `connect-server-error` `connect-submit` `connect-cancel` `key-progress` `protocol-choice` (radios inside: `protocol-v2` `protocol-v1`) `v1-warning` (while v1 is chosen) `link-pin` (the page's link names a key) `link-problem` (it should, but is damaged) `insecure-page` (the page is no secure context) |
//! | chat | `log` `announcement` (the newest message, for screen readers) `message` (`data-seq`, `data-name`, `data-own`; the text alone is `message-text`; in an answer and in a hit of the search `quoted-text`) `edited` (shows `former`) `deleted` `reply-line` `reaction` `day` `new-divider` `notice` `outgoing` (`data-state`: queued, sent, acked, refused) `outgoing-cancel` `outgoing-resend` `jump-latest` `jump-unread` `mark-read` (while unread messages are above the view) `typing` `composer` `completion` (`completion-option`) `composer-about` `composer-forget` `composer-aside` (an edit or answer was put aside; `composer-undo` goes on) `composer-unknown` (what begins with a slash is sent) `composer-forgets` (the browser keeps nothing) `send` `welcome` (an empty room: `welcome-link` `welcome-invite` `welcome-topic` `welcome-write`) |
//! | a message's tools | `message-react` (opens `reaction-board` with `reaction-search`) `message-reply` `message-unread` `message-edit` `message-frames` (in the inspector) `message-delete` (asks: `delete-yes` `delete-no`) |
//! | rooms | `rooms` `room` (`data-room`) `room-unread` `room-mentions` `room-draft` `room-muted` `room-new`; the dialog `browse` (by `browse-rooms`): `browse-query` `browse-status` `browse-error` `browse-room` (`data-room`; inside `browse-join` or `browse-open`) `browse-more` `browse-make`; the dialog `new-room`: `new-room-name` `new-room-topic` `new-room-private` `new-room-submit`; the dialog `room-settings` (by `room-settings-open`): `room-topic` `room-topic-submit` `room-rename` `room-rename-submit` `room-close` (asks: `room-close-yes` `room-close-no`) |
//! | members | `members` `members-close` `member` (`data-name`, `data-online`, `data-role`) `member-role` `member-direct` `member-manage` (opens `member-promote` `member-demote` `member-handover` `member-remove`; the last two ask: `member-yes` `member-no`) `members-more` `room-leave` `invite-known` `invite-id` `invite-submit` `invite-done` |
//! | search | `search` `search-query` `search-submit` `search-status` `search-hit` `search-more` `search-close` |
//! | operator | `console` `console-close` `console-status` (`data-listening`) `console-limits` `console-start` `console-stop` `console-charts` `console-admission` `console-invite-uses` `console-invite-days` `console-invite` `invitation-link` `console-rooms-again` `console-log`; what cannot be undone asks: `console-yes` `console-no` |
//! | tables of the console | rows `connection` `ban` `operator` `applicant` `invitation` `console-room` (each with `data-name`); their searches `console-connections-search` and so on; `row-tools` opens `connection-tools` (`connection-kick` `connection-ban-key` `connection-ban-address` `connection-appoint` `connection-release`) and `console-room-tools` (`console-room-delete` `console-room-own`, which opens `console-owner` `console-owner-submit`); in the rows themselves `ban-lift` `operator-revoke` `applicant-admit` `applicant-ban` `invitation-end` |
//! | not admitted | `waiting` (`data-mode`) `waiting-invitation` `waiting-redeem` |
//! | keyboard | `switcher` (Ctrl+K) `switcher-query` `switcher-room`, `shortcuts` (Ctrl+/) |
//! | banner (both screens) | `banner` (`data-state`: see `Connection::as_str` and `Doubt::as_str`) `banner-state` `retry-now` `countdown` |
//! | handshake | `handshake-panel` `handshake-step` (`data-step`, `data-progress`: ahead, now, done, failed) `handshake-frame` `handshake-total` `handshake-rekeys` (v2) |
//! | inspector | `inspector` `inspect-close` `inspect-frames` `inspect-handshake` (the steps, and `inspect-diagram` with `inspect-arrow`) `inspect-keys` (`inspect-tree`, `inspect-key-frame`, `inspect-secrets`, `inspect-secret`) `inspect-kinds` `inspect-direction` `inspect-find` `inspect-count` `inspect-pause` `inspect-export` `inspect-export-failed` `inspect-list` `inspect-frame` (`data-kind`, `data-direction`, `data-check`) `inspect-detail` `inspect-verdict` (`data-check`) `inspect-layer` (`data-layer`) `inspect-field` (`data-name`) `inspect-bytes` `inspect-more-bytes` `inspect-copy-…` `inspect-show` (the message of a frame) `inspect-key-uses` |
//! | a key in words | `X-words` (all eight, with spaces, are its `data-words`) `X-fingerprint` `X-copy` `X-qr` (what it says is its `data-text`), where X is `first-contact`, `verify-server`, `verify-own`, `key-expected` or `key-presented` |
//! | first contact | `first-contact` (the dialog) `first-contact-address` `first-contact-given` `first-contact-ask` `first-contact-look` (the ways) `first-contact-told` `first-contact-key` (folded) `first-contact-contradiction` `first-contact-clear` `first-contact-trust` `first-contact-refuse` `first-contact-problem` |
//! | blocking screen | one of `key-changed` (also for a key that a link names), `link-contradicts`, `version-floor`, `pin-damaged`; buttons `blocked-back` `blocked-pins` (opens the list of pins) `blocked-forget-link` `blocked-connect-v2` |
//! | verify dialog | `verify` (the dialog) `verify-server-known` `verify-compared` `verify-link` `verify-told` `verify-compare` `verify-server-key` (folded until it is compared) `verify-protocol` `verify-session` `verify-rekeys` `verify-pins` (goes to the list) |
//! | list of pins, in the verify dialog | `pins-list` `pins-empty` `pin` (`data-address`) `pin-damage` `pin-remove`; second step: `pin-remove-confirm` `pin-keep` `pin-problem` |
//! | identity dialog | `identity-dialog` `identity-fingerprint` `identity-copy` `identity-export` `identity-import` `identity-delete` `identity-create` `identity-retry`; forms: `export-passphrase` `export-confirm` `export-submit` `import-file` `import-passphrase` `import-submit` `delete-submit` `identity-problem` `identity-done` |

pub mod aside_head;
pub mod banner;
pub mod blocked;
pub mod browse;
pub mod callbacks;
pub mod chart;
pub mod chat;
pub mod comparison;
pub mod composer;
pub mod connect;
pub mod console_admission;
pub mod console_rooms;
pub mod copy;
pub mod dialog;
pub mod doing;
pub mod field;
pub mod first_contact;
pub mod handshake;
pub mod header;
pub mod icons;
pub mod identity;
pub mod inspector;
pub mod key_card;
pub mod key_state;
pub mod log;
pub mod member;
pub mod members;
pub mod message;
pub mod new_room;
pub mod operator;
pub mod outgoing;
pub mod own_menu;
pub mod person;
pub mod protocol;
pub mod qr;
pub mod reaction_board;
pub mod reactions;
pub mod renewal;
pub mod room_settings;
pub mod rooms;
pub mod said;
pub mod save;
pub mod search;
pub mod settings;
pub mod shield;
pub mod sure;
pub mod switcher;
pub mod table;
pub mod text;
pub mod verify;
pub mod waiting;
