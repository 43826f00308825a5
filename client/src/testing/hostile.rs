//! Texts that somebody sends to harm those who read them: each as long as a message may be.

use shared::chat::limits::TEXT_BYTES;

/// Pieces of which texts consist: the marks of markup, what looks like them, and text.
pub const PIECES: [&str; 60] = [
    "*",
    "**",
    "***",
    "_",
    "__",
    "~",
    "~~",
    "`",
    "``",
    "```",
    "\n",
    "\n\n",
    "\r\n",
    " ",
    "    ",
    "\t",
    "> ",
    ">",
    "- ",
    "* ",
    "1. ",
    "2. ",
    "3) ",
    "[",
    "]",
    "(",
    ")",
    "](",
    "[x](",
    "\\",
    "\\*",
    "\\`",
    "http://",
    "https://a.example/",
    "https://a.example/(b)_c",
    "HTTPS://[::1]:80/",
    "mailto:a@b.example",
    "https://аррӏе.com",
    "@ada",
    "ada",
    "b2",
    "é",
    "é",
    "你好",
    "。",
    "ツ",
    "ไทย",
    "🙂",
    "👩‍👩‍👧",
    "\u{202e}",
    "\u{200b}",
    "\u{feff}",
    "\u{301}",
    ".",
    ",",
    "!",
    "<b>",
    "&amp;",
    "¯",
    "/",
];

/// Returns named texts that are as long as a message may be.
pub fn texts() -> Vec<(String, String)> {
    let mut texts: Vec<(String, String)> = PIECES
        .iter()
        .map(|piece| (format!("{piece:?} without end"), filled(piece)))
        .collect();
    let repeated = [
        ("links", "https://a.example/x "),
        ("links without blanks", "https://a.example/x,"),
        ("named links", "[x](https://a.example) "),
        ("link texts that nest", "[x](https://a.example)["),
        ("beginnings of links", "http://)"),
        ("mailboxes", "mailto:a"),
        ("openers", "*a "),
        ("openers of several marks", "*a **b _c ~~d "),
        ("openers and closers", "*a_ _b* "),
        ("strong emphasis", "***a** "),
        ("code of growing length", "`a``b```c````d"),
        ("list items", "- a\n"),
        ("items and what goes on", "- a\n  b\n"),
        ("numbers", "1. a\n2. b\n"),
        ("quotes of one line", "> a\n\n"),
        ("fences", "```\na\n"),
        ("brackets of both kinds", "[(])"),
        ("towers of marks", "a\u{300}\u{301}\u{302}\u{303}\u{304}"),
        ("turned text", "\u{202e}gpj.exe\u{2066}"),
        ("hosts that look like others", "https://www.аррӏе.com/ "),
    ];
    for (name, piece) in repeated {
        texts.push((name.to_owned(), filled(piece)));
    }
    for (name, open, close) in [
        ("nested quotes", "> ", ""),
        ("nested items", "- ", ""),
        ("nested emphasis", "*a ", " b*"),
        ("nested brackets", "[", "]"),
        ("nested addresses", "https://a.example/(", ")"),
    ] {
        let count = TEXT_BYTES / (open.len() + close.len()) - 4;
        let text = format!("{}deep{}", open.repeat(count), close.repeat(count));
        texts.push((name.to_owned(), text));
    }
    let mut indented = String::new();
    for depth in 0..150 {
        indented.push_str(&"  ".repeat(depth));
        indented.push_str("- a\n");
    }
    texts.push(("items that indent".to_owned(), cut(indented)));
    texts
}

/// Returns a piece as often as a message holds it.
fn filled(piece: &str) -> String {
    piece.repeat(TEXT_BYTES / piece.len())
}

fn cut(mut text: String) -> String {
    let mut end = TEXT_BYTES.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}
