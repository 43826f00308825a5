//! The forms, and that a text which is not meant as markup is shown as it was typed.

mod links;

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
