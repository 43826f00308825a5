//! Hosts as they are shown: a name that could be taken for another one is shown in Punycode, as
//! browsers do.
//!
//! The rules are those of UTS 39 (highly restrictive), made stricter where that needs no tables: a
//! label has one script, or Latin letters beside those of Chinese, Japanese or Korean; and a label
//! of Cyrillic, Greek or another script whose letters all look like Latin ones is not shown as it
//! is under a top domain in ASCII: only there can the other host exist. Whatever is not known here
//! is shown in Punycode, too.

use shared::chat::lowercase;
use std::borrow::Cow;

/// Returns a host as it is shown, with its port.
pub fn shown(host: &str) -> Cow<'_, str> {
    let host_has_twin = host.rsplit('.').next().is_none_or(str::is_ascii);
    let is_honest = |label: &&str| is_honest(label, host_has_twin);
    if host.split('.').all(|label| is_honest(&label)) {
        return host.into();
    }
    let labels: Vec<_> = host
        .split('.')
        .map(|label| {
            if is_honest(&label) {
                label.into()
            } else {
                punycode(label)
            }
        })
        .collect();
    labels.join(".").into()
}

/// Returns a label in Punycode.
fn punycode(label: &str) -> Cow<'_, str> {
    // The last label may have a port.
    let (name, port) = match label.split_once(':') {
        Some((name, port)) => (name, format!(":{port}")),
        None => (label, String::new()),
    };
    let name = lowercase(name);
    match idna::punycode::encode_str(&name) {
        Some(code) => format!("xn--{code}{port}").into(),
        // Longer than any label can be.
        None => format!("xn--?{port}").into(),
    }
}

/// A script, or a group of scripts that are written together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Script {
    Latin,
    Cyrillic,
    Greek,
    Hebrew,
    Arabic,
    Devanagari,
    Thai,
    /// Han, kana, Bopomofo and Hangul.
    EastAsian,
}

/// Returns the script of a small letter that honest names have.
const fn script(c: char) -> Option<Script> {
    Some(match c {
        // Without the dotless `ı`, `ĸ`, the long `ſ` and those with a mark that hardly shows.
        'ı' | 'ĸ' | 'ŀ' | 'ŉ' | 'ſ' => return None,
        'a'..='z'
        | 'ß'..='ö'
        | 'ø'..='ÿ'
        | 'ā'..='ž'
        | 'ơ'
        | 'ư'
        | 'ș'
        | 'ț'
        | '\u{1ea0}'..='\u{1ef9}' => Script::Latin,
        '\u{430}'..='\u{45f}' | '\u{491}' | '\u{493}' | '\u{49b}' | '\u{4a3}' | '\u{4e9}' => {
            Script::Cyrillic
        }
        '\u{3ac}'..='\u{3ce}' => Script::Greek,
        '\u{5d0}'..='\u{5ea}' => Script::Hebrew,
        '\u{621}'..='\u{64a}'
        | '\u{660}'..='\u{669}'
        | '\u{67e}'
        | '\u{686}'
        | '\u{698}'
        | '\u{6a9}'
        | '\u{6af}'
        | '\u{6cc}'
        | '\u{6f0}'..='\u{6f9}' => Script::Arabic,
        '\u{904}'..='\u{939}' | '\u{93e}'..='\u{94d}' | '\u{901}'..='\u{903}' => Script::Devanagari,
        '\u{e01}'..='\u{e3a}' | '\u{e40}'..='\u{e4e}' => Script::Thai,
        '\u{3005}'
        | '\u{3041}'..='\u{3096}'
        | '\u{30a1}'..='\u{30fa}'
        | '\u{30fc}'
        | '\u{3105}'..='\u{312f}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{ac00}'..='\u{d7a3}' => Script::EastAsian,
        _ => return None,
    })
}

/// Letters that look like Latin ones or like digits, in most typefaces.
const LIKE_LATIN: &str = "авгеҽзиіїјкӏмнопрсѕтуфхһцъьѵѡԁԛԝёѐѓќѝўґүӕ\
                          αβγεηικνορστυχωόύώέήίάϊϋΐΰ\
                          דוחיןסט\
                          ทนบพรหเแดลปฟมค";

/// East Asian characters that look like punctuation or Latin letters beside Latin letters.
const LIKE_PUNCTUATION: &str = "ーノ丶丿一丨〇ニエハロト口工卜八二三ㅡㅣㅇㅣ亠冂丄丅丫乂";

/// Returns `true` if a label, with a port behind it, is shown as it is. `has_twin` says that there
/// could be a host of Latin letters that looks the same.
fn is_honest(label: &str, has_twin: bool) -> bool {
    let (name, port) = label.split_once(':').unwrap_or((label, ""));
    if name.is_ascii() {
        return true;
    }
    let common = |c: char| c.is_ascii_digit() || c == '-';
    let letters = || name.chars().filter(|&c| !common(c));
    let is = |wanted: Script| letters().all(|c| script(c) == Some(wanted));
    let unlike = |looks: &str| letters().any(|c| !looks.contains(c));
    port.is_ascii()
        && letters().all(|c| script(c).is_some())
        && if is(Script::Latin) || is(Script::EastAsian) {
            true
        } else if let Some(first) = letters().next().and_then(script)
            && is(first)
        {
            !has_twin || unlike(LIKE_LATIN)
        } else {
            let together = |c| matches!(script(c), Some(Script::Latin | Script::EastAsian));
            letters().all(together) && letters().all(|c| !LIKE_PUNCTUATION.contains(c))
        }
}
