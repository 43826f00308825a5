//! The panels that can be shown beside the log.
//!
//! Pure.

/// A panel beside the log; in a narrow window it lies over it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Panel {
    /// The frames of this page's connections.
    Inspector,
    /// The members of the room.
    Members,
    /// The search for messages.
    Search,
    /// The operator's console.
    Console,
}

impl Panel {
    /// All panels.
    const ALL: [Self; 4] = [Self::Inspector, Self::Members, Self::Search, Self::Console];

    /// Returns `true` for the panels with tables, which need more room.
    pub const fn is_wide(self) -> bool {
        matches!(self, Self::Console | Self::Inspector)
    }

    /// Returns the panel's name for people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Inspector => "Inspector",
            Self::Members => "People",
            Self::Search => "Search",
            Self::Console => "Server",
        }
    }

    /// Returns the panel's name in the page's address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inspector => "inspect",
            Self::Members => "people",
            Self::Search => "search",
            Self::Console => "console",
        }
    }

    /// Returns the panel with this name in the page's address.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|panel| panel.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_panel_is_found_by_its_name() {
        for panel in Panel::ALL {
            assert_eq!(Panel::parse(panel.as_str()), Some(panel));
        }
        assert_eq!(Panel::parse("People"), None);
        assert_eq!(Panel::parse(""), None);
    }
}
