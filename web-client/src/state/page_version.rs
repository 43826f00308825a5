//! The version of this page, and that of the page which its server gives out by now.
//!
//! A page lives in its tab for weeks, and the server is upgraded meanwhile. The build names the
//! page's program after its content, so that two pages are of one version if they load a program of
//! the same name.
//!
//! Pure: the engine reads the two names.

/// What is known of this page's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageVersion {
    /// The number of reasons to ask whether the server gives out another page by now.
    pub doubts: u32,
    /// The server gives out another page than this one.
    pub is_another: bool,
    /// The server has said something in this session that this page cannot read.
    unreadable: bool,
    /// A connection to the server of this page was blocked, and it has proven no accepted key since.
    suspect: bool,
}

impl PageVersion {
    /// Notes a reason to ask.
    pub(super) fn doubt(&mut self) {
        self.doubts += 1;
    }

    /// Notes a message that this page cannot read: one reason a session, because whatever the server
    /// says after it would be the same reason.
    pub(super) fn unreadable(&mut self) {
        if !std::mem::replace(&mut self.unreadable, true) {
            self.doubt();
        }
    }

    /// Notes whether the server of this page is suspected of being another one.
    pub(super) fn suspects(&mut self, suspect: bool) {
        self.suspect = suspect;
    }

    /// Returns whether to offer the server's page in the place of this one. A suspect server could
    /// give out a page that says anything of keys, so loading its page must not be one click away.
    pub fn is_offered(&self) -> bool {
        self.is_another && !self.suspect
    }

    /// Notes the end of a session.
    pub(super) fn ended(&mut self) {
        self.unreadable = false;
    }
}

/// The beginning of the program's file name; a hash of the content follows.
const PROGRAM: &str = "web-client-";

/// Returns whether `served`, a page as its server gives it out now, loads another program than the
/// one at the address `own`. `None` if that cannot be told: a proxy may answer with a page of its
/// own.
pub fn is_another(own: &str, served: &str) -> Option<bool> {
    Some(program(own)? != program(served)?)
}

/// Returns the first name of a program in `text`, without its suffix.
fn program(text: &str) -> Option<&str> {
    let (at, _) = text.match_indices(PROGRAM).find(|(at, _)| {
        text.get(at + PROGRAM.len()..)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()))
    })?;
    let rest = text.get(at..)?;
    let end = rest.find(['.', '_'])?;
    rest.get(..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "/web-client-0123456789abcdef.js";

    #[test]
    fn a_page_with_another_program_is_another_page() {
        let page = |name: &str| format!("<link rel=modulepreload href=\"/{name}.js\"><p>chat</p>");
        assert_eq!(
            is_another(OWN, &page("web-client-0123456789abcdef")),
            Some(false)
        );
        assert_eq!(
            is_another(OWN, &page("web-client-0123456789abcdee")),
            Some(true)
        );
        // The program's other file may be named first.
        let served = "href=./web-client-0123456789abcdef_bg.wasm";
        assert_eq!(is_another(OWN, served), Some(false));
    }

    #[test]
    fn what_is_no_page_of_this_program_says_nothing() {
        for served in [
            "",
            "<h1>502 Bad Gateway</h1>",
            "log in to the web-client-portal.js",
            "web-client-",
            "web-client-é",
            "web-client-0",
        ] {
            assert_eq!(is_another(OWN, served), None, "{served:?}");
        }
        assert_eq!(is_another("", OWN), None);
    }
}
