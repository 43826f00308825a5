//! The icons: outlines of 24 by 24, drawn for this page. They are decoration only: the text beside
//! an icon, or its button's label, carries the meaning.

use yew::prelude::*;

/// An icon, named by its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// The program's mark.
    Brand,
    /// A key, for identities.
    Key,
    /// An open lock.
    Unlocked,
    /// A closed lock.
    Locked,
    /// A shield with a tick.
    Shield,
    /// A shield without a tick.
    ShieldPlain,
    /// A triangle with an exclamation mark, for dangers.
    Warning,
    /// A tick, for success.
    Check,
    /// A cross, for closing.
    Cross,
    /// An arrow up: to the server.
    Up,
    /// An arrow down: from the server.
    Down,
    /// Two sheets, for copying.
    Copy,
    /// A door with an arrow, for leaving.
    Leave,
    /// A list of steps.
    Steps,
    /// A paper plane, for sending.
    Send,
    /// An i in a circle, for information.
    Info,
    /// Two sliders, for settings.
    Settings,
    /// A plug, for the server.
    Plug,
    /// A pen that signs.
    Sign,
    /// A plus sign, for adding something.
    Plus,
    /// Two people, for members.
    People,
    /// A face that smiles.
    Smile,
    /// An arrow that turns back.
    Reply,
    /// A bin, for deleting.
    Bin,
    /// Three dots, for more.
    More,
    /// A magnifying glass.
    Search,
    /// A large and a small letter, for the forms of a text.
    Letters,
    /// A heavy B.
    Bold,
    /// A slanted I.
    Italic,
    /// A letter with a line through it.
    Struck,
    /// Two angle brackets.
    Code,
    /// A ring with a point, as news have one.
    Unread,
    /// Two links of a chain.
    Link,
    /// Two quotation marks.
    Quote,
    /// A bell.
    Bell,
    /// A bell with a line through it.
    Muted,
}

impl Icon {
    const fn path(self) -> &'static str {
        match self {
            Self::Brand => {
                "M12 3l7 3v5.5c0 4.3-2.9 7.8-7 9.5-4.1-1.7-7-5.2-7-9.5V6zM9 10.5h6M9 14h3.5"
            }
            Self::Key => {
                "M8 20a4 4 0 1 1 0-8 4 4 0 0 1 0 8zM10.8 13.2L20 4M15.5 8.5l3.2 3.2M18 6l2 2"
            }
            Self::Unlocked => "M6 11h12v9H6zM9 11V7.5a3.2 3.2 0 0 1 6.2-1.1M12 14.5v2",
            Self::Locked => "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11M12 14.5v2",
            Self::Shield => {
                "M12 3l7 3v5.5c0 4.3-2.9 7.8-7 9.5-4.1-1.7-7-5.2-7-9.5V6zM8.8 12l2.4 2.4 4.2-4.6"
            }
            Self::ShieldPlain => "M12 3l7 3v5.5c0 4.3-2.9 7.8-7 9.5-4.1-1.7-7-5.2-7-9.5V6z",
            Self::Warning => "M12 4L2.8 20h18.4zM12 10v4.5M12 17.3h.01",
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Cross => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Up => "M12 19V5M6 11l6-6 6 6",
            Self::Down => "M12 5v14M6 13l6 6 6-6",
            Self::Copy => "M9 9h11v11H9zM5 15H4V4h11v1",
            Self::Leave => "M14 5h5v14h-5M10 8l-4 4 4 4M6 12h9",
            Self::Steps => "M9.5 6H20M9.5 12H20M9.5 18H20M5 6h.01M5 12h.01M5 18h.01",
            Self::Send => "M4.5 12L4 4.5 21 12 4 19.5zM4.5 12H11",
            Self::Info => "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM12 11v5M12 8h.01",
            Self::Settings => {
                "M4 8h8M18 8h2M15 11a3 3 0 1 1 0-6 3 3 0 0 1 0 6zM4 16h2M12 16h8M9 19a3 3 0 1 1 0-6 3 3 0 0 1 0 6z"
            }
            Self::Plug => "M9 3v5M15 3v5M6.5 8h11v3a5.5 5.5 0 0 1-11 0zM12 16.5V21",
            Self::Sign => "M4 20h16M6 16l1-4L16.5 2.5l3 3L10 15z",
            Self::Plus => "M12 5v14M5 12h14",
            Self::People => {
                "M9 11a3.5 3.5 0 1 1 0-7 3.5 3.5 0 0 1 0 7zM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 \
                 4.3a3.5 3.5 0 0 1 0 6.4M18 14.6c2.1.9 3.5 2.8 3.5 5.4"
            }
            Self::Smile => {
                "M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18zM8.5 14.5c.8 1.3 2 2 3.5 2s2.7-.7 3.5-2M9 \
                 9.5h.01M15 9.5h.01"
            }
            Self::Reply => "M9 6L4 11l5 5M4 11h9a7 7 0 0 1 7 7v1",
            Self::Bin => "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
            Self::More => {
                "M4.5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0zM11 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0zM17.5 12a1 1 0 1 0 2 0 1 1 0 1 0-2 0z"
            }
            Self::Letters => {
                "M3 18L8 6l5 12M4.8 14h6.4M17.5 18a3 3 0 1 1 0-6 3 3 0 0 1 0 6zM20.5 12v6"
            }
            Self::Bold => "M8 5h5a3.5 3.5 0 0 1 0 7H8zM8 12h6a3.5 3.5 0 0 1 0 7H8zM9 5v14",
            Self::Italic => "M11 5h6M7 19h6M14 5l-4 14",
            Self::Struck => {
                "M4 12h16M16.5 8c-.4-2-2.2-3-4.5-3-2.6 0-4.4 1.2-4.4 3.2 0 1 .4 1.7 1.2 2.3M7.5 16c.5 2 2.2 3 4.5 3 2.7 0 4.6-1.3 4.6-3.4 0-.6-.1-1.1-.4-1.6"
            }
            Self::Code => "M8.5 7L3.5 12l5 5M15.5 7l5 5-5 5",
            Self::Link => {
                "M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1 1M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1"
            }
            Self::Unread => {
                "M12 20a8 8 0 1 1 0-16 8 8 0 0 1 0 16zM12 13a1 1 0 1 1 0-2 1 1 0 0 1 0 2z"
            }
            Self::Quote => "M5 17c2.5-1 4-3 4-6V7H5v5h4M14 17c2.5-1 4-3 4-6V7h-4v5h4",
            Self::Bell => "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4",
            Self::Muted => "M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4M4 3l16 18",
            Self::Search => "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM15.5 15.5L20 20",
        }
    }
}

/// Draws `icon` in the size of the text.
pub fn icon(icon: Icon) -> Html {
    html! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={icon.path()} />
        </svg>
    }
}
