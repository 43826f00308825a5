//! Tests of addresses: which are found, which may be followed, and what is shown of them.

use super::*;
use crate::markup::hosts;
use crate::markup::links::is_safe;

fn links(source: &str) -> Vec<Link> {
    fn of_parts(parts: &[Inline], found: &mut Vec<Link>) {
        for part in parts {
            match part {
                Inline::Link(link) => found.push(link.clone()),
                Inline::Styled(_, parts) => of_parts(parts, found),
                _ => {}
            }
        }
    }
    fn of_blocks(blocks: &[Block], found: &mut Vec<Link>) {
        for block in blocks {
            match block {
                Block::Paragraph(parts) => of_parts(parts, found),
                Block::Quote(blocks) => of_blocks(blocks, found),
                Block::List { items, .. } => items.iter().for_each(|item| of_blocks(item, found)),
                Block::Code { .. } => {}
            }
        }
    }
    let mut found = Vec::new();
    of_blocks(&parse(source), &mut found);
    found
}

fn addresses(source: &str) -> Vec<String> {
    links(source).into_iter().map(|link| link.address).collect()
}

#[test]
fn addresses_are_found_whole() {
    for (source, expected) in [
        (
            "https://en.wikipedia.org/wiki/Rust_(programming_language)",
            &["https://en.wikipedia.org/wiki/Rust_(programming_language)"][..],
        ),
        (
            "(see https://a.example/b_(c))",
            &["https://a.example/b_(c)"],
        ),
        (
            "https://a.example/?x[1]=2&y={z}",
            &["https://a.example/?x[1]=2&y={z}"],
        ),
        ("https://a.example/_foo_/b", &["https://a.example/_foo_/b"]),
        (
            "https://a.example/__init__.py",
            &["https://a.example/__init__.py"],
        ),
        ("https://a.example/*a*/", &["https://a.example/*a*/"]),
        ("https://a.example/foo_", &["https://a.example/foo_"]),
        ("https://a.example/~ada/", &["https://a.example/~ada/"]),
        ("*https://a.example/x*", &["https://a.example/x"]),
        ("_https://a.example/x_y_", &["https://a.example/x_y"]),
        ("**https://a.example**", &["https://a.example"]),
        ("看https://a.example/x。然后", &["https://a.example/x"]),
        ("（https://a.example/x）", &["https://a.example/x"]),
        ("「https://a.example」と", &["https://a.example"]),
        (
            "看 https://a.example，https://b.example",
            &["https://a.example", "https://b.example"],
        ),
        ("https://a.example에서", &["https://a.example"]),
        ("https://例え.テスト/パス", &["https://例え.テスト/パス"]),
        ("“https://a.example/x”", &["https://a.example/x"]),
        ("«https://a.example/x»…", &["https://a.example/x"]),
        ("https://a.example/x—and", &["https://a.example/x—and"]),
        ("https://a.example/x…", &["https://a.example/x"]),
        (
            "https://a.example/☕\u{fe0f}",
            &["https://a.example/☕\u{fe0f}"],
        ),
        ("https://a.example/x؟", &["https://a.example/x"]),
        ("https://a.example/x।", &["https://a.example/x"]),
        ("see https://a.example/x. And", &["https://a.example/x"]),
        ("https://a.example/x?!", &["https://a.example/x"]),
        ("'https://a.example/x'", &["https://a.example/x"]),
        ("<https://a.example>", &["https://a.example"]),
        ("http://a http://b", &["http://a", "http://b"]),
        ("http://localhost:8080/x", &["http://localhost:8080/x"]),
        ("http://[::1]:8080/x", &["http://[::1]:8080/x"]),
        ("HTTPS://A.EXAMPLE/x", &["HTTPS://A.EXAMPLE/x"]),
        ("größe:https://ü.example!", &["https://ü.example"]),
        (
            "mailto:ada@a.example?subject=x, please",
            &["mailto:ada@a.example?subject=x"],
        ),
        (
            "https://web.archive.org/web/1/https://a.example/",
            &["https://web.archive.org/web/1/https://a.example/"],
        ),
        (
            "https://a.example/a,b;c:d@e",
            &["https://a.example/a,b;c:d@e"],
        ),
        (
            "https://a.example/#/x:y.z=!$&'()*+",
            &["https://a.example/#/x:y.z=!$&'()*+"],
        ),
        ("[a](https://a.example/b_(c))", &["https://a.example/b_(c)"]),
        ("[a (b)](https://a.example)", &["https://a.example"]),
        (
            "![a](https://a.example/i.png)",
            &["https://a.example/i.png"],
        ),
        ("[`a` *b*](https://a.example)", &["https://a.example"]),
        ("> https://a.example", &["https://a.example"]),
        (
            "https://user:pw@a.example/",
            &["https://user:pw@a.example/"],
        ),
        (
            "see:https://a.example;https://b.example,https://c.example",
            &[
                "https://a.example",
                "https://b.example",
                "https://c.example",
            ],
        ),
        (
            "https://a.example|https://b.example",
            &["https://a.example", "https://b.example"],
        ),
    ] {
        assert_eq!(addresses(source), expected, "{source}");
    }
}

#[test]
fn what_is_no_address_is_no_link() {
    for source in [
        "xhttps://a.example",
        "эhttps://a.example",
        "http:// nothing http://) http://. http://",
        "ftp://a.example javascript:alert(1)//http",
        "`https://a.example`",
        "```\nhttps://a.example\n```",
        "[x](javascript:alert(1)) [x](data:text/html,x) [x](//a.example)",
        "https://a.example/\u{202e}gpj.exe",
        "https://a\u{200b}.example/",
        "https://a.example/\u{ad}\u{e0041}",
        "https://a.example/\u{fff9}x",
        "mailto: mailto:x mailto:@a",
    ] {
        assert_eq!(addresses(source), [""; 0], "{source}");
    }
    assert!(addresses(&format!("https://a.example/{}", "x".repeat(3000))).is_empty());
}

#[test]
fn addresses_that_run_code_or_hide_something_are_not_followed() {
    // Everything else than the web and mail can run code, read files or start programs.
    for address in [
        "javascript:alert(1)",
        "JaVaScRiPt://x/%0aalert(1)",
        "data:text/html,<script>",
        "vbscript:x",
        "file:///etc/passwd",
        "//evil.example",
        "/relative",
        "http://",
        "https:///x",
        "https://@/",
        "https://a.example/\u{202e}gpj.exe",
        "https://a b",
        "java\nscript:alert(1)",
        "https://evil.example\\@bank.example/",
        "mailto:",
        "",
    ] {
        assert!(!is_safe(address), "{address:?}");
    }
}

#[test]
fn a_link_that_shows_another_address_says_where_it_leads() {
    // Phishing: the shown text or the beginning of the address names one host, and the link leads
    // to another.
    for (source, expected) in [
        (
            "[https://bank.example](https://evil.example/x)",
            Some("evil.example"),
        ),
        ("[x](mailto:a@evil.example)", Some("a@evil.example")),
        ("https://bank.example@evil.example/", Some("evil.example")),
        (
            "[x](https://bank.example@evil.example:81/)",
            Some("evil.example:81"),
        ),
        (
            "[x](https://evil.example?@bank.example)",
            Some("evil.example"),
        ),
        (
            "[x](https://www.аррӏе.com/)",
            Some("www.xn--80ak6aa92e.com"),
        ),
        ("[\u{200b}x](https://evil.example)", Some("evil.example")),
        ("https://a.example/x", None),
        ("[https://a.example/x](https://a.example/x)", None),
        ("[a.example](https://a.example/x)", None),
    ] {
        let links = links(source);
        assert_eq!(links.len(), 1, "{source}");
        assert_eq!(links[0].leads_to.as_deref(), expected, "{source}");
    }
}

#[test]
fn a_host_that_looks_like_another_is_shown_in_punycode() {
    for (host, expected) in [
        ("www.аррӏе.com", "www.xn--80ak6aa92e.com"),
        ("аррӏе.com:8080", "xn--80ak6aa92e.com:8080"),
        // One Cyrillic letter among Latin ones, and the other way round.
        ("gооgle.com", "xn--ggle-55da.com"),
        ("раypal.com", "xn--ypal-43d9g.com"),
        // All letters are Greek and look like `vovo`.
        ("νονο.com", "xn--yxaafb.com"),
        // Dotless i, and a letter with a combining mark.
        ("wıkipedia.org", "xn--wkipedia-tkb.org"),
    ] {
        assert_eq!(hosts::shown(host), expected, "{host}");
    }
    // Nothing of these letters, signs and forms can be told from what they look like.
    for host in [
        "a\u{301}.example",
        "ｂａｎｋ.example",
        "𝐛𝐚𝐧𝐤.example",
        "bank‐x.example",
        "a⁄b.example",
        "ᴀ.example",
        "а.example",
        "ＡＢＣ.example",
        "exampleー.com",
    ] {
        let shown = hosts::shown(host);
        assert!(shown.starts_with("xn--"), "{host}: {shown}");
        assert!(shown.is_ascii(), "{host}: {shown}");
    }
    for host in [
        "bücher.example",
        "größe.example:443",
        "почта.рф",
        "пример.испытание",
        "日本語.jp",
        "テスト.jp",
        "例え.テスト",
        "한국.kr",
        "παράδειγμα.δοκιμή",
        "đồng.vn",
        "موقع.وزارة-الاتصالات.مصر",
        "a.example",
        "xn--80ak6aa92e.com",
        "[::1]:80",
    ] {
        assert_eq!(hosts::shown(host), host);
    }
    let link = &links("https://www.аррӏе.com/x")[0];
    assert_eq!(link.shown, [text("https://www.xn--80ak6aa92e.com/x")]);
    assert_eq!(link.address, "https://www.аррӏе.com/x");
}
