//! The forms, and that a text which is not meant as markup is shown as it was typed.

use super::*;
use crate::testing::hostile;
use crate::testing::shown::check;

fn text(text: &str) -> Inline {
    Inline::Text(text.into())
}

fn styled(style: Style, parts: Vec<Inline>) -> Inline {
    Inline::Styled(style, parts)
}

fn paragraph(parts: Vec<Inline>) -> Block {
    Block::Paragraph(parts)
}

/// Returns the parts of a text of one paragraph.
fn parts(source: &str) -> Vec<Inline> {
    match &parse(source)[..] {
        [Block::Paragraph(parts)] => parts.clone(),
        other => panic!("{source:?} is no paragraph: {other:?}"),
    }
}

#[track_caller]
fn is_text(source: &str) {
    let expected: Vec<_> = source
        .split('\n')
        .flat_map(|line| [text(line), Inline::Break])
        .filter(|part| *part != text(""))
        .collect();
    let expected = &expected[..expected.len() - 1];
    assert_eq!(parts(source), expected, "{source}");
}

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
fn the_forms_in_a_line() {
    let (em, strong, struck) = (Style::Emphasis, Style::Strong, Style::Struck);
    for (source, expected) in [
        ("*a*", vec![styled(em, vec![text("a")])]),
        ("_a b_", vec![styled(em, vec![text("a b")])]),
        ("**a**", vec![styled(strong, vec![text("a")])]),
        ("__a__", vec![styled(strong, vec![text("a")])]),
        ("~~a~~", vec![styled(struck, vec![text("a")])]),
        ("`a`", vec![Inline::Code("a".into())]),
        ("`` a`b ``", vec![Inline::Code("a`b".into())]),
        ("`*a*`", vec![Inline::Code("*a*".into())]),
        (
            "***a***",
            vec![styled(strong, vec![styled(em, vec![text("a")])])],
        ),
        (
            "**a *b***",
            vec![styled(
                strong,
                vec![text("a "), styled(em, vec![text("b")])],
            )],
        ),
        (
            "***a** b*",
            vec![styled(
                em,
                vec![styled(strong, vec![text("a")]), text(" b")],
            )],
        ),
        (
            "(*a*), \"*b*\"!",
            vec![
                text("("),
                styled(em, vec![text("a")]),
                text("), \""),
                styled(em, vec![text("b")]),
                text("\"!"),
            ],
        ),
        (
            "**Ada**: hi",
            vec![styled(strong, vec![text("Ada")]), text(": hi")],
        ),
        (
            "**注意**请",
            vec![styled(strong, vec![text("注意")]), text("请")],
        ),
        ("a\nb", vec![text("a"), Inline::Break, text("b")]),
        (
            "*a\nb*",
            vec![styled(em, vec![text("a"), Inline::Break, text("b")])],
        ),
        ("\\*a\\*", vec![text("*a*")]),
        ("\\_a\\_ \\~~b\\~~", vec![text("_a_ ~~b~~")]),
        ("\\`a`", vec![text("`a`")]),
        ("\\*\\*a\\*\\*", vec![text("**a**")]),
        ("*a\\*", vec![text("*a*")]),
        ("1\\. a", vec![text("1. a")]),
        ("\\> a", vec![text("> a")]),
        ("\\- a", vec![text("- a")]),
        (
            "\\[x](https://a.example)",
            vec![
                text("[x]("),
                Inline::Link(Link {
                    address: "https://a.example".into(),
                    shown: vec![text("https://a.example")],
                    leads_to: None,
                }),
                text(")"),
            ],
        ),
    ] {
        assert_eq!(parts(source), expected, "{source}");
    }
}

#[test]
fn what_people_type_without_markup_in_mind_stays_as_it_is() {
    for source in [
        "¯\\_(ツ)_/¯",
        "¯\\\\_(ツ)_/¯",
        "C:\\Users\\ada\\.config\\*.txt",
        "\\\\server\\share\\_old_\\x",
        "dir C:\\temp\\*",
        "copy *.txt C:\\temp\\*",
        "C:\\*",
        "dir\\*",
        "C:\\a_b\\_",
        ">_<",
        "> _ <".trim_start_matches("> "),
        ">be me",
        "2*3*4",
        "2 * 3 * 4",
        "a*b*c = d",
        "- 3 degrees",
        "* a footnote",
        "1. one thing",
        "3) 7)",
        "3) a\n7) b",
        "2024. A year",
        "[note]: https",
        "[note]: an aside",
        "# no heading",
        "Title\n=====",
        "Title\n---",
        "---",
        "***",
        "****",
        "_____",
        "| a | b |",
        "    four blanks",
        "\ttab",
        "a  b   c",
        "snake_case_name and __init__.py",
        "f(*args, **kwargs)",
        "int *p, *q;",
        "*p = *q",
        "/*a*/ /_foo_/",
        "*_* (*_*) *-* -_- ;_; ^_^ T_T",
        ">_> <_< *_*",
        "del *.* /s",
        "*.* and **.**",
        "src/*.rs test/*.rs",
        "-*- coding: utf-8 -*-",
        "^.*foo.*$",
        "[a-z]*x[0-9]*",
        "(*) and (*)",
        "\"*\" and \"*\"",
        "~5 to ~10",
        "~/a and ~/b",
        "a ~~ b ~~ c",
        "`",
        "``",
        "it`s and that`s".trim_end_matches("that`s"),
        "<b>x</b> <script>alert(1)</script> &amp;",
        "![x](javascript:alert(1))",
        "[x](relative)",
        "[](https)",
        "\\alpha \\[x\\] \\(y\\) \\frac{a}{b}",
        "\\o/ \\m/",
        "5'4\" * 2",
        "a_b_ c_d_".trim_end_matches('_'),
        "*",
        "**",
        "* *",
        "_ _",
        "@_ada_",
        "x = y ** 2 ** z",
        "*.txt",
        ":-* :*",
        "10:30-11:00",
    ] {
        is_text(source);
    }
}

#[test]
fn blocks() {
    assert_eq!(
        parse("```rust\nlet a = \"*b*\";\n\n  c\n```\nd"),
        [
            Block::Code {
                info: "rust".into(),
                code: "let a = \"*b*\";\n\n  c".into(),
            },
            paragraph(vec![text("d")]),
        ]
    );
    let code = |info: &str, code: &str| Block::Code {
        info: info.into(),
        code: code.into(),
    };
    assert_eq!(parse("```\nnever closed"), [code("", "never closed")]);
    assert_eq!(parse("````\n```\n````"), [code("", "```")]);
    assert_eq!(parts("```a```"), [Inline::Code("a".into())]);
    assert_eq!(
        parse("> a\n> > b\n>\n> c\nd"),
        [
            Block::Quote(vec![
                paragraph(vec![text("a")]),
                Block::Quote(vec![paragraph(vec![text("b")])]),
                paragraph(vec![text("c")]),
            ]),
            paragraph(vec![text("d")]),
        ]
    );
    let item = |said: &str| vec![paragraph(vec![text(said)])];
    assert_eq!(
        parse("To buy:\n- a\n- b\n"),
        [
            paragraph(vec![text("To buy:")]),
            Block::List {
                first: None,
                items: vec![item("a"), item("b")],
            },
        ]
    );
    assert_eq!(
        parse("3) a\n4) b"),
        [Block::List {
            first: Some(3),
            items: vec![item("a"), item("b")],
        }]
    );
    let inner = Block::List {
        first: None,
        items: vec![item("b"), item("c")],
    };
    assert_eq!(
        parse("- a\n  - b\n  - c\n- d"),
        [Block::List {
            first: None,
            items: vec![vec![paragraph(vec![text("a")]), inner], item("d")],
        }]
    );
    assert_eq!(
        parse("a\n\nb\n\n\nc"),
        [
            paragraph(vec![text("a")]),
            paragraph(vec![text("b")]),
            paragraph(vec![Inline::Break, text("c")]),
        ]
    );
    assert_eq!(parse(""), []);
    assert_eq!(parse(" \n\n"), []);
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
        assert!(!links::is_safe(address), "{address:?}");
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

#[test]
fn hostile_texts_are_shown_whole_and_flat() {
    for (name, source) in hostile::texts() {
        eprintln!("{name}");
        check(&source);
    }
}

// Found by fuzzing: the check took the second address of such a link for lost.
#[test]
fn a_link_that_shows_its_own_address_is_shown_once() {
    check("[http://a](http://a)");
    check("[http://\u{e64}](http://a)");
    check("HTTP://[http://a.ทM](http://a)");
    check("x [http://a/b](http://a/b)[http://a/b](http://a/b) y");
}

#[test]
fn nothing_that_can_be_seen_is_lost_of_random_texts() {
    // A generator of its own keeps the texts the same on every machine.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % below
    };
    for _ in 0..20_000 {
        let length = 1 + random(12);
        let source: String = (0..length)
            .map(|_| hostile::PIECES[random(hostile::PIECES.len())])
            .collect();
        check(&source);
    }
}
