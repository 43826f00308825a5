//! Slack's texts, whose mentions, links and special characters are written in a form of its own
//! (<https://api.slack.com/reference/surfaces/formatting>).

use std::collections::HashMap;

/// The names of people and channels by their ids.
#[derive(Debug, Default)]
pub(super) struct Names {
    people: HashMap<String, String>,
    channels: HashMap<String, String>,
}

impl Names {
    pub(super) fn add_person(&mut self, id: String, name: String) {
        self.people.insert(id, name);
    }

    pub(super) fn add_channel(&mut self, id: String, name: String) {
        self.channels.insert(id, name);
    }
}

/// Returns a text with its references as people read them.
pub(super) fn plain(text: &str, names: &Names) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('<') {
        push_unescaped(&mut plain, before);
        // A sign that a person has written is escaped, so that each of these has an end.
        let Some((reference, behind)) = behind.split_once('>') else {
            plain.push('<');
            rest = behind;
            continue;
        };
        push_reference(&mut plain, reference, names);
        rest = behind;
    }
    push_unescaped(&mut plain, rest);
    plain
}

fn push_reference(plain: &mut String, reference: &str, names: &Names) {
    let (target, label) = match reference.split_once('|') {
        Some((target, label)) => (target, Some(label)),
        None => (reference, None),
    };
    let called = |table: &HashMap<String, String>, id: &str| {
        let name = table.get(id).map(String::as_str);
        name.or(label).unwrap_or(id).to_owned()
    };
    if let Some(id) = target.strip_prefix('@') {
        plain.push('@');
        push_unescaped(plain, &called(&names.people, id));
    } else if let Some(id) = target.strip_prefix('#') {
        plain.push('#');
        push_unescaped(plain, &called(&names.channels, id));
    } else if let Some(command) = target.strip_prefix('!') {
        plain.push('@');
        push_unescaped(plain, label.unwrap_or(command));
    } else {
        push_unescaped(plain, target);
        // Most labels are the address again, or without its scheme.
        let label = label.filter(|label| !target.ends_with(label));
        if let Some(label) = label {
            plain.push_str(" (");
            push_unescaped(plain, label);
            plain.push(')');
        }
    }
}

fn push_unescaped(plain: &mut String, text: &str) {
    // The ampersand last: `&amp;lt;` is what a person wrote as `&lt;`.
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    plain.push_str(&text.replace("&amp;", "&"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_read_as_people_wrote_them() {
        let mut names = Names::default();
        names.add_person("U1".to_owned(), "anna".to_owned());
        names.add_channel("C1".to_owned(), "general".to_owned());
        for (text, expected) in [
            ("plain", "plain"),
            ("<@U1> see <#C1|old-name>", "@anna see #general"),
            (
                "<@U9> <@U8|bob> <!here> <!subteam^S1|@team>",
                "@U9 @bob @here @@team",
            ),
            ("<https://a.example/>", "https://a.example/"),
            ("<https://a.example|a.example>", "https://a.example"),
            (
                "<https://a.example|read this>",
                "https://a.example (read this)",
            ),
            ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
            ("&amp;lt;", "&lt;"),
            ("an open < sign", "an open < sign"),
            ("", ""),
        ] {
            assert_eq!(plain(text, &names), expected, "{text}");
        }
    }
}
